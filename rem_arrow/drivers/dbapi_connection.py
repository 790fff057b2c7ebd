"""The connection of PEP 249 over a database: one transaction after the other, each begun by its first statement."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

import polars as pl

from rem_arrow.base.errors import InputError
from rem_arrow.base.parameters import Parameters
from rem_arrow.drivers import dbapi_errors as errors
from rem_arrow.drivers.answer_kind import AnswerKind, answer_kinds
from rem_arrow.drivers.dbapi_cursor import Cursor
from rem_arrow.drivers.dbapi_errors import translated
from rem_arrow.drivers.shared_databases import acquire, release
from rem_arrow.face.database import Database
from rem_arrow.face.transaction import Transaction


def connect(database: str | Path | Database | None = None, *, autocommit: bool = False, **options: Any) -> Connection:
    """Open a connection.

    Args:
        database: a folder, or a `Database`, which stays open; without one, or with
            ":memory:", a temporary database that goes with the connection. Connections of one process to the same
            folder share it.
        autocommit: commit each statement by itself.
        options: those of `rem_arrow.connect`, where a folder is opened.

    Returns:
        A `Connection`.

    Raises:
        OperationalError, DataError: what `rem_arrow.connect` raises as ConflictError and InputError.

    Example:
        >>> with rem_arrow.dbapi.connect("memory.rem") as connection:
        ...     connection.cursor().execute("SELECT 1 + ?", [1]).fetchone()
        (2,)
    """
    with translated():
        if isinstance(database, str | Path | None):
            opened = acquire(None if database == ":memory:" else database, options)
            return Connection(opened, owned=True, autocommit=autocommit)
        if options:
            raise InputError(f"{sorted(options)}: a database that is open already takes no options")
        return Connection(database, owned=False, autocommit=autocommit)


class Connection:
    """A connection, for one thread at a time; as a context manager it commits, or rolls back on an error, and closes.

    The first statement begins a transaction, which sees one version of the database and its own writes, until `commit`
    or `rollback`. BEGIN, COMMIT and ROLLBACK as statements do the same, with `autocommit` too.
    """

    Warning = errors.Warning
    Error = errors.Error
    InterfaceError = errors.InterfaceError
    DatabaseError = errors.DatabaseError
    DataError = errors.DataError
    OperationalError = errors.OperationalError
    IntegrityError = errors.IntegrityError
    InternalError = errors.InternalError
    ProgrammingError = errors.ProgrammingError
    NotSupportedError = errors.NotSupportedError

    def __init__(self, database: Database, *, owned: bool, autocommit: bool) -> None:
        self._database, self._owned = database, owned
        self._autocommit, self._closed = autocommit, False
        self._transaction: Transaction | None = None

    @property
    def database(self) -> Database:
        """The database, with its verbs; they do not take part in the connection's transaction.

        Raises:
            InterfaceError: the connection is closed.
        """
        self.check_open()
        return self._database

    @property
    def closed(self) -> bool:
        """Whether the connection was closed."""
        return self._closed

    @property
    def autocommit(self) -> bool:
        """Whether each statement commits by itself; setting it commits what is open."""
        return self._autocommit

    @autocommit.setter
    def autocommit(self, value: bool) -> None:
        self.commit()
        self._autocommit = value

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._transaction is not None

    def cursor(self) -> Cursor:
        """Return a cursor."""
        self.check_open()
        return Cursor(self)

    def commit(self) -> None:
        """Store what the open transaction wrote.

        Raises:
            OperationalError: another writer changed the same rows first; nothing was stored.
            InterfaceError: the connection is closed.
        """
        self.check_open()
        transaction, self._transaction = self._transaction, None
        if transaction is not None:
            with translated():
                transaction.commit()

    def rollback(self) -> None:
        """Forget what the open transaction wrote.

        Raises:
            InterfaceError: the connection is closed.
        """
        self.check_open()
        transaction, self._transaction = self._transaction, None
        if transaction is not None:
            with translated():
                transaction.rollback()

    def close(self) -> None:
        """Roll back what is open, and end the connection; a second call does nothing."""
        if self._closed:
            return
        self.rollback()
        self._closed = True
        if self._owned:
            with translated():
                release(self._database)

    def check_open(self) -> None:
        """Raise InterfaceError where the connection is closed."""
        if self._closed:
            raise errors.InterfaceError("the connection is closed; open another with rem_arrow.dbapi.connect")

    def run(self, text: str, parameters: Parameters) -> tuple[AnswerKind, pl.DataFrame]:
        """Run the statements of a text for a cursor, and return what the last answers with, and its rows."""
        self.check_open()
        with translated():
            if not isinstance(text, str):
                raise InputError(f"a statement is a text, not a {type(text).__name__}")
            kinds = answer_kinds(text, self._database)
            if kinds[-1] in ("BEGIN", "COMMIT", "ROLLBACK"):
                self._control(kinds)
                return "nothing", pl.DataFrame()
            if self._transaction is None and not self._autocommit:
                self._begin()
            handle = self._database if self._transaction is None else self._transaction
            return kinds[-1], handle.sql(text, parameters)

    def _begin(self) -> None:
        # What only reads has no transactions, and needs none for one statement.
        if not self._database.read_only:
            self._transaction = self._database.transaction()

    def _control(self, kinds: tuple[AnswerKind, ...]) -> None:
        if len(kinds) > 1:
            raise InputError(f"{kinds[-1]} stands by itself on a connection; execute the other statements before it")
        if kinds == ("COMMIT",):
            self.commit()
        elif kinds == ("ROLLBACK",):
            self.rollback()
        elif self._transaction is not None:
            raise InputError("a transaction is open already; COMMIT or ROLLBACK it first")
        else:
            self._begin()

    def __enter__(self) -> Connection:
        self.check_open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._closed:
            return
        try:
            if kind is None:
                self.commit()
        finally:
            self.close()
