"""What a question asks for: the table whose rows it wants, and what its noun says of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rem_arrow.ask import english
from rem_arrow.ask.conditions import value_tables
from rem_arrow.ask.question import Reading
from rem_arrow.ask.vocabulary import TableWords, normal
from rem_arrow.quoting import literal, readable

if TYPE_CHECKING:
    from rem_arrow.ask.rules import Asked


@dataclass(frozen=True, slots=True)
class Subject:
    """A table that is asked for.

    Attributes:
        conditions: what the noun itself says: "bugs" are issues whose type is bug.
        place: where the noun stands; None for a table that is only guessed or given.
        plural: whether several rows are asked for.
    """

    table: TableWords
    conditions: tuple[str, ...] = ()
    place: int | None = None
    plural: bool = True


def subject_of(asked: Asked, reading: Reading) -> Subject | None:
    """Return the first table that a question names, by its name or by a kind of its rows; and account for the noun."""
    tables = asked.vocabulary.tables
    found = noun(asked, reading)
    if found is not None and (asked.table is None or found.table.name == asked.table):
        return found
    if asked.table is not None:
        return Subject(tables[asked.table])
    person = asked.vocabulary.person_table()
    if person is not None and any(t.low in ("who", "everyone", "everybody", "anyone") for t in reading.tokens[:3]):
        return Subject(tables[person])
    said = _by_verb(asked, reading)
    if said is not None:
        return said
    if (
        any(
            t.low in ("happened", "happen", "happens", "happening", "scheduled", "planned", "upcoming", "coming")
            or (t.low == "place" and "took" in reading.low(i - 1))
            for i, t in enumerate(reading.tokens)
        )
        and "moments" in tables
    ):
        return Subject(tables["moments"])
    return None


def _by_verb(asked: Asked, reading: Reading) -> Subject | None:
    """Return the table that a verb is about: what was committed is a commit."""
    for place, token in enumerate(reading.tokens):
        if place not in reading.used and token.low.endswith("ed") and not token.quoted:
            table = next((t for t in asked.vocabulary.tables.values() if english.stem(t.name) == token.stem), None)
            if table is not None:
                reading.use(place, place + 1)
                return Subject(table)
    return None


def noun(asked: Asked, reading: Reading, start: int = 0) -> Subject | None:
    """Return the first noun from a place on that is a table, or a value that says what kind of row is meant."""
    vocabulary = asked.vocabulary
    kind: tuple[int, int] | None = None
    empty: Subject | None = None
    for first, last in _noun_phrases(reading, start):
        if kind is not None and first > kind[1]:
            # A kind that stands before any table: "tutorials for beginners". But "draft pull requests" are pull
            # requests.
            break
        text = " ".join(t.text for t in reading.tokens[first:last])
        table = vocabulary.table_of(text)
        if (
            table is not None
            and not (last == first + 1 and reading.low(first) in english.STOP)
            and not is_column_word(asked, reading, first, last)
        ):
            found = Subject(vocabulary.tables[table], (), first, _plural(reading, last - 1))
            if found.table.rows or asked.table is not None:
                reading.use(first, last)
                return found
            # Of a table without rows something else may be meant.
            empty = empty or found
            continue
        if kind is None and reading.low(first) not in english.STOP and _is_kind(asked, reading, first, last):
            kind = (first, last)
    if kind is None:
        if empty is not None and empty.place is not None:
            reading.use(empty.place, empty.place + len(empty.table.name.split("_")))
        return empty
    if empty is not None and empty.place is not None:
        reading.use(empty.place, empty.place + 1)
    phrase = " ".join(t.text for t in reading.tokens[kind[0] : kind[1]])
    column = value_tables(vocabulary, phrase)[0]
    reading.use(*kind)
    return Subject(
        vocabulary.tables[column.table],
        (f"{readable(column.name)} = {literal(column.values[normal(phrase)])}",),
        kind[0],
        _plural(reading, kind[1] - 1),
    )


def _noun_phrases(reading: Reading, start: int) -> Iterator[tuple[int, int]]:
    """Yield the places of phrases of free words in the order of their beginnings, the longest first."""
    for first in range(start, len(reading.tokens)):
        for last in range(min(first + 3, len(reading.tokens)), first, -1):
            if all(
                i not in reading.used and reading.tokens[i].is_word and not reading.tokens[i].quoted
                for i in range(first, last)
            ):
                yield first, last


def _is_kind(asked: Asked, reading: Reading, first: int, last: int) -> bool:
    """Say whether words are a noun for rows of one kind: meetings, bugs, tutorials; that is a value of a column which
    says the kind."""
    if is_column_word(asked, reading, first, last):
        return False
    columns = value_tables(asked.vocabulary, " ".join(t.text for t in reading.tokens[first:last]))
    return bool(columns) and columns[0].is_kind


def is_column_word(asked: Asked, reading: Reading, first: int, last: int) -> bool:
    """Say whether a word in the singular is a column, and its value follows: `in package email`, `the module
    http.server`."""
    if last != first + 1 or english.singular(reading.low(first)) != reading.low(first) or last >= len(reading.tokens):
        return False
    behind = reading.tokens[last]
    if (
        not behind.is_word
        or behind.low in english.STOP
        or asked.vocabulary.table_of(behind.text) is not None
        or first == 0
    ):
        return False
    return any(
        c.stems == (reading.tokens[first].stem,) for t in asked.vocabulary.tables.values() for c in t.columns
    ) and reading.low(first - 1) in (
        "in",
        "of",
        "the",
        "from",
        "with",
        "for",
        "whose",
        "where",
    )


def _plural(reading: Reading, place: int) -> bool:
    word = reading.low(place)
    return english.singular(word) != word or word in ("people", "staff")
