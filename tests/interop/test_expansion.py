"""What a file stands for is bounded before it is read, and what is wrong with it is said briefly."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import polars as pl
import pytest

import rem_arrow as rem
from rem_arrow.base import schema
from rem_arrow.files import expansion
from rem_arrow.language import document_files


@pytest.fixture
def db() -> rem.Database:
    db = rem.connect()
    db.sql("CREATE TABLE t (a VARCHAR)")
    return db


@pytest.fixture(params=["parquet", "arrow"])
def bomb(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file of some KB that holds 16 MB once it is read."""
    frame, path = pl.select(pl.repeat(1, 2_000_000, dtype=pl.Int64).alias("a")), tmp_path / f"x.{request.param}"
    if request.param == "parquet":
        frame.write_parquet(path, row_group_size=2_000_000)
    else:
        frame.write_ipc(path, compression="zstd")
    return path


def test_a_file_that_expands_is_refused(db, bomb, monkeypatch):
    """By every way to read it; a file that is not large once it is read may expand as it likes."""
    assert db.load("small", bomb) == 2_000_000
    monkeypatch.setattr(expansion, "EXPANDED_BYTES_MIN", 1 << 20)
    said = r"x\.\w+ has [\d,]+ bytes, and 16,\d{3},\d{3} once it is read: more than 1,000 times as many"
    with pytest.raises(rem.InputError, match=said):
        db.load("u", bomb)
    with pytest.raises(rem.InputError, match=said):
        db.sql(f"COPY t FROM '{bomb}'")
    with pytest.raises(rem.InputError, match=said):
        db.import_from(bomb.parent)


@pytest.mark.parametrize("name", ["x.csv", "x.ndjson"])
def test_a_compressed_text_is_decompressed_within_bounds(db, tmp_path, name, monkeypatch):
    """Its size is not known before: one that expands further is given up where it is too large."""
    text = b"a\n" + b"1\n" * 2_000_000 if name == "x.csv" else b'{"a": "1"}\n' * 200_000
    (tmp_path / name).write_bytes(gzip.compress(text))
    assert db.load("u", tmp_path / name) == text.count(b"\n") - (name == "x.csv")
    monkeypatch.setattr(expansion, "EXPANDED_BYTES_MIN", 1 << 20)
    monkeypatch.setattr(expansion, "EXPANSION_MAX", 10)
    for read in (lambda: db.load("v", tmp_path / name), lambda: db.sql(f"COPY t FROM '{tmp_path / name}'")):
        with pytest.raises(rem.InputError, match=r"x\.\w+ has [\d,]+ bytes, and far more once it is decompressed"):
            read()


def test_a_damaged_file_is_for_its_reader(db, tmp_path):
    """What cannot be described is read, and fails there."""
    (tmp_path / "x.parquet").write_bytes(b"PAR1")
    with pytest.raises(rem.InputError, match=r"x\.parquet cannot be read"):
        db.load("u", tmp_path / "x.parquet")


def test_an_error_does_not_repeat_a_long_line(db, tmp_path):
    """A quote without its end reaches to the end of the file."""
    (tmp_path / "x.csv").write_text('a,b\n"' + "x,\n" * 100_000)
    with pytest.raises(rem.InputError, match=r"x\.csv: row 2 has 1 values, and the file has 2 columns") as caught:
        db.load("u", tmp_path / "x.csv")
    assert len(str(caught.value)) < 1000


def test_a_table_has_not_more_columns_than_it_may(db, tmp_path, monkeypatch):
    """From a file, and by ALTER TABLE."""
    monkeypatch.setattr(schema, "COLUMNS_MAX", 100)
    names = [f"c{i}" for i in range(101)]
    (tmp_path / "x.csv").write_text(",".join(names) + "\n" + ",".join("1" for _ in names) + "\n")
    with pytest.raises(rem.InputError, match="u would have 101 columns, and a table has at most 100"):
        db.load("u", tmp_path / "x.csv")
    assert db.load("u", pl.DataFrame({n: [1] for n in names[:-1]})) == 1
    with pytest.raises(rem.InputError, match="u would have 101 columns"):
        db.sql("ALTER TABLE u ADD COLUMN more INTEGER")
    assert db.sql("SELECT c0 + c99 FROM u").item() == 2


@pytest.mark.parametrize("value", [[], {"a": 1}])
def test_a_type_has_not_more_levels_than_it_may(db, tmp_path, value):
    """As JSON may hold them; those that Polars does not read are an error too."""
    for levels, said in ((64, ""), (65, "is nested 65 levels deep, and a table stores 64"), (3000, "cannot be read")):
        nested = '{"a":' * levels + "1" + "}" * levels if value else '{"a":' + "[" * levels + "1" + "]" * levels + "}"
        name = f"x{levels}.ndjson"
        (tmp_path / name).write_text((nested if not value else f'{{"a":{nested}}}') + "\n")
        if said:
            with pytest.raises(rem.InputError, match=said):
                db.load(f"u{levels}", tmp_path / name)
        else:
            assert db.load(f"u{levels}", tmp_path / name) == 1
            assert json.loads(db.sql(f"SELECT to_json(a) FROM u{levels}").item())


def test_a_document_has_not_more_bytes_than_it_may(db, tmp_path, monkeypatch):
    """Its size is read before it is."""
    monkeypatch.setattr(document_files, "DOCUMENT_BYTES_MAX", 100)
    (tmp_path / "x.txt").write_text("word " * 30)
    with pytest.raises(rem.InputError, match=r"x\.txt has 150 bytes, and a document has at most 100"):
        db.add_documents(tmp_path / "x.txt")
