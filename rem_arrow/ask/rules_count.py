"""Questions that count the values of a column: how many different ones there are, and which have so many rows."""

from __future__ import annotations

from rem_arrow.ask import english
from rem_arrow.ask.asked import Asked
from rem_arrow.ask.columns import alike
from rem_arrow.ask.question import Reading
from rem_arrow.ask.selection import Selection, selection_of
from rem_arrow.ask.staged_plan import Plan, Stage
from rem_arrow.ask.subject import noun
from rem_arrow.ask.vocabulary import Column, TableWords
from rem_arrow.base.quoting import readable

_OPERATORS = {
    "more": ">",
    "over": ">",
    "fewer": "<",
    "less": "<",
    "under": "<",
    "least": ">=",
    "most": "<=",
    "exactly": "=",
}


def distinct_values(asked: Asked, reading: Reading) -> Plan | None:
    """Plan "how many different people have reported critical bugs": the values of a column that a word names."""
    words = {t.low for t in reading.tokens}
    if "many" not in words or words.isdisjoint(("different", "distinct", "unique")):
        return None
    for place in range(len(reading.tokens)):
        subject = noun(asked, reading, place)
        if subject is None or subject.place is None:
            return None
        column = _named_column(reading, subject.table)
        if column is not None and subject.table.name != asked.vocabulary.person_table():
            return _distinct_plan(column, selection_of(reading, subject))
        reading.used.clear()
    return None


def _named_column(reading: Reading, table: TableWords) -> Column | None:
    """Return the first column whose first stem is a word of the question."""
    words = [t for t in reading.tokens if t.is_word and t.low not in english.STOP]
    columns = [c for c in table.columns if c.name != "id"]
    return next((c for t in words for c in columns if alike(t.stem, c.stems[0])), None)


def _distinct_plan(column: Column, selection: Selection) -> Plan:
    said = f"How many different {column.name} {selection.table.name} have"
    return Plan(
        query_type="aggregate",
        confidence=0.8,
        explanation=said + (f", where {selection.condition}." if selection.condition else "."),
        stages=[
            Stage(
                name="answer",
                sql=f"SELECT COUNT(DISTINCT {readable(column.name)}) AS count FROM {readable(selection.table.name)}"
                f"{selection.where}",
                purpose="how many different ones",
            )
        ],
        fallbacks=[],
    )


def large_groups(asked: Asked, reading: Reading) -> Plan | None:
    """Plan "authors with more than 50 commits": the groups of a table that have so many rows."""
    words = [t.low for t in reading.tokens]
    sign = next((i for i, word in enumerate(words) if i and word in _OPERATORS), None)
    if sign is None or not any(word in ("with", "have", "has", "having", "who") for word in words[:sign]):
        return None
    at = sign + (2 if reading.low(sign + 1) == "than" else 1)
    count = reading.number(at)
    subject = None if count is None else noun(asked, reading, at + 1)
    if count is None or subject is None or subject.place is None:
        return None
    group = _group(reading, subject.table, sign)
    if group is None:
        return None
    reading.use(0, at + 1)
    return _groups_plan(selection_of(reading, subject), group, f"{_OPERATORS[words[sign]]} {count:g}")


def _group(reading: Reading, table: TableWords, stop: int) -> Column | None:
    """Return the first column that a word before a place names, and that holds no numbers."""
    words = [t for t in reading.tokens[:stop] if t.is_word and t.low not in english.STOP]
    columns = [c for c in table.columns if not c.is_number]
    return next((c for t in words for c in columns if t.stem == c.stems[0]), None)


def _groups_plan(selection: Selection, group: Column, size: str) -> Plan:
    column = readable(group.name)
    sql = (
        f"SELECT {column}, COUNT(*) AS count FROM {readable(selection.table.name)}{selection.where} GROUP BY {column} "
        f"HAVING COUNT(*) {size} ORDER BY count DESC, {column}"
    )
    return Plan(
        query_type="aggregate",
        confidence=0.85,
        explanation=f"Each {group.name} of {selection.table.name} with {size} rows.",
        stages=[Stage(name="groups", sql=sql, purpose="the groups with so many rows")],
        fallbacks=[],
    )
