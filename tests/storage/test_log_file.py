"""RocksDB's logs: damage is told from what a crash tore, wherever it is."""

from __future__ import annotations

import shutil

import pytest

import rem_arrow as rem
from rem_arrow.storage import log_file
from tests.children import run_python

ROWS = 30


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A database whose process was killed: its rows are in the log."""
    folder = tmp_path_factory.mktemp("log") / "db"
    run_python(
        f"""
        import os, rem_arrow as rem
        db = rem.connect({str(folder)!r}, background=False)
        for i in range({ROWS}):
            db.insert("entities", {{"id": f"e{{i}}", "name": ""}})
        os._exit(0)
        """
    )
    return folder


def logs(folder):
    manifest, *rest = log_file.logs_of(folder)
    return {"manifest": manifest, "log": max(rest, key=lambda p: p.stat().st_size)}


@pytest.mark.parametrize("kind", ["manifest", "log"])
def test_every_flip_of_a_header_is_found(written, tmp_path, kind):
    """Also one that makes a record reach beyond the end, or look like the end of the log, for which RocksDB stops."""
    path = tmp_path / "log"
    good = logs(written)[kind].read_bytes()
    path.write_bytes(good)
    records, damaged = log_file.sound_records(path)
    assert not damaged and len(records) > 5
    log_file.check(path, whole=True)
    chosen = [records[0], records[len(records) // 2], records[-2], records[-1]]
    assert chosen[-1].at + log_file.HEADER_BYTES + chosen[-1].length == len(good)
    for record in chosen:
        for at in (4, 5, 6):
            for bit in range(8):
                data = bytearray(good)
                data[record.at + at] ^= 1 << bit
                path.write_bytes(bytes(data))
                with pytest.raises(rem.CorruptionError, match="is damaged at byte"):
                    log_file.check(path, whole=True)


@pytest.mark.parametrize("kind", ["manifest", "log"])
def test_a_flip_that_cuts_the_log_is_found_at_opening(written, tmp_path, kind):
    """A length beyond the end of the file, and a type that RocksDB takes for the end."""
    for at, mask in ((5, 0x40), (6, 4), (6, 0x80)):
        for place in (0, 1, -1):
            folder = tmp_path / "db"
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(written, folder)
            path = logs(folder)[kind]
            record = log_file.sound_records(path)[0][place]
            data = bytearray(path.read_bytes())
            data[record.at + at] ^= mask
            path.write_bytes(bytes(data))
            for read_only in (True, False):
                with pytest.raises(rem.CorruptionError, match="repair"):
                    rem.connect(folder, read_only=read_only)


@pytest.mark.parametrize("cut", [1, 6, 7, 8, 30])
def test_a_torn_log_is_sound(written, tmp_path, cut):
    """What a crash leaves of the last record is dropped; zeros behind it, too."""
    folder = tmp_path / "db"
    shutil.copytree(written, folder)
    path = logs(folder)["log"]
    data = path.read_bytes()
    for torn in (data[:-cut], data[:-cut] + bytes(40)):
        path.write_bytes(torn)
        log_file.check(path)
    path.write_bytes(data[:-cut])
    log_file.check(path, whole=True)
    (folder / "last_commit").unlink()
    with rem.connect(folder) as db:
        assert db.sql("SELECT count(*) FROM entities").item() == ROWS - 1


@pytest.mark.parametrize("count", [1, 200])
def test_a_log_is_written_as_rocksdb_writes_it(written, tmp_path, count):
    """Byte for byte, with records over several blocks; and the checksum is that of RFC 3720."""
    for path in logs(written).values():
        entries = list(log_file.sound_entries(path))
        log_file.write(tmp_path / "copy", entries)
        assert (tmp_path / "copy").read_bytes() == path.read_bytes()
    long = [bytes([i % 256]) * (i * 997 % 70_000) for i in range(1, count + 1)]
    log_file.write(tmp_path / "long", long)
    assert list(log_file.sound_entries(tmp_path / "long")) == long
    assert log_file._continued(0xFFFFFFFF, b"123456789") ^ 0xFFFFFFFF == 0xE3069283


def test_damaged_entries_are_left_out(written, tmp_path):
    """And the others are found, those behind in the same block too."""
    path = tmp_path / "log"
    good = logs(written)["log"].read_bytes()
    path.write_bytes(good)
    entries = list(log_file.sound_entries(path))
    records = log_file.sound_records(path)[0]
    # Of an entry in one record, in the last block: what a wrong length hides ends with its block.
    block = len(good) - len(good) % log_file.BLOCK_BYTES
    number = next(n for n, r in enumerate(records) if r.at > block and (r.type - 1) % 4 == 0)
    record, place = records[number], sum((r.type - 1) % 4 in (0, 3) for r in records[:number])
    for at in (0, 8, 5):
        data = bytearray(good)
        data[record.at + at] ^= 0x20
        path.write_bytes(bytes(data))
        expected = [*entries[:place], None, *(entries[place + 1 :] if at != 5 else [])]
        assert list(log_file.sound_entries(path)) == expected
