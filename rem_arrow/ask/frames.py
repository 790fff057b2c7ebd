"""The tables that a question speaks of: by their nouns, by the names of their rows, by "who", and, where nothing else
names one, by what is said of it."""

from __future__ import annotations

from rem_arrow.ask import english, thesaurus
from rem_arrow.ask.column_words import Column
from rem_arrow.ask.draft import Draft, Frame
from rem_arrow.ask.english import word_set
from rem_arrow.ask.record import Among
from rem_arrow.ask.table_relations import Relation, relations_of
from rem_arrow.ask.vocabulary import TableWords

# Words between a noun and the name of one of its kind.
_BETWEEN = word_set("""the a an called named of titled with id number no""")


def is_naming(column: Column, table: TableWords) -> bool:
    """Return whether values of a column name single rows, rather than kinds of them."""
    return (
        column.name in ("id", table.key, *table.naming)
        or (table.label is not None and column.name == table.label.name)
        or (column.known.is_unique and not column.is_list and column.known.distinct > 3)
        or column.name in ("aliases", "alias", "email")
    )


def make_frames(draft: Draft) -> None:
    """Make the frames of nouns, of names, and of "who"."""
    for place in range(len(draft.items)):
        if place in draft.used:
            continue
        noun, value = draft.link(place, "table"), draft.link(place, "value")
        if noun is not None and noun.table is not None:
            _add_noun(draft, place, noun.table, noun.quality)
        elif value is not None:
            _add_name(draft, place, value.values, partial=value.is_partial, quality=value.quality)
        elif (
            (verb := draft.link(place, "verb")) is not None
            and draft.low(place).rstrip("s").endswith(("er", "or", "ee"))
        ) or (
            verb is not None and verb.quality < 0.9 and draft.low(place).endswith("s") and draft.low(place + 1) == "of"
        ):
            _add_agent(draft, place, verb.relations, verb.quality)
        elif draft.is_operator(place, "wh") and draft.low(place) in ("who", "whom", "whose"):
            _add_person(draft, place)
    _add_events(draft)
    _add_kinds(draft)
    _join_names(draft)


def _add_events(draft: Draft) -> None:
    """Make the frame of what a "who" did, where a time of it is all that names it: "who borrowed a cello"."""
    person = next((f for f in draft.frames if f.is_wh), None)
    if person is None or any(not f.is_wh and not f.is_name for f in draft.frames):
        return
    people = {t.name for t in person.tables}
    for place in list(draft.free("column")):
        link = draft.link(place, "column")
        events = [c for c, q in link.columns if c.is_time and q >= 0.9 and not c.is_system] if link is not None else []
        if events and all(c.table not in people for c in events):
            draft.frames.append(Frame(place, [draft.vocabulary.tables[events[0].table]]))
            draft.use(place)
            draft.cost(draft.items[place].text, 0.2)
            return


def _add_kinds(draft: Draft) -> None:
    """Make frames of kinds that stand as nouns: "dogs" are animals of that species, where nothing names the animals."""
    for place, item in enumerate(draft.items):
        link = draft.link(place, "value")
        if (
            place in draft.used
            or link is None
            or link.is_partial
            or english.singular(item.low.split(" ")[-1]) == item.low.split(" ")[-1]
        ):
            continue
        columns = list(
            {
                c.name + c.table: c for c, v in link.values if c.values and not c.is_list and v.casefold() != item.low
            }.values()
        )
        tables = {c.table for c in columns}
        if (
            len(tables) != 1
            or any(not f.is_name for t in tables for f in draft.frames_of(t))
            or draft.is_negated(place) is not None
        ):
            continue
        values = tuple(v for c, v in link.values if c == columns[0])
        draft.frames.append(
            Frame(place, [draft.vocabulary.tables[columns[0].table]], conditions=[Among(columns[0], values)])
        )
        draft.use(place)
        draft.cost(item.text, (1 - link.quality) * 1.2)
    draft.frames.sort(key=lambda f: f.place)


def _add_noun(draft: Draft, place: int, table: TableWords, quality: float) -> None:
    draft.use(place)
    if draft.frames and draft.frames[-1].place == place - 1 and draft.frames[-1].tables == [table]:
        # "Source files" are files.
        draft.frames[-1].place = place
        return
    draft.frames.append(Frame(place, [table]))
    if quality < 1:
        draft.cost(f"{draft.items[place].text} for {table.name}", (1 - quality) * 1.2)


def _add_agent(draft: Draft, place: int, relations: tuple[Relation, ...], quality: float) -> None:
    """Make the frame of who does what a verb says: "the reviewers of X"."""
    doers = [
        r.source if r.kind == "edge" and r.direction == "out" else r.target
        for r in relations
        if r.kind == "edge" or r.from_holder
    ]
    if draft.low(place).rstrip("s").endswith("ee"):
        doers = [
            r.target if r.kind == "edge" and r.direction == "out" else r.source for r in relations if r.kind == "edge"
        ] or doers
    people = [draft.vocabulary.tables[t] for t in dict.fromkeys(doers) if draft.vocabulary.tables[t].is_people]
    if not people and draft.low(place).endswith("s") and draft.low(place + 1) == "of":
        people = [
            draft.vocabulary.tables[t]
            for t in dict.fromkeys(
                r.source for r in relations if r.kind == "edge" and r.direction == "out" and r.source == r.target
            )
        ]
    if people:
        draft.frames.append(Frame(place, people, is_agent=True))
        draft.cost("", (1 - quality) * 0.5 + 0.1)


