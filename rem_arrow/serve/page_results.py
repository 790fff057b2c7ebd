"""Results for the page: their rows in pieces, as texts, from frames that are kept while they are looked at.

A value is a text as SQL writes it, or null; a long text is cut, and comes whole by its place. What is kept is bounded
in bytes; what was looked at longest ago is given up first.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from tempfile import TemporaryFile
from typing import BinaryIO, TypeVar

import polars as pl

from rem_arrow.base import checks
from rem_arrow.base.datatypes import instance, sql_name
from rem_arrow.base.errors import ExecuteError
from rem_arrow.face.wire_values import Json
from rem_arrow.interop.writers import WriteOptions, write_file
from rem_arrow.lower.cast import cast
from rem_arrow.lower.execution import failed
from rem_arrow.serve.access_tokens import Grant
from rem_arrow.serve.kept import KeptThings
from rem_arrow.serve.limits import ServeLimits

T = TypeVar("T")

ROWS_MAX, CELL_CHARACTERS, WHOLE_CHARACTERS = 1_000, 500, 1_000_000
FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "json": "application/x-ndjson",
}
_CHUNK_BYTES = 1 << 18
# How many results of the largest size may be kept.
_KEPT_SIZES = 4


class PageResults:
    """The results that pages look at. Safe in many threads."""

    def __init__(self, limits: ServeLimits) -> None:
        self._bytes_max = limits.request_bytes
        self.kept = KeptThings[pl.DataFrame]("result", limits.kept_max, limits.idle_s)
        # The owner and the bytes of each, that looked at last behind the others.
        self._sizes: dict[str, tuple[str, int]] = {}
        self._lock = threading.Lock()

    def content(self, grant: Grant, frame: pl.DataFrame, rows: int, *, keep: bool) -> Json:
        """Return the columns and the first rows of a frame as JSON, with the id by which the others are asked for.

        Raises:
            ExecuteError: it is larger than what is kept.
        """
        return {
            "columns": [{"name": n, "type": sql_name(t), "kind": _kind(t)} for n, t in frame.schema.items()],
            "height": frame.height,
            "rows": texts(frame.head(checks.whole(rows, "rows", least=0, most=ROWS_MAX))),
            "result": self._keep(grant, frame) if keep else None,
        }

    def rows(self, grant: Grant, key: str, offset: int, rows: int) -> Json:
        """Return some rows of a result. Raises InputError."""
        checks.whole(offset, "offset", least=0)
        checks.whole(rows, "rows", least=0, most=ROWS_MAX)
        return self._with(grant, key, lambda frame: texts(frame.slice(offset, rows)))

    def cell(self, grant: Grant, key: str, row: int, column: int) -> Json:
        """Return one value, whole up to a million characters. Raises InputError."""

        def read(frame: pl.DataFrame) -> Json:
            checks.whole(row, "row", least=0, most=max(0, frame.height - 1))
            checks.whole(column, "column", least=0, most=max(0, frame.width - 1))
            name = frame.columns[column]
            return texts(frame.select(pl.col(name)).slice(row, 1), WHOLE_CHARACTERS)[0][0]

        return self._with(grant, key, read)

    def file(self, grant: Grant, key: str, format_: str) -> BinaryIO:
        """Return a result as an open file without a name. Raises InputError for a column that the format cannot
        hold."""
        checks.one_of(format_, "format", tuple(FORMATS))

        def write(frame: pl.DataFrame) -> BinaryIO:
            with ExitStack() as opened:
                file = opened.enter_context(TemporaryFile())
                write_file(frame, file, f"result.{format_}", format_, WriteOptions())
                file.seek(0)
                opened.pop_all()
            return file

        return self._with(grant, key, write)

    def end(self, grant: Grant, key: str) -> None:
        """Give a result up."""
        self.kept.end(key, grant.name)

    def _keep(self, grant: Grant, frame: pl.DataFrame) -> str:
        size = int(frame.estimated_size())
        if size > self._bytes_max:
            raise ExecuteError(
                f"the answer takes {size:,} bytes, and the page keeps {self._bytes_max:,} at most; add a LIMIT, or "
                "name fewer columns"
            )
        while True:
            with self._lock:
                self._sizes = {k: v for k, v in self._sizes.items() if k in self.kept}
                total = sum(bytes_ for _, bytes_ in self._sizes.values())
                oldest = next(iter(self._sizes.items()), None)
            if oldest is None or total + size <= _KEPT_SIZES * self._bytes_max:
                break
            self.kept.end(oldest[0], oldest[1][0])
        key = self.kept.keep(frame, grant.name, lambda _: None)
        with self._lock:
            self._sizes[key] = (grant.name, size)
        return key

    def _with(self, grant: Grant, key: str, read: Callable[[pl.DataFrame], T]) -> T:
        with self.kept.using(key, grant.name) as frame:
            with self._lock:
                self._sizes[key] = self._sizes.pop(key)
            return read(frame)


def chunks(file: BinaryIO) -> Iterator[bytes]:
    """Yield a file in pieces, and close it."""
    with file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def texts(frame: pl.DataFrame, characters: int = CELL_CHARACTERS) -> list[list[str | None]]:
    """Return rows as texts, cut where they are long. Raises ExecuteError."""
    try:
        written = frame.select(
            cast(pl.col(name), dtype, pl.String(), safe=True).cast(pl.String).str.head(characters).alias(name)
            for name, dtype in frame.schema.items()
        )
    except pl.exceptions.PolarsError as error:
        raise failed(error) from error
    return [list(row) for row in written.iter_rows()]


def _kind(dtype: pl.DataType) -> str:
    """Return how values of a type are shown."""
    match instance(dtype):
        case _ if dtype.is_numeric():
            return "number"
        case pl.Date() | pl.Datetime():
            return "time"
        case pl.Boolean():
            return "bool"
        case _ if dtype.is_nested():
            return "nested"
        case _:
            return "text"
