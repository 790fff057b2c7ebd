"""The values and flags that a question names, as conditions on the rows that it speaks of."""

from __future__ import annotations

from rem_arrow.ask.anchors import frame_for, place_of
from rem_arrow.ask.attach_texts import _holding
from rem_arrow.ask.column_words import Column
from rem_arrow.ask.draft import Draft, Frame
from rem_arrow.ask.english import word_set
from rem_arrow.ask.record import Among, Flag, Missing
from rem_arrow.ask.table_relations import paths

_IS = word_set("""is are was were = of : equals equal as with has have had the a an to at""")


def attach_values(draft: Draft) -> None:
    """State the values that a question names, and what it says of flags."""
    last: tuple[int, Frame, Among] | None = None
    for place in range(len(draft.items)):
        link = draft.link(place, "value")
        if link is None or place in draft.used or _is_said_otherwise(draft, place):
            continue
        named = _column_before(draft, place)
        options = [(c, 0.0 if c.values else 0.15) for c, _ in link.values]
        if named is not None:
            same = [(c, 0.0) for c, _ in link.values if any(c == n for n, _ in named[1])]
            if same:
                options = same
                draft.use(named[0])
        if frame_for(draft, place, options) is None and _is_in_texts(draft, place):
            continue
        settled = _elsewhere(draft, options) or place_of(draft, place, options)
        if settled is None:
            continue
        frame, column = settled
        _use_participle(draft, place)
        values = tuple(dict.fromkeys(v for c, v in link.values if c == column or c.name == column.name))
        negation = draft.is_negated(place)
        if negation is not None:
            draft.use(negation)
        condition = Among(column, values, negation is not None)
        draft.use(place)
        draft.cost(
            draft.items[place].text, (1 - link.quality) * 1.2 + (0.1 if len(values) > 1 and not link.is_partial else 0)
        )
        last = _state_value(draft, last, place, frame, condition)
        _use_column_after(draft, place, column)


def _elsewhere(draft: Draft, options: list[tuple[Column, float]]) -> tuple[Frame, Column] | None:
    """Return a column of what is asked for that has the name of the one that holds a value: there is no supplier from
    Spain where only customers are."""
    target = draft.target
    if target is None or target.place < 0 or any(draft.frames_of(c.table) for c, _ in options):
        return None
    names = {c.name for c, _ in options}
    column = next((c for c in target.table.columns if c.name in names and c.is_text and c.values), None)
    if column is None:
        return None
    draft.cost(f"no {column.name} of {target.table.name} is so", 0.3)
    return target, column


def _is_said_otherwise(draft: Draft, place: int) -> bool:
    """Return whether a value says when or by what, and not which: "finished in June", "paid by card"."""
    following = place + 1
    while following < len(draft.items) and draft.items[following].kind == "stop":
        following += 1
    columns = draft.items[place].of("column")
    if draft.is_operator(following, "time"):
        return columns is not None and any(c.is_time for c, _ in columns.columns)
    value = draft.link(following, "value")
    if value is None or not any(draft.low(i) in ("by", "with", "via") for i in range(place + 1, following)):
        return False
    stem = draft.items[place].stem
    return any(s != stem and s.startswith(stem[:4]) for c, _ in value.values for s in c.stems)


def _is_in_texts(draft: Draft, place: int) -> bool:
    """Return whether the words of a value of a table that is far off stand in texts of what is asked for."""
    target = draft.target
    link = draft.link(place, "value")
    if target is None or link is None:
        return False
    noun = next((f for f in draft.frames if f.place == draft.after(place) and not f.is_name), None)
    if (
        noun is not None
        and noun.table.embedded
        and all(c.table != noun.table.name for c, _ in link.values)
        and any(draft.items[place].stem in c.known.texts for c in noun.table.columns)
    ):
        return True
    near = [
        p
        for c, _ in link.values
        for t in target.tables
        for p in paths(draft.vocabulary, t.name, c.table)
        if len(p) == 1
    ]
    return not near and _holding(draft, place) is not None


def _use_participle(draft: Draft, place: int) -> None:
    """Account for the participle before "by" and a value that says all: "led by Clara Wendt"."""
    if draft.low(place - 1) == "by":
        at = place - 2
        if draft.is_unread(at):
            draft.use(at)
            draft.cost(draft.items[at].text, 0.25)


