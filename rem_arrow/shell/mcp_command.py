"""The command `mcp`: a database as tools and resources of the Model Context Protocol."""

from __future__ import annotations

from typing import Annotated

import typer

from rem_arrow.base.errors import InputError, UnsupportedError
from rem_arrow.shell.command import Certificate, DatabaseAddress, Token, errors_as_text, opened


def mcp(
    database: DatabaseAddress,
    allow_write: Annotated[
        bool, typer.Option("--allow-write", help="Let the tool sql run statements that write")
    ] = False,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Only read, beside a process that has the database open")
    ] = False,
    http: Annotated[bool, typer.Option("--http", help="Serve streamable HTTP on loopback instead of stdio")] = False,
    port: Annotated[int, typer.Option(help="The port of --http", min=1, max=65_535)] = 8000,
    token: Token = None,
    certificate: Certificate = None,
) -> None:
    """Serve a database to agents over the Model Context Protocol (the extra mcp).

    rem-arrow mcp my.rem --read-only
    """
    with errors_as_text():
        try:
            from rem_arrow.drivers.mcp_server import server
        except ImportError as error:
            raise UnsupportedError("mcp needs the extra of that name: pip install 'rem_arrow[mcp]'") from error
        if allow_write and read_only:
            raise InputError("--allow-write and --read-only exclude each other")
        with opened(database, token, certificate, read_only=read_only, files="none") as db:
            served = server(db, allow_write=allow_write)
            if http:
                served.run("streamable-http", host="127.0.0.1", port=port)
            else:
                served.run("stdio")
