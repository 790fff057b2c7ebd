"""Window functions to Spark: the frame and the place of NULLs always said."""

from __future__ import annotations

import polars as pl
from sqlglot import exp

from rem_arrow.base.errors import UnsupportedError
from rem_arrow.lower_spark.spark_aggregates import native_aggregate
from rem_arrow.lower_spark.spark_expressions import lower_to_spark
from rem_arrow.lower_spark.spark_functions import is_plain, whole
from rem_arrow.lower_spark.spark_lowering import SparkLowering
from rem_arrow.lower_spark.spark_tree import call, cast, number, operation, ordered, text
from rem_arrow.plan.comparable import comparable
from rem_arrow.plan.nodes import Bound, Call, Cast, Expr, Frame, Literal, SortKey, WindowCall
from rem_arrow.plan.volatility import is_volatile_call

_RANKING = ("row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile")
_BY_FRAME = ("first_value", "last_value", "nth_value")


def lower_window_call(call_: WindowCall, context: SparkLowering) -> exp.Expression:
    """Return the tree of a window call. Raises UnsupportedError."""
    if is_volatile_call(call_):
        raise UnsupportedError(f"{call_.function} gives another value at each call, which no engine elsewhere repeats")
    if call_.inner or call_.distinct:
        raise UnsupportedError(
            f"{call_.function} over a window with DISTINCT or ORDER BY of its own has no equal in Spark"
        )

    def over(aggregate: exp.Expression) -> exp.Expression:
        if call_.where is not None:
            aggregate = exp.Filter(this=aggregate, expression=exp.Where(this=lower_to_spark(call_.where, context)))
        return exp.Window(
            this=aggregate,
            partition_by=[key_tree(e, context) for e in call_.partition],
            order=exp.Order(expressions=[sort_tree(k, context) for k in call_.order]) if call_.order else None,
            spec=None if call_.function in (*_RANKING, "lag", "lead") else _spec(call_),
        )

    if call_.function in _RANKING:
        return cast(over(call(call_.function, *map(_constant, call_.args))), call_.dtype)
    if call_.function in ("lag", "lead"):
        return cast(over(_shifted(call_, context)), call_.dtype)
    if call_.function in _BY_FRAME:
        first, *places = call_.args
        of = call(call_.function, lower_to_spark(first, context), *map(_constant, places))
        return cast(over(exp.IgnoreNulls(this=of) if call_.ignore_nulls else of), call_.dtype)
    argument = call_.args[0] if call_.args else None
    tree = native_aggregate(call_.function, argument, call_.dtype, context, over, distinct=False)
    if tree is None or len(call_.args) > 1 or call_.function == "single":
        raise UnsupportedError(f"{call_.function} over a window has no equal in Spark")
    return tree


def _shifted(call_: WindowCall, context: SparkLowering) -> exp.Expression:
    value, *rest = call_.args
    args = [lower_to_spark(value, context)]
    if rest:
        args.append(_constant(rest[0]))
    if len(rest) > 1:
        args.append(cast(lower_to_spark(rest[1], context), call_.dtype))
    of = call(call_.function, *args)
    return exp.IgnoreNulls(this=of) if call_.ignore_nulls else of


def _constant(expr: Expr) -> exp.Expression:
    value = _integer(expr)
    if value is None:
        raise UnsupportedError("a place or a distance in a window function is a constant for Spark")
    return number(value) if value >= 0 else exp.Neg(this=number(-value))


def _integer(expr: Expr) -> int | None:
    return whole(expr.operand if isinstance(expr, Cast) else expr)


# --- frames


def _spec(call_: WindowCall) -> exp.Expression:
    frame = call_.frame
    if frame is None:
        if not call_.order:
            return exp.WindowSpec(
                kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="UNBOUNDED", end_side="FOLLOWING"
            )
        return exp.WindowSpec(kind="RANGE", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW")
    if frame.exclude or frame.unit == "groups":
        raise UnsupportedError("a window frame in GROUPS or with EXCLUDE has no equal in Spark")
    start, start_side = _bound(frame, frame.start, call_)
    end, end_side = _bound(frame, frame.end, call_)
    return exp.WindowSpec(kind=frame.unit.upper(), start=start, start_side=start_side, end=end, end_side=end_side)


def _bound(frame: Frame, bound: Bound, call_: WindowCall) -> tuple[object, str | None]:
    side = "FOLLOWING" if bound.following else "PRECEDING"
    if bound.offset is None:
        return "UNBOUNDED", side
    if _is_current(frame, bound.offset, call_):
        return "CURRENT ROW", None
    distance = bound.offset
    if frame.unit == "range":
        key = call_.order[0].expr
        if not isinstance(distance, Call) or distance.function not in ("+", "-") or not key.dtype.is_integer():
            raise UnsupportedError("a window frame in RANGE with such an offset has no equal in Spark")
        distance = distance.args[1]
    value = _integer(distance)
    if value is None or value < 0:
        raise UnsupportedError("the offset of a window frame is a constant that is not negative for Spark")
    return number(value), side


def _is_current(frame: Frame, offset: Expr, call_: WindowCall) -> bool:
    if frame.unit == "range" and len(call_.order) == 1:
        return offset == call_.order[0].expr
    return isinstance(offset, Literal) and offset.value == 0


# --- keys


def key_tree(expr: Expr, context: SparkLowering) -> exp.Expression:
    """Return what groups rows as `expr` does. Raises UnsupportedError."""
    if not is_plain(expr.dtype):
        raise UnsupportedError(
            "groups, partitions and joins by lists, structs or intervals with months have no equal in Spark"
        )
    tree = lower_to_spark(expr, context)
    # -0.0 is another key in Sail.
    return operation(exp.Add, tree, cast(number(0), expr.dtype)) if expr.dtype.is_float() else tree


def sort_tree(key: SortKey, context: SparkLowering) -> exp.Expression:
    """Return a key of ORDER BY. Raises UnsupportedError."""
    expr = comparable(key.expr)
    if expr.dtype.is_nested():
        raise UnsupportedError("lists and structs have another order in Spark; order by their items or fields")
    tree = key_tree(expr, context)
    if isinstance(expr.dtype, pl.Enum):
        categories = call("array", *(text(str(c)) for c in expr.dtype.categories))
        tree = call("array_position", categories, tree)
    return ordered(tree, descending=key.descending, nulls_last=key.nulls_last)
