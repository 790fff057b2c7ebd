"""The TPC runner runs, compares answers as it says, and says what is missing."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from benchmarks.tpc import environment
from benchmarks.tpc.__main__ import main
from benchmarks.tpc.answers import difference
from benchmarks.tpc.data import tables
from benchmarks.tpc.environment import UnavailableError
from benchmarks.tpc.report import failures, geometric_mean
from benchmarks.tpc.run import Result
from tests.patience import PATIENCE_S


@pytest.fixture
def available():
    try:
        tables("tpch", 0.01)
    except UnavailableError as error:
        pytest.skip(f"no TPC data or texts: {error}")


@pytest.mark.usefixtures("available")
def test_queries_are_checked_and_timed(tmp_path, capsys):
    """A table is printed and JSON written, with times of each engine and of planning."""
    file = tmp_path / "out.json"
    assert (
        main(
            [
                "--suite",
                "tpch",
                "--scale",
                "0.01",
                "--queries",
                "1,6",
                "--engines",
                "rem,polars",
                "--repeat",
                "1",
                "--json",
                str(file),
            ]
        )
        == 0
    )
    assert "2 of 2 equal" in capsys.readouterr().out
    written = json.loads(file.read_text(encoding="utf-8"))
    assert [q["number"] for q in written["queries"]] == [1, 6] and written["geometric_mean"] > 0
    for query in written["queries"]:
        assert (
            set(query["milliseconds"]) == {"rem", "duckdb", "polars"}
            and query["plan_uncached_ms"] > 0
            and query["plan_cached_ms"] > 0
        )


@pytest.mark.usefixtures("available")
def test_a_query_is_taken_apart(capsys):
    """The profile shows the phases, our plan and Polars' plan."""
    assert main(["--suite", "tpch", "--scale", "0.01", "--profile", "6"]) == 0
    said = capsys.readouterr().out
    assert all(
        word in said
        for word in ("parse", "bind", "optimize", "lower", "collect", "Polars plan, optimized", "from the plan cache")
    )


def test_an_environment_that_cannot_be_made_is_told(tmp_path, monkeypatch, capsys):
    """The runner returns 2 and the reason."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("REM_TPC_DIR", str(tmp_path / "file"))
    assert main(["--suite", "tpch", "--scale", "0.01"]) == 2
    assert "name another folder in REM_TPC_DIR" in capsys.readouterr().out


def test_a_command_that_fails_is_told():
    """What it says last is the reason."""
    with pytest.raises(UnavailableError, match="the test failed: no such thing"):
        environment.run(["sh", "-c", "echo no such thing >&2; exit 1"], "the test", timeout_s=PATIENCE_S)


@pytest.mark.parametrize(
    ("actual", "expected", "said"),
    [
        ([(1, "a"), (2, None)], [(2, None), (1, "a")], ""),
        ([(1, "a")], [(1, "a"), (1, "a")], "1 rows instead of 2"),
        ([(1,)], [(1, 2)], "1 columns instead of 2"),
        ([(1, "a"), (1, "a")], [(1, "a"), (1, "b")], "1 of 2 rows differ, such as (1, 'a') instead of (1, 'b')"),
        ([("a", 1.0000001), ("b", None)], [("b", None), ("a", Decimal("1.00"))], ""),
        (
            [("a", 1.0001)],
            [("a", Decimal("1.00"))],
            "1 of 1 rows differ, such as ('a', 1.0001) instead of ('a', '1.00')",
        ),
        ([(0.0,)], [(None,)], "1 of 1 rows differ, such as (0.0,) instead of (None,)"),
        ([(float("nan"),)], [(float("nan"),)], ""),
    ],
)
def test_answers_are_multisets_with_rough_fractions(actual, expected, said):
    """Order does not count, how often a row occurs does; fractions to 1e-6."""
    assert difference(actual, expected) == said


def test_only_right_answers_count():
    """The mean is of the ratios of equal answers; failures are grouped by reason."""
    times = {"rem": 4.0, "duckdb": 1.0}
    results = [
        Result("tpch", 1, verdict={"rem": "yes"}, milliseconds=times),
        Result("tpch", 2, verdict={"rem": "no: 1 rows instead of 2"}, milliseconds={"rem": 0.1, "duckdb": 1.0}),
        Result("tpch", 3, verdict={"rem": "error: X: y | line 1"}),
        Result("tpch", 4, verdict={"rem": "error: X: y | line 2"}),
    ]
    assert geometric_mean(results) == pytest.approx(4.0)
    assert failures(results) == {"error: X: y": [3, 4], "no: 1 rows instead of 2": [2]}
