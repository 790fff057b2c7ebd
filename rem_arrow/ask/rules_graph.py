"""Questions that follow edges: from an entity that is named, or from what a search or a condition finds, along a chain
of verbs to what is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rem_arrow.ask import conditions, rules_aggregate
from rem_arrow.ask.chain import Chain, Link, Node, chain_of
from rem_arrow.ask.question import Reading
from rem_arrow.ask.staged_plan import Fallback, Plan, Stage
from rem_arrow.ask.vocabulary import TableWords, Vocabulary
from rem_arrow.quoting import literal, readable

if TYPE_CHECKING:
    from rem_arrow.ask.rules import Asked

SEEDS = 20
_ROWS_MAX = 1_000


def plan(asked: Asked, reading: Reading) -> Plan | None:
    """Return a plan that walks; None where the question says no chain."""
    counts = next((i for i, t in enumerate(reading.tokens) if t.low == "how" and reading.low(i + 1) == "many"), None)
    if counts is not None:
        reading.use(counts, counts + 2)
    function = (
        next((rules_aggregate.OF_NUMBERS[t.low] for t in reading.tokens if t.low in rules_aggregate.OF_NUMBERS), None)
        if counts is None
        else None
    )
    ranks = any(t.low in ("most", "mostly", "often") for t in reading.tokens) and counts is None
    chain = chain_of(asked, reading)
    if chain is None:
        return None
    nodes, anchor = chain.nodes, chain.nodes[-1]
    timed = _timed(asked, reading, chain)
    stages, seeds = _anchored(anchor, reading, timed is anchor, _ends(anchor, chain.links[-1], asked.vocabulary))
    for place in range(len(nodes) - 2, -1, -1):
        link, node = chain.links[place], nodes[place]
        time = (
            conditions.time_condition(reading, node.table, prefix="t.")[0]  # type: ignore[index]
            if timed is node and node.table is not None
            else None
        )
        last = place == 0
        walked = _walked(
            asked.vocabulary,
            reading,
            node,
            nodes[place + 1],
            link,
            seeds,
            last=last,
            time=time,
            between=timed is None and reading.time is not None,
        )
        if walked is None:
            return None
        stages += [renamed(s, stages + walked[:i]) for i, s in enumerate(walked)]
        seeds = f"(SELECT \"table\" || ':' || id FROM {stages[-1].name})"
    if ranks and nodes[0].group is None:
        stages.append(
            Stage(
                name="ranking",
                sql=f"SELECT * FROM {stages[-1].name} ORDER BY links DESC LIMIT 10",
                purpose="those with the most links first",
            )
        )
    if counts is not None:
        stages.append(
            Stage(
                name="answer",
                sql=f"SELECT count(DISTINCT id) AS count FROM {stages[-1].name}",
                purpose="how many they are",
            )
        )
    measured = (
        rules_aggregate.measured(reading, nodes[0].table)
        if function is not None and nodes[0].table is not None
        else None
    )
    if function is not None and measured is not None:
        reading.used.update(i for i, t in enumerate(reading.tokens) if t.low in rules_aggregate.OF_NUMBERS)
        sql = (
            f"SELECT {function}({readable(measured.name)}) AS {function.lower()}_{measured.name} FROM {stages[-1].name}"
        )
        stages.append(Stage(name="answer", sql=sql, purpose=f"their {function.lower()} of {measured.name}"))
    if nodes[0].group is not None and nodes[0].table is not None:
        column = readable(nodes[0].group.name)
        sql = (
            f"SELECT t.{column}, count(*) AS people, sum(n.links) AS links FROM {stages[-1].name} AS n JOIN "
            f"{readable(nodes[0].table.name)} AS t ON t.id = n.id GROUP BY t.{column} ORDER BY links DESC"
        )
        stages.append(Stage(name="groups", sql=sql, purpose=f"the same by {nodes[0].group.name}"))
    doubt = [reading.tokens[i].text for i in reading.left() if reading.low(i) not in ("most", "often")]
    if len(doubt) > 3:
        return None
    sure = 0.9 if anchor.entity is not None else 0.75
    return Plan(
        query_type="staged" if len(stages) >= 3 or measured is not None else "graph",
        confidence=max(0.4, sure - 0.1 * len(doubt) - 0.02 * (len(stages) - 1)),
        explanation=_explained(chain) + (f" Not understood: {', '.join(doubt)}." if doubt else ""),
        stages=stages,
        fallbacks=_broader(anchor, _ends(anchor, chain.links[-1], asked.vocabulary)),
    )


def renamed(stage: Stage, before: list[Stage]) -> Stage:
    """Return a stage under a name that none before it has."""
    taken = {s.name for s in before}
    name, n = stage.name, 2
    while name in taken:
        name, n = f"{stage.name}_{n}", n + 1
    return stage.model_copy(update={"name": name})


def _timed(asked: Asked, reading: Reading, chain: Chain) -> Node | None:
    """Return the node whose rows the question's time is about: the last of a table that is not people, and is no code
    that outlives its changes."""
    if reading.time is None:
        return None
    options = [n for n in chain.nodes if n.table is not None and not n.is_person]
    if not options or any(link.kind == "work" for link in chain.links):
        return None
    return options[-1]


def _anchored(anchor: Node, reading: Reading, timed: bool, ends: list[str]) -> tuple[list[Stage], str]:
    """Return the stages that find where the walk begins, and its ids as an argument."""
    if anchor.entity is not None:
        return [], ", ".join(ends)
    assert anchor.table is not None, "what is no entity is rows"
    time = conditions.time_condition(reading, anchor.table, prefix="t.") if timed else None
    where = " AND ".join([*anchor.conditions, *([time[0]] if time else [])])
    table = readable(anchor.table.name)
    filtered = f" WHERE {where}" if where else ""
    if anchor.topic:
        sql = (
            f'SELECT {literal(anchor.table.name)} AS "table", t.id, t._score FROM {table} AS t WHERE '
            f"t.{anchor.table.embedded[0] if anchor.table.embedded else 'embedding'}.cosine({literal(anchor.topic)}, k "
            f"=> {SEEDS})"
        )
        sql += f" AND {where}" if where else ""
        purpose = f"{anchor.table.name} near in meaning to {anchor.topic!r}"
    else:
        sql = f'SELECT {literal(anchor.table.name)} AS "table", t.id FROM {table} AS t{filtered}'
        purpose = f"{anchor.table.name} where {where}"
    return [Stage(name="seeds", sql=sql, purpose=purpose)], "(SELECT \"table\" || ':' || id FROM seeds)"


def _ends(anchor: Node, link: Link, vocabulary: Vocabulary) -> list[str]:
    """Return the ids of an entity: of those of its name, the ones in tables that such edges lead from or to."""
    if anchor.entity is None:
        return []
    tables = {e.dst_table if link.direction == "in" else e.src_table for e in vocabulary.edges if e.type in link.types}
    hits = [h for h in anchor.entity.hits if h[0] in tables] or list(anchor.entity.hits)
    ids = [i for _, i, _ in hits]
    return [literal(f"{t}:{i}" if ids.count(i) > 1 or ":" in i else i) for t, i, _ in hits]


def _walked(
    vocabulary: Vocabulary,
    reading: Reading,
    node: Node,
    start: Node,
    link: Link,
    seeds: str,
    *,
    last: bool,
    time: str | None,
    between: bool,
) -> list[Stage] | None:
    """Return the stages of one step along the chain."""
    if link.kind == "work":
        return _worked(vocabulary, reading, node, start, seeds, last=last, timed=between)
    options = [
        *([_types(link.types)] if link.types else []),
        f"direction => '{link.direction}'",
        *([f"depth => {link.depth}"] if link.depth > 1 else []),
    ]
    call = f"NEIGHBORS({seeds}, {', '.join(options)})"
    return [_reached(node.table, [*node.conditions, *([time] if time else [])], call, last=last)]


def _reached(table: TableWords | None, where: list[str], call: str, *, last: bool) -> Stage:
    if table is None:
        sql = (
            f'SELECT n."table", n.id, e.name, n.links FROM (SELECT "table", id, count(*) AS links FROM {call} GROUP '
            "BY ALL) AS n\n"
            'LEFT JOIN all_entities AS e ON e."table" = n."table" AND e.id = n.id ORDER BY n.links DESC, n.id LIMIT '
            f"{_ROWS_MAX}"
        )
        return Stage(name="reached", sql=sql, purpose="what the edges lead to")
    name = literal(table.name)
    inner = (
        f'(SELECT id, count(*) AS links FROM {call} WHERE "table" = {name} GROUP BY id) AS n\nJOIN '
        f"{readable(table.name)} AS t ON t.id = n.id"
    )
    shown = (
        f'SELECT {name} AS "table", t.*, n.links FROM {inner}'
        if last
        else f'SELECT {name} AS "table", t.id, n.links FROM {inner}'
    )
    text = shown + (f" WHERE {' AND '.join(where)}" if where else "") + (" ORDER BY n.links DESC, t.id" if last else "")
    return Stage(name=stage_name(table.name), sql=text, purpose=f"{table.name} that the edges lead to")


def stage_name(name: str) -> str:
    """Return the name of a stage for rows of a table; a stage may not hide the table."""
    plain = "".join(c if c.isalnum() else "_" for c in name.casefold())
    return f"found_{plain}"


def _worked(
    vocabulary: Vocabulary, reading: Reading, node: Node, start: Node, seeds: str, *, last: bool, timed: bool
) -> list[Stage] | None:
    """Everyone with a part in something: along every way of at most two edges that leads from its tables to people."""
    person = node.table.name if node.table is not None else vocabulary.person_table()
    if person is None or start.tables is None:
        return None
    first, second = ways(vocabulary, start.tables, person)
    if not first and not second:
        return None
    stages: list[Stage] = []
    calls = []
    if second:
        towards = dict.fromkeys((t, d) for (t, d), _ in second)
        filtered = ""
        if timed and reading.time is not None:
            condition = reading.time.condition("e.created_at", lambda at: f"TIMESTAMPTZ '{at:%Y-%m-%d %H:%M:%S}+00'")
            filtered = f'\nJOIN all_entities AS e ON e."table" = n."table" AND e.id = n.id WHERE {condition}'
        parts = [
            f'SELECT n."table", n.id FROM NEIGHBORS({seeds}, {_types([t for t, x in towards if x == d])}, direction '
            f"=> '{d}') AS n{filtered}"
            for d in dict.fromkeys(d for _, d in towards)
        ]
        stages.append(
            Stage(
                name="changes",
                sql="\nUNION\n".join(parts),
                purpose="what connects them to people" + (", in that time" if filtered else ""),
            )
        )
        calls += [
            "NEIGHBORS((SELECT \"table\" || ':' || id FROM changes), "
            f"{_types([t for _, (t, x) in second if x == d])}, direction => '{d}')"
            for d in dict.fromkeys(d for _, (_, d) in second)
        ]
    if first and not timed:
        calls += [
            f"NEIGHBORS({seeds}, {_types([t for t, x in first if x == d])}, direction => '{d}')"
            for d in dict.fromkeys(d for _, d in first)
        ]
    call = calls[0] if len(calls) == 1 else "(" + " UNION ALL ".join(f"SELECT * FROM {c}" for c in calls) + ")"
    found = _reached(vocabulary.tables[person], list(node.conditions), call, last=last)
    if not timed and len(stages) == 1:
        # Without a time between, the way in one: the walk through what connects them.
        found = found.model_copy(update={"sql": found.sql.replace("changes)", f"({stages[0].sql}))")})
        stages = []
    return [*stages, found.model_copy(update={"name": "people"})]


def ways(
    vocabulary: Vocabulary, tables: set[str], person: str
) -> tuple[list[tuple[str, str]], list[tuple[tuple[str, str], tuple[str, str]]]]:
    """Return the edges (type, direction) from tables to people, and the pairs of edges with a table between."""
    steps: dict[str, list[tuple[str, str, str]]] = {}
    for e in vocabulary.edges:
        if e.src_table is not None and e.dst_table is not None:
            steps.setdefault(e.dst_table, []).append((e.type, "in", e.src_table))
            steps.setdefault(e.src_table, []).append((e.type, "out", e.dst_table))
    first = [(t, d) for start in sorted(tables) for t, d, end in steps.get(start, ()) if end == person]
    second = [
        ((t, d), (u, x))
        for start in sorted(tables)
        for t, d, middle in steps.get(start, ())
        if middle not in (person, start)
        for u, x, end in steps.get(middle, ())
        if end == person and x == d
    ]
    return list(dict.fromkeys(first)), list(dict.fromkeys(second))


def _types(types: object) -> str:
    names = list(dict.fromkeys(types))  # type: ignore[call-overload]
    return f"type => {literal(names[0])}" if len(names) == 1 else f"type => [{', '.join(map(literal, names))}]"


def _explained(chain: Chain) -> str:
    parts = []
    for node, link in zip(chain.nodes, chain.links, strict=False):
        what = node.table.name if node.table is not None else "what"
        parts.append(
            f"{what} {'<-' if link.direction == 'out' else '->' if link.direction == 'in' else '-'} "
            f"[{', '.join(link.types) or ('any work' if link.kind == 'work' else 'any edge')}]"
        )
    anchor = chain.nodes[-1]
    named_ = (
        anchor.entity.text
        if anchor.entity is not None
        else f"{anchor.table.name if anchor.table else ''} "
        f"{('about ' + repr(anchor.topic)) if anchor.topic else 'that meet the conditions'}"
    )
    return f"A walk along edges: {' '.join(parts)} {named_}."


def _broader(anchor: Node, ends: list[str]) -> list[Fallback]:
    if anchor.entity is None:
        return []
    sql = (
        f"SELECT n.\"table\", n.id, e.name, n.depth FROM NEIGHBORS({', '.join(ends)}, direction => 'both') AS n "
        'JOIN all_entities AS e ON e."table" = n."table" AND e.id = n.id'
    )
    return [Fallback(sql=sql, purpose=f"whatever is linked to {anchor.entity.text}")]
