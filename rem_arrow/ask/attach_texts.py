"""Words that stand in texts, and verbs that say no more than is said already."""

from __future__ import annotations

from rem_arrow.ask import english, quantities
from rem_arrow.ask.anchors import nearness, place_of
from rem_arrow.ask.column_words import Column
from rem_arrow.ask.draft import Draft, Frame
from rem_arrow.ask.english import word_set
from rem_arrow.ask.record import Containing, Within
from rem_arrow.ask.spelling import shared_prefix

_VAGUE = word_set(
    """work belong live come go be have get make take hold contain run use fall sit stand stay happen occur rate
    mark estimate label give play do say
    attend need want offer provide see meet"""
)


def absorb_verbs(draft: Draft) -> None:
    """Account for verbs of what is said already: people who work in a team, what is scheduled for a day."""
    said = {
        s
        for f in draft.frames
        for c in f.conditions
        if (column := getattr(c, "column", None)) is not None
        for s in column.stems
    }
    said |= {s for a in (*draft.groups, *draft.columns) for s in a.column.stems}
    timed = any(isinstance(c, Within) for f in draft.frames for c in f.conditions)
    for place in draft.leftovers():
        item = draft.items[place]
        if (
            item.operator is not None
            or draft.link(place, "value") is not None
            or draft.link(place, "table") is not None
        ):
            continue
        stem = "work" if item.stem == "contribut" else item.stem
        if set(quantities.VERB_COLUMNS.get(stem, ())) & said or (
            stem in quantities.VERB_TIMES and (timed or draft.low(0) in ("has", "have", "did"))
        ):
            draft.use(place)
            draft.cost(item.text, 0.1)
        elif any(
            f.place in (place - 1, place + 1) and stem in english.stems_in(f.table.description) for f in draft.frames
        ):
            # Metro stops, where stations are stops of the metro.
            draft.use(place)
            draft.cost(item.text, 0.2)
        elif stem in {english.stem(v) for v in _VAGUE}:
            draft.use(place)
            draft.cost(item.text, 0.25)


def attach_texts(draft: Draft) -> None:
    """State that words which nothing else explains stand in the texts of rows."""
    for place in list(draft.leftovers()):
        item = draft.items[place]
        if item.kind not in ("unknown", "content") or place in draft.used:
            continue
        if item.low in _SAYING:
            draft.use(place)
            continue
        columns = _holding(draft, place)
        if columns:
            frame, found = columns
            negation = draft.is_negated(place)
            if negation is not None:
                draft.use(negation)
            text = item.text if item.quoted else _searched(item.text)
            frame.conditions.append(Containing(tuple(found), text, negation is not None))
            draft.use(place)
            draft.cost(f"{item.text} in texts", 0.55)


_SAYING = word_set(
    """mentioned noted described says say said saying mentions mention mentioned mentioning contains contain
    containing includes include including reads talks speaks notes states refers about heard"""
)


def attach_text_columns(draft: Draft) -> None:
    """State what texts say that are named: "whose note mentions a gift", "with a leak in the remarks"."""
    for place in list(draft.free("column")):
        link = draft.link(place, "column")
        assert link is not None, "it is a column"
        columns = [(c, (1 - q) * 0.5) for c, q in link.columns if c.is_text and c.known.texts]
        if not columns or place in draft.used:
            continue
        words = _said_of(draft, place)
        settled = place_of(draft, place, columns) if words else None
        if settled is None:
            continue
        frame, column = settled
        for at in words:
            item = draft.items[at]
            if item.low not in _SAYING:
                frame.conditions.append(
                    Containing(
                        (column,), item.text if item.quoted else _searched(item.text), draft.is_negated(at) is not None
                    )
                )
                if (negation := draft.is_negated(at)) is not None:
                    draft.use(negation)
        draft.use(place, *words)
        draft.cost(f"words in {column.name}", 0.15)


def _said_of(draft: Draft, place: int) -> list[int]:
    """Return the words that a text is said to hold: those after a verb of saying, or before "in the" text."""
    after = draft.after(place)
    words: list[int] = []
    if (
        draft.low(after) in _SAYING
        or draft.is_operator(after, "about")
        or any(draft.low(i) in ("with", "like") for i in range(place + 1, after))
        or draft.items[min(after, len(draft.items) - 1)].quoted
    ):
        at = after
        while (
            at < len(draft.items)
            and at not in draft.used
            and (
                draft.items[at].kind in ("content", "unknown", "number")
                or draft.low(at) in _SAYING
                or draft.is_operator(at, "about")
            )
        ):
            if draft.items[at].operator is None:
                words.append(at)
            at = draft.after(at)
    elif {"in", "within"} & {draft.low(i) for i in range(max(place - 3, 0), place)}:
        at = draft.before(place)
        while draft.is_unread(at):
            words.append(at)
            at -= 1
        words.reverse()
    return words


def _searched(word: str) -> str:
    """Return the part of a word that its singular and plural share."""
    parts = []
    for part in word.split():
        common = shared_prefix(part.casefold(), english.singular(part))
        parts.append(common if len(common) >= 4 else part)
    return " ".join(parts)


def _holding(draft: Draft, place: int) -> tuple[Frame, list[Column]] | None:
    """Return the nearest frame, and its columns of texts that hold a word."""
    stems = [english.stem(w) for w in draft.items[place].text.split()]
    options: list[tuple[float, int, Frame, list[Column]]] = []
    for frame in draft.frames:
        if frame.is_name and frame is not draft.target:
            continue
        found = [
            c
            for c in frame.table.columns
            if c.is_text and not c.is_system and stems and all(s in c.known.texts for s in stems)
        ]
        if found:
            options.append((nearness(draft, frame, place), len(options), frame, found))
    if options:
        _, _, frame, found = min(options, key=lambda o: o[:2])
        return frame, found
    return None
