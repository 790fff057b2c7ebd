"""Lists, structs, maps: literals, indexing, fields, and functions over items that take a lambda."""

from __future__ import annotations

import polars as pl
from sqlglot import exp
from sqlglot.expressions.builders import apply_index_offset

from rem_arrow.datatypes import sql_name
from rem_arrow.errors import suggest
from rem_arrow.plan import functions, types
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan.nodes import Call, Column, Expr, Literal
from rem_arrow.sql.bind import search_terms
from rem_arrow.sql.bind.binder import Binding, Operator
from rem_arrow.sql.bind.conversions import cast_to

_BOOL, _INT = pl.Boolean(), pl.Int64()
_PLACE_MAX = (1 << 32) - 1


def apply(name: str, *args: Expr) -> Expr:
    """Return the call of a function whose arguments already have its kinds."""
    return Call(name, args, functions.SCALAR[name].result_type([a.dtype for a in args]))


def unified(binder: Binding, kinds: list[str], args: list[Expr], tree: exp.Expression) -> list[Expr]:
    """Give the lists and items of a call one type of item, and arrays the type of lists."""
    found: list[Expr] = [cast_to(a, nested.as_lists(a.dtype)) if nested.is_list(a.dtype) else a for a in args]
    if "vector" in kinds:
        return [
            cast_to(a, pl.List(pl.Float64())) if nested.is_list(a.dtype) or isinstance(a.dtype, pl.Null) else a
            for a in found
        ]
    joint = [i for i, kind in enumerate(kinds) if kind in ("list", "item")]
    items = [found[i].dtype if kinds[i] == "item" else nested.item_of(found[i].dtype) for i in joint]
    wanted: pl.DataType | None = pl.Null()
    for i, item in zip(joint, items, strict=True):
        # A literal among the items follows the others, where it fits.
        wanted = (
            None
            if wanted is None
            else binder.common(
                [Literal(None, wanted), found[i]]
                if kinds[i] == "item"
                else [Literal(None, wanted), Literal(None, item)]
            )
        )
    if joint and wanted is None:
        raise binder.error(
            f"items of {' and '.join(dict.fromkeys(map(sql_name, items)))} do not combine",
            tree,
            "Cast them: CAST(x AS ...).",
        )
    for i in joint:
        assert wanted is not None, "the line above raised"
        found[i] = binder.converted(found[i], wanted if kinds[i] == "item" else pl.List(wanted), tree)
    return [
        cast_to(a, pl.List(pl.Null())) if k in ("array", "list", "map") and isinstance(a.dtype, pl.Null) else a
        for k, a in zip(kinds, found, strict=True)
    ]


# --- literals


def list_value(binder: Binding, tree: exp.Expression) -> Expr:
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


def _array_of(binder: Binding, query: exp.Expression) -> Expr:
    """`ARRAY(SELECT ...)`: its rows as a list, in their order; empty if there are none."""
    alias = exp.TableAlias(this=exp.to_identifier("array"), columns=[exp.to_identifier("item")])
    inner = query.this if isinstance(query, exp.Subquery) else query
    rows = exp.Subquery(this=inner.copy(), alias=alias)
    items = exp.Select(
        expressions=[exp.Anonymous(this="list", expressions=[exp.column("item", "array")])], from_=exp.From(this=rows)
    )
    found = binder.bind(exp.Subquery(this=items))
    return Call("coalesce", (found, Call("list_value", (), found.dtype)), found.dtype)


def listed(binder: Binding, items: list[Expr], tree: exp.Expression) -> Expr:
    items = binder.same(items, tree) if items else []
    return Call("list_value", tuple(items), pl.List(items[0].dtype if items else pl.Null()))


def packed(fields: dict[str, Expr]) -> Expr:
    return Call("struct_pack", tuple(fields.values()), nested.struct_of({n: e.dtype for n, e in fields.items()}))


def row(binder: Binding, tree: exp.Expression) -> Expr:
    """`(x, y)` and ROW(x, y)."""
    if not tree.expressions:
        raise binder.error("a row has at least one value", tree)
    return packed({str(i): binder.bind(t) for i, t in enumerate(tree.expressions, 1)})


def _fields(binder: Binding, trees: list[exp.Expression]) -> dict[str, Expr]:
    fields: dict[str, Expr] = {}
    for place, item in enumerate(trees, 1):
        named = isinstance(item, (exp.PropertyEQ, exp.Alias))
        name = (item.alias if isinstance(item, exp.Alias) else item.this.name) if named else str(place)
        if name.casefold() in map(str.casefold, fields):
            raise binder.error(f'the field "{name}" is there twice', item)
        fields[name] = binder.bind(item.this if isinstance(item, exp.Alias) else item.expression if named else item)
    return fields


def _struct(binder: Binding, tree: exp.Expression) -> Expr:
    """`{'a': x}`, struct_pack(a := x)."""
    if not tree.expressions:
        raise binder.error("a struct has at least one field", tree)
    return packed(_fields(binder, tree.expressions))


