"""The command `shell`: statements by hand, or from standard input."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from rem_arrow.base.errors import UnsupportedError
from rem_arrow.base.printable import printable
from rem_arrow.face.database import Database
from rem_arrow.shell.command import EXIT_FAILED, Certificate, DatabaseAddress, Token, errors_as_text, opened
from rem_arrow.shell.dot_commands import run_command
from rem_arrow.shell.output import Format, format_for
from rem_arrow.shell.shell_screen import PlainScreen, TerminalScreen
from rem_arrow.shell.shell_session import ShellSession


def shell(
    database: DatabaseAddress,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Only read, beside a program that has the database open")
    ] = False,
    token: Token = None,
    certificate: Certificate = None,
    format_: Annotated[
        Format | None, typer.Option("--format", "-f", help="How to show rows; default: table in a terminal, else csv")
    ] = None,
) -> None:
    """Run statements by hand, with completion and history, or those of standard input (the extra shell).

    rem-arrow shell my.rem

    rem-arrow shell rem://127.0.0.1:4711 < report.sql
    """
    with errors_as_text(), opened(database, token, certificate, read_only=read_only, files="any") as db:
        if sys.stdin.isatty() and sys.stdout.isatty():
            _by_hand(db, database, format_)
            return
        with closing(ShellSession(db, PlainScreen(), format_for(format_, None), run_command)) as session:
            try:
                is_done = session.run(sys.stdin.read())
            except KeyboardInterrupt:
                is_done = False
        if not is_done:
            raise typer.Exit(EXIT_FAILED)


def _by_hand(db: Database, database: str, format_: Format | None) -> None:
    try:
        from rem_arrow.shell.terminal import converse
    except ImportError as error:
        raise UnsupportedError("shell needs the extra of that name: pip install 'rem_arrow[shell]'") from error
    screen = TerminalScreen()
    screen.note(f"rem_arrow, {printable(database)}: {db.tables().height} tables. .help lists commands, Ctrl-D leaves.")
    with closing(ShellSession(db, screen, format_ or Format.table, run_command)) as session:
        converse(session, Path(database).name or database)
