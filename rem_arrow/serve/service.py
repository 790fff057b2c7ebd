"""One process owns the folder: the database, who may call it, what runs, and what callers have left open.

Transports are thin: they read a request, call `Service`, and write the answer. Whatever a caller sends is checked here:
the token, its scope, the verb and its arguments, and the limits.
"""

from __future__ import annotations

import math
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from rem_arrow.base.errors import InputError
from rem_arrow.base.telemetry import logger
from rem_arrow.engine.run import Limits
from rem_arrow.face.database import Database
from rem_arrow.face.transaction import Transaction
from rem_arrow.face.verb_table import LOCAL, TRANSACTION_VERBS, VERBS, Verb
from rem_arrow.serve.access_tokens import Grant, Tokens
from rem_arrow.serve.batch_stream import BatchStream
from rem_arrow.serve.kept import KeptThings
from rem_arrow.serve.limits import ServeLimits
from rem_arrow.serve.statement_runs import IsGone, RunningStatement, StatementRuns

if TYPE_CHECKING:
    import pyarrow as pa

_SWEEP_S = 5.0
_log = logger("serve")


@dataclass(frozen=True, slots=True)
class Call:
    """One request: a verb and its arguments by name, in a transaction or a session where it names one."""

    verb: str
    arguments: Mapping[str, Any]
    transaction: str | None = None
    session: str | None = None


class OpenTransaction(NamedTuple):
    """A transaction, and the handle in which it began, whose settings and temporary tables outlive it."""

    transaction: Transaction
    handle: Database

    def rollback(self) -> None:
        """End it, and store nothing."""
        self.transaction.rollback()


