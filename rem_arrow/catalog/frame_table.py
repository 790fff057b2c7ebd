"""A user's frame as a leaf of a plan: scanned as it is, and searched without an index."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import TYPE_CHECKING

import polars as pl

from rem_arrow.access import text_indexes, vector_columns
from rem_arrow.base.datatypes import physical
from rem_arrow.base.schema import Table
from rem_arrow.base.source import NO_SKIPS, ROWID, ColumnStatistics, Metric, ScanReport, Skips, VectorSpec

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def rows_of(table: Table, rows: pl.DataFrame) -> FrameTable:
    """Return rows with columns of a table, whose types say more of texts than those of the frame."""
    fields = {f.name: f.dtype for f in table.fields}
    schema = {n: fields[n] if n in fields and physical(fields[n]) == t else t for n, t in rows.schema.items()}
    return FrameTable(rows, schema=pl.Schema(schema))


class FrameTable:
    """A user's frame, or the rows of files, as a leaf of a plan.

    Args:
        rows: how many rows a LazyFrame has, where that is known.
        schema: its columns with JSON and UUID, which Polars has as texts.
    """

    def __init__(
        self, frame: pl.DataFrame | pl.LazyFrame, rows: int | None = None, schema: pl.Schema | None = None
    ) -> None:
        self._frame = frame.lazy()
        self._schema = frame.collect_schema() if schema is None else schema
        # The height of a LazyFrame is unknown: this is a guess for the optimizer.
        self._rows = frame.height if isinstance(frame, pl.DataFrame) else 1_000_000 if rows is None else rows

    @property
    def schema(self) -> pl.Schema:
        return self._schema

    @property
    def hidden(self) -> pl.Schema:
        return pl.Schema({ROWID: pl.Int64()})

    @property
    def indexed(self) -> frozenset[str]:
        return frozenset()

    @property
    def vectors(self) -> Mapping[str, VectorSpec]:
        return {
            n: VectorSpec(t.size)
            for n, t in self._schema.items()
            if isinstance(t, pl.Array) and t.inner in (pl.Float32, pl.Float64)
        }

    def search(
        self,
        column: str,
        queries: npt.NDArray[np.float32],
        metric: Metric,
        k: int,
        allowed: npt.NDArray[np.int64] | None,
    ) -> pl.DataFrame:
        values = self._frame.select(column).collect().to_series()
        hits = vector_columns.search_series(values, queries.shape[1], queries, metric, k, allowed)
        return vector_columns.as_frame(hits)

    def search_text(
        self, column: str, query: str, k: int | None, allowed: npt.NDArray[np.int64] | None
    ) -> pl.DataFrame:
        hits = text_indexes.search_series(self._frame.select(column).collect().to_series(), query, k, allowed)
        return pl.DataFrame({"rowid": hits.rowids, "score": hits.scores})

    def texts(self, columns: tuple[str, ...], rowids: list[int]) -> list[str]:
        rows = self._frame.select(columns).collect()[rowids].iter_rows()
        return ["\n".join(str(text) for text in row if text) for row in rows]

    def row_count(self) -> int:
        return self._rows

    def statistics(self, column: str) -> ColumnStatistics | None:
        return None

    def scan(
        self,
        columns: list[str],
        report: ScanReport,
        skips: Skips = NO_SKIPS,
        coded: frozenset[str] = frozenset(),
        fixed: frozenset[str] = frozenset(),
        *,
        bytes_max: float = inf,
    ) -> pl.LazyFrame:
        frame = (
            self._frame.with_row_index(ROWID).with_columns(pl.col(ROWID).cast(pl.Int64))
            if ROWID in columns
            else self._frame
        )
        report.rows, report.takes_filters = self._rows, True
        return frame.select(columns)
