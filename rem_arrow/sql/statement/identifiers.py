"""Names in trees, with their places; and the error for a tree that is not supported."""

from __future__ import annotations

from sqlglot import exp

from rem_arrow.base.errors import BindError, UnsupportedError
from rem_arrow.sql.statement.statement_names import Assignments, Name
from rem_arrow.sql.text.position import position
from rem_arrow.sql.text.trees import parts_of


def name_of(tree: exp.Expression) -> Name:
    """Return the name that an identifier, a column or a table is."""
    return Name(tree.name, *position(tree))


def table_name(tree: exp.Expression, text: str) -> Name:
    """Return the name of a table, view or index. Raises UnsupportedError for what is no name."""
    if not isinstance(tree, exp.Table) or not isinstance(tree.this, exp.Identifier):
        raise refuse("a name of a table is expected here", tree, text)
    first = next(tree.args[key] for key in ("catalog", "db", "this") if tree.args.get(key) is not None)
    return Name(tree.name, position(first)[0], position(tree.this)[1], parts_of(tree)[:-1])


def schema_name(tree: exp.Expression, text: str) -> Name:
    """Return the name of a schema, before which the database may stand."""
    if not isinstance(tree, exp.Table) or not isinstance(tree.args.get("db"), exp.Identifier):
        raise refuse("a name of a schema is expected here", tree, text)
    catalog = tree.args.get("catalog")
    return Name(tree.args["db"].name, *position(tree), () if catalog is None else (catalog.name,))


def refuse(message: str, tree: exp.Expression, text: str) -> UnsupportedError:
    """Return the error for a tree that is not supported."""
    return UnsupportedError(message, text, *position(tree))


def refuse_statement(message: str, tree: exp.Expression, text: str) -> UnsupportedError:
    """Return the error for a kind of statement, which is the whole text where no part of it knows its place."""
    start, end = position(tree)
    return UnsupportedError(message, text, *((0, len(text)) if start is None else (start, end)))


def assignments(trees: list[exp.Expression], text: str) -> Assignments:
    """Return what SET sets. Raises BindError for a column that is set twice."""
    pairs = [pair for tree in trees for pair in _assigned(tree, text)]
    seen: set[str] = set()
    for name, _ in pairs:
        if name.text.casefold() in seen:
            raise BindError(f'the column "{name.text}" is set twice', text, name.start, name.end)
        seen.add(name.text.casefold())
    return tuple(pairs)


def _assigned(tree: exp.Expression, text: str) -> list[tuple[Name, exp.Expression]]:
    """Return the columns and values of `a = x`, or of `(a, b) = (x, y)`."""
    match tree:
        case exp.EQ(this=exp.Tuple(expressions=targets), expression=exp.Tuple(expressions=values)) if len(
            targets
        ) == len(values):
            return [(name_of(t), v) for t, v in zip(targets, values, strict=True)]
        case exp.EQ(this=exp.Tuple()):
            raise refuse("SET (a, b) = takes as many values in parentheses", tree, text)
        case exp.EQ():
            return [(name_of(tree.this), tree.expression)]
        case _:
            raise BindError("SET takes column = value", text, *position(tree))
