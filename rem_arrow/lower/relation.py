"""Relations to LazyFrames: one function for each node."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never

import polars as pl

from rem_arrow.errors import BindError, ExecuteError, InputError
from rem_arrow.lower import index, search_hits, semantics, sideways
from rem_arrow.lower.context import Lowering, Measured, node_key
from rem_arrow.lower.expression import lower_aggregate, lower_expr
from rem_arrow.lower.nested import sort_key
from rem_arrow.lower.ordered_joins import lower_asof, lower_positional
from rem_arrow.lower.window import lower_window
from rem_arrow.plan.nodes import (
    Aggregate,
    Apply,
    Column,
    Expr,
    Filter,
    Index,
    Join,
    Limit,
    Literal,
    Parameter,
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
from rem_arrow.plan.walk import children, columns_of
from rem_arrow.source import ScanReport

_ROW = "#row"
ROUNDS_MAX = 100_000
RECURSIVE_ROWS_MAX = 50_000_000


def lower(plan: Relation, context: Lowering) -> pl.LazyFrame:
    """Return the frame that computes `plan`; its columns are the plan's, in their order."""
    return _lowered(plan, context) if context.measured is None else _measured(plan, context, context.measured)


def _measured(plan: Relation, context: Lowering, measured: Measured) -> pl.LazyFrame:
    before, started = context.spent, time.perf_counter()
    found = context.run(lambda: _lowered(plan, context))
    took = time.perf_counter() - started
    _, known = measured.get(node_key(plan), (0, 0.0))
    # What the nodes below took is theirs.
    measured[node_key(plan)] = (found.height, known + took - (context.spent - before))
    context.spent = before + took
    return context.reads(found)


def _lowered(plan: Relation, context: Lowering) -> pl.LazyFrame:
    match plan:
        case Scan():
            return _scan(plan, context)
        case Values():
            return _values(plan, context)
        case Filter():
            return lower(plan.input, context).filter(lower_expr(plan.condition, context.parameters))
        case Project():
            return _project(plan, context)
        case Join():
            return context.gated(_join(plan, context))
        case Aggregate():
            return _aggregate(plan, context)
        case Sort():
            return _sort(plan, context)
        case Limit():
            return _limit(plan, context)
        case Union():
            return pl.concat([_named(lower(i, context), i, plan) for i in plan.inputs], how="vertical")
        case Window():
            return lower_window(plan, lower(plan.input, context), context.parameters)
        case Unnest():
            return context.gated(_unnest(plan, context))
        case Recursive():
            return _recursive(plan, context)
        case Shared():
            return _shared(plan, context)
        case Search():
            return _search(plan, context)
        case Index():
            return context.reads(
                index.rows(
                    plan, context.catalog, context.parameters, lambda p: _collected(p, context), context.deadline
                )
            )
        case Working():
            return context.reads(context.working[plan.name]).select(
                pl.col(source).alias(name) for name, source, _ in plan.columns
            )
        case Apply():
            raise AssertionError("decorrelate leaves no Apply")
        case _:
            assert_never(plan)


def _scan(plan: Scan, context: Lowering) -> pl.LazyFrame:
    if plan not in context.scans:
        context.scans[plan] = _scanned(plan, context)
    frame, rows = context.scans[plan]
    context.rows += rows
    return frame


def _scanned(plan: Scan, context: Lowering) -> tuple[pl.LazyFrame, int]:
    source = context.catalog.source(plan.source)
    if source is None:
        raise BindError(f'the table "{plan.source}" is gone')
    report = ScanReport()
    context.reports.append((plan, report))
    coded = frozenset(column for name, column, _ in plan.columns if name in plan.coded)
    scales = dict(plan.fixed)
    fixed = frozenset(column for name, column, _ in plan.columns if name in scales)
    frame = source.scan([column for _, column, _ in plan.columns], report, plan.skips, coded, fixed)
    return context.gated(frame.rename({column: name for name, column, _ in plan.columns})), report.rows


