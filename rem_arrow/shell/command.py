"""What every command has: its first argument, and how its errors end it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from rem_arrow.base.errors import InputError, RemError
from rem_arrow.base.printable import printable

EXIT_FAILED, EXIT_DAMAGED = 1, 3

DatabasePath = Annotated[Path, typer.Argument(help="Folder of the database", metavar="DATABASE")]


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
