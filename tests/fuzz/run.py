"""The loop: databases of random tables, and on each a number of queries that grow deeper, until the time is over."""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from unittest.mock import patch

import duckdb

import rem_arrow as rem
from rem_arrow.engine import prepared
from tests.fuzz.changes import update, updated
from tests.fuzz.oracle import Finding, Pair
from tests.fuzz.queries import Queries
from tests.fuzz.relations import RELATIONS, Parts, check, draw
from tests.fuzz.shrink import shrink
from tests.fuzz.tables import Table, tables

_QUERIES = 60
# What keeps an operand from being computed.
_GUARDED = re.compile(r"CASE|coalesce|if\(|NULL| AND | OR |FILTER|list_|\(SELECT")


@dataclass
class Totals:
    """What a run did: statements by what they were held against, and the allowed differences by name."""

    done: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Case:
    """A finding with its seed, and the tables that it needs."""

    seed: int
    finding: Finding
    tables: list[Table]


def database(
    seed: int, deadline: float, totals: Totals, *, about: Callable[[str], None] = lambda text: None, small: bool = True
) -> Iterator[Case]:
    """Yield the findings over the tables of one seed; with odd seeds, run as if the tables were large."""
    rng = random.Random(seed)
    made = tables(rng)
    few_rows = 0 if seed % 2 else prepared.FEW_ROWS
    with rem.connect(background=False) as db, duckdb.connect() as oracle, patch.object(prepared, "FEW_ROWS", few_rows):
        pair = Pair(db, oracle)
        pair.create(made, sealed=rng.random() < 0.5)
        queries = Queries(rng, made)
        for i in range(_QUERIES):
            if time.monotonic() > deadline:
                break
            found = _one(pair, queries, made, 1 + i * 3 // _QUERIES, totals, about)
            if found is not None:
                if small:
                    found = shrink(found, lambda text, kind=found.kind: again(pair, made, text, kind))
                yield Case(seed, found, [t for t in made if t.name in found.text])
        totals.skipped.update(pair.skipped)


def _one(
    pair: Pair, queries: Queries, made: list[Table], depth: int, totals: Totals, about: Callable[[str], None]
) -> Finding | None:
    pick = queries.rng.randrange(13)
    queries.sources.ctes.clear()
    if pick in (0, 1, 10, 11):
        name, parts = draw(queries, made, depth)
        about(f"{name}: {parts.text}")
        totals.done[name] += 1
        return check(pair.db, made, name, parts)
    if pick == 12:
        text = update(queries, made, depth)
        about(text)
        totals.done["UPDATE"] += 1
        return updated(pair, made, text)
    if pick == 2:
        text, ordered = queries.scalars(depth), False
        simple = not _GUARDED.search(text)
    else:
        query = queries.query(depth)
        text, simple, ordered = query.text, False, query.ordered
    about(text)
    totals.done["DuckDB"] += 1
    found = pair.compare(text, ordered=ordered, simple=simple)
    if found is None and pick < 5:
        totals.done["rules"] += 1
        return pair.rules(text, ordered=ordered)
    return found


def again(pair: Pair, made: list[Table], text: str, kind: str) -> Finding | None:
    """Run the text of a finding once more."""
    if kind == "rules":
        return pair.rules(text)
    if kind == "UPDATE":
        return updated(pair, made, text) if text.startswith("UPDATE") else None
    if kind in RELATIONS:
        parts = Parts.of(text)
        return None if parts is None else check(pair.db, made, kind, parts)
    return pair.compare(text, ordered=kind == "order" and "ORDER BY" in text, simple=kind in ("lenient", "fails"))
