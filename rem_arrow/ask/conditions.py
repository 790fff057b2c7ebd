"""Conditions on the rows of a table, from the words of a question: values of its columns, comparisons with numbers,
flags, missing values, times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from rem_arrow.ask import english
from rem_arrow.ask.column_values import WORDS_MAX, equals, unlisted_value, value_at
from rem_arrow.ask.columns import alike, column_at, measure, sized, time_column
from rem_arrow.ask.question import Reading
from rem_arrow.ask.times import TimeSpan
from rem_arrow.ask.vocabulary import Column, TableWords
from rem_arrow.base.quoting import readable

_IS = ("is", "are", "=", "==", "equals", "equal", "was", "were", "of", "named", "called", "to")
_OPERATORS = {
    "more": ">",
    "over": ">",
    "greater": ">",
    "above": ">",
    "exceeding": ">",
    "larger": ">",
    "longer": ">",
    "bigger": ">",
    "higher": ">",
    "less": "<",
    "under": "<",
    "fewer": "<",
    "below": "<",
    "smaller": "<",
    "shorter": "<",
    "lower": "<",
    "exactly": "=",
    "least": ">=",
    "most": "<=",
    ">": ">",
    "<": "<",
    ">=": ">=",
    "<=": "<=",
}
_WITHOUT = ("without", "no", "missing", "lacking", "lacks", "lack")
_WITH = ("with", "has", "have", "having")
_NOT = ("not", "non", "never", "except", "excluding")


def read(reading: Reading, table: TableWords, *, prefix: str = "", within: range | None = None) -> list[str]:
    """Return the conditions that a question states on a table, each once, and account for their words.

    Args:
        prefix: comes before each column's name, such as `t.`.
        within: the places of the tokens that are read; default is all.
    """
    conditions: list[str] = []
    places = within or range(len(reading.tokens))
    place = places.start
    while place < places.stop:
        hit = None if place in reading.used else next(_matches(reading, table, place, places.stop, prefix), None)
        if hit is None:
            place += 1
            continue
        condition, stop = hit
        reading.use(place, stop)
        if condition not in conditions:
            conditions.append(condition)
        place = stop
    return conditions


def time_condition(reading: Reading, table: TableWords, *, prefix: str = "") -> tuple[str, Column] | None:
    """Return the question's time as a condition on a table, and the column that it is on; None without a time, or
    without a column for it."""
    if reading.time is None:
        return None
    column = time_column(reading, table)
    if column is None:
        return None
    return reading.time.condition(prefix + readable(column.name), lambda at: _moment(at, column.dtype)), column


def _moment(at: datetime, dtype: pl.DataType) -> str:
    """Return a time as a literal of a column's type."""
    if isinstance(dtype, pl.Date):
        return f"DATE '{at:%Y-%m-%d}'"
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is None:
        return f"TIMESTAMP '{at:%Y-%m-%d %H:%M:%S}'"
    return f"TIMESTAMPTZ '{at:%Y-%m-%d %H:%M:%S}+00'"


def instant_condition(time: TimeSpan, column: str) -> str:
    """Return a time as a condition on a column of instants."""
    return time.condition(column, lambda at: _moment(at, pl.Datetime("us", "UTC")))


# --- one condition: each function returns it and the place after its words


def _matches(reading: Reading, table: TableWords, place: int, stop: int, prefix: str) -> Iterator[tuple[str, int]]:
    """Yield the conditions that begin at a place and end before `stop`, the surest first."""
    for match in (_missing, _undone, _compared, _counted, _column_value, _value_column, _flag, _value):
        hit = match(reading, table, place, prefix)
        if hit is not None and hit[1] <= stop:
            yield hit


def _missing(reading: Reading, table: TableWords, place: int, prefix: str) -> tuple[str, int] | None:
    """Read "without an assignee", "with a docstring"."""
    word = reading.low(place)
    if word not in _WITHOUT and word not in _WITH:
        return None
    at = place + 1
    while reading.low(at) in ("a", "an", "any", "the"):
        at += 1
    hit = column_at(reading, table, at)
    if hit is None or not (hit[0].nullable or hit[0].is_list):
        return None
    column, stop = hit
    name, is_missing = prefix + readable(column.name), word in _WITHOUT
    if not is_missing and (at == place + 1 or value_at(reading, stop, column) is not None):
        return None
    if column.is_list:
        return f"len({name}) {'= 0' if is_missing else '> 0'}", stop
    return f"{name} IS {'' if is_missing else 'NOT '}NULL", stop


def _undone(reading: Reading, table: TableWords, place: int, prefix: str) -> tuple[str, int] | None:
    """Read "unassigned"."""
    word = reading.low(place)
    if not word.startswith("un") or len(word) <= 5:
        return None
    stem = english.stem(word[2:])
    column = next((c for c in table.columns if c.nullable and any(alike(stem, s) for s in c.stems)), None)
    return None if column is None else (f"{prefix}{readable(column.name)} IS NULL", place + 1)


@dataclass(frozen=True, slots=True)
class _Comparison:
    """The words "more than 400".

    Attributes:
        size: the adjective that says what is measured, as in "larger than 400"; None for a word such as "more".
        stop: the place after the words.
    """

    operator: str
    number: float
    size: str | None
    stop: int


