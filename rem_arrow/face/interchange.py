"""Rows for other tools, in memory: frames, Arrow, DuckDB and vectors; the verbs of a database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from rem_arrow.access import vector_columns
from rem_arrow.base import checks
from rem_arrow.base.errors import InputError, suggest
from rem_arrow.base.parameters import Parameters
from rem_arrow.base.quoting import identifier
from rem_arrow.base.source import ROWID, ColumnRange
from rem_arrow.base.wide_integers import lazily_portable
from rem_arrow.catalog.stored_table import StoredTable
from rem_arrow.face.verbs import Verbs
from rem_arrow.interop import duck
from rem_arrow.interop.arrow import Relation, Rows, Vectors
from rem_arrow.interop.live import live_frame
from rem_arrow.lower.execution import POLARS_RULES, failed
from rem_arrow.storage import codec
from rem_arrow.storage.version import TableVersion

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_BATCH_ROWS = 122_880


class InterchangeVerbs(Verbs):
    """The part of a database that passes its rows to other tools."""

    # --- frames

    def scan(self, table: str) -> pl.LazyFrame:
        """Return a table as a LazyFrame over its present rows; columns and filters are pushed into the store.

        Args:
            table: a table or view.

        Returns:
            A Polars LazyFrame. It reads the version at which it was made, however often it is collected. Integers of
            128 bits are DECIMAL(38,0).

        Raises:
            InputError: there is no such table.

        Example:
            >>> db.scan("sales").filter(pl.col("region") == "north").select(pl.col("amount").sum()).collect().item()
            8
        """
        access = self._access()
        tv = access.table(table)
        if tv.table.kind == "view":
            return self.lazy(_select_all(tv))
        source = StoredTable(access, tv)

        def read(
            columns: list[str], ranges: tuple[ColumnRange, ...], predicate: pl.Expr | None, n_rows: int | None
        ) -> Iterator[pl.DataFrame]:
            self._instance.store.check_open()
            return source.read(columns, ranges, predicate, n_rows)

        return live_frame(source.schema, read, for_others=True)

    def lazy(
        self, text: str, parameters: Parameters = None, *, frames: Mapping[str, Any] | None = None
    ) -> pl.LazyFrame:
        """Return a query as a LazyFrame over the present rows.

        Args:
            text: a query in SQL.
            parameters: values of $name by name, or of $1, $2 by position.
            frames: Polars, pandas or Arrow tables that the text reads by these names.

        Returns:
            A Polars LazyFrame with the columns of the query. Integers of 128 bits are DECIMAL(38,0).

        Raises:
            ParseError, BindError, UnsupportedError: the text is wrong; the error shows the place.

        Example:
            >>> db.lazy("SELECT region, amount FROM sales").filter(pl.col("amount") > 4).collect().rows()
            [('north', 5)]
        """
        frame = self._lazy(text, parameters, frames)
        return lazily_portable(frame, frame.collect_schema())

    # --- Arrow

    def table(self, source: str, parameters: Parameters = None) -> Relation:
        """Return a table, a view or a query in a form that other tools read without a copy, through Arrow.

        It holds no rows: each read sees the newest commit. A table is read segment by segment, so it may be larger than
        memory; a query is computed by Polars' streaming engine, and comes in batches. `SELECT *` leaves out embeddings;
        name them.

        Args:
            source: the name of a table or view, or a SELECT.
            parameters: values of the $names of a SELECT.

        Returns:
            A `Relation`, with `reader()`, `to_arrow()`, `to_polars()`, `to_pandas()` and `schema`.

        Raises:
            InputError: there is no such table.
            ParseError, BindError, UnsupportedError: the SELECT is wrong.

        Example:
            >>> issues = db.table("issues")
            >>> pl.DataFrame(issues).height
            3
            >>> db.table("SELECT region FROM sales WHERE amount > 4").to_arrow().to_pydict()
            {'region': ['north']}
        """
        self._rows(source, parameters)
        return Relation(source, lambda: self._rows(source, parameters))

    def to_arrow(self, source: str, parameters: Parameters = None, *, string_views: bool = True) -> pa.Table:
        """Return the rows of a table, a view or a SELECT as a pyarrow Table, without a copy where the types allow it.

        Args:
            source: the name of a table or view, or a SELECT.
            parameters: values of the $names of a SELECT.
            string_views: give texts as string views, as they lie in memory. Many functions of pyarrow, and older
                programs, need large strings; False copies the texts into these.

        Returns:
            A `pyarrow.Table`; each column has a chunk for each segment.

        Raises:
            InputError: there is no such table.
            ParseError, BindError, UnsupportedError: the SELECT is wrong.

        Example:
            >>> db.to_arrow("sales", string_views=False).group_by("region").aggregate([("amount", "max")]).num_rows
            2
        """
        return self.table(source, parameters).to_arrow(string_views=string_views)

    def reader(self, source: str, parameters: Parameters = None, *, string_views: bool = True) -> pa.RecordBatchReader:
        """Return the rows of a table, a view or a SELECT as a stream of Arrow batches, a segment at a time.

        Args:
            source: the name of a table or view, or a SELECT.
            parameters: values of the $names of a SELECT.
            string_views: give texts as string views; see `to_arrow`.

        Returns:
            A `pyarrow.RecordBatchReader`.

        Raises:
            InputError: there is no such table.
            ParseError, BindError, UnsupportedError: the SELECT is wrong.

        Example:
            >>> sum(batch.num_rows for batch in db.reader("sales"))
            3
        """
        return self.table(source, parameters).reader(string_views=string_views)

    def vectors(self, table: str, column: str = "embedding") -> Vectors:
        """Return the vectors of a column as ids and a matrix, for numpy, scikit-learn, faiss or torch.

        Args:
            table: a table with vectors.
            column: an embedding, or a column of vectors of one dimension.

        Returns:
            `Vectors`: `ids`, a Series of the ids of the rows that have a vector (in a plain table their rowids), and
            `matrix`, float32 of shape (rows, dimension); `to_torch()` shares its memory.

        Raises:
            InputError: there is no such table, or the column holds no vectors of one dimension.

        Example:
            >>> ids, matrix = db.vectors("issues")
            >>> ids.to_list(), matrix.shape
            (['login', 'docs', 'cache'], (3, 512))
        """
        access = self._access()
        tv = access.table(table)
        spec = vector_columns.searchable(tv.table).get(checks.text(column, "the name of a column"))
        if spec is None:
            raise InputError(
                f'"{column}" of {tv.table.name} holds no vectors of one dimension. '
                f"{suggest(column, vector_columns.searchable(tv.table), 'Columns of vectors')}"
            )
        key = tv.table.key[0] if len(tv.table.key) == 1 else ROWID
        stored = StoredTable(access, tv)
        pieces = list(stored.read([key, column], (), pl.col(column).is_not_null(), None))
        frame = (
            pl.concat(pieces, rechunk=True)
            if pieces
            else pl.DataFrame(schema={n: {**stored.schema, **stored.hidden}[n] for n in (key, column)})
        )
        matrix, valid = codec.matrix(frame[column], spec.dimension), codec.valid_vectors(frame[column], spec.dimension)
        ids = frame[key].alias("rowid" if key == ROWID else key)
        return Vectors(ids, matrix) if valid is None else Vectors(ids.filter(pl.Series(valid)), matrix[valid])

    def duckdb(self) -> duckdb.DuckDBPyConnection:
        """Return a DuckDB connection in which every present table and view is a view over the live rows.

        DuckDB reads the columns that it needs, and hands its conditions to the zone maps and indexes here. Each read of
        a view sees the newest commit, so a query that reads two of them during a write may see two. The views are
        read-only, and valid while this database is open. DuckDB does not know their row counts: write the large table
        of a join first.

        Returns:
            A `duckdb.DuckDBPyConnection`.

        Raises:
            UnsupportedError: DuckDB 2 or later is not installed (the extra `duckdb`).

        Example:
            >>> con = db.duckdb()
            >>> con.sql("SELECT region, sum(amount)::INT FROM sales GROUP BY ALL ORDER BY ALL").fetchall()
            [('north', 8), ('south', 4)]
        """
        return duck.connection({tv.table.name: self._live(tv.table.name) for tv in self._version()})

    # --- inside

    def _lazy(self, text: str, parameters: Parameters = None, frames: Mapping[str, Any] | None = None) -> pl.LazyFrame:
        """Return a query as a LazyFrame in the types of the database."""
        return self._instance.engine.lazy(text, self._snapshot(frames), parameters)

    def _rows(self, source: str, parameters: Parameters) -> Rows:
        """Return the rows of a table, view or query at the newest version."""
        access = self._access()
        tv = access.version.find(source) if isinstance(source, str) else None
        if tv is not None and tv.table.kind != "view":
            stored = StoredTable(access, tv)
            return Rows(stored.schema, stored.read(stored.schema.names(), (), None, None))
        if tv is None and (not isinstance(source, str) or len(source.split()) == 1):
            access.table(source)
        frame = self._lazy(source if tv is None else _select_all(tv), parameters)
        return Rows(frame.collect_schema(), _batches(frame))

    def _live(self, name: str) -> pl.LazyFrame:
        """Return a table or view as a frame that pins the newest version each time it is collected, in types that other
        tools accept."""
        schema = self._rows(name, None).schema

        def read(
            columns: list[str], ranges: tuple[ColumnRange, ...], predicate: pl.Expr | None, n_rows: int | None
        ) -> Iterator[pl.DataFrame]:
            access = self._access()
            tv = access.table(name)
            if tv.table.kind != "view":
                return StoredTable(access, tv).read(columns, ranges, predicate, n_rows)
            read_columns = (
                list(dict.fromkeys([*columns, *(predicate.meta.root_names() if predicate is not None else ())]))
                or tv.table.names[:1]
            )
            frame = self._lazy(f"SELECT {', '.join(map(identifier, read_columns))} FROM {identifier(tv.table.name)}")
            frame = frame if predicate is None else frame.filter(predicate)
            return _batches((frame if n_rows is None else frame.head(n_rows)).select(columns))

        return live_frame(schema, read, for_others=True)


def _batches(frame: pl.LazyFrame) -> Iterator[pl.DataFrame]:
    """Yield the rows of a query in the batches of Polars' streaming engine. Raises ExecuteError."""
    try:
        yield from frame.collect_batches(chunk_size=_BATCH_ROWS, lazy=True, optimizations=POLARS_RULES)
    except pl.exceptions.PolarsError as error:
        raise failed(error) from error


def _select_all(tv: TableVersion) -> str:
    return f"SELECT * FROM {identifier(tv.table.name)}"
