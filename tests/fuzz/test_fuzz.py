"""Random queries agree with DuckDB and with themselves: a short run each time, a longer one in make test-all.

REM_FUZZ_SEED sets the first seed of the longer run, and REM_FUZZ_SECONDS lets it run for a time instead of over a
number of databases; `make soak KINDS=queries` runs for hours.
"""

from __future__ import annotations

import os
import random
import time

import duckdb
import polars as pl
import pytest

import rem_arrow as rem
from tests.effort import examples
from tests.fuzz.changes import updated
from tests.fuzz.oracle import Finding, Pair, difference
from tests.fuzz.queries import Queries
from tests.fuzz.relations import RELATIONS, Parts, check, draw
from tests.fuzz.run import Case, Totals, database
from tests.fuzz.shrink import shrink
from tests.fuzz.tables import Table, every_kind, tables
from tests.patience import PATIENCE_S

SEED, _DATABASES = 7_000, 40


def _shown(cases: list[Case]) -> str:
    return "\n\n".join(
        "\n".join(
            [
                f"seed {c.seed}: {c.finding.kind}",
                *(s for t in c.tables for s in t.statements()),
                c.finding.text,
                c.finding.detail,
            ]
        )
        for c in cases
    )


def test_a_seed_makes_the_same_queries_again() -> None:
    made = [[Queries(rng, tables(rng)).query(3).text for _ in range(5)] for rng in (random.Random(3), random.Random(3))]
    assert made[0] == made[1]


def test_most_random_queries_have_rows_in_duckdb() -> None:
    """A generator whose queries are refused tests nothing."""
    rng = random.Random(11)
    table = every_kind(rng)
    queries, answered = Queries(rng, [table]), 0
    with duckdb.connect() as oracle:
        for text in table.statements():
            oracle.execute(text)
        for _ in range(60):
            try:
                oracle.execute(queries.query(1).text)
            except duckdb.Error:
                continue
            answered += 1
    assert answered > 40


def test_a_difference_is_found_and_made_small() -> None:
    with rem.connect(background=False) as db, duckdb.connect() as oracle:
        pair = Pair(db, oracle)
        db.sql("CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1), (2)")
        oracle.execute("CREATE TABLE t AS SELECT * FROM (VALUES (1), (3)) v(a)")
        found = pair.compare("SELECT a + 1 AS b, a AS c FROM t WHERE a IS NOT NULL ORDER BY a", ordered=True)
        assert found is not None and found.kind == "rows"
        small = shrink(found, pair.compare, PATIENCE_S)
    assert small.kind == "rows"
    assert len(small.text) < len(found.text)


class _Wrong:
    """A database whose answer to a text that holds `part` lacks the last row, or says one more."""

    def __init__(self, db: rem.Database | rem.Transaction, part: str) -> None:
        self.db, self.part = db, part

    def sql(self, text: str) -> pl.DataFrame:
        found = self.db.sql(text)
        if self.part not in text:
            return found
        return found + 1 if found.height == 1 else found.head(-1)

    def transaction(self) -> _Wrong:
        assert isinstance(self.db, rem.Database)
        return _Wrong(self.db.transaction(), self.part)

    def rollback(self) -> None:
        assert isinstance(self.db, rem.Transaction)
        self.db.rollback()


_TABLE = Table("t0", (("id", "i32"), ("a", "i32")), (("0", "1"), ("1", "2"), ("2", "NULL"), ("3", "2")))


