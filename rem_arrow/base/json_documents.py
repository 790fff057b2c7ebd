"""What functions of JSON make of documents: their types and structure, merged, searched, laid out and walked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeAlias

from rem_arrow.base.json_paths import Step, key_path, steps
from rem_arrow.base.json_text import Document, dumped, parse, quoted

Structure: TypeAlias = Any

_SIGNED_MIN, _UNSIGNED_MAX = -(1 << 63), (1 << 64) - 1
_UNKNOWN = "JSON"
_NUMBERS = ("BIGINT", "UBIGINT", "HUGEINT", "DOUBLE")
_PLAIN_KEY = re.compile(r"[A-Za-z][A-Za-z0-9]*")


def type_of(document: Document) -> str:
    """Return the name that json_type gives a value."""
    match document:
        case None:
            return "NULL"
        case bool():
            return "BOOLEAN"
        case int():
            if document >= 0:
                return "UBIGINT" if document <= _UNSIGNED_MAX else "DOUBLE"
            return "BIGINT" if document >= _SIGNED_MIN else "DOUBLE"
        case float():
            return "DOUBLE"
        case str():
            return "VARCHAR"
        case list():
            return "ARRAY"
        case _:
            return "OBJECT"


def structure(document: Document) -> Structure:
    """Return the type of a document as json_structure says it: a name, a list of one structure, or pairs of keys and
    structures."""
    if isinstance(document, list):
        joined: Structure = "NULL"
        for item in document:
            joined = met(joined, structure(item))
        return [joined]
    if isinstance(document, tuple):
        fields: dict[str, Structure] = {}
        for key, value in document:
            fields[key] = met(fields[key], structure(value)) if key in fields else structure(value)
        return tuple(fields.items())
    return type_of(document)


def structure_text(found: Structure) -> str:
    """Return a structure as JSON; of an object that is always empty nothing is known."""
    return dumped(_shown(found))


def _shown(found: Structure) -> Structure:
    if isinstance(found, list):
        return [_shown(found[0])]
    return tuple((k, _shown(v)) for k, v in found) or _UNKNOWN if isinstance(found, tuple) else found


def met(a: Structure, b: Structure) -> Structure:
    """Return the structure of values of both."""
    if b in (a, "NULL"):
        return a
    if a == "NULL":
        return b
    if isinstance(a, list) and isinstance(b, list):
        return [met(a[0], b[0])]
    if isinstance(a, tuple) and isinstance(b, tuple):
        fields = dict(a)
        for key, value in b:
            fields[key] = met(fields[key], value) if key in fields else value
        return tuple(fields.items())
    if isinstance(a, str) and isinstance(b, str) and a in _NUMBERS and b in _NUMBERS:
        return "DOUBLE" if "DOUBLE" in (a, b) else "HUGEINT"
    return _UNKNOWN


def merged(document: Document, patch: Document) -> Document:
    """Return an object with a patch of RFC 7396, as yyjson makes it: the fields that the patch does not name, then its
    own, without those that are null. What is no object takes the patch as it is."""
    return _merged(document, patch) if isinstance(document, tuple) else patch


def _merged(document: Document, patch: Document) -> Document:
    if not isinstance(patch, tuple):
        return patch
    fields, named = dict(reversed(document)) if isinstance(document, tuple) else {}, {key for key, _ in patch}
    kept = [pair for pair in document if pair[0] not in named] if isinstance(document, tuple) else []
    return (*kept, *((k, _merged(fields.get(k), value)) for k, value in patch if value is not None))


def contains(document: Document, needle: Document) -> bool:
    """Say whether a value is in a document, at any depth: an object with more fields, an array with more items."""
    level = [document]
    while level:
        if any(_matches(value, needle) for value in level):
            return True
        inside = [v for v in level if isinstance(v, (list, tuple))]
        level = [i for v in inside for i in (v if isinstance(v, list) else [value for _, value in v])]
    return False


def _matches(document: Document, needle: Document) -> bool:
    if isinstance(needle, tuple):
        fields = dict(document) if isinstance(document, tuple) else None
        return fields is not None and all(k in fields and _matches(fields[k], v) for k, v in needle)
    if isinstance(needle, list):
        return isinstance(document, list) and all(any(_matches(item, n) for item in document) for n in needle)
    return type_of(document) == type_of(needle) and bool(document == needle)


def laid_out(document: Document, indent: int = 0) -> str:
    """Return a document over several lines, four spaces a level."""
    inner = "    " * (indent + 1)
    if isinstance(document, tuple) and document:
        parts = [f"{inner}{quoted(key)}: {laid_out(value, indent + 1)}" for key, value in document]
        return "{\n" + ",\n".join(parts) + "\n" + "    " * indent + "}"
    if isinstance(document, list) and document:
        return "[\n" + ",\n".join(inner + laid_out(i, indent + 1) for i in document) + "\n" + "    " * indent + "]"
    return dumped(document)


def children(document: Document, number: int, fullkey: str) -> Iterator[tuple[str, Document, int, str]]:
    """Yield the key, the value, the number and the path of each value in an object or array.

    A document's values are counted as they stand in the text, keys too; `number` is that of the document.
    """
    number += 1
    if isinstance(document, list):
        for place, item in enumerate(document):
            yield str(place), item, number, f"{fullkey}[{place}]"
            number += _size(item)
    elif isinstance(document, tuple):
        for key, value in document:
            shown = key if _PLAIN_KEY.fullmatch(key) else quoted(key)
            yield key, value, number + 1, f"{fullkey}.{shown}"
            number += 1 + _size(value)


def rows_of(text: str, path: str, *, deep: bool) -> list[dict[str, object]]:
    """Return the rows of json_each, or with `deep` of json_tree, of the value at a path."""
    document: Document = parse(text)
    number = 0
    for step in steps(path):
        inside = [c for c in children(document, number, "") if _is_at(c[0], document, step)]
        if not inside:
            return []
        _, document, number, _ = inside[0]
    fullkey = path if path.startswith("$") else key_path(path)
    if deep:
        return list(_tree(None, document, number, None, fullkey, fullkey))
    if not isinstance(document, (list, tuple)):
        return [_row(None, document, number, None, fullkey, fullkey)]
    return [_row(k, value, n, None, at, fullkey) for k, value, n, at in children(document, number, fullkey)]


def _is_at(key: str, document: Document, step: Step) -> bool:
    if isinstance(document, tuple):
        return key == step
    return isinstance(step, int) and -len(document) <= step and int(key) == step + (len(document) if step < 0 else 0)


def _tree(
    key: str | None, document: Document, number: int, parent: int | None, fullkey: str, path: str
) -> Iterator[dict[str, object]]:
    yield _row(key, document, number, parent, fullkey, path)
    for inner, value, n, at in children(document, number, fullkey):
        yield from _tree(inner, value, n, number, at, fullkey)


def _row(
    key: str | None, document: Document, number: int, parent: int | None, fullkey: str, path: str
) -> dict[str, object]:
    text = dumped(document)
    return {
        "key": key,
        "value": text,
        "type": type_of(document),
        "atom": None if document is None or isinstance(document, (list, tuple)) else text,
        "id": number,
        "parent": parent,
        "fullkey": fullkey,
        "path": path,
    }


def _size(document: Document) -> int:
    """Return how many values and keys there are in a value, itself counted."""
    if isinstance(document, list):
        return 1 + sum(map(_size, document))
    return 1 + sum(1 + _size(value) for _, value in document) if isinstance(document, tuple) else 1
