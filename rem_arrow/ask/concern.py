"""The tables that a question concerns: those whose values a language model may be shown.

They are those that the words of the question name, by any link of the rules: a noun, a column, a value, a name. A
question of which no word is linked concerns nothing.
"""

from __future__ import annotations

from rem_arrow.ask import linker
from rem_arrow.ask.asked import Asked
from rem_arrow.ask.items import Item
from rem_arrow.ask.readings import readings
from rem_arrow.ask.record import Reaching, Selection

_SURE = 0.7


def concerned(asked: Asked) -> frozenset[str]:
    """Return the names of the tables."""
    items = linker.link(asked.text, asked.session, asked.lexicon, asked.now)
    names = {asked.table} if asked.table is not None else set()
    for item in items:
        names |= _named(item)
    found = readings(items, asked.vocabulary, asked.now, table=asked.table)
    if found and not found[0].draft.leftovers():
        names |= _read(found[0].record.selection)
    return frozenset(names & asked.vocabulary.tables.keys())


def _named(item: Item) -> set[str]:
    """Return the tables that an item names, and those that hold it as a value."""
    tables = {link.table.name for link in item.links if link.table is not None and link.quality >= _SURE}
    return tables | {c.table for link in item.links if link.quality >= _SURE for c, _ in link.values}


def _read(selection: Selection) -> set[str]:
    names = {selection.table.name}
    for condition in selection.conditions:
        if isinstance(condition, Reaching):
            names |= _read(condition.selection)
    return names