class Service:
    """A database that is served. Safe in many threads.

    Args:
        database: is closed with the service.
        tokens: who may call; without any, everybody may do everything.
    """

    def __init__(self, database: Database, tokens: Tokens, limits: ServeLimits) -> None:
        self.database, self.limits = database, limits
        self._tokens = tokens
        self.runs = StatementRuns(self.limits)
        most, idle_s = self.limits.kept_max, self.limits.idle_s
        self.transactions = KeptThings[OpenTransaction]("transaction", most, idle_s)
        self.sessions = KeptThings[Database]("session", most, idle_s)
        # What callers leave open; transports add theirs.
        self.kept: list[KeptThings[Any]] = [self.transactions, self.sessions]
        self._streams = weakref.WeakSet[BatchStream]()
        self._closing = threading.Event()
        self._sweeper = threading.Thread(target=self._sweep, name="rem-serve-sweep", daemon=True)
        self._sweeper.start()

    def grant(self, token: str | None) -> Grant:
        """Return what a token allows. Raises InputError for one that is none."""
        grant = self._tokens.grant(token)
        if grant is None:
            raise InputError("the token is missing or wrong; give one that the server's file of tokens holds")
        return grant

    # --- calls

    def call(self, grant: Grant, call: Call, is_gone: IsGone) -> tuple[Any, str | None]:
        """Return the result of a verb, and the session to name from now on, if there is one.

        Raises:
            RemError: what the verb raises; the token does not allow it, or a limit is exceeded.
        """
        with self.runs.request(grant.name, call.verb, is_gone) as running:
            return self._call(grant, call, running)

    @contextmanager
    def stream(
        self,
        grant: Grant,
        verb: str,
        is_gone: IsGone,
        opened: Callable[[], pa.RecordBatchReader],
    ) -> Iterator[BatchStream]:
        """Yield a result batch by batch; `opened` begins it. Raises RemError, as the statement does."""
        with self.runs.request(grant.name, verb, is_gone) as running:
            stream = BatchStream(self.runs, running, self.limits, opened)
            self._streams.add(stream)
            try:
                yield stream
            finally:
                stream.close()

    def reader(self, grant: Grant, call: Call) -> Callable[[], pa.RecordBatchReader]:
        """Return how to begin the stream of the verb `reader`. Raises InputError for what is not allowed."""
        verb = VERBS["reader"]
        arguments = self._allowed(grant, verb, call.arguments)

        def opened() -> pa.RecordBatchReader:
            with self.handle(grant, call.session) as handle:
                return verb.call(handle, arguments)

        return opened

    def _call(self, grant: Grant, call: Call, running: RunningStatement) -> tuple[Any, str | None]:
        if call.verb == "transaction":
            return self._begin(grant, call.session), call.session
        if call.verb == "hello":
            return {"read_only": self.database.read_only or not grant.allows("write")}, call.session
        if call.transaction is not None:
            return self._in_transaction(grant, call, running)
        verb = self._verb(VERBS, call.verb)
        arguments = self._allowed(grant, verb, call.arguments)
        with self.handle(grant, call.session) as handle:
            result = self.runs.run(
                running, lambda: _without_begin(handle, verb, arguments), reads_caller=verb.name == "load"
            )
            return self.bounded(result), self._session(grant, handle, call.session)

    def _in_transaction(self, grant: Grant, call: Call, running: RunningStatement) -> tuple[Any, str | None]:
        verb = self._verb(TRANSACTION_VERBS, call.verb)
        arguments, key = self._allowed(grant, verb, call.arguments), str(call.transaction)
        with self.transactions.using(key, grant.name) as begun:
            result = self.bounded(self.runs.run(running, lambda: verb.call(begun.transaction, arguments)))
        if verb.name not in ("commit", "rollback"):
            return result, call.session
        self.transactions.end(key, grant.name)
        return result, self._session(grant, begun.handle, call.session)

    def begin(self, grant: Grant, handle: Database) -> str:
        """Begin a transaction; return its id."""
        return self.transactions.keep(
            OpenTransaction(handle.transaction(), handle), grant.name, OpenTransaction.rollback
        )

    def _begin(self, grant: Grant, session: str | None) -> str:
        with self.handle(grant, session) as handle:
            return self.begin(grant, handle)

    # --- handles

    @contextmanager
    def handle(self, grant: Grant, session: str | None = None) -> Iterator[Database]:
        """Yield a handle of the database that may do what a token allows: that of a session, or one for this call."""
        if session is not None:
            with self.sessions.using(session, grant.name) as handle:
                yield handle
            return
        memory_bytes = self.limits.memory_bytes or self.database._instance.limits.memory_bytes
        limits, reads_only = Limits(self.limits.timeout_s, memory_bytes), not grant.allows("write")
        handle = self.database._apart(limits, reads_only=reads_only, asks_as=grant.name)
        try:
            yield handle
        except BaseException:
            handle._instance.end_apart()
            raise

    def _session(self, grant: Grant, handle: Database, session: str | None) -> str | None:
        """Return the session of a handle, once it has settings or temporary tables of its own."""
        if session is not None or not handle._instance.differs(self.database._instance):
            return session
        return self.sessions.keep(handle, grant.name, _end_session)

    # --- what is allowed

    def _verb(self, verbs: Mapping[str, Verb], name: str) -> Verb:
        if name in verbs:
            return verbs[name]
        if name in LOCAL:
            raise InputError(f"{name} is not there over a connection to a server: {LOCAL[name]}")
        where = "a transaction" if verbs is TRANSACTION_VERBS else "a served database"
        raise InputError(f"{where} has no verb {name:.80}")

    def _allowed(self, grant: Grant, verb: Verb, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of a verb within the limits. Raises InputError for what the token does not allow."""
        given = dict(arguments)
        if not grant.allows(verb.scope):
            raise InputError(f"{verb.name} needs a token for {verb.scope}, and this one is for {grant.scope}")
        if not grant.allows("admin"):
            guarded = [name for name in verb.guarded if given.get(name)]
            if guarded or isinstance(given.get(verb.files), str):
                raise InputError(f"{verb.name}({(guarded or [verb.files])[0]}=...) needs a token for admin on a server")
        most = self.limits.timeout_s
        if "timeout_s" in verb.signature.parameters and most is not None:
            asked = given.get("timeout_s")
            is_less = isinstance(asked, (int, float)) and not math.isnan(asked) and asked < most
            given["timeout_s"] = asked if is_less else most
        if "progress" in verb.signature.parameters:
            given["progress"] = False
        return given

    def bounded(self, result: Any) -> Any:
        """Return a result that has no more rows than an answer may have. Raises ExecuteError."""
        if isinstance(result, pl.DataFrame):
            self.limits.check_rows(result.height)
        return result

    # --- the end

    def close(self, grace_s: float = 10.0) -> None:
        """Take no more requests, wait for those that run, stop the rest, and close the database."""
        if self._closing.is_set():
            return
        with ExitStack() as stack:
            stack.callback(self.database.close)
            stack.callback(self.stop)
            self.runs.end(grace_s)
        _log.info("the server of %s has ended", self.database.path)

    def stop(self) -> None:
        """Give up what callers have left open, and the threads; the database stays open."""
        self._closing.set()
        for kept in self.kept:
            kept.close()
        self.runs.close()

    def _sweep(self) -> None:
        while not self._closing.wait(_SWEEP_S):
            for kept in self.kept:
                kept.sweep()
            for stream in list(self._streams):
                stream.sweep()


def _end_session(handle: Database) -> None:
    handle._instance.end_apart()


def _without_begin(handle: Database, verb: Verb, arguments: Mapping[str, Any]) -> Any:
    """Return the result of a verb. Raises InputError if it left a transaction open on this thread, which other calls
    use next."""
    try:
        result = verb.call(handle, arguments)
    finally:
        left_open = handle._thread_transaction() is not None
        if left_open:
            handle._control("ROLLBACK")
    if left_open:
        raise InputError(
            "BEGIN is for one thread, and the calls to a server run on several; write: with db.transaction() as tx"
        )
    return result
