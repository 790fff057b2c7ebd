"""The last commit that was acknowledged is there, or opening says that it is not: a log that is cut between two
records, or that is gone, looks whole."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

import pytest

import rem_arrow as rem
from rem_arrow.storage import last_commit
from tests.children import run_python
from tests.effort import some

WRITER = """
    import os, sys, rem_arrow as rem
    db = rem.connect(sys.argv[1], durability=sys.argv[2], background=False)
    for i in range(int(sys.argv[3]), int(sys.argv[4])):
        db.insert("entities", {"id": f"e{i}", "name": ""})
    os._exit(0)
"""
_BLOCK = 32_768


def written(path: Path, durability: str = "wal", first: int = 0, stop: int = 20) -> Path:
    """A folder whose writer was killed after it had acknowledged its inserts."""
    child = run_python(WRITER, path, durability, first, stop)
    assert child.returncode == 0, child.stderr
    return path


def newest_log(path: Path) -> Path:
    return max(path.glob("*.log"), key=lambda p: p.stat().st_size)


def record_ends(log: bytes) -> list[int]:
    """Where the records of RocksDB's log end: crc u32, length u16, type u8, and in recycled logs a number u32."""
    ends, at = [], 0
    while at + 7 <= len(log):
        if _BLOCK - at % _BLOCK < 7:
            at += _BLOCK - at % _BLOCK
            continue
        length, kind = struct.unpack_from("<HB", log, at + 4)
        at += (11 if kind in (5, 6, 7, 8) else 7) + length
        if kind in (1, 4, 5, 8):
            ends.append(at)
    return ends


def cut_between_records(path: Path, dropped: int) -> None:
    log = newest_log(path)
    data = log.read_bytes()
    ends = record_ends(data)
    assert ends[-1] == len(data)
    log.write_bytes(data[: ends[-1 - dropped]])


def other_boot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_commit, "current_boot", lambda: b"another boot....")


def ids(path: Path, **options: object) -> list[str]:
    with rem.connect(path, **options) as db:  # type: ignore[arg-type]
        assert db.verify().is_empty()
        return list(db.sql("SELECT id FROM entities ORDER BY created_at, id")["id"])


def expected(stop: int) -> list[str]:
    return [f"e{i}" for i in range(stop)]


@pytest.mark.parametrize(
    ("durability", "read_only"),
    some([("wal", False), ("wal", True), ("sync", False), ("sync", True)]),
)
def test_a_log_cut_between_records_is_an_error(tmp_path: Path, durability: str, read_only: bool) -> None:
    """In the same boot; the error names both commits, and says how to go on."""
    path = written(tmp_path / "db", durability)
    cut_between_records(path, 3)
    for _ in range(2):
        with pytest.raises(rem.CorruptionError, match=r"up to 18, but commit 21 was acknowledged.*Restore a backup"):
            rem.connect(path, read_only=read_only)
    (path / last_commit.NAME).unlink()
    assert ids(path) == expected(17)


@pytest.mark.parametrize("durability", ["wal", pytest.param("sync", marks=pytest.mark.long)])
def test_a_log_that_is_gone_is_an_error(tmp_path: Path, durability: str) -> None:
    """RocksDB opens without it, as if nothing had been written."""
    path = written(tmp_path / "db", durability)
    for log in path.glob("*.log"):
        log.unlink()
    with pytest.raises(rem.CorruptionError, match="but commit 21 was acknowledged"):
        rem.connect(path)


def test_after_a_power_cut_commits_that_were_not_synced_may_be_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And those that were may not."""
    for durability, outcome in (("wal", expected(17)), ("sync", None)):
        path = written(tmp_path / durability, durability)
        cut_between_records(path, 3)
        with monkeypatch.context() as patch:
            other_boot(patch)
            if outcome is not None:
                assert ids(path) == outcome
                continue
            with pytest.raises(rem.CorruptionError, match="but commit 21 was acknowledged"):
                rem.connect(path)


def test_after_a_power_cut_the_log_counts_up_to_the_first_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not an error, as in the same boot, and never a commit behind a hole."""
    path = written(tmp_path / "db")
    log = newest_log(path)
    data = bytearray(log.read_bytes())
    data[record_ends(bytes(data))[-5] + 20] ^= 1
    log.write_bytes(data)
    with pytest.raises(rem.CorruptionError):
        rem.connect(path)
    other_boot(monkeypatch)
    assert ids(path) == expected(16)


