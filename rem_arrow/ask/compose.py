"""From what the items of a question name to one reading: a record, and what the reading costs."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from rem_arrow.ask import english
from rem_arrow.ask.attach_edges import attach_edges, set_aside
from rem_arrow.ask.attach_numbers import attach_numbers
from rem_arrow.ask.attach_texts import absorb_verbs, attach_text_columns, attach_texts
from rem_arrow.ask.attach_times import attach_times
from rem_arrow.ask.attach_values import attach_flags, attach_values
from rem_arrow.ask.column_words import Column
from rem_arrow.ask.connect import WORK, connect_frames, deepen, everything_linked, reach_by_verbs, subject_of_verb
from rem_arrow.ask.draft import Draft, Frame, selection_of
from rem_arrow.ask.english import word_set
from rem_arrow.ask.frames import make_frames, settle
from rem_arrow.ask.group_keys import group_by, take_groups
from rem_arrow.ask.items import says_nothing
from rem_arrow.ask.measures import measured
from rem_arrow.ask.orders import order_by
from rem_arrow.ask.projections import is_truth, project, truth
from rem_arrow.ask.record import Among, Record, Selection
from rem_arrow.ask.table_relations import paths, relations_of
from rem_arrow.ask.topics import attach_rest, attach_topics, reserve_topics
from rem_arrow.ask.vocabulary import BUILT_IN

LEFT_COST = {"unknown": 2.4, "content": 2.0, "number": 1.6, "operator": 1.2}


def compose(draft: Draft, *, table: str | None, before: Selection | None) -> Draft | None:
    """Return a draft as a reading; None where nothing says what it is about."""
    items = draft.items
    if draft.low(0) == "will":
        draft.cost("what will be is not in the data", 3.0)
    keys = take_groups(draft)
    topics = reserve_topics(draft)
    make_frames(draft)
    _refer(draft, before)
    _merge_names(draft)
    if _is_lookup(draft):
        return _looked_up(draft)
    draft.target = _target(draft)
    if table is not None and (draft.target is None or draft.target.place < 0):
        draft.target = Frame(-1, [draft.vocabulary.tables[table]], is_given=True)
    if draft.target is None:
        attach_times(draft)
    if draft.target is None:
        return None
    if draft.target not in draft.frames:
        draft.frames.append(draft.target)
    attach_topics(draft, topics)
    attach_text_columns(draft)
    said_of_edges = set_aside(draft)
    attach_numbers(draft)
    attach_values(draft)
    attach_flags(draft)
    attach_times(draft)
    connect_frames(draft)
    deepen(draft)
    reach_by_verbs(draft)
    attach_edges(draft, said_of_edges)
    group_by(draft, keys)
    order_by(draft)
    measured(draft, grouped=bool(keys))
    project(draft)
    absorb_verbs(draft)
    attach_rest(draft)
    attach_texts(draft)
    if is_truth(draft):
        truth(draft)
    for place in draft.leftovers():
        item = items[place]
        draft.cost(f"{item.text} is left", LEFT_COST.get(item.kind, 2.0))
    if not draft.target.table.rows:
        draft.cost("an empty table", 0.5)
    return draft


def _refer(draft: Draft, before: Selection | None) -> None:
    """Make a frame of the rows that "them" refers to."""
    if before is None:
        return
    for place, item in enumerate(draft.items):
        if item.kind == "pronoun" and item.low in _REFERRING:
            frame = Frame(place, [before.table], is_name=True, conditions=list(before.conditions), topic=before.topic)
            draft.frames.append(frame)
            draft.frames.sort(key=lambda f: f.place)
            draft.use(place)
            return


_REFERRING = word_set("""them they those these it their its he she his her him""")


def _merge_names(draft: Draft) -> None:
    """Join names of one table that "and", "or" or a comma joins: "Ann Lee and Bob Ray"."""
    names = [f for f in draft.frames if f.is_name and f.names]
    for first, second in itertools.pairwise(names):
        between = {draft.low(i) for i in range(first.place + 1, second.place)}
        both = [t for t in second.tables if t in first.tables]
        if between and between <= {"and", "or", ",", "the"} and both and second in draft.frames:
            second.tables = both
            second.names = {t.name: [*first.names[t.name], *second.names[t.name]] for t in both}
            draft.frames.remove(first)


def _is_lookup(draft: Draft) -> bool:
    """Return whether a question only names things."""
    said = [
        i
        for i, item in enumerate(draft.items)
        if not says_nothing(item)
        and item.low not in english.LOOKUP_WORDS
        and not (item.operator and item.operator.kind in ("wh", "called"))
    ]
    places = {f.place for f in draft.frames if f.is_name}
    return (
        bool(places)
        and all(f.is_name and f.names for f in draft.frames)
        and all(i in places or i in draft.used for i in said)
        and not any(draft.is_operator(i, "wh") and draft.low(i) not in ("who", "whom") for i in range(len(draft.items)))
        and not is_truth(draft)
    )


def _looked_up(draft: Draft) -> Draft:
    tables = {t.name for f in draft.frames for t in f.tables}
    draft.target = draft.frames[0]
    if len(draft.frames) > 1 or len(tables) > 1:
        draft.shape = "lookup"
        draft.names = [v for f in draft.frames for entries in f.names.values() for _, v in entries]
    for frame in draft.frames:
        settle(frame, frame.table)
    draft.is_named = True
    return draft


def record_of(draft: Draft) -> Record:
    """Return a draft as a record."""
    assert draft.target is not None, "a draft has a target"
    return Record(
        selection_of(draft, draft.target),
        draft.shape,
        tuple(draft.columns),
        draft.distinct,
        draft.measure,
        tuple(draft.groups),
        draft.order,
        draft.limit,
        draft.having,
        names=tuple(dict.fromkeys(draft.names)),
        is_named=draft.is_named or _only_names(draft),
    )


def _only_names(draft: Draft) -> bool:
    """Return whether rows are asked for by a name and by nothing else: "who is Ann Lee"."""
    target = draft.target
    assert target is not None, "a draft has a target"
    is_plain = draft.shape == "rows" and draft.order is None and len(draft.frames) == 1
    return is_plain and target.is_name and len(target.conditions) == 1 and isinstance(target.conditions[0], Among)


# --- what a question is about


def _target(draft: Draft) -> Frame | None:
    """Return the frame whose rows are asked for."""
    nouns = [f for f in draft.frames if not f.is_name and not f.is_wh]
    names = [f for f in draft.frames if f.is_name]
    if not nouns and len(names) == 1 and (linked := everything_linked(draft, names[0])) is not None:
        return linked
    person = next((f for f in draft.frames if f.is_wh), None)
    counted = _after_operator(draft, nouns)
    if counted is not None:
        return counted
    projected = _leading_column(draft)
    if person is not None and not (nouns and nouns[0].place < person.place):
        return _of_person(draft, person, names, nouns)
    if nouns and not (projected and names and _is_of_name(draft, projected, names, nouns)):
        return min(nouns, key=lambda f: f.place)
    if names:
        subject = None if projected else subject_of_verb(draft)
        if subject is not None and len(names) == 1:
            return subject
        return names[0]
    return _implied(draft)


def _after_operator(draft: Draft, nouns: Sequence[Frame]) -> Frame | None:
    """Return the noun that "how many" is about, or the one whose numbers are summed."""
    for place in range(len(draft.items)):
        if draft.is_operator(place, "count"):
            before = [i for i in range(place) if draft.is_operator(i, "superlative") or draft.low(i) == "by"]
            if before and place - before[-1] <= 2:
                continue
            following = draft.after(place)
            link = draft.link(following, "column")
            if link is not None and any(c.is_number for c, _ in link.columns):
                return _with_number(draft, place)
            after = [f for f in nouns if f.place > place]
            return min(after, key=lambda f: f.place) if after else None
        if draft.is_operator(place, "function"):
            return _with_number(draft, place)
    return None


def _with_number(draft: Draft, place: int) -> Frame | None:
    """Return the frame of the column of numbers that follows a function."""
    for at in range(place + 1, len(draft.items)):
        if draft.link(at, "table") is not None:
            named = draft.items[at].of("column")
            if named is None or named.quality < 0.9:
                continue
        link = draft.link(at, "column")
        numbers = [c for c, q in link.columns if c.is_number] if link is not None else []
        if numbers:
            mine = [f for f in draft.frames if any(t.name == c.table for t in f.tables for c in numbers)]
            if mine:
                chosen = min(mine, key=lambda f: abs(f.place - at))
                for table in chosen.tables:
                    if any(c.table == table.name for c in numbers):
                        settle(chosen, table)
                        break
                return chosen
            return _hosted(draft, at, numbers)
    return None


def _hosted(draft: Draft, place: int, columns: Sequence[Column]) -> Frame:
    """Make a frame of the table of a column that is named without it; prefer one that relations join to the others."""

    def fit(column: Column) -> tuple[int, int, int]:
        ways = [len(w) for f in draft.frames for t in f.tables for w in paths(draft.vocabulary, column.table, t.name)]
        said = sum(
            1
            for i, link in enumerate(draft.choice)
            if link is not None and link.kind == "value" and any(c.table == column.table for c, _ in link.values)
        )
        return (-said, 0 if not draft.frames or ways else 1, min(ways, default=0))

    best = min(columns, key=fit)
    frame = Frame(-1, [draft.vocabulary.tables[best.table]])
    draft.cost(f"{best.name} is of {best.table}", 0.15)
    return frame


def _leading_column(draft: Draft) -> int | None:
    """Return the item of a column that is named before any noun: what is asked for."""
    for place in range(len(draft.items)):
        if draft.link(place, "table") is not None:
            return None
        if draft.link(place, "column") is not None and place not in draft.used:
            return place + 1
        if draft.link(place, "value") is not None:
            break
    return None


def _is_of_name(draft: Draft, projected: int, names: Sequence[Frame], nouns: Sequence[Frame]) -> bool:
    link = draft.link(projected - 1, "column")
    return (
        link is not None
        and any(c.table == t.name for c, _ in link.columns for f in names for t in f.tables)
        and not any(c.table == t.name for c, _ in link.columns for f in nouns for t in f.tables)
    )


def _of_person(draft: Draft, person: Frame, names: Sequence[Frame], nouns: Sequence[Frame]) -> Frame | None:
    """Return the frame of a "who" that asks; where no table of persons fits, what names a person is asked of a row."""
    others = [t.name for f in (*names, *nouns) for t in f.tables]
    verbs = [draft.link(p, "verb") for p in range(len(draft.items))]
    doers = {r.source for v in verbs if v is not None for r in v.relations if r.target in others}
    if not nouns and doers and doers.isdisjoint(t.name for t in person.tables):
        # "Who sponsors X", where firms do.
        subject = subject_of_verb(draft)
        if subject is not None:
            draft.frames.remove(person)
            return subject
    people: list[tuple[float, int]] = []
    for number, table in enumerate(person.tables):
        fit = 0.0
        for link in verbs:
            if link is not None and any(
                r.source == table.name and (not others or r.target in others) for r in link.relations
            ):
                fit -= 1
        if any(r.source == table.name and r.target in others for r in relations_of(draft.vocabulary)):
            fit -= 0.5
        if nouns and not any(paths(draft.vocabulary, table.name, t.name) for f in nouns for t in f.tables):
            fit += 1.0
        if any(i.meant in WORK for i in draft.items):
            fit -= 0.8
        if any(t.name == table.name for f in names for t in f.tables):
            fit -= 0.7
        for place, link in enumerate(draft.choice):
            if (
                link is not None
                and place not in draft.used
                and any(c.table == table.name for c in [*(c for c, _ in link.values), *(c for c, _ in link.columns)])
            ):
                fit -= 0.6
        people.append((fit, number))
    fit, number = min(people)
    if fit == 0.0 and (names or nouns):
        draft.frames.remove(person)
        return (list(nouns) or list(names))[0]
    tables = person.tables
    person.tables = [tables[n] for f, n in sorted(people) if f == fit] or [tables[number]]
    same = [f for f in names if any(t.name == person.table.name for t in f.tables)]
    if same and not nouns and not any(link is not None for link in verbs):
        # "Who is Ann Lee?"
        draft.frames.remove(person)
        return same[0]
    return person


def _implied(draft: Draft) -> Frame | None:
    """Return a frame of the table that values, columns and verbs are of, where nothing names one."""
    votes: dict[str, float] = {}
    for place, link in enumerate(draft.choice):
        if link is None or place in draft.used:
            continue
        tables: dict[str, float] = {}
        for column, quality in [
            *((c, 1.0 if c.values else 0.6) for c, _ in link.values),
            *((c, q * 0.7) for c, q in link.columns),
        ]:
            tables[column.table] = max(tables.get(column.table, 0.0), quality)
        for relation in link.relations:
            tables[relation.source] = max(tables.get(relation.source, 0.0), 0.4 * link.quality)
        for table, vote in tables.items():
            votes[table] = votes.get(table, 0.0) + vote
    for item in draft.items:
        if item.kind == "unknown":
            for words in draft.vocabulary.filled:
                if any(item.stem in c.known.texts for c in words.columns if not c.is_system):
                    votes[words.name] = votes.get(words.name, 0.0) + 0.3
    votes = {t: v - (0.2 if t in BUILT_IN else 0.0) for t, v in votes.items()}
    if not votes:
        return None
    best = max(votes.values())
    table = next(t for t in draft.vocabulary.tables if votes.get(t) == best)
    rivals = sum(1 for v in votes.values() if v >= best - 0.05) - 1
    draft.cost(f"it is about {table}", 0.25 + 0.3 * min(rivals, 2))
    return Frame(-1, [draft.vocabulary.tables[table]])