@pytest.mark.parametrize(
    ("name", "parts", "wrong"),
    [
        ("TLP", Parts("a", "t0", "a > 1"), "IS NULL"),
        ("TLP DISTINCT", Parts("a", "t0", "a > 1"), "UNION"),
        ("TLP aggregate", Parts("sum(a) AS v", "t0", "a > 1"), "UNION"),
        ("TLP HAVING", Parts("a AS k", "t0", "count(*) > 1"), "HAVING"),
        ("NoREC", Parts("1 AS one", "t0", "a > 1"), "WHERE"),
        ("PQS", Parts("a1.a > 1", "t0 AS a1", "a1.id = 1"), "WHERE"),
        ("PQS", Parts("a1.a > a2.a", "t0 AS a1, t0 AS a2", "a1.id = 2 AND a2.id = 1"), "WHERE"),
        ("DQE", Parts("id", "t0", "a > 1"), "UPDATE"),
        ("DQE", Parts("id", "t0", "a > 1"), "SELECT id FROM t0 WHERE"),
    ],
)
def test_a_relation_holds_and_is_seen_where_it_does_not(name: str, parts: Parts, wrong: str) -> None:
    with rem.connect(background=False) as db:
        for text in _TABLE.statements():
            db.sql(text)
        assert RELATIONS[name](db, [_TABLE], parts) == ""
        found = check(_Wrong(db, wrong), [_TABLE], name, parts)  # type: ignore[arg-type]
        assert found is not None and found.kind == name
        assert db.sql("SELECT count(*) FROM t0").item() == 4
    again = Parts.of(parts.text)
    assert again is not None and again.text.lower() == parts.text.lower()


def test_an_update_that_differs_is_found() -> None:
    with rem.connect(background=False) as db, duckdb.connect() as oracle:
        pair = Pair(db, oracle)
        pair.create([_TABLE], sealed=False)
        assert updated(pair, [_TABLE], "UPDATE t0 SET a = id + 1 WHERE a = 2") is None
        oracle.execute("UPDATE t0 SET a = 2 WHERE id = 2")
        found = updated(pair, [_TABLE], "UPDATE t0 SET a = id + 1 WHERE a = 2")
        assert found is not None and found.kind == "UPDATE"
        assert db.sql("SELECT sum(a) FROM t0").item() == 5


def test_most_random_relations_run() -> None:
    """A relation whose statements are refused says nothing."""
    rng = random.Random(5)
    made = [every_kind(rng)]
    queries, ran = Queries(rng, made), 0
    with rem.connect(background=False) as db:
        for text in made[0].statements():
            db.sql(text)
        for _ in range(examples(30)):
            name, parts = draw(queries, made, 2)
            try:
                assert RELATIONS[name](db, made, parts) == ""
            except rem.RemError:
                continue
            ran += 1
    assert ran > examples(20)


def test_floats_compare_by_nearness_and_order_counts_where_it_is_asked_for() -> None:
    assert difference([(1.0,)], [(1.0 + 1e-12,)], ordered=True) == ""
    assert difference([("1.3572088082974534",)], [("1.3572088082974532",)], ordered=False) == ""
    assert difference([("1.25",)], [("1.250",)], ordered=False) == "rows"
    assert difference([(1,), (2,)], [(2,), (1,)], ordered=False) == ""
    assert difference([(1,), (2,)], [(2,), (1,)], ordered=True) == "order"
    assert difference([(1,)], [(1,), (1,)], ordered=False) == "rows"


def test_findings_of_one_cause_have_one_name() -> None:
    assert Finding("fails", "", 'no column "a"').cause == Finding("fails", "", 'no column "b"').cause


@pytest.mark.long
def test_random_queries_hold_for_a_while() -> None:
    """No finding; the seed and the tables of each are in the message."""
    seconds, totals = float(os.environ.get("REM_FUZZ_SECONDS", "inf")), Totals()
    deadline, first = time.monotonic() + seconds, int(os.environ.get("REM_FUZZ_SEED", str(SEED)))
    # However fast the machine, without settings of one's own the run is of the same databases.
    many = 1_000_000 if "REM_FUZZ_SECONDS" in os.environ else _DATABASES
    cases = [
        case
        for seed in range(first, first + many)
        if time.monotonic() < deadline
        for case in database(seed, deadline, totals)
    ]
    assert not cases, _shown(cases)
    assert totals.done.total() > 50
