"""Window functions: `f(...) OVER (...)`, with named windows, frames, FILTER and IGNORE NULLS."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import polars as pl
from sqlglot import exp

from rem_arrow.base.datatypes import sql_name
from rem_arrow.plan import functions, types
from rem_arrow.plan.collations import is_collating
from rem_arrow.plan.kinds import Exclude, FrameUnit
from rem_arrow.plan.nodes import Bound, Call, Column, Expr, Frame, Literal, SortKey, WindowCall
from rem_arrow.sql.bind.aggregate_calls import aggregate_call
from rem_arrow.sql.bind.binder import ExprBinder, sort_key
from rem_arrow.sql.bind.conversions import cast_to, castable
from rem_arrow.sql.text.arguments import name_and_arguments
from rem_arrow.sql.text.trees import named_argument

_INT = pl.Int64()
_NAMED: dict[str, tuple[str, ...]] = {
    "lead": ("col", "offset", "default"),
    "lag": ("col", "offset", "default"),
    "ntile": ("num_buckets",),
}
_RANKING: dict[str, pl.DataType] = {
    "row_number": _INT,
    "rank": _INT,
    "dense_rank": _INT,
    "percent_rank": pl.Float64(),
    "cume_dist": pl.Float64(),
    "ntile": _INT,
}
_VALUES = {"lag": (1, 3), "lead": (1, 3), "first_value": (1, 1), "last_value": (1, 1), "nth_value": (2, 2)}
# Whether a value function passes over NULLs.
_NULLS: dict[type[exp.Expression], bool] = {exp.IgnoreNulls: True, exp.RespectNulls: False}
# What adds an offset to the key of RANGE, and what does so where there may be nothing.
_FRAME_BOUNDS = {"add_interval": "frame_bound", "add_days": "frame_days"}
_ALIASES = {"first": "first_value", "last": "last_value", "rank_dense": "dense_rank"}


@dataclass(frozen=True, slots=True)
class _Over:
    """What stands after OVER, with the named window that it builds on."""

    partition: tuple[exp.Expression, ...] = ()
    order: tuple[exp.Expression, ...] = ()
    spec: exp.Expression | None = None


def window(binder: ExprBinder, tree: exp.Expression) -> Expr:
    """Bind a call with OVER."""
    if binder.collected.windows is None:
        raise binder.error(
            "a window function cannot stand here",
            tree,
            "Window functions belong in SELECT, QUALIFY or ORDER BY; compute them in a subquery and filter that.",
        )
    if tree.args.get("over") not in (None, "OVER"):
        raise binder.unsupported(f"{tree.args['over']} is not supported; write OVER", tree)
    inner = binder.without_windows()
    over = _resolved(binder, tree)
    partition = tuple(inner.bind(t) for t in over.partition)
    order = tuple(sort_key(inner.bind(o.this), o) for o in over.order)
    call = _call(inner, tree.this)
    frame = None if over.spec is None else _frame(inner, over.spec, over.order, order)
    return _collected(
        binder,
        replace(
            call, partition=partition, order=order, frame=frame if call.inner or call.function not in _RANKING else None
        ),
    )


def _resolved(binder: ExprBinder, tree: exp.Expression, seen: tuple[str, ...] = ()) -> _Over:
    name = tree.args.get("alias")
    own = _Over(
        tuple(tree.args.get("partition_by") or ()),
        tuple(tree.args["order"].expressions) if tree.args.get("order") else (),
        tree.args.get("spec"),
    )
    if name is None:
        return own
    folded = name.name.casefold()
    named = binder.collected.named_windows.get(folded)
    if named is None or folded in seen:
        raise binder.error(f'no window "{name.name}"', name, "Name it behind the FROM: WINDOW w AS (PARTITION BY ...).")
    base = _resolved(binder, named, (*seen, folded))
    return _Over(own.partition or base.partition, own.order or base.order, own.spec or base.spec)


def _call(binder: ExprBinder, tree: exp.Expression) -> WindowCall:
    where, ignore_nulls = None, False
    while isinstance(tree, exp.Filter) or type(tree) in _NULLS:
        if isinstance(tree, exp.Filter):
            where = binder.boolean(tree.expression.this, "FILTER")
        else:
            ignore_nulls = _NULLS[type(tree)]
        tree = tree.this
    if isinstance(tree, exp.Window):
        raise binder.error("OVER stands once behind a call", tree)
    if not isinstance(tree, exp.Func):
        raise binder.error("OVER stands behind the call of a function", tree)
    name, trees = name_and_arguments(tree)
    if trees and type(trees[0]) in _NULLS:
        ignore_nulls = _NULLS[type(trees[0])]
        trees = [trees[0].this, *trees[1:]]
    name = _ALIASES.get(name, name)
    trees, inner = _inner_order(binder, trees)
    trees = _in_place(binder, name, trees)
    if name in _RANKING:
        return replace(_ranking(binder, name, trees, tree), inner=inner)
    if name in _VALUES:
        return replace(_value(binder, name, trees, tree), where=where, ignore_nulls=ignore_nulls, inner=inner)
    aggregate = aggregate_call(binder, tree, where)
    if aggregate is None:
        names = [*_RANKING, *_VALUES, *functions.AGGREGATES]
        raise binder.error(
            f"{name} is not a window function or an aggregate",
            tree,
            "Window functions: " + ", ".join(names[:11]) + ", and all aggregates.",
        )
    args = () if aggregate.argument is None else (aggregate.argument, *aggregate.extra)
    if aggregate.distinct and name != "count" and any(is_collating(a.dtype) for a in args):
        raise binder.unsupported(f"{name}(DISTINCT ...) OVER of texts with a collation is not supported", tree)
    return WindowCall(
        aggregate.function,
        args,
        aggregate.dtype,
        where=aggregate.where,
        distinct=aggregate.distinct,
        inner=aggregate.order,
    )


def _in_place(binder: ExprBinder, name: str, trees: list[exp.Expression]) -> list[exp.Expression]:
    """Return the arguments in their places: `lead(col := x, "default" := 0)` names them."""
    by_name = dict(named for t in trees if (named := named_argument(t)) is not None)
    if not by_name:
        return trees
    names = _NAMED.get(name, ())
    plain = [t for t in trees if named_argument(t) is None]
    left = names[len(plain) :]
    if not by_name.keys() <= set(left) or (names[0] in left and names[0] not in by_name):
        raise binder.error(f"{name} takes {', '.join(names) or 'no argument by a name'}", trees[0])
    filled = [*plain, *(by_name.get(n) for n in left)]
    while filled[-1] is None:
        filled.pop()
    # The offset between a column and a default that is given.
    return [t if t is not None else exp.Literal.number(1) for t in filled]


def _inner_order(binder: ExprBinder, trees: list[exp.Expression]) -> tuple[list[exp.Expression], tuple[SortKey, ...]]:
    """Part `v ORDER BY y` among the arguments of a window function; an aggregate's is bound with the aggregate."""
    if not trees or not isinstance(trees[-1], exp.Order):
        return trees, ()
    last = trees[-1]
    return [*trees[:-1], *([last.this] if last.this is not None else [])], tuple(
        sort_key(binder.bind(o.this), o) for o in last.expressions
    )


