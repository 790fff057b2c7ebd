"""The demo database: whole or not there, never in the place of something else."""

from __future__ import annotations

import io
import sysconfig
from pathlib import Path

import pytest
from rich.console import Console

from rem_arrow.base.errors import InputError
from rem_arrow.demo import build as demo
from rem_arrow.demo.build import open_demo
from rem_arrow.face.connection import connect


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=100)


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Python installation with one function in its library."""
    root = tmp_path / "lib"
    root.mkdir()
    (root / "one.py").write_text('def f():\n    """F."""\n    f()\n')
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(root))
    return root


@pytest.mark.usefixtures("library")
def test_a_database_is_built_once(tmp_path: Path, console: Console) -> None:
    path = tmp_path / "demo.rem"
    with open_demo(path, console=console) as db:
        built_at = db.sql("SELECT built_at FROM demo_info").rows()
        assert db.sql("SELECT id, docstring FROM functions").rows() == [("one.f", "F.")]
        assert db.sql("SELECT src, dst FROM edges WHERE edge_type = 'calls'").rows() == [("one.f", "one.f")]
        assert db.sql("SELECT name, content FROM resources").rows() == [("one.f", "F.")]
    with open_demo(path, console=console) as db:
        assert db.sql("SELECT built_at FROM demo_info").rows() == built_at
    assert sorted(p.name for p in tmp_path.iterdir()) == ["demo.rem", "lib"]


@pytest.mark.usefixtures("library")
def test_a_build_that_was_killed_is_begun_again(
    tmp_path: Path, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(demo, "_load", killed)
        with pytest.raises(KeyboardInterrupt):
            open_demo(tmp_path / "demo.rem", console=console)
    assert not (tmp_path / "demo.rem").exists()
    assert (tmp_path / "demo.rem.building" / "database").is_dir()
    with open_demo(tmp_path / "demo.rem", console=console) as db:
        assert db.sql("SELECT COUNT(*) FROM functions").item() == 1
    assert not (tmp_path / "demo.rem.building").exists()


def test_another_database_is_left_alone(tmp_path: Path, console: Console) -> None:
    with connect(tmp_path / "mine.rem") as db:
        db.insert("entities", {"id": "e1", "name": "mine"})
    with pytest.raises(
        InputError, match="is a database that the demo did not build; give a path that does not exist yet"
    ):
        open_demo(tmp_path / "mine.rem", console=console)
    with connect(tmp_path / "mine.rem") as db:
        assert db.sql("SELECT name FROM entities").item() == "mine"


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_is_no_database_is_left_alone(tmp_path: Path, console: Console, kind: str) -> None:
    path = tmp_path / "there"
    path.mkdir() if kind == "folder" else path.write_text("text")
    with pytest.raises(InputError, match="exists and is not a database"):
        open_demo(path, console=console)
    assert path.is_dir() and not any(path.iterdir()) if kind == "folder" else path.read_text() == "text"


def test_a_folder_that_no_build_made_is_not_removed(tmp_path: Path, console: Console) -> None:
    other = tmp_path / "demo.rem.building"
    other.mkdir()
    (other / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="exists, and the demo did not create it; move it away, or give another path"):
        open_demo(tmp_path / "demo.rem", console=console)
    assert (other / "notes.txt").read_text() == "mine"


def test_a_library_without_source_is_an_error(library: Path, tmp_path: Path, console: Console) -> None:
    (library / "one.py").unlink()
    with pytest.raises(
        InputError, match=r"no Python source in .*lib; run the demo with a Python that has its library as \.py files"
    ):
        open_demo(tmp_path / "demo.rem", console=console)


def lines_of(console: Console) -> list[str]:
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


@pytest.mark.usefixtures("library")
def test_without_a_terminal_the_steps_are_lines(tmp_path: Path, console: Console) -> None:
    """The rows are a module, a function, a resource, and two edges: the function is defined, and calls itself."""
    open_demo(tmp_path / "demo.rem", console=console).close()
    assert lines_of(console) == [
        "Reading source files: 1 of 1",
        "Writing rows: 0 of 5",
        "Writing rows: 2 of 5",
        "Writing rows: 3 of 5",
        "Writing rows: 5 of 5",
    ]


def test_a_step_shows_each_quarter_once() -> None:
    console = Console(file=io.StringIO(), width=100)
    report = demo._lines(console)
    for done in range(1, 8_001):
        report("Reading", done, 8_000)
    report("Writing", 0, 0)
    assert lines_of(console) == [
        *(f"Reading: {done:,} of 8,000" for done in (1, 2_000, 4_000, 6_000, 8_000)),
        "Writing: 0 of 0",
    ]


@pytest.mark.usefixtures("library")
def test_in_a_terminal_the_steps_are_bars(tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), width=100, force_terminal=True, _environ={"TERM": "xterm"})
    open_demo(tmp_path / "demo.rem", console=console).close()
    drawn = "\n".join(lines_of(console))
    assert "Reading source files" in drawn and "Writing rows" in drawn and "━" in drawn
    assert "1 of 1" not in drawn
