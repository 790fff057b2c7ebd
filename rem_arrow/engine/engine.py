"""One statement from text to rows: parse, bind, optimize, lower, collect.

Plans are cached by text, parameter types and the descriptions of the tables, up to the last rule that reads no data.
What reads data, the pruning of segments, runs at each execution. Results are never cached.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, NamedTuple, TypeAlias

import polars as pl

from rem_arrow.catalog.snapshot import Snapshot
from rem_arrow.engine.shown_plan import Plan
from rem_arrow.errors import ExecuteError, RemError, UnsupportedError
from rem_arrow.lower.context import Lowering, Measured, node_key
from rem_arrow.lower.expression import lower_expr
from rem_arrow.lower.interval import flattened
from rem_arrow.lower.relation import lower
from rem_arrow.optimize.estimate import Estimates
from rem_arrow.optimize.fix_decimals import fix_decimals
from rem_arrow.optimize.optimizer import optimize
from rem_arrow.optimize.prune_segments import prune_segments
from rem_arrow.optimize.tools import Tools
from rem_arrow.parameters import Parameters, typed_parameters
from rem_arrow.plan import types
from rem_arrow.plan.embedded import Embedded, embedded_in
from rem_arrow.plan.explain import steps
from rem_arrow.plan.nodes import Expr, Index, Literal, Query, Relation, Scan
from rem_arrow.plan.text_scores import TextScores, scored_in
from rem_arrow.plan.walk import children
from rem_arrow.running.cancellation import can_be_stopped
from rem_arrow.running.watchdog import Watch
from rem_arrow.sql.bind.query import Binder
from rem_arrow.sql.bind.write_queries import literal_rows
from rem_arrow.sql.statement.classifier import classify
from rem_arrow.sql.statement.statement import Statement
from rem_arrow.sql.text.parser import parse, parse_all

# The place of a query among the statements of its text, and its tree.
Part: TypeAlias = "tuple[int, Any]"

_PLANS_MAX = 256
_TEXT_KEPT_MAX = 100_000
# Of the memory limit: a statement that may hold more than this is watched while it runs.
_WATCHED_SHARE = 0.25
# What holds more than this may run for long: where the caller may go away, it is watched.
_LONG_BYTES = 1 << 26
_VALUE_BYTES = 16
# For each node of a plan Polars' streaming engine takes as long to start as its other one needs for so many rows.
FEW_ROWS = 10_000
# A join or a list that makes so many rows, and more than it reads, is not for that other engine, which holds them all.
_MANY_ROWS = 1_000_000
# Joins are in the order that order_joins chose; Polars would undo it.
POLARS_RULES = pl.QueryOptFlags(join_order=False)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a statement may use: seconds, and bytes of the whole process; None is no limit."""

    timeout_s: float | None = None
    memory_bytes: int | None = None


class _Prepared(NamedTuple):
    """A plan with its decimals fixed, a guess of the most that it holds at once, how many rows are few for it, and the
    texts that it searches for."""

    plan: Relation
    held_bytes: float
    few_rows: int
    embedded: tuple[Embedded, ...]
    scored: tuple[TextScores, ...]


