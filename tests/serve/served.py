"""Databases that are served in this process, and those who call them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import rem_arrow as rem
from tests.docs.example import example

READER, WRITER, ADMIN = "reader-reader-reader", "writer-writer-writer", "admin-admin-admin-ad"


def token_file(folder: Path) -> Path:
    """A file with a token of each scope."""
    path = folder / "tokens"
    path.write_text(f"# who\nr read {READER}\nw write {WRITER}\n\na admin {ADMIN}\n")
    path.chmod(0o600)
    return path


@contextmanager
def remote(database: rem.Database | None = None, **options: object) -> Iterator[rem.Database]:
    """The example database, or another one, as its clients see it."""
    with (
        rem.start_server(database or example(), **options) as server,  # type: ignore[arg-type]
        rem.connect(server.address, token=server.token) as db,
    ):
        yield db
