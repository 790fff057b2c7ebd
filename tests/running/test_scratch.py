"""Files for what does not fit into memory are bounded, and always deleted."""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import polars as pl
import pytest

import rem_arrow as rem
from rem_arrow.engine import run
from rem_arrow.running import scratch
from rem_arrow.running.scratch import Scratch
from tests.children import run_python
from tests.effort import examples

ROWS = pl.DataFrame({"n": range(1_000), "s": ["text"] * 1_000})


def test_rows_come_back_in_order(tmp_path: Path) -> None:
    """What is added in pieces is read as one, as often as it is asked for, until it is deleted."""
    with Scratch(tmp_path / "scratch").begin() as spill:
        file = spill.file(ROWS.schema)
        for _ in range(300):
            file.add(ROWS)
        for _ in range(2):
            assert file.lazy().collect().equals(pl.concat([ROWS] * 300))
        assert file.lazy().filter(pl.col("n") > 998).select("s").head(2).collect().height == 2
        assert (file.height, file.bytes) == (300_000, 300 * ROWS.estimated_size())


def test_nothing_is_left(tmp_path: Path) -> None:
    """A statement deletes its files, failed or not; the process its folder when it closes."""
    parent = tmp_path / "scratch"
    place = Scratch(parent)
    with pytest.raises(ZeroDivisionError), place.begin() as spill:
        spill.file(ROWS.schema).add(ROWS)
        raise ZeroDivisionError
    folder, lock = sorted(parent.iterdir())
    assert not list(folder.iterdir()) and lock.name == folder.name + ".lock"
    place.close()
    assert not parent.exists()
    place.close()


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    """The next process deletes the files of a killed one, and neither those of one that runs nor what a link leads
    to."""
    parent = tmp_path / "scratch"
    code = """
        import os, sys, pathlib, polars as pl
        from rem_arrow.running.scratch import Scratch
        file = Scratch(pathlib.Path(sys.argv[1])).begin().file(pl.Schema({"n": pl.Int64}))
        file.add(pl.DataFrame({"n": range(1000)}))
        file.flush()
        os.kill(os.getpid(), 9)
    """
    assert run_python(code, parent).returncode == -9
    left, lock = sorted(parent.iterdir())
    assert list(left.rglob("1"))
    # One that was killed while it deleted its own.
    (parent / "rem-scratch-half" / "1").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").touch()
    (parent / "rem-scratch-link").symlink_to(tmp_path / "elsewhere")
    running = Scratch(parent)
    running.folder()
    Scratch(parent).folder()
    assert not left.exists() and not lock.exists() and not (parent / "rem-scratch-half").exists()
    assert (tmp_path / "elsewhere" / "file").exists()
    assert sum(f.is_dir() and not f.is_symlink() for f in parent.iterdir()) == 2


def test_the_free_space_bounds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement may write nine tenths of what is free; what it deletes it may write again."""
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(scratch.shutil, "disk_usage", lambda _: usage(10_000))
    with Scratch(tmp_path / "scratch").begin() as spill:
        random = pl.DataFrame({"n": pl.int_range(1_000, eager=True).hash(1)})
        for _ in range(3):
            file = spill.file(random.schema)
            file.add(random)
            file.flush()
            file.delete()
        kept = spill.file(random.schema)
        kept.add(random)
        kept.flush()
        kept.add(random)
        with pytest.raises(rem.ExecuteError, match="free space"):
            kept.flush()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """The error names the folder."""
    (tmp_path / "file").touch()
    with (
        pytest.raises(rem.ExecuteError, match="cannot be written to or read from files"),
        Scratch(tmp_path / "file").begin() as spill,
    ):
        spill.file(ROWS.schema)


def test_a_reader_writes_nothing_into_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With read_only the files are below the folder for temporary files; a writer has them in the database's own."""
    monkeypatch.setattr(run, "_NODE_SHARE", 1e-7)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(scratch.tempfile, "tempdir", None)
    made: list[Path] = []
    folder = Scratch.folder
    monkeypatch.setattr(Scratch, "folder", lambda self: made.append(folder(self)) or made[-1])
    query = "SELECT n, count(*) FROM t GROUP BY n ORDER BY n DESC"
    with rem.connect(tmp_path / "db") as db:
        db.load("t", ROWS.head(examples(1_000)))
        rows = db.sql(query)
        assert made and all(p.is_relative_to(tmp_path / "db" / "scratch") for p in made)
    made.clear()
    before = sorted(p.name for p in (tmp_path / "db").iterdir())
    with rem.connect(tmp_path / "db", read_only=True) as db:
        assert db.sql(query).equals(rows)
        assert sorted(p.name for p in (tmp_path / "db").iterdir()) == before
    assert made and all(p.parent.parent == tmp_path for p in made)
    assert not list(tmp_path.glob("rem-scratch-*"))


def test_a_folder_that_vanishes_is_made_again(tmp_path: Path) -> None:
    """What cleans a folder for temporary files takes it away; the statement that reads from it fails, the next one
    does not."""
    place = Scratch(tmp_path / "scratch")
    with place.begin() as spill:
        file = spill.file(ROWS.schema)
        file.add(ROWS)
        file.flush()
        shutil.rmtree(tmp_path / "scratch")
        with pytest.raises(rem.ExecuteError, match="cannot be written to or read from files"):
            list(file.frames())
    with place.begin() as spill:
        spill.file(ROWS.schema).add(ROWS)
    place.close()


def test_a_database_that_is_closed_meanwhile(tmp_path: Path) -> None:
    """Statements that run end with an error that says so, and leave nothing."""
    place = Scratch(tmp_path / "scratch")
    with place.begin() as spill, place.begin() as later:
        file = spill.file(ROWS.schema)
        file.add(ROWS)
        file.flush()
        place.close()
        for action in (lambda: list(file.frames()), lambda: later.file(ROWS.schema)):
            with pytest.raises(rem.InputError, match="was closed"):
                action()
    assert not (tmp_path / "scratch").exists()
