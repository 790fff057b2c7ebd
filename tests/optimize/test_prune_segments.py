"""Filters skip segments by their zone maps and use indexes, and never lose a row."""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Iterator
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest
from pydantic import BaseModel, ConfigDict

import rem_arrow as rem
from tests.effort import examples
from tests.sql.compare import multiset

_NAN = float("nan")
# A load of so many rows goes straight into a segment; its values repeat within a range of its own.
ROWS, VALUES, SEGMENTS = 20_000, 60, 4
_SUMS = "count(*), count(f), sum(i), sum(n), sum(m), min(s), max(s), min(d), max(t), max(f)"


def _rows(part: int) -> pa.Table:
    """Rows of one segment: each column spans its own range, with NULLs; the last part has NaN."""
    pick = random.Random(part)
    base = part * 1000
    values = [base + i % VALUES for i in range(ROWS)]
    pick.shuffle(values)

    def some(made: list[object]) -> list[object]:
        return [None if i % 11 == 0 else v for i, v in enumerate(made)]

    return pa.table(
        {
            "i": pa.array(some(list(values)), pa.int32()),
            "f": pa.array(some([_NAN if part == SEGMENTS - 1 and v % 7 == 0 else v / 2 for v in values]), pa.float64()),
            "s": pa.array(some([f"k{v:05d}" for v in values]), pa.string()),
            "d": pa.array(some([dt.date(2000, 1, 1) + dt.timedelta(days=v) for v in values]), pa.date32()),
            "t": pa.array(some([dt.datetime(2000, 1, 1) + dt.timedelta(hours=v) for v in values]), pa.timestamp("us")),
            "m": pa.array(some([Decimal(v) / 4 for v in values]), pa.decimal128(12, 2)),
            "n": pa.array([None] * ROWS if part % 2 else values, pa.int64()),
        }
    )


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[rem.Database, duckdb.DuckDBPyConnection]]:
    parts = [_rows(p) for p in range(SEGMENTS)]
    with rem.connect(background=False) as db, duckdb.connect() as oracle:
        for part in parts:
            db.load("z", part)
        whole = pa.concat_tables(parts)
        oracle.register("z", whole)
        yield db, oracle


def _skipped(db: rem.Database, text: str) -> tuple[int, int]:
    found = re.search(r"(\d+) segments read, (\d+) skipped", str(db.explain(text, analyze=True)))
    assert found is not None, "explain analyze says what the scan read"
    return int(found[1]), int(found[2])


_CONDITIONS = [
    "i = 1005", "i < 30", "i >= 3010", "i > 1040 AND i < 1050", "i IN (1001, 1003)", "i BETWEEN 2000 AND 2010",
    "1005 = i", "i = 5000",
    "f < 10", "f = 600.5", "s = 'k01005'", "s < 'k00010'", "s >= 'k03050'", "d = DATE '2002-10-01'", "d < '2000-02-01'",
    "t >= TIMESTAMP '2000-05-01 00:00:00'", "m = 250.25", "m < 3", "m IN (1.25, 2.5)", "n = 5",
]  # fmt: skip


@pytest.mark.parametrize("condition", _CONDITIONS)
def test_a_range_skips_segments_and_keeps_every_row(
    both: tuple[rem.Database, duckdb.DuckDBPyConnection], condition: str
) -> None:
    db, oracle = both
    text = f"SELECT {_SUMS} FROM z WHERE {condition}"
    read, skipped = _skipped(db, text)
    assert read + skipped >= 2
    assert skipped > 0, f"{condition} reads every segment"
    assert multiset(db.sql(text).rows()) == multiset(oracle.execute(text).fetchall())


def test_nan_is_never_skipped(both: tuple[rem.Database, duckdb.DuckDBPyConnection]) -> None:
    db, oracle = both
    for condition in (
        "f > 1e300",
        "f = 'nan'::DOUBLE",
        "f >= 'nan'::DOUBLE",
        "f IN ('nan'::DOUBLE, 1.5)",
        "f <> 3",
        "NOT f < 5",
    ):
        text = f"SELECT {_SUMS} FROM z WHERE {condition}"
        assert multiset(db.sql(text).rows()) == multiset(oracle.execute(text).fetchall()), condition


