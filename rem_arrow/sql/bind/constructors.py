"""Lists, structs, rows and maps that a text writes out."""

from __future__ import annotations

import polars as pl
from sqlglot import exp

from rem_arrow.base.datatypes import sql_name
from rem_arrow.base.schema import is_pattern
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan.nodes import Call, Case, Expr, Literal
from rem_arrow.sql.bind.binder import ExprBinder, Operator
from rem_arrow.sql.bind.containers import field, listed, packed, unified
from rem_arrow.sql.bind.subscripts import indexed

_EMPTY_MAP = Call("list_value", (), nested.map_of(pl.Null(), pl.Null()))


def list_value(binder: ExprBinder, tree: exp.Expression) -> Expr:
    """`[x, y]`, ARRAY[x, y], list_value(x, y), and `[x + 1 for x in l if x > 1]`."""
    match tree.expressions:
        case [exp.Comprehension() as comprehension]:
            return _comprehension(binder, comprehension)
        case [exp.Query() as query] if not tree.args.get("value_constructor"):
            return _array_of(binder, query)
        case items:
            return listed(binder, [binder.bind(t) for t in items], tree)


def _array_of(binder: ExprBinder, query: exp.Expression) -> Expr:
    """`ARRAY(SELECT ...)`: its rows as a list, in their order; empty if there are none."""
    alias = exp.TableAlias(this=exp.to_identifier("array"), columns=[exp.to_identifier("item")])
    inner = query.this if isinstance(query, exp.Subquery) else query
    rows = exp.Subquery(this=inner.copy(), alias=alias)
    items = exp.Select(
        expressions=[exp.Anonymous(this="list", expressions=[exp.column("item", "array")])], from_=exp.From(this=rows)
    )
    rows_listed = binder.bind(exp.Subquery(this=items))
    empty = Call("list_value", (), rows_listed.dtype)
    return Call("coalesce", (rows_listed, empty), rows_listed.dtype)


def _comprehension(binder: ExprBinder, tree: exp.Expression) -> Expr:
    names = [tree.expression, *([tree.args["position"]] if tree.args.get("position") is not None else [])]
    items, condition = tree.args["iterator"], tree.args.get("condition")
    if condition is not None:
        items = exp.ArrayFilter(
            this=items.copy(), expression=exp.Lambda(this=condition.copy(), expressions=[n.copy() for n in names])
        )
    body = exp.Lambda(this=tree.this.copy(), expressions=[n.copy() for n in names])
    return binder.bind(exp.Transform(this=items.copy(), expression=body))


def row(binder: ExprBinder, tree: exp.Expression) -> Expr:
    """`(x, y)` and ROW(x, y)."""
    if not tree.expressions:
        raise binder.error("a row has at least one value", tree)
    return packed({str(i): binder.bind(t) for i, t in enumerate(tree.expressions, 1)})


def _fields(binder: ExprBinder, trees: list[exp.Expression]) -> dict[str, Expr]:
    fields: dict[str, Expr] = {}
    for item in trees:
        match item:
            case exp.PropertyEQ():
                name, value = item.this.name, item.expression
            case exp.Alias():
                name, value = item.alias, item.this
            case exp.Column():
                name, value = item.name, item
            case _:
                raise binder.error("a field of a struct has a name: struct_pack(a := 1)", item)
        if name.casefold() in map(str.casefold, fields):
            raise binder.error(f'the field "{name}" is there twice', item)
        if is_pattern(name):
            raise binder.unsupported(f"the field name {name!r} is a pattern of names to Polars; rename it", item)
        fields[name] = binder.bind(value)
    return fields


def _struct(binder: ExprBinder, tree: exp.Expression) -> Expr:
    """`{'a': x}`, struct_pack(a := x)."""
    if not tree.expressions:
        raise binder.error("a struct has at least one field", tree)
    return packed(_fields(binder, tree.expressions))


