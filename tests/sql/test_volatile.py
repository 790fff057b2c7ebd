"""Volatile functions: one value in each row, whatever the optimizer and the engines make of a statement; and a time
that stands still for a statement and a transaction."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rem_arrow as rem
from rem_arrow.engine import run
from rem_arrow.lower import context, execution
from tests.effort import examples

CASES = [
    tuple(line.rsplit("  ->  ", 1))
    for line in (Path(__file__).parent / "volatile" / "invariants.sql").read_text(encoding="utf-8").splitlines()
    if not line.startswith("--")
]


def filled(**options: str) -> rem.Database:
    db = rem.connect(**options)
    db.load("t", pl.DataFrame({"i": range(500), "g": [i % 7 for i in range(500)]}))
    db.load("u", pl.DataFrame({"id": [1, 2, 3, 4, 5, None], "v": [10, 20, 30, 40, 50, 60]}))
    db.sql("CREATE VIEW w AS SELECT random() r, i FROM t")
    return db


@pytest.fixture(scope="module", params=[pytest.param("in-memory", marks=pytest.mark.long), "streaming", "parts"])
def db(request: pytest.FixtureRequest) -> Iterator[rem.Database]:
    """A database on each engine of Polars, and one that may hold next to nothing in memory."""
    with (
        pytest.MonkeyPatch.context() as patch,
        filled(**({"memory_limit": "2GB"} if request.param == "parts" else {})) as db,
    ):
        if request.param == "parts":
            patch.setattr(run, "_NODE_SHARE", 1e-5)
        else:
            few = request.param == "in-memory"
            patch.setattr(
                context,
                "collect",
                lambda frame, *, few_rows, once=True, begin: execution.collect(
                    frame, few_rows=few, once=once, begin=begin
                ),
            )
        yield db


def test_a_volatile_value_is_one_value(db):
    """The statements of the file, each on every engine."""
    failed = []
    for text, expected in CASES:
        row = db.sql(text).row(0)
        shown = str(row[0]) if len(set(row)) == 1 else str(row)
        if shown != expected:
            failed.append(f"{text}\n    {shown}, not {expected}")
    assert not failed, "\n".join(failed)


SOURCES = (
    "SELECT i, random() AS r FROM t",
    "SELECT i, random() AS r FROM t WHERE i % 3 = 0",
    "SELECT i, r * 0.5 + random() * 0.5 AS r FROM (SELECT i, random() AS r FROM t)",
    "SELECT g AS i, max(random()) AS r FROM t GROUP BY g",
    "SELECT x.i, y.r FROM t x JOIN (SELECT i, random() AS r FROM t) y ON x.i = y.i",
    "SELECT x.i, random() AS r FROM t x LEFT JOIN t y ON x.i = y.i AND random() < 0.3",
    "SELECT i, random() AS r FROM t USING SAMPLE 100",
    "SELECT i, random() AS r FROM t ORDER BY random() LIMIT 50",
    "SELECT i, random() AS r FROM t UNION ALL SELECT i, random() FROM t",
    "SELECT i, (SELECT random() + 0 * t.i) AS r FROM t",
    "SELECT t.i, l.r FROM t, LATERAL (SELECT random() AS r WHERE t.i > 10) l",
)
WRAPPERS = (
    "SELECT i, r FROM ({}) WHERE r >= 0",
    "SELECT * FROM ({}) ORDER BY r",
    "SELECT i, r FROM (SELECT *, row_number() OVER (ORDER BY r) AS n FROM ({})) WHERE n > 3",
    "SELECT * FROM ({}) LIMIT 40",
    "SELECT DISTINCT i, r FROM ({})",
    "SELECT min(i) AS i, r FROM ({}) GROUP BY r",
)
# What holds of every relation `c` with a column `r` of numbers from 0 to 1.
LAWS = (
    "SELECT count(*) = 0 FROM c WHERE r < {0} AND r >= {0}",
    "SELECT (SELECT count(*) FROM c WHERE r < {0}) + (SELECT count(*) FROM c WHERE r >= {0}) = count(*) FROM c",
    "SELECT count(*) = 0 FROM c WHERE r NOT IN (SELECT r FROM c)",
    "SELECT count(*) = 0 FROM c WHERE NOT EXISTS (SELECT 1 FROM c d WHERE d.r = c.r AND d.i IS NOT DISTINCT FROM c.i)",
    "SELECT count(*) = (SELECT count(*) FROM c) FROM (SELECT DISTINCT i, r FROM c) a JOIN c b ON a.r = b.r "
    "AND a.i IS NOT DISTINCT FROM b.i",
    "SELECT count(*) = 0 FROM (SELECT r AS x, r AS y FROM c) WHERE x <> y",
    "SELECT count(*) = 0 FROM c a, LATERAL (SELECT a.r AS b) l WHERE l.b <> a.r",
    "SELECT coalesce(sum(n), 0) = (SELECT count(*) FROM c) "
    "FROM (SELECT floor(r * 3) AS k, count(*) AS n FROM c GROUP BY k)",
    "SELECT (SELECT max(r) FROM c WHERE r < {0}) < {0} IS NOT FALSE",
)


@settings(max_examples=examples(60), deadline=None)
@given(
    st.sampled_from(SOURCES),
    st.lists(st.sampled_from(WRAPPERS), max_size=3),
    st.sampled_from(LAWS),
    st.sampled_from(["", " MATERIALIZED", " NOT MATERIALIZED"]),
    st.floats(0.05, 0.95),
)
def test_random_plans_keep_the_laws(plans, source, wrappers, law, hint, bound):
    """A CTE over random numbers is one relation, whatever is made of it."""
    for wrapper in wrappers:
        source = wrapper.format(source)
    text = f"WITH c AS{hint} ({source}) {law.format(round(bound, 3))}"
    assert plans.sql(text).item() is True, text


@pytest.fixture(scope="module")
def plans() -> Iterator[rem.Database]:
    with filled() as db:
        yield db


def test_each_row_has_a_value_of_its_own(plans):
    """random() is computed for each row; a subquery that reads nothing around it once."""
    assert plans.sql("SELECT count(DISTINCT random()) FROM t").item() == 500
    assert plans.sql("SELECT count(DISTINCT (SELECT random())) FROM t").item() == 1
    assert (
        plans.sql("SELECT count(DISTINCT u) FROM (SELECT uuid() AS u FROM t UNION ALL SELECT uuidv7() FROM t)").item()
        == 1000
    )


def test_the_time_stands_still_for_a_statement_and_a_transaction(plans):
    """Every function of the time gives the same, also from a plan that was kept; the next statement has its own."""
    text = "SELECT now(), current_timestamp, localtimestamp, current_date, today(), current_time FROM t LIMIT 1"
    first = plans.sql(text).row(0)
    time.sleep(0.002)
    second = plans.sql(text).row(0)
    assert first[0] == first[1] and first[0].replace(tzinfo=None) == first[2] and first[0].time() == first[5]
    assert second[0] > first[0] and first[3] == first[4] == first[0].date()
    assert abs(second[0] - dt.datetime.now(dt.timezone.utc)) < dt.timedelta(minutes=1)
    with plans.transaction() as tx:
        began = tx.sql("SELECT now()").item()
        time.sleep(0.002)
        assert tx.sql("SELECT now()").item() == began
    plans.sql("BEGIN")
    began = plans.sql("SELECT now()").item()
    time.sleep(0.002)
    assert plans.sql("SELECT now()").item() == began
    plans.sql("COMMIT")
    assert plans.sql("SELECT now()").item() > began


def test_the_time_lets_a_scan_skip(plans):
    """A comparison with now() says what a scan may leave out, as one with a parameter does."""
    plans.sql("CREATE OR REPLACE TABLE stamped AS SELECT now() AS at FROM range(3)")
    assert "now()" in (shown := plans.explain("SELECT at FROM stamped WHERE at > now()")) and "at in [" in shown
    assert plans.sql("SELECT count(*) FROM stamped WHERE at < now()").item() == 3


def test_a_lazy_frame_has_one_time_and_one_value(plans):
    """What is collected twice from one lazy frame agrees with itself."""
    frame = plans.lazy(
        "WITH c AS (SELECT random() r FROM t) SELECT a.r, b.r AS s, now() AS n FROM c a JOIN c b ON a.r = b.r"
    )
    once, again = frame.collect(), frame.collect()
    assert once.height == again.height == 500
    assert once["n"].unique().to_list() == again["n"].unique().to_list()


def test_the_actions_of_a_merge_read_one_source(plans):
    """Each row of a random source is either found or not."""
    for _ in range(10):
        plans.sql("CREATE OR REPLACE TABLE merged AS SELECT i AS k, 0 AS n FROM range(0, 20, 2) r(i)")
        done = plans.sql(
            "MERGE INTO merged USING (SELECT DISTINCT floor(random() * 20)::INT AS k FROM range(8)) s "
            "ON merged.k = s.k WHEN MATCHED THEN UPDATE SET n = 1 "
            "WHEN NOT MATCHED THEN INSERT VALUES (s.k, 2) RETURNING merge_action, k"
        )
        assert done["k"].is_unique().all()
        by_kind = dict(plans.sql("SELECT n, count(*) FROM merged GROUP BY n").iter_rows())
        assert done.height == by_kind.get(1, 0) + by_kind.get(2, 0)
        assert all((k % 2 == 0) == (action == "UPDATE") for action, k in done.iter_rows())


def test_a_default_is_computed_for_each_row(plans):
    """DEFAULT random() differs by row, DEFAULT now() by statement."""
    plans.sql("CREATE OR REPLACE TABLE made (i INT, r DOUBLE DEFAULT random(), at TIMESTAMPTZ DEFAULT now())")
    plans.sql("INSERT INTO made (i) SELECT i FROM t")
    assert plans.sql("SELECT count(DISTINCT r), count(DISTINCT at) FROM made").row(0) == (500, 1)
    time.sleep(0.002)
    plans.sql("INSERT INTO made (i) VALUES (1), (2)")
    assert plans.sql("SELECT count(DISTINCT r), count(DISTINCT at) FROM made").row(0) == (502, 2)
    assert plans.sql("UPDATE made SET r = random() WHERE i < 500").item() == 502
    assert plans.sql("SELECT count(DISTINCT r) FROM made").item() == 502