def test_random_ranges_lose_no_row(both: tuple[rem.Database, duckdb.DuckDBPyConnection]) -> None:
    db, oracle = both
    pick = random.Random(5)
    for _ in range(examples(150)):
        conditions = [_condition(pick) for _ in range(pick.randint(1, 3))]
        text = f"SELECT {_SUMS} FROM z WHERE {pick.choice([' AND ', ' OR ']).join(conditions)}"
        assert multiset(db.sql(text).rows()) == multiset(oracle.execute(text).fetchall()), text


def _condition(pick: random.Random) -> str:
    v = pick.choice([-1, 0, 5, 59, 60, 999, 1000, 1030, 2059, 3000, 3058, 3060, 10**6])
    column = pick.choice("ifsdtmn")
    day = dt.date(2000, 1, 1) + dt.timedelta(days=max(0, v % 5000))
    literal = {
        "i": str(v),
        "n": str(v),
        "f": pick.choice([str(v), f"{v}.5", "'nan'::DOUBLE", "'inf'::DOUBLE"]),
        "s": f"'k{abs(v):05d}'",
        "d": f"DATE '{day}'",
        "t": f"TIMESTAMP '{day} 12:00:00'",
        "m": f"{v}.25",
    }[column]
    if pick.random() < 0.15:
        literal = "NULL"
    if pick.random() < 0.15:
        return f"{column} {pick.choice(['IS NULL', 'IS NOT NULL'])}"
    if pick.random() < 0.2:
        return f"{column} IN ({literal}, {literal})"
    return f"{column} {pick.choice(['=', '<', '<=', '>', '>=', '<>'])} {literal}"


def test_parameters_prune_at_each_execution(both: tuple[rem.Database, duckdb.DuckDBPyConnection]) -> None:
    """The plan is cached; the range follows the value of this execution."""
    db, oracle = both
    for value in (5, 1005, 3010, None, 10**12, -1):
        expected = oracle.execute(f"SELECT {_SUMS} FROM z WHERE i = $v", {"v": value}).fetchall()
        assert multiset(db.sql(f"SELECT {_SUMS} FROM z WHERE i = $v", {"v": value}).rows()) == multiset(expected)


class Ticket(BaseModel):
    """An entity with an indexed field."""

    model_config = ConfigDict(json_schema_extra={"indexed_fields": ["status"]})

    status: str
    size: int


@pytest.fixture
def tickets() -> Iterator[rem.Database]:
    with rem.connect(background=False) as db:
        db.register(Ticket, name="tickets")
        db.insert("tickets", [{"id": f"t{i}", "status": f"s{i % 200}", "size": i} for i in range(2_000)])
        db.compact()
        yield db


def test_the_key_is_found_by_its_index(tickets: rem.Database) -> None:
    text = "SELECT size FROM tickets WHERE id = 't77'"
    assert "by index id" in str(tickets.explain(text, analyze=True))
    assert tickets.sql(text).rows() == [(77,)]


def test_an_update_moves_a_row_to_its_new_value(tickets: rem.Database) -> None:
    """An equality agrees with a scan that no index serves, before and after updates, and inside a transaction."""

    def agree(run: rem.Database) -> None:
        for status in ("s7", "s8", "new"):
            by_index = run.sql("SELECT id FROM tickets WHERE status = $s", {"s": status}).rows()
            by_scan = run.sql("SELECT id FROM tickets WHERE status || '' = $s", {"s": status}).rows()
            assert multiset(by_index) == multiset(by_scan), status

    agree(tickets)
    assert "by index status" in str(tickets.explain("SELECT id FROM tickets WHERE status = 's7'", analyze=True))
    tickets.update("tickets", "t7", {"status": "s8"})
    agree(tickets)
    with tickets.transaction() as tx:
        tx.update("tickets", "t207", {"status": "new"})
        assert ("t207",) in tx.sql("SELECT id FROM tickets WHERE status = 'new'").rows()
        assert ("t207",) not in tx.sql("SELECT id FROM tickets WHERE status = 's7'").rows()
        assert ("t207",) in tickets.sql("SELECT id FROM tickets WHERE status = 's7'").rows()
        agree(tx)  # type: ignore[arg-type]
    agree(tickets)
    tickets.delete("tickets", ["t8"])
    agree(tickets)
    tickets.compact()
    agree(tickets)