def _values(plan: Values, context: Lowering) -> pl.LazyFrame:
    if not plan.columns:
        return pl.LazyFrame({_ROW: [None] * len(plan.rows)})
    if not plan.rows:
        return pl.LazyFrame(schema=plan.schema)
    rows = [
        pl.select([lower_expr(e, context.parameters).alias(n) for (n, _), e in zip(plan.columns, row, strict=True)])
        for row in plan.rows
    ]
    return pl.concat(rows).lazy()


def _project(plan: Project, context: Lowering) -> pl.LazyFrame:
    frame = lower(plan.input, context)
    outputs = [lower_expr(e, context.parameters).alias(n) for n, e in plan.outputs]
    if any(columns_of(e) for _, e in plan.outputs):
        return frame.select(outputs)
    # Polars makes one row of literals alone; SQL makes one for each row of the input.
    return frame.with_columns(outputs).select([n for n, _ in plan.outputs])


def _aggregate(plan: Aggregate, context: Lowering) -> pl.LazyFrame:
    """Keys and arguments become columns first: Polars would take a literal for one row, where SQL has one for each."""
    frame = lower(plan.input, context)
    keys = [lower_expr(e, context.parameters).alias(n) for n, e in plan.keys]
    inputs, calls, singles = [], [], []
    for i, (name, call) in enumerate(plan.aggregates):
        exprs = [e for e in (call.argument, *call.extra) if e is not None]
        columns = [f"#{i}.{k}" for k in range(len(exprs))]
        inputs += [lower_expr(e, context.parameters).alias(c) for c, e in zip(columns, exprs, strict=True)]
        where = None if call.where is None else pl.col(f"#{i}.where")
        if call.where is not None:
            inputs.append(lower_expr(call.where, context.parameters).alias(f"#{i}.where"))
        order = [f"#{i}.order{k}" for k in range(len(call.order))]
        inputs += [lower_expr(k.expr, context.parameters).alias(o) for k, o in zip(call.order, order, strict=True)]
        if call.function == "single":
            singles.append(name)
        calls.append(lower_aggregate(call, [pl.col(c) for c in columns], where, [pl.col(o) for o in order]).alias(name))
    if not (keys or calls):
        return pl.LazyFrame({_ROW: [None]})
    prepared = frame.with_columns([*keys, *inputs]) if inputs or keys else frame
    names = [n for n, _ in plan.keys]
    if singles:
        calls.append(pl.len().alias(_ROW))
    if not keys:
        return semantics.with_single_rows(prepared.select(calls), singles, _ROW)
    grouped = prepared.group_by(names).agg(calls) if calls else prepared.select(names).unique()
    # A scan may have given categories for these.
    texts = [
        pl.col(n).cast(pl.String) for n, e in plan.keys if isinstance(e, Column) and isinstance(e.dtype, pl.String)
    ]
    return semantics.with_single_rows(grouped.with_columns(texts) if texts else grouped, singles, _ROW)


def _sort(plan: Sort, context: Lowering, *, cut: bool = False) -> pl.LazyFrame:
    """Rows that are equal stay in their order. What will be `cut` gets their number as a last key, for Polars'
    in-memory engine sorts all rows to keep an order."""
    frame = lower(plan.input, context)
    keys = [sort_key(lower_expr(k.expr, context.parameters), k.expr.dtype) for k in plan.keys]
    descending, nulls_last = [k.descending for k in plan.keys], [k.nulls_last for k in plan.keys]
    if cut and context.reads_few_rows:
        return frame.with_row_index(_ROW).sort(
            [*keys, pl.col(_ROW)], descending=[*descending, False], nulls_last=[*nulls_last, False]
        )
    return frame.sort(keys, descending=descending, nulls_last=nulls_last, maintain_order=True)


def _limit(plan: Limit, context: Lowering) -> pl.LazyFrame:
    count, offset = (_number(e, context.parameters) for e in (plan.count, plan.offset))
    if isinstance(plan.input, Sort) and count is not None and context.measured is None:
        return _sort(plan.input, context, cut=True).slice(offset or 0, count).select(list(plan.schema))
    return lower(plan.input, context).slice(offset or 0, count)


