"""What every command has: its first argument, and how its errors end it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from rem_arrow.base.errors import InputError, RemError
from rem_arrow.base.printable import printable
from rem_arrow.face.connection import connect
from rem_arrow.face.database import Database
from rem_arrow.face.options import is_address
from rem_arrow.running.file_access import Files

EXIT_FAILED, EXIT_DAMAGED = 1, 3

DatabasePath = Annotated[Path, typer.Argument(help="Folder of the database", metavar="DATABASE")]
DatabaseAddress = Annotated[
    str, typer.Argument(help="Folder of the database, or the address of a server", metavar="DATABASE")
]
Token = Annotated[
    str | None, typer.Option(help="What tells a server who calls", envvar="REM_ARROW_TOKEN", show_envvar=True)
]
Certificate = Annotated[
    Path | None, typer.Option(help="A file, as PEM, that the certificate of a server is checked against")
]


@contextmanager
def errors_as_text() -> Iterator[None]:
    """Print a RemError as text, and exit with EXIT_FAILED."""
    try:
        yield
    except RemError as error:
        typer.echo(printable(f"{type(error).__name__}: {error}"), err=True)
        raise typer.Exit(EXIT_FAILED) from error
    except BrokenPipeError:
        raise typer.Exit(0) from None


def check_database(path: Path) -> None:
    """Raise InputError where there is no database to be read."""
    if not (path / "CURRENT").is_file():
        raise InputError(f"{path} is not a database; make one with rem-arrow load or rem-arrow demo")


def opened(
    database: str, token: str | None, certificate: Path | None, *, read_only: bool, files: Files | None
) -> Database:
    """Open a folder, or the database at an address. Raises RemError."""
    if not is_address(database):
        if read_only:
            check_database(Path(database))
        # The token may be in the environment.
        return connect(database, read_only=read_only, files=files, certificate=certificate)
    if read_only:
        raise InputError("--read-only is for a folder; a server gives tokens that only read")
    return connect(database, token=token, certificate=certificate)