class Engine:
    """Runs statements. Safe in many threads.

    Args:
        embed: gives the vector of a text by the provider of that name.
    """

    def __init__(self, embed: Callable[[str, str], list[float]]) -> None:
        self._embed = embed
        self._plans: OrderedDict[object, tuple[object, Query]] = OrderedDict()
        self._statements: OrderedDict[str, list[Statement]] = OrderedDict()
        self._lock = Lock()
        # Plans made ready to run, and the parts of the tables whose bounds proved their decimals fixed.
        self._prepared: OrderedDict[int, tuple[Relation, list[object], _Prepared]] = OrderedDict()

    def statements(self, text: str) -> list[Statement]:
        """Return the statements of a text, from the cache if it was read before."""
        with self._lock:
            known = self._statements.get(text)
        if known is None:
            try:
                known = [classify(tree, text) for tree in parse_all(text)]
            except RecursionError as error:
                raise UnsupportedError("the statement is nested too deeply", text) from error
            if len(text) <= _TEXT_KEPT_MAX:
                with self._lock:
                    self._statements[text] = known
                    while len(self._statements) > _PLANS_MAX:
                        self._statements.popitem(last=False)
        return known

    def execute(
        self,
        text: str,
        snapshot: Snapshot,
        parameters: Parameters = None,
        limits: Limits | None = None,
        *,
        part: Part | None = None,
    ) -> pl.DataFrame:
        """Return the rows of a query."""
        started = time.monotonic()
        values, dtypes = typed_parameters(parameters)
        return self.run(self.plan(text, snapshot, dtypes, values, part=part), snapshot, values, limits, started=started)

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
        rows = literal_rows(query.plan)
        if rows is not None:
            columns = zip(query.plan.schema.values(), zip(*rows, strict=True), strict=True)
            return (titled if to_store else named)(
                pl.DataFrame([pl.Series(str(i), list(c), dtype=t) for i, (t, c) in enumerate(columns)]), query.names
            )
        return self.run(
            Query(optimize(query.plan, Tools(snapshot, _evaluated)), query.names),
            snapshot,
            values,
            limits,
            to_store=to_store,
        )

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
        watch = None
        if _is_watched(prepared.held_bytes, limits):
            watch = Watch(limits.timeout_s, started, limits.memory_bytes)
        deadline = None if limits.timeout_s is None else started + limits.timeout_s

        def work() -> pl.DataFrame:
            frame, _, context = _lowered(
                prepared, snapshot, self._with_searched(prepared, values, snapshot), deadline, watch=watch
            )
            return context.collect(frame, context.reads_few_rows)

        found = work() if watch is None else watch.run(work)
        return (titled if to_store else named)(found, query.names)

    def lazy(self, text: str, snapshot: Snapshot, parameters: Parameters = None) -> pl.LazyFrame:
        """Return the query as a LazyFrame over the pinned version."""
        values, dtypes = typed_parameters(parameters)
        query = self.plan(text, snapshot, dtypes, values)
        prepared = self._ready(query.plan, snapshot)
        frame, _, _ = _lowered(prepared, snapshot, self._with_searched(prepared, values, snapshot))
        return frame.rename(dict(zip(query.plan.schema, unique_names(query.names), strict=True)))

    def explain(
        self,
        text: str,
        snapshot: Snapshot,
        parameters: Parameters = None,
        *,
        analyze: bool = False,
        part: Part | None = None,
    ) -> Plan:
        """Return the optimized plan; with `analyze`, after running it, the rows and the own time of each node, and what
        the scans read."""
        values, dtypes = typed_parameters(parameters)
        query = self.plan(text, snapshot, dtypes, values, part=part)
        started = time.perf_counter()
        prepared = self._ready(query.plan, snapshot)
        if not analyze:
            return Plan(steps(prune_segments(prepared.plan, values), _estimated))
        given = self._with_searched(prepared, values, snapshot)
        frame, _, context = _lowered(prepared, snapshot, given)
        _collect(frame, context.reads_few_rows)
        took = (time.perf_counter() - started) * 1000
        # Once more, node by node: as one, Polars runs them into each other.
        measured: Measured = {}
        _, plan, context = _lowered(prepared, snapshot, given, measured=measured)
        reports = {scan.columns[0][0]: r for scan, r in context.reports if scan.columns}

        def note(node: Relation) -> str:
            rows, seconds = measured.get(node_key(node), (None, 0.0))
            found = [] if rows is None else [f"{rows} rows, {seconds * 1000:.1f} ms"]
            report = reports.get(node.columns[0][0]) if isinstance(node, Scan) and node.columns else None
            if isinstance(node, Index) or report is not None:
                found.insert(0, _estimated(node))
            if report is not None:
                index = f", by index {report.index}" if report.index else ""
                found.append(f"{report.segments_read} segments read, {report.segments_skipped} skipped{index}")
            return ", ".join(found) + (f"; {took:.1f} ms in all" if node is plan else "")

        return Plan(steps(plan, note, lambda node: measured.get(node_key(node))))

    def _ready(self, plan: Relation, snapshot: Snapshot) -> _Prepared:
        """Return the plan with fixed decimals, and its weight; remembered for as long as the tables are what they
        were."""
        if snapshot.has_frames:
            return _prepared(plan, snapshot)
        parts = snapshot.parts(_sources(plan))
        with self._lock:
            known = self._prepared.get(id(plan))
        if known is None or known[0] is not plan or any(a is not b for a, b in zip(known[1], parts, strict=True)):
            known = (plan, parts, _prepared(plan, snapshot))
            with self._lock:
                self._prepared[id(plan)] = known
                while len(self._prepared) > _PLANS_MAX:
                    self._prepared.popitem(last=False)
        return known[2]

    def _with_searched(
        self, prepared: _Prepared, values: Mapping[str, object], snapshot: Snapshot
    ) -> Mapping[str, object]:
        """Return the values of the parameters, and what becomes of the texts that the statement searches for: vectors,
        and scores."""
        if not prepared.embedded and not prepared.scored:
            return values
        found = dict(values)
        for wanted in prepared.embedded:
            text = values[wanted.parameter] if wanted.parameter is not None else wanted.text
            found[wanted.name] = None if text is None else self._embed(wanted.provider, str(text))
        for asked in prepared.scored:
            text, source = (
                values[asked.parameter] if asked.parameter is not None else asked.text,
                snapshot.source(asked.source),
            )
            found[asked.name] = (
                None if text is None or source is None else source.search_text(asked.column, str(text), None, None)
            )
        return found

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
        names = snapshot.version.names
        place, tree = part or (0, None)
        key = (text, place, tuple(dtypes.items()), id(names), snapshot.frame_key())
        with self._lock:
            known = self._plans.get(key)
            if known is not None and known[0] is names:
                self._plans.move_to_end(key)
                return known[1]
        try:
            binder = Binder(text, snapshot, dtypes, lambda asked: self.run_bound(asked, snapshot, values or {}).rows())
            bound = binder.statement(parse(text) if tree is None else tree)
            query = Query(optimize(bound.plan, Tools(snapshot, _evaluated)), bound.names)
        except RecursionError as error:
            raise UnsupportedError("the statement is nested too deeply", text) from error
        # A plan that follows from the rows is not kept.
        if not binder.reads_data:
            with self._lock:
                self._plans[key] = (names, query)
                while len(self._plans) > _PLANS_MAX:
                    self._plans.popitem(last=False)
        return query


