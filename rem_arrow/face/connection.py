"""Opening a database."""

from __future__ import annotations

import datetime as dt
import inspect
import math
import tempfile
import warnings
from contextlib import ExitStack
from pathlib import Path
from typing import Literal, cast

from rem_arrow.base import checks
from rem_arrow.base.errors import InputError
from rem_arrow.base.telemetry import logger
from rem_arrow.face.database import Database
from rem_arrow.face.folders import check_folder, database_folder, telling_server
from rem_arrow.face.options import asked_retention, is_address, remote, thread_count
from rem_arrow.face.versions import which
from rem_arrow.running.file_access import Files, file_access
from rem_arrow.running.memory_size import memory_bytes
from rem_arrow.storage import compaction, forks
from rem_arrow.storage.history import Kept
from rem_arrow.storage.past import keep_history
from rem_arrow.storage.settings import Durability, Settings
from rem_arrow.storage.store import Store
from rem_arrow.write.known_embedders import Provider


def connect(
    path: str | Path | None = None,
    *,
    tenant: str | None = None,
    memory_limit: str | int = "4GB",
    threads: int | None = None,
    durability: Durability = "wal",
    read_only: bool = False,
    tail_rows_max: int = 65_536,
    background: bool = True,
    embedder: Provider | None = None,
    embed: Literal["write", "background"] = "write",
    files: Files | None = None,
    slow_statement_s: float | None = None,
    history: str | dt.timedelta | None = None,
    history_bytes: str | int | None = None,
    version: Kept | None = None,
    token: str | None = None,
    certificate: str | Path | None = None,
) -> Database:
    """Open the database in a folder, and create it if it does not exist, or one that a server serves.

    Args:
        path: the folder; without one, a temporary database that is deleted when it is closed. Or a server's address,
            "rem://host:port", with TLS "rems://host:port", beside which only `token` and `certificate` are given.
        tenant: a separate database in a folder of its own under `path`/tenants; nothing is shared between tenants.
        memory_limit: in bytes, or a text such as "512MB", at least 64 MB; half of it bounds the caches, and half the
            growth of the process while a statement runs; what does not fit is run in parts, from files.
        threads: threads for reading, writing and queries; default is one for each core, at most 8. Polars makes its own
            threads when it is imported; for fewer than it runs, set POLARS_MAX_THREADS before.
        durability: "wal" keeps every commit if the process is killed, "sync" also if the power fails.
        read_only: read beside a writer in another process; `refresh` shows its newer commits.
        tail_rows_max: the number of rows in a tail at which it is sealed into a segment, at least 1.
        background: seal, compact and index on a thread; without it only `compact` does.
        embedder: computes the embeddings of tables whose model names none: "wordllama" (the meaning of words),
            "minilm" (of sentences), "hash" (spelling), "openai:MODEL", "model2vec:NAME", "sentence-transformers:NAME",
            "fastembed:NAME", or a function from a list of texts to vectors. Default is that with which the database
            began, at first "wordllama". A table keeps its embedder; `reembed` changes it.
        embed: "write" computes embeddings before an insert returns, "background" on a thread; `wait` waits for it.
        files: which files SQL text may read, by COPY and in FROM, and write: "any", "none", a folder or a list of
            folders with what is below them, links resolved; never files of a database. Default is "any", with
            `read_only` "none".
        slow_statement_s: a statement that takes so many seconds is logged as a warning of `rem_arrow.statements`,
            without the values in its text and parameters. Default is none.
        history: how long older versions are kept, for `at`, `restore`, `diff` and AT in SQL: a text such as "12h" or
            "7d", a timedelta, "forever", or "off". It is stored; default is what is stored, at first "off".
        history_bytes: the most that rows and columns may take that older versions alone have, as `memory_limit`; the
            oldest versions go first, those with a tag stay. Default is no bound.
        version: open a version that is kept, by its number, tag or time, for reading only.
        token: tells a server who calls.
        certificate: a file, as PEM, that a server's certificate is checked against; default are those of the system.

    Returns:
        A `Database`.

    Raises:
        InputError: the path is a file, cannot be written or holds no database, another argument does not fit, or this
            process was forked from one that has used a database.
        ConflictError: another process has the database open for writing.
        CorruptionError: a log or the catalog is damaged, or a commit that was acknowledged is not there. Where a data
            file is damaged, the database opens with a RuntimeWarning, and only what reads from that file raises; see
            `repair`.
        ExecuteError: the disk is full, or fails.

    Example:
        >>> with rem.connect("memory.rem") as memory:
        ...     memory.insert("entities", {"id": "dhl", "name": "DHL"})
        'dhl'
        >>> with rem.connect("memory.rem", read_only=True) as memory:
        ...     memory.get("entities", "dhl")["name"]
        'DHL'
    """
    if is_address(path):
        return cast("Database", remote(dict(locals()), inspect.signature(connect)))
    if token is not None or certificate is not None:
        raise InputError("token and certificate are for a server")
    forks.check_opening()
    temporary = Path(tempfile.mkdtemp(prefix="rem-")) if path is None else None
    folder = database_folder(path or temporary or "", tenant)
    checks.one_of(durability, "durability", ("wal", "sync"))
    checks.whole(tail_rows_max, "tail_rows_max")
    settings = Settings(memory_bytes(memory_limit), thread_count(threads), durability, tail_rows_max, background)
    read_only = read_only or version is not None
    retention = asked_retention(history, history_bytes, read_only=read_only)
    kept = None if version is None else which(version)
    check_folder(folder, read_only=read_only)
    if embed not in ("write", "background") or (embed == "background" and not background):
        raise InputError(f"embed is 'write', or with background=True 'background', not {embed!r}")
    allowed = file_access(files, read_only=read_only)
    if slow_statement_s is not None:
        checks.number(slow_statement_s, "slow_statement_s", within=(0, math.inf))
    with telling_server(folder):
        store = Store(folder, read_only=read_only, settings=settings, tidy=compaction.tidy, kept=kept)
    for damage in store.version.damage():
        warnings.warn(damage, RuntimeWarning, stacklevel=2)
    with ExitStack() as stack:
        stack.callback(store.close)
        if retention is not None:
            keep_history(store, None if retention == "off" else retention)
        database = Database(
            store,
            allowed,
            temporary=temporary,
            embedder=embedder,
            embed=embed,
            slow_statement_s=slow_statement_s,
        )
        if embedder is None:
            database._instance.embeddings.advise()
        stack.pop_all()
    logger("database").info("opened %s, commit %d%s", folder, store.version.commit, ", to read" if read_only else "")
    return database
