"""Folders that others wrote: databases, backups, exports, documents, and files to load."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import rem_arrow as rem
from rem_arrow.interop.imports import open_tables

SECRET = "the secret of another"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database, a backup of it, an export in every format, a folder of documents, and a secret outside of all."""
    root = tmp_path_factory.mktemp("made")
    with rem.connect(root / "db") as db:
        db.load("t", pl.DataFrame({"v": ["x"]}))
        db.backup(root / "backup")
        db.export(root / "export", tables=["t"], format="csv")
    (root / "documents").mkdir()
    (root / "documents" / "a.md").write_text("Mine")
    (root / "secret.md").write_text(SECRET)
    (root / "secrets").mkdir()
    (root / "secrets" / "t.csv").write_text(f"v\n{SECRET}\n")
    return root


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return shutil.copytree(made, tmp_path, dirs_exist_ok=True)


def opened(folder: Path, name: str) -> None:
    """What is done with a folder of that kind."""
    match name:
        case "db":
            rem.connect(folder / "db").close()
        case "backup":
            rem.restore(folder / "backup", folder / "restored")
        case _:
            with rem.connect() as db:
                db.import_from(folder / name)


@pytest.mark.parametrize("name", ["db", "backup", "export"])
@pytest.mark.parametrize("to", ["secret.md", "secrets", "nowhere", "/proc/self/fd/0", "/etc/passwd"])
def test_a_link_in_a_folder_of_others_is_refused(folder: Path, name: str, to: str) -> None:
    """A database is not opened with it, nothing is copied, nothing imported."""
    (folder / name / "more").mkdir()
    (folder / name / "more" / "link").symlink_to(folder / to)
    with pytest.raises(rem.InputError, match="link that leads out of"):
        opened(folder, name)
    assert not (folder / "restored").exists()


@pytest.mark.parametrize("name", ["db", "backup", "export"])
def test_a_pipe_in_a_folder_of_others_is_refused(folder: Path, name: str) -> None:
    """Nobody waits for it."""
    os.mkfifo(folder / name / "pipe.csv")
    with pytest.raises(rem.InputError, match="is a pipe or a device"):
        opened(folder, name)


@pytest.mark.parametrize("name", ["rocksdict-config.json", "LOG", "LOCK", "vectors", "texts"])
def test_a_database_does_not_write_through_a_link(folder: Path, name: str) -> None:
    """Those that its own files are called by, for reading and for writing."""
    path = folder / "db" / name
    path.unlink(missing_ok=True)
    path.symlink_to(folder / ("secrets" if name in ("vectors", "texts") else "secret.md"))
    for read_only in (False, True):
        with pytest.raises(rem.InputError, match="link that leads out of"):
            rem.connect(folder / "db", read_only=read_only)
    assert (folder / "secret.md").read_text() == SECRET
    assert [p.name for p in (folder / "secrets").iterdir()] == ["t.csv"]


def test_a_table_behind_a_link_is_not_imported(folder: Path) -> None:
    """Neither as the file of an export nor as one of a folder of files; a link to a file beside it is one."""
    (folder / "export" / "t.csv").unlink()
    (folder / "export" / "t.csv").symlink_to(folder / "secrets" / "t.csv")
    (folder / "files").mkdir()
    (folder / "files" / "t.csv").write_text("v\nmine\n")
    (folder / "files" / "u.csv").symlink_to("t.csv")
    with rem.connect() as db:
        with pytest.raises(rem.InputError, match="link that leads out of"):
            db.import_from(folder / "export")
        assert db.import_from(folder / "files").rows() == [("t", 1), ("u", 1)]


@pytest.mark.parametrize("path", ["../secrets/t.csv", "{}/secrets/t.csv", "a/../../secrets/t.csv"])
def test_a_manifest_names_no_file_outside(folder: Path, path: str) -> None:
    """Absolute, or with dots."""
    manifest = folder / "export" / "manifest.json"
    page = json.loads(manifest.read_text())
    page["tables"][0]["path"] = path.format(folder)
    manifest.write_text(json.dumps(page))
    with rem.connect() as db, pytest.raises(rem.InputError, match="lies outside of its folder"):
        db.import_from(folder / "export")


def test_options_in_a_database_of_others_name_no_folder(folder: Path) -> None:
    """RocksDB's options say where logs and data lie; those in the folder are not read."""
    for options in (folder / "db").glob("OPTIONS-*"):
        told = f"wal_dir={folder}/x\n  db_log_dir={folder}/y\n  db_paths={{path={folder}/z;target_size=1}}"
        options.write_text(options.read_text().replace("[DBOptions]\n", f"[DBOptions]\n  {told}\n"))
    before = {p.name for p in folder.iterdir()}
    with rem.connect(folder / "db") as db:
        db.load("u", pl.DataFrame({"v": [1]}))
        db.compact()
    with rem.connect(folder / "db", read_only=True) as db:
        assert db.sql("FROM u").rows() == [(1,)]
    assert {p.name for p in folder.iterdir()} == before


