"""Parts of lists, structs, maps and texts: fields, `[...]`, slices, and functions after a dot."""

from __future__ import annotations

import polars as pl
from sqlglot import exp
from sqlglot.expressions.builders import apply_index_offset

from rem_arrow.base.datatypes import sql_name
from rem_arrow.base.errors import suggest
from rem_arrow.base.logical_types import is_json, is_uuid
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan import types
from rem_arrow.plan.nodes import Call, Case, Column, Expr, Literal
from rem_arrow.sql.bind import json_calls, search_scores
from rem_arrow.sql.bind.binder import ExprBinder, Operator
from rem_arrow.sql.bind.containers import apply, check_places, field, packed, unified
from rem_arrow.sql.bind.conversions import cast_to
from rem_arrow.sql.text.rendered import shown

_INT = pl.Int64()
# What a column is called that such a function in FROM makes.
_TABLE_FUNCTIONS = ("unnest", "range", "generate_series")


def field_named(binder: ExprBinder, base: Expr, name: str, tree: exp.Expression) -> Expr:
    """`s.a`: names of fields do not depend on case. Of a map it is the value of that key."""
    if nested.is_map(base.dtype):
        return apply("map_extract_value", base, Literal(name, pl.String()))
    if is_json(base.dtype):
        return json_calls.at_key(binder, base, Literal(name, pl.String()), tree)
    fields = nested.fields_of(base.dtype)
    own = next((n for n in fields if n.casefold() == name.casefold()), None)
    if own is None:
        if not fields:
            raise binder.error(f"{sql_name(base.dtype)} has no fields, so .{name} cannot follow it", tree)
        raise binder.error(f'no field "{name}" in {sql_name(base.dtype)}', tree, suggest(name, list(fields), "Fields"))
    return field(base, own, fields[own])


def of_struct(binder: ExprBinder, tree: exp.Column) -> Expr | None:
    """Bind a lambda's parameter, or fields of one, or of a column: `s.a`, `t.s.a.b`; None where the name is a column's,
    or nobody's."""
    parts = [tree.args[key] for key in ("catalog", "db", "table", "this") if tree.args.get(key) is not None]
    first = parts[0].name
    base: Expr | None = binder.variables.get(first.casefold())
    rest = parts[1:]
    if base is None and len(parts) > 1 and binder.scope.is_field(first, parts[1].name):
        base = binder.bind(exp.column(parts[0].copy()))
    elif base is None and len(parts) > 2 and binder.scope.has(first, parts[1].name):
        base, rest = binder.bind(exp.column(parts[1].copy(), table=parts[0].copy())), parts[2:]
    elif (
        base is None
        and len(parts) == 1
        and not binder.scope.reaches(first, None)
        and first.casefold() not in binder.aliases
    ):
        return _wholerow(binder, first)
    for part in rest if base is not None else ():
        assert base is not None, "the loop has a base"
        base = field_named(binder, base, part.name, tree)
    return base


def _wholerow(binder: ExprBinder, name: str) -> Expr | None:
    """The name of a table is a struct of its columns; that of a function of one column, the column."""
    scope = binder.scope
    while not scope.is_relation(name):
        if scope.outer is None:
            return None
        scope = scope.outer
    nowhere = binder.place(None)
    scope.tell_apart(name, nowhere)
    columns = scope.of(name, nowhere)
    if len(columns) == 1 and (columns[0].also or columns[0].name) in _TABLE_FUNCTIONS:
        return Column(columns[0].unique, columns[0].dtype)
    return packed({v.name: Column(v.unique, v.dtype) for v in columns})


def _field_at(binder: ExprBinder, base: Expr, place: Expr, tree: exp.Expression) -> Expr:
    """`s['a']`, struct_extract(row(1, 2), 1)."""
    if not isinstance(place, Literal) or not isinstance(place.value, (str, int)):
        raise binder.error("a field of a struct is named by a text or a number that stands here as such", tree)
    if isinstance(place.value, str):
        return field_named(binder, base, place.value, tree)
    names = list(nested.fields_of(base.dtype))
    if not 1 <= place.value <= len(names):
        raise binder.error(f"the struct has fields 1 to {len(names)}, not {place.value}", tree)
    return field_named(binder, base, names[place.value - 1], tree)


def _bracket(binder: ExprBinder, tree: exp.Expression) -> Expr:
    """`l[1]`, `l[2:3]`, `s['a']`, `m[key]`, `'text'[1]`."""
    return indexed(binder, binder.bind(tree.this), tree)


