"""What an index holds, and the files that count because an entry names them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import rem_arrow as rem
from rem_arrow.access.kept_index import HeldRows, IndexFiles
from rem_arrow.storage.store import Store


def _rows(held: dict[int, int]) -> HeldRows:
    order = sorted(held)
    return HeldRows(np.array(order, dtype=np.int64), np.array([held[r] for r in order], dtype=np.uint32))


def test_held_rows_are_a_map_from_rowid_to_fingerprint():
    """Against a dict, over random additions and removals."""
    rng = np.random.default_rng(3)
    rows, expected = HeldRows.none(), dict[int, int]()
    for _ in range(200):
        rowids = rng.choice(60, size=rng.integers(0, 8), replace=False)
        fingerprints = rng.integers(0, 3, size=len(rowids)).astype(np.uint32)
        if rng.random() < 0.3:
            rows = rows.without(np.sort(rowids))
            for rowid in rowids.tolist():
                expected.pop(rowid, None)
        else:
            rows = rows.replaced(rowids, fingerprints)
            expected.update(zip(rowids.tolist(), fingerprints.tolist(), strict=True))
        assert dict(zip(rows.rowids.tolist(), rows.fingerprints.tolist(), strict=True)) == expected
        assert len(rows) == len(expected) and (np.diff(rows.rowids) > 0).all()
        asked, marks = rng.integers(0, 70, size=20), rng.integers(0, 3, size=20).astype(np.uint32)
        held = [expected.get(r) == p for r, p in zip(asked.tolist(), marks.tolist(), strict=True)]
        assert rows.holds(asked, marks).tolist() == held


def test_removing_what_is_not_held_changes_nothing():
    """An index is told of every row that is gone, held or not."""
    rows = _rows({3: 1, 5: 2})
    assert rows.without(np.array([1, 4, 9])).rowids.tolist() == [3, 5]
    assert rows.without(np.empty(0, dtype=np.int64)).rowids.tolist() == [3, 5]


@pytest.fixture
def store(tmp_path: Path):
    """A store with one table, `t`."""
    with rem.connect(tmp_path / "db", background=False) as db:
        db.load("t", pl.DataFrame({"x": [1]}))
        yield db._instance.store


def _files(store: Store) -> IndexFiles:
    return IndexFiles(store, folder="kept", prefix=b"kept", named_by=lambda entry: entry.decode())


def _written(files: IndexFiles, number: int, *, folder: bool = False) -> Path:
    path = files.new_path(number, ".part")
    if folder:
        path.mkdir()
        (path / "inner").write_text("x")
    else:
        path.write_text("x")
    return path


@pytest.mark.parametrize("folder", [False, True])
def test_one_file_of_an_index_counts(store, folder):
    """The one that the newest entry names: the others are swept."""
    files, number = _files(store), store.version.find("t").table.number
    for _ in range(3):
        path = _written(files, number, folder=folder)
        assert files.store_entry(number, "i", path.name.encode(), exists=lambda _: True)
        assert files.entry(number, "i") == path.name.encode()
    files.sweep()
    assert list(path.parent.iterdir()) == [path]
    files.remove(path.name)
    assert not path.exists()


def test_an_index_that_was_dropped_meanwhile_gets_no_entry(store):
    """Neither where its table is gone, nor where the table has it no more."""
    files, number = _files(store), store.version.find("t").table.number
    assert not files.store_entry(number, "i", b"file", exists=lambda table: table.name != "t")
    assert not files.store_entry(number + 1, "i", b"file", exists=lambda _: True)
    assert files.entry(number, "i") is None


def test_a_sweep_leaves_what_an_entry_names(store):
    """What a killed process left goes; what another table's entry names stays."""
    files, number = _files(store), store.version.find("t").table.number
    files.sweep()
    path = _written(files, number)
    files.store_entry(number, "i", path.name.encode(), exists=lambda _: True)
    _written(files, number)
    _written(files, number, folder=True)
    files.sweep()
    assert list(path.parent.iterdir()) == [path]


def test_forgetting_a_table_leaves_the_others(store):
    """Entries and files go together."""
    files, number = _files(store), store.version.find("t").table.number
    paths = [_written(files, n) for n in (number, number + 1)]
    store.kv.write([("default", b"kept" + (number + 1).to_bytes(2, "big") + b"i", paths[1].name.encode())])
    files.store_entry(number, "i", paths[0].name.encode(), exists=lambda _: True)
    files.forget(number)
    assert files.entry(number, "i") is None
    assert files.entry(number + 1, "i") == paths[1].name.encode()
    assert [p.exists() for p in paths] == [False, True]
    files.remove("never there")
