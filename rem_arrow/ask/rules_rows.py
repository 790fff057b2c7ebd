"""Questions for rows of one table by its columns and times: `open issues with priority critical`."""

from __future__ import annotations

from dataclasses import dataclass

from rem_arrow.ask import english, rules_search
from rem_arrow.ask.asked import Asked
from rem_arrow.ask.columns import sized, time_column
from rem_arrow.ask.question import Reading
from rem_arrow.ask.selection import Selection, selection_of
from rem_arrow.ask.staged_plan import Plan, Stage
from rem_arrow.ask.subject import Subject, subject_of
from rem_arrow.ask.vocabulary import Column, TableWords
from rem_arrow.base.quoting import readable

_LIMIT = 10


@dataclass(frozen=True, slots=True)
class _Order:
    """The order that a superlative asks for, and how many rows: "the 5 largest"."""

    column: Column
    descending: bool
    limit: int


def plan(asked: Asked, reading: Reading) -> Plan | None:
    """Return a plan that reads rows of a table; None if conditions and times leave words of the question over."""
    subject = subject_of(asked, reading)
    if subject is None or any(t.low in english.ABOUT for t in reading.tokens):
        return None
    order = _order(reading, subject)
    selection = selection_of(reading, subject)
    selects = bool(selection.condition) or order is not None
    if _left(reading, selection) or (not selects and reading.left()):
        return None
    name, time = selection.table.name, selection.time
    is_event = time is not None and time[1].name not in ("created_at", "modified_at")
    return Plan(
        query_type="temporal" if is_event else "sql",
        confidence=0.9 if selects else 0.8,
        explanation=f"Rows of {name}" + (f" where {selection.condition}." if selection.condition else "."),
        stages=[Stage(name="rows", sql=_sql(selection, order), purpose=f"the rows of {name} that are asked for")],
        fallbacks=rules_search.broader(asked, reading, subject),
    )


def _left(reading: Reading, selection: Selection) -> list[int]:
    """Return the places of words that neither are accounted for nor belong to the conditions or the time."""
    described = {
        english.stem(word)
        for column in selection.table.columns
        if any(readable(column.name) in condition for condition in selection.conditions)
        for word in column.description.split()
    }
    places = [i for i in reading.left() if reading.tokens[i].stem not in english.VAGUE_STEMS | described]
    if selection.time is None:
        return places
    return [
        i for i in places if reading.tokens[i].stem not in english.TIME_STEMS and reading.low(i) not in english.FUTURE
    ]


def _sql(selection: Selection, order: _Order | None) -> str:
    sql = f"SELECT * FROM {readable(selection.table.name)}{selection.where}"
    if order is not None:
        direction = "DESC" if order.descending else "ASC"
        return f"{sql} ORDER BY {readable(order.column.name)} {direction} NULLS LAST LIMIT {order.limit}"
    return sql if selection.time is None else f"{sql} ORDER BY {readable(selection.time[1].name)} DESC"


def _order(reading: Reading, subject: Subject) -> _Order | None:
    """Read "the 5 largest", "ten longest", "newest", and account for the words."""
    for place, token in enumerate(reading.tokens):
        ordered = None if place in reading.used else _ordered_column(reading, subject.table, token.low)
        if ordered is None:
            continue
        numbers = [
            (i, int(n))
            for i in range(len(reading.tokens))
            if i not in reading.used and (n := reading.number(i)) is not None and 1 <= n <= 1_000
        ]
        for at in (place, *(i for i, _ in numbers)):
            reading.use(at, at + 1)
        is_one = token.low.endswith("est") and not subject.plural
        return _Order(*ordered, limit=numbers[0][1] if numbers else 1 if is_one else _LIMIT)
    return None


def _ordered_column(reading: Reading, table: TableWords, word: str) -> tuple[Column, bool] | None:
    """Return the column that a superlative orders by, and whether the most comes first."""
    column, descending = None, False
    if word in english.SIZES and word.endswith(("est", "expensive")):
        column, descending = sized(word, table), english.SIZES[word][0]
    elif word in english.NEWEST and word not in ("first", "last"):
        column, descending = time_column(reading, table), english.NEWEST[word]
    return None if column is None else (column, descending)
