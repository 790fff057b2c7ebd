"""The command `serve`: a database for other processes, until it is told to end."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rem_arrow.base.printable import printable
from rem_arrow.face.connection import connect
from rem_arrow.shell.command import DatabasePath, check_database, errors_as_text


def serve(
    database: DatabasePath,
    host: Annotated[
        str, typer.Option(help="Address to listen at; one that is not of this machine alone needs --token-file")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 is one that is free")] = 4711,
    page_port: Annotated[
        int | None, typer.Option(help="Port of the explorer page; 0 is one that is free; default is no page")
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(
            help="Lines of name, scope (read, write, admin) and token; without it one token is made, and told"
        ),
    ] = None,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Open for reading, beside a program that has the database open")
    ] = False,
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate chain, as PEM")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Private key, as PEM")] = None,
    files: Annotated[
        list[Path] | None,
        typer.Option(help="Folder whose files SQL may read and write; may be given several times; default is none"),
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds after which a statement is stopped")] = 300.0,
    rows_max: Annotated[int | None, typer.Option(help="The most rows of an answer")] = None,
    request_bytes: Annotated[int, typer.Option(help="The most bytes of a request")] = 256 << 20,
    memory_limit: Annotated[str, typer.Option(help='Memory of the database, such as "8GB"')] = "4GB",
) -> None:
    """Serve a database to other processes, over loopback unless told otherwise, until SIGTERM or Ctrl-C.

    rem-arrow serve my.rem --port 4711 --page-port 4712 --token-file tokens
    """
    # It brings Arrow Flight, which no other command needs.
    from rem_arrow.serve.server import start_server

    with errors_as_text():
        if read_only:
            check_database(database)
        with connect(database, read_only=read_only, files=files or "none", memory_limit=memory_limit) as db:
            server = start_server(
                db,
                host=host,
                port=port,
                page_port=page_port,
                token_file=token_file,
                tls_certificate=tls_cert,
                tls_key=tls_key,
                request_bytes=request_bytes,
                rows_max=rows_max,
                timeout_s=timeout,
            )
            typer.echo(printable(f"{database} is served at {server.address}"), err=True)
            if server.page is not None:
                typer.echo(f"page: {server.page}", err=True)
            if server.token is not None:
                typer.echo(f"token: {server.token}", err=True)
            server.wait()