def _ranking(binder: ExprBinder, name: str, trees: list[exp.Expression], tree: exp.Expression) -> WindowCall:
    count = 1 if name == "ntile" else 0
    if len(trees) != count:
        raise binder.error(f"{name} takes {count} argument(s), not {len(trees)}", tree)
    return WindowCall(name, tuple(_count(binder, name, t) for t in trees), _RANKING[name])


def _value(binder: ExprBinder, name: str, trees: list[exp.Expression], tree: exp.Expression) -> WindowCall:
    least, most = _VALUES[name]
    if not least <= len(trees) <= most:
        raise binder.error(f"{name} takes {least} to {most} argument(s), not {len(trees)}", tree)
    args = [_count(binder, name, t) if i == 1 else binder.bind(t) for i, t in enumerate(trees)]
    if isinstance(args[0].dtype, pl.Null):
        args[0] = cast_to(args[0], pl.Int32())
    if len(args) > 2:
        args[2] = _default(binder, args[2], args[0].dtype, trees[2])
    return WindowCall(name, tuple(args), args[0].dtype)


def _count(binder: ExprBinder, name: str, tree: exp.Expression) -> Expr:
    """Bind a number of rows."""
    count = binder.bind(tree)
    if not (count.dtype.is_numeric() or types.is_text(count.dtype) or isinstance(count.dtype, pl.Null)):
        raise binder.error(f"{name} takes a number of rows, and this is {sql_name(count.dtype)}", tree)
    return cast_to(count, _INT)


