"""JSON texts, read and written as DuckDB reads and writes them.

A document is None, a bool, an int, a float, a str, a list, or for an object a tuple of pairs of a key and a value: keys
may repeat, and keep their order. Beyond the standard a document may hold a comma after the last item, and NaN, Infinity
and their short and small forms. A number beyond the range of a float stays as it was written. What is nested deeper
than Python's stack, some hundreds of levels, is read and written level by level.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from json.encoder import encode_basestring
from math import isfinite
from typing import Any, TypeAlias

from rem_arrow.base.errors import ExecuteError

Document: TypeAlias = Any

_SHOWN_MAX = 60
# Strings stay as they are; a comma after the last item goes; numbers that are none get the names that Python reads.
_BEYOND = re.compile(
    r'"(?:[^"\\]|\\.)*"|(?<=[^\s,\[{:])(?P<comma>\s*,(?=\s*[\]}]))|(?P<number>-?\b(?:nan|inf(?:inity)?)\b)',
    re.IGNORECASE | re.DOTALL,
)
_SPACES = " \t\n\r"
_CONTROL = re.compile(r"\\u00[01][0-9a-f]")


class Written(float):
    """A number that no float holds, with its text."""

    text: str = ""

    @classmethod
    def of(cls, text: str) -> Written:
        number = cls(text)
        number.text = text
        return number


def parse(text: str) -> Document:
    """Return the document that a text is. Raises ExecuteError for a text that is none."""
    try:
        return _read(text)
    except RecursionError:
        return _read_deep(text)
    except ValueError:
        pass
    try:
        return _read(_BEYOND.sub(_standard, text), _TOLERANT)
    except RecursionError:
        return _read_deep(text)
    except ValueError as error:
        raise _no_json(text) from error


def _no_json(text: str) -> ExecuteError:
    return ExecuteError(f"this is not JSON: {_shown(text)}")


def valid(text: str) -> bool:
    """Say whether a text is a JSON document."""
    try:
        parse(text)
    except ExecuteError:
        return False
    return True


def dumped(document: Document) -> str:
    """Return a document as a text without spaces."""
    try:
        return _written(document)
    except RecursionError:
        return "".join(_written_deep(document))


def shallow(function: Callable[[Any], object]) -> Callable[[Any], object]:
    """Return a function of documents that raises ExecuteError where it goes deeper than Python's stack."""

    def called(value: Any) -> object:
        try:
            return function(value)
        except RecursionError as error:
            raise ExecuteError("this JSON is nested too deeply for the function") from error

    return called


def _written(document: Document) -> str:
    kind = type(document)
    if kind is str:
        return quoted(document)
    if kind is tuple:
        return "{" + ",".join([f"{quoted(key)}:{_written(value)}" for key, value in document]) + "}"
    if kind is list:
        return "[" + ",".join([_written(item) for item in document]) + "]"
    if kind is int:
        return str(document)
    if document is None:
        return "null"
    return number_text(document) if isinstance(document, float) else "true" if document else "false"


def quoted(text: str) -> str:
    """Return a text as a string of JSON."""
    written = encode_basestring(text)
    if "\\u00" not in written:
        return written
    return _CONTROL.sub(lambda hit: "\\u00" + hit[0][4:].upper(), written)


def number_text(number: float) -> str:
    """Return a float as JavaScript writes it, a whole one with `.0`."""
    if isinstance(number, Written):
        return number.text
    if not isfinite(number):
        return "NaN" if number != number else "Infinity" if number > 0 else "-Infinity"
    shortest = repr(number)
    sign, digits = ("-", shortest[1:]) if shortest[0] == "-" else ("", shortest)
    mantissa, _, power = digits.partition("e")
    if not power:
        return shortest if "." in shortest else shortest + ".0"
    whole, _, fraction = mantissa.partition(".")
    exponent = int(power)
    if 0 <= exponent < _WHOLE_DIGITS:
        places = whole + fraction
        return f"{sign}{places}{'0' * (exponent + len(whole) - len(places))}.0"
    if -_ZEROS_MAX <= exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{whole}{fraction}"
    return f"{sign}{mantissa.removesuffix('.0')}e{exponent}"


