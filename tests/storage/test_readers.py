"""Other processes: readers beside a writer, a second writer; a closed handle."""

from __future__ import annotations

import polars as pl
import pytest

import rem_arrow as rem
from tests.children import run_python


def in_another_process(code: str, *args: object) -> str:
    done = run_python(code, *args)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def db(tmp_path):
    with rem.connect(tmp_path / "db", tail_rows_max=100) as database:
        yield database


def test_a_reader_sees_commits_after_refresh(db):
    """A read-only connection shows the state at its opening, and the newest after refresh()."""
    db.insert("entities", {"id": "a", "name": "A"})
    with rem.connect(db.path, read_only=True) as reader:
        assert reader.get("entities", "a")["name"] == "A"
        db.insert("entities", [{"id": f"n{i}", "name": f"N{i}"} for i in range(300)])
        assert reader.sql("SELECT COUNT(*) FROM entities").item() == 1
        reader.refresh()
        assert reader.sql("SELECT COUNT(*) FROM entities").item() == 301
        assert reader.lookup_entity("n299")["id"].to_list() == ["n299"]
        with pytest.raises(rem.InputError, match="open for reading only"):
            reader.insert("entities", {"name": "B"})


def test_a_reader_in_another_process(db):
    """The same from a process of its own."""
    db.insert("entities", [{"id": f"n{i}", "name": f"N{i}"} for i in range(250)])
    code = """
        import sys, rem_arrow as rem
        with rem.connect(sys.argv[1], read_only=True) as db:
            print(db.sql("SELECT COUNT(*) FROM entities").item(), db.get("entities", "n7")["name"])
    """
    assert in_another_process(code, db.path) == "250 N7\n"


def test_a_readers_frame_survives_refresh_and_the_writers_compaction(db):
    """A frame of before reads its pages, although the writer has deleted them."""
    db.load("t", pl.DataFrame({"a": range(50_000)}))
    with rem.connect(db.path, read_only=True) as reader:
        old, query = reader.scan("t"), reader.lazy("SELECT SUM(a) AS s FROM t")
        db.insert("entities", [{"name": "x"}] * 250)
        db.load("t", pl.DataFrame({"a": range(50_000)}))
        db.compact()
        reader.refresh()
        db.compact()
        reader.refresh()
        assert old.select(pl.len()).collect().item() == 50_000
        assert query.collect().item() == sum(range(50_000))
        assert reader.sql("SELECT COUNT(*) FROM t").item() == 100_000


def test_a_second_writer_is_told_what_to_do(db):
    """Opening for writing twice names the remedy."""
    code = """
        import sys, rem_arrow as rem
        try:
            rem.connect(sys.argv[1])
        except rem.ConflictError as error:
            print("read_only=True" in str(error))
    """
    assert in_another_process(code, db.path) == "True\n"


def test_a_closed_handle_says_so(tmp_path):
    """Every use after close is refused; closing twice is not."""
    db = rem.connect(tmp_path / "db")
    db.load("t", pl.DataFrame({"a": [1]}))
    frame = db.scan("t")
    db.close()
    db.close()
    for call in (
        lambda: db.sql("SELECT 1"),
        lambda: db.insert("entities", {"name": "x"}),
        lambda: db.get("entities", "x"),
        db.stats,
        db.tables,
    ):
        with pytest.raises(rem.InputError, match="is closed"):
            call()
    with pytest.raises((rem.InputError, pl.exceptions.ComputeError), match="is closed"):
        frame.collect()
