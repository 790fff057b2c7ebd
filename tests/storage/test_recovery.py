"""A write that fails leaves a handle that reads on and, once the disk takes writes again, writes on; closing never
keeps the lock; the background thread survives whatever its work raises."""

from __future__ import annotations

import threading
from pathlib import Path

import polars as pl
import pytest

import rem_arrow as rem
from rem_arrow.storage import compaction, keys
from rem_arrow.storage.kv import KV
from tests.patience import PATIENCE_S


class FailingDisk:
    """Makes RocksDB's writes fail: as if it had raised, before or after it stored the batch."""

    def __init__(self, kv: KV, *, stores: bool) -> None:
        self._kv, self._stores, self.full = kv, stores, True
        self.message = "IO error: No space left on device"

    def write(self, batch, *options):
        if self._stores:
            self._database.write(batch, *options)
        raise Exception(self.message)

    def __getattr__(self, name):
        return getattr(self._database, name)

    def begin(self) -> None:
        self._database = self._kv._db
        self._kv._db = self


@pytest.fixture
def db(tmp_path: Path):
    with rem.connect(tmp_path / "db", background=False) as database:
        database.load("t", pl.DataFrame({"n": range(10)}))
        database.insert("entities", [{"id": "a", "name": "A"}, {"id": "b", "name": "B"}])
        yield database


@pytest.mark.parametrize("stores", [False, True])
def test_a_handle_writes_on_after_a_failed_write(db: rem.Database, stores: bool) -> None:
    """What failed is not shown, or shown whole where RocksDB had stored it; reads go on all the time."""
    kv = db._instance.store.kv
    with db.transaction() as before:
        FailingDisk(kv, stores=stores).begin()
        with pytest.raises(rem.ExecuteError, match="the disk is full"):
            db.insert("entities", [{"id": "c", "name": "C"}, {"id": "d", "name": "D"}])
        assert db.get("entities", "a")["name"] == "A"
        assert before.get("entities", "b")["name"] == "B"
    db.insert("entities", {"id": "e", "name": "E"})
    expected = {"a", "b", "e"} | ({"c", "d"} if stores else set())
    assert set(db.sql("SELECT id FROM entities")["id"]) == expected
    db.compact()
    path = db.path
    db.close()
    with rem.connect(path) as again:
        assert set(again.sql("SELECT id FROM entities")["id"]) == expected
        assert again.sql("SELECT sum(n) FROM t").item() == 45
        assert again.verify().is_empty()


def test_reads_go_on_while_the_store_is_opened_again(db: rem.Database) -> None:
    """A reader that meets the closed store waits for the open one."""
    store, stop, errors = db._instance.store, threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            try:
                assert db.get("entities", "a")["name"] == "A"
                assert len(list(store.kv.scan("tail", b""))) > 0
            except (AssertionError, rem.RemError) as error:
                errors.append(error)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        with store.lock:
            store.kv.failed = True
            store.recover()
    stop.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert not errors


def test_a_database_closes_after_a_failed_write(tmp_path: Path) -> None:
    """And gives up its lock: the same process opens it again."""
    db = rem.connect(tmp_path / "db", background=False)
    db.insert("entities", {"id": "a", "name": "A"})
    FailingDisk(db._instance.store.kv, stores=False).begin()
    with pytest.raises(rem.ExecuteError, match="the disk is full"):
        db.insert("entities", {"id": "b", "name": "B"})
    db.close()
    with rem.connect(tmp_path / "db") as again:
        assert again.sql("SELECT id FROM entities")["id"].to_list() == ["a"]


def test_the_background_thread_survives_any_error(tmp_path: Path) -> None:
    """An OSError, say of a folder that is gone: it is raised by wait, shown by stats, and the thread goes on."""
    with rem.connect(tmp_path / "db") as db:
        background = db._instance.store.background

        def work(stopping):
            raise OSError(28, "No space left on device")

        background.run(work)
        with pytest.raises(rem.ExecuteError, match="OSError"):
            db.wait(PATIENCE_S)
        assert "No space left" in db.stats()["background_failure"]
        done = threading.Event()
        background.run(lambda stopping: done.set())
        assert done.wait(PATIENCE_S)
        db.wait(PATIENCE_S)
        assert db.stats()["background_failure"] is None