def _state_value(
    draft: Draft, last: tuple[int, Frame, Among] | None, place: int, frame: Frame, condition: Among
) -> tuple[int, Frame, Among]:
    """Add a condition to a frame; a further value of the same column is another possibility."""
    for other in frame.conditions:
        if isinstance(other, Among) and other.column == condition.column and last is not None:
            joined = {draft.low(i) for i in range(last[0] + 1, place)}
            if joined <= {
                "or",
                "and",
                "nor",
                ",",
                "neither",
                "either",
                "a",
                "the",
                "in",
                "and/or",
                "both",
                "from",
                "of",
            } or joined & {"or", "nor", "and", ","}:
                merged = Among(other.column, (*other.values, *condition.values), other.negated or condition.negated)
                frame.conditions[frame.conditions.index(other)] = merged
                return place, frame, merged
    frame.conditions.append(condition)
    return place, frame, condition


def _column_before(draft: Draft, place: int) -> tuple[int, tuple[tuple[Column, float], ...]] | None:
    """Return the item and the columns that are named directly before a value: "status open", "line is Red"."""
    at = place - 1
    while at >= 0 and (draft.low(at) in _IS or draft.is_operator(at, "not")):
        at -= 1
    link = draft.link(at, "column") if at >= 0 and at not in draft.used else None
    return (at, link.columns) if link is not None else None


def _use_column_after(draft: Draft, place: int, column: Column) -> None:
    """Account for a column's name after its value: "the Payments team", "science section"."""
    following = place + 1
    if following < len(draft.items) and following not in draft.used:
        link = draft.items[following].of("column")
        if link is not None and any(c == column for c, _ in link.columns) and draft.link(following, "table") is None:
            draft.use(following)


def _state_event(draft: Draft, place: int, negation: int | None) -> bool:
    """State whether something happened, by the time when it did: "loans that were not returned"."""
    link = draft.link(place, "column")
    assert link is not None, "it is a column"
    times = [(c, (1 - q) * 0.5) for c, q in link.columns if c.is_time and not c.is_system and c.known.has_nulls]
    asked = any(
        draft.is_operator(i, "wh", "time", "superlative", "group") or draft.low(i) in ("when", "what")
        for i in range(len(draft.items))
    )
    if not times or asked or not draft.low(place).endswith(("ed", "en", "id", "nt")):
        return False
    near = frame_for(draft, place, times)
    if near is None or near[0].is_name:
        return False
    near[0].conditions.append(Missing(near[1], negation is None))
    draft.use(place, *([negation] if negation is not None else []))
    draft.cost(draft.items[place].text, (1 - link.quality) * 1.2 + 0.1)
    return True


def attach_flags(draft: Draft) -> None:
    """State the flags that a question names, and the columns that it says are there, or missing."""
    for place in list(draft.free("column")):
        link = draft.link(place, "column")
        if link is None or place in draft.used:
            continue
        flags = [(c, (1 - q) * 0.5) for c, q in link.columns if c.is_flag]
        negation = draft.is_negated(place)
        if (flags and link.columns[0][0].is_flag) or (flags and negation is not None):
            settled = place_of(draft, place, flags)
            if settled is not None:
                draft.use(place)
                draft.cost(
                    draft.items[place].text,
                    (1 - link.quality)
                    * (
                        1.2
                        if link.quality >= 0.5
                        else 2.0
                        if not draft.is_operator(draft.before(place), "count")
                        else 4.0
                    ),
                )
                if negation is not None:
                    draft.use(negation)
                settled[0].conditions.append(Flag(settled[1], negation is None))
            continue
        if _state_event(draft, place, negation):
            continue
        if negation is not None and draft.low(negation) not in ("not", "never"):
            settled = place_of(draft, place, [(c, (1 - q) * 0.5) for c, q in link.columns if not c.is_system])
            if settled is not None:
                draft.use(place, negation)
                draft.cost(draft.items[place].text, (1 - link.quality) * 1.2)
                settled[0].conditions.append(Missing(settled[1]))
