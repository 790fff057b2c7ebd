"""The command line does what its help says, writes every format, and leaves with the right exit code."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys

import polars as pl
import pytest
from typer.testing import CliRunner

import rem_arrow as rem
from rem_arrow.shell.cli import EXIT_DAMAGED, EXIT_FAILED, app

ROWS = pl.DataFrame({"name": ["a", "b", None], "n": [1, 2, 3], "tags": [["x"], [], None]})


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    path = tmp_path_factory.mktemp("filled") / "my.rem"
    with rem.connect(path) as db:
        db.load("t", ROWS)
        db.insert("entities", {"id": "dhl", "name": "DHL"})
    return path


@pytest.fixture
def database(filled, tmp_path):
    return shutil.copytree(filled, tmp_path / "my.rem")


def run(*args, code=0):
    result = CliRunner().invoke(app, [str(a) for a in args])
    assert result.exit_code == code, (result.output, result.exception)
    return result


def test_rows_go_to_a_pipe_as_csv(database):
    """Without a terminal the rows are CSV."""
    assert run("sql", database, "SELECT name, n FROM t ORDER BY n").stdout == "name,n\na,1\nb,2\n,3\n"


def test_rows_as_json(database):
    """JSON is one object a line."""
    lines = run("sql", database, "SELECT name, tags FROM t ORDER BY n", "--format", "json").stdout.splitlines()
    assert json.loads(lines[0]) == {"name": "a", "tags": ["x"]}


@pytest.mark.parametrize(
    ("suffix", "read"), [("parquet", pl.read_parquet), ("arrow", pl.read_ipc_stream), ("csv", pl.read_csv)]
)
def test_rows_to_a_file(database, tmp_path, suffix, read):
    """The file's ending says the format."""
    target = tmp_path / f"out.{suffix}"
    run("sql", database, "SELECT name, n FROM t ORDER BY n", "-o", target)
    assert read(target).rows() == [("a", 1), ("b", 2), (None, 3)]


def test_a_table_is_drawn_on_demand(database):
    """--format table draws, with NULL and a count."""
    out = run("sql", database, "SELECT * FROM t", "--format", "table").stdout
    assert "NULL" in out
    assert "3 rows" in out


def test_parameters_and_plans(database):
    """-p gives values, --explain shows the plan."""
    assert run("sql", database, "SELECT n FROM t WHERE n > $low", "-p", "low=2").stdout == "n\n3\n"
    assert "Scan t" in run("sql", database, "SELECT n FROM t", "--explain").stdout


def test_load_then_list(tmp_path):
    """load makes the database and the table; tables, schema and info describe them."""
    source = tmp_path / "s.csv"
    ROWS.select("name", "n").write_csv(source)
    path = tmp_path / "new.rem"
    run("load", path, "sales", source)
    assert "sales,plain,user,3,2" in run("tables", path).stdout
    assert "n,BIGINT" in run("schema", path, "sales").stdout
    assert "sales,3" in run("info", path).stdout


def test_lookup_and_its_exit_code(database):
    """lookup finds without regard to case, and fails when it finds nothing."""
    assert "entities,dhl,DHL,id" in run("lookup", database, "dHl").stdout
    run("lookup", database, "nobody", code=EXIT_FAILED)


def test_fuzzy_and_its_exit_code(database):
    """fuzzy finds what is spelled alike, and fails when nothing is."""
    assert "entities,dhl,DHL,id,0.5" in run("fuzzy", database, "dhll", "-k", "1", "--threshold", "0.5").stdout
    run("fuzzy", database, "dhll", "--table", "agents", code=EXIT_FAILED)
    assert "Did you mean agents" in run("fuzzy", database, "dhl", "--table", "agent", code=EXIT_FAILED).output
    assert (
        "threshold is a number from 0 to 1"
        in run("fuzzy", database, "dhl", "--threshold", "3", code=EXIT_FAILED).output
    )


def test_errors_are_text_and_exit_code_1(database, tmp_path):
    """An error is printed without a traceback."""
    result = run("sql", database, "SELECT nam FROM t", code=EXIT_FAILED)
    assert "Did you mean name?" in result.output
    assert "Traceback" not in result.output
    assert "is not a database" in run("sql", tmp_path / "none", "SELECT 1", code=EXIT_FAILED).output
    assert "NAME=VALUE" in run("sql", database, "SELECT 1", "-p", "x", code=EXIT_FAILED).output