def _number(expr: Expr | None, parameters: Mapping[str, object]) -> int | None:
    if expr is None:
        return None
    if isinstance(expr, (Literal, Parameter)):
        value = expr.value if isinstance(expr, Literal) else parameters[expr.name]
    else:
        value = pl.select(lower_expr(expr, parameters)).item()
    if value is not None and (not isinstance(value, int) or value < 0):
        raise InputError(f"LIMIT and OFFSET take whole numbers that are not negative, not {value!r}")
    return value


def _unnest(plan: Unnest, context: Lowering) -> pl.LazyFrame:
    """All lists of a row are brought to the length of the longest, and exploded together with a list of places."""
    names = [n for n, _ in plan.outputs]
    lists = [lower_expr(e, context.parameters).cast(pl.List(plan.schema[n])).alias(n) for n, e in plan.outputs]
    frame = lower(plan.input, context).with_columns(lists)
    places = pl.int_ranges(1, pl.max_horizontal(pl.col(n).list.len().cast(pl.Int64).fill_null(0) for n in names) + 1)
    frame = frame.with_columns(places.alias(_ROW))
    if plan.keep_empty:
        frame = frame.with_columns(pl.when(pl.col(_ROW).list.len() > 0).then(pl.col(_ROW)))
    if len(names) > 1:
        # Of a NULL in place of a list there is nothing to gather, not even NULLs.
        empty = {n: pl.lit([], dtype=pl.List(plan.schema[n])) for n in names}
        frame = frame.with_columns(
            pl.coalesce(pl.col(n), empty[n]).list.gather(pl.col(_ROW) - 1, null_on_oob=True) for n in names
        )
    elif plan.keep_empty:
        frame = frame.with_columns(pl.when(pl.col(names[0]).list.len() > 0).then(pl.col(names[0])))
    if not plan.keep_empty:
        frame = frame.filter(pl.col(_ROW).list.len() > 0)
    exploded = frame.explode([*names, _ROW])
    return exploded.rename({_ROW: plan.ordinality}) if plan.ordinality is not None else exploded.drop(_ROW)


def _shared(plan: Shared, context: Lowering) -> pl.LazyFrame:
    if plan.number not in context.shared:
        outer, context.rows = context.rows, 0
        context.shared[plan.number] = lower(plan.input, context).cache(), context.rows
        context.rows = outer
    frame, rows = context.shared[plan.number]
    context.rows += rows
    return frame


def _recursive(plan: Recursive, context: Lowering) -> pl.LazyFrame:
    """Round after round until one adds nothing. With `distinct` a row that came before adds nothing."""
    schema = plan.schema
    last = context.run(lambda: lower(plan.base, context))
    last = last.unique() if plan.distinct else last
    found, rows = [last], last.height
    outer = context.working.get(plan.name)
    for _ in range(ROUNDS_MAX):
        if not last.height:
            break
        context.check()
        context.working[plan.name] = last
        last = context.run(lambda: lower(plan.step, context).rename(dict(zip(plan.step.schema, schema, strict=True))))
        if plan.distinct:
            last = last.unique().join(pl.concat(found), on=list(schema), how="anti", nulls_equal=True)
        found.append(last)
        rows += last.height
        if rows > RECURSIVE_ROWS_MAX:
            raise ExecuteError(
                f"the recursive CTE {plan.name} has made more than {RECURSIVE_ROWS_MAX:,} rows; end it with a "
                "condition, or use UNION instead of UNION ALL"
            )
    else:
        raise ExecuteError(
            f"the recursive CTE {plan.name} has not ended after {ROUNDS_MAX:,} rounds; end it with a condition, or "
            "use UNION instead of UNION ALL"
        )
    if outer is not None:
        context.working[plan.name] = outer
    return context.reads(pl.concat(found))


