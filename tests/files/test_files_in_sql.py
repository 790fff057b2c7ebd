"""Files in FROM give the rows and types that DuckDB gives, within what the connection allows."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

import rem_arrow as rem
from tests.effort import sample


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of every kind; the statements name them from here."""
    root = tmp_path_factory.mktemp("files")
    (root / "a.csv").write_text("id,name,day\n1,x,2024-01-02\n2,y,2024-02-03\n")
    (root / "b.csv").write_text("id,name,day\n3,z,2024-01-02\n")
    (root / "c.csv").write_text("id,extra\n4,q\n")
    (root / "s.txt").write_text("# a line\nid;v;n\n1;'a;b';NA\n2;c;5\n")
    (root / "n.csv").write_text("1,2\n3,4\n")
    (root / "a.csv.gz").write_bytes(gzip.compress((root / "a.csv").read_bytes()))
    (root / "j.json").write_text('[{"a":1,"b":{"c":"x"}},{"a":2}]')
    (root / "j.ndjson").write_text('{"a":1}\n{"a":2.5}\n')
    con = duckdb.connect()
    for year, month in ((2023, "01"), (2024, "02")):
        (root / f"p/year={year}/m={month}").mkdir(parents=True)
        con.execute(f"COPY (SELECT range id, 't{year}' s FROM range(3)) TO '{root}/p/year={year}/m={month}/f.parquet'")
    con.execute(
        "COPY (SELECT range i, range::VARCHAR s, DATE '2024-01-01' + range::INT d, [range] l, {'x': range} st, "
        f"MAP {{'k': range}} m FROM range(1000)) TO '{root}/big.parquet' (ROW_GROUP_SIZE 100)"
    )
    return root


_SAME = """FROM 'a.csv'
SELECT a.id FROM 'a.csv'
FROM 'a.csv' AS t WHERE t.id = 2
FROM "a.csv"
FROM read_csv('a.csv')
FROM read_csv(['a.csv', 'b.csv'])
FROM '[ab].csv' ORDER BY id
FROM 'a.csv.gz'
FROM read_csv(['a.csv', 'c.csv'], union_by_name = true)
FROM read_csv('a.csv', filename = true)
FROM read_csv('s.txt', skip = 1, delim = ';', quote = '''', nullstr = 'NA')
FROM read_csv('n.csv', header = false, names = ['p', 'q'])
FROM read_csv('n.csv', columns = {'x': 'VARCHAR', 'y': 'INTEGER'})
FROM read_csv('a.csv', types = {'id': 'VARCHAR'})
FROM read_csv('a.csv', types = ['VARCHAR'])
FROM read_csv('a.csv', all_varchar = true)
FROM read_csv('a.csv', dateformat = '%Y-%d-%m')
FROM read_csv_auto('a' || '.csv')
FROM 'j.json'
FROM 'j.ndjson'
FROM read_json_auto('j.json')
FROM read_ndjson('j.ndjson')
FROM 'big.parquet' WHERE i BETWEEN 5 AND 7
SELECT count(*), sum(i) FROM 'big.parquet' WHERE d > DATE '2025-01-01'
SELECT typeof(COLUMNS(* EXCLUDE m)) FROM 'big.parquet' LIMIT 1
FROM 'p/**/*.parquet' ORDER BY ALL
FROM read_parquet('p/*/*/*.parquet', hive_partitioning = false) ORDER BY ALL
FROM read_parquet('p/**/*.parquet', filename = true) ORDER BY ALL
SELECT year, m, count(*) FROM 'p/**/*.parquet' WHERE year = 2024 GROUP BY ALL
SELECT a.name, p.s FROM 'a.csv' a JOIN 'p/year=2023/m=01/f.parquet' p ON p.id = a.id ORDER BY ALL
SELECT count(*) FROM 'big.parquet' x, 'big.parquet' y WHERE x.i = y.i
FROM glob('*.csv')
FROM glob('p/**')
SELECT filename, content, size FROM read_text('n.csv')
SELECT filename, content, size FROM read_blob('n.csv')
FROM parquet_scan('big.parquet') LIMIT 2
DESCRIBE FROM 'a.csv'
WITH t AS (FROM 'a.csv') SELECT max(id) FROM t
SELECT (SELECT max(id) FROM 'a.csv') AS m
FROM read_csv('a.csv') t(x, y, z)
SELECT * FROM 'a.csv' POSITIONAL JOIN 'n.csv'
FROM read_csv('a.csv', sample_size = -1, ignore_errors = true)"""


def _entries(value: object) -> object:
    """A map of DuckDB as the list of entries that it is here."""
    return [{"key": k, "value": v} for k, v in value.items()] if isinstance(value, dict) and "k" in value else value


