"""Relations to frames: one function for each node, in a file of its own where that is more than a few lines.

`lower_held` gives a DataFrame where the rows are few and in memory and nothing asks for the engine of Polars, see
held.py; `lower` gives a LazyFrame of any of them.
"""

from __future__ import annotations

import time
from functools import cache
from math import inf
from typing import assert_never

import polars as pl

from rem_arrow.base.errors import BindError, InputError
from rem_arrow.base.source import ScanReport
from rem_arrow.lower import in_parts, index, rounds, search_hits, sideways
from rem_arrow.lower.big_sort import divided_sort, with_keys
from rem_arrow.lower.context import Lowering, NodeKey, node_key, row_bytes
from rem_arrow.lower.expression import lower_expr
from rem_arrow.lower.held import Frame, constants, filtered, held, ordered, projected, selected, with_scores
from rem_arrow.lower.unnest import lower_unnest
from rem_arrow.plan.nodes import (
    Aggregate,
    Apply,
    Column,
    Filter,
    Index,
    Join,
    Limit,
    Project,
    Recursive,
    Relation,
    Scan,
    Search,
    Shared,
    Sort,
    Union,
    Unnest,
    Values,
    Window,
    Working,
)
from rem_arrow.plan.volatility import is_volatile
from rem_arrow.plan.walk import children, columns_of

_ROW = "#row"
# A scan that gives fewer rows gives them in one batch, or in few.
_GATED_ROWS = 100_000


def lower(plan: Relation, context: Lowering) -> pl.LazyFrame:
    """Return the frame that computes `plan`; its columns are the plan's, in their order."""
    return lower_held(plan, context).lazy()


def lower_held(plan: Relation, context: Lowering) -> Frame:
    """Return the frame that computes `plan`, or its rows where they are few and in memory."""
    measured = context.report.nodes
    return _lowered(plan, context) if measured is None else _measured(plan, context, measured)


def _measured(plan: Relation, context: Lowering, measured: dict[NodeKey, tuple[int, float]]) -> Frame:
    report, key = context.report, node_key(plan)
    before, started = report.spent, time.perf_counter()
    rows = context.run(lambda: _lowered(plan, context))
    took = time.perf_counter() - started
    _, earlier = measured.get(key, (0, 0.0))
    # What the nodes below took is theirs.
    measured[key] = (rows.height, earlier + took - (report.spent - before))
    report.spent = before + took
    return context.reads(rows)


def _lowered(plan: Relation, context: Lowering) -> Frame:
    context.bounds.check()
    match plan:
        case Scan():
            return _scan(plan, context)
        case Values():
            return _values(plan, context)
        case Filter():
            return _filter(plan, context)
        case Project():
            return _project(plan, context)
        case Join():
            return in_parts.join(plan, *_sides(plan, context), context)
        case Aggregate():
            return in_parts.groups(plan, lower(plan.input, context), context)
        case Sort():
            return _sort(plan, context)
        case Limit():
            return _limit(plan, context)
        case Union():
            return pl.concat([_named(lower(i, context), i, plan) for i in plan.inputs], how="vertical")
        case Window():
            return in_parts.window(plan, lower(plan.input, context), context)
        case Unnest():
            return context.bounds.gated(lower_unnest(plan, lower(plan.input, context), context))
        case Recursive():
            return rounds.recursive(plan, context, lower)
        case Shared():
            return _shared(plan, context)
        case Search():
            return _search(plan, context)
        case Index():
            return context.reads(index.rows(plan, context, lambda p: _collected(p, context)))
        case Working():
            last, whole = context.working[plan.name]
            rows = context.reads(whole if plan.whole else last)
            return rows.lazy().select(pl.col(source).alias(name) for name, source, _ in plan.columns)
        case Apply():
            raise AssertionError("decorrelate leaves no Apply")
        case _:
            assert_never(plan)


def _scan(plan: Scan, context: Lowering) -> Frame:
    # The names of columns are unique: equal scans have the same first one.
    key = plan.columns[0][0] if plan.columns else ""
    scanned = context.scans.get(key)
    if scanned is None or scanned[0] != plan:
        scanned = context.scans[key] = plan, *_scanned(plan, context)
    _, frame, rows = scanned
    context.rows += rows
    return frame