class Planted:
    """Makes a folder when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.mark),)


def test_a_planted_pickle_is_never_loaded(folder: Path) -> None:
    """In every file of a database, whatever its configuration says; in files to load, and in Arrow's metadata."""
    mark = folder / "unpickled"
    planted = pickle.dumps(Planted(mark))
    pickle.loads(planted)
    assert mark.is_dir(), "it does what it should not"
    mark.rmdir()
    (folder / "db" / "rocksdict-config.json").write_text('{"raw_mode": false, "prefix_extractors": {}}')
    with rem.connect(folder / "db") as db:
        kv = db._instance.store.kv
        # rocksdict marks a pickle by its first byte.
        for family in ("default", "ids", "keys", "index"):
            kv.write([(family, b"\xffplanted" + bytes([kind]), bytes([kind]) + planted) for kind in range(10)])
    with rem.connect(folder / "db") as db:
        kv = db._instance.store.kv
        for family in ("default", "ids", "keys", "index"):
            assert all(value.endswith(planted) for _, value in kv.scan(family, b"\xffplanted"))
        db.verify()
    files = [f"t{ending}" for ending in (".parquet", ".arrow", ".csv", ".ndjson", ".feather")]
    with rem.connect() as db:
        for name in files:
            (folder / name).write_bytes(planted)
            with pytest.raises(rem.RemError):
                db.load("t", folder / name)
        for name in ("x.npy", "x.pkl", "x.joblib", "x.pt"):
            (folder / name).write_bytes(planted)
            with pytest.raises(rem.InputError):
                db.load("t", folder / name)
            with pytest.raises(rem.InputError):
                db.import_from(folder / name)
    assert not mark.exists()


def test_a_backup_lies_outside_of_databases(folder: Path) -> None:
    """Neither a backup nor an export nor a restored database is written into a database, its own or another's."""
    rem.connect(folder / "other").close()
    with rem.connect(folder / "db") as db:
        for path in (folder / "db" / "in", folder / "db" / "tenants" / "a", folder / "other" / "x", folder / "db"):
            with pytest.raises(rem.InputError, match="lies inside the database|exists"):
                db.backup(path)
            with pytest.raises(rem.InputError, match="lies inside the database|exists"):
                db.export(path)
            with pytest.raises(rem.InputError, match="lies inside the database|exists"):
                rem.restore(folder / "backup", path)
    for inside in ("in", "vectors/in"):
        with pytest.raises(rem.InputError, match="lies inside the database"):
            rem.restore(folder / "backup", folder / "backup" / inside)
    with pytest.raises(rem.InputError, match="exists and is not empty"):
        rem.restore(folder / "backup", folder / "backup")
    rem.restore(folder / "backup", folder / "restored")
    rem.connect(folder / "restored").close()


@pytest.mark.parametrize(
    "tenant", ["..", "../db", "../../db", "{}/db", "tenants", ".", "a/../..", "%2e%2e", "A", "a\\..\\b"]
)
def test_a_tenant_reaches_no_other_folder(folder: Path, tenant: str) -> None:
    """Whatever it is called, it is a database of its own, and COPY of its text reaches no other one's files."""
    rem.connect(folder / "db", tenant="a").close()
    name = tenant.format(folder)
    with rem.connect(folder / "db", tenant=name) as db:
        assert db.path.parent == folder / "db" / "tenants"
        assert db.path.name != "a"
        assert "t" not in db.tables()["name"].to_list()
        for path in ("db/CURRENT", "db/tenants/a/CURRENT", "db/tenants/a/new.csv", "db/tenants/new.csv"):
            with pytest.raises(rem.InputError, match="lies inside the database"):
                db.sql(f"COPY (SELECT 1 AS n) TO '{folder / path}' (FORMAT csv)")


def test_documents_behind_links_are_passed_over(folder: Path) -> None:
    """A folder of documents, and a pattern; a file that is named is read."""
    (folder / "documents" / "b.md").symlink_to(folder / "secret.md")
    (folder / "documents" / "c").symlink_to(folder)
    os.mkfifo(folder / "documents" / "d.md")
    with rem.connect() as db:
        assert len(db.add_documents(folder / "documents")) == 1
        assert len(db.add_documents(str(folder / "documents" / "**" / "*.md"))) == 1
        assert SECRET not in str(db.sql("SELECT content FROM resources").rows())


@pytest.mark.parametrize("name", ["pipe.md", "/dev/zero", "/dev/stdin", "folder"])
def test_a_document_is_a_file(folder: Path, name: str) -> None:
    """A pipe is not waited for, and a device not read without end."""
    os.mkfifo(folder / "pipe.md")
    (folder / "folder").mkdir()
    with rem.connect() as db, pytest.raises(rem.InputError, match="is no file|is a folder"):
        db.add_document(folder / name)


@pytest.mark.parametrize("name", ["pipe.csv", "folder.csv", "/dev/null"])
def test_a_file_to_load_is_a_file(folder: Path, name: str) -> None:
    """Neither a pipe nor a device is opened."""
    os.mkfifo(folder / "pipe.csv")
    (folder / "folder.csv").mkdir()
    with rem.connect() as db:
        with pytest.raises(rem.InputError, match="there is no file"):
            db.load("t", folder / name)
        with pytest.raises(rem.InputError, match="there is no file|holds no tables"):
            db.import_from(folder / name)


