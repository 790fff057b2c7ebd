"""Estimates beside the true rows: skewed joins, common values, groups; and plans that follow the tables."""

from __future__ import annotations

import random

import duckdb
import polars as pl
import pytest

import rem_arrow as rem
from rem_arrow.optimize.estimate import Estimates

# How far an estimate may be off, as a factor.
_FACTOR = 3.0
_N = 20_000


def _tables(seed: int) -> dict[str, pl.DataFrame]:
    """Facts whose keys are skewed by a square, with a hub, and the table of their keys."""
    pick = random.Random(seed)
    facts = {
        "k": [0 if pick.random() < 0.2 else int(2_000 * pick.random() ** 2) for _ in range(_N)],
        "j": [0 if pick.random() < 0.1 else pick.randrange(2_000) for _ in range(_N)],
        "c": [pick.choices("abcd", (70, 20, 9, 1))[0] for _ in range(_N)],
        "v": [pick.choice([None, *range(99)]) for _ in range(_N)],
    }
    return {"f": pl.DataFrame(facts), "d": pl.DataFrame({"id": range(2_000), "g": [i % 40 for i in range(2_000)]})}


@pytest.fixture(scope="module", params=["tail", "segments"])
def db(request):
    """The tables, sealed or not."""
    tables = _tables(1)
    with rem.connect(background=False, tail_rows_max=1_000_000 if request.param == "tail" else 5_000) as db:
        for name, frame in tables.items():
            db.sql(f"CREATE TABLE {name} AS SELECT * FROM frame", frames={"frame": frame})
        if request.param == "segments":
            db.compact()
        yield db


@pytest.mark.parametrize(
    "text",
    [
        "SELECT a.k FROM f a JOIN f b ON a.k = b.k",
        "SELECT a.k FROM f a JOIN f b ON a.k = b.j",
        "SELECT a.k FROM f a JOIN d ON a.k = d.id JOIN f b ON d.id = b.k",
        "SELECT a.k FROM f a JOIN d ON a.k = d.id WHERE d.g = 3",
        "SELECT a.k FROM f a WHERE a.c = 'a'",
        "SELECT a.k FROM f a WHERE a.c = 'd' AND a.v < 33",
        "SELECT a.k FROM f a WHERE a.c <> 'a'",
        "SELECT a.k FROM f a WHERE a.c IN ('b', 'c') OR a.v IS NULL",
        "SELECT a.k FROM f a WHERE a.v IS NOT NULL AND a.k = 0",
        "SELECT a.k FROM f a WHERE a.j BETWEEN 500 AND 999",
        "SELECT DISTINCT j, c FROM f",
        "SELECT j, count(*) FROM f WHERE v = 7 GROUP BY j",
        "SELECT id FROM d WHERE id IN (SELECT j FROM f WHERE v < 10)",
        "SELECT id FROM d WHERE id NOT IN (SELECT k FROM f WHERE v < 2)",
    ],
)
def test_estimates_are_close(db, text):
    """Of the whole plan, as it is run."""
    frames = _tables(1)
    with duckdb.connect() as duck:
        for name, frame in frames.items():
            duck.register(name, frame)
        rows = duck.sql(f"SELECT count(*) FROM ({text})").fetchall()[0][0]
    estimate = Estimates(db._snapshot()).rows(db._instance.engine.plan(text, db._snapshot(), {}).plan)
    assert rows / _FACTOR <= estimate <= rows * _FACTOR, (estimate, rows)


def test_a_plan_follows_the_tables():
    """A statement that was planned while a table was empty is planned anew when it has grown, and analyzed it shows
    the rows that were expected."""
    text = "SELECT count(*) FROM f JOIN d ON f.k = d.id"
    frames = _tables(2)
    with rem.connect(background=False) as db:
        for name, frame in frames.items():
            db.load(name, frame.clear())
        assert db.sql(text).item() == 0
        empty = db._instance.engine.plan(text, db._snapshot(), {})
        assert db._instance.engine.plan(text, db._snapshot(), {}) is empty
        for name, frame in frames.items():
            db.load(name, frame)
        assert db._instance.engine.plan(text, db._snapshot(), {}) is not empty
        assert db.sql(text).item() == _N
        steps = db.explain(text, analyze=True).to_frame().filter(pl.col("step").str.starts_with("Join"))
        assert steps["rows"].to_list() == [_N]
        assert steps["estimate"].item() == pytest.approx(_N, rel=0.1)


def test_a_table_whose_rows_are_all_gone_joins_as_an_empty_one() -> None:
    """What was common in its values is still told, of no rows."""
    with rem.connect(background=False) as db:
        db.sql("CREATE TABLE emptied (a INTEGER, b VARCHAR)")
        for _ in range(2):
            db.sql("INSERT INTO emptied SELECT i % 3, 'x' FROM range(100) r(i)")
            db.compact()
            db.sql("DELETE FROM emptied")
            text = "SELECT * FROM emptied x JOIN emptied y ON x.a = y.a JOIN emptied z ON z.b = y.b AND z.a = x.a"
            assert db.sql(text).is_empty()
            assert db.sql("SELECT * FROM emptied x, emptied y, emptied z WHERE x.a = y.a AND y.a = z.a").is_empty()
