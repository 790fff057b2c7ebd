"""Questions that name no table, asked of the documents of a database: "how do I compress data?"."""

from __future__ import annotations

from collections.abc import Sequence

from rem_arrow.ask.asked import Asked
from rem_arrow.ask.draft import Draft, Frame
from rem_arrow.ask.items import Item, says_nothing
from rem_arrow.ask.readings import Reading
from rem_arrow.ask.record import Record, Selection
from rem_arrow.ask.topics import known_share
from rem_arrow.ask.vocabulary import TableWords

# The tables that hold documents, in the order in which one is searched.
DOCUMENTS = ("resources", "documents", "articles", "docs", "pages", "notes")
_KNOWN_MIN, _DOCUMENT_WORDS_MIN = 0.75, 5.5


def searched_alone(items: Sequence[Item], asked: Asked) -> Reading | None:
    """Return the search of documents for a question without a noun; None where there are none, or where they do not use
    its words."""
    tables = [asked.vocabulary.tables[t] for t in DOCUMENTS if t in asked.vocabulary.tables]
    table = next((t for t in tables if t.rows and t.embedded and _is_prose(t)), None)
    words = [
        i
        for i in items
        if i.kind != "stop"
        and i.operator is None
        and not says_nothing(i)
        and not any(x.table is table for x in i.links)
    ]
    if any(
        x.table is not None and x.table is not table and x.quality >= 0.9 for i in items for x in i.links
    ) and not asks_how(items):
        return None
    if any(i.is_("wh") or i.is_("count") or i.is_("function") for i in items):
        return None
    if table is None or not words or known_share(table, words) < _KNOWN_MIN:
        return None
    draft = Draft(items, [None] * len(items), asked.vocabulary, asked.now)
    frame = Frame(-1, [table], topic=_topic(items, words))
    draft.frames, draft.target = [frame], frame
    draft.used = set(range(len(items)))
    draft.cost(f"{table.name} are searched", 0.45 if asks_how(items) else 0.55)
    return Reading(draft, Record(Selection(table, (), frame.topic)))


def _topic(items: Sequence[Item], words: Sequence[Item]) -> str:
    """Return the words from the first to the last that say something."""
    return " ".join(i.text for i in items if words[0].first <= i.first <= words[-1].first)


def asks_how(items: Sequence[Item]) -> bool:
    """Return whether a question asks how something is done, or for anything on a topic."""
    lows = [i.low for i in items[:5]]
    opening = lows[:1] in (["how"], ["i"]) and not any(i.operator is not None for i in items[:3])
    return opening or "something" in lows or "anything" in lows


def _is_prose(table: TableWords) -> bool:
    return any(c.known.words_mean >= _DOCUMENT_WORDS_MIN for c in table.columns if c.is_text)
