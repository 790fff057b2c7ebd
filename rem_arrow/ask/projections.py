"""The columns that are asked for, and questions of yes or no."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rem_arrow.ask import quantities
from rem_arrow.ask.attach_times import main_time
from rem_arrow.ask.column_words import Column
from rem_arrow.ask.draft import Draft, Frame
from rem_arrow.ask.english import word_set
from rem_arrow.ask.group_keys import _by_verbs, _time_of_verbs
from rem_arrow.ask.record import Attribute, Flag
from rem_arrow.ask.table_relations import paths

_AUXILIARIES = word_set(
    """is are was were does do did has have had can isn't aren't doesn't don't hasn't haven't wasn't weren't didn't"""
)


_AGENT = re.compile(r"(er|or|ist|ect|ian|ager|head|lead|by|mayor)$")


_AGENT_MORE = ("owner", "author", "boss", "chief")


def project(draft: Draft) -> None:
    """Read the columns that are asked for: "status of X", "when was X opened", "who manages X"."""
    target = draft.target
    assert target is not None, "there is a target"
    if draft.shape != "rows":
        return
    attributes: list[Attribute] = []
    for place in list(draft.free("column")):
        link = draft.link(place, "column")
        assert link is not None, "it is a column"
        own = [(c, q) for c, q in link.columns if c.table == target.table.name]
        if own and link.quality < 0.9 and any(getattr(c, "column", None) == own[0][0] for c in target.conditions):
            draft.use(place)
            draft.cost(draft.items[place].text, (1 - own[0][1]) * 0.5)
            continue
        if own:
            draft.use(place)
            noun = draft.items[place].of("table")
            if noun is not None and noun.quality >= 0.9:
                draft.cost(f"{draft.items[place].text} as a column", 0.4)
            if (
                draft.order is not None
                and isinstance(draft.order.by, Attribute)
                and any(c == draft.order.by.column for c, _ in own)
            ):
                continue
            draft.cost(
                draft.items[place].text,
                (1 - own[0][1]) * 1.2
                + (0.3 if 0 <= target.place < place and not target.is_name and not _is_listed(draft, place) else 0),
            )
            attributes.append(Attribute(own[0][0]))
            continue
        reached = _reached(draft, place, target, link.columns)
        if reached is not None:
            attributes.append(reached)
    attributes = attributes or _asked_by_wh(draft, target) or _asked_by_verb(draft, target)
    asks_who = any(draft.is_operator(i, "wh") and draft.low(i) in ("who", "whom") for i in range(len(draft.items)))
    if attributes and asks_who and not attributes[0].column.is_text:
        draft.cost("who is no number", 2.0)
    if attributes:
        draft.columns, draft.shape = attributes, "values"
        draft.distinct = not target.is_name


def _is_listed(draft: Draft, place: int) -> bool:
    """Return whether a column after its noun is asked for: "with their prices", "and its city"."""
    return any(
        draft.low(i) in ("their", "its", "and", "the", "show", "have", "has", "live", "in")
        for i in range(max(place - 2, 0), place)
    )


def _reached(draft: Draft, place: int, target: Frame, columns: Sequence[tuple[Column, float]]) -> Attribute | None:
    """Return a column of a table that the target leads to."""
    for column, quality in columns:
        frame = next((f for f in draft.frames if f.table.name == column.table and f is not target), None)
        ways = paths(draft.vocabulary, target.table.name, column.table)
        if ways and (frame is None or frame.parent is target):
            draft.use(place)
            draft.cost(draft.items[place].text, (1 - quality) * 1.2 + 0.7 * len(ways[0]))
            return Attribute(column, frame.path if frame is not None else _by_verbs(draft, ways))
    return None


