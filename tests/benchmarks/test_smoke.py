"""Every benchmark runs at its smoke size, and the engines come to the same results."""

from __future__ import annotations

import json

import pytest

from benchmarks.__main__ import NAMES, RESULTS, disagreements, main
from benchmarks.measure import Row, Target, checksum, compare

FIELDS = {"what", "engine", "value", "unit", "rows", "reference", "ratio", "target", "met", "checksum"}


# The others take long, and use the same runner.
QUICK = ("load", "versions")


@pytest.mark.parametrize("name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.long) for n in NAMES])
def test_a_benchmark_runs_and_its_engines_agree(name, tmp_path):
    """The runner prints a table, writes JSON, and returns 0 because all checksums of one figure are equal."""
    before = {p: p.stat().st_mtime_ns for p in RESULTS.glob("*.json")}
    file = tmp_path / "out.json"
    assert main([name, "--smoke", "--json", str(file)]) == 0
    rows = json.loads(file.read_text(encoding="utf-8"))["benchmarks"][name]
    assert rows and all(set(row) == FIELDS for row in rows)
    assert all(row["checksum"] for row in rows if row["rows"])
    assert any(row["target"] and row["met"] is not None for row in rows)
    assert {p: p.stat().st_mtime_ns for p in RESULTS.glob("*.json")} == before, (
        "a smoke run leaves the real results alone"
    )


def test_a_disagreement_is_seen():
    """Two engines with the same work and different checksums make a line; different amounts of work do not."""
    rows = [
        Row("q", "a", 1.0, "ms", 10, checksum="x"),
        Row("q", "b", 1.0, "ms", 10, checksum="y"),
        Row("q", "c", 1.0, "ms", 5, checksum="z"),
    ]
    assert disagreements(rows) == ["q over 10 rows: the engines disagree: {'a': 'x', 'b': 'y'}"]
    assert not disagreements(rows[1:])


def test_an_unknown_benchmark_is_refused(capsys):
    """The message names those that exist."""
    with pytest.raises(SystemExit):
        main(["nonsense"])
    assert "no benchmark nonsense; there are open, ingest" in capsys.readouterr().err


def test_checksums_do_not_depend_on_order_or_spelling():
    """SQLite's 1 is DuckDB's true, and rows come in any order."""
    assert checksum([(1, "a"), (2, "b")]) == checksum([(2, "b"), (True, "a")])
    assert checksum([(1, "a")]) != checksum([(1, "b")])


def test_a_target_holds_for_the_first_engine():
    """A ratio is value / reference; without the reference the target is open."""
    target = Target("<=", 1.2, "ratio")
    rows = compare("q", {"ours": 2.0, "theirs": 1.0}, "ms", rows=1, reference="theirs", target=target)
    assert (rows[0].ratio, rows[0].met, rows[1].target) == (2.0, False, None)
    assert compare("q", {"ours": 2.0}, "ms", rows=1, reference="theirs", target=target)[0].met is None