def _is_watched(held_bytes: float, limits: Limits) -> bool:
    """Say whether a statement may have to be given up: it has a time limit, may use up the memory, or may be long for a
    caller that may go away."""
    if limits.timeout_s is not None or (can_be_stopped() and held_bytes > _LONG_BYTES):
        return True
    return limits.memory_bytes is not None and held_bytes > limits.memory_bytes * _WATCHED_SHARE


def _estimated(node: Relation) -> str:
    if isinstance(node, Index):
        return f"about {Estimates().rows(node):.0f} rows"
    return f"about {node.rows} rows" if isinstance(node, Scan) else ""


def _prepared(plan: Relation, snapshot: Snapshot) -> _Prepared:
    return _Prepared(
        fix_decimals(plan, snapshot),
        _held_bytes(plan),
        0 if _multiplies(plan, Estimates(snapshot)) else FEW_ROWS * _nodes(plan),
        embedded_in(plan),
        scored_in(plan),
    )


def _evaluated(expr: Expr) -> Literal | None:
    """Return the value of a constant expression; None if computing it fails, so that it fails when it runs."""
    try:
        found = pl.select(lower_expr(expr, {}).cast(expr.dtype)).to_series()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, RemError, OverflowError, ValueError):
        return None
    return Literal(found[0], expr.dtype)


def _lowered(
    prepared: _Prepared,
    snapshot: Snapshot,
    values: Mapping[str, object],
    deadline: float | None = None,
    *,
    measured: Measured | None = None,
    watch: Watch | None = None,
) -> tuple[pl.LazyFrame, Relation, Lowering]:
    plan = prune_segments(prepared.plan, values)

    def collect(frame: pl.LazyFrame, few_rows: bool) -> pl.DataFrame:
        if watch is not None:
            watch.collecting()
        return _collect(frame, few_rows)

    context = Lowering(
        snapshot, values, collect, few_rows=prepared.few_rows, deadline=deadline, measured=measured, watch=watch
    )
    try:
        return lower(plan, context), plan, context
    except RecursionError as error:
        raise UnsupportedError("the statement is nested too deeply") from error
    except pl.exceptions.PolarsError as error:
        raise failed(error) from error
    except OverflowError as error:
        raise ExecuteError(f"a value is out of range: {error}") from error


