"""What does not fit into memory is run in parts, with the answer that it has when it fits: DuckDB's."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest

import rem_arrow as rem
from rem_arrow.engine import run
from rem_arrow.running.scratch import Scratch

ROWS = 3_000


def _table(seed: int) -> pl.DataFrame:
    """Rows with keys that repeat, one of them often, and NULLs and NaNs among them."""
    pick = random.Random(seed)
    kinds = {
        "k": lambda: pick.choice([None, 7, 7, 7, *range(200)]),
        "s": lambda: pick.choice([None, "", *(f"name {i}" for i in range(90))]),
        "f": lambda: pick.choice([None, math.nan, -0.0, 0.0, *(i / 4 for i in range(60))]),
        "d": lambda: pick.choice([None, *(date(2024, 1, 1) + timedelta(i) for i in range(40))]),
        "b": lambda: pick.choice([None, True, False]),
        "v": lambda: pick.randrange(1_000_000),
    }
    columns = {name: [make() for _ in range(ROWS)] for name, make in kinds.items()}
    frame = pl.DataFrame({"id": range(ROWS), **columns}, schema_overrides={"k": pl.Int64, "f": pl.Float64})
    return frame.with_columns(m=pl.Series([Decimal(v).scaleb(-2) for v in columns["v"]], dtype=pl.Decimal(12, 2)))


A, B = _table(1), _table(2)
STATEMENTS = [
    "SELECT a.id, b.id FROM a JOIN b ON a.k = b.k AND a.s = b.s",
    "SELECT a.id, b.id FROM a LEFT JOIN b ON a.k = b.k AND a.d = b.d",
    "SELECT a.id, b.id FROM a RIGHT JOIN b ON a.s = b.s AND a.k = b.k AND a.v < b.v",
    "SELECT a.id, b.id FROM a FULL JOIN b ON a.k = b.k AND a.s = b.s",
    "SELECT a.id, b.id FROM a FULL JOIN b ON a.k = b.k AND a.s = b.s AND a.v + b.v > 1000000",
    "SELECT a.id, b.id FROM a JOIN b ON a.f = b.f AND a.s = b.s",
    "SELECT a.id, b.id FROM a JOIN b ON a.m = b.m OR a.id = b.v",
    "SELECT id FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.k = a.k AND b.v > a.v AND b.s = a.s)",
    "SELECT id FROM a WHERE NOT EXISTS (SELECT 1 FROM b WHERE b.s = a.s AND b.d = a.d)",
    "SELECT id FROM a WHERE k NOT IN (SELECT k FROM b WHERE k < 150)",
    "SELECT id FROM a WHERE k NOT IN (SELECT k FROM b)",
    "SELECT k, count(*), sum(v), min(s), max(d), avg(m) FROM a GROUP BY k",
    "SELECT s, f, b, count(*) FROM a GROUP BY ALL",
    "SELECT k, count(DISTINCT s), median(v), list(id ORDER BY id) FROM a GROUP BY k",
    "SELECT DISTINCT k, s FROM a",
    "SELECT DISTINCT f FROM a",
    "SELECT k FROM a EXCEPT SELECT k FROM b WHERE k > 20",
    "SELECT k, s FROM a INTERSECT SELECT k, s FROM b",
    "SELECT id, row_number() OVER (PARTITION BY k ORDER BY v, id), sum(v) OVER (PARTITION BY k, s ORDER BY id) FROM a",
    "SELECT id, lag(v) OVER (PARTITION BY d ORDER BY id), rank() OVER (ORDER BY v) FROM a",
    "WITH c AS (SELECT k, sum(v) AS t FROM a GROUP BY k) SELECT x.k, y.t FROM c x JOIN c y ON x.k = y.k WHERE x.t > 9",
    "SELECT a.k, count(*) FROM a JOIN b ON a.id = b.id JOIN a AS c ON c.id = b.v GROUP BY a.k HAVING count(*) > 0",
    "SELECT count(*), sum(a.v) FROM a, b WHERE a.k = b.k",
    "SELECT id FROM a WHERE v > (SELECT avg(v) FROM b WHERE b.k = a.k)",
]
ORDERED = [
    "SELECT k, id FROM a ORDER BY k, id",
    "SELECT k, s, id FROM a ORDER BY k DESC, s NULLS FIRST, id DESC",
    "SELECT f, id FROM a ORDER BY f DESC NULLS LAST, id",
    "SELECT s, d, b, id FROM a ORDER BY s, d DESC NULLS FIRST, b, id",
    "SELECT b, id FROM a ORDER BY b NULLS FIRST, id",
    "SELECT m, id FROM a ORDER BY m DESC, id LIMIT 900 OFFSET 700",
    "SELECT s || 'x' AS t, id FROM a WHERE k > 5 ORDER BY lower(s || 'x') DESC NULLS LAST, id",
    "SELECT [k, v % 3] AS l, id FROM a ORDER BY l, id",
]


@pytest.fixture(scope="module")
def oracle() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.register("a", A.to_arrow())
        connection.register("b", B.to_arrow())
        yield connection


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[rem.Database]:
    with rem.connect(tmp_path_factory.mktemp("parts") / "db", tail_rows_max=400) as db:
        db.load("a", A)
        db.load("b", B)
        db.compact()
        yield db


@pytest.fixture(params=[pytest.param(6_000, marks=pytest.mark.long), 60_000], ids="{} bytes".format)
def in_parts(request: pytest.FixtureRequest, db: rem.Database, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """No node may hold more than some bytes. Return the folders in which files were written."""
    monkeypatch.setattr(run, "_NODE_SHARE", request.param / (4 << 30))
    written: list[Path] = []
    folder = Scratch.folder
    monkeypatch.setattr(Scratch, "folder", lambda self: written.append(folder(self)) or written[-1])
    return written


def _sorted(rows: list[tuple[object, ...]]) -> list[str]:
    return sorted(map(_shown, rows))


def _shown(row: tuple[object, ...]) -> str:
    return repr([round(v, 6) + 0.0 if isinstance(v, float) else float(v) if isinstance(v, Decimal) else v for v in row])


@pytest.mark.parametrize("text", STATEMENTS)
def test_rows_in_parts(db: rem.Database, oracle: duckdb.DuckDBPyConnection, in_parts: list[Path], text: str) -> None:
    """The same rows; and nothing is left on disk."""
    expected = oracle.sql(text).fetchall()
    assert _sorted(db.sql(text).rows()) == _sorted(expected)
    assert not any(folder.exists() for folder in in_parts)


@pytest.mark.parametrize("text", ORDERED)
def test_order_in_parts(db: rem.Database, oracle: duckdb.DuckDBPyConnection, in_parts: list[Path], text: str) -> None:
    """The same rows in the same order."""
    expected = oracle.sql(text).fetchall()
    assert list(map(_shown, db.sql(text).rows())) == list(map(_shown, expected))


def test_files_are_written(db: rem.Database, in_parts: list[Path]) -> None:
    """A statement that does not fit writes files: the tests above would not notice if none did."""
    db.sql("SELECT a.id, a.s, b.s FROM a JOIN b ON a.k = b.k ORDER BY a.v")
    assert in_parts


def test_groups_of_random_values(db: rem.Database, in_parts: list[Path]) -> None:
    """What is another value each time that it is computed makes each group once."""
    query = "SELECT floor(random() * 3) AS g, list(id) AS ids FROM a GROUP BY g"
    rows = db.sql(query)
    assert sorted(rows["g"]) == [0.0, 1.0, 2.0]
    assert sorted(rows["ids"].explode()) == list(range(ROWS))


@pytest.mark.parametrize("kind", ["LEFT", "RIGHT", "FULL"])
def test_a_side_that_is_random_is_read_once(db: rem.Database, in_parts: list[Path], kind: str) -> None:
    """An outer join keeps each row of a side, also where a condition looks at what is random there."""
    side = "(SELECT id, random() AS r FROM a WHERE id < 40)"
    on = "x.id = y.id AND x.r < 0.5 AND y.v >= 0"
    join = f"b AS y {kind} JOIN {side} AS x ON {on}" if kind == "RIGHT" else f"{side} AS x {kind} JOIN b AS y ON {on}"
    kept = "x.id IS NOT NULL"
    assert db.sql(f"SELECT count(*), count(DISTINCT x.id) FROM {join} WHERE {kept}").row(0) == (40, 40)


def test_a_shared_query_that_is_random_runs_once(db: rem.Database, in_parts: list[Path]) -> None:
    """Nodes that run by themselves read the same rows of it."""
    query = """
        WITH c AS MATERIALIZED (SELECT b, max(random()) AS r FROM a GROUP BY b),
        x AS (SELECT c.r, a.id FROM c JOIN a ON a.b = c.b ORDER BY a.id),
        y AS (SELECT c.r, a.id FROM c JOIN a ON a.b = c.b ORDER BY a.id + 1)
        SELECT count(*), count(CASE WHEN x.r <> y.r THEN 1 END) FROM x JOIN y ON x.id = y.id
    """
    rows, differ = db.sql(query).row(0)
    assert rows > 0 and differ == 0
