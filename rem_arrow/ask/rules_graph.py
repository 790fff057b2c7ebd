"""Questions that follow edges: from an entity that is named, or from the rows that a search or a condition gives, along
a chain of verbs to what is asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rem_arrow.ask import conditions
from rem_arrow.ask.asked import Asked
from rem_arrow.ask.chain import Chain, Link, chain_of
from rem_arrow.ask.chain_items import Node
from rem_arrow.ask.question import Reading
from rem_arrow.ask.rules_aggregate import FUNCTIONS, measured
from rem_arrow.ask.staged_plan import Fallback, Plan, Stage
from rem_arrow.ask.vocabulary import Column
from rem_arrow.ask.walk_stages import entity_ids, neighbors, stages_of
from rem_arrow.base.quoting import readable

_RANKED = 10
# A question with more words that are not understood is not read as a chain.
_DOUBT_MAX = 3


@dataclass(frozen=True, slots=True)
class _Walk:
    """A chain, and what is asked of the rows at its end.

    Attributes:
        time: the question's time as a condition on the entities between, where no node of the chain has it.
        counts: whether their number is asked for.
        ranks: whether those with the most links are asked for.
        measure: an aggregate of SQL, and the column that it is computed over.
        doubt: words that are not understood.
    """

    chain: Chain
    time: str | None
    counts: bool
    ranks: bool
    measure: tuple[str, Column] | None
    doubt: tuple[str, ...]


def plan(asked: Asked, reading: Reading) -> Plan | None:
    """Return a plan that walks; None where the question says no chain."""
    walk = _read(asked, reading)
    if walk is None:
        return None
    anchor = walk.chain.nodes[-1]
    ids = entity_ids(asked.vocabulary, anchor, walk.chain.links[-1])
    stages = stages_of(asked.vocabulary, walk.chain, ids, walk.time)
    if stages is None:
        return None
    for closing in (_ranking, _count, _measurement, _groups):
        stage = closing(walk, stages[-1].name)
        stages += [] if stage is None else [stage]
    sure = 0.9 if anchor.entity is not None else 0.75
    return Plan(
        query_type="staged" if len(stages) >= 3 or walk.measure is not None else "graph",
        confidence=max(0.4, sure - 0.1 * len(walk.doubt) - 0.02 * (len(stages) - 1)),
        explanation=_explained(walk),
        stages=stages,
        fallbacks=_broader(anchor, ids),
    )


# --- what the words say


def _read(asked: Asked, reading: Reading) -> _Walk | None:
    """Return the walk that a question asks for, and account for its words."""
    counts = _counts(reading)
    ranks = not counts and any(t.low in ("most", "mostly", "often") for t in reading.tokens)
    chain = chain_of(asked, reading)
    if chain is None:
        return None
    timed = _timed(reading, chain)
    time = None
    if timed is None and reading.time is not None:
        time = conditions.instant_condition(reading.time, "e.created_at")
    measure = None if counts else _measure(reading, chain.nodes[0])
    doubt = tuple(reading.tokens[i].text for i in reading.left() if reading.low(i) not in ("most", "often"))
    return None if len(doubt) > _DOUBT_MAX else _Walk(timed or chain, time, counts, ranks, measure, doubt)


def _counts(reading: Reading) -> bool:
    """Return whether a question asks "how many", and account for the words."""
    place = next((i for i, t in enumerate(reading.tokens) if t.low == "how" and reading.low(i + 1) == "many"), None)
    if place is not None:
        reading.use(place, place + 2)
    return place is not None


def _timed(reading: Reading, chain: Chain) -> Chain | None:
    """Return the chain with the question's time as a condition on one of its nodes: the last one that is a table, but
    not of people. None without such a node, and where the walk is over what people worked on: then the time is that of
    the work."""
    places = [i for i, node in enumerate(chain.nodes) if node.table is not None and not node.is_person]
    if reading.time is None or not places or any(link.kind == "work" for link in chain.links):
        return None
    node = chain.nodes[places[-1]]
    assert node.table is not None, "chosen so"
    time = conditions.time_condition(reading, node.table, prefix="t.")
    if time is None:
        return chain
    nodes = list(chain.nodes)
    nodes[places[-1]] = replace(node, conditions=(*node.conditions, time[0]))
    return replace(chain, nodes=tuple(nodes))


def _measure(reading: Reading, target: Node) -> tuple[str, Column] | None:
    """Read "average size", said of the rows that are asked for."""
    function = next((FUNCTIONS[t.low] for t in reading.tokens if t.low in FUNCTIONS), None)
    column = None if function is None or target.table is None else measured(reading, target.table)
    if function is None or column is None:
        return None
    reading.used.update(i for i, t in enumerate(reading.tokens) if t.low in FUNCTIONS)
    return function, column


# --- the stages after a walk: each reads the rows of the stage before


def _ranking(walk: _Walk, rows: str) -> Stage | None:
    if not walk.ranks or walk.chain.nodes[0].group is not None:
        return None
    sql = f"SELECT * FROM {rows} ORDER BY links DESC LIMIT {_RANKED}"
    return Stage(name="ranking", sql=sql, purpose="those with the most links first")


def _count(walk: _Walk, rows: str) -> Stage | None:
    if not walk.counts:
        return None
    return Stage(name="answer", sql=f"SELECT count(DISTINCT id) AS count FROM {rows}", purpose="how many they are")


def _measurement(walk: _Walk, rows: str) -> Stage | None:
    if walk.measure is None:
        return None
    function, column = walk.measure
    sql = f"SELECT {function}({readable(column.name)}) AS {function.lower()}_{column.name} FROM {rows}"
    return Stage(name="answer", sql=sql, purpose=f"their {function.lower()} of {column.name}")


def _groups(walk: _Walk, rows: str) -> Stage | None:
    target = walk.chain.nodes[0]
    if target.group is None or target.table is None:
        return None
    column = readable(target.group.name)
    sql = (
        f"SELECT t.{column}, count(*) AS people, sum(n.links) AS links FROM {rows} AS n JOIN "
        f"{readable(target.table.name)} AS t ON t.id = n.id GROUP BY t.{column} ORDER BY links DESC"
    )
    return Stage(name="groups", sql=sql, purpose=f"the same by {target.group.name}")


def _broader(anchor: Node, ids: list[str]) -> list[Fallback]:
    if anchor.entity is None:
        return []
    sql = (
        f'SELECT n."table", n.id, e.name, n.depth FROM {neighbors(", ".join(ids), direction="both")} AS n '
        'JOIN all_entities AS e ON e."table" = n."table" AND e.id = n.id'
    )
    return [Fallback(sql=sql, purpose=f"whatever is linked to {anchor.entity.text}")]


# --- the explanation


def _explained(walk: _Walk) -> str:
    chain = walk.chain
    steps = [f"{_label(node)} {_arrow(link)}" for node, link in zip(chain.nodes, chain.links, strict=False)]
    said = f"A walk along edges: {' '.join(steps)} {_anchor_label(chain.nodes[-1])}."
    return said + (f" Not understood: {', '.join(walk.doubt)}." if walk.doubt else "")


def _label(node: Node) -> str:
    return "what" if node.table is None else node.table.name


def _arrow(link: Link) -> str:
    arrow = {"out": "<-", "in": "->", "both": "-"}[link.direction]
    return f"{arrow} [{', '.join(link.types) or ('any work' if link.kind == 'work' else 'any edge')}]"


def _anchor_label(anchor: Node) -> str:
    if anchor.entity is not None:
        return anchor.entity.text
    said = f"about {anchor.topic!r}" if anchor.topic else "that meet the conditions"
    return f"{'' if anchor.table is None else anchor.table.name} {said}"
