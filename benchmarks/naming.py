"""Entities by their names, among one million: LOOKUP, FUZZY by a name with two letters swapped, and completion.

Names are two invented words whose parts repeat, so that trigrams have long lists. DuckDB compares every name (by
jaccard over single letters, another measure, so its answers are not compared). "first" builds the index.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from pydantic import BaseModel

import rem_arrow as rem
from benchmarks.data import SEED
from benchmarks.engines import open_duckdb
from benchmarks.measure import Row, Target, checksum, compare, installed, interleaved, scratch, seconds

ROWS, SMOKE_ROWS = 1_000_000, 5_000
TABLE, SMOKE_TABLE = 10_000, 50
QUERIES, SMOKE_QUERIES = 100, 5
ROUNDS = 5
PARTS = [
    "an",
    "bel",
    "cor",
    "da",
    "el",
    "fin",
    "gar",
    "ho",
    "in",
    "jo",
    "ka",
    "lo",
    "ma",
    "nor",
    "ol",
    "pe",
    "qui",
    "ra",
    "sa",
    "ton",
    "ul",
    "ver",
    "wen",
    "xi",
    "yo",
    "za",
    "ber",
    "chi",
    "stein",
    "mann",
    "son",
    "ley",
    "ford",
    "by",
]
DUCKDB = "SELECT id, jaccard(lower(name), lower(?)) AS score FROM named ORDER BY score DESC, id LIMIT 10"

Ask = Callable[[str], list[tuple[Any, ...]]]


class NamedThing(BaseModel):
    """An entity that has only a name."""

    name: str


def run(*, smoke: bool = False) -> list[Row]:
    """Return milliseconds a query, seconds to build the index, and its bytes."""
    rows, count = (SMOKE_ROWS, SMOKE_QUERIES) if smoke else (ROWS, QUERIES)
    names = _names(rows)
    frame = pl.DataFrame({"id": [f"N-{i}" for i in range(rows)], "name": names})
    with scratch() as path:
        return _measured(
            path, frame, names[:: rows // count][:count], names[:: rows // (SMOKE_TABLE if smoke else TABLE)]
        )


def _names(rows: int) -> list[str]:
    rng = np.random.default_rng(SEED)
    parts = np.array(PARTS)
    words = ["".join(w).capitalize() for w in parts[rng.integers(0, len(parts), (2 * rows, 3))]]
    return [f"{a} {b}" for a, b in zip(words[::2], words[1::2], strict=True)]


def _misspelled(name: str) -> str:
    middle = len(name) // 2
    return name[: middle - 1] + name[middle] + name[middle - 1] + name[middle + 1 :]


def _measured(path: Path, frame: pl.DataFrame, queries: list[str], table: list[str]) -> list[Row]:
    db = rem.connect(path / "rem")
    db.register(NamedThing, name="named")
    db.load("named", frame, progress=False)
    wrong = [_misspelled(name) for name in queries]
    first = seconds(lambda: db.fuzzy(wrong[0]))
    stats = db.stats()["trigram_index"]
    rows = [
        *_time(
            "LOOKUP",
            {"rem_arrow": _read(lambda name: db.sql("LOOKUP $name", {"name": name}))},
            [n.upper() for n in queries],
            unit="us",
            target=Target("<=", 2_000),
        ),
        *_time(
            "lookup_entity",
            {"rem_arrow": _read(db.lookup_entity)},
            [n.upper() for n in queries],
            unit="us",
            target=Target("<=", 200),
        ),
        *_time(
            "FUZZY, 10 best",
            {"rem_arrow": _read(lambda name: db.sql("FUZZY $name", {"name": name}))},
            wrong,
            unit="ms",
            target=Target("<=", 20),
        ),
        *_time("complete, 10 first", {"rem_arrow": _read(lambda name: db.complete(name[:4]))}, queries, unit="us"),
        *compare("first FUZZY, which makes the index", {"rem_arrow": first}, "s", rows=0),
        *compare("the index in memory", {"rem_arrow": stats["bytes"] / (1 << 20)}, "MiB", rows=0),
    ]
    rows += _tables(db, table)
    db.close()
    if installed("duckdb"):
        rows += _duckdb(path, frame, wrong[: max(1, len(wrong) // 20)])
    return rows


def _tables(db: rem.Database, names: list[str]) -> list[Row]:
    """Return the seconds that it takes to find the entity of each name of a table."""
    rows: list[Row] = []
    for function, spelled in (("LOOKUP", names), ("FUZZY", [_misspelled(name) for name in names])):
        frames = {"t": pl.DataFrame({"n": range(len(spelled)), "name": spelled})}
        option = "" if function == "LOOKUP" else ", k => 1"
        text = f"SELECT t.n, f.id FROM t, LATERAL {function}(t.name{option}) f"
        answer = checksum(sorted(db.sql(text, frames=frames).rows()))
        times = interleaved(
            {"rem_arrow": lambda text=text, frames=frames: seconds(lambda: db.sql(text, frames=frames))}, rounds=3
        )
        what = f"{function} of a table of {len(names):,} names"
        sums = {"rem_arrow": answer}
        rows += compare(what, times, "s", rows=len(names), checksums=sums, target=Target("<=", 3))
    return rows


def _read(ask: Callable[[str], pl.DataFrame]) -> Ask:
    return lambda text: ask(text).select("table", "id").rows()


def _time(
    what: str, readers: dict[str, Ask], queries: list[str], *, unit: str, target: Target | None = None
) -> list[Row]:
    """Return the time of one query; the checksum is over the entities returned, in their order."""
    sums = {
        name: checksum((place, *row) for place, text in enumerate(queries) for row in ask(text))
        for name, ask in readers.items()
    }
    scale = {"us": 1e6, "ms": 1e3}[unit]

    def timed(ask: Ask) -> float:
        started = time.perf_counter()
        for text in queries:
            ask(text)
        return (time.perf_counter() - started) / len(queries) * scale

    times = interleaved({name: (lambda ask=ask: timed(ask)) for name, ask in readers.items()}, rounds=ROUNDS)
    return compare(what, times, unit, rows=len(queries), checksums=sums, target=target)


def _duckdb(path: Path, frame: pl.DataFrame, queries: list[str]) -> list[Row]:
    con = open_duckdb(path / "duckdb")
    con.register("frame", frame)
    con.execute("CREATE TABLE named AS SELECT * FROM frame")
    rows = _time(
        "every name compared, by jaccard of letters",
        {"duckdb": lambda text: con.execute(DUCKDB, (text,)).fetchall()},
        queries,
        unit="ms",
    )
    con.close()
    return rows
