"""Queries, keys of an order and windows in the name of a SELECT item, as DuckDB writes them."""

from __future__ import annotations

from collections.abc import Callable

from rem_arrow.base.quoting import readable
from rem_arrow.sql.text.item_words import UnknownFormError, Walk

Read = Callable[[Walk], str]

_ENDS = (
    "FROM",
    "WHERE",
    "GROUP",
    "HAVING",
    "ORDER",
    "LIMIT",
    "OFFSET",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "WINDOW",
    "QUALIFY",
)


def begins(walk: Walk) -> bool:
    return walk.peek().upper in ("SELECT", "WITH", "VALUES", "FROM")


def query(walk: Walk, read: Read) -> str:
    """Read a query of one SELECT over one table. Raises UnknownFormError for any other."""
    walk.need("SELECT")
    text = "SELECT DISTINCT " if walk.skip("DISTINCT") else "SELECT "
    text += ", ".join(_items(walk, read))
    if walk.skip("FROM"):
        text += f" FROM {_table(walk)}"
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
    if not walk.sees(")"):
        raise UnknownFormError
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


def _table(walk: Walk) -> str:
    word = walk.take()
    if word.kind not in ("word", "name") or walk.sees("(") or walk.sees("."):
        raise UnknownFormError
    alias = _alias(walk)
    return f"{readable(word.text)} AS {alias}" if alias else readable(word.text)


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