def test_backup_compact_verify(database, tmp_path):
    """The upkeep commands work, and verify fails on damage."""
    run("backup", database, tmp_path / "copy.rem")
    run("compact", database)
    assert "is sound" in run("verify", database).output
    assert "is sound" in run("verify", tmp_path / "copy.rem").output
    for sst in database.glob("*.sst"):
        data = bytearray(sst.read_bytes())
        data[len(data) // 3] ^= 0xFF
        sst.write_bytes(bytes(data))
    result = CliRunner().invoke(app, ["verify", str(database)])
    assert result.exit_code in (EXIT_DAMAGED, EXIT_FAILED), result.output


def test_help_teaches():
    """Each command has help with a sentence."""
    assert "demo" in run("--help").output
    for command in ("sql", "load", "lookup", "fuzzy", "search", "verify"):
        assert "Usage" in run(command, "--help").output


def test_module_runs_and_pipes_parquet(database):
    """python -m rem_arrow is the command; a pipe takes Parquet."""
    done = subprocess.run(
        [sys.executable, "-m", "rem_arrow", "sql", str(database), "SELECT n FROM t ORDER BY n", "-f", "parquet"],
        capture_output=True,
        check=True,
    )
    assert pl.read_parquet(io.BytesIO(done.stdout))["n"].to_list() == [1, 2, 3]


def test_sql_writes_when_it_is_told_to(database):
    """Without --write the database is open for reading only."""
    assert "open for reading only" in run("sql", database, "DELETE FROM t WHERE n = 2", code=EXIT_FAILED).output
    assert (
        run("sql", database, "--write", "DELETE FROM t WHERE n = 2; INSERT INTO t (name, n) VALUES ('new', 9)").stdout
        == "count\n1\n"
    )
    assert run("sql", database, "SELECT n FROM t ORDER BY n").stdout == "n\n1\n3\n9\n"


def test_search(tmp_path):
    """search prints the nearest rows, best first."""
    path = tmp_path / "found.rem"
    with rem.connect(path) as db:
        db.insert(
            "resources",
            [{"name": "one", "content": "the login page fails"}, {"name": "two", "content": "salt and pepper"}],
        )
    shown = run("search", path, "resources", "login fails", "-k", "1", "--format", "csv").stdout
    assert "one" in shown
    assert "two" not in shown
    assert "two" in run("search", path, "resources", "login", "--where", "name <> 'one'", "--format", "csv").stdout
    run("search", path, "nothing", "login", code=EXIT_FAILED)


def test_documents_are_added(database, tmp_path):
    """Files and folders, in chunks; again is the same."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# One\n\nText.\n\n# Two\n\nMore.\n")
    (tmp_path / "b.txt").write_text("Alone.")
    for _ in range(2):
        result = run("add", database, tmp_path / "docs", tmp_path / "b.txt", "--category", "guide")
        assert "2 documents in 3 chunks" in result.stderr
    assert "0 added, 0 changed, 2 unchanged, 0 removed" in result.stderr
    assert (
        run("sql", database, "SELECT name FROM resources WHERE category = 'guide' ORDER BY id").stdout
        == "name\nb.txt\nb.txt\nOne\nOne\nTwo\n"
    )
    assert "no file or folder" in run("add", database, "no/such", code=EXIT_FAILED).stderr
    (tmp_path / "docs" / "a.md").unlink()
    (tmp_path / "docs" / "bad.md").write_bytes(b"\xff")
    result = run("add", database, tmp_path / "docs", "--sync", "--ignore-errors")
    assert "0 documents" in result.stderr and "1 removed" in result.stderr
    assert "passed over: " in result.stderr and "bad.md is not UTF-8" in result.stderr


def test_publish_and_verify(database, tmp_path):
    """publish lists what it wrote; verify --published reads it, and says 3 where it is damaged."""
    assert "t,3,1,1," in run("publish", database, tmp_path / "out", "--table", "t").stdout
    assert "is sound" in run("verify", database, "--published", tmp_path / "out").stderr
    next((tmp_path / "out/tables/t").glob("*.parquet")).unlink()
    assert "the file is missing" in run("verify", database, "--published", tmp_path / "out", code=EXIT_DAMAGED).stdout


def test_export_and_import(database, tmp_path):
    """What is written is listed, and read back by a new database."""
    out = run("export", database, tmp_path / "out", "--table", "t", "--table", "entities", "--format", "ndjson").stdout
    assert out.splitlines()[0] == "table,kind,rows,path,bytes" and "t,plain,3,t.ndjson" in out
    assert run("import", tmp_path / "new.rem", tmp_path / "out", "--table", "t").stdout == "table,rows\nt,3\n"
    assert run("sql", tmp_path / "new.rem", "SELECT count(*) AS n FROM t").stdout == "n\n3\n"
    assert "exists; name a new folder" in run("export", database, tmp_path / "out", code=EXIT_FAILED).stderr
    assert (
        "there is no file or folder"
        in run("import", tmp_path / "new.rem", tmp_path / "nowhere", code=EXIT_FAILED).stderr
    )


def test_repair_tells_and_repairs(tmp_path):
    """With --dry-run nothing is changed; a sound database is left alone."""
    path = tmp_path / "db"
    with rem.connect(path) as db:
        db.insert("entities", {"id": "a", "name": "A"})
    assert "is sound" in run("repair", path).stderr
    (path / "CURRENT").write_text("nothing\n")
    dry = run("repair", path, "--dry-run")
    assert "names no list of files" in dry.stdout and "would be repaired" in dry.stderr
    assert (path / "CURRENT").read_text() == "nothing\n"
    assert "repaired; the old files are in" in run("repair", path).stderr
    assert "is sound" in run("verify", path).stderr
