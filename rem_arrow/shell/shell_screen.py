"""Where the shell shows rows and messages: a terminal, with colours and a pager, or plain streams."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import Protocol, TextIO

import polars as pl
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from rem_arrow.base.printable import printable
from rem_arrow.shell.drawn_rows import draw_table, drawn
from rem_arrow.shell.output import Format, as_text, file_error

_HINT = ".rows, .mode and .output"
# less: quit at once where all fits, keep colours, cut long lines, which the arrow keys move.
_PAGER = "less -FRSX"


@dataclass(slots=True)
class ShellSettings:
    """What the commands set."""

    mode: Format
    timer: bool = False
    explain: bool = False
    pager: bool = True
    rows_max: int = 1_000


class Screen(Protocol):
    """Where rows and messages go."""

    def rows(self, frame: pl.DataFrame, settings: ShellSettings) -> None:
        """Show rows."""

    def text(self, text: str) -> None:
        """Show a text that was asked for."""

    def note(self, text: str) -> None:
        """Tell what happened."""

    def error(self, text: str) -> None:
        """Tell what is wrong."""


class TerminalScreen:
    """A terminal: what is longer or wider than it goes to a pager."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console()

    def rows(self, frame: pl.DataFrame, settings: ShellSettings) -> None:
        text = _text(frame, settings, colours=True)
        if settings.pager and self._overflows(text) and self._paged(text):
            return
        if settings.mode is Format.table:
            # As wide as the terminal.
            draw_table(self._console, frame, settings.rows_max, _HINT)
        else:
            self._console.file.write(text)

    def text(self, text: str) -> None:
        self._console.print(Text(printable(text)), end="", soft_wrap=True)

    def note(self, text: str) -> None:
        self._console.print(Text(printable(text), style="dim"))

    def error(self, text: str) -> None:
        self._console.print(Text(text, style="red"), soft_wrap=True)

    def _overflows(self, text: str) -> bool:
        lines = text.splitlines()
        widest = max((cell_len(Text.from_ansi(line).plain) for line in lines[: self._console.height]), default=0)
        return len(lines) >= self._console.height or widest > self._console.width

    def _paged(self, text: str) -> bool:
        """Show a text in a pager; return whether there is one."""
        pager = shlex.split(os.environ.get("PAGER") or _PAGER)
        if shutil.which(pager[0]) is None:
            return False
        process = subprocess.Popen(pager, stdin=subprocess.PIPE, text=True, encoding="utf-8")
        try:
            process.communicate(text)
        except (BrokenPipeError, KeyboardInterrupt):
            # The pager has its own keys, and may end before it has read all.
            process.wait()
        return True


class PlainScreen:
    """Streams that no person looks at: rows and texts to a file or standard output, errors to standard error."""

    def __init__(self, file: TextIO | None = None) -> None:
        self._file = file

    def rows(self, frame: pl.DataFrame, settings: ShellSettings) -> None:
        self.text(_text(frame, settings, colours=False))

    def text(self, text: str) -> None:
        """Write a text. Raises RemError."""
        file = self._file or sys.stdout
        try:
            file.write(text)
            file.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise file_error(error, f"cannot write {file.name}") from error

    def note(self, text: str) -> None:
        """Nothing: what runs by itself tells only what was asked for."""

    def error(self, text: str) -> None:
        print(text, file=sys.stderr)


def _text(frame: pl.DataFrame, settings: ShellSettings, *, colours: bool) -> str:
    if settings.mode is Format.table:
        return drawn(frame, settings.rows_max, _HINT, colours=colours)
    text = as_text(frame, settings.mode)
    return printable(text) if colours else text
