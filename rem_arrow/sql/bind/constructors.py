"""Lists, structs, rows and maps that a text writes out."""

from __future__ import annotations

import polars as pl
from sqlglot import exp

from rem_arrow.datatypes import sql_name
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan.nodes import Call, Expr
from rem_arrow.sql.bind.binder import ExprBinder, Operator
from rem_arrow.sql.bind.containers import field, listed, packed
from rem_arrow.sql.bind.subscripts import indexed


def list_value(binder: ExprBinder, tree: exp.Expression) -> Expr:
    """`[x, y]`, ARRAY[x, y], list_value(x, y), and `[x + 1 for x in l if x > 1]`."""
    if len(tree.expressions) == 1 and isinstance(tree.expressions[0], exp.Comprehension):
        return _comprehension(binder, tree.expressions[0])
    if (
        len(tree.expressions) == 1
        and isinstance(tree.expressions[0], exp.Query)
        and not tree.args.get("value_constructor")
    ):
        return _array_of(binder, tree.expressions[0])
    return listed(binder, [binder.bind(t) for t in tree.expressions], tree)


def _array_of(binder: ExprBinder, query: exp.Expression) -> Expr:
    """`ARRAY(SELECT ...)`: its rows as a list, in their order; empty if there are none."""
    alias = exp.TableAlias(this=exp.to_identifier("array"), columns=[exp.to_identifier("item")])
    inner = query.this if isinstance(query, exp.Subquery) else query
    rows = exp.Subquery(this=inner.copy(), alias=alias)
    items = exp.Select(
        expressions=[exp.Anonymous(this="list", expressions=[exp.column("item", "array")])], from_=exp.From(this=rows)
    )
    found = binder.bind(exp.Subquery(this=items))
    return Call("coalesce", (found, Call("list_value", (), found.dtype)), found.dtype)


def _comprehension(binder: ExprBinder, tree: exp.Expression) -> Expr:
    names = [tree.expression, *([tree.args["position"]] if tree.args.get("position") is not None else [])]
    kept, condition = tree.args["iterator"], tree.args.get("condition")
    if condition is not None:
        kept = exp.ArrayFilter(
            this=kept.copy(), expression=exp.Lambda(this=condition.copy(), expressions=[n.copy() for n in names])
        )
    body = exp.Lambda(this=tree.this.copy(), expressions=[n.copy() for n in names])
    return binder.bind(exp.Transform(this=kept.copy(), expression=body))


def row(binder: ExprBinder, tree: exp.Expression) -> Expr:
    """`(x, y)` and ROW(x, y)."""
    if not tree.expressions:
        raise binder.error("a row has at least one value", tree)
    return packed({str(i): binder.bind(t) for i, t in enumerate(tree.expressions, 1)})


def _fields(binder: ExprBinder, trees: list[exp.Expression]) -> dict[str, Expr]:
    fields: dict[str, Expr] = {}
    for place, item in enumerate(trees, 1):
        named = isinstance(item, (exp.PropertyEQ, exp.Alias))
        name = (item.alias if isinstance(item, exp.Alias) else item.this.name) if named else str(place)
        if name.casefold() in map(str.casefold, fields):
            raise binder.error(f'the field "{name}" is there twice', item)
        fields[name] = binder.bind(item.this if isinstance(item, exp.Alias) else item.expression if named else item)
    return fields


def _struct(binder: ExprBinder, tree: exp.Expression) -> Expr:
    """`{'a': x}`, struct_pack(a := x)."""
    if not tree.expressions:
        raise binder.error("a struct has at least one field", tree)
    return packed(_fields(binder, tree.expressions))


def struct_insert(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """struct_insert(s, b := 2) and struct_update: the fields of s, then, or instead, the given ones."""
    base = binder.bind(trees[0])
    if not isinstance(base.dtype, pl.Struct):
        raise binder.error(f"this takes a struct first, and this is {sql_name(base.dtype)}", tree)
    fields: dict[str, Expr] = {name: field(base, name, dtype) for name, dtype in nested.fields_of(base.dtype).items()}
    return packed({**fields, **_fields(binder, trees[1:])})


def _map(binder: ExprBinder, tree: exp.Expression) -> Expr:
    """`MAP {'a': 1}`, MAP([keys], [values])."""
    if isinstance(tree, exp.Map):
        keys, values = tree.args.get("keys"), tree.args.get("values")
        if keys is None or values is None:
            return Call("list_value", (), nested.map_of(pl.Null(), pl.Null()))
        pair = [binder.bind(keys), binder.bind(values)]
        return Call("map", tuple(pair), nested.map_of(*(nested.item_of(p.dtype) for p in pair)))
    if isinstance(tree.this, exp.Bracket):
        # SQLGlot reads MAP {...}['a'] as the map of {...}['a'].
        return indexed(binder, _map(binder, exp.ToMap(this=tree.this.this.copy())), tree.this)
    entries = tree.this.expressions
    if not all(isinstance(e.expression, exp.Expression) for e in entries):
        raise binder.error("a MAP holds pairs, as in MAP {'a': 1}", tree)
    keys_of = binder.same([binder.bind(_key(e.this)) for e in entries], tree) if entries else []
    values_of = binder.same([binder.bind(e.expression) for e in entries], tree) if entries else []
    if not entries:
        return Call("list_value", (), nested.map_of(pl.Null(), pl.Null()))
    return listed(binder, [packed({"key": k, "value": v}) for k, v in zip(keys_of, values_of, strict=True)], tree)


def _key(tree: exp.Expression) -> exp.Expression:
    """A name here is a column; SQLGlot may leave it as it is in a struct."""
    return exp.column(tree.copy()) if isinstance(tree, exp.Identifier) else tree


CONSTRUCTORS: dict[type[exp.Expression], Operator] = {
    exp.Array: list_value,
    exp.List: list_value,
    exp.Struct: _struct,
    exp.Tuple: row,
    exp.Map: _map,
    exp.ToMap: _map,
}