def _search(plan: Search, context: Lowering) -> pl.LazyFrame:
    """The rows that are near enough in every search, with their scores."""
    found = [
        (h, search_hits.hits(plan, h, context.catalog, context.parameters, lambda p: _collected(p, context)))
        for h in plan.hits
    ]
    asked = [_number(h.k, context.parameters) for h in plan.hits]
    if plan.keep_all and any(f.height < (k or 0) for (_, f), k in zip(found, asked, strict=True)):
        # Fewer have a vector than are wanted: the others follow them.
        frame = lower(plan.input, context)
        return frame.with_columns(pl.lit(None, pl.Float64).alias(h.score) for h in plan.hits)
    narrowed = sideways.restricted(plan.input, [(Column(h.rowid, pl.Int64()), f[h.rowid]) for h, f in found])
    frame = lower(narrowed, context)
    for hit, rows in found:
        frame = frame.join(context.reads(rows), on=hit.rowid, how="inner")
    return frame.select(list(plan.schema))


def _named(frame: pl.LazyFrame, branch: Relation, plan: Union) -> pl.LazyFrame:
    names = dict(zip(branch.schema, plan.schema, strict=True))
    return frame.rename({a: b for a, b in names.items() if a != b}) if any(a != b for a, b in names.items()) else frame


# --- joins


def _join(plan: Join, context: Lowering) -> pl.LazyFrame:
    left, right = _sides(plan, context)
    if plan.kind == "asof":
        return lower_asof(plan, left, right, context.parameters)
    if plan.kind == "positional":
        return lower_positional(plan, left, right)
    if plan.residual is not None and plan.kind != "inner":
        return _outer_with_residual(plan, left, right, context)
    joined = _equi(plan, left, right, context)
    if plan.residual is not None:
        joined = joined.filter(lower_expr(plan.residual, context.parameters))
    return joined.select(list(plan.schema))


def _sides(plan: Join, context: Lowering) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    if plan.first == "right":
        small = _collected(plan.right, context)
        keys = [(a, small.select(lower_expr(b, context.parameters).alias(_ROW)).to_series()) for a, b in plan.equals]
        return lower(sideways.restricted(plan.left, keys), context), context.reads(small)
    if plan.first == "left":
        small = _collected(plan.left, context)
        keys = [(b, small.select(lower_expr(a, context.parameters).alias(_ROW)).to_series()) for a, b in plan.equals]
        return context.reads(small), lower(sideways.restricted(plan.right, keys), context)
    return lower(plan.left, context), lower(plan.right, context)


def _collected(plan: Relation, context: Lowering) -> pl.DataFrame:
    """Run a plan now. What it shares with the rest of the statement runs before, so that it runs once."""
    for shared in _shared_in(plan):
        if shared.number not in context.shared:
            known = _collected(shared.input, context)
            context.shared[shared.number] = known.lazy(), known.height
    return context.run(lambda: lower(plan, context))


def _shared_in(plan: Relation) -> list[Shared]:
    return [plan] if isinstance(plan, Shared) else [s for c in children(plan) for s in _shared_in(c)]


def _equi(
    plan: Join, left: pl.LazyFrame, right: pl.LazyFrame, context: Lowering, kind: str | None = None
) -> pl.LazyFrame:
    how = kind or plan.kind
    if not plan.equals:
        return _without_keys(how, left, right)
    left, left_keys = _with_keys(left, [a for a, _ in plan.equals], "l", context)
    right, right_keys = _with_keys(right, [b for _, b in plan.equals], "r", context)
    same = plan.nulls_equal
    if how == "right":
        return right.join(left, left_on=right_keys, right_on=left_keys, how="left", coalesce=False, nulls_equal=same)
    if how in ("semi", "anti"):
        return left.join(
            right,
            how=how,  # type: ignore[arg-type]
            left_on=left_keys,
            right_on=right_keys,
            nulls_equal=same,
        )
    return left.join(
        right,
        how=how,  # type: ignore[arg-type]
        left_on=left_keys,
        right_on=right_keys,
        nulls_equal=same,
        coalesce=False,
    )


