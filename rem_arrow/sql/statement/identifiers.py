"""Names in trees, with their places; and the error for a tree that is not supported."""

from __future__ import annotations

from sqlglot import exp

from rem_arrow.errors import BindError, UnsupportedError
from rem_arrow.sql.statement.statement import Assignments, Name
from rem_arrow.sql.text.position import position


def name_of(tree: exp.Expression) -> Name:
    """Return the name that an identifier, a column or a table is."""
    return Name(tree.name, *position(tree))


def table_name(tree: exp.Expression, text: str) -> Name:
    """Return the name of a table, view or index. Raises UnsupportedError for one in a schema, and for what is no
    name."""
    if not isinstance(tree, exp.Table) or not isinstance(tree.this, exp.Identifier):
        raise refuse("a name of a table is expected here", tree, text)
    if tree.args.get("db") is not None:
        raise refuse("tables have plain names; schemas are not supported", tree, text)
    return name_of(tree.this)


def refuse(message: str, tree: exp.Expression, text: str) -> UnsupportedError:
    return UnsupportedError(message, text, *position(tree))


def assignments(trees: list[exp.Expression], text: str) -> Assignments:
    """Return what SET sets. Raises BindError for a column that is set twice."""
    found: list[tuple[Name, exp.Expression]] = []
    for tree in trees:
        if not isinstance(tree, exp.EQ):
            raise BindError("SET takes column = value", text, *position(tree))
        target, value = tree.this, tree.expression
        if not isinstance(target, exp.Tuple):
            found.append((name_of(target), value))
        elif isinstance(value, exp.Tuple) and len(value.expressions) == len(target.expressions):
            found += [(name_of(t), v) for t, v in zip(target.expressions, value.expressions, strict=True)]
        else:
            raise refuse("SET (a, b) = takes as many values in parentheses", tree, text)
    seen: set[str] = set()
    for name, _ in found:
        if name.text.casefold() in seen:
            raise BindError(f'the column "{name.text}" is set twice', text, name.start, name.end)
        seen.add(name.text.casefold())
    return tuple(found)
