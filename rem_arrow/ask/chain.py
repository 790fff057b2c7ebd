"""What a question says of edges, as a chain: things, and between each two of them a verb. `pull requests reviewed by
Wei Chen` is two things and one verb."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rem_arrow.ask import conditions, english
from rem_arrow.ask.conditions import value_tables
from rem_arrow.ask.question import Entity, Reading
from rem_arrow.ask.vocabulary import Column, EdgeKind, TableWords, Vocabulary, normal, phrases
from rem_arrow.quoting import literal, readable

if TYPE_CHECKING:
    from rem_arrow.ask.rules import Asked

_RELATIVE = ("that", "which", "who", "whom", "whose")
_LINKING = ("of", "by", "from", "in", "for", "to", "with")
_HOPS = re.compile(
    r"\b(?:within|up to|at most|in) (\w+) (?:hops?|steps?|edges?|degrees?|levels?|(\w+?s?))\b(?= of\b| from\b| away\b)"
)
_INDIRECT = re.compile(
    r"\bdirectly (?:or|and) (?:through|via) (one|two|three|\d+) (?:other )?\w+|\b(?:directly (?:or|and) "
    r")?(indirectly|transitively)"
)
INDIRECT_HOPS = 5


@dataclass
class Node:
    """A thing in the chain: entities by name, rows of a table, or anything."""

    first: int
    last: int
    table: TableWords | None = None
    entity: Entity | None = None
    conditions: list[str] = field(default_factory=list)
    topic: str = ""
    group: Column | None = None
    is_person: bool = False

    @property
    def tables(self) -> set[str] | None:
        """The tables that it may be in; None is any."""
        if self.entity is not None:
            return {t for t, _, _ in self.entity.hits}
        return None if self.table is None else {self.table.name}

    @property
    def is_anchor(self) -> bool:
        return self.entity is not None or bool(self.topic) or bool(self.conditions)


@dataclass(frozen=True, slots=True)
class Verb:
    """A word that means edges. `kind` is "any" for relations of every type, "work" for all ways to have had a part in
    something."""

    place: int
    types: tuple[str, ...]
    passive: bool
    kind: str = "type"
    is_undergone: bool = False
    agent: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """The edges between a node of the chain and the next.

    Attributes:
        types: of the edges.
        direction: from the next node to this one: "in" where this one is the source.
    """

    types: tuple[str, ...]
    direction: str
    depth: int = 1
    kind: str = "type"


@dataclass(frozen=True, slots=True)
class Chain:
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]


def chain_of(asked: Asked, reading: Reading) -> Chain | None:
    """Return the chain that a question says; None where it says none that the edges of the database have."""
    depth = _depth(reading)
    items = _items(asked, reading)
    nodes = [i for i in items if isinstance(i, Node)]
    if len(nodes) < 2 or not asked.vocabulary.edges:
        return None
    _describe(reading, items, nodes)
    spoken = _spoken(items)
    links = []
    for place in range(len(nodes) - 1):
        link = _linked(asked.vocabulary, reading, nodes[place], nodes[place + 1], spoken.get(place))
        if link is None:
            return None
        links.append(link)
    if depth > 1:
        links[-1] = Link(links[-1].types, links[-1].direction, depth, links[-1].kind)
    return Chain(tuple(nodes), tuple(links)) if nodes[-1].is_anchor else None


def _depth(reading: Reading) -> int:
    """Read `within two hops of`, `directly or through one other module`; return how many edges."""
    text = reading.text.casefold()
    hit = _HOPS.search(text)
    if hit is not None and (count := english.number(hit[1])) is not None and count >= 1:
        verb = hit.span(2) if hit[2] else (-1, -1)
        for i, token in enumerate(reading.tokens):
            # The verb in "within two imports of" still says which edges.
            if token.start >= hit.start() and token.stop <= hit.end() and (token.start, token.stop) != verb:
                reading.use(i, i + 1)
        return min(int(count), 20)
    hit = _INDIRECT.search(text)
    if hit is None:
        return 1
    for i, token in enumerate(reading.tokens):
        if token.start >= hit.start() and token.stop <= hit.end():
            reading.use(i, i + 1)
    return INDIRECT_HOPS if hit[2] else 1 + int(english.number(hit[1]) or 1)


def _items(asked: Asked, reading: Reading) -> list[Node | Verb]:
    """Return the things and verbs of a question in their order."""
    found: list[Node | Verb] = []
    place = 0
    while place < len(reading.tokens):
        item = None if place in reading.used else _item(asked, reading, place, found)
        if item is None:
            place += 1
            continue
        if isinstance(item, Verb) and item.agent and not any(isinstance(i, Node) for i in found):
            # "the reviewers of": who did it, and what they did.
            found.append(Node(place, place + 1, is_person=True))
        found.append(item)
        last = item.last if isinstance(item, Node) else item.place + 1
        reading.use(item.first if isinstance(item, Node) else item.place, last)
        place = last
    return found


def _item(asked: Asked, reading: Reading, place: int, before: Sequence[Node | Verb]) -> Node | Verb | None:
    vocabulary, token = asked.vocabulary, reading.tokens[place]
    entity = next((e for e in reading.entities if e.first == place), None)
    if entity is not None:
        return Node(place, entity.last, entity=entity)
    if token.low in ("who", "whom", "what", "whose", "where") and not any(isinstance(i, Node) for i in before):
        return Node(place, place + 1, is_person=token.low not in ("what", "where"))
    if token.quoted or not token.is_word:
        return None
    thing = None if _is_column(reading, place, before) else _thing(vocabulary, reading, place)
    if thing is not None:
        # "which modules": the question word was no thing of its own.
        return thing
    grouped = _grouped(vocabulary, reading, place)
    return grouped if grouped is not None else _verb(vocabulary, reading, place)


def _is_column(reading: Reading, place: int, before: Sequence[Node | Verb]) -> bool:
    """Say whether a word is a column of what was named before it, and its value follows: `functions of module
    textwrap`."""
    table = next((i.table for i in reversed(before) if isinstance(i, Node)), None)
    if table is None or english.singular(reading.low(place)) != reading.low(place) or place + 1 >= len(reading.tokens):
        return False
    behind = reading.tokens[place + 1]
    return (
        any(c.stems == (reading.tokens[place].stem,) for c in table.columns)
        and behind.is_word
        and behind.low not in english.STOP
    )


def _thing(vocabulary: Vocabulary, reading: Reading, place: int) -> Node | None:
    """Return the rows that the words at a place name: of a table, or of one kind in it."""
    for first, last in phrases(range(place, min(place + 3, len(reading.tokens))), 3):
        first, last = first + place, last + place
        if (
            first != place
            or any(i in reading.used for i in range(first, last))
            or not all(t.is_word and not t.quoted for t in reading.tokens[first:last])
        ):
            continue
        text = " ".join(t.text for t in reading.tokens[first:last])
        table = vocabulary.table_of(text)
        if (
            table is not None
            and not (last == first + 1 and reading.low(first) in english.STOP)
            and vocabulary.tables[table].rows
        ):
            return Node(first, last, vocabulary.tables[table], is_person=table == vocabulary.person_table())
        kinds = (
            [c for c in value_tables(vocabulary, text) if c.is_kind]
            if english.singular(reading.low(last - 1)) != reading.low(last - 1)
            else []
        )
        if kinds:
            # Meetings, customers: rows of one kind.
            value = literal(kinds[0].values[normal(text)])
            return Node(
                first, last, vocabulary.tables[kinds[0].table], conditions=[f"t.{readable(kinds[0].name)} = {value}"]
            )
    return None


def _grouped(vocabulary: Vocabulary, reading: Reading, place: int) -> Node | None:
    """which teams: people, by team"""
    person = vocabulary.person_table()
    if person is None or reading.low(place - 1) not in ("which", "what"):
        return None
    column = next(
        (c for c in vocabulary.tables[person].columns if c.stems == (reading.tokens[place].stem,) and c.values), None
    )
    return None if column is None else Node(place, place + 1, vocabulary.tables[person], group=column, is_person=True)


def _verb(vocabulary: Vocabulary, reading: Reading, place: int) -> Verb | None:
    token = reading.tokens[place]
    passive = any(reading.low(place + i) == "by" for i in (1, 2))
    if token.low in ("part", "parts") and reading.low(place - 1) in ("took", "take", "taken", "takes"):
        types = vocabulary.edge_types("participat")
        return Verb(place, tuple(types), False) if types else None
    if token.stem in english.WORK_STEMS and not token.low.startswith("worker"):
        return Verb(place, (), False, "work")
    if token.stem in english.ANY_STEMS and reading.low(place + 1) in ("to", "with"):
        return Verb(place, (), False, "any")
    if token.low in english.STOP and token.low not in ("about", "made", "make", "called"):
        return None
    behind = vocabulary.table_of(reading.low(place + 1)) is not None if place + 1 < len(reading.tokens) else False
    if behind and value_tables(vocabulary, token.text):
        # "closed issues": how they stand, not what closed them.
        return None
    types, agent = vocabulary.edge_types(token.stem), False
    singular = english.singular(token.text)
    if not types and singular.endswith(("er", "or")) and reading.low(place + 1) == "of":
        types, agent = (
            vocabulary.edge_types(english.stem(singular[:-2])) or vocabulary.edge_types(english.stem(singular[:-1])),
            True,
        )
    if token.low == "about":
        at = place + 1
        while reading.low(at) in ("the", "a", "an", "our", "all"):
            at += 1
        direct = any(e.first == at for e in reading.entities) or (
            at < len(reading.tokens) and _thing(vocabulary, reading, at) is not None
        )
        return Verb(place, tuple(types), False) if types and direct else None
    # "where is dedent called?": what stands between "is" and the verb undergoes it.
    before = [reading.low(i) for i in range(max(0, place - 6), place)]
    undergone = (
        token.low.endswith(("ed", "en"))
        and any(w in ("is", "are", "was", "were") for w in before)
        and not any(w in ("does", "did", "has", "have") for w in before)
    )
    return Verb(place, tuple(types), passive, is_undergone=undergone, agent=agent) if types else None


def _describe(reading: Reading, items: Sequence[Node | Verb], nodes: Sequence[Node]) -> None:
    """Give each node of a table what the words around it say: conditions first, and what is left is its topic."""
    edges = [(i.first, i.last) if isinstance(i, Node) else (i.place, i.place + 1) for i in items]
    for node in (n for n in nodes if n.table is not None):
        assert node.table is not None, "chosen so"
        begin = max((stop for _, stop in edges if stop <= node.first), default=0)
        end = min((first for first, _ in edges if first >= node.last), default=len(reading.tokens))
        if node.group is None:
            node.conditions += conditions.found(reading, node.table, prefix="t.", within=range(begin, end))
    target = next((n for n in nodes if n.table is not None), None)
    if target is not None and target.table is not None and target.group is None:
        # What stands at the end is said of what is asked for: "modules within two imports of zlib that are larger than
        # 500 lines".
        target.conditions += conditions.found(reading, target.table, prefix="t.")
    last = nodes[-1]
    if last.table is not None:
        places = [i for i in reading.left() if reading.tokens[i].stem not in ("relat",)]
        places = [
            i
            for i in places
            if english.number(reading.tokens[i].text) is None
            and reading.low(i) not in english.NEWEST
            and reading.low(i) not in english.SIZES
        ]
        near = [i for i in places if i >= max((n.last for n in nodes[:-1]), default=0)]
        last.topic = reading.topic(near)
        reading.use(near[0], near[-1] + 1) if near else None


def _spoken(items: Sequence[Node | Verb]) -> dict[int, tuple[Verb, str]]:
    """Return, by the place of a link in the chain, its verb and which side is its subject: "left" or "right"."""
    found: dict[int, tuple[Verb, str]] = {}
    count = 0
    for place, item in enumerate(items):
        if isinstance(item, Node):
            count += 1
            continue
        ahead = next((i for i in items[place + 1 :]), None)
        if isinstance(ahead, Node) and count >= 1:
            found.setdefault(count - 1, (item, "right" if item.passive else "left"))
        elif count >= 2:
            # The verb comes last: "which issues does PR-777 fix", "the people who made them".
            found.setdefault(count - 2, (item, "left" if item.passive or item.is_undergone else "right"))
        elif count == 1 and isinstance(ahead, Verb):
            continue
    return found


def _linked(vocabulary: Vocabulary, reading: Reading, a: Node, b: Node, said: tuple[Verb, str] | None) -> Link | None:
    """Return the edges between two nodes, as far as the database has such."""
    verb, subject = said if said is not None else (None, "left")
    if (
        verb is None
        and reading.low(b.first - 1) not in _LINKING
        and not (reading.low(b.first - 1) == "the" and reading.low(b.first - 2) in _LINKING)
    ):
        return None
    if verb is not None and verb.kind != "type":
        return Link((), "both" if verb.kind == "any" else "in", 1, verb.kind)
    kinds = [e for e in vocabulary.edges if verb is None or e.type in verb.types]
    forward = [e for e in kinds if _fits(e.src_table, a, e) and _fits(e.dst_table, b, e)]
    backward = [e for e in kinds if _fits(e.dst_table, a, e) and _fits(e.src_table, b, e)]
    first, second = (forward, backward) if subject == "left" else (backward, forward)
    chosen, is_forward = (first, subject == "left") if first else (second, subject != "left")
    if not chosen:
        return None
    if verb is None:
        # Between two kinds of things without a verb: who made it, else the edges there are most of.
        chosen = [max(chosen, key=lambda e: (e.type in vocabulary.edge_types("author"), e.count))]
    return Link(tuple(dict.fromkeys(e.type for e in chosen)), "in" if is_forward else "out")


def _fits(table: str | None, node: Node, kind: EdgeKind) -> bool:
    return node.tables is None or (table is not None and table in node.tables)
