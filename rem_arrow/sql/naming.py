"""Names in trees, with their places; and the error for a tree that is not supported."""

from __future__ import annotations

from sqlglot import exp

from rem_arrow.errors import UnsupportedError
from rem_arrow.sql.parse import position
from rem_arrow.sql.statement import Name


def name_of(tree: exp.Expression) -> Name:
    """Return the name that an identifier, a column or a table is."""
    return Name(tree.name, *position(tree))


def table_name(tree: exp.Expression, text: str) -> Name:
    """Return the name of a table, view or index. Raises UnsupportedError for one in a schema, and for what is no name."""
    if not isinstance(tree, exp.Table) or not isinstance(tree.this, exp.Identifier):
        raise refuse("a name of a table is expected here", tree, text)
    if tree.args.get("db") is not None:
        raise refuse("tables have plain names; schemas are not supported", tree, text)
    return name_of(tree.this)


def refuse(message: str, tree: exp.Expression, text: str) -> UnsupportedError:
    return UnsupportedError(message, text, *position(tree))
