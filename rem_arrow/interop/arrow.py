"""Frames as streams of Arrow batches, for tools that read Arrow: pyarrow, Polars, pandas, DuckDB, DataFusion, torch.

Nothing is copied where the format allows it: a batch is the columns of a segment as they are in the cache. Two types
differ from the table's, because other tools lack them: integers of 128 bits become DECIMAL(38,0), and texts string
views, or with `string_views=False` large strings, which every consumer of Arrow reads, at the cost of a copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl
import pyarrow as pa

from rem_arrow.base.errors import UnsupportedError
from rem_arrow.base.wide_integers import as_portable, narrowed
from rem_arrow.interop.arrow_intervals import to_arrow_intervals

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd


class Rows(NamedTuple):
    """Rows at one version: their types, and the rows in pieces."""

    schema: pl.Schema
    pieces: Iterable[pl.DataFrame]


class Relation:
    """A table, a view or a query, for tools that read Arrow: `pa.table(r)`, `pl.DataFrame(r)`, `duckdb.sql("FROM r")`.

    Made by `Database.table`. It holds no rows: each read sees the newest commit, a table segment by segment, so that it
    may be larger than memory. `__arrow_c_stream__` and `__arrow_c_schema__` are the Arrow PyCapsule interface.
    """

    def __init__(self, text: str, read: Callable[[], Rows]) -> None:
        self._text, self._read = text, read

    @property
    def schema(self) -> pa.Schema:
        """The columns and their Arrow types, as `reader` gives them.

        Example:
            >>> db.table("sales").schema.names
            ['region', 'amount']
        """
        return arrow_schema(self._read().schema, string_views=True)

    def reader(self, *, string_views: bool = True) -> pa.RecordBatchReader:
        """Return a stream of Arrow batches over the present rows.

        Args:
            string_views: give texts as string views, without a copy; False copies them into large strings, which older
                programs need.

        Returns:
            A `pyarrow.RecordBatchReader`.

        Raises:
            ExecuteError: while it is read, an integer of 128 bits has more than 38 digits.

        Example:
            >>> db.table("sales").reader().read_all().num_rows
            3
        """
        rows = self._read()
        return stream(rows.schema, rows.pieces, string_views=string_views)

    def to_arrow(self, *, string_views: bool = True) -> pa.Table:
        """Return all rows as a pyarrow Table.

        Args:
            string_views: as in `reader`.

        Returns:
            A `pyarrow.Table`.

        Raises:
            ExecuteError: an integer of 128 bits has more than 38 digits.

        Example:
            >>> db.table("sales").to_arrow().column_names
            ['region', 'amount']
        """
        return self.reader(string_views=string_views).read_all()

    def to_polars(self) -> pl.DataFrame:
        """Return all rows as a Polars DataFrame, in the types of the database but for integers of 128 bits: Int64
        where all fit, else DECIMAL(38,0).

        Returns:
            The rows.

        Example:
            >>> db.table("sales").to_polars()["amount"].sum()
            12
        """
        rows = self._read()
        return narrowed(pl.concat([pl.DataFrame(schema=rows.schema), *rows.pieces]))

    def to_pandas(self) -> pd.DataFrame:
        """Return all rows as a pandas DataFrame of Arrow-backed columns; texts are copied.

        Returns:
            The rows.

        Raises:
            UnsupportedError: pandas is not installed.
            ExecuteError: an integer of 128 bits has more than 38 digits.

        Example:
            >>> int(db.table("sales").to_pandas()["amount"].max())
            5
        """
        try:
            import pandas
        except ImportError as error:
            raise UnsupportedError("to_pandas needs pandas: pip install pandas") from error
        frame: pd.DataFrame = self.to_arrow(string_views=False).to_pandas(types_mapper=pandas.ArrowDtype)
        return frame

    def __arrow_c_schema__(self) -> object:
        return self.schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.reader().__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        return f"<rem_arrow.Relation {self._text}>"


class Vectors(NamedTuple):
    """The vectors of a column, made by `Database.vectors`.

    Attributes:
        ids: of the rows; in a plain table their rowids.
        matrix: float32, shape (rows, dimension), in the order of `ids`.
    """

    ids: pl.Series
    matrix: npt.NDArray[np.float32]

    def to_torch(self) -> Any:
        """Return the matrix as a torch tensor over the same memory.

        Returns:
            A `torch.Tensor`.

        Raises:
            UnsupportedError: torch is not installed.

        Example:
            >>> db.vectors("issues").to_torch().shape  # doctest: +SKIP
            torch.Size([3, 512])
        """
        try:
            import torch
        except ImportError as error:
            raise UnsupportedError("to_torch needs torch: pip install torch") from error
        return torch.from_numpy(self.matrix if self.matrix.flags.writeable else self.matrix.copy())


def arrow_schema(schema: pl.Schema, *, string_views: bool) -> pa.Schema:
    """Return the schema of the batches of `stream`."""
    return _exported(as_portable(pl.DataFrame(schema=schema)), string_views=string_views).schema


def stream(schema: pl.Schema, pieces: Iterable[pl.DataFrame], *, string_views: bool) -> pa.RecordBatchReader:
    """Return a reader over pieces of frames of that schema; the pieces are read as the reader is."""
    return pa.RecordBatchReader.from_batches(
        arrow_schema(schema, string_views=string_views), _batches(pieces, string_views=string_views)
    )


def _batches(pieces: Iterable[pl.DataFrame], *, string_views: bool) -> Iterator[pa.RecordBatch]:
    for piece in pieces:
        yield from _exported(as_portable(piece), string_views=string_views).to_batches()


def _exported(frame: pl.DataFrame, *, string_views: bool) -> pa.Table:
    level = pl.CompatLevel.newest() if string_views else pl.CompatLevel.oldest()
    return to_arrow_intervals(frame.to_arrow(compat_level=level))
