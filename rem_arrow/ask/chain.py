"""The edges that a question asks for, as a chain: things, and between each two of them a verb. `pull requests reviewed
by Wei Chen` is two things and one verb."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rem_arrow.ask import conditions, english
from rem_arrow.ask.asked import Asked
from rem_arrow.ask.chain_items import Node, Verb, items_of
from rem_arrow.ask.question import Reading
from rem_arrow.ask.vocabulary import EdgeKind, Vocabulary

_PREPOSITIONS = ("of", "by", "from", "in", "for", "to", "with")
_HOPS = re.compile(
    r"\b(?:within|up to|at most|in) (\w+) (?:hops?|steps?|edges?|degrees?|levels?|(\w+?s?))\b(?= of\b| from\b| away\b)"
)
_INDIRECT = re.compile(
    r"\bdirectly (?:or|and) (?:through|via) (one|two|three|\d+) (?:other )?\w+|\b(?:directly (?:or|and) "
    r")?(indirectly|transitively)"
)
_HOPS_MAX, _INDIRECT_HOPS = 20, 5


@dataclass(frozen=True, slots=True)
class Link:
    """The edges between a node of the chain and the next.

    Attributes:
        types: of the edges; none for edges of every type.
        direction: of the edges, seen from the next node: "in" where they lead from this one to the next, "out" where
            they lead from the next one to this, or "both".
        depth: at most so many edges, one after another.
        kind: that of the verb.
    """

    types: tuple[str, ...]
    direction: str
    depth: int = 1
    kind: str = "type"


@dataclass(frozen=True, slots=True)
class Chain:
    """Nodes from what is asked for to where a walk begins, and a link between each two."""

    nodes: tuple[Node, ...]
    links: tuple[Link, ...]


def chain_of(asked: Asked, reading: Reading) -> Chain | None:
    """Return the chain of a question; None without one, and where the database has no such edges."""
    depth = _depth(reading)
    items = items_of(asked, reading)
    if sum(isinstance(i, Node) for i in items) < 2 or not asked.vocabulary.edges:
        return None
    nodes = _described(reading, items)
    verbs = _verbs(items)
    links: list[Link] = []
    for place in range(len(nodes) - 1):
        link = _link(asked.vocabulary, reading, nodes[place], nodes[place + 1], verbs.get(place))
        if link is None:
            return None
        links.append(link)
    links[-1] = replace(links[-1], depth=depth)
    return Chain(nodes, tuple(links)) if nodes[-1].is_anchor else None


def _depth(reading: Reading) -> int:
    """Read "within two hops of", "directly or through one other module", and account for the words. Returns how many
    edges a walk may follow."""
    text = reading.text.casefold()
    hops = _HOPS.search(text)
    count = None if hops is None else english.number(hops[1])
    if hops is not None and count is not None and count >= 1:
        # The noun in "within two imports of" still says which edges.
        _use_text(reading, hops.span(), but=hops.span(2))
        return min(int(count), _HOPS_MAX)
    indirect = _INDIRECT.search(text)
    if indirect is None:
        return 1
    _use_text(reading, indirect.span())
    return _INDIRECT_HOPS if indirect[2] else 1 + int(english.number(indirect[1]) or 1)


def _use_text(reading: Reading, span: tuple[int, int], *, but: tuple[int, int] = (-1, -1)) -> None:
    """Account for the tokens inside a span of the text, except one that is exactly the other span."""
    for place, token in enumerate(reading.tokens):
        if span[0] <= token.start and token.stop <= span[1] and (token.start, token.stop) != but:
            reading.use(place, place + 1)


# --- what the words around a node say of it


def _described(reading: Reading, items: Sequence[Node | Verb]) -> tuple[Node, ...]:
    """Return the nodes with their conditions, and the last one with its topic, and account for the words."""
    nodes = [_with_own_conditions(reading, items, item) for item in items if isinstance(item, Node)]
    target = next((i for i, node in enumerate(nodes) if node.table is not None), None)
    if target is not None:
        # What stands at the end is said of what is asked for: "modules within two imports of zlib that are larger than
        # 500 lines".
        nodes[target] = _with_conditions(reading, nodes[target])
    nodes[-1] = _with_topic(reading, nodes)
    return tuple(nodes)


def _with_own_conditions(reading: Reading, items: Sequence[Node | Verb], node: Node) -> Node:
    """Return a node with the conditions between the items before and after it."""
    begin = max((i.last for i in items if i.last <= node.first), default=0)
    end = min((i.first for i in items if i.first >= node.last), default=len(reading.tokens))
    return _with_conditions(reading, node, range(begin, end))


def _with_conditions(reading: Reading, node: Node, within: range | None = None) -> Node:
    if node.table is None or node.group is not None:
        return node
    stated = conditions.read(reading, node.table, prefix="t.", within=within)
    return replace(node, conditions=(*node.conditions, *stated))


def _with_topic(reading: Reading, nodes: Sequence[Node]) -> Node:
    """Return the last node; the words after the other nodes that nothing accounts for are its topic."""
    node = nodes[-1]
    if node.table is None:
        return node
    begin = max((n.last for n in nodes[:-1]), default=0)
    places = [i for i in reading.left() if i >= begin and _may_be_topic(reading, i)]
    if places:
        reading.use(places[0], places[-1] + 1)
    return replace(node, topic=reading.topic(places))


def _may_be_topic(reading: Reading, place: int) -> bool:
    word = reading.low(place)
    is_number = reading.number(place) is not None
    return (
        not is_number
        and reading.tokens[place].stem != "relat"
        and word not in english.NEWEST
        and word not in english.SIZES
    )


# --- the edges between two nodes


@dataclass(frozen=True, slots=True)
class _Said:
    """The verb between two nodes, and whether the first of them is its subject."""

    verb: Verb
    subject_is_first: bool


def _verbs(items: Sequence[Node | Verb]) -> dict[int, _Said]:
    """Return the verbs by the number of their link in the chain, the first one of each link."""
    verbs: dict[int, _Said] = {}
    nodes = 0
    for place, item in enumerate(items):
        if isinstance(item, Node):
            nodes += 1
        elif nodes >= 1 and isinstance(next(iter(items[place + 1 :]), None), Node):
            verbs.setdefault(nodes - 1, _Said(item, not item.is_passive))
        elif nodes >= 2:
            # The verb comes last: "which issues does PR-777 fix", "the people who made them".
            verbs.setdefault(nodes - 2, _Said(item, item.is_passive or item.is_undergone))
    return verbs


def _link(vocabulary: Vocabulary, reading: Reading, a: Node, b: Node, said: _Said | None) -> Link | None:
    """Return the edges between two nodes; None if the database has no such edges."""
    if said is None:
        return _link_without_verb(vocabulary, a, b) if _is_preposition_before(reading, b) else None
    if said.verb.kind != "type":
        return Link((), "both" if said.verb.kind == "any" else "in", kind=said.verb.kind)
    kinds = [e for e in vocabulary.edges if e.type in said.verb.types]
    between = _edges_between(kinds, a, b, forward_first=said.subject_is_first)
    return None if between is None else Link(tuple(dict.fromkeys(e.type for e in between[0])), between[1])


def _link_without_verb(vocabulary: Vocabulary, a: Node, b: Node) -> Link | None:
    """Return the edges between two kinds of things without a verb: those of authors, else the most frequent ones."""
    between = _edges_between(vocabulary.edges, a, b, forward_first=True)
    if between is None:
        return None
    authors = vocabulary.edge_types("author")
    return Link((max(between[0], key=lambda e: (e.type in authors, e.count)).type,), between[1])


def _is_preposition_before(reading: Reading, node: Node) -> bool:
    before = reading.low(node.first - 1)
    return before in _PREPOSITIONS or (before == "the" and reading.low(node.first - 2) in _PREPOSITIONS)


def _edges_between(
    kinds: Sequence[EdgeKind], a: Node, b: Node, *, forward_first: bool
) -> tuple[list[EdgeKind], str] | None:
    """Return the edges between the tables of two nodes, and their direction seen from the second; None if there are
    none. Those of the other direction count only where there are none of the first."""
    forward = [e for e in kinds if _may_be(a, e.src_table) and _may_be(b, e.dst_table)]
    backward = [e for e in kinds if _may_be(b, e.src_table) and _may_be(a, e.dst_table)]
    options = ((forward, "in"), (backward, "out"))
    return next((o for o in (options if forward_first else reversed(options)) if o[0]), None)


def _may_be(node: Node, table: str | None) -> bool:
    return node.tables is None or (table is not None and table in node.tables)