def _with_keys(frame: pl.LazyFrame, keys: list[Expr], side: str, context: Lowering) -> tuple[pl.LazyFrame, list[str]]:
    """Return the frame with its keys as columns, and their names. NaN equals NaN in SQL, and not always in joins of
    Polars 2.1: it becomes a key of its own."""
    names = [k.name if isinstance(k, Column) else f"#{side}{i}" for i, k in enumerate(keys)]
    if len(set(names)) < len(names):
        names = [f"#{side}{i}" for i in range(len(keys))]
    added = [lower_expr(k, context.parameters).alias(n) for k, n in zip(keys, names, strict=True) if n.startswith("#")]
    frame = frame.with_columns(added) if added else frame
    floats = [n for n, k in zip(names, keys, strict=True) if k.dtype.is_float()]
    if floats:
        frame = frame.with_columns(
            e
            for n in floats
            for e in (pl.col(n).is_nan().alias(f"#{side}{n}"), pl.col(n).fill_nan(0.0).alias(f"#{side}{n} or 0"))
        )
        names = [n for n in names if n not in floats] + [f"#{side}{n}{rest}" for n in floats for rest in ("", " or 0")]
    return frame, names


def _without_keys(how: str, left: pl.LazyFrame, right: pl.LazyFrame) -> pl.LazyFrame:
    """Every row with every row; an outer join of that keeps a side when the other is empty."""
    one = pl.lit(1, pl.Int8)
    if how == "inner":
        return left.join(right, how="cross")
    left, right = left.with_columns(one.alias("#l")), right.with_columns(one.alias("#r"))
    if how == "right":
        return right.join(left, left_on="#r", right_on="#l", how="left", coalesce=False)
    if how in ("semi", "anti"):
        return left.join(right, left_on="#l", right_on="#r", how=how)  # type: ignore[arg-type]
    return left.join(right, left_on="#l", right_on="#r", how=how, coalesce=False)  # type: ignore[arg-type]


def _outer_with_residual(plan: Join, left: pl.LazyFrame, right: pl.LazyFrame, context: Lowering) -> pl.LazyFrame:
    """The matches by the whole condition, then what matched nothing, with NULLs beside it.

    Each of these frames is one chain of its own: Polars may order rows anew each time it computes an input, so a row
    number of one computation says nothing about another.
    """
    assert plan.residual is not None, "without a residual the plain join does"
    if plan.kind in ("semi", "anti"):
        return _partnered(plan, left, right, context, wanted=plan.kind == "semi").select(list(plan.schema))
    matches = _equi(plan, left, right, context, "inner").filter(lower_expr(plan.residual, context.parameters))
    frames = [matches.select(list(plan.schema))]
    if plan.kind in ("left", "full"):
        frames.append(_partnered(plan, left, right, context, wanted=False).select(list(plan.left.schema)))
    if plan.kind in ("right", "full"):
        mirrored = replace(plan, left=plan.right, right=plan.left, equals=tuple((b, a) for a, b in plan.equals))
        frames.append(_partnered(mirrored, right, left, context, wanted=False).select(list(plan.right.schema)))
    return pl.concat(frames, how="diagonal").select(list(plan.schema))


def _partnered(plan: Join, left: pl.LazyFrame, right: pl.LazyFrame, context: Lowering, *, wanted: bool) -> pl.LazyFrame:
    """Return the rows of the left side that have (or have not) a partner by the whole condition, each once."""
    assert plan.residual is not None, "the caller checked"
    row, there = f"{_ROW}l", f"{_ROW}r"
    joined = _equi(plan, left.with_row_index(row), right.with_columns(pl.lit(value=True).alias(there)), context, "left")
    holds = (pl.col(there).is_not_null() & lower_expr(plan.residual, context.parameters)).fill_null(value=False)
    columns = list(plan.left.schema)
    by_row = (
        joined.with_columns(holds.alias(there))
        .group_by(row)
        .agg(*(pl.col(c).first() for c in columns), pl.col(there).any())
    )
    return by_row.filter(pl.col(there) if wanted else ~pl.col(there))
