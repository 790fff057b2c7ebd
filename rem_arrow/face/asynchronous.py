"""The verbs of a database as coroutines, for services that must not block. The same code does the work, on threads.

    async with await rem.connect_async("memory.rem") as adb:
        names = await adb.sql("SELECT name FROM entities WHERE entity_type = $t", {"t": "company"}, timeout_s=2)
        async with adb.transaction() as tx:
            await tx.insert("entities", {"name": "DHL"})
        async for batch in adb.batches("SELECT * FROM sales"):
            ...

A cancelled task does not wait. A call that has not started is dropped. A query, and what another statement reads, is
abandoned within milliseconds, and Polars stops at its next batch of rows; a text of several statements stops between
two of them, a long load at its next piece. Any other call runs to its end on its thread, and its result is discarded. A
write may therefore still be stored; in a transaction it is not, since a transaction stores nothing before it commits.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from functools import partial, wraps
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, TypeVar

import polars as pl

from rem_arrow.base import checks
from rem_arrow.base.errors import ExecuteError, InputError
from rem_arrow.base.parameters import Parameters
from rem_arrow.face.call_threads import Threads
from rem_arrow.face.connection import connect
from rem_arrow.face.database import Database
from rem_arrow.face.transaction import Transaction

P = ParamSpec("P")
T = TypeVar("T")

WORKERS = 8
BATCH_ROWS = 65_536


def _of_database(
    verb: Callable[Concatenate[Database, P], T],
) -> Callable[Concatenate[AsyncDatabase, P], Coroutine[Any, Any, T]]:
    """Return a verb of the database as a coroutine on a thread."""

    @wraps(verb)
    async def run(self: AsyncDatabase, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._run(partial(verb, self._database, *args, **kwargs))

    return run


def _of_transaction(
    verb: Callable[Concatenate[Transaction, P], T],
) -> Callable[Concatenate[AsyncTransaction, P], Coroutine[Any, Any, T]]:
    """Return a verb of the transaction as a coroutine on a thread."""

    @wraps(verb)
    async def run(self: AsyncTransaction, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._run(partial(verb, self._open(), *args, **kwargs))

    return run


class AsyncTransaction:
    """A transaction whose verbs are coroutines, run one after another; `async with` commits or rolls back."""

    add_edge = _of_transaction(Transaction.add_edge)
    add_edges = _of_transaction(Transaction.add_edges)
    all_paths = _of_transaction(Transaction.all_paths)
    complete = _of_transaction(Transaction.complete)
    components = _of_transaction(Transaction.components)
    count_paths = _of_transaction(Transaction.count_paths)
    degree = _of_transaction(Transaction.degree)
    delete = _of_transaction(Transaction.delete)
    find = _of_transaction(Transaction.find)
    find_cycles = _of_transaction(Transaction.find_cycles)
    fuzzy = _of_transaction(Transaction.fuzzy)
    get = _of_transaction(Transaction.get)
    insert = _of_transaction(Transaction.insert)
    lookup_entity = _of_transaction(Transaction.lookup_entity)
    neighbors = _of_transaction(Transaction.neighbors)
    pagerank = _of_transaction(Transaction.pagerank)
    purge = _of_transaction(Transaction.purge)
    reachable = _of_transaction(Transaction.reachable)
    remove_edges = _of_transaction(Transaction.remove_edges)
    shortest_path = _of_transaction(Transaction.shortest_path)
    sql = _of_transaction(Transaction.sql)
    topological_order = _of_transaction(Transaction.topological_order)
    traverse_edges = _of_transaction(Transaction.traverse_edges)
    update = _of_transaction(Transaction.update)
    commit = _of_transaction(Transaction.commit)
    draw_graph = _of_transaction(Transaction.draw_graph)
    rollback = _of_transaction(Transaction.rollback)

    def __init__(self, database: Database, threads: Threads) -> None:
        self._database, self._threads = database, threads
        self._transaction: Transaction | None = None
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> AsyncTransaction:
        self._transaction = await self._run(self._database.transaction)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._transaction is not None:
            await self._run(partial(self._transaction.__exit__, kind, error, trace))

    def _open(self) -> Transaction:
        if self._transaction is None:
            raise InputError("this transaction has not begun; write: async with adb.transaction() as tx")
        return self._transaction

    async def _run(self, call: Callable[[], T]) -> T:
        """Run a call after all earlier ones have ended, cancelled ones included: a transaction is for one thread at a
        time."""
        async with self._turn:
            future, stop = self._threads.start(call)
            try:
                return await asyncio.shield(future)
            except asyncio.CancelledError:
                stop.set()
                # The thread may still be using the transaction: the rollback that follows must wait for it.
                await asyncio.wait([future])
                if not future.cancelled():
                    # Nobody awaits the result, so mark the error as retrieved.
                    future.exception()
                raise


class AsyncDatabase:
    """An open database whose verbs are coroutines: those of `Database`, run on threads; `async with` closes it.

    Args:
        database: an open database; `connect_async` opens one.
        workers: the most calls that run at the same time, at least 1; others wait. Writers take turns in any case.
    """

    add_document = _of_database(Database.add_document)
    add_documents = _of_database(Database.add_documents)
    add_edge = _of_database(Database.add_edge)
    add_edges = _of_database(Database.add_edges)
    add_message = _of_database(Database.add_message)
    add_moment = _of_database(Database.add_moment)
    all_paths = _of_database(Database.all_paths)
    ask = _of_database(Database.ask)
    at = _of_database(Database.at)
    backup = _of_database(Database.backup)
    compact = _of_database(Database.compact)
    complete = _of_database(Database.complete)
    complete_sql = _of_database(Database.complete_sql)
    components = _of_database(Database.components)
    count_paths = _of_database(Database.count_paths)
    create_index = _of_database(Database.create_index)
    degree = _of_database(Database.degree)
    delete = _of_database(Database.delete)
    diff = _of_database(Database.diff)
    draw_graph = _of_database(Database.draw_graph)
    duckdb = _of_database(Database.duckdb)
    explain = _of_database(Database.explain)
    export = _of_database(Database.export)
    find = _of_database(Database.find)
    find_cycles = _of_database(Database.find_cycles)
    forget = _of_database(Database.forget)
    fuzzy = _of_database(Database.fuzzy)
    get = _of_database(Database.get)
    import_from = _of_database(Database.import_from)
    insert = _of_database(Database.insert)
    lazy = _of_database(Database.lazy)
    load = _of_database(Database.load)
    lookup_entity = _of_database(Database.lookup_entity)
    messages = _of_database(Database.messages)
    neighbors = _of_database(Database.neighbors)
    pagerank = _of_database(Database.pagerank)
    publish = _of_database(Database.publish)
    purge = _of_database(Database.purge)
    query_natural_language = _of_database(Database.query_natural_language)
    reachable = _of_database(Database.reachable)
    reader = _of_database(Database.reader)
    reembed = _of_database(Database.reembed)
    refresh = _of_database(Database.refresh)
    register = _of_database(Database.register)
    evolve = _of_database(Database.evolve)
    remove_edges = _of_database(Database.remove_edges)
    restore = _of_database(Database.restore)
    scan = _of_database(Database.scan)
    schema = _of_database(Database.schema)
    search = _of_database(Database.search)
    add_reranker = _of_database(Database.add_reranker)
    shortest_path = _of_database(Database.shortest_path)
    similar = _of_database(Database.similar)
    sql = _of_database(Database.sql)
    start_session = _of_database(Database.start_session)
    stats = _of_database(Database.stats)
    table = _of_database(Database.table)
    tables = _of_database(Database.tables)
    tag = _of_database(Database.tag)
    teach = _of_database(Database.teach)
    timeline = _of_database(Database.timeline)
    to_arrow = _of_database(Database.to_arrow)
    topological_order = _of_database(Database.topological_order)
    traverse_edges = _of_database(Database.traverse_edges)
    untag = _of_database(Database.untag)
    update = _of_database(Database.update)
    vectors = _of_database(Database.vectors)
    verify = _of_database(Database.verify)
    versions = _of_database(Database.versions)
    wait = _of_database(Database.wait)

    def __init__(self, database: Database, *, workers: int = WORKERS) -> None:
        checks.whole(workers, "workers")
        self._database = database
        self._threads = Threads(workers)

    @property
    def path(self) -> Path:
        """The folder of the database.

        Example:
            >>> adb.path == db.path
            True
        """
        return self._database.path

    @property
    def closed(self) -> bool:
        """Whether the database has been closed.

        Example:
            >>> adb.closed
            False
        """
        return self._database.closed

    def transaction(self) -> AsyncTransaction:
        """Begin a transaction, to be used as `async with adb.transaction() as tx`.

        Returns:
            An `AsyncTransaction`.

        Example:
            >>> async def rename() -> None:
            ...     async with adb.transaction() as tx:
            ...         await tx.update("issues", "docs", {"title": "Write the API down"})
            >>> asyncio.run(rename())
            >>> db.get("issues", "docs")["title"]
            'Write the API down'
        """
        return AsyncTransaction(self._database, self._threads)

    async def batches(
        self,
        text: str,
        parameters: Parameters = None,
        *,
        frames: Mapping[str, Any] | None = None,
        rows: int = BATCH_ROWS,
    ) -> AsyncIterator[pl.DataFrame]:
        """Yield the rows of a query in frames, as they are computed; the result may be larger than memory.

        Args:
            text: a query in SQL.
            parameters: values of $name by name, or of $1, $2 by position.
            frames: Polars, pandas or Arrow tables that the text reads by these names.
            rows: the number of rows in a frame, about; at least 1.

        Returns:
            Polars DataFrames with the columns of the query.

        Raises:
            ParseError, BindError, UnsupportedError: the text is wrong; the error shows the place.
            ExecuteError: an overflow, a failed cast, the memory limit.
            InputError: `rows` is not at least 1.

        Example:
            >>> async def total() -> int:
            ...     return sum([batch["amount"].sum() async for batch in adb.batches("SELECT amount FROM sales")])
            >>> asyncio.run(total())
            12
        """
        checks.whole(rows, "rows")
        frame = await self._run(partial(self._database.lazy, text, parameters, frames=frames))
        batches = await self._run(partial(frame.collect_batches, chunk_size=rows, maintain_order=True))
        while (batch := await self._run(partial(_next, batches))) is not None:
            yield batch

    async def close(self, timeout_s: float = 30.0) -> None:
        """Close the database as `Database.close` does; a second call does nothing.

        Args:
            timeout_s: the longest wait for writes and background work, in seconds.

        Raises:
            InputError: this process was forked from the one that opened the database.

        Example:
            >>> asyncio.run(adb.close())
            >>> adb.closed
            True
        """
        if not self._database.closed:
            await asyncio.shield(asyncio.to_thread(self._database.close, timeout_s))
        self._threads.close()

    async def __aenter__(self) -> AsyncDatabase:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<rem_arrow.AsyncDatabase {self.path}{' (closed)' if self.closed else ''}>"

    async def _run(self, call: Callable[[], T]) -> T:
        return await self._threads.run(partial(_without_begin, self._database, call))


def _opening(open_: Callable[P, Database]) -> Callable[P, Coroutine[Any, Any, AsyncDatabase]]:
    """Return the coroutine function that opens a database."""

    @wraps(open_)
    async def run(*args: P.args, **kwargs: P.kwargs) -> AsyncDatabase:
        opening = asyncio.ensure_future(asyncio.to_thread(open_, *args, **kwargs))
        try:
            return AsyncDatabase(await asyncio.shield(opening))
        except asyncio.CancelledError:
            opening.add_done_callback(_close_unwanted)
            raise

    return run


def _close_unwanted(opened: asyncio.Future[Database]) -> None:
    if not opened.cancelled() and opened.exception() is None:
        opened.result().close()


connect_async = _opening(connect)


def _without_begin(database: Database, call: Callable[[], T]) -> T:
    """Return the result of a call. Raises InputError if it left a transaction open on this thread, which other calls
    use next."""
    left_open = False
    try:
        result = call()
    finally:
        left_open = database._thread_transaction() is not None
        if left_open:
            database._control("ROLLBACK")
    if left_open:
        raise InputError(
            "BEGIN is for one thread, and the calls of an async database run on several; write: async with "
            "adb.transaction() as tx"
        )
    return result


def _next(batches: Iterator[pl.DataFrame]) -> pl.DataFrame | None:
    try:
        return next(batches, None)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise ExecuteError(f"the query failed: {(str(error).splitlines() or [type(error).__name__])[0]}") from error
