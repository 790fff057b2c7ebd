"""All queries of TPC-H and TPC-DS give DuckDB's rows, at scale 0.01 and, marked long as most of TPC-DS, at 0.1.

Data and texts come from an environment that `benchmarks.tpc` makes on first use; without it the tests are skipped.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.tpc.answers import difference
from benchmarks.tpc.data import Suite, tables
from benchmarks.tpc.engines import DuckDB, Rem
from benchmarks.tpc.environment import UnavailableError
from benchmarks.tpc.queries import texts, without_ties
from benchmarks.tpc.run import certain_text
from tests.patience import PATIENCE_S

SCALES = (0.01, 0.1)
COUNTS: dict[Suite, int] = {"tpch": 22, "tpcds": 99}


@dataclass(slots=True)
class Loaded:
    """Both engines with the tables of one suite at one scale, and the texts."""

    ours: Rem
    oracle: DuckDB
    texts: dict[int, str]


class Loader:
    """Loads the tables of a suite when they are first asked for, and gives up those before. What is missing stays
    missing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key: tuple[Suite, float] | None = None
        self.held: Loaded | None = None
        self.missing = ""

    def get(self, suite: Suite, scale: float) -> Loaded:
        """Return the engines, or skip the test and say why."""
        if self.missing:
            pytest.skip(self.missing)
        if self.key != (suite, scale) or self.held is None:
            self.close()
            home = Path(tempfile.mkdtemp(prefix=f"{suite}-{scale:g}-", dir=self.folder))
            try:
                found, asked = tables(suite, scale), texts(suite)
            except UnavailableError as error:
                self.missing = f"no TPC data or texts: {error}"
                pytest.skip(self.missing)
            self.key, self.held = (suite, scale), Loaded(Rem(found, home), DuckDB(found, home), asked)
        return self.held

    def close(self) -> None:
        """Close what is open."""
        if self.held is not None:
            self.held.ours.close()
            self.held.oracle.close()
            self.held = None


@pytest.fixture(scope="module")
def loader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loader]:
    made = Loader(tmp_path_factory.mktemp("tpc"))
    yield made
    made.close()


def _cases() -> Iterator[object]:
    """Yield every query at every scale, one suite after the other."""
    for scale in SCALES:
        for suite, count in COUNTS.items():
            for number in range(1, count + 1):
                brief = scale == min(SCALES) and (suite == "tpch" or number % 3 == 1)
                marks = [] if brief else [pytest.mark.long]
                yield pytest.param(suite, scale, number, id=f"{suite}-{scale:g}-{number}", marks=marks)


@pytest.mark.parametrize(("suite", "scale", "number"), list(_cases()))
def test_a_query_gives_the_rows_of_duckdb(loader: Loader, suite: Suite, scale: float, number: int) -> None:
    """Rows as a multiset, fractions to 1e-6; where ORDER BY leaves ties at the LIMIT, all columns break them.

    With a time limit, here one that is not reached, Polars' in-memory engine runs, without one, below two million rows,
    the streaming engine: both are right.
    """
    loaded = loader.get(suite, scale)
    text = certain_text(loaded.oracle, loaded.texts[number])
    expected = loaded.oracle.rows(text, timeout_s=PATIENCE_S)
    for timeout_s in (PATIENCE_S, None):
        assert not difference(loaded.ours.rows(text, timeout_s=timeout_s), expected)


def test_ties_are_broken_where_a_limit_cuts() -> None:
    """The outermost ORDER BY is lengthened; other texts stay."""
    assert without_ties("SELECT a, b FROM t ORDER BY a LIMIT 3", 2) == "SELECT a, b FROM t ORDER BY a, 1, 2\nLIMIT 3"
    for text in ("SELECT a FROM t ORDER BY a", "SELECT a FROM (SELECT a FROM t ORDER BY a) LIMIT 3"):
        assert without_ties(text, 1) == text
