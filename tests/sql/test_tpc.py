"""All queries of TPC-H and TPC-DS give DuckDB's rows, at scale 0.01 and, marked long, at 0.1.

Data and texts come from an environment that `benchmarks.tpc` makes on first use; without it the tests are skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import rem_arrow as rem
from benchmarks.tpc.answers import difference
from benchmarks.tpc.data import Suite, tables
from benchmarks.tpc.engines import DuckDB, Rem
from benchmarks.tpc.environment import UnavailableError
from benchmarks.tpc.queries import texts, without_ties
from benchmarks.tpc.run import certain_text
from tests.sql.tpc_gaps import COUNTS, GAPS, gap

TIMEOUT_S = 60.0
SCALES = (0.01, 0.1)


@dataclass(slots=True)
class Loaded:
    """Both engines with the tables of one suite at one scale, and the texts."""

    ours: Rem
    oracle: DuckDB
    texts: dict[int, str]


def _cases() -> Iterator[object]:
    """Yield every query at every scale. pytest keeps the tables while the parameter is the same object."""
    for scale in SCALES:
        for suite, count in COUNTS.items():
            tables_of = (suite, scale)
            for number in range(1, count + 1):
                marks = [pytest.mark.long] if scale > min(SCALES) else []
                if reason := gap(suite, number):
                    marks.append(pytest.mark.xfail(strict=True, raises=(rem.RemError, AssertionError), reason=reason))
                yield pytest.param(tables_of, number, id=f"{suite}-{scale:g}-{number}", marks=marks)


@pytest.fixture(scope="module")
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    suite: Suite
    suite, scale = request.param
    try:
        found, asked = tables(suite, scale), texts(suite)
    except UnavailableError as error:
        pytest.skip(f"no TPC data or texts: {error}")
    home: Path = tmp_path_factory.mktemp(f"{suite}-{scale:g}")
    ours, oracle = Rem(found, home), DuckDB(found, home)
    yield Loaded(ours, oracle, asked)
    ours.close()
    oracle.close()


@pytest.mark.parametrize(("loaded", "number"), list(_cases()), indirect=["loaded"])
def test_a_query_gives_the_rows_of_duckdb(loaded: Loaded, number: int) -> None:
    """Rows as a multiset, fractions to 1e-6; where ORDER BY leaves ties at the LIMIT, all columns break them."""
    text = certain_text(loaded.oracle, loaded.texts[number])
    assert not difference(loaded.ours.rows(text, timeout_s=TIMEOUT_S), loaded.oracle.rows(text, timeout_s=TIMEOUT_S))


def test_a_gap_is_listed_once() -> None:
    """The list names queries that exist, each under one reason."""
    for suite, reasons in GAPS.items():
        numbers = [number for listed in reasons.values() for number in listed]
        assert len(numbers) == len(set(numbers)) and set(numbers) <= set(range(1, COUNTS[suite] + 1))


def test_ties_are_broken_where_a_limit_cuts() -> None:
    """The outermost ORDER BY is lengthened; other texts stay."""
    assert without_ties("SELECT a, b FROM t ORDER BY a LIMIT 3", 2) == "SELECT a, b FROM t ORDER BY a, 1, 2\nLIMIT 3"
    for text in ("SELECT a FROM t ORDER BY a", "SELECT a FROM (SELECT a FROM t ORDER BY a) LIMIT 3"):
        assert without_ties(text, 1) == text
