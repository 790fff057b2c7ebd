"""Plans to Spark: each node is a step of a WITH, over the steps of its inputs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

import polars as pl
from sqlglot import exp

from rem_arrow.base.errors import UnsupportedError
from rem_arrow.lower.relation import row_limit
from rem_arrow.lower_spark.spark_aggregates import lower_aggregate_call
from rem_arrow.lower_spark.spark_expressions import lower_to_spark
from rem_arrow.lower_spark.spark_lowering import SparkLowering, from_view
from rem_arrow.lower_spark.spark_tree import (
    aliased,
    call,
    cast,
    chained,
    column,
    identifier,
    number,
    operation,
    written,
)
from rem_arrow.lower_spark.spark_windows import key_tree, lower_window_call, sort_tree
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
    SortKey,
    Union,
    Unnest,
    Values,
    Window,
    Working,
)
from rem_arrow.plan.walk import passed, substitute
from rem_arrow.publish.published_types import published_name

_NOTHING = "rem_nothing"
_SIDES = {"inner": "INNER", "left": "LEFT", "right": "RIGHT", "full": "FULL", "semi": "LEFT SEMI", "anti": "LEFT ANTI"}
# Rows of constants beyond these are shipped.
_VALUES_MAX = 200


def statement_text(plan: Relation, context: SparkLowering, *, pretty: bool = False) -> str:
    """Return the statement in Spark's SQL that computes a plan; its columns are in the types that hold ours, under
    names that no column below has: ORDER BY would take these first. Raises UnsupportedError for what has no equal
    there."""
    block = _block(plan, context)
    outputs = [
        aliased(cast(lower_to_spark(e, context), e.dtype), context.name(f"output {i}"))
        for i, (_, e) in enumerate(block.outputs)
    ]
    tree = _selected(block, outputs, context)
    if context.steps:
        ctes = [exp.CTE(this=query, alias=exp.TableAlias(this=identifier(name))) for name, query in context.steps]
        tree.set("with_", exp.With(expressions=ctes))
    return written(tree, pretty=pretty)


@dataclass(frozen=True, slots=True)
class _Block:
    """A SELECT over a step: outputs over the columns of the step, in an order, and how many."""

    step: str
    outputs: tuple[tuple[str, Expr], ...]
    order: tuple[SortKey, ...] = ()
    count: int | None = None
    offset: int | None = None

    @property
    def is_cut(self) -> bool:
        return self.count is not None or self.offset is not None


def _block(plan: Relation, context: SparkLowering) -> _Block:
    """Return a plan as a SELECT whose order is kept."""
    match plan:
        case Sort():
            return replace(_over(plan.input, context), order=plan.keys)
        case Limit():
            inner = _block(plan.input, context)
            if inner.is_cut:
                inner = _over_step(_step_of(inner, context), plan)
            count, offset = (_whole(e, context) for e in (plan.count, plan.offset))
            return replace(inner, count=count, offset=offset)
        case Project():
            inner = _block(plan.input, context)
            by_name = dict(inner.outputs)
            plain = all(isinstance(e, Column) for e in by_name.values())
            if not (plain or inner.order or inner.is_cut):
                inner = _over_step(_step_of(inner, context), plan.input)
                by_name = dict(inner.outputs)
            return replace(inner, outputs=tuple((n, substitute(e, by_name)) for n, e in plan.outputs))
        case _:
            return _over(plan, context)


def _over(plan: Relation, context: SparkLowering) -> _Block:
    return _over_step(lower_step(plan, context), plan)


def _over_step(step: str, plan: Relation) -> _Block:
    return _Block(step, passed(plan))


def _step_of(block: _Block, context: SparkLowering) -> str:
    outputs = [aliased(lower_to_spark(e, context), context.name(n)) for n, e in block.outputs]
    return context.step(_selected(block, outputs, context))


def _selected(block: _Block, outputs: list[exp.Expression], context: SparkLowering) -> exp.Select:
    select = _select(outputs, block.step)
    if block.order:
        select.set("order", exp.Order(expressions=[sort_tree(k, context) for k in block.order]))
    if block.count is not None:
        select.set("limit", exp.Limit(expression=number(block.count)))
    if block.offset:
        select.set("offset", exp.Offset(expression=number(block.offset)))
    return select


def _select(outputs: list[exp.Expression], step: str) -> exp.Select:
    return exp.Select(expressions=outputs or [aliased(number(1), _NOTHING)], from_=from_view(step))


def _whole(expr: Expr | None, context: SparkLowering) -> int | None:
    if expr is None:
        return None
    assert isinstance(expr, (Literal, Parameter)), "a limit is a literal or a parameter"
    return row_limit(expr.value if isinstance(expr, Literal) else context.parameters[expr.name])


# --- nodes


def lower_step(plan: Relation, context: SparkLowering) -> str:
    """Return the name of the step, or view, that has the rows of a plan."""
    match plan:
        case Scan():
            return _scan(plan, context)
        case Values():
            return _values(plan, context)
        case Filter():
            select = _select(_columns(plan.input, context), lower_step(plan.input, context))
            select.set("where", exp.Where(this=lower_to_spark(plan.condition, context)))
            return context.step(select)
        case Project() | Limit():
            return _step_of(_block(plan, context), context)
        case Sort():
            # Without a LIMIT the order of an inner plan says nothing.
            return lower_step(plan.input, context)
        case Join():
            return _join(plan, context)
        case Aggregate():
            return _aggregate(plan, context)
        case Union():
            return context.step(_union(plan, context))
        case Window():
            if isinstance(plan.input, Sort) and any(not c.order for _, c in plan.calls):
                raise UnsupportedError("a LIMIT that is computed has no equal in Spark; give it as a parameter")
            own = [aliased(lower_window_call(c, context), context.name(n)) for n, c in plan.calls]
            return context.step(_select([*_columns(plan.input, context), *own], lower_step(plan.input, context)))
        case Unnest():
            return _unnest(plan, context)
        case Shared():
            if plan.number not in context.shared:
                context.shared[plan.number] = lower_step(plan.input, context)
            return context.shared[plan.number]
        case Search() | Index():
            return _shipped(plan, context)
        case Recursive() | Working():
            raise UnsupportedError("WITH RECURSIVE has no equal there; Sail has none")
        case Apply():
            raise AssertionError("decorrelate leaves no Apply")
        case _:
            assert_never(plan)


def _columns(plan: Relation, context: SparkLowering) -> list[exp.Expression]:
    return [column(context.name(n)) for n in plan.schema]


def _scan(plan: Scan, context: SparkLowering) -> str:
    table = context.published(plan.source)
    if table is None:
        return _shipped(plan, context)
    outputs = [aliased(column(published_name(source)), context.name(n)) for n, source, _ in plan.columns]
    return context.step(_select(outputs, context.table(table)))


def _shipped(plan: Relation, context: SparkLowering) -> str:
    rows = context.local(plan)
    names = {n: context.name(n) for n in plan.schema}
    return context.ship(rows.rename(names), {names[n]: t for n, t in plan.schema.items()})


def _values(plan: Values, context: SparkLowering) -> str:
    if len(plan.rows) > _VALUES_MAX:
        return _shipped(plan, context)
    rows: list[exp.Expression] = []
    for row in plan.rows:
        values = [
            aliased(cast(lower_to_spark(e, context), t), context.name(n))
            for (n, t), e in zip(plan.columns, row, strict=True)
        ]
        rows.append(exp.Select(expressions=values or [aliased(number(1), _NOTHING)]))
    if not rows:
        nulls = [aliased(cast(exp.Null(), t), context.name(n)) for n, t in plan.columns]
        empty = exp.Select(expressions=nulls or [aliased(number(1), _NOTHING)])
        empty.set("where", exp.Where(this=exp.Boolean(this=False)))
        rows.append(empty)
    return context.step(_together(rows))


def _together(queries: list[exp.Expression]) -> exp.Expression:
    if len(queries) == 1:
        return queries[0]
    middle = len(queries) // 2
    return exp.Union(this=_together(queries[:middle]), expression=_together(queries[middle:]), distinct=False)


def _union(plan: Union, context: SparkLowering) -> exp.Expression:
    names = [context.name(n) for n in plan.schema]
    types = list(plan.schema.values())
    return _together(
        [
            _select(
                [aliased(cast(c, t), name) for c, name, t in zip(_columns(branch, context), names, types, strict=True)],
                lower_step(branch, context),
            )
            for branch in plan.inputs
        ]
    )


def _join(plan: Join, context: SparkLowering) -> str:
    if plan.kind not in _SIDES:
        raise UnsupportedError(f"{plan.kind.upper()} joins have no equal in Spark")
    left, right = lower_step(plan.left, context), lower_step(plan.right, context)
    equal: type[exp.Expression] = exp.NullSafeEQ if plan.nulls_equal else exp.EQ
    conditions = [operation(equal, key_tree(a, context), key_tree(b, context)) for a, b in plan.equals]
    if plan.residual is not None:
        conditions.append(lower_to_spark(plan.residual, context))
    select = _select(_columns(plan, context), left)
    condition = chained(exp.And, conditions) if conditions else exp.Boolean(this=True)
    # The same step may stand on both sides.
    join = exp.Join(this=exp.Table(this=identifier(right)), kind=_SIDES[plan.kind], on=condition)
    select.set("joins", [join])
    return context.step(select)


def _aggregate(plan: Aggregate, context: SparkLowering) -> str:
    step = lower_step(plan.input, context)
    keys = {n: key_tree(e, context) for n, e in plan.keys}
    made = {n: keys[n] for n, e in plan.keys if e != Column(n, e.dtype) or e.dtype.is_float()}
    if made:
        kept = [column(context.name(n)) for n in plan.input.schema if n not in made]
        step = context.step(_select([*kept, *(aliased(tree, context.name(n)) for n, tree in made.items())], step))
    outputs = [column(context.name(n)) for n, _ in plan.keys]
    outputs += [aliased(lower_aggregate_call(c, context), context.name(n)) for n, c in plan.aggregates]
    if not outputs:
        # GROUP BY () without aggregates is one row.
        outputs = [aliased(call("count", number(1)), _NOTHING)]
    select = _select(outputs, step)
    if plan.keys:
        select.set("group", exp.Group(expressions=[column(context.name(n)) for n, _ in plan.keys]))
    return context.step(select)


def _unnest(plan: Unnest, context: SparkLowering) -> str:
    if len(plan.outputs) != 1:
        raise UnsupportedError("UNNEST of several lists side by side has no equal in Spark")
    ((name, expr),) = plan.outputs
    assert isinstance(expr.dtype, (pl.List, pl.Array)), "only lists are unnested"
    view, place = context.name(f"{name} of list"), context.name(f"{name} place")
    value = context.name(name)
    lateral = exp.Lateral(
        this=call("posexplode", lower_to_spark(expr, context)),
        view=True,
        outer=plan.keep_empty,
        alias=exp.TableAlias(this=identifier(view), columns=[identifier(place), identifier(value)]),
    )
    outputs = [*_columns(plan.input, context), column(value)]
    if plan.ordinality is not None:
        outputs.append(
            aliased(cast(operation(exp.Add, column(place), number(1)), pl.Int64()), context.name(plan.ordinality))
        )
    select = _select(outputs, lower_step(plan.input, context))
    select.set("laterals", [lateral])
    return context.step(select)