def struct_insert(binder: Binding, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """struct_insert(s, b := 2) and struct_update: the fields of s, then, or instead, the given ones."""
    base = binder.bind(trees[0])
    if not isinstance(base.dtype, pl.Struct):
        raise binder.error(f"this takes a struct first, and this is {sql_name(base.dtype)}", tree)
    fields: dict[str, Expr] = {name: field(base, name, dtype) for name, dtype in nested.fields_of(base.dtype).items()}
    return packed({**fields, **_fields(binder, trees[1:])})


def _map(binder: Binding, tree: exp.Expression) -> Expr:
    """`MAP {'a': 1}`, MAP([keys], [values])."""
    if isinstance(tree, exp.Map):
        keys, values = tree.args.get("keys"), tree.args.get("values")
        if keys is None or values is None:
            return Call("list_value", (), nested.map_of(pl.Null(), pl.Null()))
        pair = [binder.bind(keys), binder.bind(values)]
        return Call("map", tuple(pair), nested.map_of(*(nested.item_of(p.dtype) for p in pair)))
    if isinstance(tree.this, exp.Bracket):
        # SQLGlot reads MAP {...}['a'] as the map of {...}['a'].
        return _indexed(binder, _map(binder, exp.ToMap(this=tree.this.this.copy())), tree.this)
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


# --- parts


# What a column is called that such a function in FROM makes.
_TABLE_FUNCTIONS = ("unnest", "range", "generate_series")


def field(base: Expr, name: str, dtype: pl.DataType) -> Expr:
    return Call("struct_extract", (base, Literal(name, pl.String())), dtype)


def field_named(binder: Binding, base: Expr, name: str, tree: exp.Expression) -> Expr:
    """`s.a`: names of fields do not depend on case. Of a map it is the value of that key."""
    if nested.is_map(base.dtype):
        return apply("map_extract_value", base, Literal(name, pl.String()))
    fields = nested.fields_of(base.dtype)
    found = next((n for n in fields if n.casefold() == name.casefold()), None)
    if found is None:
        if not fields:
            raise binder.error(f"{sql_name(base.dtype)} has no fields, so .{name} cannot follow it", tree)
        raise binder.error(f'no field "{name}" in {sql_name(base.dtype)}', tree, suggest(name, list(fields), "Fields"))
    return field(base, found, fields[found])


def of_struct(binder: Binding, tree: exp.Column) -> Expr | None:
    """Bind a lambda's parameter, or fields of one, or of a column: `s.a`, `t.s.a.b`; None where the name is a column's,
    or nobody's."""
    parts = [tree.args[key] for key in ("catalog", "db", "table", "this") if tree.args.get(key) is not None]
    first = parts[0].name
    base: Expr | None = binder.variables.get(first.casefold())
    rest = parts[1:]
    if base is None and len(parts) > 1 and not binder.scope.has(first, parts[1].name) and binder.scope.knows(first):
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


def _wholerow(binder: Binding, name: str) -> Expr | None:
    """The name of a table is a struct of its columns; that of a function of one column, the column."""
    scope = binder.scope
    while not scope.is_relation(name):
        if scope.outer is None:
            return None
        scope = scope.outer
    scope.tell_apart(name, binder.text, None, None)
    columns = scope.of(name, binder.text, None, None)
    if len(columns) == 1 and (columns[0].also or columns[0].name) in _TABLE_FUNCTIONS:
        return Column(columns[0].unique, columns[0].dtype)
    return packed({v.name: Column(v.unique, v.dtype) for v in columns})


def _field_at(binder: Binding, base: Expr, place: Expr, tree: exp.Expression) -> Expr:
    """`s['a']`, struct_extract(row(1, 2), 1)."""
    if not isinstance(place, Literal) or not isinstance(place.value, (str, int)):
        raise binder.error("a field of a struct is named by a text or a number that stands here as such", tree)
    if isinstance(place.value, str):
        return field_named(binder, base, place.value, tree)
    names = list(nested.fields_of(base.dtype))
    if not 1 <= place.value <= len(names):
        raise binder.error(f"the struct has fields 1 to {len(names)}, not {place.value}", tree)
    return field_named(binder, base, names[place.value - 1], tree)


def _bracket(binder: Binding, tree: exp.Expression) -> Expr:
    """`l[1]`, `l[2:3]`, `s['a']`, `m[key]`, `'text'[1]`."""
    return _indexed(binder, binder.bind(tree.this), tree)


def _indexed(binder: Binding, base: Expr, tree: exp.Expression) -> Expr:
    place = tree.expressions[0]
    if isinstance(place, exp.Placeholder) and place.name and place.name not in binder.parameters:
        # SQLGlot takes the `:b` of `l[:b]` for a parameter.
        place = exp.Slice(this=None, expression=exp.column(exp.to_identifier(place.name)))
    if isinstance(place, exp.Slice):
        return _slice(binder, base, place, tree)
    # SQLGlot counts from 0 where it knows that the index is a number; this undoes that.
    (place,) = apply_index_offset(tree.this.copy(), [place.copy()], 1, dialect="duckdb")
    return at(binder, base, binder.bind(place), tree)


def at(binder: Binding, base: Expr, place: Expr, tree: exp.Expression) -> Expr:
    if isinstance(base.dtype, pl.Struct):
        return _field_at(binder, base, place, tree)
    if nested.is_map(base.dtype):
        return apply(
            "map_extract_value",
            base,
            binder.converted(place, nested.fields_of(nested.item_of(base.dtype))["key"], tree),
        )
    if types.is_text(base.dtype):
        return _json_or_character(binder, base, place, tree)
    (base,) = unified(binder, ["array"], [base], tree)
    if not nested.is_list(base.dtype):
        raise binder.error(f"{sql_name(base.dtype)} has no items: [...] takes a list, a struct, a map or a text", tree)
    return apply("list_extract", base, binder.converted(place, _INT, tree))


def _json_or_character(binder: Binding, base: Expr, place: Expr, tree: exp.Expression) -> Expr:
    if types.is_text(place.dtype):
        return apply("json_extract", cast_to(base, pl.String()), cast_to(place, pl.String()))
    one = Literal(1, _INT)
    check_places(binder, [place], tree)
    return apply("substring", cast_to(base, pl.String()), binder.converted(place, _INT, tree), one)


def check_places(binder: Binding, places: list[Expr], tree: exp.Expression) -> None:
    """Refuse constants that are no places in a text."""
    numbers = (p.args[0] if isinstance(p, Call) and p.function == "negate" else p for p in places)
    if any(isinstance(n, Literal) and isinstance(n.value, int) and abs(n.value) > _PLACE_MAX for n in numbers):
        raise binder.error(f"a place in a text lies between -{_PLACE_MAX:,} and {_PLACE_MAX:,}", tree)


def _slice(binder: Binding, base: Expr, place: exp.Slice, tree: exp.Expression) -> Expr:
    step = place.args.get("step")
    # `-` alone is an end left open too: l[2:-:2].
    ends = [
        t if t is not None and not (isinstance(t, exp.Neg) and t.this is None) else None
        for t in (place.this, place.expression)
    ]
    bounds = [
        binder.converted(binder.bind(t), _INT, tree) if t is not None else Literal(d, _INT)
        for t, d in zip(ends, (1, -1), strict=True)
    ]
    steps = [] if step is None else [binder.converted(binder.bind(step), _INT, tree)]
    return sliced(binder, [base, *bounds, *steps], tree)


def sliced(binder: Binding, args: list[Expr], tree: exp.Expression) -> Expr:
    if types.is_text(args[0].dtype):
        return Call("text_slice", (cast_to(args[0], pl.String()), *args[1:3]), pl.String())
    if isinstance(args[0].dtype, pl.Binary) and len(args) == 3:
        return Call("blob_slice", tuple(args), args[0].dtype)
    (base,) = unified(binder, ["array"], args[:1], tree)
    if not nested.is_list(base.dtype):
        raise binder.error(f"{sql_name(base.dtype)} cannot be sliced: [a:b] takes a list or a text", tree)
    return apply("list_slice", base, *args[1:])


def _dot(binder: Binding, tree: exp.Expression) -> Expr:
    """`(s).a`, and `l.list_sort()`: a function of what stands before the dot."""
    after = tree.expression
    if isinstance(tree, exp.Dot) and search_terms.metric_of(tree) is not None:
        return search_terms.score(binder, tree)
    if isinstance(after, exp.Identifier):
        return field_named(binder, binder.bind(tree.this), after.name, tree)
    if isinstance(after, exp.Anonymous):
        return binder.bind(
            exp.Anonymous(this=after.this, expressions=[tree.this.copy(), *(e.copy() for e in after.expressions)])
        )
    if isinstance(after, exp.Func):
        call = after.copy()
        first = next(iter(call.arg_types))
        call.set(first, tree.this.copy())
        return binder.bind(call)
    raise binder.unsupported(f"{tree.sql('duckdb')[:60]} is not supported here", tree)


def _comprehension(binder: Binding, tree: exp.Expression) -> Expr:
    names = [tree.expression, *([tree.args["position"]] if tree.args.get("position") is not None else [])]
    kept, condition = tree.args["iterator"], tree.args.get("condition")
    if condition is not None:
        kept = exp.ArrayFilter(
            this=kept.copy(), expression=exp.Lambda(this=condition.copy(), expressions=[n.copy() for n in names])
        )
    body = exp.Lambda(this=tree.this.copy(), expressions=[n.copy() for n in names])
    return binder.bind(exp.Transform(this=kept.copy(), expression=body))


def _variable(binder: Binding, tree: exp.Expression) -> Expr:
    """A name within a lambda, where SQLGlot has no column."""
    return binder.variables.get(tree.name.casefold()) or binder.bind(exp.column(tree.copy()))


TREES: dict[type[exp.Expression], Operator] = {
    exp.Array: list_value,
    exp.List: list_value,
    exp.Struct: _struct,
    exp.Tuple: row,
    exp.Map: _map,
    exp.ToMap: _map,
    exp.Bracket: _bracket,
    exp.Dot: _dot,
    exp.Identifier: _variable,
}
