"""A tree as SQL again, for messages and names: always a text, and no word of SQLGlot's on standard error."""

from __future__ import annotations

from sqlglot import ErrorLevel, exp
from sqlglot.errors import SqlglotError

from rem_arrow.sql.text.read_marks import unmarked

_SHOWN_MAX = 60


def rendered(tree: exp.Expression) -> str:
    """Return the SQL of a tree; its kind where SQLGlot writes none for it, as for calls without their arguments."""
    try:
        return str(unmarked(tree).sql("duckdb", unsupported_level=ErrorLevel.IGNORE))
    except (SqlglotError, AttributeError, TypeError, ValueError, IndexError):
        return str(tree.key)


def shown(tree: exp.Expression) -> str:
    """Return the beginning of it, for a message."""
    return rendered(tree)[:_SHOWN_MAX]
