"""Damaged bytes give a CorruptionError with the place, never a wrong row."""

from __future__ import annotations

import random

import polars as pl
import pytest

import rem_arrow as rem
from rem_arrow.storage import keys
from rem_arrow.storage.kv import KV

ROWS = pl.DataFrame({"a": range(40_000), "b": [f"text {i % 100}" for i in range(40_000)]})


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "db"
    with rem.connect(path) as db:
        db.load("t", ROWS)
        db.insert("entities", [{"id": "x", "name": "X"}])
    return path


def damage(folder, family: str, change) -> None:
    """Rewrite the first value of a family that belongs to a stored row."""
    kv = KV(folder, "write")
    key, value = next(iter(kv.scan(family, b"")))
    kv.write([(family, key, change(value))])
    kv.close()


def flipped(value: bytes) -> bytes:
    middle = len(value) // 2
    return value[:middle] + bytes([value[middle] ^ 1]) + value[middle + 1 :]


@pytest.mark.parametrize(
    "change", [flipped, lambda v: v[:-3], lambda v: b"", lambda v: v + b"\0"], ids=["flip", "short", "empty", "long"]
)
def test_a_damaged_page_is_named(folder, change):
    """Reading it fails with table, segment, column and page; verify lists it; other columns still read."""
    damage(folder, "pages", change)
    with rem.connect(folder) as db:
        with pytest.raises(rem.CorruptionError, match="table t, segment 1, column 0, page 0"):
            db.sql("SELECT SUM(a) FROM t")
        assert db.sql("SELECT COUNT(DISTINCT b) FROM t").item() == 100
        assert db.verify().select("table", "segment", "column", "page").rows() == [("t", 1, "a", 0)]


def test_a_lost_page_is_named(folder):
    """A page that is missing is damage too."""
    damage(folder, "pages", lambda _: None)
    with rem.connect(folder) as db, pytest.raises(rem.CorruptionError, match="missing"):
        db.sql("SELECT SUM(a) FROM t")


@pytest.mark.parametrize("change", [flipped, lambda v: v[:5]], ids=["flip", "short"])
def test_a_damaged_tail_is_named(folder, change):
    """A write in the tail that fails its checksum stops the opening, with the table."""
    damage(folder, "tail", change)
    with pytest.raises(rem.CorruptionError, match="table entities, tail"):
        rem.connect(folder)


def test_a_damaged_manifest_is_named(folder):
    """A manifest that does not parse stops the opening, with table and segment."""
    damage(folder, "manifest", lambda v: v[:20])
    with pytest.raises(rem.CorruptionError, match="segment 1 of table t"):
        rem.connect(folder)


def test_an_unknown_format_is_refused(folder):
    """A database of a later version is not touched."""
    kv = KV(folder, "write")
    kv.write([(keys.CATALOG, b"format", b"rem_arrow 99")])
    kv.close()
    with pytest.raises(rem.InputError, match=r"rem_arrow 99.*version of rem_arrow that wrote it"):
        rem.connect(folder)


def test_flipped_bytes_in_files_never_give_a_wrong_row(folder):
    """For bytes flipped anywhere in the SST files, queries answer right or fail with our error."""
    files = {f: f.read_bytes() for f in folder.glob("*.sst")}
    expected = (sum(range(40_000)), 100)
    rng, outcomes = random.Random(5), set()
    for _ in range(40):
        file = rng.choice(sorted(files))
        data = bytearray(files[file])
        for _ in range(4):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        file.write_bytes(bytes(data))
        try:
            with rem.connect(folder, background=False) as db:
                assert (
                    db.sql("SELECT SUM(a) FROM t").item(),
                    db.sql("SELECT COUNT(DISTINCT b) FROM t").item(),
                ) == expected
                assert db.get("entities", "x")["name"] == "X"
                outcomes.add("right")
        except rem.RemError as error:
            outcomes.add(type(error).__name__)
        finally:
            for path, original in files.items():
                path.write_bytes(original)
    assert "CorruptionError" in outcomes
    assert outcomes <= {"right", "CorruptionError", "ExecuteError"}, outcomes
