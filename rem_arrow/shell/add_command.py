"""The command `add`: documents into the table resources, with the options of `Database.add_documents`."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Literal

import typer

from rem_arrow.base.printable import printable
from rem_arrow.face.connection import connect
from rem_arrow.shell.command import DatabasePath, errors_as_text

_COUNTS = ("added", "changed", "unchanged", "removed")


def add(
    database: DatabasePath,
    paths: Annotated[list[str], typer.Argument(help="Files, folders of documents, or patterns such as 'docs/**/*.md'")],
    category: Annotated[str | None, typer.Option(help="Category of the rows, such as tutorial")] = None,
    chunk: Annotated[
        int | None, typer.Option(help="The most that a chunk holds; default 400 tokens or 1,600 characters")
    ] = None,
    overlap: Annotated[
        int | None, typer.Option(help="The most that a chunk repeats of the one before it; default an eighth")
    ] = None,
    unit: Annotated[Literal["tokens", "characters"], typer.Option(help="What chunk and overlap count")] = "tokens",
    front_matter: Annotated[bool, typer.Option(help="Read the front matter of Markdown, or keep it as text")] = True,
    sync: Annotated[
        bool, typer.Option("--sync", help="Remove the documents whose files are gone from a folder")
    ] = False,
    ignore_errors: Annotated[
        bool, typer.Option("--ignore-errors", help="Pass over files that cannot be read, and say why")
    ] = False,
) -> None:
    """Add documents to the table resources, in chunks; a stored document of that file is replaced.

    rem-arrow add my.rem docs --category guide --sync
    """
    documents, chunks, counts = 0, 0, Counter[str]()
    with errors_as_text(), connect(database) as db:
        for path in paths:
            added = db.add_documents(
                path,
                category=category,
                chunk=chunk,
                overlap=overlap,
                unit=unit,
                front_matter=front_matter,
                sync=sync,
                ignore_errors=ignore_errors,
            )
            documents, chunks = documents + len(added), chunks + sum(len(d.chunks) for d in added)
            counts.update({name: getattr(added, name) for name in _COUNTS})
            for reason in added.refused.values():
                typer.echo(f"passed over: {printable(reason)}", err=True)
        told = ", ".join(f"{counts[name]:,} {name}" for name in _COUNTS)
        typer.echo(f"{documents:,} documents in {chunks:,} chunks into {database}: {told}", err=True)
