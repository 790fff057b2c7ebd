"""The files of text indexes, where the disk or tantivy's threads get in the way."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import rem_arrow as rem
from rem_arrow.base.errors import CorruptionError, ExecuteError

pytest.importorskip("tantivy")
from rem_arrow.index.text_index import TextIndex


@pytest.fixture
def db(tmp_path: Path):
    """A table of texts with an index that is kept."""
    with rem.connect(tmp_path / "db", background=False) as database:
        database.load("t", pl.DataFrame({"n": range(3), "text": ["a fox", "a dog", "a fox and a dog"]}))
        database.create_index("t", "text", metric="bm25")
        yield database


def found(db: rem.Database, word: str) -> set[int]:
    return set(db.search("t", word, mode="text", column="text")["n"])


def test_a_disk_that_takes_no_index_is_no_damage(db: rem.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Searches are answered in memory meanwhile; the file is made anew, since nobody knows what it holds."""
    assert found(db, "fox") == {0, 2}
    db.sql("INSERT INTO t VALUES (3, 'another fox')")

    def full(self: TextIndex) -> None:
        raise ValueError("Failed to open file for write: IoError { kind: StorageFull }")

    with monkeypatch.context() as patch:
        # Only indexes with a folder write to a disk.
        real = TextIndex._writing
        patch.setattr(TextIndex, "_writing", lambda self: real(self) if self.path is None else full(self))
        assert found(db, "fox") == {0, 2, 3}
        assert found(db, "dog") == {1, 2}
        index = TextIndex(db.path / "other")
        with pytest.raises(ExecuteError, match="text index .*other cannot be written: the disk is full"):
            index.remove(pl.Series([1]).to_numpy())
    assert found(db, "fox") == {0, 2, 3}
    path = db.path
    db.close()
    with rem.connect(path, background=False) as again:
        assert found(again, "fox") == {0, 2, 3}


def test_files_that_come_and_go_do_not_count(tmp_path: Path) -> None:
    """tantivy writes some beside the index, and its threads delete the segments that they have merged."""
    index = TextIndex(tmp_path / "index")
    numbers = pl.Series([1, 2]).to_numpy()
    index.put(numbers, numbers.astype("uint32"), ["a fox", "a dog"])
    index.commit()
    before = index.checksums()
    (tmp_path / "index" / ".tmpabc").symlink_to(tmp_path / "gone")
    assert index.checksums() == before == TextIndex(tmp_path / "index").checksums()
    index.close()
    (tmp_path / "index" / "meta.json").unlink()
    with pytest.raises(CorruptionError, match="a file is missing"):
        index.checksums()
