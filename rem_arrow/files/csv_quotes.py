"""Quotes in a CSV where they should be, which pyarrow does not see to: it takes `"x" y` for `x y`.

A quoted value ends before a separator or the end of its line. Most files are seen to be right by the bytes beside their
quotes alone; any other, as one with quotes inside values that are not quoted, is read once more by Python's reader.
"""

from __future__ import annotations

import csv
import io
from typing import Any, BinaryIO, cast

import numpy as np

_CHUNK = 1 << 22


def are_regular(stream: BinaryIO, separator: str, quote: str) -> bool:
    """Say whether every quote of a file begins or ends a value, or is doubled, and the last is closed; the first, third
    and so on begin one."""
    beside = np.zeros(256, dtype=np.bool_)
    beside[[*separator.encode(), *quote.encode(), *b"\r\n"]] = True
    code, inside, rest = ord(quote), False, b"\n"
    while True:
        chunk = stream.read(_CHUNK)
        # The last byte is looked at with what follows it.
        data = np.frombuffer(rest + (chunk or b"\n"), dtype=np.uint8)
        places = np.flatnonzero(data[1:-1] == code) + 1
        begins, ends = places[int(inside) :: 2], places[1 - int(inside) :: 2]
        if not (beside[data[begins - 1]].all() and beside[data[ends + 1]].all()):
            return False
        inside ^= bool(len(places) % 2)
        rest = data[-2:].tobytes()
        if not chunk:
            return not inside


def misplaced(stream: BinaryIO, separator: str, quote: str, escape: str) -> tuple[int, str] | None:
    """Return the first line on which text follows a quoted value, or a quote is not closed to the end of the file, and
    which of these it is; None where no line does."""
    lines = io.TextIOWrapper(cast(Any, stream), "utf-8-sig", "replace", newline="")
    reader = csv.reader(
        lines,
        delimiter=separator,
        quotechar=quote,
        escapechar=escape if escape not in ("", quote) else None,
        strict=True,
    )
    begun = 1
    try:
        for _ in reader:
            begun = reader.line_num + 1
    except csv.Error as error:
        if "expected after" in str(error):
            return reader.line_num, "text follows a value in quotes"
        # A value may be longer than the reader takes.
        return (begun, "a quote is never closed") if "end of data" in str(error) else None
    return None
