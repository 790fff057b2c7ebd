"""The texts of TPC-H and TPC-DS, unchanged, on Sail: the answers are those of the database.

Data and texts come from an environment that `benchmarks.tpc` makes on first use; without it the tests are skipped.
"""

from __future__ import annotations

import pytest

import rem_arrow as rem
from benchmarks.tpc.answers import difference
from benchmarks.tpc.data import Suite, tables
from benchmarks.tpc.engines import DuckDB, Rem
from benchmarks.tpc.environment import UnavailableError
from benchmarks.tpc.queries import texts
from benchmarks.tpc.run import certain_text

COUNTS: dict[Suite, int] = {"tpch": 22, "tpcds": 99}


@pytest.mark.long
@pytest.mark.parametrize("suite", COUNTS)
def test_every_text_gives_the_same_there(suite: Suite, address: str, tmp_path) -> None:
    """Rows as a multiset, fractions to 1e-6, and types; where ORDER BY leaves ties at the LIMIT, all columns break
    them."""
    try:
        found, asked = tables(suite, 0.01), texts(suite)
    except UnavailableError as error:
        pytest.skip(f"no TPC data or texts: {error}")
    ours, oracle = Rem(found, tmp_path), DuckDB(found, tmp_path)
    wrong: dict[int, str] = {}
    try:
        ours.db.publish(tmp_path / "published")
        with rem.distributed(address, published=tmp_path / "published") as remote:
            for number, text in asked.items():
                text = certain_text(oracle, text)
                there, here = remote.sql(text), ours.db.sql(text)
                unlike = difference(there.rows(), here.rows())
                if unlike or there.schema != here.schema:
                    wrong[number] = unlike or f"{there.schema} where {here.schema} belongs"
    finally:
        ours.close()
        oracle.close()
    assert len(asked) == COUNTS[suite]
    assert wrong == {}
