"""Random queries agree with DuckDB and with themselves: a short run each time, a longer one in make test-all.

REM_FUZZ_SEED sets the first seed of the longer run, and REM_FUZZ_SECONDS lets it run for a time instead of over a
number of databases; `python -m tests.fuzz` runs for hours.
"""

from __future__ import annotations

import os
import random
import time

import duckdb
import pytest

import rem_arrow as rem
from tests.fuzz.oracle import Finding, Pair, difference
from tests.fuzz.queries import Queries
from tests.fuzz.run import Case, Totals, database
from tests.fuzz.shrink import shrink
from tests.fuzz.tables import every_kind, tables
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


def test_floats_compare_by_nearness_and_order_counts_where_it_is_asked_for() -> None:
    assert difference([(1.0,)], [(1.0 + 1e-12,)], ordered=True) == ""
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
    assert totals.queries > 50