@pytest.mark.parametrize("ending", ["csv", "ndjson", "parquet", "arrow"])
@pytest.mark.parametrize("name", ["[a]", "*", "file:{}/secrets/t", "~/t"])
def test_a_file_to_load_is_no_pattern_and_no_address(
    folder: Path, ending: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file of exactly this name is loaded, not another."""
    monkeypatch.chdir(folder / "documents")
    monkeypatch.setenv("HOME", str(folder / "secrets"))
    write = {"csv": "write_csv", "ndjson": "write_ndjson", "parquet": "write_parquet", "arrow": "write_ipc"}[ending]
    for path, value in ((Path(f"a.{ending}"), SECRET), (Path(f"{name.format(folder)}.{ending}"), "mine")):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            getattr(pl.DataFrame({"v": [value]}), write)(file)
        shutil.copy(path, folder / "secrets" / f"t.{ending}") if value == SECRET else None
    with rem.connect() as db:
        db.load("t", path)
        assert db.sql("FROM t").rows() == [("mine",)]


def test_a_folder_of_any_name_is_exported_and_imported(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Brackets are no pattern, and a colon or a tilde no address."""
    monkeypatch.chdir(folder / "documents")
    monkeypatch.setenv("HOME", str(folder / "secrets"))
    for name in ("[a]", "~", "file:x", "md:x", "*"):
        for format_ in ("csv", "ndjson", "parquet", "ipc"):
            with rem.connect() as db:
                db.load("t", pl.DataFrame({"v": ["mine"]}))
                db.export(f"{name}/{format_}", format=format_, tables=["t"])
                db.import_from(f"{name}/{format_}", tables={"t": "u"})
                assert db.sql("FROM u").rows() == [("mine",)]
    assert [p.name for p in (folder / "secrets").iterdir()] == ["t.csv"]


def test_a_duckdb_file_of_others_reads_no_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever its schema says, DuckDB is confined to it, and fetches no extension."""
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect(folder / "x.duckdb") as con:
        con.execute(f"CREATE TABLE t (v TEXT); CREATE VIEW w AS FROM read_text('{folder / 'secret.md'}')")
    connections, connect = [], duckdb.connect
    monkeypatch.setattr(duckdb, "connect", lambda *a, **k: connections.append(connect(*a, **k)) or connections[-1])
    with open_tables(folder / "x.duckdb") as tables:
        assert [t.name for t in tables] == ["t"]
        for text in ("FROM w", f"FROM read_csv('{folder / 'secrets' / 't.csv'}')", "LOAD httpfs", "INSTALL httpfs"):
            with pytest.raises(duckdb.Error):
                connections[0].execute(text)
        with pytest.raises(duckdb.Error, match="locked"):
            connections[0].execute("SET autoload_known_extensions = true")


def test_a_sqlite_file_of_others_calls_nothing_with_effects(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its schema is not trusted; functions that read files are unknown to it."""
    with sqlite3.connect(folder / "x.db") as con:
        con.execute("CREATE TABLE t (v TEXT, w AS (upper(v)))")
        con.execute("INSERT INTO t VALUES ('mine')")
        con.execute("CREATE TRIGGER tr AFTER INSERT ON t BEGIN SELECT load_extension('x'); END")
    connections, connect = [], sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: connections.append(connect(*a, **k)) or connections[-1])
    with rem.connect() as db:
        db.import_from(folder / "x.db")
        assert db.sql("FROM t").rows() == [("mine", "MINE")]
    with open_tables(folder / "x.db"):
        con = connections[-1]
        assert con.execute("PRAGMA trusted_schema").fetchone() == (0,)
        for text in ("SELECT load_extension('x')", "INSERT INTO t (v) VALUES ('y')"):
            with pytest.raises(sqlite3.Error):
                con.execute(text)


@pytest.mark.parametrize(
    "path", ["{}/secret.parquet", "file://{}/secret.parquet", "../../secret.parquet", "%2e%2e/../x"]
)
def test_a_delta_log_names_no_file_outside(folder: Path, path: str) -> None:
    """Absolute, as an address, or with dots: it is a name in the table's folder."""
    pytest.importorskip("deltalake", reason="Delta tables need deltalake: pip install deltalake")
    pl.DataFrame({"v": [SECRET]}).write_parquet(folder / "secret.parquet")
    with rem.connect(folder / "db") as db:
        db.export(folder / "delta", format="delta", tables=["t"])
    log = next((folder / "delta" / "t" / "_delta_log").glob("*.json"))
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    for line in lines:
        if "add" in line:
            line["add"] |= {"path": path.format(folder), "size": (folder / "secret.parquet").stat().st_size}
    log.write_text("\n".join(map(json.dumps, lines)))
    with rem.connect() as db, pytest.raises(rem.InputError, match="cannot be read"):
        db.import_from(folder / "delta")