def test_rows_and_columns_are_those_of_duckdb(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    con, differing = duckdb.connect(), []
    con.execute("SET TimeZone = 'UTC'")
    with rem.connect() as db:
        for text in sample(_SAME.splitlines()):
            expected, got = con.sql(text), db.sql(text)
            rows = [tuple(map(_entries, row)) for row in expected.fetchall()]
            if (got.columns, got.rows()) != (expected.columns, rows):
                differing.append((text, rows[:3], got.rows()[:3]))
    assert not differing


@pytest.fixture
def db(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[rem.Database]:
    monkeypatch.chdir(folder)
    with rem.connect() as db:
        yield db


def test_files_are_read_wherever_rows_are(db: rem.Database) -> None:
    """CREATE TABLE AS, INSERT, views, parameters, lazy frames; each time the file is what it is then."""
    assert db.sql("CREATE TABLE t AS FROM 'a.csv'").item() == 2
    assert db.sql("INSERT INTO t FROM 'b.csv'").item() == 1
    assert db.sql("SELECT count(*) FROM read_csv($file)", {"file": "a.csv"}).item() == 2
    assert db.lazy("SELECT i FROM 'big.parquet' WHERE i < 3").collect()["i"].to_list() == [0, 1, 2]
    Path("changing.csv").write_text("n\n1\n")
    db.sql("CREATE VIEW changing AS SELECT n FROM 'changing.csv'")
    first = db.sql("FROM changing").rows()
    Path("changing.csv").write_text("n\nx\n")
    assert (first, db.sql("FROM changing").rows()) == ([(1,)], [("x",)])
    Path("changing.csv").unlink()
    assert "Scan big.parquet (i" in db.explain("SELECT sum(i) FROM 'big.parquet'")


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("FROM read_csv('a.csv', frobnicate = 1)", rem.BindError, "read_csv has no option 'frobnicate'"),
        ("FROM read_csv('a.csv', header = 'x')", rem.BindError, "header is true or false, not 'x'"),
        ("FROM read_csv('a.csv', header = true, header = false)", rem.BindError, "header is given twice"),
        ("FROM read_parquet('big.parquet', delim = ';')", rem.BindError, "delim is an option of csv files"),
        ("FROM read_json(records = true)", rem.BindError, "begins with the name of a file"),
        ("FROM read_csv(5)", rem.BindError, "takes the name of a file"),
        ("FROM read_csv('a.csv', types = {'id': 'FROB'})", rem.BindError, "there is no type 'FROB'"),
        ("FROM 'nowhere.csv'", rem.InputError, "there is no file nowhere.csv"),
        ("FROM 'zz*.csv'", rem.InputError, r"no file matches zz\*.csv"),
        ("FROM read_csv(['a.csv', 'c.csv'])", rem.InputError, "has other columns than a.csv"),
        (
            "FROM read_csv('a.csv', types = {'name': 'INTEGER'})",
            rem.InputError,
            "row 1, column \"name\": 'x' is no INTEGER",
        ),
        ("COPY (SELECT 1) TO 'x.csv' (FROBNICATE 1)", rem.BindError, "has no option 'frobnicate'"),
    ],
)
def test_what_is_wrong_is_said(db: rem.Database, text: str, kind: type[rem.RemError], said: str) -> None:
    with pytest.raises(kind, match=said):
        db.sql(text)


@pytest.mark.parametrize(
    "text",
    [
        "FROM '{}/a.csv'",
        "FROM read_csv('{}/*.csv')",
        "FROM glob('{}/**')",
        "FROM read_text('{}/a.csv')",
        "SELECT (SELECT max(id) FROM '{}/a.csv')",
        "CREATE TABLE x AS FROM '{}/a.csv'",
    ],
)
def test_only_what_the_connection_allows_is_read(folder: Path, tmp_path: Path, text: str) -> None:
    """Neither by a name nor by a pattern, out of a folder by dots and links."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to(folder)
    for files in ("none", tmp_path / "in"):
        with rem.connect(tmp_path / "db", files=files) as db:
            for path in (folder, tmp_path / "in" / ".." / ".." / folder.name, tmp_path / "in" / "link"):
                with pytest.raises(rem.InputError, match="reads and writes no files|lies outside"):
                    db.sql(text.format(path))


def test_a_pattern_passes_over_links_and_databases(tmp_path: Path) -> None:
    """What lies outside is not listed, nor files of a database."""
    inside, outside = tmp_path / "in", tmp_path / "out"
    for place in (inside, outside):
        place.mkdir()
        (place / "a.csv").write_text("n\n1\n")
    (inside / "b.csv").symlink_to(outside / "a.csv")
    (inside / "folder").symlink_to(outside)
    rem.connect(inside / "db").close()
    with rem.connect(inside / "db", files=inside) as db:
        found = db.sql(f"FROM glob('{inside}/**')")["file"].to_list()
        assert found == [f"{inside}/a.csv"]
        assert db.sql(f"FROM read_csv('{inside}/*.csv')").rows() == [(1,)]