def indexed(binder: ExprBinder, base: Expr, tree: exp.Expression) -> Expr:
    place = tree.expressions[0]
    if isinstance(place, exp.Placeholder) and place.name and place.name not in binder.context.parameters:
        # SQLGlot takes the `:b` of `l[:b]` for a parameter.
        place = exp.Slice(this=None, expression=exp.column(exp.to_identifier(place.name)))
    if isinstance(place, exp.Slice):
        return _slice(binder, base, place, tree)
    # SQLGlot counts from 0 where it knows that the index is a number; this undoes that.
    (place,) = apply_index_offset(tree.this.copy(), [place.copy()], 1, dialect="duckdb")
    return at(binder, base, binder.bind(place), tree)


def at(binder: ExprBinder, base: Expr, place: Expr, tree: exp.Expression) -> Expr:
    if isinstance(base.dtype, pl.Struct):
        return _field_at(binder, base, place, tree)
    if nested.is_map(base.dtype):
        return apply(
            "map_extract_value",
            base,
            binder.converted(place, nested.fields_of(nested.item_of(base.dtype))["key"], tree),
        )
    if types.is_text(base.dtype) and not is_uuid(base.dtype):
        return _json_or_character(binder, base, place, tree)
    (base,) = unified(binder, ["array"], [base], tree)
    if not nested.is_list(base.dtype):
        raise binder.error(f"{sql_name(base.dtype)} has no items: [...] takes a list, a struct, a map or a text", tree)
    return apply("list_extract", base, binder.converted(place, _INT, tree))


def _json_or_character(binder: ExprBinder, base: Expr, place: Expr, tree: exp.Expression) -> Expr:
    if types.is_text(place.dtype):
        return json_calls.at_key(binder, base, place, tree)
    if is_json(base.dtype):
        return json_calls.at_path(binder, "json_extract", base, place, tree)
    one = Literal(1, _INT)
    check_places(binder, [place], tree)
    return apply("substring", cast_to(base, pl.String()), binder.converted(place, _INT, tree), one)


def _slice(binder: ExprBinder, base: Expr, place: exp.Slice, tree: exp.Expression) -> Expr:
    step = place.args.get("step")
    # `-` alone is an end left open too: l[2:-:2].
    ends = [
        t if t is not None and not (isinstance(t, exp.Neg) and t.this is None) else None
        for t in (place.this, place.expression)
    ]
    steps = [] if step is None else [binder.converted(binder.bind(step), _INT, tree)]
    bounds = [
        binder.converted(binder.bind(t), _INT, tree) if t is not None else _open_end(d, steps)
        for t, d in zip(ends, (1, -1), strict=True)
    ]
    return sliced(binder, [base, *bounds, *steps], tree)


def _open_end(place: int, steps: list[Expr]) -> Expr:
    """The first or last place of a list; backwards a slice begins with the last."""
    end = Literal(place, _INT)
    backwards = [Call("<", (step, Literal(0, _INT)), pl.Boolean()) for step in steps]
    return Case(((backwards[0], Literal(-place, _INT)),), end, _INT) if backwards else end


def sliced(binder: ExprBinder, args: list[Expr], tree: exp.Expression) -> Expr:
    if types.is_text(args[0].dtype) and not is_uuid(args[0].dtype):
        return Call("text_slice", (cast_to(args[0], pl.String()), *args[1:3]), pl.String())
    if isinstance(args[0].dtype, pl.Binary) and len(args) == 3:
        return Call("blob_slice", tuple(args), args[0].dtype)
    (base,) = unified(binder, ["array"], args[:1], tree)
    if not nested.is_list(base.dtype):
        raise binder.error(f"{sql_name(base.dtype)} cannot be sliced: [a:b] takes a list or a text", tree)
    return apply("list_slice", base, *args[1:])


def _dot(binder: ExprBinder, tree: exp.Expression) -> Expr:
    """`(s).a`, and `l.list_sort()`: a function of what stands before the dot."""
    if search_scores.metric_of(tree) is not None:
        return search_scores.score(binder, tree)
    match tree.expression:
        case exp.Identifier(name=name):
            return field_named(binder, binder.bind(tree.this), name, tree)
        case exp.Anonymous() as call:
            arguments = [tree.this.copy(), *(e.copy() for e in call.expressions)]
            return binder.bind(exp.Anonymous(this=call.this, expressions=arguments))
        case exp.Func() as call:
            call = call.copy()
            call.set(next(iter(call.arg_types)), tree.this.copy())
            return binder.bind(call)
        case _:
            raise binder.unsupported(f"{shown(tree)} is not supported here", tree)


def _variable(binder: ExprBinder, tree: exp.Expression) -> Expr:
    """A name within a lambda, where SQLGlot has no column."""
    return binder.variables.get(tree.name.casefold()) or binder.bind(exp.column(tree.copy()))


SUBSCRIPTS: dict[type[exp.Expression], Operator] = {
    exp.Bracket: _bracket,
    exp.Dot: _dot,
    exp.Identifier: _variable,
}
