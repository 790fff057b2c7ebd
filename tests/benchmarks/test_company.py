"""The company is the same for the same seed, and whole: every edge ends at rows that are there."""

from __future__ import annotations

from datetime import timedelta

import pytest

import rem_arrow as rem
from benchmarks import company

SCALE = 0.05
CONTENTS = "SELECT id, title, status, created_at FROM issues ORDER BY id"


@pytest.fixture(scope="module")
def small():
    """A small company in memory."""
    with rem.connect() as db:
        company.build(db, scale=SCALE)
        yield db


def test_the_same_seed_gives_the_same_rows(small):
    """Another seed gives others; `now` moves all times."""
    edges = "SELECT src_table, src, edge_type, dst_table, dst FROM edges ORDER BY ALL"
    with rem.connect() as again, rem.connect() as other, rem.connect() as later:
        company.build(again, scale=SCALE)
        company.build(other, scale=SCALE, seed=1)
        company.build(later, scale=SCALE, now=company.NOW + timedelta(days=1))
        assert again.sql(CONTENTS).equals(small.sql(CONTENTS)) and again.sql(edges).equals(small.sql(edges))
        assert not other.sql(CONTENTS).equals(small.sql(CONTENTS))
        assert (later.sql(CONTENTS)["created_at"] - small.sql(CONTENTS)["created_at"]).unique().to_list() == [
            timedelta(days=1)
        ]


def test_no_edge_dangles(small):
    """Both ends of every edge exist, in the tables that the edge names."""
    entities = 'SELECT "table", id FROM all_entities'
    assert small.sql(
        f"SELECT * FROM edges WHERE (src_table, src) NOT IN ({entities}) OR (dst_table, dst) NOT IN ({entities})"
    ).is_empty()


def test_no_time_is_later_than_now_but_of_planned_moments(small):
    """Rows were made, closed and merged before `now`; only meetings lie ahead."""
    now = {"now": company.NOW}
    for table in ("users", "issues", "pull_requests", "files", "commits", "moments", "resources", "agents", "entities"):
        if table != "users":
            assert small.sql(f"SELECT id FROM {table} WHERE created_at > $now", now).is_empty()
    assert small.sql("SELECT id FROM issues WHERE closed_at > $now OR closed_at < created_at", now).is_empty()
    assert small.sql(
        "SELECT id FROM pull_requests WHERE merged_at > $now OR merged_at < created_at OR (merged_at IS NULL) = "
        "(status = 'merged')",
        now,
    ).is_empty()
    assert small.sql(
        "SELECT id FROM moments WHERE starts_at > $now AND moment_type IN ('incident', 'release')", now
    ).is_empty()


def test_it_is_built_once(tmp_path):
    """`ensure` opens what is there, and refuses what is not this company."""
    with company.ensure(tmp_path / "c.rem", scale=SCALE) as db:
        written = db.sql("SELECT count(*), max(modified_at) FROM issues").rows()
    with company.ensure(tmp_path / "c.rem", scale=SCALE) as db:
        assert db.sql("SELECT count(*), max(modified_at) FROM issues").rows() == written
    with pytest.raises(rem.InputError, match=r"is not the company of seed 1, scale 0\.05"):
        company.ensure(tmp_path / "c.rem", scale=SCALE, seed=1)


@pytest.mark.long
def test_at_scale_one_it_has_ten_thousand_rows():
    """The counts by table at scale 1, without storing them."""
    with rem.connect() as db:
        counts = company.build(db)
    assert 9_500 <= sum(counts.values()) - counts["edges"] <= 10_500
    assert counts["edges"] > 25_000
