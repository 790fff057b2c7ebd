"""A database beside the state that it must be in: rows, reads by id and by index, names, searches, walks, and SQL.

Each check gives what is wrong in words, or "". `rows` holds every row against the dicts; `reads` samples the rest.
"""

from __future__ import annotations

import math
import random
from collections import deque

import duckdb

import rem_arrow as rem
from tests.fuzz.oracle import Pair
from tests.fuzz.queries import Queries
from tests.fuzz.tables import Table
from tests.soak.contents import Literals, differing, expected, stored
from tests.soak.state import State
from tests.soak.steps import NAMES, letters
from tests.soak.tally import Tally

_NEAR = 1e-4


def check_rows(db: rem.Database, state: State, literals: Literals) -> str:
    return differing(stored(db), expected(state, literals))


def reads(db: rem.Database, state: State, rng: random.Random, tally: Tally, *, embedded: bool) -> str:
    """Return what is wrong with one read of each kind; `embedded` says that the vectors are there."""
    found = [_by_id(db, state, rng), _by_value(db, state, rng), _by_name(db, state, rng), _walk(db, state, rng, tally)]
    if embedded:
        found.append(_by_vector(db, state, rng, tally))
    found.append(_by_words(db, state, rng, tally))
    found.append(_figures(db, state))
    return "; ".join(f for f in found if f)


def _by_id(db: rem.Database, state: State, rng: random.Random) -> str:
    table = rng.choice(sorted(state.entities))
    here = state.entities[table]
    id_ = rng.choice(sorted(here.rows) or ["missing"])
    row, wanted = db.get(table, id_), here.live().get(id_)
    values = None if row is None else {name: row[name] for name in here.fields}
    return "" if values == wanted else f"get({table!r}, {id_!r}) gives {values}, not {wanted}"


def _by_value(db: rem.Database, state: State, rng: random.Random) -> str:
    table = rng.choice(sorted(state.entities))
    rows = state.entities[table].live()
    value = rng.choice([r["n"] for r in rows.values()] or [0])
    found = sorted(db.sql(f"SELECT id FROM {table} WHERE n = $v", {"v": value})["id"])
    wanted = sorted(i for i, r in rows.items() if r["n"] == value)
    return "" if found == wanted else f"{table} WHERE n = {value} gives {found}, not {wanted}"


def _by_name(db: rem.Database, state: State, rng: random.Random) -> str:
    name = rng.choice(NAMES)
    hits = db.lookup_entity(name)
    found = sorted(zip(hits["table"], hits["id"], strict=True))
    wanted = sorted((t, i) for t, e in state.entities.items() for i, r in e.live().items() if r["name"] == name)
    if found != wanted:
        return f"lookup of {name!r} gives {found}, not {wanted}"
    near = set(db.fuzzy(name, k=1000)["id"])
    missed = {i for _, i in wanted} - near
    dead = near - {i for e in state.entities.values() for i in e.live()}
    return f"fuzzy {name!r} misses {sorted(missed)}, and gives {sorted(dead)}, which are gone" if missed or dead else ""


def _walk(db: rem.Database, state: State, rng: random.Random, tally: Tally) -> str:
    hidden = state.hidden()
    starts = sorted({s for s, _, _ in state.edges} - hidden)
    if not starts:
        return ""
    start, depth = rng.choice(starts), rng.randint(1, 4)
    tally.add("walks")
    found = dict(db.neighbors(start, depth=depth).select("id", "depth").iter_rows())
    wanted = distances(state, start, hidden)
    near = {i: d for i, d in wanted.items() if 0 < d <= depth}
    if found != near:
        return f"neighbors({start!r}, depth={depth}) gives {found}, not {near}"
    end = rng.choice(sorted({d for _, d, _ in state.edges} - hidden) or [start])
    if end == start:
        return ""
    lengths = db.shortest_path(start, end)["length"].to_list()
    return "" if lengths == ([wanted[end]] if end in wanted else []) else (
        f"shortest_path({start!r}, {end!r}) has lengths {lengths}, not {wanted.get(end)}"
    )  # fmt: skip


