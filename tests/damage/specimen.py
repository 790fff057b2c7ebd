"""A small database with every kind of thing in it, and questions whose answers are known.

Its files are what a killed process leaves: rows in segments, in tails and in the log alone, tombstones, an HNSW file,
the folder of a full-text index, a registered model, statistics.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from pydantic import BaseModel, Field

import rem_arrow as rem
from rem_arrow.access import vector_indexes, vector_search
from tests.children import run_python

PLAIN_ROWS, POINTS, DIMENSION, PARTS = 300, 120, 4, 60
# Where the files lie that are derived from the rows: damage there costs time only.
DERIVED = ("vectors", "texts")


class Part(BaseModel):
    """A part in a store."""

    name: str
    code: str = Field(json_schema_extra={"key": True})
    weight: float = 1.0


def build(folder: Path) -> None:
    """Make the database in a new folder, in a process that is killed at its end."""
    done = run_python(
        f"""
        import os
        from pathlib import Path
        from tests.damage import specimen
        specimen.write(Path({str(folder)!r}))
        print("written", flush=True)
        os._exit(0)
        """
    )
    assert done.stdout == "written\n", done.stderr


def small_indexes(put: Callable[[object, str, object], object] = setattr) -> None:
    """Let HNSW indexes serve tables of some hundred rows."""
    for name, value in {"INDEXED_ROWS_MIN": 50, "_BEHIND_ROWS_MIN": 1}.items():
        put(vector_indexes, name, value)
    for name in ("_ROW_NS", "_GATHERED_NS"):
        put(vector_search, name, 1e6)


def points() -> np.ndarray:
    return np.random.default_rng(7).normal(size=(POINTS, DIMENSION)).astype(np.float32)


def write(folder: Path) -> None:
    """Write the database, and leave it open."""
    small_indexes()
    with rem.connect(folder, background=True) as db:
        _first_writes(db)
    # Opening writes what is in the log into files.
    db = rem.connect(folder, background=False)
    db.sql("DELETE FROM plain WHERE n % 10 = 3")
    db.purge("entities", "e1")
    db.delete("entities", "e2")
    db.update("entities", "e3", {"name": "Changed"})
    db.close()
    db = rem.connect(folder, background=False)
    db.sql("INSERT INTO plain VALUES (1000, 'late', 1.5)")
    db.sql("DELETE FROM plain WHERE n = 4")
    db.insert("entities", [{"id": f"t{i}", "name": f"Tail {i}"} for i in range(20)])
    db.purge("entities", "t7")
    db.add_edge("e5", "t1", "knows")
    for i in range(10):
        db.insert("moments", {"id": f"m{i}", "name": f"Moment {i}", "starts_at": "2025-01-02T03:04:05Z"})


def _first_writes(db: rem.Database) -> None:
    n = range(PLAIN_ROWS)
    plain = pl.DataFrame({"n": n, "text": [f"text {i % 7}" for i in n], "x": [i / 4 for i in n]})
    db.load("plain", plain)
    vectors = points()
    db.load(
        "points", pl.DataFrame({"id": range(POINTS), "v": pl.Series(vectors, dtype=pl.Array(pl.Float32, DIMENSION))})
    )
    db.create_index("points", "v", metric="l2")
    db.register(Part, name="parts")
    db.insert("parts", [{"id": f"p{i}", "name": f"Part {i}", "code": f"C-{i}"} for i in range(PARTS)])
    db.insert("entities", [{"id": f"e{i}", "name": f"Name {i}", "aliases": [f"alias {i}"]} for i in range(40)])
    db.insert("resources", [{"id": f"r{i}", "content": f"word{i} shared text"} for i in range(20)])
    db.sql("CREATE INDEX by_words ON resources USING FTS (content)")
    db.search("resources", "shared", mode="text")
    for i in range(10):
        db.add_edge(f"e{i}", f"e{i + 10}", "knows")
    db.wait()
    db.compact()
    db.search("resources", "shared", mode="text")


Question = Callable[[rem.Database], object]


def _nearest(db: rem.Database) -> object:
    query = points()[17] + np.float32(0.001)
    return db.sql("SELECT id FROM points WHERE v.l2($q) LIMIT 3", {"q": query})["id"].to_list()[0]


def _walked(db: rem.Database) -> object:
    return db.sql("SELECT id FROM TRAVERSE(['e5'], depth => 1) ORDER BY id")["id"].to_list()


QUESTIONS: dict[str, tuple[Question, object]] = {
    "plain": (
        lambda db: db.sql("SELECT count(*), sum(n), sum(x), count(DISTINCT text) FROM plain").row(0),
        (
            270,
            sum(i for i in range(PLAIN_ROWS) if i % 10 != 3 and i != 4) + 1000,
            sum(i / 4 for i in range(PLAIN_ROWS) if i % 10 != 3 and i != 4) + 1.5,
            8,
        ),
    ),
    "zones": (
        lambda db: db.sql("SELECT n FROM plain WHERE n BETWEEN 11 AND 14 ORDER BY n")["n"].to_list(),
        [11, 12, 14],
    ),
    "points": (_nearest, 17),
    "points sum": (
        lambda db: db.sql("SELECT count(*), sum(id) FROM points").row(0),
        (POINTS, POINTS * (POINTS - 1) // 2),
    ),
    "entities": (lambda db: db.sql("SELECT count(*), min(name), max(id) FROM entities").row(0), (57, "Changed", "t9")),
    "get": (lambda db: (db.get("entities", "e9") or {}).get("name"), "Name 9"),
    "purged": (lambda db: db.get("entities", "e1"), None),
    "deleted": (lambda db: db.get("entities", "e2"), None),
    "tail": (lambda db: (db.get("entities", "t19") or {}).get("name"), "Tail 19"),
    "tail purged": (lambda db: db.get("entities", "t7"), None),
    "lookup": (lambda db: db.lookup_entity("ALIAS 11")["id"].to_list(), ["e11"]),
    "key": (lambda db: db.sql("SELECT id FROM parts WHERE code = 'C-33'")["id"].to_list(), ["p33"]),
    "parts": (lambda db: db.sql("SELECT count(*), sum(weight) FROM parts").row(0), (PARTS, float(PARTS))),
    "words": (lambda db: db.search("resources", "word7", mode="text", k=3)["id"].to_list(), ["r7"]),
    "meaning": (lambda db: db.search("resources", "word7 shared text", k=1)["id"].to_list(), ["r7"]),
    "moments": (lambda db: db.sql("SELECT count(*) FROM moments WHERE starts_at < '2025-01-03'").item(), 10),
    "walk": (_walked, ["e15", "t1"]),
    "fuzzy": (lambda db: db.fuzzy("Nmae 23", k=1)["id"].to_list(), ["e23"]),
}