def _add_name(
    draft: Draft, place: int, values: tuple[tuple[Column, str], ...], *, partial: bool, quality: float
) -> None:
    """Make a frame of a name; values of columns that classify rows are conditions, which are read later."""
    names: dict[str, list[tuple[Column, str]]] = {}
    if _is_valued(draft, place, values):
        return
    for column, value in values:
        table = draft.vocabulary.tables[column.table]
        if is_naming(column, table):
            names.setdefault(table.name, []).append((column, value))
    if not names or (partial and _is_elsewhere(draft, values, names)):
        return
    tables = [draft.vocabulary.tables[t] for t in names]
    frame = Frame(place, tables, is_name=True, names=names)
    draft.frames.append(frame)
    draft.use(place)
    if quality < 1:
        draft.cost(f"{draft.items[place].text} as a name", (1 - quality) * 1.2)
    if (
        draft.items[place].kind == "content"
        and draft.items[place].text.islower()
        and draft.choice[place] is not None
        and not partial
    ):
        draft.cost("a name in lower case", 0.05)


def _is_valued(draft: Draft, place: int, values: tuple[tuple[Column, str], ...]) -> bool:
    """Return whether a column of a noun is named beside a value of it: "functions of module textwrap"."""
    nouns = {link.table.name for link in draft.choice if link is not None and link.table is not None}
    nouns |= {
        c.table
        for link in draft.choice
        if link is not None and link.kind == "value"
        for c, _ in link.values
        if c.is_kind
    }
    if draft.items[place].text.islower() and any(c.is_kind and c.values and c.table in nouns for c, _ in values):
        return True
    for at in (draft.before(place), draft.after(place)):
        link = draft.link(at, "column")
        if (
            link is not None
            and abs(at - place) <= 2
            and any(c == v and c.table in nouns for c, _ in link.columns for v, _ in values)
        ):
            return True
    return False


def _is_elsewhere(
    draft: Draft, values: tuple[tuple[Column, str], ...], names: dict[str, list[tuple[Column, str]]]
) -> bool:
    """Return whether a part of names is also one of kinds."""
    return any(c.table not in names for c, _ in values)


def _add_person(draft: Draft, place: int) -> None:
    """Make the frame of a "who" that asks; one that follows a noun refers to it."""
    draft.use(place)
    if (
        draft.frames
        or draft.low(place) == "whose"
        or any(draft.items[i].kind in ("content", "unknown") for i in range(place))
    ):
        return
    following = draft.after(place)
    while following < len(draft.items) and draft.items[following].kind == "number":
        following = draft.after(following)
    noun = draft.link(following, "table")
    if (
        noun is not None
        and noun.table is not None
        and noun.table.is_people
        and any(draft.low(i) in ("is", "are", "was", "were") for i in range(place + 1, following))
    ):
        return
    people = [t for t in draft.vocabulary.filled if t.is_people and t.rows]
    if people:
        draft.frames.append(Frame(place, people, is_wh=True))


def _join_names(draft: Draft) -> None:
    """Join a noun and a name beside it: "the vet Yuki Tanaka", "the Altstadt district"."""
    for name in [f for f in draft.frames if f.is_name]:
        for noun in [f for f in draft.frames if not f.is_name and not f.is_wh and f.place >= 0]:
            if noun not in draft.frames or noun.table.name not in name.names:
                continue
            low, high = sorted((noun.place, name.place))
            words = [draft.low(i) for i in range(low + 1, high)]
            is_close = all(w in _BETWEEN or draft.is_operator(i, "called") for i, w in enumerate(words, low + 1))
            of = "of" in words and noun.place < name.place
            if (
                is_close
                and not (of and len(words) == 1 and words[0] == "of")
                and not (noun.place > name.place and words)
            ):
                name.tables, name.names = [noun.table], {noun.table.name: name.names[noun.table.name]}
                name.place = min(noun.place, name.place)
                draft.frames.remove(noun)
                draft.cost("", -0.2)
                for i in range(low, high):
                    draft.use(i)


def settle(frame: Frame, table: TableWords) -> None:
    """Decide for one of the tables that a frame may be of, and state the names that it has there."""
    frame.tables = [table]
    options = frame.names.pop(table.name, [])
    frame.names.clear()
    if not options:
        return
    best = max(
        options,
        key=lambda o: (
            o[0].name == "id",
            table.label is not None and o[0].name == table.label.name,
            o[0].known.is_unique,
        ),
    )[0]
    values = tuple(dict.fromkeys(v for c, v in options if c.name == best.name))
    frame.conditions.append(Among(best, values))


def person_of(draft: Draft, frame: Frame) -> list[TableWords]:
    """Return the tables of a "who" that relations connect with another frame, else all."""
    others = {t.name for f in draft.frames if f is not frame for t in f.tables}
    near = {r.source for r in relations_of(draft.vocabulary) if r.target in others}
    return [t for t in frame.tables if t.name in near] or frame.tables


def stem_of_people(word: str) -> bool:
    return english.stem(word) in thesaurus.PERSON_STEMS