def test_an_error_that_is_kept_does_not_keep_the_store_open(db: rem.Database) -> None:
    """Its frames refer to what RocksDB gave out; while that lives the folder is locked, and cannot be opened again."""
    kv = db._instance.store.kv
    kept: list[BaseException] = []
    for fails in (
        lambda: kv.write([("tail", b"x", 5)]),  # type: ignore[list-item]
        lambda: kv.write_bulk("pages", iter([(b"x", 5)])),  # type: ignore[list-item]
        lambda: kv.get_many("tail", [5]),  # type: ignore[list-item]
    ):
        with pytest.raises((rem.RemError, ValueError)) as caught:
            fails()
        kept.append(caught.value)
    kv.failed = True
    db.insert("entities", {"id": "c", "name": "C"})
    assert not kv.failed and kept


def test_reads_go_on_where_the_store_cannot_be_opened_again(db: rem.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk took the probe, and nothing after it; once it does, writes go on."""
    kv = db._instance.store.kv
    opened = kv._open

    def full(*, read_only: bool = False, after_cut: bool = False) -> None:
        if not read_only:
            raise rem.ExecuteError("the disk is full")
        opened(read_only=True)

    kv.failed = True
    with monkeypatch.context() as patch:
        patch.setattr(kv, "_open", full)
        for _ in range(2):
            with pytest.raises(rem.ExecuteError, match="the disk is full"):
                db.insert("entities", {"id": "c", "name": "C"})
            assert db.get("entities", "a")["name"] == "A"
            assert db.sql("SELECT sum(n) FROM t").item() == 45
    db.insert("entities", {"id": "c", "name": "C"})
    assert db.get("entities", "c")["name"] == "C"


@pytest.mark.parametrize("verb", ["seal", "compact"])
def test_parts_are_not_replaced_by_pages_that_are_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    """What a rewrite has written is not in the log: when the store is opened again meanwhile, it is gone."""
    with rem.connect(tmp_path / "db", background=False) as db:
        store = db._instance.store
        for i in range(2):
            db.load("t", pl.DataFrame({"n": range(i * 10, i * 10 + 10)}))
            if verb == "compact":
                with store.lock:
                    store.freeze(store.version.find("t").table.number)
                compaction.seal(store, store.version.find("t").table.number)
        flush = store.kv.flush

        def reopened(family: str) -> None:
            with store.lock:
                store.kv.failed = True
                store.recover()
            flush(family)

        with monkeypatch.context() as patch:
            patch.setattr(store.kv, "flush", reopened)
            with pytest.raises(rem.ExecuteError, match="a write failed meanwhile; try again"):
                db.compact()
        assert db.sql("SELECT sum(n) FROM t").item() == 190
        db.compact()
        assert db.sql("SELECT sum(n) FROM t").item() == 190
        assert db.verify().is_empty()


def test_a_load_that_fails_gives_its_space_back(db: rem.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the next write, and without the pages that an older version still reads."""
    store = db._instance.store
    parts = lambda: {keys.split_part(key) for key, _ in store.kv.scan("pages", b"")}
    rows = pl.DataFrame({"n": range(30_000)})
    db.load("big", rows)
    named, before = parts(), store.pin()
    flush = store.kv.flush

    def full(family: str) -> None:
        flush(family)
        store.kv.failed = True
        raise rem.ExecuteError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(store.kv, "flush", full)
        with pytest.raises(rem.ExecuteError, match="the disk is full"):
            db.load("big", rows)
    assert parts() > named
    db.sql("DROP TABLE big")
    assert parts() == named
    (segment,) = (view.part for view in before.find("big").parts)
    assert len(segment.rowid_array(segment.rows)) == 30_000
    del before, segment
    store.collect_garbage()
    assert parts() == set()


def test_a_failed_opening_lets_go_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever step fails, and though somebody keeps the error."""
    with monkeypatch.context() as patch:
        patch.setattr("rem_arrow.face.database.missing_tables", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError) as kept:
            rem.connect(tmp_path / "db")
    with rem.connect(tmp_path / "db") as db:
        db.insert("entities", {"id": "a", "name": "A"})
    assert kept


def test_a_folder_whose_creation_was_cut_short_becomes_a_database(tmp_path: Path) -> None:
    """RocksDB left files without data; a file with data, or of somebody else, is still refused."""
    path = tmp_path / "db"
    path.mkdir()
    for name in ("LOCK", "LOG", "LOG.old.1796071898", "IDENTITY", "MANIFEST-000001", "000001.dbtmp"):
        (path / name).write_bytes(b"")
    (path / "rocksdict-config.json").write_text("{")
    for other in ("000007.sst", "000004.log", "notes.txt"):
        (path / other).write_bytes(b"x")
        with pytest.raises(rem.InputError, match="holds other files and no database"):
            rem.connect(path)
        (path / other).unlink()
    with rem.connect(path) as db:
        db.insert("entities", {"id": "a", "name": "A"})
        assert db.get("entities", "a")["name"] == "A"
        (path / "OPTIONS-000099.dbtmp").write_text("a failed write of RocksDB left it, and RocksDB would leave it")
    with rem.connect(path):
        assert not list(path.glob("*.dbtmp"))


def test_a_backup_that_fails_leaves_a_writer_that_writes(db: rem.Database, tmp_path: Path, monkeypatch) -> None:
    """And no folder; the next attempt succeeds."""

    class Full:
        def __init__(self, database: object) -> None:
            pass

        def create_checkpoint(self, path: str) -> None:
            Path(f"{path}.tmp").mkdir()
            raise Exception("IO error: No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("rocksdict.Checkpoint", Full)
        with pytest.raises(rem.ExecuteError, match=r"writing the backup .*the disk is full"):
            db.backup(tmp_path / "backup")
    assert [p.name for p in tmp_path.iterdir()] == ["db"]
    db.insert("entities", {"id": "c", "name": "C"})
    db.backup(tmp_path / "backup")
    rem.restore(tmp_path / "backup", tmp_path / "restored")
    with rem.connect(tmp_path / "restored") as copy:
        assert set(copy.sql("SELECT id FROM entities")["id"]) == {"a", "b", "c"}
    (tmp_path / "backup").rename(tmp_path / "backup.1-1.writing")
    with pytest.raises(rem.InputError, match="did not come to its end"):
        rem.restore(tmp_path / "backup.1-1.writing", tmp_path / "again")


def test_writes_go_on_beside_a_damaged_file(tmp_path: Path) -> None:
    """RocksDB stops all writes once a compaction meets damage: the next write opens it again, without compactions."""
    path = tmp_path / "db"
    with rem.connect(path, background=False) as db:
        db.load("t", pl.DataFrame({"n": range(50_000)}))
        db.insert("entities", {"id": "a", "name": "A"})
        kv = db._instance.store.kv
        failing = FailingDisk(kv, stores=False)
        failing.message = "Corruption: block checksum mismatch in /x/000007.sst"
        failing.begin()
        with pytest.raises(rem.CorruptionError, match=r"000007\.sst.*rem-arrow repair"):
            db.insert("entities", {"id": "b", "name": "B"})
        db.insert("entities", {"id": "c", "name": "C"})
        assert ["000007.sst" in text for text in db.stats()["damage"]] == [True]
        assert db.sql("SELECT id FROM entities ORDER BY id")["id"].to_list() == ["a", "c"]
        assert db.sql("SELECT count(*) FROM t").item() == 50_000


def test_whoever_keeps_the_error_keeps_nothing_open(db: rem.Database) -> None:
    """The next write opens the store again while the error of the last is held."""
    FailingDisk(db._instance.store.kv, stores=False).begin()
    held = None
    try:
        db.insert("entities", {"id": "c", "name": "C"})
    except rem.ExecuteError as error:
        held = error
    db.insert("entities", {"id": "d", "name": "D"})
    assert held is not None and "the disk is full" in str(held)
    assert set(db.sql("SELECT id FROM entities")["id"]) == {"a", "b", "d"}