_WHOLE_DIGITS, _ZEROS_MAX = 21, 6


def _real(text: str) -> float:
    number = float(text)
    return number if isfinite(number) else Written.of(text)


def _whole(text: str) -> float:
    try:
        return int(text)
    except ValueError:
        # Python reads no integer of thousands of digits.
        return Written.of(text)


_STRICT = json.JSONDecoder(object_pairs_hook=tuple, parse_float=_real)
_TOLERANT = json.JSONDecoder(object_pairs_hook=tuple, parse_float=_real, parse_int=_whole)


def _read(text: str, decoder: json.JSONDecoder = _STRICT) -> Document:
    document, end = decoder.raw_decode(text, _start(text))
    if text[end:].strip(_SPACES):
        raise ValueError("there is more after the document")
    if "\\u" in text:
        # Half of a pair of surrogates is no character.
        dumped(document).encode()
    return document


_TOKEN = re.compile(r'\s*(?:([\[\]{},:])|("(?:[^"\\]|\\.)*"|[^\s\[\]{},:"]+))', re.DOTALL)


def _read_deep(text: str) -> Document:
    """Read a document of any depth. Raises ExecuteError.

    Of each open array or object there are the values so far; of an object the keys stand among them.
    """
    opened: list[tuple[str, list[Document]]] = []
    top: list[Document] = []
    values, marks, at, expected = top, "", 0, "value"
    standard = _BEYOND.sub(_standard, text)
    for hit in _TOKEN.finditer(standard):
        mark, scalar = hit.groups()
        if hit.start() != at or expected == "end":
            break
        at = hit.end()
        if mark in ("[", "{") and expected in ("value", "first"):
            opened.append((marks, values))
            marks, values, expected = mark, [], "first" if mark == "[" else "key or end"
        elif mark in ("]", "}") and expected in ("next", "first", "key or end") and marks == "[{"["]}".index(mark)]:
            made = values if mark == "]" else tuple(zip(values[::2], values[1::2], strict=True))
            marks, values = opened.pop()
            values.append(made)
            expected = "next" if opened else "end"
        elif mark == "," and expected == "next":
            expected = "value" if marks == "[" else "key"
        elif mark == ":" and expected == "colon":
            expected = "value"
        elif scalar is not None and expected in ("value", "first", "key", "key or end"):
            is_key = expected in ("key", "key or end")
            if is_key and not scalar.startswith('"'):
                break
            values.append(parse(scalar))
            expected = "colon" if is_key else "next" if opened else "end"
        else:
            break
    if expected != "end" or standard[at:].strip(_SPACES):
        raise _no_json(text)
    return top[0]


def _written_deep(document: Document) -> Iterator[str]:
    """Yield the parts of the text of a document of any depth."""
    todo: list[Document | _Part] = [document]
    while todo:
        match todo.pop():
            case _Part() as part:
                yield part
            case list() as items:
                todo.append(_Part("]"))
                for place, item in reversed(list(enumerate(items))):
                    todo += [item, _Part("," if place else "[")]
                if not items:
                    yield "["
            case tuple() as pairs:
                todo.append(_Part("}"))
                for place, (key, value) in reversed(list(enumerate(pairs))):
                    todo += [value, _Part(("," if place else "{") + quoted(key) + ":")]
                if not pairs:
                    yield "{"
            case scalar:
                yield _written(scalar)


class _Part(str):
    """A part of a text, beside documents that are texts."""

    __slots__ = ()


def _start(text: str) -> int:
    return len(text) - len(text.lstrip(_SPACES))


def _standard(hit: re.Match[str]) -> str:
    if hit["comma"] is not None:
        return ""
    if hit["number"] is None:
        return hit[0]
    sign, name = ("-", hit[0][1:]) if hit[0][0] == "-" else ("", hit[0])
    return "NaN" if name.lower() == "nan" else f"{sign}Infinity"


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN_MAX else text[:_SHOWN_MAX] + "..."