def _default(binder: ExprBinder, value: Expr, dtype: pl.DataType, tree: exp.Expression) -> Expr:
    """Return what lag and lead give where there is no such row: cast to the type of the others."""
    if not castable(value.dtype, dtype):
        raise binder.error(f"the default is {sql_name(value.dtype)}, where {sql_name(dtype)} is needed", tree)
    return cast_to(value, dtype, explicit=True)


def _frame(
    binder: ExprBinder, spec: exp.Expression, order: tuple[exp.Expression, ...], keys: tuple[SortKey, ...]
) -> Frame:
    unit = cast(FrameUnit, str(spec.args.get("kind") or "rows").lower())
    start = _bound(binder, spec, "start", unit, order, keys)
    end = _bound(binder, spec, "end", unit, order, keys)
    if (start.offset is None and start.following) or (end.offset is None and not end.following):
        raise binder.error("a frame cannot begin at UNBOUNDED FOLLOWING or end at UNBOUNDED PRECEDING", spec)
    exclude = spec.args.get("exclude")
    excluded = "" if exclude is None else exclude.name.lower()
    return Frame(unit, start, end, cast(Exclude, "" if excluded == "no others" else excluded))


def _bound(
    binder: ExprBinder,
    spec: exp.Expression,
    which: str,
    unit: FrameUnit,
    order: tuple[exp.Expression, ...],
    keys: tuple[SortKey, ...],
) -> Bound:
    value, side = spec.args.get(which), str(spec.args.get(f"{which}_side") or "").upper()
    if value is None or value == "CURRENT ROW":
        # A frame of one bound ends at the current row.
        current = keys[0].expr if unit == "range" and len(keys) == 1 else Literal(0, _INT)
        return Bound(current, following=which == "end")
    if value == "UNBOUNDED":
        return Bound(None, following=side == "FOLLOWING")
    following = side == "FOLLOWING"
    if unit != "range":
        return Bound(_count(binder, unit.upper(), value), following)
    if len(order) != 1:
        raise binder.error("RANGE with an offset needs ORDER BY of one expression", spec)
    later = following != keys[0].descending
    key = order[0].this.copy()
    if keys[0].expr.dtype.is_integer():
        # Beyond the ends of the key's type lies nothing, and no error.
        key = exp.Cast(this=key, to=exp.DataType.build("HUGEINT", dialect="duckdb"))
    target = (exp.Add if later else exp.Sub)(this=key, expression=exp.Paren(this=value.copy()))
    bound = binder.bind(target)
    if isinstance(bound, Call) and bound.function in _FRAME_BOUNDS:
        bound = replace(bound, function=_FRAME_BOUNDS[bound.function])
    return Bound(bound, following)


def _collected(binder: ExprBinder, call: WindowCall) -> Expr:
    """Return the column of a call; the same call twice is one."""
    windows = binder.collected.windows
    assert windows is not None, "the caller checked that windows may stand here"
    name = next((name for name, other in windows.items() if other == call), None)
    if name is None:
        name = binder.names.fresh(f"{call.function}() over")
        windows[name] = call
    return Column(name, call.dtype)
