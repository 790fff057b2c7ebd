"""Nested values in CSV and JSON: one form in COPY, `export` and the command line, and what has none is refused."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

import rem_arrow as rem
from rem_arrow.shell.cli import app

_NESTED = {
    "['it''s', 'b', NULL]": ["it's", "b", None],
    "[1, 2]": [1, 2],
    "[[1], [], NULL]": [[1], [], None],
    "{'a': 1, 'b': DATE '2024-01-02'}": {"a": 1, "b": "2024-01-02"},
    "[TIMESTAMP '2024-01-02 03:04:05.5']": ["2024-01-02 03:04:05.500"],
    "[TIMESTAMPTZ '2024-01-02 03:04:05+02']": ["2024-01-02T01:04:05+00:00"],
    "[TIME '03:04:05']": ["03:04:05"],
    "[1.50::DECIMAL(4, 2)]": ["1.50"],
    "[170141183460469231731687303715884105727::HUGEINT]": ["170141183460469231731687303715884105727"],
    "[{'at': DATE '0001-01-01', 'x': 0.5::DOUBLE}]": [{"at": "0001-01-01", "x": 0.5}],
    "NULL::VARCHAR[]": None,
}


@pytest.mark.parametrize("value", _NESTED)
def test_a_nested_value_is_json_by_every_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.chdir(tmp_path)
    with rem.connect("x.rem") as db:
        db.sql(f"CREATE TABLE t AS SELECT {value} AS v, 1 AS n")
        db.sql("COPY t TO 'copied.csv'")
        db.export("out", format="csv", tables=["t"])
    assert CliRunner().invoke(app, ["sql", "x.rem", "FROM t", "-o", "shell.csv"]).exit_code == 0
    texts = {Path(name).read_text() for name in ("copied.csv", "out/t.csv", "shell.csv")}
    assert len(texts) == 1
    read = pl.read_csv("copied.csv", schema={"v": pl.String, "n": pl.Int64})["v"][0]
    assert (None if read is None else json.loads(read)) == _NESTED[value]
    with rem.connect() as db:
        db.import_from("out")
        assert db.sql(f"SELECT v IS NOT DISTINCT FROM {value} FROM t").item()


@pytest.mark.parametrize(
    ("value", "ending", "held"),
    [
        ("'ab'::BLOB", "csv", "BLOB"),
        ("'ab'::BLOB", "json", "BLOB"),
        ("['ab'::BLOB]", "csv", "BLOB"),
        ("{'x': ['ab'::BLOB]}", "json", "BLOB"),
        ("INTERVAL 3 HOUR", "csv", "INTERVAL"),
    ],
)
def test_what_has_no_form_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, ending: str, held: str
) -> None:
    """By its column, and with what would work; a file of the name stays as it was."""
    monkeypatch.chdir(tmp_path)
    Path(f"x.{ending}").write_text("before")
    with rem.connect("x.rem") as db:
        with pytest.raises(rem.InputError, match=f'"v" of x.{ending} is .*has no {held}; cast it to VARCHAR, or write'):
            db.sql(f"COPY (SELECT {value} AS v) TO 'x.{ending}'")
        db.sql(f"COPY (SELECT ({value})::VARCHAR AS v) TO 'cast.{ending}'")
    assert Path(f"x.{ending}").read_text() == "before"
    run = CliRunner().invoke(app, ["sql", "x.rem", f"SELECT {value} AS v", "--format", ending])
    assert run.exit_code == 1 and f"has no {held}" in run.output


def test_what_json_lacks_is_refused_below_a_list(tmp_path: Path) -> None:
    with rem.connect() as db, pytest.raises(rem.InputError, match='"v" of .* holds NaN or an infinity'):
        db.sql(f"COPY (SELECT ['nan'::DOUBLE] AS v) TO '{tmp_path}/x.csv'")
