"""What the demo shows fits 100 columns and is readable without colour."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from rem_arrow.demo.questions import QUESTIONS
from rem_arrow.demo.tour import run, table_of


def _printed(frame: pl.DataFrame) -> list[str]:
    console = Console(file=io.StringIO(), width=100)
    console.print(table_of(frame))
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


def test_the_demo_asks_all_and_says_what_is_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
