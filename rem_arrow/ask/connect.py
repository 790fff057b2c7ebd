"""How the tables of a question belong together: each frame is joined to another along relations that its verbs name, or
else the nearest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rem_arrow.ask import english
from rem_arrow.ask.draft import Draft, Frame
from rem_arrow.ask.frames import settle
from rem_arrow.ask.record import Path
from rem_arrow.ask.table_relations import ANYTHING, Relation, paths, relations_of
from rem_arrow.ask.vocabulary import TableWords

_VAGUE = frozenset(["work", "contribut", "involv", "relat", "connect", "link", "associat"])
NO_WAY = 6.0
# What "to" and "from" before a noun lead to.
_ENDS = {
    "to": frozenset(map(english.stem, ("destination", "target", "arrival", "to", "receiver", "recipient"))),
    "from": frozenset(map(english.stem, ("origin", "source", "departure", "from", "sender"))),
}


def connect_frames(draft: Draft) -> None:
    """Join every frame to one that is joined already, beginning with the target."""
    target = draft.target
    assert target is not None, "there is a target"
    joined = [target, *(f for f in draft.frames if f.parent is target)]
    for frame in sorted(
        [f for f in draft.frames if f is not target and f.parent is None], key=lambda f: abs(f.place - target.place)
    ):
        options = [o for parent in joined for o in _ways(draft, parent, frame)]
        twin = next(
            (
                f
                for f in joined
                if f.table is frame.table
                and not f.is_name
                and not frame.is_name
                and not f.is_agent
                and not frame.is_agent
            ),
            None,
        )
        if twin is not None and not any(o[5] for o in options) and not _verbs_between(draft, twin, frame):
            # "complaints in issues" are the same rows.
            twin.conditions += frame.conditions
            twin.topic = twin.topic or frame.topic
            draft.frames.remove(frame)
            draft.cost(f"{draft.items[frame.place].text} are {frame.table.name} too", 0.05)
            continue
        if not options:
            draft.cost(f"no relation leads to {frame.table.name}", NO_WAY)
            continue
        cost, _, parent, path, tables, verbs = min(options, key=lambda o: o[:2])
        if len(parent.tables) > 1:
            settle(parent, tables[0])
        _settle_all(frame, tables[1])
        frame.parent, frame.path = parent, path
        draft.use(*verbs)
        draft.cost(f"{parent.table.name} to {frame.table.name}", cost)
        joined.append(frame)
        _negate(draft, frame, verbs)
    for frame in draft.frames:
        if frame.names or len(frame.tables) > 1:
            settle(frame, frame.table)


def _verbs_between(draft: Draft, first: Frame, second: Frame) -> bool:
    low, high = sorted((first.place, second.place))
    return any(draft.link(i, "verb") is not None for i in range(low + 1, min(high + 2, len(draft.items))))


def _settle_all(frame: Frame, table: TableWords) -> None:
    if frame.names or len(frame.tables) > 1:
        settle(frame, table)


def _negate(draft: Draft, frame: Frame, verbs: tuple[int, ...]) -> None:
    """Say that there must be no such row, where a negation stands before the noun or its verb."""
    for place in (frame.place, *verbs):
        negation = draft.is_negated(place) if place >= 0 else None
        if negation is not None and negation not in draft.used:
            frame.negated = True
            draft.use(negation)
        following = draft.after(place) if place >= 0 else -1
        if draft.is_operator(following, "not") and draft.low(following) in ("nothing", "nobody", "no one", "none"):
            frame.negated = True
            draft.use(following)


_Way = tuple[float, int, Frame, Path, tuple[TableWords, TableWords], tuple[int, ...]]


def _ways(draft: Draft, parent: Frame, frame: Frame) -> Iterator[_Way]:
    """Yield the ways from a frame that is joined to one that is not, each with its cost and the verbs that it uses."""
    between = [
        f
        for f in draft.frames
        if f not in (parent, frame) and min(parent.place, frame.place) < f.place < max(parent.place, frame.place)
    ]
    far = 0.2 * len(between) + (0.1 if parent.place < 0 else 0)
    number = 0
    for source in parent.tables:
        for sink in frame.tables:
            for path in (*_contributions(draft, source, sink), *paths(draft.vocabulary, source.name, sink.name)):
                cost, verbs = _fit(draft, parent, frame, path)
                number += 1
                choice = 0.05 * (parent.tables.index(source) + frame.tables.index(sink))
                yield (cost + far + choice + 0.55 * (len(path) - 1), number, parent, path, (source, sink), verbs)


def _contributions(draft: Draft, source: TableWords, sink: TableWords) -> list[Path]:
    """Return the way from persons to what they worked on: by any edge, or by any two."""
    if not source.is_people or not any(i.meant in WORK for i in draft.items):
        return []
    everything = [r for r in relations_of(draft.vocabulary) if r.kind == "edge"]
    direct = [r for r in everything if r.source == source.name and r.target == sink.name and r.direction == "out"]
    if direct:
        types = tuple(dict.fromkeys(t for r in direct for t in r.edge_types))
        return [(replace(direct[0], edge_types=types, stems=("contribut",)),)]
    outward = [r for r in everything if r.direction == "out"]
    begun, ended = [r for r in outward if r.source == source.name], [r for r in outward if r.target == sink.name]
    pairs = [(a, b) for a in begun for b in ended if b.source == a.target]
    if not pairs:
        return []
    types = tuple(dict.fromkeys(t for pair in pairs for r in pair for t in r.edge_types))
    return [(Relation(source.name, sink.name, "edge", types, "out", stems=("contribut",), depth=2),)]


WORK = frozenset(english.stem(w) for w in ("contributed", "involved"))


def _fit(draft: Draft, parent: Frame, frame: Frame, path: Path) -> tuple[float, tuple[int, ...]]:
    """Return what a way costs by the verbs of the question, and the places of those that name it."""
    low, high = sorted((parent.place, frame.place))
    cost, used = 0.0, []
    if path[0].stems == ("contribut",):
        return 0.05, tuple(i for i, item in enumerate(draft.items) if item.meant in WORK)
    for relation in path:
        best: tuple[float, int] | None = None
        for place, item in enumerate(draft.items):
            link = draft.link(place, "verb") or item.of("verb")
            if (
                link is None
                or draft.choice[place] is None
                or (draft.link(place, "verb") is None and draft.link(place, "column") is None)
            ):
                continue
            if place in draft.used and place not in used:
                continue
            if relation in link.relations or _same_edge(relation, link.relations):
                distance = 0.0 if low < place < high else 0.05 + 0.05 * min(abs(place - low), abs(place - high))
                crossed = [
                    f
                    for f in draft.frames
                    if f not in (parent, frame) and min(place, frame.place) < f.place < max(place, frame.place)
                ]
                wrong = _against_voice(draft, place, relation, parent, frame)
                here = (1 - link.quality) * 0.6 + distance + 0.3 * len(crossed) + (0.8 if wrong else 0)
                if best is None or here < best[0]:
                    best = (here, place)
        if best is not None:
            cost += best[0]
            used.append(best[1])
        else:
            cost += (
                0.3
                + (0.15 if relation.kind == "edge" and relation.source == relation.target else 0)
                + _unnamed(draft, relation, low, high)
            )
    return cost, tuple(used)


def _unnamed(draft: Draft, relation: Relation, low: int, high: int) -> float:
    """Return what it costs that nothing names a relation: more, where several lead to the same table."""
    rivals = [r for r in relations_of(draft.vocabulary) if r.source == relation.source and r.target == relation.target]
    place_words = {"in", "at", "within"} & {draft.low(i) for i in range(low + 1, high)}
    if place_words and {"locat", "in", "at", "part"} & set(relation.stems):
        return -0.2
    if {"by"} & {draft.low(i) for i in range(low + 1, high)} and "by" in relation.stems:
        return -0.1
    for word, ends in _ENDS.items():
        if word in {draft.low(i) for i in range(low + 1, high)} and ends & set(relation.stems):
            return -0.2
    return 0.08 * (len(rivals) - 1) + (0.04 if relation.kind == "edge" else 0)


def _same_edge(relation: Relation, others: tuple[Relation, ...]) -> bool:
    return relation.kind == "edge" and any(
        o.edge_types == relation.edge_types and {o.source, o.target} == {relation.source, relation.target}
        for o in others
    )


def _against_voice(draft: Draft, place: int, relation: Relation, parent: Frame, frame: Frame) -> bool:
    """Return whether a relation within one table runs against its verb: "X cites Y", "Y is cited by X"."""
    if relation.source != relation.target or relation.kind != "edge":
        return False
    following = draft.after(place)
    words = [draft.low(i) for i in range(place + 1, min(following + 1, len(draft.items)))]
    passive = "by" in words or _is_participle(draft, place)
    if "by" in relation.stems:
        # Whoever is trained by another has the edge.
        passive = not passive
    before = [f for f in (parent, frame) if f.place < place]
    subject = max(before, key=lambda f: f.place) if before else parent
    if passive:
        subject = frame if subject is parent else parent
    source_is_parent = relation.direction == "out"
    return (subject is parent) != source_is_parent


def deepen(draft: Draft) -> None:
    """Follow edges over several steps where the question says so: "within two imports of"."""
    for place, item in enumerate(draft.items):
        if item.operator is None or item.operator.kind != "depth" or place in draft.used:
            continue
        frame = next(
            (
                f
                for f in draft.frames
                if f.path and f.path[-1].kind == "edge" and f.path[-1].source == f.path[-1].target
            ),
            None,
        )
        if frame is not None and item.operator.value is not None:
            frame.path = (*frame.path[:-1], replace(frame.path[-1], depth=int(item.operator.value)))
            draft.use(place)


def _is_participle(draft: Draft, place: int) -> bool:
    """Return whether a verb says what is done to its subject: "where is X called"."""
    return draft.low(place).endswith(("ed", "en")) and any(
        draft.low(i) in ("is", "are", "was", "were", "been") for i in range(max(place - 3, 0), place)
    )


# --- verbs without a noun


def reach_by_verbs(draft: Draft) -> None:
    """Make frames for verbs whose other side nothing names: "products that were never reviewed"."""
    for place in list(draft.free("verb")):
        link = draft.link(place, "verb")
        if link is None or place in draft.used:
            continue
        options = [
            (parent, relation)
            for relation in link.relations
            for parent in draft.frames
            if parent.table.name == relation.source and not (parent.is_name and parent is not draft.target)
        ]
        if not options:
            continue
        options.sort(key=lambda o: (o[0] is not draft.target, _passive_cost(draft, place, o[1])))
        parent, relation = options[0]
        frame = Frame(place, [draft.vocabulary.tables[relation.target]], parent=parent, path=(relation,))
        draft.frames.append(frame)
        draft.use(place)
        noun = draft.items[place].of("table")
        is_noun = noun is not None and noun.quality >= 0.9
        draft.cost(draft.items[place].text, (1 - link.quality) * 0.8 + (0.55 if is_noun else 0.15))
        _negate(draft, frame, ())


def _passive_cost(draft: Draft, place: int, relation: Relation) -> float:
    """Return 1 where a relation within one table does not fit a participle: what "is cited" has edges to it."""
    if relation.source != relation.target:
        return 0.0
    passive = any(
        draft.low(i) in ("is", "are", "was", "were", "been", "be") for i in range(max(place - 3, 0), place)
    ) or draft.low(place - 1) in ("most", "often")
    return float((relation.direction == "in") != passive)


def subject_of_verb(draft: Draft) -> Frame | None:
    """Return a frame for "what" where only a verb and a name say what it is: "what depends on X"."""
    names = [f for f in draft.frames if f.is_name]
    for place in draft.free("verb"):
        link = draft.link(place, "verb")
        for relation in link.relations if link is not None else ():
            for name in names:
                if any(t.name == relation.target for t in name.tables):
                    return _subject(draft, place, relation, name)
    return None


_LINKED = frozenset(english.stem(w) for w in ("related", "connected", "linked", "associated"))


def everything_linked(draft: Draft, name: Frame) -> Frame | None:
    """Return a frame for all that edges join to a name: "what is linked to X"."""
    places = [i for i, item in enumerate(draft.items) if any(english.stem(w) in _LINKED for w in item.low.split())]
    if not places or not draft.vocabulary.edges:
        return None
    frame = Frame(-1, [ANYTHING])
    draft.use(*places)
    settle(name, name.table)
    name.parent = frame
    name.path = (Relation(ANYTHING.name, name.table.name, "edge", (), "both"),)
    return frame


def _sources(draft: Draft, relation: Relation, name: Frame) -> list[TableWords]:
    tables = [
        draft.vocabulary.tables[r.source]
        for r in relations_of(draft.vocabulary)
        if r.edge_types == relation.edge_types
        and r.kind == relation.kind
        and r.column == relation.column
        and any(t.name == r.target for t in name.tables)
    ]
    return list({t.name: t for t in tables}.values())


def _subject(draft: Draft, place: int, relation: Relation, name: Frame) -> Frame:
    """Return the frame of what a verb joins to a name: of one table, or of any where several are."""
    tables = _sources(draft, relation, name)
    if len(tables) < 2 or relation.kind != "edge":
        return Frame(-1, tables)
    settle(name, next(t for t in name.tables if t.name == relation.target))
    frame = Frame(-1, [ANYTHING])
    name.parent, name.path = frame, (replace(relation, source=ANYTHING.name),)
    draft.use(place)
    return frame


def is_vague(stem: str) -> bool:
    """Return whether a verb stands for any relation."""
    return stem in _VAGUE or english.stem(stem) in _VAGUE
