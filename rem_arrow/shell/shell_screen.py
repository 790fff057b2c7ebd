"""Where the shell shows rows and messages: a terminal, with colours and a pager, or plain streams."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from typing import TextIO

import polars as pl
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from rem_arrow.base.errors import InputError
from rem_arrow.base.printable import printable
from rem_arrow.running.disk_errors import disk_error
from rem_arrow.shell.drawn_rows import draw_table, drawn
from rem_arrow.shell.output import Format, as_text
from rem_arrow.shell.shell_session import ShellSettings

_HINT = ".rows, .mode and .output"
# less: quit at once where all fits, keep colours, cut long lines, which the arrow keys move.
_PAGER = "less -FRSX"


class TerminalScreen:
    """A terminal: what is longer or wider than it goes to a pager."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console()

    def rows(self, frame: pl.DataFrame, settings: ShellSettings, file: TextIO | None) -> None:
        if file is not None:
            write_text(_text(frame, settings, colours=False), file)
            return
        text = _text(frame, settings, colours=True)
        if settings.pager and self._overflows(text) and self._paged(text):
            return
        if settings.mode is Format.table:
            # As wide as the terminal.
            draw_table(self._console, frame, settings.rows_max, _HINT)
        else:
            self._console.file.write(text)

    def text(self, text: str, file: TextIO | None = None) -> None:
        if file is not None:
            write_text(text, file)
        else:
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
    """Streams that no person looks at: rows and texts to standard output, errors to standard error."""

    def rows(self, frame: pl.DataFrame, settings: ShellSettings, file: TextIO | None) -> None:
        write_text(_text(frame, settings, colours=False), file or sys.stdout)

    def text(self, text: str, file: TextIO | None = None) -> None:
        write_text(text, file or sys.stdout)

    def note(self, text: str) -> None:
        """Nothing: what runs by itself tells only what was asked for."""

    def error(self, text: str) -> None:
        print(text, file=sys.stderr)


def write_text(text: str, file: TextIO) -> None:
    """Write a text to a file. Raises RemError."""
    try:
        file.write(text)
        file.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        what = f"cannot write {file.name}"
        raise disk_error(error, what) or InputError(f"{what}: {error.strerror or error}") from error


def _text(frame: pl.DataFrame, settings: ShellSettings, *, colours: bool) -> str:
    if settings.mode is Format.table:
        return drawn(frame, settings.rows_max, _HINT, colours=colours)
    text = as_text(frame, settings.mode)
    return printable(text) if colours else text
