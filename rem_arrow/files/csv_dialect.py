"""What a CSV is written with, found in its first lines: what separates and quotes values, what begins a comment, and
whether a line of names comes first."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import polars as pl

from rem_arrow.files.text_types import TEXT, ColumnType

_SEPARATORS = (",", "|", ";", "\t")
# So many rows tell what separates values, and whether the first names them.
_ROWS_MAX, _TYPED_ROWS_MAX = 1_000, 20_480
_BACKSLASH = "\\"
_COMMENT = "#"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a CSV is written.

    Attributes:
        quote: "" when nothing quotes.
        escape: what stands before a quote inside quotes; "" is a second quote.
        comment: what begins a line that is passed over; "" when nothing does.
        names: of the columns.
        header_lines: lines before the first row.
    """

    separator: str
    quote: str
    escape: str
    comment: str
    names: tuple[str, ...]
    header_lines: int


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way to read the lines; `width` is the number of values in every row, 0 where rows differ."""

    separator: str
    quote: str
    escape: str
    width: int


def sniffed(
    lines: Sequence[str],
    *,
    separator: str | None,
    quote: str | None,
    escape: str | None,
    comment: str | None,
    header: bool | None,
    default: str,
) -> Dialect:
    """Return the dialect of a CSV by its first lines, with their ends; what is given is taken as given.

    Args:
        default: the separator of lines that do not tell.
    """
    separators = [separator] if separator is not None else [default, *(s for s in _SEPARATORS if s != default)]
    mark = comment or ""
    text = without_comments(lines, mark)
    reading = _best(text, separators, quote, escape)
    # Comments are seen where only without them all rows have as many values: else the line may be names: "#id,name".
    if comment is None and reading.width <= 1 and any(_is_comment(line, _COMMENT) for line in lines):
        plain = without_comments(lines, _COMMENT)
        without = _best(plain, separators, quote, escape)
        if without.width > 1:
            mark, text, reading = _COMMENT, plain, without
    rows = list(islice(_rows(text, reading, strict=False), _TYPED_ROWS_MAX))
    named = header if header is not None else _has_header([row for row, _ in rows])
    width = len(rows[0][0]) if rows else 0
    names = rows[0][0] if named and rows else [""] * width
    return Dialect(
        reading.separator,
        reading.quote,
        reading.escape,
        mark,
        unique_names(names),
        rows[0][1] if named and rows else 0,
    )


def without_comments(lines: Sequence[str], mark: str) -> list[str]:
    """Return the lines that are no comments."""
    return [line for line in lines if not (mark and _is_comment(line, mark))]


def usual_separator(lines: Sequence[str], dialect: Dialect) -> str | None:
    """Return another separator that parts most of the rows; None where none does."""
    text = without_comments(lines, dialect.comment)
    for separator in _SEPARATORS:
        reading = _Reading(separator, dialect.quote, dialect.escape, 0)
        parted = [len(row) > 1 for row, _ in islice(_rows(text, reading, strict=False), _ROWS_MAX)]
        if separator != dialect.separator and 2 * sum(parted) > len(parted):
            return separator
    return None


def _is_comment(line: str, mark: str) -> bool:
    return line.lstrip(" ").startswith(mark)


def _best(lines: Sequence[str], separators: Sequence[str], quote: str | None, escape: str | None) -> _Reading:
    """Return the reading in which all rows have the same number of values, and the most; else the first."""
    quotes = [quote] if quote is not None else ['"', "'"]
    best: _Reading | None = None
    for mark in quotes:
        for separator in separators:
            # A quote of another kind counts where it quotes values, and where the usual one quotes none.
            if mark == "'" and quote is None and not _quotes(lines, separator):
                continue
            width, used = _width(lines, separator, mark, escape)
            if best is None or width > max(best.width, 1) or (mark == "'" and 1 < width == best.width):
                best = _Reading(separator, mark, used, width)
    assert best is not None, "the usual quote is tried"
    if quote is None and not best.width:
        bare = [_Reading(s, "", "", _width(lines, s, "", None)[0]) for s in separators]
        widest = max(bare, key=lambda reading: reading.width)
        return widest if widest.width > 1 else best
    return best


def _width(lines: Sequence[str], separator: str, quote: str, escape: str | None) -> tuple[int, str]:
    """Return how many values each row has, 0 where rows differ or text follows a quoted value; and what stands before a
    quote."""
    escapes = [escape or ""]
    if escape is None and quote and any(_BACKSLASH + quote in line for line in lines[:_ROWS_MAX]):
        escapes.append(_BACKSLASH)
    for used in escapes:
        try:
            rows = islice(_rows(lines, _Reading(separator, quote, used, 0), strict=True), _ROWS_MAX)
            widths = {len(row) for row, _ in rows}
        except csv.Error:
            continue
        if len(widths) == 1:
            return widths.pop(), used
    return 0, escapes[0]


def unique_names(names: list[str]) -> tuple[str, ...]:
    """Return the names of columns: one without a name is column0 by its place, of more than ten column00, and the
    second x becomes x_1."""
    taken: set[str] = set()
    unique, digits = [], len(str(max(0, len(names) - 1)))
    for place, name in enumerate(names):
        base = name.strip() or f"column{place:0{digits}}"
        new, n = base, 0
        while new.casefold() in taken:
            n += 1
            new = f"{base}_{n}"
        taken.add(new.casefold())
        unique.append(new)
    return tuple(unique)


def _rows(lines: Sequence[str], reading: _Reading, *, strict: bool) -> Iterator[tuple[list[str], int]]:
    """Yield rows, and how many lines were read up to each. Blank lines are no rows. Raises csv.Error, with `strict`,
    for text after a quoted value."""
    quote, escape = reading.quote, reading.escape
    reader = csv.reader(
        lines,
        delimiter=reading.separator,
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        escapechar=escape if escape not in ("", quote) else None,
        strict=strict,
    )
    try:
        yield from ((row, reader.line_num) for row in reader if row)
    except csv.Error as error:
        # A field may be longer than the reader takes, and the last may go on after these lines: what comes before it
        # is enough.
        if strict and "expected after" in str(error):
            raise


def _quotes(lines: Sequence[str], separator: str) -> bool:
    """Say whether single quotes quote values: some value is between two, none only begins with one, and no value begins
    with a double quote."""
    mark = re.escape(separator)
    begin, whole = re.compile(f"(?:^|{mark}) *'"), re.compile(rf"(?:^|{mark}) *'(?:[^'\\]|\\.)*'(?= *(?:{mark}|$))")
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
        below = [row[place] for row in rows[1:] if place < len(row)]
        if len(rows) == 1:
            # A single row with a value left out is no row of names.
            typed |= _type([name]) != TEXT or not name
        elif name and not any(below):
            return True
        elif _type(below) != TEXT:
            # A name that is left out is that of an index, which comes first.
            if _type([name, *below]) == TEXT or (not place and not name.strip()):
                return True
            typed = True
    return not typed


def _type(texts: list[str]) -> object:
    column = ColumnType()
    column.observe(pl.Series(texts, dtype=pl.String))
    return column.result if column.result == TEXT else column.result.kind
