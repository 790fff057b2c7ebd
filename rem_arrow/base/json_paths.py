"""Paths in JSON: `$.a[0]`, `$.a[*].b`, `$..b`, `/a/0`, or a text that is one key, as DuckDB reads them.

A step is a key, a place from 0 (from the end where it is negative, past the end None), or a Wildcard. A path with a
wildcard finds a list of values, any other one value or none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from functools import lru_cache
from typing import Final, TypeAlias

from rem_arrow.base.errors import ExecuteError
from rem_arrow.base.json_text import Document


class Wildcard(Enum):
    """FIELDS are all values of an object, ITEMS all of an array, DEEP the value itself and all that are in it."""

    FIELDS = ".*"
    ITEMS = "[*]"
    DEEP = ".."


Step: TypeAlias = "str | int | Wildcard | None"
Steps: TypeAlias = "tuple[Step, ...]"

MISSING: Final = object()
_PATHS_MAX = 4096
_STEP = re.compile(
    r'\.(?P<deep>\.)?(?:"(?P<quoted>(?:[^"\\]|\\.)+)"|(?P<key>[^.\["][^.\[]*)|(?=(?P<bracket>\[)))'
    r"|\[(?:(?P<all>\*)|(?P<place>-?\d+)|#(?:-(?P<back>\d+))?)\]",
    re.DOTALL,
)
_DIGITS_MAX = 18


@lru_cache(_PATHS_MAX)
def steps(path: str) -> Steps:
    """Return the steps of a path. Raises ExecuteError for a text that begins as a path and is none."""
    if path == "*":
        return (Wildcard.FIELDS,)
    if path.startswith("/"):
        return tuple(part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/"))
    if not path.startswith("$"):
        return (path,) if path else ()
    found: list[Step] = []
    at = 1
    while at < len(path):
        hit = _STEP.match(path, at)
        if hit is None or (hit["bracket"] and not hit["deep"]):
            raise ExecuteError(f"JSON path error near '{path[at:]}'")
        found += _steps_of(hit)
        at = hit.end()
    return tuple(found)


def _steps_of(hit: re.Match[str]) -> Iterator[Step]:
    if hit["deep"]:
        yield Wildcard.DEEP
    key = hit["key"] or hit["quoted"]
    if key is not None:
        yield Wildcard.FIELDS if key == "*" else re.sub(r"\\(.)", r"\1", key) if hit["quoted"] else key
    elif hit["all"]:
        yield Wildcard.ITEMS
    elif not hit["bracket"]:
        digits = hit["place"] or (f"-{hit['back']}" if hit["back"] is not None else None)
        yield None if digits is None or len(digits) > _DIGITS_MAX else int(digits)


def has_wildcard(path: Steps) -> bool:
    """Say whether a path may find several values."""
    return any(isinstance(step, Wildcard) for step in path)


def key_path(key: str) -> str:
    """Return the path to a key of the outermost object, whatever the key holds."""
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'$."{escaped}"'


def value_at(document: Document, path: Steps, *, pointer: bool = False) -> Document:
    """Return the value at a path without wildcards, or MISSING. A `pointer` names the places of arrays by digits."""
    for step in path:
        document = _child(document, step, pointer=pointer)
        if document is MISSING:
            return MISSING
    return document


def values_at(document: Document, path: Steps) -> list[Document]:
    """Return the values at a path with wildcards; what is deep comes level by level."""
    values, deep = [document], False
    for step in path:
        if step is Wildcard.DEEP:
            values, deep = [inner for value in values for inner in _levels(value)], True
            continue
        if isinstance(step, Wildcard):
            values = [inner for value in values for inner in _children(value, step, any_kind=deep)]
        else:
            values = [inner for value in values if (inner := _child(value, step)) is not MISSING]
        deep = False
    return values


def _child(document: Document, step: Step, *, pointer: bool = False) -> Document:
    if isinstance(step, str):
        if isinstance(document, tuple):
            return next((value for key, value in document if key == step), MISSING)
        plain = pointer and step.isascii() and step.isdigit() and (step == "0" or step[0] != "0")
        step = int(step) if plain else None
    if isinstance(step, int) and isinstance(document, list) and -len(document) <= step < len(document):
        return document[step]
    return MISSING


def _children(document: Document, step: Wildcard, *, any_kind: bool) -> list[Document]:
    if isinstance(document, tuple) and (step is Wildcard.FIELDS or any_kind):
        return [value for _, value in document]
    return document if isinstance(document, list) and (step is Wildcard.ITEMS or any_kind) else []


def _levels(document: Document) -> list[Document]:
    """Return a value and all that are in it, those of one level before those of the next."""
    found, level = [], [document]
    while level:
        found += level
        inside = [v for v in level if isinstance(v, (list, tuple))]
        level = [i for v in inside for i in (v if isinstance(v, list) else [value for _, value in v])]
    return found
