"""The times of a question, as ranges of the columns of times that they are about."""

from __future__ import annotations

from collections.abc import Sequence

from rem_arrow.ask import quantities
from rem_arrow.ask.anchors import frame_for, implied_frame
from rem_arrow.ask.column_words import Column
from rem_arrow.ask.draft import Draft, Frame
from rem_arrow.ask.frames import settle
from rem_arrow.ask.record import Within
from rem_arrow.ask.vocabulary import TableWords

# Times that say when something ended, or is to end, rather than when it was.
_LATE = (
    "end",
    "due",
    "expire",
    "expir",
    "resolv",
    "clos",
    "left",
    "finish",
    "deliver",
    "modifi",
    "updat",
    "calibrat",
    "merg",
    "last",
)


def attach_times(draft: Draft) -> None:
    """State the times of a question."""
    for place, item in enumerate(draft.items):
        if place in draft.used or item.operator is None or item.operator.span is None:
            continue
        settled = _timed(draft, place)
        if settled is None:
            continue
        frame, column = settled
        span = item.operator.span
        negation = draft.is_negated(place)
        frame.conditions.append(Within(column, span.low, span.high, negation is not None))
        draft.use(place, *([negation] if negation is not None else []))


def _timed(draft: Draft, place: int) -> tuple[Frame, Column] | None:
    """Return the column that a time is about: one named beside it, that of the verb before it, else the main one of
    the nearest frame."""
    for at in _around(draft, place):
        link = draft.items[at].of("column")
        times = [(c, (1 - q) * 0.3) for c, q in link.columns if c.is_time or c.is_year] if link is not None else []
        near = frame_for(draft, at, times)
        if near is not None and draft.link(at, "table") is None:
            draft.use(at)
            if len(near[0].tables) > 1:
                settle(near[0], draft.vocabulary.tables[near[1].table])
            return near[0], near[1]
        words = quantities.VERB_TIMES.get(draft.items[at].stem, ())
        found = _time_by_words(draft, at, words) if draft.link(at, "verb") is None else None
        if found is not None:
            if draft.items[at].kind == "unknown" or draft.choice[at] is None or (draft.link(at, "column") is not None):
                draft.use(at)
            return found
    options = []
    for frame in draft.frames:
        for table in frame.tables:
            column = main_time(table)
            if column is not None and not frame.is_name:
                options.append((column, 0.0 if len(_times_of(table)) == 1 else 0.1))
    near = frame_for(draft, place, options)
    if near is None:
        return _implied_time(draft, place)
    if len(near[0].tables) > 1:
        settle(near[0], draft.vocabulary.tables[near[1].table])
    if near[0].is_wh and any(draft.link(i, "verb") is not None for i in _around(draft, place)):
        # It may be the time of what was done.
        draft.cost("whose time it is", 1.2)
    if len(_times_of(near[0].table)) > 1:
        draft.cost(f"time by {near[1].name}", 0.15)
    return near[0], near[1]


def _implied_time(draft: Draft, place: int) -> tuple[Frame, Column] | None:
    """Return the main time of the only table that has one, where nothing names a table."""
    if draft.frames:
        return None
    draft.use(
        *[
            i
            for i in _around(draft, place)
            if draft.items[i].stem in quantities.VERB_TIMES and draft.items[i].kind == "unknown"
        ]
    )
    options = [
        (c, 0.0 if c.table == "moments" else 0.3)
        for t in draft.vocabulary.filled
        if (c := main_time(t)) is not None and not c.is_system
    ]
    return implied_frame(draft, place, options) if options else None


def _around(draft: Draft, place: int) -> list[int]:
    """Return the items before and after a time that may say which one, the nearest first; they end at nouns."""
    places = []
    for step in (-1, 1):
        at = place + step
        while 0 <= at < len(draft.items) and abs(at - place) <= 5:
            if draft.items[at].kind in ("content", "unknown"):
                places.append(at)
                if draft.link(at, "table") is not None and step == -1:
                    break
            at += step
    return sorted(places, key=lambda at: (abs(at - place), at > place))


def _time_by_words(draft: Draft, place: int, words: Sequence[str]) -> tuple[Frame, Column] | None:
    options = [
        (column, 0.02 * words.index(next(s for s in column.stems if s in words)))
        for frame in draft.frames
        for table in frame.tables
        for column in _times_of(table, with_system=True)
        if any(s in words for s in column.stems)
    ]
    near = frame_for(draft, place, options)
    if near is None:
        return None
    if len(near[0].tables) > 1:
        settle(near[0], draft.vocabulary.tables[near[1].table])
    return near[0], near[1]


def _times_of(table: TableWords, *, with_system: bool = False) -> list[Column]:
    return [c for c in table.columns if (c.is_time or c.is_year) and (with_system or not c.is_system)]


def main_time(table: TableWords) -> Column | None:
    """Return the column that says when a row was: its own first, then when it was stored."""
    own = _times_of(table)
    times = [c for c in own if c.is_time] or own
    early = [c for c in times if not any(s.startswith(x) for s in c.stems for x in _LATE)]
    if early or times:
        return (early or times)[0]
    return table.column("created_at") if table.kind == "entity" else None
