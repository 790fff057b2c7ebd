"""The columns of a table that the words of a question name: by their names, by their descriptions, by verbs, by sizes
and by the values that they hold."""

from __future__ import annotations

import re
from collections.abc import Callable

from rem_arrow.ask import english
from rem_arrow.ask.question import Reading
from rem_arrow.ask.vocabulary import Column, TableWords, Vocabulary, normal

# Stems that begin the names of columns which say when an event takes place.
_EVENT_STEMS = ("start", "begin", "happen", "occur", "at", "time", "date", "timestamp", "day")
_SYSTEM_TIMES = ("created_at", "modified_at")


# --- columns of times


def time_column(reading: Reading, table: TableWords) -> Column | None:
    """Return the column that times in a question are about, and account for the verb that names it; None if the table
    has no column for times."""
    choosers = (_of_own_verb, _of_system_verb, _of_event, _never_null, _of_creation, _first_declared)
    return next((column for choose in choosers if (column := choose(reading, table)) is not None), None)


def _of_own_verb(reading: Reading, table: TableWords) -> Column | None:
    """Return the column whose verb the question uses: `closed_at` of "closed"."""
    for place, token in enumerate(reading.tokens):
        column = next((c for c in _times(table) if c.stems[0] == token.stem and len(c.stems) > 1), None)
        if column is not None and is_past(token.text):
            reading.use(place, place + 1)
            return column
    return None


def _of_system_verb(reading: Reading, table: TableWords) -> Column | None:
    """Return `created_at` or `modified_at`, where the question uses a verb such as "added" or "updated"."""
    if any(not c.nullable for c in _declared_times(table)):
        # Of a commit, "made" and "written" are about when it was committed, not when the row was.
        return None
    for place, token in enumerate(reading.tokens):
        name = english.TIME_STEMS.get(token.stem) if is_past(token.text) else None
        column = next((c for c in _times(table) if c.name == name), None)
        if column is not None:
            reading.use(place, place + 1)
            return column
    return None


def _of_event(reading: Reading, table: TableWords) -> Column | None:
    return next((c for c in _declared_times(table) if c.stems[0] in _EVENT_STEMS), None)


def _never_null(reading: Reading, table: TableWords) -> Column | None:
    return next((c for c in _declared_times(table) if not c.nullable), None)


def _of_creation(reading: Reading, table: TableWords) -> Column | None:
    return table.column("created_at")


def _first_declared(reading: Reading, table: TableWords) -> Column | None:
    return next(iter(_declared_times(table)), None)


def _times(table: TableWords) -> list[Column]:
    return [c for c in table.columns if c.is_time]


def _declared_times(table: TableWords) -> list[Column]:
    """Return the columns of times that are not the database's own."""
    return [c for c in _times(table) if c.name not in _SYSTEM_TIMES]


def is_past(word: str) -> bool:
    """Return whether a word looks like a past participle: created, closed, written."""
    return word.casefold().endswith(("ed", "en", "wrote", "made"))


# --- columns by their names


def column_at(reading: Reading, table: TableWords, place: int) -> tuple[Column, int] | None:
    """Return the column that the words at a place name, and the place after them. The longest name wins, and of equally
    long ones a whole name."""
    best: tuple[Column, int] | None = None
    for column in table.columns:
        for stems in _names(column):
            stop = place + len(stems)
            if not _stands(reading, place, stems):
                continue
            if best is None or stop > best[1] or (stop == best[1] and stems == column.stems):
                best = (column, stop)
    return best


def _names(column: Column) -> list[tuple[str, ...]]:
    """Return the stems that a column is called by: those of its name, and the last one alone, for "type" may be said of
    `moment_type`. Flags such as `is_active` are not called by name."""
    stems = column.stems
    if len(stems) > 1 and stems[0] in ("is", "has"):
        return []
    last = [stems[-1:]] if column.name != "id" else []
    return [stems, *last] if len(stems) > 1 else last


def _stands(reading: Reading, place: int, stems: tuple[str, ...]) -> bool:
    tokens = reading.tokens[place : place + len(stems)]
    return len(tokens) == len(stems) > 0 and all(alike(t.stem, s) for t, s in zip(tokens, stems, strict=True))


def alike(a: str, b: str) -> bool:
    """Return whether two stems are equal, or one is the other with at most two more letters."""
    return a == b or (min(len(a), len(b)) >= 4 and (a.startswith(b) or b.startswith(a)) and abs(len(a) - len(b)) <= 2)


# --- columns of numbers


def measure(reading: Reading, table: TableWords, place: int) -> tuple[Column, int] | None:
    """Return the column of numbers that the words at a place name, by its name or by its description, and the place
    after them."""
    if place >= len(reading.tokens):
        return None
    numbers = [c for c in table.columns if c.is_number]
    for column in numbers:
        stop = place + len(column.stems)
        if len(column.stems) > 1 and tuple(t.stem for t in reading.tokens[place:stop]) == column.stems:
            return column, stop
    word, stem = reading.low(place), reading.tokens[place].stem
    if not stem or word in english.STOP:
        return None
    tests: tuple[Callable[[Column], bool], ...] = (
        lambda c: word in c.parts,
        # Of "lines" a column `line` is a place, and one that is described as lines a measure.
        lambda c: word in _description_words(c),
        lambda c: stem in c.stems,
        lambda c: stem in map(english.stem, _description_words(c)),
    )
    return next(((c, place + 1) for test in tests for c in numbers if test(c)), None)


def _description_words(column: Column) -> list[str]:
    return re.findall(r"[a-z]+", column.description.casefold())


def sized(word: str, table: TableWords) -> Column | None:
    """Return the column of numbers that an adjective of size is about."""
    _, measures = english.SIZES[word]
    return next((c for m in measures for c in table.columns if c.is_number and m in c.parts), None)


# --- columns by their values


def value_columns(vocabulary: Vocabulary, phrase: str) -> list[Column]:
    """Return the columns of any table that hold a phrase as a value: those that say what kind a row is first, then
    those with few values."""
    value = normal(phrase)
    columns = [c for t in vocabulary.tables.values() for c in t.columns if value in c.values and not c.is_list]
    return sorted(columns, key=lambda c: (not c.is_kind, len(c.values)))
