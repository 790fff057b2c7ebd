"""COPY ... TO with PARTITION_BY and with quotes that are asked for writes what DuckDB writes."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

import rem_arrow as rem

_ROWS = """
    SELECT * FROM (VALUES ('a b/c', DATE '2020-01-01', NULL::INTEGER, 1.5::DOUBLE, true, 7),
        ('z', NULL, 3, 2, false, 8), ('z', NULL, 3, 2, false, 9)) r(k, d, n, f, b, v)
"""


@pytest.fixture(scope="module")
def db():
    with rem.connect(background=False) as db:
        yield db


def _written(folder: Path) -> dict[str, object]:
    """The files below a folder, and what DuckDB reads in each."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): duckdb.sql(f"FROM '{p}'").fetchall() for p in files}


@pytest.mark.parametrize(
    "options",
    [
        "FORMAT csv, PARTITION_BY (k)",
        "FORMAT csv, PARTITION_BY (k, d, n, f, b)",
        "FORMAT parquet, PARTITION_BY (N, b)",
        "FORMAT parquet, PARTITION_BY k, WRITE_PARTITION_COLUMNS true",
        "FORMAT csv, PARTITION_BY (k), FILENAME_PATTERN 'file_{i}'",
        "FORMAT json, PARTITION_BY ('v')",
    ],
)
def test_folders_are_those_of_duckdb(db: rem.Database, tmp_path: Path, options: str) -> None:
    db.sql(f"COPY ({_ROWS}) TO '{tmp_path}/ours' ({options})")
    duckdb.sql(f"COPY ({_ROWS}) TO '{tmp_path}/theirs' ({options})")
    assert _written(tmp_path / "ours") == _written(tmp_path / "theirs")


def test_a_folder_with_files_stays_as_it_is(db: rem.Database, tmp_path: Path) -> None:
    """Unless the statement says otherwise; and rows are read back by the names of the folders."""
    copy = f"COPY (SELECT 1 AS k, 2 AS v) TO '{tmp_path}/p' (FORMAT csv, PARTITION_BY (k)"
    db.sql(f"{copy})")
    with pytest.raises(rem.RemError, match="is not empty; OVERWRITE_OR_IGNORE"):
        db.sql(f"{copy})")
    db.sql(f"{copy}, OVERWRITE_OR_IGNORE)")
    assert db.sql(f"FROM read_csv('{tmp_path}/p/*/*.csv', hive_partitioning = true)").rows() == [(2, 1)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("PARTITION_BY (nosuch)", 'partition_by: no column "nosuch"'),
        ("PARTITION_BY (k, v)", "partition_by leaves no column"),
        ("PARTITION_BY 5", "partition_by names columns"),
        ("PARTITION_BY (k), FILENAME_PATTERN '../x_{i}'", "filename_pattern is the name of a file"),
    ],
)
def test_folders_that_cannot_be_are_refused(db: rem.Database, tmp_path: Path, options: str, message: str) -> None:
    with pytest.raises(rem.RemError, match=message):
        db.sql(f"COPY (SELECT 1 AS k, 2 AS v) TO '{tmp_path}/p' (FORMAT csv, {options})")


def test_folders_are_made_where_files_may_be(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with rem.connect(background=False, files=tmp_path / "in") as db:
        with pytest.raises(rem.RemError, match="lies outside of"):
            db.sql(f"COPY (SELECT 1 AS k, 2 AS v) TO '{tmp_path}/out' (FORMAT csv, PARTITION_BY (k))")
        assert not (tmp_path / "out").exists()
        db.sql(f"COPY (SELECT 1 AS k, 2 AS v) TO '{tmp_path}/in/p' (FORMAT csv, PARTITION_BY (k))")
        assert (tmp_path / "in" / "p" / "k=1" / "data_0.csv").read_text() == "v\n2\n"


@pytest.mark.parametrize(
    "options",
    ["FORCE_QUOTE *", "FORCE_QUOTE (a, D)", "FORCE_QUOTE t, HEADER false", "ESCAPE '\\'"],
)
def test_quotes_are_those_of_duckdb(db: rem.Database, tmp_path: Path, options: str) -> None:
    rows = """
        SELECT * FROM (VALUES (1, NULL, '', 'x"y', 1.5::DOUBLE, true, DATE '2020-01-01', 'q'),
            (2, 3, 'a,b', NULL, NULL, false, NULL, 'two\nlines')) r(a, b, c, d, e, f, t, u)
    """
    for run, name in ((db.sql, "ours"), (duckdb.sql, "theirs")):
        run(f"COPY ({rows}) TO '{tmp_path}/{name}.csv' ({options})")
    assert (tmp_path / "ours.csv").read_text() == (tmp_path / "theirs.csv").read_text()


def test_a_column_to_quote_must_be_there(db: rem.Database, tmp_path: Path) -> None:
    with pytest.raises(rem.RemError, match='force_quote: no column "nosuch"'):
        db.sql(f"COPY (SELECT 1 AS a) TO '{tmp_path}/o.csv' (FORCE_QUOTE (nosuch))")


_CSV = 'id,name,v\n1,ann,1.5\n2,NA,\n3,"NA",NA\n4,"x, y",2.25\n'


@pytest.mark.parametrize(
    "query",
    [
        "FROM read_csv('{0}/a.csv', nullstr = 'NA')",
        "FROM read_csv('{0}/a.csv', nullstr = ['NA', ''])",
        "SELECT count(name), count(v), min(v) FROM read_csv('{0}/a.csv', nullstr = 'NA')",
        "FROM read_csv('{0}/a.csv', nullstr = 'NA', allow_quoted_nulls = false)",
        "FROM read_json_objects('{0}/n.ndjson')",
        "SELECT json ->> 'a' FROM read_ndjson_objects('{0}/n.ndjson')",
        "FROM read_json_objects('{0}/arr.json', format = 'array')",
        "FROM read_parquet('{0}/p.parquet', file_row_number = true) ORDER BY i",
        "SELECT i FROM read_parquet('{0}/p.parquet', file_row_number = true) WHERE file_row_number > 1 AND i < 4",
        "FROM read_csv(['{0}/u1.csv', '{0}/u2.csv'], union_by_name = true, filename = true) ORDER BY ALL",
    ],
)
def test_files_are_read_as_duckdb_reads_them(db: rem.Database, tmp_path: Path, query: str) -> None:
    (tmp_path / "a.csv").write_text(_CSV)
    (tmp_path / "n.ndjson").write_text('{"a":1, "b": {"c":[1,2]}}\n{"a":2}\n')
    (tmp_path / "arr.json").write_text('[{"a": 1}, {"a":null ,"t":true}]')
    (tmp_path / "u1.csv").write_text("id,name\n1,x\n")
    (tmp_path / "u2.csv").write_text("name,id,extra\ny,2,e\n")
    duckdb.sql(f"COPY (SELECT range AS i FROM range(5)) TO '{tmp_path}/p.parquet'")
    text = query.format(tmp_path)
    theirs = duckdb.sql(text)
    assert (db.sql(text).columns, db.sql(text).rows()) == (theirs.columns, theirs.fetchall())
