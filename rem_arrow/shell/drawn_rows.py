"""Rows as texts for people: a table, Markdown, or a line for each value."""

from __future__ import annotations

from io import StringIO
from typing import Any

import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rem_arrow.base.printable import printable

_TEXT_CHARS_MAX = 60
# A drawing that is wider is cut.
_WIDTH_MAX = 2_000


def draw_table(console: Console, frame: pl.DataFrame, rows_max: int, hint: str) -> None:
    """Draw the first rows as a table, and tell how many there are; `hint` says how to see more."""
    table = Table(show_edge=False, header_style="bold", pad_edge=False)
    for name, dtype in frame.schema.items():
        table.add_column(
            Text(_line(name)),
            justify="right" if dtype.is_numeric() else "left",
            overflow="fold" if frame.width <= 3 else "ellipsis",
            no_wrap=frame.width > 3,
        )
    for row in frame.head(rows_max).iter_rows():
        table.add_row(*(_cell(v) for v in row))
    console.print(table)
    remainder = f"; {frame.height - rows_max:,} more, see {hint}" if frame.height > rows_max else ""
    console.print(f"{frame.height:,} row{'s' if frame.height != 1 else ''}{remainder}", style="dim", highlight=False)


def drawn(frame: pl.DataFrame, rows_max: int, hint: str, *, colours: bool) -> str:
    """Return the table as a text that is as wide as it needs to be."""
    text = StringIO()
    draw_table(
        Console(file=text, width=_WIDTH_MAX, force_terminal=colours, no_color=not colours), frame, rows_max, hint
    )
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"


def markdown(frame: pl.DataFrame) -> str:
    """Return all rows as a table of Markdown."""
    rule = ["---:" if dtype.is_numeric() else "---" for dtype in frame.dtypes]
    rows = [["" if value is None else _escaped(str(value)) for value in row] for row in frame.iter_rows()]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in [[_escaped(name) for name in frame.columns], rule, *rows])


def lines(frame: pl.DataFrame) -> str:
    """Return all rows with a line for each value, and an empty line between two rows."""
    names = [_line(name) for name in frame.columns]
    width = max((len(name) for name in names), default=0)
    rows = (zip(names, row, strict=True) for row in frame.iter_rows())
    return "\n".join("".join(f"{n:>{width}} = {'NULL' if v is None else _line(str(v))}\n" for n, v in r) for r in rows)


def _escaped(text: str) -> str:
    return _line(text).replace("\\", "\\\\").replace("|", "\\|")


def _cell(value: Any) -> Text:
    # A Text, since rich takes a str for its markup.
    if value is None:
        return Text("NULL", style="dim")
    if isinstance(value, float):
        return Text(f"{value:,.4g}" if abs(value) < 1 else f"{value:,.2f}")
    if isinstance(value, int) and not isinstance(value, bool):
        return Text(f"{value:,}")
    text = _line(str(value))
    return Text(text if len(text) <= _TEXT_CHARS_MAX else text[: _TEXT_CHARS_MAX - 1] + "…")


def _line(text: str) -> str:
    return printable(text.replace("\n", " ").replace("\t", " "))
