"""Expressions to Polars."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import assert_never

import polars as pl
from polars.expr.whenthen import ChainedThen, Then

from rem_arrow.base.datatypes import widens
from rem_arrow.lower import aggregates, attempts, elements, growth, scalar_functions, semantics, vector_scores
from rem_arrow.lower.cast import cast
from rem_arrow.lower.order_key import sort_key
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan import text_scores, types
from rem_arrow.plan.nodes import (
    AggregateCall,
    And,
    Call,
    Case,
    Cast,
    Column,
    Expr,
    InList,
    Lambda,
    Literal,
    Or,
    Parameter,
    Variable,
)
from rem_arrow.plan.walk import columns_of, expr_children, free_names
from rem_arrow.running.allowance import current_allowance

Parameters = Mapping[str, object]

# A condition that can fail holds those before it, so that the expression doubles with each; beyond these it is computed
# in steps.
_GUARDS_MAX = 2
# Of these the first argument is guarded already where they can fail, and NULL gives NULL.
_PASSES_NULL = ("+", "-", "*", "/", "//", "%", "negate", "abs")
_CHAINED = ("concat_operator", "list_concat_operator")
# The column that says, in steps, for which rows an expression counts. No column of a plan has this name.
_ONLY = "#only"


def lower_expr(expr: Expr, parameters: Parameters, *, only: pl.Expr | None = None) -> pl.Expr:
    """Return the Polars expression that computes `expr`, one row in, one row out.

    Polars computes every branch of a CASE for every row. So in a branch that can fail the columns are NULL but where
    `only` holds.
    """
    match expr:
        case Column():
            return pl.col(expr.name) if only is None else pl.when(only).then(pl.col(expr.name))
        case Literal():
            return pl.lit(expr.value, dtype=expr.dtype)
        case Parameter():
            return pl.lit(parameters[expr.name], dtype=expr.dtype)
        case Variable():
            return pl.col(expr.name)
        case Lambda():
            raise AssertionError("a lambda is an argument: the function that takes it lowers it")
        case Call(function="struct_extract", args=(operand, Literal(value=name))):
            return lower_expr(operand, parameters, only=only).struct.field(str(name))
        case Call(args=(_, Lambda(), *_)):
            return _over_items(expr, parameters, only)
        case Call(function="vector_cosine" | "vector_inner_product" | "vector_l2"):
            return _score(expr, parameters, only)
        case Call(function=text_scores.FUNCTION, args=(rowid, Parameter(name=found))):
            return vector_scores.of_rows(lower_expr(rowid, parameters, only=only), parameters[found])
        case Call(function="try", args=(operand,)):
            return _tried(operand, parameters, only)
        case Call(function="coalesce"):
            return _coalesce(expr, parameters, only)
        case Call():
            operands = _operands(expr)
            args = [_argument(a, parameters, only) for a in operands]
            if args and expr.function in scalar_functions.FAILING:
                args[0] = _counted(args[0], operands[0], only)
            lowering = scalar_functions.SCALAR[expr.function]
            literals = all(isinstance(a, (Literal, Parameter)) for a in operands)
            arg_types = [a.dtype for a in operands]
            return growth.bounded(expr.function, lowering, args, arg_types, expr.dtype, literals=literals)
        case Cast():
            return _cast(_counted(lower_expr(expr.operand, parameters, only=only), expr.operand, only), expr)
        case Case():
            return _case(expr, parameters, only)
        case InList():
            return _in_list(expr, parameters, only)
        case And():
            return pl.all_horizontal(_until(expr.operands, parameters, only, ends=False))
        case Or():
            return pl.any_horizontal(_until(expr.operands, parameters, only, ends=True))
        case _:
            assert_never(expr)


def lower_aggregate(
    call: AggregateCall, inputs: list[pl.Expr], where: pl.Expr | None, order: Sequence[pl.Expr] = ()
) -> pl.Expr:
    """Return the Polars expression that computes an aggregate of columns, many rows in, one out; `order` are the keys
    of its ORDER BY."""
    counted = None if where is None else where.fill_null(value=False)
    if call.argument is None:
        return (pl.len() if counted is None else counted.sum()).cast(pl.Int64)
    xs = inputs if counted is None else [x.filter(counted) for x in inputs]
    if order:
        keys = [
            sort_key(k if counted is None else k.filter(counted), s.expr.dtype)
            for k, s in zip(order, call.order, strict=True)
        ]
        directions, last = [k.descending for k in call.order], [k.nulls_last for k in call.order]
        xs = [x.sort_by(keys, descending=directions, nulls_last=last, maintain_order=True) for x in xs]
        if call.function == "sum" and call.dtype.is_float():
            # `sum` adds several rows at a time, which rounds otherwise than row by row.
            return xs[0].drop_nulls().cast(call.dtype).cum_sum().last()
    return aggregates.aggregate(call.function, xs, call.argument.dtype, call.dtype, distinct=call.distinct)


def _counted(lowered: pl.Expr, operand: Expr, only: pl.Expr | None) -> pl.Expr:
    """Return the operand of what can fail, NULL where it does not count: a constant, or a function such as concat, has
    a value there though the columns in it are NULL."""
    passes = isinstance(operand, (Column, Cast)) or (isinstance(operand, Call) and operand.function in _PASSES_NULL)
    passes = passes and bool(columns_of(operand))
    return lowered if only is None or passes else pl.when(only).then(lowered)


def _operands(expr: Call) -> list[Expr]:
    """Return the arguments of a call; of `a || b || c` all operands, so that their result is made at once."""
    if expr.function not in _CHAINED:
        return list(expr.args)
    operands: list[Expr] = []
    first = expr.args
    while isinstance(first[0], Call) and first[0].function == expr.function and first[0].dtype == expr.dtype:
        operands += reversed(first[1:])
        first = first[0].args
    return [*first, *reversed(operands)]


def _cast(operand: pl.Expr, expr: Cast) -> pl.Expr:
    source, dtype = expr.operand.dtype, expr.dtype
    if not (nested.is_nested(source) or nested.is_nested(dtype)) or source == dtype:
        return cast(operand, source, dtype, safe=expr.safe)
    return growth.bounded(
        "cast", lambda args, _types, result: cast(args[0], source, result, safe=expr.safe), [operand], [source], dtype
    )


def _argument(arg: Expr, parameters: Parameters, only: pl.Expr | None) -> pl.Expr:
    lowered = lower_expr(arg, parameters, only=only)
    return lowered.cast(pl.String) if isinstance(arg.dtype, pl.Categorical) else lowered


def _over_items(expr: Call, parameters: Parameters, only: pl.Expr | None) -> pl.Expr:
    """A function that takes a lambda. The body is computed over all items of a batch of lists, beside the columns that
    it reads."""
    source, function, *start = expr.args
    assert isinstance(function, Lambda), "the caller matched one"
    value = lower_expr(function.body, parameters)
    allowance = current_allowance()

    def evaluate(cells: pl.DataFrame) -> pl.Series:
        if not value.meta.root_names() and function.body.dtype.is_nested():
            constant = pl.select(value.alias("")).to_series()
            with allowance.asked(f"the function {expr.function}", growth.bytes_in(constant) * cells.height):
                return constant.new_from_index(0, cells.height)
        made = cells.with_columns(value.alias("#value")).get_column("#value")
        # Into a list each is copied, a constant too.
        with allowance.asked(f"the function {expr.function}", growth.bytes_in(made)):
            return made

    body = elements.Body(tuple(v.name for v in function.variables), evaluate, allowance)
    inputs = {elements.LIST: lower_expr(source, parameters, only=only)}
    if start:
        inputs[elements.ITEM] = lower_expr(start[0], parameters, only=only)
    inputs |= {name: pl.col(name) for name in sorted(free_names(function))}
    return elements.over_rows(
        inputs, lambda rows: elements.over_items(expr.function, rows, body, expr.dtype), expr.dtype
    )


def _case(expr: Case, parameters: Parameters, only: pl.Expr | None) -> pl.Expr:
    """CASE: a condition counts where those before it did not hold, a value where its own holds."""
    if sum(may_fail(c) for c, _ in expr.branches) > _GUARDS_MAX and columns_of(expr):
        return _in_steps(expr, parameters, only, lambda rows: _case_by_branch(expr, rows, parameters))
    chain: Then | ChainedThen | None = None
    still = [] if only is None else [only]
    for condition, value in expr.branches:
        test = lower_expr(condition, parameters, only=_all(still, condition))
        holds = test.fill_null(value=False)
        then = lower_expr(value, parameters, only=_all([*still, holds], value))
        chain = pl.when(test).then(then) if chain is None else chain.when(test).then(then)
        still.append(~holds)
    assert chain is not None, "a CASE has a branch"
    return chain.otherwise(lower_expr(expr.otherwise, parameters, only=_all(still, expr.otherwise)))


def _in_steps(
    expr: Expr, parameters: Parameters, only: pl.Expr | None, work: Callable[[pl.DataFrame], pl.Series]
) -> pl.Expr:
    """Compute an expression over batches of the columns that it reads, and of `only` as the column of that name."""
    inputs = {name: pl.col(name) for name in sorted(columns_of(expr) | free_names(expr))}
    return elements.over_rows({**inputs, _ONLY: pl.lit(value=True) if only is None else only}, work, expr.dtype)


def _case_by_branch(expr: Case, rows: pl.DataFrame, parameters: Parameters) -> pl.Series:
    """Go through the branches, each over the rows that are left: linear in them, where an expression would double with
    each."""
    rows = rows.with_columns(pl.col(_ONLY).fill_null(value=False))
    result = pl.Series("", [None], dtype=expr.dtype).new_from_index(0, rows.height)
    for condition, value in (*expr.branches, (None, expr.otherwise)):
        if condition is None:
            holds = rows[_ONLY]
        else:
            holds = _computed(condition, rows, parameters).cast(pl.Boolean).fill_null(value=False) & rows[_ONLY]
        values = _computed(value, rows.with_columns(holds.alias(_ONLY)), parameters)
        result = result.zip_with(~holds, values.cast(expr.dtype))
        rows = rows.with_columns((rows[_ONLY] & ~holds).alias(_ONLY))
    return result


def _computed(expr: Expr, rows: pl.DataFrame, parameters: Parameters) -> pl.Series:
    """Return the value of each row; where `only` is false nothing fails, and the value means nothing."""
    return rows.with_columns(lower_expr(expr, parameters, only=pl.col(_ONLY)).alias("#value")).get_column("#value")


def _until(operands: tuple[Expr, ...], parameters: Parameters, only: pl.Expr | None, *, ends: bool) -> list[pl.Expr]:
    """The operands of an AND, which false ends, or an OR, which true ends: one that can fail counts where none that
    cannot `ends` it, wherever that stands.

    One that can fail guards no other: each would hold all before it, and the expression would double with each.
    """
    safe = {i: lower_expr(o, parameters, only=only) for i, o in enumerate(operands) if not may_fail(o)}
    going = [(~s if ends else s).fill_null(value=True) for s in safe.values()]
    still = [*([] if only is None else [only]), *going]
    return [safe[i] if i in safe else lower_expr(o, parameters, only=_all(still, o)) for i, o in enumerate(operands)]


def _tried(operand: Expr, parameters: Parameters, only: pl.Expr | None) -> pl.Expr:
    """TRY: NULL for the rows for which the operand is an error."""

    def work(rows: pl.DataFrame) -> pl.Series:
        return attempts.attempted(lambda part: _computed(operand, part, parameters), rows, operand.dtype)

    if columns_of(operand) or free_names(operand):
        return _in_steps(operand, parameters, only, work)
    return pl.lit(work(pl.DataFrame({_ONLY: [True]}))).first()


def _coalesce(expr: Call, parameters: Parameters, only: pl.Expr | None) -> pl.Expr:
    """COALESCE: an operand that can fail counts where all before it are NULL."""
    if sum(map(may_fail, expr.args)) > _GUARDS_MAX and columns_of(expr):
        return _in_steps(expr, parameters, only, lambda rows: _first_found(expr, rows, parameters))
    still, guarded = [] if only is None else [only], []
    for operand in expr.args:
        guarded.append(_argument(operand, parameters, _all(still, operand)))
        still.append(guarded[-1].is_null())
    return pl.coalesce(guarded)


def _first_found(expr: Call, rows: pl.DataFrame, parameters: Parameters) -> pl.Series:
    rows = rows.with_columns(pl.col(_ONLY).fill_null(value=False))
    result = pl.Series("", [None], dtype=expr.dtype).new_from_index(0, rows.height)
    for operand in expr.args:
        values = _computed(operand, rows, parameters).cast(expr.dtype)
        taken = values.is_not_null() & rows[_ONLY]
        result = result.zip_with(~taken, values)
        rows = rows.with_columns((rows[_ONLY] & ~taken).alias(_ONLY))
    return result


def _all(conditions: list[pl.Expr], expr: Expr) -> pl.Expr | None:
    """Return where `expr` counts, or None if that does not matter: it cannot fail."""
    return pl.all_horizontal(conditions) if conditions and may_fail(expr) else None


def may_fail(expr: Expr) -> bool:
    """Say whether computing the expression can raise an error, as a cast or an overflow does."""
    narrows = (
        isinstance(expr, Cast)
        and not expr.safe
        and not widens(expr.operand.dtype, expr.dtype)
        and not types.is_text(expr.dtype)
        and not (types.is_number(expr.operand.dtype) and isinstance(expr.dtype, pl.Boolean))
    )
    if isinstance(expr, Call) and expr.function == "try":
        return False
    fails = narrows or (isinstance(expr, Call) and expr.function in scalar_functions.FAILING)
    return fails or any(may_fail(e) for e in expr_children(expr))


def _score(expr: Call, parameters: Parameters, only: pl.Expr | None) -> pl.Expr:
    column, query = (_argument(a, parameters, only) for a in expr.args)
    metric = vector_scores.METRICS[expr.function]
    if columns_of(expr.args[1]):
        return vector_scores.between(column, query, metric)
    query_expr = expr.args[1]
    return vector_scores.against(
        column,
        parameters[query_expr.name] if isinstance(query_expr, Parameter) else pl.select(query).to_series()[0],
        metric,
    )


def _in_list(expr: InList, parameters: Parameters, only: pl.Expr | None) -> pl.Expr:
    operand = lower_expr(expr.operand, parameters, only=only)
    values: list[object] = []
    for option in expr.options:
        if isinstance(option, Literal):
            values.append(option.value)
        elif isinstance(option, Parameter):
            values.append(parameters[option.name])
        else:
            return pl.any_horizontal(
                [semantics.compared("=", operand, lower_expr(o, parameters, only=only)) for o in expr.options]
            )
    if not columns_of(expr.operand) and not free_names(expr.operand):
        # Beside a list of one row Polars makes a column of one row of a constant, which fits no other column.
        return pl.any_horizontal(
            [semantics.compared("=", operand, pl.lit(v, dtype=expr.operand.dtype)) for v in values]
        )
    return semantics.in_list(operand, values, expr.operand.dtype)
