"""The rows of files: their columns, how many they are where that is known, and the rows as a LazyFrame."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import polars as pl
from polars.io.plugins import register_io_source

PIECE_ROWS = 122_880
# From columns, None for all, to frames of at least these.
Pieces: TypeAlias = Callable[["Sequence[str] | None"], Iterator[pl.DataFrame]]


@dataclass(frozen=True, slots=True)
class FileRows:
    """Rows of one or more files.

    Attributes:
        count: how many rows; None where only reading them tells.
        lazy: the rows; it can be collected more than once.
        named: the files name their columns.
    """

    schema: pl.Schema
    count: int | None
    lazy: pl.LazyFrame
    named: bool = True


def in_memory(frame: pl.DataFrame) -> FileRows:
    """Return the rows of a frame."""
    return FileRows(frame.schema, frame.height, frame.lazy())


def streamed(schema: pl.Schema, pieces: Pieces, count: int | None = None) -> FileRows:
    """Return rows that are read again each time."""

    def source(
        with_columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        names = None if with_columns is None else list(with_columns)
        read = None if names is None else [*names, *_filtered(predicate, names)]
        left = n_rows
        for piece in pieces(read):
            frame = piece if predicate is None else piece.filter(predicate)
            if left is not None:
                frame = frame.head(left)
                left -= frame.height
            yield frame if names is None else frame.select(names)
            if left == 0:
                return

    return FileRows(schema, count, register_io_source(source, schema=schema, is_pure=True))


def _filtered(predicate: pl.Expr | None, names: list[str]) -> list[str]:
    """Return the columns that a predicate reads beside those."""
    return [] if predicate is None else [n for n in dict.fromkeys(predicate.meta.root_names()) if n not in names]
