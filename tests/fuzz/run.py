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
from tests.fuzz.oracle import Finding, Pair
from tests.fuzz.queries import Queries
from tests.fuzz.relations import counted, partitions
from tests.fuzz.shrink import shrink
from tests.fuzz.tables import Table, tables

_QUERIES = 60
# What keeps an operand from being computed.
_GUARDED = re.compile(r"CASE|coalesce|if\(|NULL| AND | OR |FILTER|list_|\(SELECT")


@dataclass
class Totals:
    """What a run did: queries, those with rows in both engines, and the allowed differences by name."""

    queries: int = 0
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
            found = _one(pair, queries, 1 + i * 3 // _QUERIES, about)
            totals.queries += 1
            if found is not None:
                if small:
                    found = shrink(found, lambda text, kind=found.kind: _again(pair, text, kind))
                yield Case(seed, found, [t for t in made if t.name in found.text])
        totals.skipped.update(pair.skipped)


def _one(pair: Pair, queries: Queries, depth: int, about: Callable[[str], None]) -> Finding | None:
    pick = queries.rng.randrange(10)
    queries.sources.ctes.clear()
    if pick == 0:
        about("TLP")
        return partitions(pair.db, queries, depth)
    if pick == 1:
        about("NoREC")
        return counted(pair.db, queries, depth)
    if pick == 2:
        text, ordered = queries.scalars(depth), False
        simple = not _GUARDED.search(text)
    else:
        query = queries.query(depth)
        text, simple, ordered = query.text, False, query.ordered
    about(text)
    found = pair.compare(text, ordered=ordered, simple=simple)
    return found or (pair.rules(text, ordered=ordered) if pick < 5 else None)


def _again(pair: Pair, text: str, kind: str) -> Finding | None:
    if kind == "rules":
        return pair.rules(text)
    if kind.startswith(("TLP", "NoREC")):
        return None
    return pair.compare(text, ordered=kind == "order" and "ORDER BY" in text, simple=kind in ("lenient", "fails"))
