"""One statement from text to rows: parse, bind, optimize, lower, collect.

Plans are cached by text, parameter types and the descriptions of the tables, up to the last rule that reads no data.
What reads data, the pruning of segments, runs at each execution. Results are never cached.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import polars as pl

from rem_arrow.base.errors import RemError, UnsupportedError
from rem_arrow.base.parameters import Parameters, typed_parameters
from rem_arrow.base.source import ScanReport
from rem_arrow.base.telemetry import Activity, span
from rem_arrow.catalog.snapshot import Snapshot
from rem_arrow.engine.prepared import Prepared, prepare, sources
from rem_arrow.engine.results import lazily_named, named, titled
from rem_arrow.engine.run import Limits, Run, lowered
from rem_arrow.engine.shown_plan import Plan
from rem_arrow.lower.context import Bounds, Embed, NodeKey, node_key
from rem_arrow.lower.expression import lower_expr
from rem_arrow.optimize.estimate import Estimates
from rem_arrow.optimize.local_time import in_zone
from rem_arrow.optimize.optimizer import optimize, optimize_for_values
from rem_arrow.optimize.tools import Tools
from rem_arrow.plan.explain import steps
from rem_arrow.plan.nodes import Expr, Index, Literal, Query, Relation, Scan
from rem_arrow.plan.statement_time import with_time
from rem_arrow.running.allowance import Allowance, TooLargeError, allowing
from rem_arrow.running.lru_cache import LruCache
from rem_arrow.running.scratch import Scratch
from rem_arrow.running.watchdog import Watch
from rem_arrow.sql.bind.query import Binder
from rem_arrow.sql.bind.write_queries import literal_rows
from rem_arrow.sql.statement.classifier import classify
from rem_arrow.sql.statement.parsed import Parsed
from rem_arrow.sql.text.parser import parse, parse_all
from rem_arrow.sql.text.unread import check_read

# The place of a query among the statements of its text, and its tree.
Part: TypeAlias = "tuple[int, Any]"

_PLANS_MAX = 256
# Longer texts are read again each time.
_TEXT_CHARACTERS_MAX = 100_000
# Tables that have no more rows are alike, whichever plan is chosen for them.
_ROWS_ALIKE = 1_000
# A constant that needs more is computed when the statement runs, where it can be abandoned.
_FOLDED_BYTES = 1 << 20


class Engine:
    """Runs statements. Safe in many threads.

    Args:
        embed_one: gives the vector of a text by the provider of that name, `embed` those of many.
        scratch: where statements put what does not fit into memory.
        cached_bytes: tells what the caches hold.
        activity: counts what is read.
    """

    def __init__(
        self,
        embed_one: Callable[[str, str], list[float]],
        embed: Embed,
        scratch: Scratch,
        cached_bytes: Callable[[], int],
        activity: Activity,
    ) -> None:
        self._embed_one, self._embed, self._scratch = embed_one, embed, scratch
        self._cached_bytes, self._activity = cached_bytes, activity
        # The statements of a text.
        self._statements: LruCache[str, list[Parsed]] = LruCache(_PLANS_MAX)
        # Optimized queries, what the names meant by which they were bound, and how large the tables were.
        self._plans: LruCache[object, tuple[tuple[object, ...], Query, dict[str, int]]] = LruCache(_PLANS_MAX)
        # Plans made ready to run, and the parts of the tables for which they are.
        self._prepared: LruCache[int, tuple[Relation, list[object], Prepared]] = LruCache(_PLANS_MAX)

    def statements(self, text: str) -> list[Parsed]:
        """Return the statements of a text, from the cache if it was read before."""
        statements = self._statements.get(text) if isinstance(text, str) else None
        if statements is None:
            try:
                statements = [classify(tree, text) for tree in parse_all(text)]
            except RecursionError as error:
                raise UnsupportedError("the statement is nested too deeply", text) from error
            if len(text) <= _TEXT_CHARACTERS_MAX:
                self._statements.put(text, statements)
        return statements

    def execute(
        self,
        text: str,
        snapshot: Snapshot,
        values: Mapping[str, object],
        dtypes: Mapping[str, pl.DataType],
        limits: Limits | None = None,
        *,
        part: Part | None = None,
    ) -> pl.DataFrame:
        """Return the rows of a query; the values of the parameters are typed."""
        started, limits = time.monotonic(), limits or Limits()
        # A time limit counts for the plan too.
        watch = None if limits.timeout_s is None else Watch(limits.timeout_s, started, None)

        def planned() -> Query:
            with allowing(Allowance(limits.memory_bytes, watch)):
                return self.plan(text, snapshot, dtypes, values, part=part)

        with span("plan"):
            query = planned() if watch is None else watch.run(planned)
        return self.run(query, snapshot, values, limits, started=started)

    def run_bound(
        self,
        query: Query,
        snapshot: Snapshot,
        values: Mapping[str, object],
        limits: Limits | None = None,
        *,
        to_store: bool = False,
    ) -> pl.DataFrame:
        """Return the rows of a query that is bound and not optimized; its plan is not kept. What is `to_store` keeps
        its intervals as they are."""
        query = Query(in_zone(query.plan, snapshot.time_zone), query.names)
        rows = literal_rows(query.plan)
        if rows is not None:
            columns = zip(query.plan.schema.values(), zip(*rows, strict=True), strict=True)
            return (titled if to_store else named)(
                pl.DataFrame([pl.Series(str(i), list(c), dtype=t) for i, (t, c) in enumerate(columns)]), query.names
            )
        return self.run(self.optimized(query, snapshot), snapshot, values, limits, to_store=to_store)

    def optimized(self, query: Query, snapshot: Snapshot) -> Query:
        """Return a bound query as `run` takes it."""
        plan = in_zone(query.plan, snapshot.time_zone)
        return Query(optimize(plan, _tools(snapshot)), query.names)

    def run(
        self,
        query: Query,
        snapshot: Snapshot,
        values: Mapping[str, object],
        limits: Limits | None = None,
        *,
        started: float | None = None,
        to_store: bool = False,
    ) -> pl.DataFrame:
        """Return the rows of an optimized query; `started` is when its time began to count."""
        limits = limits or Limits()
        started = time.monotonic() if started is None else started
        prepared = self._ready(query.plan, snapshot)

        def searched() -> Mapping[str, object]:
            return self.with_searched(prepared, values, snapshot)

        run = Run(
            prepared,
            snapshot,
            self._embed,
            searched,
            self._scratch,
            self._cached_bytes,
            self._activity,
            limits,
            started,
        )
        with span("run"):
            rows = run.rows()
        return (titled if to_store or prepared.is_portable else named)(rows, query.names)

    def lazy(self, text: str, snapshot: Snapshot, parameters: Parameters = None) -> pl.LazyFrame:
        """Return the query as a LazyFrame over the pinned version, its integers of 128 bits as they are."""
        values, dtypes = typed_parameters(parameters)
        query = self.plan(text, snapshot, dtypes, values)
        prepared = self._ready(query.plan, snapshot)
        frame, _, _ = lowered(prepared, snapshot, self.with_searched(prepared, values, snapshot), self._embed)
        return lazily_named(frame.lazy(), query.plan.schema, query.names)

    def explain(
        self,
        text: str,
        snapshot: Snapshot,
        parameters: Parameters = None,
        limits: Limits | None = None,
        *,
        analyze: bool = False,
        part: Part | None = None,
    ) -> Plan:
        """Return the optimized plan; with `analyze`, which runs it, what each node gives and takes, and scans read."""
        limits = limits or Limits()
        if analyze and limits.timeout_s is not None:
            watch = Watch(limits.timeout_s, time.monotonic(), limits.memory_bytes)
            unwatched = Limits(None, limits.memory_bytes)
            return watch.run(lambda: self.explain(text, snapshot, parameters, unwatched, analyze=True, part=part))
        values, dtypes = typed_parameters(parameters)
        query = self.plan(text, snapshot, dtypes, values, part=part)
        started = time.perf_counter()
        prepared = self._ready(query.plan, snapshot)
        if not analyze:
            return _shown(prepared, snapshot, values)
        searched = self.with_searched(prepared, values, snapshot)
        watch = Watch(None, time.monotonic(), limits.memory_bytes, self._cached_bytes)
        bounds = Bounds(prepared.few_rows, watch=watch)
        frame, _, context = lowered(prepared, snapshot, searched, self._embed, limits, bounds)
        context.collect(frame)
        took = (time.perf_counter() - started) * 1000
        # Once more, node by node: as one, Polars runs them into each other.
        measured: dict[NodeKey, tuple[int, float]] = {}
        _, plan, context = lowered(prepared, snapshot, searched, self._embed, limits, bounds, measured=measured)
        estimates = Estimates(snapshot)
        reports = {scan.columns[0][0]: r for scan, r in context.report.scans if scan.columns}

        def note(node: Relation) -> str:
            report = reports.get(node.columns[0][0]) if isinstance(node, Scan) and node.columns else None
            remark = _measured(estimates.rows(node), measured.get(node_key(node)), report)
            return remark + (f"; {took:.1f} ms in all" if node is plan else "")

        return Plan(
            steps(plan, note, lambda node: measured.get(node_key(node)), lambda node: round(estimates.rows(node)))
        )

    def explain_bound(self, query: Query, snapshot: Snapshot, values: Mapping[str, object]) -> Plan:
        """Return the plan of a bound query."""
        return _shown(self._ready(self.optimized(query, snapshot).plan, snapshot), snapshot, values)

    def _ready(self, plan: Relation, snapshot: Snapshot) -> Prepared:
        """Return the plan made ready to run; remembered for as long as the tables are what they were."""
        if snapshot.has_frames:
            return prepare(plan, snapshot)
        parts = snapshot.parts(sources(plan))
        cached = self._prepared.get(id(plan))
        # The number of a plan that is gone may be another's.
        if cached is not None and cached[0] is plan and all(a is b for a, b in zip(cached[1], parts, strict=True)):
            return cached[2]
        prepared = prepare(plan, snapshot)
        self._prepared.put(id(plan), (plan, parts, prepared))
        return prepared

    def with_searched(
        self, prepared: Prepared, values: Mapping[str, object], snapshot: Snapshot
    ) -> Mapping[str, object]:
        """Return the values of the parameters, the time, and what the texts searched for become: vectors, scores."""
        searched = dict(with_time(values, snapshot.now))
        for embedded in prepared.embedded:
            text = embedded.text if embedded.parameter is None else values[embedded.parameter]
            searched[embedded.name] = None if text is None else self._embed_one(embedded.provider, str(text))
        for scored in prepared.scored:
            text = scored.text if scored.parameter is None else values[scored.parameter]
            source = snapshot.source(scored.source)
            searched[scored.name] = (
                None if text is None or source is None else source.search_text(scored.column, str(text), None, None)
            )
        return searched

    def _asked(self, query: Query, snapshot: Snapshot, values: Mapping[str, object]) -> list[tuple[object, ...]]:
        """Return the rows of a query that another one is bound by."""
        return self.run_bound(query, snapshot, values, to_store=True).rows()

    def plan(
        self,
        text: str,
        snapshot: Snapshot,
        dtypes: Mapping[str, pl.DataType],
        values: Mapping[str, object] | None = None,
        *,
        part: Part | None = None,
    ) -> Query:
        """Return the optimized query, from the cache if its text and the tables are as they were; `part` is the query
        among several in the text."""
        names = snapshot.names()
        place, tree = part or (0, None)
        key = (text, place, tuple(dtypes.items()), tuple(map(id, names)), snapshot.key())
        cached = self._plans.get(key) if isinstance(text, str) else None
        if (
            cached is not None
            and all(a is b for a, b in zip(cached[0], names, strict=True))
            and _are_alike(cached[2], snapshot)
        ):
            return cached[1]
        try:
            binder = Binder(text, snapshot, dtypes, lambda query: self._asked(query, snapshot, values or {}))
            asked = parse(text) if tree is None else tree
            bound = binder.statement(asked)
            check_read(asked, text)
            query = self.optimized(bound, snapshot)
        except RecursionError as error:
            raise UnsupportedError("the statement is nested too deeply", text) from error
        # A plan that follows from the rows, or from files, is not kept.
        if not binder.reads_data and not snapshot.is_of_this_run:
            self._plans.put(key, (names, query, {name: snapshot.rows(name) for name in sources(query.plan)}))
        return query


def _are_alike(rows: Mapping[str, int], snapshot: Snapshot) -> bool:
    """Say whether the tables are about as large as they were when a plan was chosen for them."""
    for name, before in rows.items():
        fewer, more = sorted((before, snapshot.rows(name)))
        if more > max(_ROWS_ALIKE, 2 * fewer):
            return False
    return True


def _shown(prepared: Prepared, snapshot: Snapshot, values: Mapping[str, object]) -> Plan:
    return Plan(steps(optimize_for_values(prepared.plan, with_time(values, snapshot.now)), _estimated))


def _measured(estimate: float, measured: tuple[int, float] | None, report: ScanReport | None) -> str:
    """Return what is noted of a node that was run."""
    remarks = [f"about {estimate:.0f} rows"]
    if measured is not None:
        remarks.append(f"{measured[0]} rows, {measured[1] * 1000:.1f} ms")
    if report is not None:
        index = f", by index {report.index}" if report.index else ""
        remarks.append(f"{report.segments_read} segments read, {report.segments_skipped} skipped{index}")
    return ", ".join(remarks)


def _estimated(node: Relation) -> str:
    if isinstance(node, Index):
        return f"about {Estimates().rows(node):.0f} rows"
    return f"about {node.rows} rows" if isinstance(node, Scan) else ""


def _tools(snapshot: Snapshot) -> Tools:
    failing: set[Expr] = set()
    return Tools(snapshot, lambda expr: _evaluated(expr, failing), failing)


def _evaluated(expr: Expr, failing: set[Expr]) -> Literal | None:
    """Return the value of a constant expression; None if computing it fails, so that it fails when it runs."""
    try:
        with allowing(Allowance(_FOLDED_BYTES)):
            values = pl.select(lower_expr(expr, {}).cast(expr.dtype)).to_series()
            # A value of Python has no nanoseconds.
            lost = expr.dtype == pl.Datetime("ns") and (values.to_physical() % 1_000 != 0).any()
            value = None if lost else values[0]
    except TooLargeError:
        return None
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, RemError, OverflowError, ValueError):
        failing.add(expr)
        return None
    return None if lost else Literal(value, expr.dtype)