def _compared(reading: Reading, table: TableWords, place: int, prefix: str) -> tuple[str, int] | None:
    """Read "more than 400 lines", "at least 300 additions", "size over 500", "larger than 500 lines"."""
    before = measure(reading, table, place)
    at = before[1] if before is not None and reading.low(before[1]) in (*_OPERATORS, "at", "of", "is") else place
    while at > place and reading.low(at) in ("of", "is", "are", "was"):
        at += 1
    comparison = _comparison(reading, at)
    if comparison is None:
        return None
    if before is not None and before[1] < comparison.stop and reading.low(place) not in _OPERATORS:
        column, stop = before[0], comparison.stop
    elif (after := measure(reading, table, comparison.stop)) is not None:
        column, stop = after
    elif comparison.size is not None and (guess := sized(comparison.size, table)) is not None:
        column, stop = guess, comparison.stop
    else:
        return None
    return f"{prefix}{readable(column.name)} {comparison.operator} {comparison.number:g}", stop


def _comparison(reading: Reading, place: int) -> _Comparison | None:
    at = place + 1 if reading.low(place) in ("at", "no") else place
    word = reading.low(at)
    operator = _OPERATORS.get(word)
    if operator is None or (word in ("least", "most") and reading.low(at - 1) != "at"):
        return None
    at += 2 if reading.low(at + 1) in ("than", "or", "to", "equal") else 1
    number = reading.number(at)
    if number is None:
        return None
    return _Comparison(operator, number, word if word in english.SIZES else None, at + 1)


def _counted(reading: Reading, table: TableWords, place: int, prefix: str) -> tuple[str, int] | None:
    """Read "8 points"."""
    number = reading.number(place)
    hit = None if number is None else measure(reading, table, place + 1)
    return None if hit is None else (f"{prefix}{readable(hit[0].name)} = {number:g}", hit[1])


def _column_value(reading: Reading, table: TableWords, place: int, prefix: str) -> tuple[str, int] | None:
    """Read "category tutorial", "status is active or published", "module textwrap", "the tag asyncio"."""
    hit = column_at(reading, table, place)
    if hit is None or hit[0].is_flag:
        return None
    column, at = hit
    is_said = negated = False
    while reading.low(at) in (*_IS, *_NOT, "the", "a"):
        negated |= reading.low(at) in _NOT
        is_said |= reading.low(at) in _IS
        at += 1
    number = None if at in reading.used else reading.number(at)
    if column.is_number and number is not None:
        return f"{prefix}{readable(column.name)} {'<>' if negated else '='} {number:g}", at + 1
    first = value_at(reading, at, column)
    if first is None:
        first = unlisted_value(reading, at, column, follows_is=is_said, before=reading.low(place - 1))
    if first is None:
        return None
    values, stop = _listed(reading, column, first, ("or", ",", "and"), separators_max=len(reading.tokens))
    return equals(column, values, prefix, negated=negated), stop


def _listed(
    reading: Reading, column: Column, first: tuple[str, int], separators: tuple[str, ...], *, separators_max: int
) -> tuple[list[str], int]:
    """Return a value and those that follow it, each after 1 to `separators_max` separators, and the place after the
    last."""
    values, stop = [first[0]], first[1]
    while True:
        at = stop
        while reading.low(at) in separators and at - stop < separators_max:
            at += 1
        following = None if at == stop else value_at(reading, at, column)
        if following is None:
            return values, stop
        values.append(following[0])
        stop = following[1]


def _value_column(reading: Reading, table: TableWords, place: int, prefix: str) -> tuple[str, int] | None:
    """Read "the Payments team", "high priority"."""
    for words in range(WORDS_MAX, 0, -1):
        for column in table.columns:
            hit = value_at(reading, place, column, words=words)
            name = None if hit is None else column_at(reading, table, hit[1])
            if hit is not None and name is not None and name[0].name == column.name:
                return equals(column, [hit[0]], prefix, negated=reading.low(place - 1) in _NOT), name[1]
    return None


def _flag(reading: Reading, table: TableWords, place: int, prefix: str) -> tuple[str, int] | None:
    """Read "active", "no longer active", "not public", "inactive"."""
    at, negated = place, False
    while reading.low(at) in ("no", "longer", *_NOT):
        negated, at = True, at + 1
    word = reading.low(at)
    stem = english.stem(word)
    opposites = [english.stem(word.removeprefix(p)) for p in ("in", "un", "non") if word.startswith(p)]
    for column in (c for c in table.columns if c.is_flag):
        stems = column.stems
        if stems[0] in ("is", "has", "was", "can") and len(stems) > 1:
            stems = stems[1:]
        if len(stems) != 1:
            continue
        name = prefix + readable(column.name)
        if stems[0] == stem:
            return (f"NOT {name}" if negated else name), at + 1
        if stems[0] in opposites:
            return f"NOT {name}", at + 1
    return None


def _value(reading: Reading, table: TableWords, place: int, prefix: str) -> tuple[str, int] | None:
    """Read "open", "critical", "Lisbon", "open or closed"."""
    at, negated = place, False
    while reading.low(at) in _NOT:
        negated, at = True, at + 1
    for words in range(WORDS_MAX, 0, -1):
        hits = [
            (column, hit)
            for column in table.columns
            if not column.is_list and (hit := value_at(reading, at, column, words=words)) is not None
        ]
        if hits:
            # Of several columns with that value the one with the fewest values: it says the kind, and is no name.
            column, first = min(hits, key=lambda h: len(h[0].values))
            values, stop = _listed(reading, column, first, ("or", ","), separators_max=1)
            return equals(column, values, prefix, negated=negated), stop
    return None
