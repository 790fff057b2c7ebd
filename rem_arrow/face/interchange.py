"""Rows for other tools in memory: frames, Arrow, DuckDB, vectors; the verbs of a database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from rem_arrow.access import vector_columns
from rem_arrow.errors import InputError, suggest
from rem_arrow.face.import_export import Transfer
from rem_arrow.interop import duck
from rem_arrow.interop.arrow import Relation, Rows, Vectors
from rem_arrow.interop.live import live_frame
from rem_arrow.lower.execution import POLARS_RULES, failed
from rem_arrow.parameters import Parameters
from rem_arrow.source import ROWID, ColumnRange
from rem_arrow.storage import codec
from rem_arrow.storage.version import TableVersion
from rem_arrow.write.writer import find_table

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_BATCH_ROWS = 122_880


class Exchange(Transfer):
    """The part of a database that hands its rows to other tools."""

    # --- frames

    def scan(self, table: str) -> pl.LazyFrame:
        """Return a table as a LazyFrame over its rows as they are now; columns and filters are pushed into the
        store."""
        version = self._version()
        tv = find_table(version, table)
        if tv.table.kind == "view":
            return self.lazy(_select_all(tv))
        source = self._stored(version, tv)

        def read(
            columns: list[str], ranges: tuple[ColumnRange, ...], predicate: pl.Expr | None, n_rows: int | None
        ) -> Iterator[pl.DataFrame]:
            self._store.check_open()
            return source.read(columns, ranges, predicate, n_rows)

        return live_frame(source.schema, read)

    def lazy(
        self, text: str, parameters: Parameters = None, *, frames: Mapping[str, Any] | None = None
    ) -> pl.LazyFrame:
        """Return a query as a LazyFrame over the rows as they are now."""
        return self._shared.engine.lazy(text, self._snapshot(frames), parameters)

    # --- Arrow

    def table(self, source: str, parameters: Parameters = None) -> Relation:
        """Return a table, a view or a query for other tools, which read it without a copy: pyarrow, Polars, DuckDB,
        DataFusion, pandas.

        It is read anew each time, at the newest commit; a table segment by segment, so that it may be larger than
        memory. A query is
        computed by Polars' streaming engine over columns that lie in memory, and comes in batches. `SELECT *` leaves
        embeddings
        out: name them in a query. Texts are string views; what does not know these yet takes
            `.reader(string_views=False)`.

            pa.table(db.table("issues"))
            duckdb.sql("FROM issues", connection=con)        # where issues = db.table("issues")
            datafusion.SessionContext().from_arrow(db.table("issues"), name="issues")
            db.table("SELECT status, COUNT(*) AS n FROM issues GROUP BY ALL").to_pandas()

        Args:
            source: the name of a table or view, or a SELECT.
            parameters: values for the $names of a SELECT.

        Raises:
            InputError: no such table.
            ParseError, BindError: the SELECT is wrong.
        """
        self._rows(source, parameters)
        return Relation(source, lambda: self._rows(source, parameters))

    def to_arrow(self, source: str, parameters: Parameters = None, *, string_views: bool = True) -> pa.Table:
        """Return the rows of a table, view or SELECT as Arrow, each column in a chunk for each segment and without a
        copy; see `table`.

        Args:
            string_views: texts as string views, as they lie in memory. Many functions of pyarrow itself, and older
                consumers, want
                large strings: False, for the price of a copy of the texts.

        Raises:
            InputError: no such table.
        """
        return self.table(source, parameters).to_arrow(string_views=string_views)

    def reader(self, source: str, parameters: Parameters = None, *, string_views: bool = True) -> pa.RecordBatchReader:
        """Return the rows of a table, view or SELECT as a stream of Arrow batches, a segment at a time; see `table`.

            for batch in db.reader("lineitem"): ...

        Raises:
            InputError: no such table.
        """
        return self.table(source, parameters).reader(string_views=string_views)

    def vectors(self, table: str, column: str = "embedding") -> Vectors:
        """Return the vectors of a column as (ids, matrix) for numpy, scikit-learn, faiss; `.to_torch()` for torch.

            ids, matrix = db.vectors("resources")            # matrix: float32, shape (rows, 384)

        Args:
            column: an embedding, or a column of vectors.

        Returns:
            Rows that live and have a vector. `ids` is a Series of their ids, of a plain table of their rowids.

        Raises:
            InputError: no such table, or the column holds no vectors of one dimension.
        """
        version = self._version()
        tv = find_table(version, table)
        spec = vector_columns.searchable(tv.table).get(column)
        if spec is None:
            raise InputError(
                f'"{column}" of {tv.table.name} holds no vectors of one dimension. '
                f"{suggest(column, vector_columns.searchable(tv.table), 'Columns of vectors')}"
            )
        key = tv.table.key[0] if len(tv.table.key) == 1 else ROWID
        stored = self._stored(version, tv)
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
        """Return a DuckDB connection in which every table and view of now is a view over live rows.

        A query of DuckDB reads the columns that it needs and hands its conditions to our zone maps and indexes (EXPLAIN
        shows them); each read of a view sees the newest commit, so a query that reads two of them while someone writes
        may see two. Views are read only, and live as long as this database is open. DuckDB knows no row counts of them:
        write the large table of a join first.

            con = db.duckdb()
            con.sql("SELECT status, count(*) FROM issues GROUP BY ALL").pl()
            ibis.duckdb.from_connection(db.duckdb()).table("issues")

        Raises:
            UnsupportedError: DuckDB 2 or later is not installed: pip install 'rem_arrow[duckdb]'.
        """
        return duck.connection({tv.table.name: self._live(tv.table.name) for tv in self._version()})

    # --- inside

    def _rows(self, source: str, parameters: Parameters) -> Rows:
        """Return the rows of a table, view or query as they are now."""
        version = self._version()
        tv = version.find(source) if isinstance(source, str) else None
        if tv is not None and tv.table.kind != "view":
            stored = self._stored(version, tv)
            return Rows(stored.schema, stored.read(stored.schema.names(), (), None, None))
        if tv is None and (not isinstance(source, str) or len(source.split()) == 1):
            find_table(version, source)
        frame = self.lazy(source if tv is None else _select_all(tv), parameters)
        return Rows(frame.collect_schema(), _batches(frame))

    def _live(self, name: str) -> pl.LazyFrame:
        """Return a table or view as a frame that pins the newest version each time that it is collected, in types that
        other tools take."""
        schema = self._rows(name, None).schema

        def read(
            columns: list[str], ranges: tuple[ColumnRange, ...], predicate: pl.Expr | None, n_rows: int | None
        ) -> Iterator[pl.DataFrame]:
            version = self._version()
            tv = find_table(version, name)
            if tv.table.kind != "view":
                return self._stored(version, tv).read(columns, ranges, predicate, n_rows)
            needed = (
                list(dict.fromkeys([*columns, *(predicate.meta.root_names() if predicate is not None else ())]))
                or tv.table.names[:1]
            )
            frame = self.lazy(f"SELECT {', '.join(map(_quoted, needed))} FROM {_quoted(tv.table.name)}")
            frame = frame if predicate is None else frame.filter(predicate)
            return _batches((frame if n_rows is None else frame.head(n_rows)).select(columns))

        return live_frame(schema, read, for_others=True)


def _batches(frame: pl.LazyFrame) -> Iterator[pl.DataFrame]:
    """Yield the rows of a query as Polars' streaming engine gives them. Raises ExecuteError."""
    try:
        yield from frame.collect_batches(chunk_size=_BATCH_ROWS, lazy=True, optimizations=POLARS_RULES)
    except pl.exceptions.PolarsError as error:
        raise failed(error) from error


def _select_all(tv: TableVersion) -> str:
    return f"SELECT * FROM {_quoted(tv.table.name)}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
