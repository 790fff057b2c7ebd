"""What a question says of the edges between its tables: since when, how much, as what.

It is set aside before times and numbers are taken for those of rows, and stated when it is known which edges lead from
one table of the question to another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rem_arrow.ask.column_words import Column
from rem_arrow.ask.connect import NO_WAY
from rem_arrow.ask.draft import Draft, Frame
from rem_arrow.ask.known_values import normal
from rem_arrow.ask.question_operators import number_of
from rem_arrow.ask.question_words import tokenize
from rem_arrow.ask.record import Along, Among, Compared, Flag, Within
from rem_arrow.ask.table_relations import Relation
from rem_arrow.ask.vocabulary import EdgeKind

_BESIDE, _NAMED_MIN = 3, 0.9


@dataclass(frozen=True, slots=True)
class SaidOfEdges:
    """An item that is about a property of edges, with those that it may be about."""

    place: int
    options: tuple[tuple[EdgeKind, Column], ...]


def set_aside(draft: Draft) -> list[SaidOfEdges]:
    """Take the times and numbers that are about properties of the edges that the question may follow."""
    kinds = list(_kinds(draft))
    found = []
    for place, item in enumerate(draft.items if kinds else ()):
        is_time = item.operator is not None and item.operator.span is not None
        if place in draft.used or not (is_time or item.kind == "number" or draft.is_operator(place, "compare")):
            continue
        if _is_of_rows(draft, place, is_time=is_time):
            continue
        beside = _stems_beside(draft, place)
        options = [(kind, c) for kind in kinds for c in kind.columns if _may_be(c, is_time=is_time)]
        named = [o for o in options if set(o[1].stems) & beside]
        if not named and not (is_time and _follows_verb(draft, place, options)):
            continue
        found.append(SaidOfEdges(place, tuple(named or options)))
        draft.use(place)
    return found


def attach_edges(draft: Draft, said: list[SaidOfEdges]) -> None:
    """State what was set aside, and the words that are values of properties of edges, of the frames that edges lead
    to."""
    for one in said:
        frame, column = next(((f, c) for kind, c in one.options for f in draft.frames if _leads(f, kind)), (None, None))
        if frame is None or column is None:
            draft.cost(f"{draft.items[one.place].text} is of no edge", NO_WAY)
            continue
        frame.along += _conditions(draft, one.place, column)
        draft.use(*(i for i in _around(draft, one.place) if draft.items[i].stem in column.stems))
    for frame in draft.frames:
        for kind in draft.vocabulary.edges if frame.path else ():
            if kind.columns and _leads(frame, kind):
                _take_values(draft, frame, kind)


def _kinds(draft: Draft) -> Iterator[EdgeKind]:
    """Yield the edges with properties that the tables and verbs of a question may mean."""
    tables = {t.name for f in draft.frames for t in f.tables}
    verbs = {r for i in range(len(draft.items)) if (v := draft.link(i, "verb")) is not None for r in v.relations}
    for kind in draft.vocabulary.edges:
        is_between = kind.src_table in tables and kind.dst_table in tables
        if kind.columns and (is_between or any(_is_kind(r, kind) for r in verbs)):
            yield kind


def _is_kind(relation: Relation, kind: EdgeKind) -> bool:
    ends = {relation.source, relation.target}
    return relation.kind == "edge" and kind.type in relation.edge_types and ends == {kind.src_table, kind.dst_table}


def _leads(frame: Frame, kind: EdgeKind) -> bool:
    """Say whether one step along edges of a kind leads to a frame."""
    return bool(frame.path) and frame.path[-1].depth == 1 and _is_kind(frame.path[-1], kind)


def _around(draft: Draft, place: int) -> list[int]:
    """Return the places just before and after an item, up to a noun or a name."""
    places = []
    for step in (-1, 1):
        at = place + step
        while 0 <= at < len(draft.items) and abs(at - place) <= _BESIDE:
            if draft.link(at, "table") is not None or draft.link(at, "value") is not None:
                break
            places.append(at)
            at += step
    return places


def _may_be(column: Column, *, is_time: bool) -> bool:
    """Say whether a time, or a number, may be about a column."""
    return column.is_time or column.is_year if is_time else column.has_unit


def _is_of_rows(draft: Draft, place: int, *, is_time: bool) -> bool:
    """Say whether a column of a table of the question is named beside an item."""
    tables = {t.name for f in draft.frames for t in f.tables}
    links = (draft.items[i].of("column") for i in _around(draft, place))
    return any(
        c.table in tables and q >= _NAMED_MIN and _may_be(c, is_time=is_time)
        for link in links
        if link is not None
        for c, q in link.columns
    )


def _stems_beside(draft: Draft, place: int) -> set[str]:
    return {*(t.stem for t in tokenize(draft.items[place].text)), *(draft.items[i].stem for i in _around(draft, place))}


def _follows_verb(draft: Draft, place: int, options: list[tuple[EdgeKind, Column]]) -> bool:
    """Say whether a time stands behind the verb of edges that have one time, and no table of the question has any."""
    if len({c.name for _, c in options}) != 1:
        return False
    kinds = [k for k, _ in options]
    verbs = [
        i
        for i in range(place)
        if (v := draft.link(i, "verb")) is not None and any(_is_kind(r, k) for r in v.relations for k in kinds)
    ]
    named = {t.name for f in draft.frames if f.is_name for t in f.tables}
    times = (c for f in draft.frames for t in f.tables for c in t.columns if not c.is_system and t.name not in named)
    own = any(_may_be(c, is_time=True) for c in times)
    return bool(verbs) and not own


def _conditions(draft: Draft, place: int, column: Column) -> list[Along]:
    operator = draft.items[place].operator
    if operator is None:
        return [Compared(column, "=", number_of(draft.items[place].text))]
    if operator.span is not None:
        return [Within(column, operator.span.low, operator.span.high, _negated(draft, place))]
    found: list[Along] = [Compared(column, operator.comparator, operator.value)]
    return [*found, Compared(column, "<=", operator.value_2)] if operator.value_2 is not None else found


def _take_values(draft: Draft, frame: Frame, kind: EdgeKind) -> None:
    """State the words that nothing else explains and that a property of the edges has as its value."""
    for place, item in enumerate(draft.items):
        if not draft.is_unread(place):
            continue
        for column in kind.columns:
            value = column.values.get(normal(item.text))
            if value is None and not (column.is_flag and item.stem in column.stems):
                continue
            negated = _negated(draft, place)
            frame.along.append(Flag(column, not negated) if value is None else Among(column, (value,), negated))
            draft.use(place, *(i for i in _around(draft, place) if draft.items[i].stem in column.stems))
            break


def _negated(draft: Draft, place: int) -> bool:
    """Say whether a negation is about an item, and use it; one that is about the whole frame is used already."""
    negation = draft.is_negated(place)
    if negation is None or negation in draft.used:
        return False
    draft.use(negation)
    return True
