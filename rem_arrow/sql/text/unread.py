"""What a statement says and nobody has read would have no effect; it is an error instead."""

from __future__ import annotations

from sqlglot import exp

from rem_arrow.base.errors import UnsupportedError
from rem_arrow.sql.text.position import position
from rem_arrow.sql.text.read_marks import Read, Unread, marked_below
from rem_arrow.sql.text.rendered import shown

# What SQLGlot sets itself, whatever the text says: how the dialect means a function, or a name that it derives.
_DERIVED = {
    ("dpipe", "safe"),
    ("trycast", "safe"),
    ("datatype", "nested"),
    ("interval", "fraction_in_string"),
    ("regexpreplace", "single_replace"),
    ("regexpextract", "null_if_pos_overflow"),
    ("datediff", "date_part_boundary"),
    ("getbit", "zero_is_msb"),
    ("decode", "charset"),
    ("encode", "charset"),
    ("pivot", "columns"),
    ("pivot", "pivot_column_naming"),
}


def check_read(tree: exp.Expression, text: str) -> None:
    """Raise UnsupportedError, with its place, for an argument of a marked tree that nobody has read."""
    todo = [tree]
    while todo:
        node = todo.pop()
        for key, value in node.args.items():
            if type(key) is Read:
                todo += marked_below(value)
            elif type(key) is Unread and (node.key, str(key)) not in _DERIVED:
                raise _unsupported(node, str(key), value, text)


def _unsupported(node: exp.Expression, key: str, value: object, text: str) -> UnsupportedError:
    first = value[0] if isinstance(value, list) else value
    start, end = position(first) if isinstance(first, exp.Expression) else (None, None)
    if start is None:
        start, end = position(node)
    what = f"{key.strip('_').replace('_', ' ')} of {node.key.upper()}"
    if isinstance(first, exp.Expression):
        what = f"{shown(first)} ({what})"
    return UnsupportedError(f"{what} is not supported here", text, start, end, hint="Leave it out.")
