"""The stages of a walk along a chain: the rows that it begins at, and one or two stages for each link."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rem_arrow.ask.chain import Chain, Link
from rem_arrow.ask.chain_items import Node
from rem_arrow.ask.staged_plan import Stage
from rem_arrow.ask.vocabulary import TableWords, Vocabulary
from rem_arrow.base.quoting import literal, readable

_SEEDS, _ROWS_MAX = 20, 1_000
# The type and direction of edges.
_Edge = tuple[str, str]


def stages_of(vocabulary: Vocabulary, chain: Chain, ids: Sequence[str], time: str | None) -> list[Stage] | None:
    """Return the stages of a walk from the last node of a chain to the first; None if edges do not lead there.

    Args:
        ids: literals of the entities that it begins at; empty where it begins at rows.
        time: a condition on the entities `e` between people and what they worked on.
    """
    stages: list[Stage] = []
    seeds = ", ".join(ids)
    if not ids:
        stages.append(_seeds(chain.nodes[-1]))
        seeds = _ids_of(stages[-1].name)
    for place in reversed(range(len(chain.links))):
        step = _Step(chain.links[place], chain.nodes[place], chain.nodes[place + 1], seeds, place == 0, tuple(stages))
        reached = _worked(vocabulary, step, time) if step.link.kind == "work" else [_followed(step)]
        if reached is None:
            return None
        stages += reached
        seeds = _ids_of(stages[-1].name)
    return stages


@dataclass(frozen=True, slots=True)
class _Step:
    """One link of a chain.

    Attributes:
        node: where it leads to.
        start: where it begins.
        seeds: the ids there, as arguments of NEIGHBORS.
        is_last: whether its rows are the answer.
        before: the stages of the steps before it.
    """

    link: Link
    node: Node
    start: Node
    seeds: str
    is_last: bool
    before: tuple[Stage, ...]

    def free(self, name: str) -> str:
        """Return a name that no stage before has."""
        taken = {s.name for s in self.before}
        numbered = (f"{name}_{n}" for n in range(2, len(taken) + 3))
        return name if name not in taken else next(n for n in numbered if n not in taken)


# --- where a walk begins


def entity_ids(vocabulary: Vocabulary, anchor: Node, link: Link) -> list[str]:
    """Return the ids of an entity as literals: of those of its name, the ones in tables that such edges lead from or
    to. Empty for rows."""
    if anchor.entity is None:
        return []
    tables = {e.dst_table if link.direction == "in" else e.src_table for e in vocabulary.edges if e.type in link.types}
    hits = [h for h in anchor.entity.hits if h[0] in tables] or list(anchor.entity.hits)
    ids = [i for _, i, _ in hits]
    return [literal(f"{t}:{i}" if ids.count(i) > 1 or ":" in i else i) for t, i, _ in hits]


def _seeds(anchor: Node) -> Stage:
    """Return the stage of the rows that a walk begins at."""
    assert anchor.table is not None, "what is no entity is rows"
    table, where = anchor.table, " AND ".join(anchor.conditions)
    if anchor.topic:
        column = table.embedded[0] if table.embedded else "embedding"
        search = f"t.{column}.cosine({literal(anchor.topic)}, k => {_SEEDS})"
        sql = f'SELECT {literal(table.name)} AS "table", t.id, t._score FROM {readable(table.name)} AS t WHERE {search}'
        sql += f" AND {where}" if where else ""
        purpose = f"{table.name} near in meaning to {anchor.topic!r}"
    else:
        sql = f'SELECT {literal(table.name)} AS "table", t.id FROM {readable(table.name)} AS t'
        sql += f" WHERE {where}" if where else ""
        purpose = f"{table.name} where {where}"
    return Stage(name="seeds", sql=sql, purpose=purpose)


def _ids_of(rows: str) -> str:
    """Return the ids of a stage's rows, or of those of a query in parentheses, as an argument of NEIGHBORS."""
    return f"(SELECT \"table\" || ':' || id FROM {rows})"


# --- one link


def neighbors(seeds: str, types: Iterable[str] = (), *, direction: str, depth: int = 1) -> str:
    """Return the call that follows edges from the seeds; without types, edges of every type."""
    names = [literal(t) for t in dict.fromkeys(types)]
    options = [] if not names else [f"type => {names[0]}" if len(names) == 1 else f"type => [{', '.join(names)}]"]
    options += [f"direction => '{direction}'", *([f"depth => {depth}"] if depth > 1 else [])]
    return f"NEIGHBORS({', '.join([seeds, *options])})"


