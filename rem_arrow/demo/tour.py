"""The demo as the user sees it: build or open, ask, show, and say what to type next. Laid out for 100 columns; tables
fit into narrower terminals."""

from __future__ import annotations

import shlex
import shutil
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from textwrap import indent
from typing import Literal

import polars as pl
from rich import box
from rich.console import Console
from rich.rule import Rule
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from rem_arrow.demo.build import INFO_TABLE, open_demo
from rem_arrow.demo.questions import ASKED, LOOKUP, QUESTIONS, SEARCHES
from rem_arrow.face.database import Database

_COMMAND = "rem-arrow"
_DEFAULT = Path("rem-demo.rem")
_ROWS_MAX = 8
_COLUMNS_MAX = 5
_TEXT_MAX = 44
_WIDTH_MAX = 100
_WIDTH_MIN = 8
_OWN_TABLES = ("modules", "classes", "functions", "resources", "edges")


def wide_console() -> Console:
    """Return the console of standard output: as wide as the terminal, and as the layout where there is none."""
    return Console(width=None if sys.stdout.isatty() else _WIDTH_MAX)


def run(path: Path | None, *, console: Console) -> None:
    """Open the demo database at `path`, built if it is not there, and show what it can be asked.

    Raises:
        InputError: something else stands at `path`, or this Python has no source files.
    """
    path = path if path is not None else _DEFAULT
    was_there = path.exists()
    with open_demo(path, console=console) as db:
        _print_start(db, was_there=was_there, console=console)
        for question in QUESTIONS:
            _ask(question.title, question.sql, partial(db.sql, question.sql), note=question.note, console=console)
        for question in SEARCHES:
            _ask(question.title, question.sql, partial(_shown, db, question.sql), note=question.note, console=console)
        where = "By id, name or alias, in every table at once."
        _ask(f"What is {LOOKUP}?", f"LOOKUP '{LOOKUP}'", partial(db.lookup_entity, LOOKUP), note=where, console=console)
        for text in ASKED:
            _ask_in_words(db, text, console)
        _print_end(path, db.tables(), console)


def _ask_in_words(db: Database, text: str, console: Console) -> None:
    """Ask a question in plain language, and show what became of it."""
    started = time.perf_counter()
    answer = db.query_natural_language(text, model="rules")
    milliseconds = (time.perf_counter() - started) * 1e3
    wide = answer.results.width > _COLUMNS_MAX
    columns = (
        [c for c in ("id", "name", "package", "size", "links") if c in answer.results.columns]
        if wide
        else answer.results.columns
    )
    console.print()
    console.print(Rule(Text(f"“{text}”", style="bold cyan"), align="left", style="cyan"))
    console.print(Text(answer.query, style="dim"))
    console.print(table_of(answer.results.select(columns), width=console.width))
    console.print(
        Text(
            f"{milliseconds:,.1f} ms   In plain language: {answer.query_type}, confidence {answer.confidence:.2f}, "
            "planned by rules.",
            style="dim italic",
        )
    )


def _shown(db: Database, text: str) -> pl.DataFrame:
    """Return the answer of a search without the columns that say nothing here."""
    rows = db.sql(text)
    return rows.select("name", "content", pl.col("_score").alias("score")) if "_score" in rows.columns else rows


def _print_start(db: Database, *, was_there: bool, console: Console) -> None:
    info = db.sql(f"SELECT python, seconds FROM {INFO_TABLE}").row(0, named=True)
    rows = sum(_rows_by_table(db.tables()).values())
    verb = "Opened" if was_there else "Built"
    console.print()
    console.print(Text(f"The standard library of Python {info['python']} as a database", style="bold"))
    console.print(Text(f"{verb}: {rows:,} rows, read from source and stored in {info['seconds']:.1f} s.", style="dim"))


def _ask(title: str, sql: str, answer: Callable[[], pl.DataFrame], *, note: str, console: Console) -> None:
    started = time.perf_counter()
    frame = answer()
    milliseconds = (time.perf_counter() - started) * 1e3
    console.print()
    console.print(Rule(Text(title, style="bold cyan"), align="left", style="cyan"))
    console.print(Text(sql, style="dim"))
    console.print(table_of(frame, width=console.width))
    took = f"{milliseconds:,.1f} ms"
    console.print(Text(f"{took}   {note}" if note else took, style="dim italic"))


