"""What of a sample is left to chance: which rows, and how many of them where a method decides row by row."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import pytest

import rem_arrow as rem

ROWS = 50_000


@pytest.fixture(scope="module")
def db() -> Iterator[rem.Database]:
    with rem.connect(background=False) as db:
        db.load("t", pl.DataFrame({"i": range(ROWS)}))
        yield db


def rows_of(db: rem.Database, text: str) -> list[int]:
    return db.sql(text)["i"].to_list()


@pytest.mark.parametrize(
    "clause",
    [
        "RESERVOIR(10 ROWS) REPEATABLE (4)",
        "BERNOULLI(1%) REPEATABLE (4)",
        "SYSTEM(20%) REPEATABLE (4)",
        "10 ROWS (RESERVOIR, 4)",
    ],
)
def test_a_seed_gives_the_same_rows_again(db: rem.Database, clause: str) -> None:
    """Another seed gives others."""
    text = f"SELECT i FROM t TABLESAMPLE {clause}"
    assert rows_of(db, text) == rows_of(db, text)
    assert rows_of(db, text) != rows_of(db, text.replace("4)", "5)"))


def test_a_sample_without_a_seed_differs_and_repeats_no_row(db: rem.Database) -> None:
    """A plan that is kept keeps no sample."""
    first, second = (rows_of(db, "SELECT i FROM t TABLESAMPLE 100 ROWS") for _ in range(2))
    assert first != second
    assert len(set(first)) == 100


def test_bernoulli_decides_for_each_row(db: rem.Database) -> None:
    """Ten percent, within six standard deviations."""
    found = len(rows_of(db, "SELECT i FROM t TABLESAMPLE BERNOULLI(10%)"))
    assert abs(found - ROWS / 10) < 6 * (ROWS * 0.1 * 0.9) ** 0.5


def test_system_takes_whole_blocks(db: rem.Database) -> None:
    """Of each block of 2048 rows all are there or none."""
    found = rows_of(db, "SELECT i FROM t TABLESAMPLE 50% REPEATABLE (1)")
    blocks = {i // 2048 for i in found}
    assert 0 < len(blocks) < ROWS / 2048
    assert len(found) == sum(min(2048, ROWS - b * 2048) for b in blocks)


def test_a_condition_above_a_sample_does_not_go_below_it(db: rem.Database) -> None:
    """A hundred of all rows are taken, and then filtered."""
    assert len(rows_of(db, f"SELECT i FROM t WHERE i < {ROWS // 2} USING SAMPLE 100 ROWS")) < 90
