"""What a CSV is written with, found in its first lines: what separates and quotes values, and whether a line of names
comes first."""

from __future__ import annotations

import csv
import re
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

import polars as pl

from rem_arrow.files.text_types import TEXT, ColumnType

_SEPARATORS = (",", "|", ";", "\t")
_ROWS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a CSV is written.

    Attributes:
        quote: "" when nothing quotes.
        escape: what stands before a quote inside quotes; "" is a second quote.
        names: of the columns.
        header_lines: lines before the first row.
    """

    separator: str
    quote: str
    escape: str
    names: tuple[str, ...]
    header_lines: int


def sniffed(
    lines: list[str], *, separator: str | None, quote: str | None, escape: str | None, header: bool | None, default: str
) -> Dialect:
    """Return the dialect of a CSV by its first lines, with their ends; what is given is taken as given.

    Args:
        default: the separator of lines that do not tell.
    """
    separators = [separator] if separator is not None else [default, *(s for s in _SEPARATORS if s != default)]
    quotes = [quote] if quote is not None else ['"', "'"]
    best, best_rows, best_width = (separators[0], quotes[0]), None, 0
    for mark in quotes:
        for candidate in separators:
            rows = _rows(lines, candidate, mark, escape)
            widths = {len(row) for row, _ in rows}
            width = max(widths, default=0)
            even = len(widths) == 1 and width > 1
            # A quote of another kind counts where it quotes values, and where the usual one quotes none.
            if mark == "'" and quote is None and not _quotes(lines, candidate):
                continue
            better = even and (width > best_width or (mark == "'" and width >= best_width))
            if better or best_rows is None:
                best, best_rows, best_width = (candidate, mark), rows, width if even else 0
    rows = best_rows or []
    named = header if header is not None else _has_header([row for row, _ in rows])
    width = max((len(row) for row, _ in rows[:1]), default=0)
    names = rows[0][0] if named and rows else [""] * width
    return Dialect(*best, escape or "", unique_names(names), rows[0][1] if named and rows else 0)


def unique_names(names: list[str]) -> tuple[str, ...]:
    """Return the names of columns: one without a name is column0 by its place, and the second x becomes x_1."""
    taken: set[str] = set()
    unique = []
    for place, name in enumerate(names):
        base = name.strip() or f"column{place}"
        new, n = base, 0
        while new.casefold() in taken:
            n += 1
            new = f"{base}_{n}"
        taken.add(new.casefold())
        unique.append(new)
    return tuple(unique)


def _rows(lines: list[str], separator: str, quote: str, escape: str | None) -> list[tuple[list[str], int]]:
    """Return rows, and how many lines were read up to each. Blank lines are no rows."""
    reader = csv.reader(
        lines,
        delimiter=separator,
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        doublequote=not escape or escape == quote,
        escapechar=escape if escape and escape != quote else None,
    )
    rows: list[tuple[list[str], int]] = []
    # A field may be longer than the reader takes: what comes before it is enough.
    with suppress(csv.Error):
        rows += ((row, reader.line_num) for row in islice(reader, _ROWS_MAX) if row)
    return rows


def _quotes(lines: list[str], separator: str) -> bool:
    """Say whether single quotes quote values: some value is between two, none only begins with one, and no value begins
    with a double quote."""
    mark = re.escape(separator)
    begin, whole = re.compile(f"(?:^|{mark}) *'"), re.compile(f"(?:^|{mark}) *'[^']*'(?= *(?:{mark}|$))")
    text = [line.rstrip("\r\n") for line in lines[:_ROWS_MAX]]
    quoted = sum(len(whole.findall(line)) for line in text)
    starts = sum(len(begin.findall(whole.sub("", line))) for line in text)
    return quoted > 0 and not starts and not any(re.search(f'(?:^|{mark})"', line) for line in text)


def _has_header(rows: list[list[str]]) -> bool:
    """Say whether the first row names the columns: it does, unless its values are of the types of the rows below, and
    not all of these are texts."""
    if not rows:
        return False
    typed = False
    for place, name in enumerate(rows[0]):
        below = _type([row[place] for row in rows[1:] if place < len(row)])
        here = _type([name])
        if len(rows) == 1:
            typed |= here != TEXT
        elif below != TEXT:
            both = _type([name, *[row[place] for row in rows[1:] if place < len(row)]])
            if not name.strip() or both == TEXT:
                return True
            typed = True
    return not typed


def _type(texts: list[str]) -> object:
    column = ColumnType()
    column.observe(pl.Series(texts, dtype=pl.String))
    return column.result if column.result == TEXT else column.result.kind