def _scanned(plan: Scan, context: Lowering) -> tuple[Frame, int]:
    source = context.environment.catalog.source(plan.source)
    if source is None:
        raise BindError(f'the table "{plan.source}" is gone')
    report = ScanReport()
    context.report.scans.append((plan, report))
    coded = frozenset(column for name, column, _ in plan.columns if name in plan.coded)
    scales = dict(plan.fixed)
    fixed = frozenset(column for name, column, _ in plan.columns if name in scales)
    parts = context.bounds.parts
    bytes_max = inf if parts is None else parts.bytes_max
    frame = source.scan(
        [column for _, column, _ in plan.columns], report, plan.skips, coded, fixed, bytes_max=bytes_max
    )
    if isinstance(frame, pl.DataFrame):
        frame.columns = [name for name, _, _ in plan.columns]
        return held(frame), report.rows
    frame = frame.rename({column: name for name, column, _ in plan.columns})
    if report.rows < _GATED_ROWS:
        return frame, report.rows
    return context.bounds.gated(frame, filters=report.takes_filters), report.rows


def _values(plan: Values, context: Lowering) -> Frame:
    if not plan.columns:
        return pl.LazyFrame({_ROW: [None] * len(plan.rows)})
    if not plan.rows:
        return pl.LazyFrame(schema=plan.schema)
    plain = constants(plan.columns, plan.rows, context.environment.parameters)
    if plain is not None:
        return held(plain)
    rows = [
        _one_row().select(
            [
                lower_expr(e, context.environment.parameters).alias(n)
                for (n, _), e in zip(plan.columns, row, strict=True)
            ]
        )
        for row in plan.rows
    ]
    return pl.concat(rows).lazy()


def _filter(plan: Filter, context: Lowering) -> Frame:
    frame = lower_held(plan.input, context)
    if isinstance(frame, pl.DataFrame):
        rows = filtered(frame, plan.condition, context.environment.parameters)
        if rows is not None:
            return rows
    return frame.lazy().filter(context.expr(plan.condition))


def _project(plan: Project, context: Lowering) -> Frame:
    frame = lower_held(plan.input, context)
    rows = projected(frame, plan.outputs) if isinstance(frame, pl.DataFrame) else None
    if rows is not None:
        return rows
    outputs = [context.expr(e).alias(n) for n, e in plan.outputs]
    if any(columns_of(e) for _, e in plan.outputs):
        return frame.lazy().select(outputs)
    # Polars makes one row of literals alone; SQL makes one for each row of the input.
    return frame.lazy().with_columns(outputs).select([n for n, _ in plan.outputs])


def _sort(plan: Sort, context: Lowering) -> Frame:
    frame = lower_held(plan.input, context)
    rows = ordered(frame, plan.keys) if isinstance(frame, pl.DataFrame) else None
    return divided_sort(plan, frame.lazy(), context) if rows is None else rows


@cache
def _one_row() -> pl.DataFrame:
    """Return the frame for whose row VALUES are computed: what has another value for each row has one there."""
    return pl.DataFrame({_ROW: [None]})


def _first_rows(plan: Sort, context: Lowering) -> Frame:
    """Rows in order, of which only some are wanted. Where all are in memory they get their number as a last key, for
    Polars' in-memory engine sorts all rows to keep an order."""
    rows = lower_held(plan.input, context)
    in_order = ordered(rows, plan.keys) if isinstance(rows, pl.DataFrame) else None
    if in_order is not None:
        return in_order
    frame, keys = with_keys(plan, rows.lazy(), context, held=False)
    descending, nulls_last = [k.descending for k in plan.keys], [k.nulls_last for k in plan.keys]
    if context.reads_few_rows:
        return frame.with_row_index(_ROW).sort(
            [*keys, pl.col(_ROW)], descending=[*descending, False], nulls_last=[*nulls_last, False]
        )
    return frame.sort(keys, descending=descending, nulls_last=nulls_last, maintain_order=True)


def _limit(plan: Limit, context: Lowering) -> Frame:
    count, offset = (None if e is None else row_limit(context.value(e)) for e in (plan.count, plan.offset))
    if count is not None:
        _note_enough(plan.input, (offset or 0) + count, context)
    few = count is not None and _fits((offset or 0) + count, plan, context)
    if isinstance(plan.input, Sort) and few and context.report.nodes is None:
        first = _first_rows(plan.input, context).slice(offset or 0, count)
        return first if isinstance(first, pl.DataFrame) else first.select(list(plan.schema))
    return lower_held(plan.input, context).slice(offset or 0, count)