def test_what_a_closed_database_held_is_there_in_any_boot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing syncs, so all that was acknowledged is promised: files of an earlier day are too old for it."""
    path = tmp_path / "db"
    for i in range(2):
        with rem.connect(path, background=False) as db:
            db.insert("entities", {"id": f"e{i}", "name": ""})
        shutil.copytree(path, tmp_path / f"day {i}")
    shutil.copy(path / last_commit.NAME, tmp_path / "day 0")
    other_boot(monkeypatch)
    with pytest.raises(rem.CorruptionError, match="up to 2, but commit 3 was acknowledged"):
        rem.connect(tmp_path / "day 0")
    assert ids(tmp_path / "day 1") == expected(2)


@pytest.mark.parametrize("read_only", [True, False])
def test_copies_and_older_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read_only: bool) -> None:
    """A copy of a folder at rest opens here and elsewhere, a backup and a folder without the file too; what a version
    wrote that does not know the file is more than it says."""
    path = tmp_path / "db"
    with rem.connect(path, background=False) as db:
        db.insert("entities", [{"id": f"e{i}", "name": ""} for i in range(3)])
        db.backup(tmp_path / "backup")
        # The file is of before these.
        older = (path / last_commit.NAME).read_bytes()
        db.insert("entities", [{"id": "e3", "name": ""}])
    shutil.copytree(path, tmp_path / "copy")
    assert ids(tmp_path / "copy", read_only=read_only) == expected(4)
    assert ids(tmp_path / "backup", read_only=read_only) == expected(3)
    rem.restore(tmp_path / "backup", tmp_path / "restored")
    assert ids(tmp_path / "restored", read_only=read_only) == expected(3)
    (path / last_commit.NAME).write_bytes(older)
    assert ids(path, read_only=read_only) == expected(4)
    (path / last_commit.NAME).write_bytes(b"damaged")
    assert ids(path, read_only=read_only) == expected(4)
    with monkeypatch.context() as patch:
        other_boot(patch)
        shutil.copytree(tmp_path / "copy", tmp_path / "elsewhere")
        assert ids(tmp_path / "elsewhere", read_only=read_only) == expected(4)


def test_a_system_that_names_no_boot_checks_what_was_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no boot is known every opening might follow a power cut."""
    path = written(tmp_path / "db")
    monkeypatch.setattr(last_commit, "_BOOT_ID", tmp_path / "none")
    assert last_commit.current_boot() == bytes(16)
    cut_between_records(path, 2)
    assert ids(path) == expected(18)


def test_a_reader_beside_a_writer_sees_what_is_acknowledged(tmp_path: Path) -> None:
    """Each time that it opens."""
    with (
        rem.connect(tmp_path / "db", tail_rows_max=5) as writer,
        rem.connect(tmp_path / "db", read_only=True) as reader,
    ):
        for i in range(30):
            writer.insert("entities", {"id": f"e{i}", "name": ""})
            reader.refresh()
            assert reader.sql("SELECT count(*) FROM entities").item() == i + 1


def test_a_store_that_lost_commits_is_not_written_on(tmp_path: Path) -> None:
    """A disk that fails, and holds less than it took when the store is opened again."""
    db = rem.connect(tmp_path / "db", background=False)
    db.insert("entities", {"id": "a", "name": ""})
    store = db._instance.store
    store.kv.failed = True
    store.version.commit += 1
    for _ in range(2):
        with pytest.raises(rem.CorruptionError, match="up to 2, but commit 3 was acknowledged"):
            db.insert("entities", {"id": "b", "name": ""})
    assert db.get("entities", "a")["name"] == ""
    db.close()
