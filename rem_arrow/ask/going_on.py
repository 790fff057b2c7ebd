"""Questions that go on from the one before: "and last month?", "only the open ones", "what about cats?".

What such a question says is said of the rows before; what it says otherwise takes the place of what was said of the
same column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rem_arrow.ask.asked import Asked
from rem_arrow.ask.column_words import Column
from rem_arrow.ask.english import word_set
from rem_arrow.ask.items import Item
from rem_arrow.ask.readings import Reading, readings
from rem_arrow.ask.record import Condition, Reaching, Record, Selection

_MARKERS = word_set(
    """and only but just or now then also what how about instead of ok so the ones one those them in for is are
    please"""
)
_OPENINGS = word_set("""and only but just or then also ok so""")


def follows(items: Sequence[Item]) -> bool:
    """Return whether a question goes on from another: "and ...", "only ...", "what about ...", without a noun of its
    own."""
    lows = [i.low for i in items]
    begins = bool(lows) and (lows[0] in _OPENINGS or (lows[0] in ("what", "how") and "about" in lows[1:2]))
    return begins and not any(i.operator is not None and i.operator.kind == "wh" for i in items)


def followed(items: Sequence[Item], asked: Asked) -> list[Reading]:
    """Return the readings of a question that goes on, the cheapest first."""
    before = asked.before
    assert before is not None, "there was a question"
    said = [
        i
        for i in items
        if not (i.low in _MARKERS and i.kind in ("stop", "pronoun"))
        and not (i.operator is not None and i.operator.kind == "about")
    ]
    table = before.selection.table.name
    found = readings(said, asked.vocabulary, asked.now, table=table)
    return [Reading(r.draft, joined(before, r.record)) for r in found if r.record.selection.table.name == table]


def joined(before: Record, now: Record) -> Record:
    """Return a record with what another says put in, in the place of what it said of the same columns."""
    selection = _joined_selection(before.selection, now.selection)
    record = replace(before, selection=selection)
    if now.shape not in ("rows", "lookup"):
        record = replace(
            record, shape=now.shape, columns=now.columns, measure=now.measure or before.measure, distinct=now.distinct
        )
    if now.groups:
        record = replace(record, groups=now.groups)
    if now.order is not None:
        record = replace(record, order=now.order, limit=now.limit, all_ordered=now.all_ordered)
    return record


def _joined_selection(before: Selection, now: Selection) -> Selection:
    said = {_subject(c) for c in now.conditions}
    kept = [c for c in before.conditions if _subject(c) not in said]
    return Selection(before.table, (*kept, *now.conditions), now.topic or before.topic)


def _subject(condition: Condition) -> object:
    """Return what a condition is about: its column, or the table that it leads to."""
    column = getattr(condition, "column", None)
    if isinstance(column, Column):
        return column.name, type(condition).__name__ == "Within"
    if isinstance(condition, Reaching):
        return condition.path
    return condition