def _note_enough(plan: Relation, rows: int, context: Lowering) -> None:
    """Let a recursion right below a LIMIT end when it has the rows that are asked for."""
    while isinstance(plan, Project):
        plan = plan.input
    condition = None
    if isinstance(plan, Filter) and not is_volatile(plan.condition):
        condition, plan = plan.condition, plan.input
    if isinstance(plan, Recursive) and not plan.keys:
        context.enough[id(plan)] = rows, condition


def _fits(rows: int, plan: Relation, context: Lowering) -> bool:
    parts = context.bounds.parts
    return parts is None or rows * row_bytes(plan) <= parts.bytes_max


def row_limit(value: object) -> int | None:
    """Return what a LIMIT or an OFFSET was given; None is none. Raises InputError."""
    if value is not None and (not isinstance(value, int) or value < 0):
        raise InputError(f"LIMIT and OFFSET take whole numbers that are not negative, not {value!r}")
    return value


def _shared(plan: Shared, context: Lowering) -> pl.LazyFrame:
    if plan.number not in context.shared:
        outer, context.rows = context.rows, 0
        frame = in_parts.shared(plan, lower(plan.input, context), context)
        context.shared[plan.number] = frame, context.rows
        context.rows = outer
    frame, rows = context.shared[plan.number]
    context.rows += rows
    return frame


def _search(plan: Search, context: Lowering) -> Frame:
    """The rows that are near enough in every search, with their scores."""
    nearest = [search_hits.hits(plan, h, context, lambda p: _collected(p, context)) for h in plan.hits]
    asked = [row_limit(context.value(h.k)) for h in plan.hits]
    if plan.keep_all and any(rows.height < (k or 0) for rows, k in zip(nearest, asked, strict=True)):
        # Fewer have a vector than are asked for: the others follow them.
        unscored = lower(plan.input, context)
        return unscored.with_columns(pl.lit(None, pl.Float64).alias(h.score) for h in plan.hits)
    hits = list(zip(plan.hits, nearest, strict=True))
    narrowed = sideways.restricted(plan.input, [(Column(h.rowid, pl.Int64()), rows[h.rowid]) for h, rows in hits])
    frame = lower_held(narrowed, context)
    keys = {name for name, _ in plan.keys}
    has = set(plan.input.schema)
    for hit, rows in hits:
        scored = context.reads(rows)
        if not keys and isinstance(frame, pl.DataFrame) and isinstance(scored, pl.DataFrame):
            frame = with_scores(frame, scored, hit.rowid, hit.score)
            continue
        on = [hit.rowid, *sorted(keys & has)]
        frame = frame.lazy().join(scored.lazy(), on=on, how="inner", nulls_equal=True)
        has |= keys
    return selected(frame, list(plan.schema)) if isinstance(frame, pl.DataFrame) else frame.select(list(plan.schema))


def _named(frame: pl.LazyFrame, branch: Relation, plan: Union) -> pl.LazyFrame:
    names = dict(zip(branch.schema, plan.schema, strict=True))
    return frame.rename({a: b for a, b in names.items() if a != b}) if any(a != b for a, b in names.items()) else frame


# --- joins


def _sides(plan: Join, context: Lowering) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    if plan.first == "right":
        small = _collected(plan.right, context)
        keys = [(a, small.select(context.expr(b).alias(_ROW)).to_series()) for a, b in plan.equals]
        return lower(sideways.restricted(plan.left, keys), context), context.reads(small).lazy()
    if plan.first == "left":
        small = _collected(plan.left, context)
        keys = [(b, small.select(context.expr(a).alias(_ROW)).to_series()) for a, b in plan.equals]
        return context.reads(small).lazy(), lower(sideways.restricted(plan.right, keys), context)
    return lower(plan.left, context), lower(plan.right, context)


def _collected(plan: Relation, context: Lowering) -> pl.DataFrame:
    """Run a plan now. What it shares with the rest of the statement runs before, so that it runs once."""
    for shared in _shared_in(plan):
        if shared.number not in context.shared:
            rows = _collected(shared.input, context)
            context.shared[shared.number] = rows.lazy(), rows.height
    return context.run(lambda: lower_held(plan, context))


def _shared_in(plan: Relation) -> list[Shared]:
    return [plan] if isinstance(plan, Shared) else [s for c in children(plan) for s in _shared_in(c)]