def table_of(frame: pl.DataFrame, *, width: int = _WIDTH_MAX) -> Table:
    """Return the first rows of a frame for a terminal: numbers to the right with thousands separators, long texts
    cut."""
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    cells = [[_cell(value) for value in column.head(_ROWS_MAX)] for column in frame]
    widths = [max([len(column.name), *map(len, texts)]) for column, texts in zip(frame, cells, strict=True)]
    widths = _fitted(widths, min(width, _WIDTH_MAX))
    for (name, dtype), its_width in zip(frame.schema.items(), widths, strict=True):
        side: Literal["left", "right"] = "right" if dtype.is_numeric() else "left"
        table.add_column(Text(name), justify=side, no_wrap=True, overflow="ellipsis", width=its_width)
    for row in zip(*cells, strict=True):
        table.add_row(*row)
    return table


def _fitted(widths: list[int], width: int) -> list[int]:
    """Return the widths of columns for a line of `width`; what is too much for it is taken from the widest column."""
    widest = widths.index(max(widths))
    total = sum(widths) + 3 * (len(widths) - 1) + 2
    fitting = max(_WIDTH_MIN, widths[widest] - max(0, total - width))
    return [fitting if place == widest else one for place, one in enumerate(widths)]


def _cell(value: object) -> Text:
    match value:
        case None:
            return Text("-", style="dim")
        case bool():
            return Text(str(value).lower())
        case int():
            return Text(f"{value:,}")
        case float():
            return Text(f"{value:,.1f}" if abs(value) >= 10 else f"{value:,.2f}")
        case _:
            text = " ".join(str(value).split())
            return Text(text if len(text) <= _TEXT_MAX else text[: _TEXT_MAX - 1] + "…")


def _print_end(path: Path, tables: pl.DataFrame, console: Console) -> None:
    size = sum(f.stat().st_size for f in path.rglob("*") if f.is_file())
    console.print()
    console.print(Rule(Text("What next?", style="bold cyan"), align="left", style="cyan"))
    console.print(Text(f"The database is {path.resolve()}, {size / 1e6:,.1f} MB on disk.", overflow="fold"))
    counts = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    counts.add_column("table")
    counts.add_column("rows", justify="right")
    for name, rows in _rows_by_table(tables).items():
        counts.add_row(Text(name), f"{rows:,}")
    console.print(counts)
    name, command = shlex.quote(str(path)), shlex.quote(_command())
    question = "SELECT id, size FROM modules ORDER BY size DESC LIMIT 5"
    shell = f"""\
{command} sql {name} "{question}"
{command} lookup {name} {LOOKUP}
{command} ask {name} "{ASKED[0]}"
{command} tables {name}"""
    python = f"""\
import rem_arrow as rem
db = rem.connect({str(path)!r})
print(db.sql("{question}"))"""
    interpreter = "Python" if command == _COMMAND else str(Path(_command()).with_name("python"))
    for title, text, language in (("In the shell:", shell, "bash"), (f"In {interpreter}:", python, "python")):
        console.print(Text(title, style="bold"))
        # Not wrapped to the console, so that a long line stays one line when it is copied.
        console.print(
            Syntax("", language, theme="ansi_dark", background_color="default").highlight(indent(text, "  ")),
            soft_wrap=True,
        )


def _command() -> str:
    """Return what to type for the command line: its name, or its path where a shell does not find it by name."""
    started = Path(sys.argv[0])
    if started.name != _COMMAND or shutil.which(_COMMAND) is not None:
        return _COMMAND
    return str(started)


def _rows_by_table(tables: pl.DataFrame) -> dict[str, int]:
    """Return the rows of the demo's tables, as `Database.tables` counts them."""
    rows = dict(tables.select("name", "rows").iter_rows())
    return {name: rows[name] for name in _OWN_TABLES if name in rows}
