"""What the demo shows fits 100 columns and is readable without colour."""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from rem_arrow.demo import tour
from rem_arrow.demo.questions import QUESTIONS
from rem_arrow.demo.tour import run, table_of, wide_console
from tests.demo.library import library, read_instead


def _printed(frame: pl.DataFrame, *, width: int = 100) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    console.print(table_of(frame, width=width))
    assert isinstance(console.file, io.StringIO)
    return [line.strip() for line in console.file.getvalue().splitlines() if line.strip()]


def test_numbers_have_separators_and_missing_values_a_dash() -> None:
    lines = _printed(
        pl.DataFrame({"n": [1234567, None], "x": [0.25, 12345.0], "t": ["a\n b", None], "b": [True, False]})
    )
    assert [line.split() for line in lines if "─" not in line] == [
        ["n", "x", "t", "b"],
        ["1,234,567", "0.25", "a", "b", "true"],
        ["-", "12,345.0", "-", "false"],
    ]


def test_a_table_without_rows_shows_its_columns() -> None:
    assert _printed(pl.DataFrame({"n": []}))[0] == "n"


def test_long_text_is_cut_and_the_first_rows_are_shown() -> None:
    lines = _printed(pl.DataFrame({f"column_{i}": ["long " * 40] * 20 for i in range(3)}))
    assert len(lines) == 10
    assert all("…" in line for line in lines[2:])
    assert max(map(len, lines)) <= 100


def test_in_a_narrow_terminal_the_widest_column_gives_way() -> None:
    """Numbers stay whole."""
    frame = pl.DataFrame({"id": ["module.name." * 4], "lines": [1234], "kind": ["function"], "line": [98765]})
    lines = _printed(frame, width=50)
    assert max(map(len, lines)) <= 50
    assert lines[2].split()[1:] == ["1,234", "function", "98,765"] and "…" in lines[2]


def test_without_a_terminal_the_layout_has_its_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert wide_console().width == 100


@pytest.mark.parametrize(
    ("started", "on_path", "typed"),
    [
        (".venv/bin/rem-arrow", None, ".venv/bin/rem-arrow"),
        ("/opt/bin/rem-arrow", "/opt/bin/rem-arrow", "rem-arrow"),
        ("/opt/lib/__main__.py", None, "rem-arrow"),
    ],
)
def test_the_commands_to_type_are_found(
    monkeypatch: pytest.MonkeyPatch, started: str, on_path: str | None, typed: str
) -> None:
    """The command is named by its path where a shell would not find it."""
    monkeypatch.setattr(sys, "argv", [started])
    monkeypatch.setattr(shutil, "which", lambda name: on_path)
    assert tour._command() == typed


def test_the_demo_asks_all_and_says_what_is_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "library").mkdir()
    read_instead(monkeypatch, library(tmp_path / "library"))
    monkeypatch.chdir(tmp_path)
    console = Console(file=io.StringIO(), width=100)
    run(None, console=console)
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    assert all(q.title in shown for q in QUESTIONS)
    assert "What is json.dumps?" in shown
    assert max(map(len, shown.splitlines())) <= 100
    assert (tmp_path / "rem-demo.rem").is_dir()
    for command in (
        "rem-arrow sql rem-demo.rem",
        "rem-arrow lookup rem-demo.rem",
        "rem-arrow tables rem-demo.rem",
        "rem.connect('rem-demo.rem')",
    ):
        assert command in shown