def _asked_by_wh(draft: Draft, target: Frame) -> list[Attribute]:
    """Return what "when", "where", "how old" ask of a single row."""
    for place, item in enumerate(draft.items):
        if item.operator is None or item.operator.kind != "wh":
            continue
        word = item.low
        if word in ("when", "where") and any(draft.items[i].kind in ("content", "unknown") for i in range(place)):
            continue
        column: Column | None = None
        if word == "when":
            column = _time_of_verbs(draft, target) or (
                main_time(target.table) if target.is_name or draft.order is not None else None
            )
        elif word == "where":
            column = next(
                (
                    c
                    for p in quantities.PLACES
                    for c in target.table.columns
                    if p in c.parts and c.is_text and (c.known.distinct or not target.table.rows)
                ),
                None,
            )
        elif word.startswith("how ") and word != "how many times":
            column = _how(draft, place, word.removeprefix("how "), target)
        elif word in ("who", "whom", "whose") and not any(f.is_wh for f in draft.frames):
            column = _agent(draft, target)
        if column is not None:
            draft.use(place)
            if word == "where":
                draft.use(*[i for i in draft.free() if draft.items[i].stem in quantities.VERB_COLUMNS])
            return [Attribute(column)]
        if word == "where" and not target.is_name:
            draft.use(place)
        elif word in ("when", "where") or word.startswith("how "):
            draft.cost(f"no column says {word}", 3.0)
    return []


def _how(draft: Draft, place: int, word: str, target: Frame) -> Column | None:
    if word == "old":
        return next(
            (
                c
                for s in (*quantities.AGE_WORDS, "built", "founded", "opened")
                for c in target.table.columns
                if s in c.parts and not c.is_text
            ),
            None,
        )
    known = quantities.measure(word)
    stems = known[1] if known is not None else ()
    if word == "far":
        stems = ("distanc", "km")
    return next((c for s in stems for c in target.table.columns if c.is_number and s in c.stems), None)


def _agent(draft: Draft, target: Frame) -> Column | None:
    """Return the only column that names who did it."""
    agents = [
        c
        for c in target.table.columns
        if c.is_text
        and not c.is_system
        and c is not target.table.label
        and (_AGENT.search(c.parts[-1]) or c.parts[-1] in _AGENT_MORE)
        and c.parts[-1] not in ("number", "order", "color", "floor")
    ]
    if len(agents) != 1:
        return None
    draft.cost(f"who by {agents[0].name}", 0.3 if target.is_name or target.place >= 0 else 2.0)
    verbs = [
        i for i in draft.free() if draft.items[i].kind in ("content", "unknown") and draft.link(i, "column") is None
    ]
    for place in verbs:
        if any(s[:3] == draft.items[place].stem[:3] for s in agents[0].stems) or draft.items[place].low in (
            "took",
            "taken",
            "charge",
            "shot",
            "made",
            "runs",
            "leads",
            "led",
            "head",
            "heads",
            "responsible",
            "designed",
            "wrote",
        ):
            draft.use(place)
    return agents[0]


def _asked_by_verb(draft: Draft, target: Frame) -> list[Attribute]:
    """Return what a verb asks of a single row: "what does X cost"."""
    if not target.is_name:
        return []
    for place in list(draft.free()):
        for stem in quantities.VERB_COLUMNS.get(draft.items[place].stem, ()):
            column = next((c for c in target.table.columns if stem in c.stems), None)
            if column is not None:
                draft.use(place)
                return [Attribute(column)]
    return []


def is_truth(draft: Draft) -> bool:
    """Return whether a question asks for yes or no: it begins with an auxiliary."""
    first = next((i for i, item in enumerate(draft.items) if item.low not in _POLITE), None)
    if first is None:
        return False
    word, following = draft.low(first), draft.low(first + 1)
    if word in ("can", "may", "could"):
        # "Can you camp at X" asks for a flag of X; "can you show me X" for X.
        of_names = any(f.is_name and any(isinstance(c, Flag) for c in f.conditions) for f in draft.frames)
        return of_names and following in ("you", "we", "i", "one", "people")
    if word == "do":
        return following in ("we", "you", "any", "the", "they")
    return word.split(" ")[0] in _AUXILIARIES


_POLITE = word_set("""please hi hello hey , so and ! tell me""")


def truth(draft: Draft) -> None:
    """Ask whether there are such rows."""
    if draft.shape in ("rows", "values") and draft.order is None and not any(f.topic for f in draft.frames):
        if draft.columns:
            # "Did X publish in Y": the verb names no column that is asked for.
            draft.cost("", -0.4)
        draft.shape = "truth"