def distances(state: State, start: str, hidden: set[str]) -> dict[str, int]:
    """Return the steps to each entity that is reached: a breadth-first search."""
    following: dict[str, set[str]] = {}
    for source, target, _ in state.edges:
        following.setdefault(source, set()).add(target)
    found, queue = {start: 0}, deque([start])
    while queue:
        here = queue.popleft()
        for target in following.get(here, ()):
            if target not in found and target not in hidden:
                found[target] = found[here] + 1
                queue.append(target)
    return found


def _by_vector(db: rem.Database, state: State, rng: random.Random, tally: Tally) -> str:
    """The nearest by cosine, against all of them."""
    tables = [name for name, table in sorted(state.entities.items()) if table.options.get("embedded")]
    if not tables:
        return ""
    table, query, k = rng.choice(tables), rng.choice(NAMES), rng.randint(1, 6)
    rows = state.entities[table].live()
    where = rng.choice((None, "n % 2 = 0"))
    kept = {i: r for i, r in rows.items() if where is None or r["n"] % 2 == 0}
    scores = {i: _cosine(query, r["name"]) for i, r in kept.items()}
    tally.add("searches")
    found = dict(db.search(table, query, k=k, where=where, mode="vector").select("id", "_score").iter_rows())
    wanted = sorted(scores.values(), reverse=True)[:k]
    wrong = {i: s for i, s in found.items() if i not in scores or abs(scores[i] - s) > _NEAR}
    if wrong or len(found) != len(wanted):
        return f"search {query!r} in {table} where {where}: {found}, the true scores are {scores}"
    far = [1 for a, b in zip(sorted(found.values(), reverse=True), wanted, strict=True) if abs(a - b) > _NEAR]
    return f"search {query!r} in {table} where {where}: {found} are not the nearest of {scores}" if far else ""


def _by_words(db: rem.Database, state: State, rng: random.Random, tally: Tally) -> str:
    """Every row that has one of the words, and no other."""
    table, query = rng.choice(sorted(state.entities)), rng.choice(NAMES)
    rows = state.entities[table].live()
    tally.add("searches")
    found = sorted(db.search(table, query, mode="text", column="name", k=1000)["id"])
    wanted = sorted(i for i, row in rows.items() if set(query.split()) & set(row["name"].split()))
    return "" if found == wanted else f"words {query!r} in {table} are in {found}, not {wanted}"


def _cosine(one: str, other: str) -> float:
    a, b = letters([one])[0], letters([other])[0]
    return sum(x * y for x, y in zip(a, b, strict=True)) / math.hypot(*a) / math.hypot(*b)


def _figures(db: rem.Database, state: State) -> str:
    stats = db.stats()
    if stats["background_failure"] is not None or stats["embedding_failure"] is not None:
        return f"background work failed: {stats['background_failure']} {stats['embedding_failure']}"
    counted = {name: db.sql(f"SELECT count(*) FROM {name}").item() for name in state.plain}
    wanted = {name: len(table.rows) for name, table in state.plain.items()}
    return "" if counted == wanted else f"count(*) gives {counted}, not {wanted}"


def queries(db: rem.Database, state: State, rng: random.Random, tally: Tally, count: int) -> str:
    """Return what is wrong with random queries over the plain tables, beside DuckDB."""
    tables = [Table(name, t.columns, tuple(row for row in t.rows.values())) for name, t in sorted(state.plain.items())]
    if not tables:
        return ""
    with duckdb.connect() as oracle:
        pair = Pair(db, oracle)
        oracle.execute("SET timezone = 'UTC'")
        for text in (s for t in tables for s in t.statements()):
            oracle.execute(text)
        written = Queries(rng, tables)
        for _ in range(count):
            query = written.query(rng.randint(1, 2))
            tally.add("queries beside DuckDB")
            found = pair.compare(query.text, ordered=query.ordered)
            if found is not None:
                return f"{found.kind}: {found.text}\n{found.detail}"
    return ""
