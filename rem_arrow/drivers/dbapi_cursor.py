"""The cursor of PEP 249: runs statements, and gives rows as tuples, or as Polars and Arrow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

import polars as pl

from rem_arrow.base.parameters import Parameters
from rem_arrow.drivers.answer_kind import AnswerKind
from rem_arrow.drivers.dbapi_errors import InterfaceError, ProgrammingError
from rem_arrow.drivers.dbapi_types import Column, column
from rem_arrow.interop.arrow import stream

if TYPE_CHECKING:
    import pyarrow as pa

_BUFFER_ROWS = 1_024


class Runner(Protocol):
    """What a cursor needs of its connection."""

    def run(self, text: str, parameters: Parameters) -> tuple[AnswerKind, pl.DataFrame]:
        """Run the statements of a text, and return what the last answers with, and its rows."""

    def check_open(self) -> None:
        """Raise InterfaceError where the connection is closed."""


class Cursor:
    """Runs the statements of a connection; as a context manager and over its rows an iterator.

    Attributes:
        arraysize: the rows that `fetchmany` gives by default.
    """

    def __init__(self, connection: Runner) -> None:
        self._connection, self._closed = connection, False
        self.arraysize = 1
        self._rows: pl.DataFrame | None = None
        self._count = -1
        self._left: Iterator[tuple[Any, ...]] = iter(())
        self._given = 0

    @property
    def connection(self) -> Runner:
        """The connection that made the cursor."""
        return self._connection

    @property
    def description(self) -> list[Column] | None:
        """A tuple for each column of the result: its name, SQL type, precision and scale at the places of PEP 249, and
        None at the others; None after a statement without rows."""
        return None if self._rows is None else [column(n, t) for n, t in self._rows.schema.items()]

    @property
    def rowcount(self) -> int:
        """The rows of the result, or those that the statement wrote; -1 before a statement, and where it has none."""
        return self._count

    @property
    def rownumber(self) -> int | None:
        """The place of the next row in the result, from 0; None without a result."""
        return None if self._rows is None else self._given

    @property
    def lastrowid(self) -> None:
        """None: rows have keys, and no numbers; INSERT ... RETURNING gives what was stored."""
        return

    def execute(self, operation: str, parameters: Parameters = None, /) -> Cursor:
        """Run a statement, or several separated by semicolons, and keep the result of the last one.

        Args:
            operation: SQL; `?` and `$1` are parameters by position, `$name` by name.
            parameters: a list or tuple, or a dict by name.

        Returns:
            The cursor.

        Raises:
            ProgrammingError, NotSupportedError, DataError, IntegrityError, OperationalError: see the guide.

        Example:
            >>> cursor = connection.cursor()
            >>> cursor.execute("SELECT title FROM issues WHERE id = ?", ["docs"]).fetchall()
            [('Document the API',)]
        """
        self._forget()
        kind, rows = self._connection.run(operation, parameters)
        if kind == "rows":
            self._rows, self._count = rows, rows.height
            self._left = rows.iter_rows(buffer_size=_BUFFER_ROWS)
        elif kind == "count":
            self._count = rows.item()
        return self

    def executemany(self, operation: str, seq_of_parameters: Sequence[Parameters], /) -> Cursor:
        """Run a statement once for each of the parameters; `rowcount` is the sum.

        Raises:
            ProgrammingError: the statement gives rows; besides what `execute` raises.

        Example:
            >>> connection.cursor().executemany("DELETE FROM sales WHERE region = ?", [["north"], ["south"]]).rowcount
            3
        """
        self._forget()
        counts = []
        for parameters in seq_of_parameters:
            kind, rows = self._connection.run(operation, parameters)
            if kind == "rows":
                raise ProgrammingError("executemany runs statements without rows; use execute for those that give some")
            counts.append(rows.item() if kind == "count" else -1)
        self._count = -1 if -1 in counts else sum(counts)
        return self

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the next row, or None behind the last.

        Raises:
            InterfaceError: there is no result.
        """
        return next(self, None)

    def fetchmany(self, size: int | None = None) -> list[tuple[Any, ...]]:
        """Return the next `size` rows, or as many as there are; `arraysize` by default."""
        return list(islice(self, self.arraysize if size is None else size))

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return the rows that are left."""
        return self.fetch_polars().rows()

    def fetch_polars(self) -> pl.DataFrame:
        """Return the rows that are left as a Polars DataFrame."""
        rows = self._result()
        left = rows[self._given :]
        self._given, self._left = rows.height, iter(())
        return left

    def fetch_arrow_table(self) -> pa.Table:
        """Return the rows that are left as a `pyarrow.Table`."""
        rows = self.fetch_polars()
        return stream(rows.schema, [rows], string_views=True).read_all()

    def setinputsizes(self, sizes: Sequence[object], /) -> None:
        """Do nothing: parameters have the types of their values."""

    def setoutputsize(self, size: int, column: int | None = None, /) -> None:
        """Do nothing: values are never cut."""

    def close(self) -> None:
        """Forget the result; a second call does nothing."""
        self._rows, self._closed = None, True

    def __iter__(self) -> Cursor:
        return self

    def __next__(self) -> tuple[Any, ...]:
        self._result()
        row = next(self._left)
        self._given += 1
        return row

    def __enter__(self) -> Cursor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _forget(self) -> None:
        self._check_open()
        self._rows, self._count, self._given, self._left = None, -1, 0, iter(())

    def _result(self) -> pl.DataFrame:
        self._check_open()
        if self._rows is None:
            raise InterfaceError("there are no rows to fetch; execute a query, or a statement with RETURNING")
        return self._rows

    def _check_open(self) -> None:
        if self._closed:
            raise InterfaceError("the cursor is closed; make another with connection.cursor()")
        self._connection.check_open()
