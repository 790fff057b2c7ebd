"""Queries, keys of an order and windows in the name of a SELECT item, as DuckDB writes them."""

from __future__ import annotations

from collections.abc import Callable

from rem_arrow.base.quoting import readable
from rem_arrow.sql.text.item_words import UnknownFormError, Walk

Read = Callable[[Walk], str]

_OPERATIONS = ("UNION", "EXCEPT", "INTERSECT")
_JOINS = ("INNER", "LEFT", "RIGHT", "FULL", "CROSS", "SEMI", "ANTI")
_ENDS = (
    "FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "WINDOW", "QUALIFY", "ON", "USING", "JOIN",
    "NATURAL", "ASOF", "POSITIONAL", *_OPERATIONS, *_JOINS,
)  # fmt: skip


def begins(walk: Walk) -> bool:
    return walk.peek().upper in ("SELECT", "WITH", "VALUES", "FROM")


def query(walk: Walk, read: Read) -> str:
    """Read a query: one SELECT, or two joined by a set operation. Raises UnknownFormError for any other."""
    text = _select(walk, read)
    operation = walk.one_of(_OPERATIONS)
    if operation is not None:
        operation += " ALL" if walk.skip("ALL") else ""
        text = f"({text}) {operation} ({_select(walk, read)})"
    if not walk.sees(")"):
        raise UnknownFormError
    return text


def _select(walk: Walk, read: Read) -> str:
    walk.need("SELECT")
    text = "SELECT DISTINCT " if walk.skip("DISTINCT") else "SELECT "
    text += ", ".join(_items(walk, read))
    if walk.skip("FROM"):
        text += f" FROM {_from(walk, read)}"
    if walk.skip("WHERE"):
        text += f" WHERE {read(walk)}"
    if walk.skip("GROUP", "BY"):
        text += f" GROUP BY {', '.join(_several(walk, read))}"
    if walk.skip("HAVING"):
        text += f" HAVING {read(walk)}"
    if walk.skip("ORDER", "BY"):
        text += f" ORDER BY {order(walk, read)}"
    for word in ("LIMIT", "OFFSET"):
        if walk.skip(word):
            text += f" {word} {read(walk)}"
    return text


def _items(walk: Walk, read: Read) -> list[str]:
    items = []
    while True:
        if walk.skip("*"):
            items.append("*")
        else:
            item = read(walk)
            alias = _alias(walk)
            items.append(f"{item} AS {alias}" if alias else item)
        if not walk.skip(","):
            return items


def _alias(walk: Walk) -> str:
    if walk.skip("AS"):
        return readable(walk.take().text)
    word = walk.peek()
    if word.kind == "name" or (word.kind == "word" and word.upper not in _ENDS):
        return readable(walk.take().text)
    return ""


def _from(walk: Walk, read: Read) -> str:
    text = _joined(walk, read)
    while walk.skip(","):
        text += f" , {_joined(walk, read)}"
    return text


def _joined(walk: Walk, read: Read) -> str:
    left = _table(walk, read)
    while True:
        natural = "NATURAL " if walk.skip("NATURAL") else ""
        kind = walk.one_of(_JOINS)
        if kind is None and not walk.sees("JOIN"):
            return left
        walk.skip("OUTER")
        walk.need("JOIN")
        left = f"{left} {natural}{kind or 'INNER'} JOIN {_table(walk, read)}"
        if walk.skip("ON"):
            left += f" ON ({read(walk)})"
        elif walk.skip("USING", "("):
            left += f" USING ({', '.join(_names(walk))})"
        left = f"({left})"


def _table(walk: Walk, read: Read) -> str:
    """A table, a query in parentheses or the call of a function, each with its alias."""
    if walk.skip("("):
        text = f"({query(walk, read)})"
        walk.need(")")
    elif walk.peek(1).upper == "(":
        text = read(walk)
    else:
        word = walk.take()
        if word.kind not in ("word", "name"):
            raise UnknownFormError
        text = readable(word.text)
        while walk.skip("."):
            text += f".{readable(walk.take().text)}"
    alias = _alias(walk)
    if alias and walk.skip("("):
        alias += f"({', '.join(_names(walk))})"
    return f"{text} AS {alias}" if alias else text


def _names(walk: Walk) -> list[str]:
    """Read names up to a closing parenthesis."""
    names = [readable(walk.take().text)]
    while walk.skip(","):
        names.append(readable(walk.take().text))
    walk.need(")")
    return names


def _several(walk: Walk, read: Read) -> list[str]:
    found = [read(walk)]
    while walk.skip(","):
        found.append(read(walk))
    return found


def order(walk: Walk, read: Read) -> str:
    """Read keys: each with its direction, and where NULLs go, as they stand there."""
    keys = []
    while True:
        key = read(walk)
        direction = walk.one_of(("ASC", "DESC"))
        key += f" {direction}" if direction else ""
        if walk.skip("NULLS"):
            key += f" NULLS {walk.take().upper}"
        keys.append(key)
        if not walk.skip(","):
            return ", ".join(keys)


def window(walk: Walk, read: Read) -> str:
    """Read what stands in the parentheses of OVER."""
    parts = []
    if walk.skip("PARTITION", "BY"):
        parts.append(f"PARTITION BY {', '.join(_several(walk, read))}")
    if walk.skip("ORDER", "BY"):
        parts.append(f"ORDER BY {order(walk, read)}")
    unit = walk.one_of(("ROWS", "RANGE", "GROUPS"))
    if unit is not None:
        between = walk.skip("BETWEEN")
        start = _bound(walk, read)
        if between:
            walk.need("AND")
        end = _bound(walk, read) if between else "CURRENT ROW"
        parts.append(f"{unit} BETWEEN {start} AND {end}{_excluded(walk)}")
    walk.need(")")
    return " ".join(parts)


def _bound(walk: Walk, read: Read) -> str:
    if walk.skip("CURRENT", "ROW"):
        return "CURRENT ROW"
    offset = "UNBOUNDED" if walk.skip("UNBOUNDED") else read(walk)
    side = walk.one_of(("PRECEDING", "FOLLOWING"))
    if side is None:
        raise UnknownFormError
    return f"{offset} {side}"


def _excluded(walk: Walk) -> str:
    if not walk.skip("EXCLUDE"):
        return ""
    words = walk.take().upper
    if words in ("CURRENT", "NO"):
        words += f" {walk.take().upper}"
    return "" if words == "NO OTHERS" else f" EXCLUDE {words}"
