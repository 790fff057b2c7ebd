"""The rows of a frame in memory, or where they do not fit there in files, one for each bucket of a key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import polars as pl

from rem_arrow.lower.context import Lowering, Parts
from rem_arrow.lower.execution import Rows
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan.nodes import Expr
from rem_arrow.plan.volatility import is_volatile
from rem_arrow.running.lazy_rows import lazy_rows
from rem_arrow.running.scratch import SpillFile

# What did not fit, by its bucket.
Files: TypeAlias = "list[SpillFile]"
BUCKETS = 16
_BUCKET = "#bucket"
# What Polars holds for a row by whose keys it looks rows up, beside its values: the hash, the key, a place in a table.
HASHED_BYTES = 48


class Spool:
    """Takes rows; they stay in memory for as long as they fit.

    Args:
        schema: of the rows.
        bucket: the number of each row's file, below BUCKETS; without one there is one file. Rows that have one are
            looked up by their keys.
    """

    def __init__(self, parts: Parts, schema: pl.Schema, bucket: pl.Expr | None = None) -> None:
        self._parts, self._schema, self._bucket = parts, schema, bucket
        self._rows: list[pl.DataFrame] = []
        self._bytes = 0.0
        self._files: Files | None = None

    def add(self, rows: pl.DataFrame) -> None:
        if not rows.height:
            return
        if self._files is not None:
            self._write(rows)
            return
        self._rows.append(rows)
        self._bytes += rows.estimated_size() + (0 if self._bucket is None else rows.height * HASHED_BYTES)
        if self._bytes > self._parts.bytes_max:
            self._to_files()

    def held(self) -> pl.DataFrame | Files:
        """Return all the rows, after the last was added."""
        if self._files is None:
            return pl.concat(self._rows) if self._rows else pl.DataFrame(schema=self._schema)
        return self.files()

    def files(self) -> Files:
        """Return all the rows in files, whether they fit or not."""
        files = self._to_files() if self._files is None else self._files
        for file in files:
            file.flush()
        return files

    def _to_files(self) -> Files:
        count = 1 if self._bucket is None else BUCKETS
        self._files = [self._parts.spill.file(self._schema) for _ in range(count)]
        self._rows.reverse()
        while self._rows:
            self._write(self._rows.pop())
        return self._files

    def _write(self, rows: pl.DataFrame) -> None:
        assert self._files is not None, "there are files to write to"
        if self._bucket is None:
            self._files[0].add(rows)
            return
        by_bucket = rows.with_columns(self._bucket.alias(_BUCKET)).partition_by(
            _BUCKET, as_dict=True, include_key=False, maintain_order=True
        )
        for (number,), part in by_bucket.items():
            self._files[int(str(number))].add(part)


def spooled(
    frame: pl.LazyFrame, context: Lowering, parts: Parts, bucket: pl.Expr | None = None
) -> pl.DataFrame | Files:
    """Run a frame that has just been lowered; return its rows in memory, or the files of its buckets."""
    schema = frame.collect_schema()
    spool = Spool(parts, schema)

    def begin() -> Rows:
        nonlocal spool
        spool = Spool(parts, schema, bucket)
        return take

    def take(rows: pl.DataFrame) -> None:
        context.bounds.check()
        spool.add(rows)

    context.stream(frame, begin)
    return spool.held()


def hashed_bytes(file: SpillFile) -> int:
    """Return what the rows of a file take in memory where they are looked up by their keys."""
    return file.bytes + file.height * HASHED_BYTES


def divided(file: SpillFile, parts: Parts, bucket: pl.Expr) -> Files:
    """Return the rows of a file by another bucket."""
    spool = Spool(parts, file.schema, bucket)
    for rows in file.frames():
        spool.add(rows)
    file.delete()
    return spool.files()


def in_files(rows: pl.DataFrame | Files, parts: Parts, bucket: pl.Expr | None = None) -> Files:
    """Return rows that were held, by bucket where they are in memory."""
    if not isinstance(rows, pl.DataFrame):
        return rows
    spool = Spool(parts, rows.schema, bucket)
    spool.add(rows)
    return spool.files()


def lazy(rows: pl.DataFrame | Files) -> pl.LazyFrame:
    """Return rows that were held, those of one file after those of another."""
    if isinstance(rows, pl.DataFrame):
        return rows.lazy()
    return lazy_rows(rows[0].schema, lambda: (some for file in rows for some in file.frames()))


def bucket_of(keys: Sequence[Expr], context: Lowering, seed: int) -> pl.Expr | None:
    """Return the bucket of a row, by the hash of its keys; None where such keys have none."""
    if not keys or any(nested.is_nested(k.dtype) or isinstance(k.dtype, pl.Array) or is_volatile(k) for k in keys):
        return None
    columns = [
        # A scan may give categories for texts.
        (context.expr(k).cast(pl.String) if isinstance(k.dtype, pl.String) else context.expr(k)).alias(f"#{i}")
        for i, k in enumerate(keys)
    ]
    return pl.struct(columns).hash(seed=seed) % BUCKETS


def spread_nulls(bucket: pl.Expr, keys: Sequence[Expr], context: Lowering) -> pl.Expr:
    """Return the bucket of a row such that rows whose keys meet nothing do not all have the same."""
    missing = pl.any_horizontal([context.expr(k).is_null() for k in keys])
    return pl.when(missing).then(pl.int_range(pl.len(), dtype=pl.UInt64) % BUCKETS).otherwise(bucket)
