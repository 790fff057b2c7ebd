"""Macros: a call becomes what the macro stands for, with the arguments in place of its parameters, before it is bound.

An argument keeps the meaning that it has where the call stands: a column of it that gets into a query of the macro is
named there by its unique name, so that no column of that query gets in between. A parameter hides a column of its name,
and a parameter of a lambda hides it; CREATE MACRO refuses the former.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from sqlglot import exp

from rem_arrow.base.errors import BindError
from rem_arrow.base.macro import MacroKind, Overload
from rem_arrow.sql.bind.binder import ExprBinder
from rem_arrow.sql.bind.scope import reference
from rem_arrow.sql.text.arguments import name_and_arguments
from rem_arrow.sql.text.parser import parse
from rem_arrow.sql.text.position import moved, position, written_name
from rem_arrow.sql.text.read_marks import take
from rem_arrow.sql.text.trees import named_argument, own_nodes, parts_of

# What stands around a call, and belongs to the aggregate that the call may mean.
_AROUND = (exp.Window, exp.Filter, exp.IgnoreNulls, exp.RespectNulls, exp.WithinGroup)
_INSIDE = "inside"
_SELECT = len("SELECT ")


def expanded(binder: ExprBinder, tree: exp.Expression) -> exp.Expression:
    """Return what a call of a macro stands for, with what stands around it; any other tree as it is."""
    call = tree
    while isinstance(call, _AROUND):
        call = call.this
    body = _scalar(binder, call)
    if body is None:
        return tree
    # It may be a call of another macro.
    body = expanded(binder, body)
    if call is tree:
        return body
    while isinstance(body, exp.Paren):
        body = body.this
    if not isinstance(body, exp.Func):
        raise binder.error("a macro before OVER or FILTER stands for one aggregate, and this one does not", tree)
    copy = inner = tree.copy()
    while isinstance(inner.this, _AROUND):
        inner = inner.this
    inner.set("this", body)
    return copy


def query_of(binder: ExprBinder, tree: exp.Expression) -> exp.Expression | None:
    """Return the query that a call in FROM stands for; None if it calls no macro."""
    call = tree.this
    if not isinstance(call, exp.Func):
        return None
    name = written_name(binder.text, call)
    qualifiers = parts_of(tree)[:-1] if isinstance(tree, exp.Table) else ()
    if name is None:
        return None
    return _body(binder, "table macro", (*qualifiers, name), _arguments(call), call, tree)


def _scalar(binder: ExprBinder, call: exp.Expression) -> exp.Expression | None:
    match call:
        case exp.Dot(this=first, expression=exp.Func() as function):
            name = written_name(binder.text, function)
            if name is None:
                return None
            arguments = _arguments(function)
            if isinstance(first, (exp.Identifier, exp.Column)):
                qualifiers = tuple(part.name for part in (first.parts if isinstance(first, exp.Column) else [first]))
                try:
                    body = _body(binder, "macro", (*qualifiers, name), arguments, function, call)
                except BindError as error:
                    if not error.message.startswith(("no schema", "no database")):
                        raise
                    body = None
                if body is not None:
                    return body
                first = exp.column(first.copy()) if isinstance(first, exp.Identifier) else first
            return _body(binder, "macro", (name,), [first, *arguments], function, call)
        case exp.Func():
            name = written_name(binder.text, call)
            return None if name is None else _body(binder, "macro", (name,), _arguments(call), call, call)
        case _:
            return None


def _arguments(call: exp.Func) -> list[exp.Expression]:
    return list(call.expressions) if isinstance(call, exp.Anonymous) else name_and_arguments(call)[1]


def _body(
    binder: ExprBinder,
    kind: MacroKind,
    parts: tuple[str, ...],
    arguments: list[exp.Expression],
    function: exp.Func,
    tree: exp.Expression,
) -> exp.Expression | None:
    overloads = binder.context.catalog.macro(kind, parts)
    if not overloads:
        return None
    name, inside = ".".join(parts), function.meta.get(_INSIDE, ())
    if (kind, name.casefold()) in inside:
        chain = " -> ".join(n for _, n in (*inside, (kind, name.casefold())))
        raise binder.error(f"the macro {name} calls itself: {chain}", tree)
    named = dict(pair for a in arguments if (pair := named_argument(a)) is not None)
    placed = [a for a in arguments if named_argument(a) is None]
    fitting = [o for o in overloads if o.takes(len(placed), list(named))]
    if len(fitting) != 1 or len(placed) + len(named) < len(arguments):
        what = "no overload takes these arguments" if not fitting else "several overloads take these arguments"
        known = "; ".join(f"{name}({', '.join(map(str, o.parameters))})" for o in overloads)
        raise binder.error(f"{name}: {what}", tree, f"There is {known}.")
    overload = fitting[0]
    start, end = position(tree)
    body = within(moved(parsed(overload.text, kind), overload.text, start, end), (*inside, (kind, name.casefold())))
    values = _values(overload, placed, named, start, end)
    if any(isinstance(node, exp.Query) for node in body.walk()):
        values = {n: _kept(binder, value) for n, value in values.items()}
    mentioned = {node.name.casefold() for node in body.find_all(exp.Identifier)}
    for parameter_name, value in values.items():
        if parameter_name not in mentioned:
            take(value)
    written = substituted(body, values)
    binder.context.expanded.append(written)
    return written


def within(body: exp.Expression, macros: tuple[tuple[str, str], ...]) -> exp.Expression:
    """Return the text of a macro with a note in its calls in which macros, by kind and name, they stand."""
    for node in body.walk():
        if isinstance(node, exp.Func):
            node.meta[_INSIDE] = macros
    return body


def _values(
    overload: Overload,
    placed: list[exp.Expression],
    named: Mapping[str, exp.Expression],
    start: int | None,
    end: int | None,
) -> dict[str, exp.Expression]:
    """Return the argument of each parameter, by its casefolded name."""
    values: dict[str, exp.Expression] = {}
    for place, parameter in enumerate(overload.parameters):
        name = parameter.name.casefold()
        value = placed[place] if place < len(placed) else named.get(name)
        if value is None:
            value = moved(parsed(parameter.default, "macro"), parameter.default, start, end)
        if parameter.type:
            value = exp.Cast(this=value.copy(), to=exp.DataType.build(parameter.type, dialect="duckdb"))
        values[name] = value
    return values


def _kept(binder: ExprBinder, value: exp.Expression) -> exp.Expression:
    """Return an argument whose columns mean the same within a query."""
    copy = value.copy()
    for node in list(own_nodes(copy)):
        if not isinstance(node, exp.Column) or isinstance(node.this, exp.Star) or node.args.get("db") is not None:
            continue
        if node.name.casefold() in binder.variables or not binder.scope.reaches(node.name, node.table or None):
            continue
        column = binder.scope.visible(node.name, node.table or None, binder.place(node))
        if binder.scope.find(column.unique) is None:
            continue
        named = reference(node.name, column)
        if node is copy:
            return named
        node.replace(named)
    return copy


def substituted(body: exp.Expression, values: Mapping[str, exp.Expression]) -> exp.Expression:
    """Return the text of a macro with the arguments in the place of its parameters, which are casefolded."""
    relations = {node.alias_or_name.casefold() for node in body.find_all(exp.Table, exp.Subquery, exp.CTE)}
    for node in list(body.walk()):
        new = _replacement(node, values, relations)
        if new is None or _is_hidden(node):
            continue
        if node is body:
            return new
        node.replace(new)
    return body


def _replacement(
    node: exp.Expression, values: Mapping[str, exp.Expression], relations: set[str]
) -> exp.Expression | None:
    match node:
        case exp.Column(this=exp.Identifier()) if not node.table:
            value = values.get(node.name.casefold())
            return None if value is None else value.copy()
        case exp.Column(this=exp.Identifier()) if node.args.get("db") is None:
            value = None if node.table.casefold() in relations else values.get(node.table.casefold())
            return None if value is None else exp.Dot(this=value.copy(), expression=node.this.copy())
        case exp.Identifier() if isinstance(node.parent, exp.Dot) and node.arg_key == "this":
            value = values.get(node.name.casefold())
            return None if value is None else value.copy()
        case _:
            return None


def _is_hidden(node: exp.Expression) -> bool:
    """Say whether a lambda around has a parameter of that name."""
    name = (node.table or node.name) if isinstance(node, exp.Column) else node.name
    around = node.parent
    while around is not None:
        if isinstance(around, exp.Lambda) and any(p.name.casefold() == name.casefold() for p in around.expressions):
            return True
        if isinstance(around, exp.Comprehension) and around.args["expression"].name.casefold() == name.casefold():
            return True
        around = around.parent
    return False


def parsed(text: str, kind: MacroKind) -> exp.Expression:
    """Return the tree of the text of a macro, or of a default. Raises ParseError."""
    return _parsed(text, kind).copy()


@lru_cache(512)
def _parsed(text: str, kind: MacroKind) -> exp.Expression:
    if kind == "table macro":
        return parse(text)
    tree = parse(f"SELECT {text}\n")
    extra = any(value for key, value in tree.args.items() if key not in ("expressions", "kind"))
    if not isinstance(tree, exp.Select) or len(tree.expressions) != 1 or extra or tree.expressions[0].alias:
        raise BindError("one expression is expected after AS; write AS TABLE before a query")
    body = tree.expressions[0]
    for node in body.walk():
        if "start" in node.meta:
            node.meta["start"], node.meta["end"] = node.meta["start"] - _SELECT, node.meta["end"] - _SELECT
    return body