def struct_insert(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """struct_insert(s, b := 2): the fields of s, then the given ones, which are others."""
    fields, given = _named_fields(binder, trees, tree), _fields(binder, trees[1:])
    twice = next((n for n in given if n.casefold() in map(str.casefold, fields)), None)
    if twice is not None:
        raise binder.error(f'the field "{twice}" is there twice', tree, "struct_update gives a field another value.")
    return packed({**fields, **given})


def struct_update(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """struct_update(s, b := 2): the fields of s with the given values, and those that it has not behind them."""
    return packed({**_named_fields(binder, trees, tree), **_fields(binder, trees[1:])})


def _named_fields(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> dict[str, Expr]:
    base = binder.bind(trees[0])
    if not isinstance(base.dtype, pl.Struct):
        raise binder.error(f"this takes a struct first, and this is {sql_name(base.dtype)}", tree)
    return {name: field(base, name, dtype) for name, dtype in nested.fields_of(base.dtype).items()}


def struct_values(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """struct_values(s): the fields of s as a row without names, NULL where s is NULL."""
    base = _struct_of(binder, trees, 1, tree)
    fields = nested.fields_of(base.dtype)
    row = packed({str(i): field(base, name, dtype) for i, (name, dtype) in enumerate(fields.items(), 1)})
    return Case(((Call("is_null", (base,), pl.Boolean()), Literal(None, row.dtype)),), row, row.dtype)


def struct_position(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """struct_position(row, v): which field, from 1, is the first that is equal; NULL for none."""
    base, value = _struct_of(binder, trees, 2, tree), binder.bind(trees[1])
    if not nested.is_unnamed(base.dtype):
        raise binder.error("this takes a row without names first", tree)
    branches = []
    for place, (name, dtype) in enumerate(nested.fields_of(base.dtype).items(), 1):
        pair = tuple(binder.same([field(base, name, dtype), value], tree))
        branches.append((Call("=", pair, pl.Boolean()), Literal(place, pl.Int32())))
    return Case(tuple(branches), Literal(None, pl.Int32()), pl.Int32())


def struct_contains(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """struct_contains(row, v): whether a field is equal; NULL where the row or the value is NULL."""
    given = [binder.bind(t) for t in trees]
    if len(given) == 2 and any(isinstance(e.dtype, pl.Null) for e in given):
        return Literal(None, pl.Boolean())
    unknown = Call("is_null", (struct_position(binder, trees, tree),), pl.Boolean())
    branches = tuple((Call("is_null", (e,), pl.Boolean()), Literal(None, pl.Boolean())) for e in given)
    return Case(branches, Call("not", (unknown,), pl.Boolean()), pl.Boolean())


def _struct_of(binder: ExprBinder, trees: list[exp.Expression], count: int, tree: exp.Expression) -> Expr:
    if len(trees) != count:
        raise binder.error(f"this takes {count} argument(s), not {len(trees)}", tree)
    base = binder.bind(trees[0])
    if not nested.fields_of(base.dtype):
        raise binder.error(f"this takes a struct first, and this is {sql_name(base.dtype)}", tree)
    return base


def _map(binder: ExprBinder, tree: exp.Expression) -> Expr:
    """MAP([keys], [values])."""
    keys, values = tree.args.get("keys"), tree.args.get("values")
    if keys is None or values is None:
        return _EMPTY_MAP
    pair = tuple(unified(binder, ["array", "array"], [binder.bind(keys), binder.bind(values)], tree))
    return Call("map", pair, nested.map_of(*(nested.item_of(p.dtype) for p in pair)))


def _map_of_pairs(binder: ExprBinder, tree: exp.Expression) -> Expr:
    """`MAP {'a': 1}`."""
    if isinstance(tree.this, exp.Bracket):
        # SQLGlot reads MAP {...}['a'] as the map of {...}['a'].
        return indexed(binder, _map_of_pairs(binder, exp.ToMap(this=tree.this.this.copy())), tree.this)
    entries = tree.this.expressions
    if not all(isinstance(e.expression, exp.Expression) for e in entries):
        raise binder.error("a MAP holds pairs, as in MAP {'a': 1}", tree)
    if not entries:
        return _EMPTY_MAP
    keys = binder.same([binder.bind(_key(e.this)) for e in entries], tree)
    values = binder.same([binder.bind(e.expression) for e in entries], tree)
    entries = listed(binder, [packed({"key": k, "value": v}) for k, v in zip(keys, values, strict=True)], tree)
    return Call("map_of", (entries,), entries.dtype)


def _key(tree: exp.Expression) -> exp.Expression:
    """A name here is a column; SQLGlot may leave it as it is in a struct."""
    return exp.column(tree.copy()) if isinstance(tree, exp.Identifier) else tree


CONSTRUCTORS: dict[type[exp.Expression], Operator] = {
    exp.Array: list_value,
    exp.List: list_value,
    exp.Struct: _struct,
    exp.Tuple: row,
    exp.Map: _map,
    exp.ToMap: _map_of_pairs,
}
