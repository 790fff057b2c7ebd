"""Functions over the items of lists: with lambdas, with the name of an aggregate, ANY and ALL, and IN of a list."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
from sqlglot import exp

from rem_arrow.base.datatypes import sql_name
from rem_arrow.base.errors import suggest
from rem_arrow.plan import functions, types
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan.nodes import Call, Case, Expr, Lambda, Literal, Variable
from rem_arrow.sql.bind.binder import ExprBinder, Operator
from rem_arrow.sql.bind.constructors import (
    row,
    struct_contains,
    struct_insert,
    struct_position,
    struct_update,
    struct_values,
)
from rem_arrow.sql.bind.containers import apply, unified
from rem_arrow.sql.bind.scalar_calls import call, expect
from rem_arrow.sql.bind.subscripts import at, sliced
from rem_arrow.sql.text.trees import literal_text

_BOOL, _INT = pl.Boolean(), pl.Int64()


def _any(binder: ExprBinder, name: str, operand: Expr, tree: exp.Expression) -> Expr:
    """`x = ANY(list)`, `x < ALL(list)`: IN and NOT IN for lists; a comparison over the items else."""
    values, every = binder.bind(tree.this), isinstance(tree, exp.All)
    if isinstance(values.dtype, pl.Null):
        return Literal(every, _BOOL)
    if not nested.is_list(values.dtype):
        raise binder.error(f"{tree.key.upper()} takes a list or a subquery, and this is {sql_name(values.dtype)}", tree)
    (values,) = unified(binder, ["array"], [values], tree)
    item = Variable(_name(binder, "item"), nested.item_of(values.dtype))
    pair = binder.same([operand, item], tree)
    body = Lambda((item,), Call(name, (pair[0], pair[1]), _BOOL), _BOOL)
    answers = Call("list_transform", (values, body), pl.List(_BOOL))
    holds = Call("list_all" if every else "list_any", (answers,), _BOOL)
    some = Call(">", (apply("list_length", values), Literal(0, _INT)), _BOOL)
    return Case(((some, holds),), Literal(every, _BOOL), _BOOL)


# --- lambdas


def _lambda(binder: ExprBinder, tree: exp.Expression, source: list[pl.DataType], what: str) -> Lambda:
    if not isinstance(tree, exp.Lambda):
        raise binder.error(f"{what} takes a lambda here", tree, "Write for example lambda x: x + 1.")
    names = [e.name for e in tree.expressions]
    if len(names) > len(source) or len(names) < nested.LAMBDAS[what]:
        raise binder.error(
            f"the lambda of {what} takes {nested.LAMBDAS[what]} or {len(source)} parameters, not {len(names)}", tree
        )
    variables = tuple(Variable(_name(binder, n), t) for n, t in zip(names, source, strict=False))
    body = binder.within(dict(zip(names, variables, strict=True))).bind(tree.this)
    return Lambda(variables, body, body.dtype)


def _transform(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    source = _source(binder, trees, "list_transform", tree)
    body = _lambda(binder, trees[1], [nested.item_of(source.dtype), _INT], "list_transform")
    return Call("list_transform", (source, body), pl.List(body.dtype))


def _filter(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    source = _source(binder, trees, "list_filter", tree)
    body = _lambda(binder, trees[1], [nested.item_of(source.dtype), _INT], "list_filter")
    if isinstance(source, Literal) and source.value is None and isinstance(nested.item_of(source.dtype), pl.Null):
        return Literal(None, pl.Null())
    return Call(
        "list_filter",
        (source, Lambda(body.variables, binder.as_boolean(body.body, tree, "list_filter"), _BOOL)),
        source.dtype,
    )


def _reduce(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """The value so far has the type of the items, the first value and the body together."""
    source = _source(binder, trees[:2], "list_reduce", tree)
    item = nested.item_of(source.dtype)
    start = [binder.bind(trees[2])] if len(trees) > 2 else []
    value = types.common(item, start[0].dtype) or pl.String() if start else item
    body = _lambda(binder, trees[1], [value, item, _INT], "list_reduce")
    dtype = types.common(value, body.dtype) or value
    body = _lambda(binder, trees[1], [dtype, item, _INT], "list_reduce")
    body = Lambda(body.variables, binder.converted(body.body, dtype, tree), dtype)
    return Call("list_reduce", (source, body, *(binder.converted(s, dtype, tree) for s in start)), dtype)


def _name(binder: ExprBinder, name: str) -> str:
    """Return the name of a variable: the same for the same lambda, so that GROUP BY knows it again, and another for one
    within it."""
    return f"λ{len(binder.variables)}:{name}"


def _source(binder: ExprBinder, trees: list[exp.Expression], name: str, tree: exp.Expression) -> Expr:
    if len(trees) != 2:
        raise binder.error(f"{name} takes a list and a lambda", tree)
    (source,) = unified(binder, ["array"], [binder.bind(trees[0])], tree)
    if not nested.is_list(source.dtype):
        raise binder.error(f"{name} takes a list first, and this is {sql_name(source.dtype)}", tree)
    return source


# --- functions whose arguments say what they are


def _list_aggregate(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    if len(trees) < 2 or literal_text(trees[1]) is None:
        raise binder.error("list_aggregate takes a list and the name of an aggregate, as a text", tree)
    name = functions.canonical(trees[1].name)
    if name not in functions.AGGREGATES:
        raise binder.error(f"no aggregate {name}", tree, suggest(name, list(functions.AGGREGATES), "Aggregates"))
    return call(binder, f"list_{name}", [trees[0], *trees[2:]], tree)


def _sort(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """list_sort(l, 'DESC', 'NULLS FIRST'); list_reverse_sort has no direction of its own."""
    words = [t.name.upper() for t in trees[1:]]
    if isinstance(tree, exp.ArraySort):
        trees = [tree.this]
        asc, first = tree.args.get("asc"), tree.args.get("nulls_first")
        words = [
            "DESC" if isinstance(asc, exp.Boolean) and not asc.this else "ASC",
            "NULLS FIRST" if isinstance(first, exp.Boolean) and first.this else "NULLS LAST",
        ]
    reverse = isinstance(tree, exp.Anonymous) and functions.canonical(tree.name) == "list_reverse_sort"
    expect(binder, trees, 1, tree, most=2 if reverse else 3)
    backwards = reverse != ("DESC" in words)
    called = call(binder, "list_reverse_sort" if backwards else "list_sort", trees[:1], tree)
    assert isinstance(called, Call), "a function's call is one"
    return Call(f"{called.function}_nulls_first", called.args, called.dtype) if "NULLS FIRST" in words else called


def _slice_call(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    expect(binder, trees, 3, tree, most=4)
    args = [binder.bind(trees[0]), *(binder.converted(binder.bind(t), _INT, tree) for t in trees[1:])]
    return sliced(binder, args, tree)


def _extract_call(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    expect(binder, trees, 2, tree)
    return at(binder, binder.bind(trees[0]), binder.bind(trees[1]), tree)


def _without_end(name: str) -> Callable[[ExprBinder, list[exp.Expression], exp.Expression], Expr]:
    """array_pop_front(l) and array_pop_back(l): all items but the first, or the last."""

    def bind(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
        expect(binder, trees, 1, tree)
        source = binder.bind(trees[0])
        ends = (2, -1) if name.endswith("front") else (1, -2)
        return sliced(binder, [source, *(Literal(end, _INT) for end in ends)], tree)

    return bind


def _joined_by_commas(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    separator = trees[1:] or [exp.Literal.string(",")]
    return call(binder, "array_to_string", [trees[0], *separator], tree)


def _prepend_to(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    return call(binder, "list_prepend", trees[::-1], tree)


def _row_call(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    return row(binder, exp.Tuple(expressions=[t.copy() for t in trees]))


def _list_end(place: int) -> Callable[[ExprBinder, list[exp.Expression], exp.Expression], Expr]:
    def bind(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
        expect(binder, trees, 1, tree)
        return at(binder, binder.bind(trees[0]), Literal(place, _INT), tree)

    return bind


def _overlap(name: str, *, turned: bool = False) -> Operator:
    def bind(binder: ExprBinder, tree: exp.Expression) -> Expr:
        pair = [tree.this, tree.expression]
        return call(binder, name, pair[::-1] if turned else pair, tree)

    return bind


def _map_contains_value(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """map_contains_value(m, v): whether v is among the values, in a type in which they meet."""
    if len(trees) != 2:
        raise binder.error(f"map_contains_value takes 2 arguments, not {len(trees)}", tree)
    values = exp.Anonymous(this="map_values", expressions=[trees[0].copy()])
    return call(binder, "list_contains", [values, trees[1]], tree)


def in_list_value(binder: ExprBinder, operand: Expr, values: exp.Expression, tree: exp.Expression) -> Expr:
    """`x IN list`: where the right side is one value, a list."""
    bound = binder.bind(values)
    if nested.is_map(bound.dtype):
        return apply("map_contains", bound, operand)
    (bound, operand) = unified(binder, ["list", "item"], [bound, operand], tree)
    return apply("list_contains", bound, operand)


BY_NAME: dict[str, Callable[[ExprBinder, list[exp.Expression], exp.Expression], Expr]] = {
    "list_transform": _transform,
    "list_filter": _filter,
    "list_reduce": _reduce,
    "list_aggregate": _list_aggregate,
    "list_sort": _sort,
    "list_reverse_sort": _sort,
    "list_slice": _slice_call,
    "list_extract": _extract_call,
    "struct_extract": _extract_call,
    "struct_extract_at": _extract_call,
    "map_contains_value": _map_contains_value,
    "struct_values": struct_values,
    **dict.fromkeys(("struct_position", "struct_indexof"), struct_position),
    **dict.fromkeys(("struct_contains", "struct_has"), struct_contains),
    "array_to_string_comma_default": _joined_by_commas,
    "struct_insert": struct_insert,
    "struct_update": struct_update,
    "list_prepend_to": _prepend_to,
    "row": _row_call,
    **{name: _without_end(name) for name in ("array_pop_front", "array_pop_back")},
    "list_first": _list_end(1),
    "list_last": _list_end(-1),
}
TREES: dict[type[exp.Expression], Operator] = {
    exp.ArrayOverlaps: _overlap("list_has_any"),
    exp.ArrayContainsAll: _overlap("list_has_all"),
    exp.ArrayContainedBy: _overlap("list_has_all", turned=True),
    exp.Distance: _overlap("list_distance"),
}


def quantified(binder: ExprBinder, name: str, left: exp.Expression, right: exp.Expression) -> Expr:
    """`x = ANY(list)`."""
    return _any(binder, name, binder.bind(left), right)
