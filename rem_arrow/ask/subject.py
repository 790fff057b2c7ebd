"""What a question asks for: the table whose rows it wants, and what its noun says of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rem_arrow.ask import english
from rem_arrow.ask.asked import Asked
from rem_arrow.ask.columns import value_columns
from rem_arrow.ask.question import Reading
from rem_arrow.ask.vocabulary import TableWords, normal
from rem_arrow.base.quoting import literal, readable

_EVENTS = "moments"
_EVENT_WORDS = ("happened", "happen", "happens", "happening", "scheduled", "planned", "upcoming", "coming")
_PHRASE_WORDS_MAX = 3


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
    subject = noun(asked, reading)
    if subject is not None and (asked.table is None or subject.table.name == asked.table):
        return subject
    if asked.table is not None:
        return Subject(asked.vocabulary.tables[asked.table])
    choosers = (_people, _of_verb, _events)
    return next((s for choose in choosers if (s := choose(asked, reading)) is not None), None)


def _people(asked: Asked, reading: Reading) -> Subject | None:
    """Return the table of people, where the question begins with a word such as "who"."""
    person = asked.vocabulary.person_table()
    is_asked = any(t.low in ("who", "everyone", "everybody", "anyone") for t in reading.tokens[:3])
    return None if person is None or not is_asked else Subject(asked.vocabulary.tables[person])


def _of_verb(asked: Asked, reading: Reading) -> Subject | None:
    """Return the table that a verb is about: what was committed is a commit."""
    for place, token in enumerate(reading.tokens):
        if place not in reading.used and token.low.endswith("ed") and not token.quoted:
            table = next((t for t in asked.vocabulary.tables.values() if english.stem(t.name) == token.stem), None)
            if table is not None:
                reading.use(place, place + 1)
                return Subject(table)
    return None


def _events(asked: Asked, reading: Reading) -> Subject | None:
    """Return the table of events, where the question asks what happened or took place."""
    is_asked = any(
        t.low in _EVENT_WORDS or (t.low == "place" and "took" in reading.low(i - 1))
        for i, t in enumerate(reading.tokens)
    )
    return Subject(asked.vocabulary.tables[_EVENTS]) if is_asked and _EVENTS in asked.vocabulary.tables else None


def noun(asked: Asked, reading: Reading, start: int = 0) -> Subject | None:
    """Return the first noun from a place on that is a table, or a value that says what kind of row is meant, and
    account for it."""
    kind: tuple[int, int] | None = None
    empty: Subject | None = None
    for first, last in _noun_phrases(reading, start):
        if kind is not None and first > kind[1]:
            # A kind that stands before any table: "tutorials for beginners". But "draft pull requests" are pull
            # requests.
            break
        subject = _table_noun(asked, reading, first, last)
        if subject is None:
            kind = kind or ((first, last) if _is_kind(asked, reading, first, last) else None)
        elif subject.table.rows or asked.table is not None:
            reading.use(first, last)
            return subject
        else:
            # Of a table without rows something else may be meant.
            empty = empty or subject
    if empty is not None and empty.place is not None:
        words = len(empty.table.name.split("_")) if kind is None else 1
        reading.use(empty.place, empty.place + words)
    return empty if kind is None else _kind_noun(asked, reading, *kind)


def _table_noun(asked: Asked, reading: Reading, first: int, last: int) -> Subject | None:
    """Return the table that words name."""
    table = asked.vocabulary.table_of(_phrase(reading, first, last))
    is_stop = last == first + 1 and reading.low(first) in english.STOP
    if table is None or is_stop or is_column_word(asked, reading, first, last):
        return None
    return Subject(asked.vocabulary.tables[table], (), first, _is_plural(reading, last - 1))


def _kind_noun(asked: Asked, reading: Reading, first: int, last: int) -> Subject:
    """Return the rows of the kind that words name, and account for the words."""
    phrase = _phrase(reading, first, last)
    column = value_columns(asked.vocabulary, phrase)[0]
    reading.use(first, last)
    condition = f"{readable(column.name)} = {literal(column.values[normal(phrase)])}"
    return Subject(asked.vocabulary.tables[column.table], (condition,), first, _is_plural(reading, last - 1))


def _phrase(reading: Reading, first: int, last: int) -> str:
    return " ".join(t.text for t in reading.tokens[first:last])


def _noun_phrases(reading: Reading, start: int) -> Iterator[tuple[int, int]]:
    """Yield the places of phrases of words that are not accounted for, in the order of their beginnings, the longest
    first."""
    is_free = [i not in reading.used and t.is_word and not t.quoted for i, t in enumerate(reading.tokens)]
    for first in range(start, len(is_free)):
        for last in range(min(first + _PHRASE_WORDS_MAX, len(is_free)), first, -1):
            if all(is_free[first:last]):
                yield first, last


def _is_kind(asked: Asked, reading: Reading, first: int, last: int) -> bool:
    """Return whether words are a noun for rows of one kind, such as meetings, bugs or tutorials: a value of a column
    that says the kind."""
    if reading.low(first) in english.STOP or is_column_word(asked, reading, first, last):
        return False
    columns = value_columns(asked.vocabulary, _phrase(reading, first, last))
    return bool(columns) and columns[0].is_kind


def is_column_word(asked: Asked, reading: Reading, first: int, last: int) -> bool:
    """Return whether a word in the singular is a column, and its value follows: `in package email`, `the module
    http.server`."""
    word = reading.low(first)
    if first == 0 or last != first + 1 or last >= len(reading.tokens) or english.singular(word) != word:
        return False
    following = reading.tokens[last]
    if not following.is_word or following.low in english.STOP or asked.vocabulary.table_of(following.text) is not None:
        return False
    if reading.low(first - 1) not in english.BEFORE_COLUMN and reading.low(first - 1) not in ("from", "for"):
        return False
    stems = (reading.tokens[first].stem,)
    return any(c.stems == stems for t in asked.vocabulary.tables.values() for c in t.columns)


def _is_plural(reading: Reading, place: int) -> bool:
    word = reading.low(place)
    return english.singular(word) != word or word in ("people", "staff")
