"""The numbers of a question, as comparisons of columns: with a number, with an average, with each other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rem_arrow.ask import english, quantities
from rem_arrow.ask.anchors import frame_for, place_of
from rem_arrow.ask.column_words import Column
from rem_arrow.ask.draft import Draft, Frame
from rem_arrow.ask.frames import settle
from rem_arrow.ask.question_operators import Operator, number_of
from rem_arrow.ask.record import Comparator, Compared, Selection, Within

_METRES = re.compile(r"\d ?m$", re.IGNORECASE)
_NEGATED: dict[Comparator, Comparator] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "=": "<>", "<>": "="}


def attach_numbers(draft: Draft) -> None:
    """State the comparisons of a question, and the numbers that stand beside a column."""
    for place, item in enumerate(draft.items):
        operator = item.operator
        if place in draft.used:
            continue
        if operator is not None and operator.kind == "compare":
            _compare(draft, place, operator)
        elif operator is not None and operator.kind == "versus":
            _versus(draft, place, operator)
        elif item.kind == "number":
            _number(draft, place)


def _compare(draft: Draft, place: int, operator: Operator) -> None:
    following, preceding = draft.after(place), draft.before(place)
    noun = draft.link(following, "table")
    found = _measured(draft, place, following, preceding, operator)
    if found is None and (noun is not None or draft.link(following, "verb") is not None):
        frame = next((f for f in draft.frames if f.place == following), None)
        if frame is not None and frame is not draft.target and operator.value is not None and draft.target is not None:
            frame.count = (operator.comparator, operator.value)
            draft.use(place)
        return
    if found is None:
        found = _guessed(draft, place, operator)
    if found is None:
        return
    frame, column = found
    draft.frames = [f for f in draft.frames if f.place != following or f is draft.target or f is frame]
    comparator: Comparator = operator.comparator
    negation = draft.is_negated(place)
    if negation is not None:
        comparator = _NEGATED[comparator]
        draft.use(negation)
    draft.use(place)
    if column.is_time or (operator.aged and column.is_year):
        _aged(draft, frame, column, operator)
        return
    if operator.word == "average":
        frame.conditions.append(Compared(column, comparator, None, Selection(frame.table)))
        return
    # "50 m" are metres where lengths are compared, and millions elsewhere.
    lengths = quantities.UNITS[english.stem("metre")]
    scale = 1e-6 if _METRES.search(draft.items[place].text) and lengths & set(column.stems) else 1.0
    frame.conditions.append(Compared(column, comparator, _times(operator.value, scale)))
    if operator.value_2 is not None:
        frame.conditions.append(Compared(column, "<=", _times(operator.value_2, scale)))


def _times(value: float | None, scale: float) -> float | None:
    return None if value is None else round(value * scale, 9) if scale != 1.0 else value


def _measured(
    draft: Draft, place: int, following: int, preceding: int, operator: Operator
) -> tuple[Frame, Column] | None:
    """Return the column that a number is compared with: the one named after it, before it, or by its adjective or
    unit."""
    for at in _beside(draft, following, preceding):
        link = draft.items[at].of("column")
        assert link is not None, "it may name a column"
        columns = [(c, (1 - q) * 0.6) for c, q in link.columns if _is_measure(c, operator)]
        settled = place_of(draft, at, columns) if columns else None
        if settled is not None:
            draft.use(at)
            draft.cost(draft.items[at].text, (1 - _quality(draft, at, link.columns, settled[1])) * 1.2)
            if following < len(draft.items) and draft.items[following].stem in quantities.UNITS:
                draft.use(following)
            return settled
    hints = list(operator.hints)
    if operator.aged:
        hints = [*quantities.AGE_WORDS, "founded", "opened", "built"]
    for at in (preceding, following):
        stem = draft.items[at].stem if 0 <= at < len(draft.items) else ""
        if at not in draft.used and stem in quantities.VERB_COLUMNS:
            hints += quantities.VERB_COLUMNS[stem]
            draft.use(at)
    if not hints:
        hints = _units(draft, place, following)
        if not hints:
            return None
        settled = hinted(draft, place, hints, operator)
        if settled is not None:
            draft.use(
                following
                if draft.items[following].kind != "operator"
                and following < len(draft.items)
                and (draft.items[following].stem in quantities.UNITS)
                else place
            )
        return settled
    settled = hinted(draft, place, hints, operator)
    if settled is not None and following < len(draft.items) and draft.items[following].stem in quantities.UNITS:
        draft.use(following)
    return settled


def _beside(draft: Draft, following: int, preceding: int) -> list[int]:
    """Return the items beside a number that may name what it measures, the surer first."""
    sure: list[tuple[float, int]] = []
    for at in (following, preceding):
        link = draft.items[at].of("column") if 0 <= at < len(draft.items) else None
        if (
            link is None
            or (at in draft.used and at != following)
            or draft.link(at, "table") is not None
            or draft.link(at, "value") is not None
        ):
            continue
        is_unit = draft.items[at].stem in quantities.UNITS and link.quality < 0.9
        sure.append((-link.quality + (1.0 if is_unit else 0.0) + (0.0 if at == following else 0.1), at))
    return [at for _, at in sorted(sure)]


def _units(draft: Draft, place: int, following: int) -> list[str]:
    text = draft.items[place].text
    if any(c in text for c in "€$£"):
        return sorted(quantities.MONEY)
    stem = draft.items[following].stem if following < len(draft.items) else ""
    return sorted(quantities.UNITS.get(stem, ()))


def _quality(draft: Draft, place: int, columns: Iterable[tuple[Column, float]], column: Column) -> float:
    """Return how surely an item names a column: for sure by a unit in which it is measured, or by its verb."""
    stem = draft.items[place].stem
    if {*quantities.UNITS.get(stem, ()), *quantities.VERB_COLUMNS.get(stem, ())} & set(column.stems):
        return 1.0
    return next((q for c, q in columns if c == column), 1.0)


def _is_measure(column: Column, operator: Operator) -> bool:
    return column.is_number or (column.is_time and (operator.aged or operator.newer is not None))


def hinted(draft: Draft, place: int, hints: Sequence[str], operator: Operator) -> tuple[Frame, Column] | None:
    """Return the column of a frame that one of the stems names, the likeliest stem first."""
    options: list[tuple[Column, float]] = []
    for frame in draft.frames:
        for table in frame.tables:
            for column in table.columns:
                rank = min((hints.index(s) for s in column.stems if s in hints), default=-1)
                if rank >= 0 and not column.is_ordinal and (_is_measure(column, operator) or column.is_number):
                    options.append((column, 0.02 * rank))
    near = frame_for(draft, place, options)
    if near is None:
        return None
    frame, column, _ = near
    if len(frame.tables) > 1:
        settle(frame, draft.vocabulary.tables[column.table])
    return frame, column


def _guessed(draft: Draft, place: int, operator: Operator) -> tuple[Frame, Column] | None:
    """Return the only column of numbers of the nearest frame."""
    frame = draft.target
    if frame is None or operator.kind != "compare":
        return None
    numbers = [c for c in frame.table.columns if c.has_unit and not c.is_system]
    if len(numbers) != 1:
        return None
    draft.cost(f"{draft.items[place].text} of {numbers[0].name}", 0.7)
    return frame, numbers[0]


def _aged(draft: Draft, frame: Frame, column: Column, operator: Operator) -> None:
    """State an age in years by the time of birth."""
    if operator.value is None:
        return
    years = int(operator.value)
    at = draft.now.replace(year=max(1, draft.now.year - years), day=min(draft.now.day, 28))
    # "more than 5 years old" is without an adjective's direction.
    old = operator.comparator in (">", ">=") if operator.newer is None else not operator.newer
    frame.conditions.append(Within(column, None, at) if old else Within(column, at, None))


def _number(draft: Draft, place: int) -> None:
    """State the number beside a column, or the number of a row."""
    value = number_of(draft.items[place].text)
    if _is_limit(draft, place):
        draft.limit = int(value)
        draft.use(place)
        return
    following, preceding = draft.after(place), draft.before(place)
    beside = [
        at
        for at in (preceding, following)
        if 0 <= at < len(draft.items) and draft.link(at, "table") is None and draft.items[at].of("column") is not None
    ]
    for at in sorted(beside, key=lambda at: -draft.items[at].of("column").quality):  # type: ignore[union-attr]
        link = draft.items[at].of("column")
        assert link is not None, "it may name a column"
        columns = [(c, (1 - q) * 0.6) for c, q in link.columns if c.is_number]
        settled = place_of(draft, at, columns) if columns else None
        if settled is not None:
            negation = draft.is_negated(at) if at < place else draft.is_negated(place)
            if negation is not None:
                draft.use(negation)
            settled[0].conditions.append(Compared(settled[1], "=" if negation is None else "<>", value))
            draft.use(at, place, *[b for b in beside if _names_column(draft, b, settled[1])])
            draft.cost(draft.items[at].text, (1 - _quality(draft, at, link.columns, settled[1])) * 1.0)
            return
    noun = next((f for f in draft.frames if f.place == preceding and not f.is_name), None)
    if noun is not None:
        keys = [
            c
            for c in noun.table.columns
            if c.is_number
            and value in c.known.present
            and (c.name == "id" or c.parts[-1] in ("id", "no", "number", "code"))
        ]
        if keys:
            noun.conditions.append(Compared(keys[0], "=", value))
            draft.use(place)


def _names_column(draft: Draft, place: int, column: Column) -> bool:
    """Return whether an item may name a column."""
    link = draft.items[place].of("column")
    return link is not None and any(c == column for c, _ in link.columns)


def _is_limit(draft: Draft, place: int) -> bool:
    """Return whether a number says how many rows are asked for: "the two vets with the most patients"."""
    target = draft.target
    if (
        target is None
        or not draft.items[place].low.isalnum()
        or not any(draft.is_operator(i, "superlative") for i in range(len(draft.items)))
    ):
        return False
    following = draft.after(place)
    return following == target.place or (target.place < 0 and place <= 2)


def _versus(draft: Draft, place: int, operator: Operator) -> None:
    """State that one column of a row is more, or less, than another."""
    left, right = draft.before(place), draft.after(place)
    if operator.word == "more":
        # "More comments than words".
        left, right = right, draft.after(right)
    first, second = _side(draft, left, operator, ()), _side(draft, right, operator, ())
    if first is None and operator.hints:
        first = _hint_side(draft, operator.hints)
        left = -1
    if second is None:
        return
    if first is None or first == second:
        return
    frame = frame_for(draft, place, [(first, 0.0)])
    if frame is None or second.table != first.table:
        return
    comparator: Comparator = operator.comparator
    negation = draft.is_negated(place)
    if negation is not None:
        comparator = _NEGATED[comparator]
        draft.use(negation)
    frame[0].conditions.append(Compared(first, comparator, None, beside=second))
    draft.use(place, right, *([left] if left >= 0 else []))


def _side(draft: Draft, at: int, operator: Operator, hints: Sequence[str]) -> Column | None:
    """Return the column of numbers or times that an item names."""
    if not 0 <= at < len(draft.items):
        return None
    item = draft.items[at]
    link = item.of("column")
    tables = [t.name for f in draft.frames for t in f.tables]
    if link is not None:
        for column, _ in link.columns:
            if (column.is_number or column.is_time) and (column.table in tables or not tables):
                return column
    known = quantities.measure(item.low)
    stems = quantities.VERB_COLUMNS.get(item.stem, known[1] if known is not None else ())
    return _hint_side(draft, stems or (item.stem,))


def _hint_side(draft: Draft, hints: Sequence[str]) -> Column | None:
    for hint in hints:
        for frame in draft.frames:
            for column in frame.table.columns:
                if column.is_number and (
                    hint in column.stems or any(len(hint) >= 4 and s[:4] == hint[:4] for s in column.stems)
                ):
                    return column
    return None