def _followed(step: _Step) -> Stage:
    """Return the stage of the entities that the edges of a step lead to."""
    link = step.link
    call = neighbors(step.seeds, link.types, direction=link.direction, depth=link.depth)
    if step.node.table is None:
        return Stage(name=step.free("reached"), sql=_reached_sql(call), purpose="what the edges lead to")
    return _rows_reached(step, step.node.table, call, _stage_name(step.node.table))


def _reached_sql(call: str) -> str:
    """Return the query for entities of any table."""
    return (
        f'SELECT n."table", n.id, e.name, n.links FROM (SELECT "table", id, count(*) AS links FROM {call} GROUP BY '
        'ALL) AS n\nLEFT JOIN all_entities AS e ON e."table" = n."table" AND e.id = n.id ORDER BY n.links DESC, n.id '
        f"LIMIT {_ROWS_MAX}"
    )


def _rows_reached(step: _Step, table: TableWords, call: str, name: str) -> Stage:
    """Return the stage of the rows of a table among the neighbors; whole rows where they are the answer."""
    name_literal = literal(table.name)
    columns, order = ("t.*", " ORDER BY n.links DESC, t.id") if step.is_last else ("t.id", "")
    where = f" WHERE {' AND '.join(step.node.conditions)}" if step.node.conditions else ""
    sql = (
        f'SELECT {name_literal} AS "table", {columns}, n.links FROM (SELECT id, count(*) AS links FROM {call} '
        f'WHERE "table" = {name_literal} GROUP BY id) AS n\nJOIN {readable(table.name)} AS t ON t.id = n.id'
        f"{where}{order}"
    )
    return Stage(name=step.free(name), sql=sql, purpose=f"{table.name} that the edges lead to")


def _stage_name(table: TableWords) -> str:
    """Return a name for rows of a table; it differs from the table's, which a stage may not hide."""
    return "found_" + "".join(c if c.isalnum() else "_" for c in table.name.casefold())


# --- work: every way to have had a part in something


def _worked(vocabulary: Vocabulary, step: _Step, time: str | None) -> list[Stage] | None:
    """Return the stages of everyone with a part in something: along every way of at most two edges that leads from its
    tables to people. With a time, along the ways over an entity of that time, if there are such ways."""
    person = step.node.table.name if step.node.table is not None else vocabulary.person_table()
    if person is None or step.start.tables is None:
        return None
    direct, pairs = _ways(vocabulary, step.start.tables, person)
    if not direct and not pairs:
        return None
    stages: list[Stage] = []
    calls: list[str] = []
    if pairs:
        changes = _changes_sql(step.seeds, [first for first, _ in pairs], time)
        if time is not None:
            purpose = "what connects them to people, in that time"
            stages.append(Stage(name=step.free("changes"), sql=changes, purpose=purpose))
        calls += _calls(_ids_of(f"({changes})" if time is None else stages[-1].name), [last for _, last in pairs])
    if time is None or not pairs:
        calls += _calls(step.seeds, direct)
    call = calls[0] if len(calls) == 1 else "(" + " UNION ALL ".join(f"SELECT * FROM {c}" for c in calls) + ")"
    return [*stages, _rows_reached(step, vocabulary.tables[person], call, "people")]


def _changes_sql(seeds: str, edges: Sequence[_Edge], time: str | None) -> str:
    """Return the query for the entities between people and what they worked on."""
    join = f'\nJOIN all_entities AS e ON e."table" = n."table" AND e.id = n.id WHERE {time}' if time is not None else ""
    return "\nUNION\n".join(f'SELECT n."table", n.id FROM {call} AS n{join}' for call in _calls(seeds, edges))


def _calls(seeds: str, edges: Sequence[_Edge]) -> list[str]:
    """Return the calls that follow edges, one for each direction."""
    directions = dict.fromkeys(direction for _, direction in edges)
    return [neighbors(seeds, [t for t, d in edges if d == direction], direction=direction) for direction in directions]


def _ways(vocabulary: Vocabulary, tables: set[str], person: str) -> tuple[list[_Edge], list[tuple[_Edge, _Edge]]]:
    """Return the edges from tables to people, and the pairs of edges of one direction with a table between."""
    steps: dict[str, list[tuple[_Edge, str]]] = {}
    for e in vocabulary.edges:
        if e.src_table is not None and e.dst_table is not None:
            steps.setdefault(e.dst_table, []).append(((e.type, "in"), e.src_table))
            steps.setdefault(e.src_table, []).append(((e.type, "out"), e.dst_table))
    direct = [edge for start in sorted(tables) for edge, end in steps.get(start, ()) if end == person]
    pairs = [
        (first, last)
        for start in sorted(tables)
        for first, middle in steps.get(start, ())
        if middle not in (person, start)
        for last, end in steps.get(middle, ())
        if end == person and first[1] == last[1]
    ]
    return list(dict.fromkeys(direct)), list(dict.fromkeys(pairs))
