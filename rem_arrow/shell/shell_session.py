"""One session of the shell: statements and commands in, rows and messages out, whether they come from a terminal, from
a file, or from standard input.

A text is a row of steps: statements, each with its semicolon, and lines that begin with a dot. A step that fails ends
its text; the session goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import NamedTuple, TextIO, TypeVar

import polars as pl

from rem_arrow.base.errors import InputError, RemError, TextError
from rem_arrow.base.printable import printable
from rem_arrow.drivers.answer_kind import AnswerKind
from rem_arrow.drivers.dbapi_connection import Connection
from rem_arrow.drivers.dbapi_errors import Error
from rem_arrow.face.database import Database
from rem_arrow.shell.output import Format
from rem_arrow.shell.shell_screen import PlainScreen, Screen, ShellSettings
from rem_arrow.shell.statement_thread import StatementThread, StoppedError
from rem_arrow.sql.text.unfinished import pieces, statement_at

T = TypeVar("T")

# Of files that read each other.
READ_DEPTH_MAX = 16


class Step(NamedTuple):
    """A statement or a command of a text, where the statement begins, and whether it has its end."""

    text: str
    start: int
    is_command: bool
    is_ended: bool


class TextFailedError(Exception):
    """A step of a file failed, and that was told."""


class ShellSession:
    """A database, what is set, and where answers go.

    Args:
        command: runs a line that begins with a dot. Raises RemError.
    """

    def __init__(
        self, database: Database, screen: Screen, mode: Format, command: Callable[[ShellSession, str], None]
    ) -> None:
        self.database, self.screen, self.settings = database, screen, ShellSettings(mode)
        self._connection = Connection(database, owned=False, autocommit=True)
        self._thread, self._command = StatementThread(), command
        self._answers, self._ends, self._depth = screen, ExitStack(), 0
        self.is_over = False

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._connection.in_transaction

    def run(self, text: str) -> bool:
        """Run the steps of a text; return whether all of them did what they should. Tells the error of one that did
        not, and leaves out what follows."""
        for step in steps(text):
            try:
                self._step(step, text)
            except (RemError, Error) as error:
                self.screen.error(_told(error, step, text))
                return False
            except TextFailedError:
                return False
            except StoppedError as error:
                if error.is_running:
                    self._connection = Connection(self.database, owned=False, autocommit=True)
                self.screen.error(str(error))
                return False
            if self.is_over:
                break
        return True

    def read(self, text: str) -> None:
        """Run the text of a file that a command names. Raises TextFailedError, and InputError where files read each
        other without end."""
        if self._depth == READ_DEPTH_MAX:
            raise InputError(f"files that read each other do so at most {READ_DEPTH_MAX} deep")
        self._depth += 1
        try:
            if not self.run(text):
                raise TextFailedError
        finally:
            self._depth -= 1

    def call(self, work: Callable[[], T]) -> T:
        """Return the result of a call that Ctrl-C stops. Raises StoppedError."""
        return self._thread.run(work, lambda: self.screen.note("stopping; Ctrl-C again no longer waits for it"))

    def show(self, frame: pl.DataFrame) -> None:
        """Show rows, or write them to the file that was chosen."""
        self._answers.rows(frame, self.settings)

    def show_text(self, text: str) -> None:
        """Show a text, or write it to the file that was chosen."""
        self._answers.text(text)

    def write_to(self, file: TextIO | None) -> None:
        """Write rows to a file from now on; None is the screen."""
        self._ends.close()
        self._answers = self.screen if file is None else PlainScreen(self._ends.enter_context(file))

    def close(self) -> None:
        """End the session; what is not committed is forgotten."""
        with self._ends:
            self._connection.close()
            self._thread.close()

    def _step(self, step: Step, text: str) -> None:
        if step.is_command:
            self._command(self, step.text)
            return
        started = time.perf_counter()
        if isinstance(self.database, Database) and self.database.read_only:
            self.database.refresh()
        if self.settings.explain:
            self._explain(step.text)
        kind, rows = self.call(partial(self._connection.run, step.text, None))
        seconds = time.perf_counter() - started
        self._answer(kind, rows)
        if self.settings.timer:
            self.screen.note(f"{seconds:,.3f} s")

    def _explain(self, text: str) -> None:
        first = next(pieces(text)).upper
        if first in ("SELECT", "FROM", "WITH", "SEARCH", "LOOKUP", "FUZZY", "TRAVERSE", "VALUES"):
            self.show_text(f"{self.call(lambda: self.database.explain(text))}\n")

    def _answer(self, kind: AnswerKind, rows: pl.DataFrame) -> None:
        if kind == "rows":
            self.show(rows)
        elif kind == "count":
            count = int(rows.item())
            self.screen.note(f"{count:,} row{'' if count == 1 else 's'} written")
        else:
            self.screen.note("done")


def steps(text: str) -> Iterator[Step]:
    """Yield the statements and commands of a text."""
    place = 0
    while (piece := next(pieces(text, place), None)) is not None:
        if piece.kind == "comment" or piece.upper == ";":
            place = piece.stop
        elif piece.upper == ".":
            stop = text.find("\n", piece.start)
            place = len(text) if stop < 0 else stop
            yield Step(text[piece.start : place].strip(), piece.start, True, True)
        else:
            found = statement_at(text, piece.start)
            assert found is not None, "it begins with this piece"
            yield Step(text[found.start : found.stop], found.start, False, found.is_ended)
            place = found.after


def is_whole(text: str) -> bool:
    """Say whether nothing of what a text begins is missing: its last statement has a semicolon."""
    last, place = None, 0
    for last in steps(text):
        place = last.start
    left_open = any(piece.is_open and piece.text.startswith("/*") for piece in pieces(text, place))
    return not left_open and (last is None or last.is_ended)


def _told(error: RemError, step: Step, text: str) -> str:
    """Return what an error says; its place is that in the whole text."""
    cause = error.__cause__ if isinstance(error, Error) and isinstance(error.__cause__, RemError) else error
    kind = type(cause).__name__
    if isinstance(cause, TextError) and cause.text == step.text and cause.start is not None:
        end = None if cause.end is None else cause.end + step.start
        cause = TextError(cause.message, text, cause.start + step.start, end, hint=cause.hint)
    return printable(f"{kind}: {cause}")
