"""Where something is said of: the frame, and the column of its table, that lie nearest to a word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rem_arrow.ask.column_words import Column
from rem_arrow.ask.draft import Draft, Frame
from rem_arrow.ask.frames import settle
from rem_arrow.ask.table_relations import paths


def nearness(draft: Draft, frame: Frame, place: int) -> float:
    """Return how far a frame is from an item: what stands before its noun, or follows it, is said of it."""
    between = [
        f for f in draft.frames if f is not frame and min(place, frame.place) < f.place < max(place, frame.place)
    ]
    if frame.place < 0:
        return 0.3
    if frame.is_name and frame is not draft.target:
        # What is named is known already.
        return 0.6
    if frame.place > place:
        gap = [
            i
            for i in range(place + 1, frame.place)
            if draft.low(i)
            in ("of", "in", "that", "which", "who", "with", "for", "by", "from", "at", "did", "does", "do", "is", "are")
        ]
        return 0.05 + 0.5 * len(between) + (0.25 if gap else 0)
    return 0.1 + 0.25 * len(between)


def frame_for(draft: Draft, place: int, columns: Iterable[tuple[Column, float]]) -> tuple[Frame, Column, float] | None:
    """Return the frame and the column, of those that an item may be about, that lie nearest; None where no frame is
    of their tables."""
    options = [
        (nearness(draft, frame, place) + cost - (0.1 if frame is draft.target else 0), number, frame, column)
        for number, (column, cost) in enumerate(columns)
        for frame in draft.frames_of(column.table)
    ]
    if not options:
        return None
    cost, _, frame, column = min(options, key=lambda o: o[:2])
    return frame, column, cost


def implied_frame(draft: Draft, place: int, columns: Sequence[tuple[Column, float]]) -> tuple[Frame, Column] | None:
    """Make a frame of a table that nothing names, for what is said of its rows; None where no relation leads there."""
    options: list[tuple[float, int, Column]] = []
    for number, (column, cost) in enumerate(columns):
        target = draft.target
        if target is None:
            options.append((cost, number, column))
            continue
        ways = [p for t in target.tables for p in paths(draft.vocabulary, t.name, column.table)]
        if ways:
            options.append((cost + 0.4 * min(len(p) for p in ways), number, column))
    if not options:
        return None
    cost, _, column = min(options, key=lambda o: o[:2])
    frame = Frame(place, [draft.vocabulary.tables[column.table]])
    draft.frames.append(frame)
    draft.cost(f"{draft.items[place].text} is of {column.table}", cost + (0.35 if draft.target is not None else 0.2))
    if draft.target is None:
        draft.target = frame
    return frame, column


def place_of(draft: Draft, place: int, columns: Sequence[tuple[Column, float]]) -> tuple[Frame, Column] | None:
    """Return the frame and column that an item is about, of a table that is named or implied."""
    near = frame_for(draft, place, columns)
    if near is None:
        return implied_frame(draft, place, columns)
    frame, column, cost = near
    if len(frame.tables) > 1:
        settle(frame, draft.vocabulary.tables[column.table])
    draft.cost(f"{draft.items[place].text} is of {column.table}", max(cost - 0.15, 0) * 0.5)
    return frame, column
