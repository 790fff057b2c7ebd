"""Damaged bytes give a CorruptionError with the place, never a wrong row."""

from __future__ import annotations

import random
import re
import shutil

import polars as pl
import pytest

import rem_arrow as rem
from rem_arrow.storage import keys
from rem_arrow.storage.kv import KV
from tests.effort import examples

ROWS = pl.DataFrame({"a": range(40_000), "b": [f"text {i % 100}" for i in range(40_000)]})


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    path = tmp_path_factory.mktemp("sound") / "db"
    with rem.connect(path) as db:
        db.load("t", ROWS)
        db.insert("entities", [{"id": "x", "name": "X"}])
    return path


@pytest.fixture
def folder(sound, tmp_path):
    return shutil.copytree(sound, tmp_path / "db")


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


DAMAGED_PARTS = {
    "tail": ("entities", flipped, "the table entities is damaged: tail 1, row 0.*fails its checksum"),
    "short tail": ("entities", lambda v: v[:5], "the table entities is damaged: tail 1, row 0"),
    "manifest": ("t", lambda v: v[:20], "the table t is damaged: the manifest of segment 1"),
}


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize("part", DAMAGED_PARTS)
def test_a_damaged_table_refuses_itself_only(folder, part, read_only):
    """What asks for its rows, or writes some, is refused with the place; others answer; stats and verify tell."""
    table, change, message = DAMAGED_PARTS[part]
    damage(folder, part.split()[-1], change)
    with rem.connect(folder, read_only=read_only, background=False) as db:
        for query in (f"SELECT count(*) FROM {table}", f"SELECT * FROM {table} LIMIT 1"):
            with pytest.raises(rem.CorruptionError, match=message):
                db.sql(query)
        other = "SELECT SUM(a) FROM t" if table == "entities" else "SELECT count(*) FROM entities"
        assert db.sql(other).item() in (sum(range(40_000)), 1)
        assert len(db.stats()["damage"]) == 1 and re.search(message, db.stats()["damage"][0])
        assert db.stats()["tables"][table]["rows"] is None
        assert table in db.verify()["table"].to_list()
        assert db.tables().filter(name=table)["rows"].to_list() == [None]
        assert "damaged" in db._repr_html_()
        if not read_only:
            with pytest.raises(rem.CorruptionError, match=message):
                db.insert("entities", {"id": "y", "name": "Y"}) if table == "entities" else db.sql(
                    "INSERT INTO t VALUES (1, 'x')"
                )
            db.insert("moments", {"id": "m", "name": "M"})
            db.compact()
    with pytest.warns(RuntimeWarning, match=message), rem.connect(folder, background=False):
        pass


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize("at", [-30, 60], ids=["footer", "block"])
def test_a_damaged_file_refuses_what_lies_in_it_only(folder, at, read_only):
    """Whether RocksDB cannot open the file, or only read a part of it, and as well where it is gone."""
    with rem.connect(folder, background=False) as db:
        db.sql("DELETE FROM t WHERE a % 2 = 0")
        db.sql("CREATE TABLE other AS SELECT 7 AS x")
        db.compact()
    file = max(folder.glob("*.sst"), key=lambda p: p.stat().st_size)
    data = bytearray(file.read_bytes())
    data[at if at < 0 else len(data) // 2] ^= 1
    file.write_bytes(data)
    with rem.connect(folder, read_only=read_only, background=False) as db:
        with pytest.raises(rem.CorruptionError, match=f"table t, segment [0-9]+, column .*{file.name}"):
            db.sql("SELECT SUM(a), SUM(length(b)) FROM t")
        assert db.sql("SELECT count(*) FROM edges").item() == 0
        assert db.get("entities", "x")["name"] == "X"
        damaged = db.verify()
        assert "t" in damaged["table"].to_list()
        if not read_only:
            db.insert("entities", {"id": "y", "name": "Y"})
            assert db.get("entities", "y")["name"] == "Y"


def test_no_row_is_deleted_by_a_range(folder):
    """Where a block with deletions of ranges is damaged RocksDB passes over it, and what was deleted is back."""
    with rem.connect(folder, background=False) as db:
        db.insert("entities", [{"id": "x", "name": "Changed"}])
        db.compact()
        db.sql("DELETE FROM t WHERE a < 5")
        db.compact()
        db.sql("DROP TABLE t")
    with rem.connect(folder, background=False) as db:
        families = db._instance.store.kv._families
        for family in ("default", "tail", "manifest", "dead"):
            properties = families[family].property_value("rocksdb.aggregated-table-properties")
            assert "# range deletions=0" in properties, family


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
    for _ in range(examples(40)):
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