def _collect(frame: pl.LazyFrame, few_rows: bool) -> pl.DataFrame:
    """Run a frame on the engine that suits it, and on the other one if that fails by itself.

    The streaming engine of Polars 2.1 asserts on some joins beside an empty input, and loses count of some aggregates
    of nothing; its in-memory engine does not broadcast some constants to columns without rows.
    """
    try:
        return frame.collect(optimizations=POLARS_RULES, engine="in-memory" if few_rows else "streaming")
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ExecuteError) as error:
        if not _is_its_own(error):
            raise _in_our_words(error) from error
    try:
        return frame.collect(optimizations=POLARS_RULES, engine="streaming" if few_rows else "in-memory")
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ExecuteError) as error:
        raise _in_our_words(error) from error


def _is_its_own(error: BaseException) -> bool:
    """Say whether an error is of the engine, not of the data."""
    return isinstance(error, (pl.exceptions.PanicException, pl.exceptions.ShapeError)) or "to be broadcasted" in str(
        error
    )


def _in_our_words(error: BaseException) -> ExecuteError:
    """Return an error of Polars, or of our own functions without the expressions that Polars puts behind its text."""
    if isinstance(error, ExecuteError):
        return ExecuteError(str(error).split("\n\nThis error occurred", 1)[0])
    return (
        ExecuteError(f"Polars failed inside: {error}")
        if isinstance(error, pl.exceptions.PanicException)
        else failed(error)
    )


def failed(error: BaseException) -> ExecuteError:
    text = str(error)
    if "conversion from" in text and ("i128" in text or "to `i" in text or "to `u" in text):
        return ExecuteError(
            "a number is out of range for its type, or a division by zero; cast to a wider type, or filter the rows "
            "first. (" + text.splitlines()[0][:200] + ")"
        )
    return ExecuteError("the query failed: " + (text.splitlines()[0] if text else type(error).__name__)[:400])


def _sources(plan: Relation) -> list[str]:
    if isinstance(plan, Scan):
        return [plan.source]
    return [s for c in children(plan) for s in _sources(c)]


def _nodes(plan: Relation) -> int:
    return 1 + sum(_nodes(c) for c in children(plan))


def _multiplies(plan: Relation, estimates: Estimates) -> bool:
    """Say whether a part of a plan may make many rows of few."""
    below = children(plan)
    rows = estimates.rows(plan)
    return (bool(below) and rows > _MANY_ROWS and rows > 2 * max(estimates.rows(c) for c in below)) or any(
        _multiplies(c, estimates) for c in below
    )


def _held_bytes(plan: Relation) -> float:
    """Return a guess of the most that a statement holds at once: its largest intermediate result."""
    estimates = Estimates()
    worst, todo = 0.0, [plan]
    while todo:
        node = todo.pop()
        worst = max(worst, estimates.rows(node) * max(1, len(node.schema)) * _VALUE_BYTES)
        todo += children(node)
    return worst


def unique_names(names: Sequence[str]) -> list[str]:
    """Return the names with repeated ones numbered, since the columns of a frame differ: a, a_1."""
    taken, found = set(names), []
    seen: set[str] = set()
    for name in names:
        shown, n = name, 0
        while shown in seen or (n and shown in taken):
            n += 1
            shown = f"{name}_{n}"
        seen.add(shown)
        found.append(shown)
    return found


def named(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Give a result the user's names. An interval with months leaves as a Duration of 30 days a month: Polars has no
    type for it."""
    calendars = [name for name, dtype in frame.schema.items() if dtype == types.CALENDAR]
    if calendars:
        frame = frame.with_columns(flattened(pl.col(name), types.CALENDAR).alias(name) for name in calendars)
    return titled(frame, names)


def titled(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Give a result the user's names."""
    frame.columns = unique_names(names)
    return frame
