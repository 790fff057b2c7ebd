"""Bulk loading: frames go to segments directly, not through the tail; all rows become visible by one commit.

Pages and index entries are written in bounded pieces, under new part numbers that no manifest names yet; the last step
is one batch of manifests. A load that fails leaves nothing visible, and its pages are swept when the store is next
opened.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from queue import Empty, Queue
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import polars as pl

from rem_arrow.base import datatypes
from rem_arrow.base.errors import ConstraintError, InputError, RemError, suggest
from rem_arrow.base.schema import Embedding, Field, Table, check_columns, check_name
from rem_arrow.storage import codec, new_segment, segment, values
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.kv import Op
from rem_arrow.storage.segment import Segment
from rem_arrow.storage.store import Store
from rem_arrow.storage.tail import Append
from rem_arrow.storage.version import TableVersion
from rem_arrow.write import checked_texts
from rem_arrow.write.table_rules import Rules
from rem_arrow.write.vector_rows import vector_frame, vector_table

if TYPE_CHECKING:
    import numpy.typing as npt

DIRECT_ROWS_MIN = 20_000
VALUE_BYTES_MAX = 1 << 30

Progress: TypeAlias = Callable[[int], None]


def plain_table(name: str, number: int, schema: pl.Schema) -> Table:
    """Return the description of a plain table for frames of that schema."""
    check_columns(len(schema), name)
    names = [check_name(n, "column") for n in schema.names()]
    folded: dict[str, str] = {}
    for n in names:
        if n.casefold() in folded:
            raise InputError(
                f'the columns "{folded[n.casefold()]}" and "{n}" of {name} differ in case only; rename one'
            )
        folded[n.casefold()] = n
    if not names:
        raise InputError(f"{name} has no columns; a table needs at least one")
    fields = tuple(
        Field(n, datatypes.check_storable(datatypes.instance(schema[n]), f"{name}.{n}"), i) for i, n in enumerate(names)
    )
    return Table(number, check_name(name, "table"), "plain", fields, next_column=len(fields))


def plain_load(
    store: Store,
    tv: TableVersion | None,
    name: str,
    schema: pl.Schema,
    pieces: Iterable[pl.DataFrame],
    rows: int | None,
    advance: Progress,
    rules: Rules,
) -> tuple[Changes, int]:
    """Return the changes that add rows to a plain table, created if it does not exist, and the number of rows.
    REQUIRES: the lock.

    Args:
        rows: the number of rows; None where it is unknown.
    """
    table = tv.table if tv is not None else plain_table(name, store.reserve_table(), schema)
    frames = (rules.fitted(piece, table) for piece in pieces)
    changes = Changes()
    if tv is None:
        changes.tables[table.number] = table
    if rows is not None and rows < DIRECT_ROWS_MIN:
        frame = pl.concat(list(frames)) if rows else rules.fitted(pl.DataFrame(schema=schema), table)
        if frame.height:
            changes.append(table.number, frame_append(frame, store.reserve_rowids(table.number, frame.height)))
        advance(frame.height)
        return changes, frame.height
    changes.manifests, count = write_segments(
        store, table, frames, first_rowid=lambda n: store.reserve_rowids(table.number, n), progress=advance
    )
    return changes, count


def fitted(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Return the frame in the table's columns, order and types, followed by the embeddings that it has. Raises
    InputError for a column that does not fit."""
    # Of wide frames each look at their columns takes long.
    given = {column.name: column for column in frame.get_columns()}
    fields = {f.name: f for f in table.fields}
    embeddings = [e for e in table.embeddings if e.column in given]
    known = {*fields, *(e.column for e in embeddings)}
    for name in given:
        if name not in known:
            raise InputError(f'no column "{name}" in {table.name}. {suggest(name, list(fields), "Columns")}')
    columns = []
    for field in table.fields:
        if field.name not in given:
            if not field.nullable and field.default is None:
                raise ConstraintError(f'{table.name} needs the column "{field.name}"')
            columns.append(default_column(field, frame.height))
            continue
        columns.append(_fitted_column(given[field.name], field, table.name))
    return pl.DataFrame([*columns, *(fitted_vectors(given[e.column], e, table.name) for e in embeddings)])


def fitted_columns(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Return the columns of the table that a frame has, in their types. Raises InputError for one that does not fit."""
    return pl.DataFrame([_fitted_column(frame[f.name], f, table.name) for f in table.fields if f.name in frame.columns])


def fitted_vectors(column: pl.Series, embedding: Embedding, table: str) -> pl.Series:
    """Return a column of vectors in the embedding's type, NULL where a row has none. Raises InputError for a value that
    is not a vector of that dimension."""
    try:
        vectors = column.cast(embedding.dtype, strict=True)
    except pl.exceptions.PolarsError as error:
        raise InputError(
            f'"{embedding.column}" of {table} holds vectors of {embedding.dimension} numbers: '
            f"{str(error).splitlines()[0]}"
        ) from error
    valid = codec.valid_vectors(vectors, embedding.dimension)
    if valid is not None and not (valid | vectors.is_null().to_numpy()).all():
        raise InputError(f'"{embedding.column}" of {table}: a vector holds finite numbers only')
    return vectors


def default_column(field: Field, rows: int) -> pl.Series:
    """Return a column that repeats the field's default `rows` times."""
    return values.column(field.name, [field.default], field.dtype).new_from_index(0, rows)


def _fitted_column(column: pl.Series, field: Field, table: str) -> pl.Series:
    if column.dtype != datatypes.physical(field.dtype):
        if not datatypes.widens(column.dtype, field.dtype) and not _losslessly(column.dtype, field.dtype):
            raise InputError(
                f'column "{field.name}" of {table} is {datatypes.sql_name(field.dtype)}, and the data holds '
                f"{datatypes.sql_name(column.dtype)}; cast it first"
            )
        try:
            column = column.cast(field.dtype, strict=True)
        except pl.exceptions.PolarsError as error:
            raise InputError(
                f'column "{field.name}" of {table} is {datatypes.sql_name(field.dtype)}: {str(error).splitlines()[0]}'
            ) from error
    column = checked_texts.checked(column, field.dtype, f"{table}.{field.name}")
    if not field.nullable and column.null_count():
        row = int(column.is_null().arg_max() or 0)
        raise ConstraintError(f'row {row}: {table}, field "{field.name}" must not be NULL')
    check_size(column, f"{table}.{field.name}")
    return column


def _losslessly(old: pl.DataType, new: pl.DataType) -> bool:
    """Return whether a strict cast keeps each value or fails: between integers, decimals, texts and categories, or
    times."""
    exact = old.is_integer() and (new.is_integer() or new.is_decimal())
    texts = isinstance(old, (pl.String, pl.Categorical, pl.Enum)) and isinstance(
        new, (pl.String, pl.Categorical, pl.Enum)
    )
    zoned = (
        isinstance(old, pl.Datetime)
        and isinstance(new, pl.Datetime)
        and (old.time_zone is None) == (new.time_zone is None)
    )
    nested = isinstance(old, (pl.List, pl.Array)) and isinstance(new, (pl.List, pl.Array))
    return exact or texts or zoned or nested or (old.is_float() and new == pl.Float64())


def check_size(column: pl.Series, where: str) -> None:
    """Refuse a value over 1 GiB."""
    if column.estimated_size() <= VALUE_BYTES_MAX:
        return
    sizes = (
        column.str.len_bytes()
        if column.dtype == pl.String
        else column.bin.size()
        if column.dtype == pl.Binary
        else None
    )
    longest = sizes.max() if sizes is not None else None
    if isinstance(longest, int) and longest > VALUE_BYTES_MAX:
        raise InputError(f"a value of {where} takes {longest:,} bytes; a value may take 1 GiB")


def write_segments(
    store: Store, table: Table, frames: Iterator[pl.DataFrame], *, first_rowid: Callable[[int], int], progress: Progress
) -> tuple[list[tuple[int, Op, int]], int]:
    """Write segments of new rows, invisible until their manifests are committed. Returns the manifests for
    `Store.commit`, and the number of rows.

    Args:
        frames: in the table's columns and types, at most SEGMENT_ROWS_MAX rows each; columns of embeddings are stored
            too.
        first_rowid: reserves rowids for a number of rows, and returns the first.
    """
    manifests: list[tuple[int, Op, int]] = []
    rows = 0
    for frame in _ahead(frames):
        if not frame.height:
            continue
        start = first_rowid(frame.height)
        manifests += _write_segment(store, table, frame, np.arange(start, start + frame.height, dtype=np.int64))
        rows += frame.height
        progress(frame.height)
    store.kv.flush("pages")
    if table.has_entries:
        for family in store.indexer.families:
            store.kv.flush(family)
    return manifests, rows


def write_versions(
    store: Store,
    table: Table,
    frame: pl.DataFrame,
    rowids: npt.NDArray[np.int64],
    *,
    has_entries: bool = False,
) -> list[tuple[int, Op, int]]:
    """Write segments of new versions of existing rows. Returns the manifests for `Changes`. REQUIRES: the lock; rowids
    ascend.

    Args:
        has_entries: the rows have their index entries on disk, or the caller writes them.
    """
    manifests: list[tuple[int, Op, int]] = []
    for start in range(0, frame.height, segment.SEGMENT_ROWS_MAX):
        piece = slice(start, start + segment.SEGMENT_ROWS_MAX)
        manifests += _write_segment(store, table, frame[piece], rowids[piece], has_entries=has_entries)
    store.kv.flush("pages")
    for family in store.indexer.families if table.has_entries and not has_entries else ():
        store.kv.flush(family)
    return manifests


def write_entries(store: Store, table: Table, frame: pl.DataFrame, rowids: npt.NDArray[np.int64]) -> None:
    """Write the index entries of rows that are about to be in segments. REQUIRES: the lock.

    Args:
        frame: at least the columns of which the entries are made.
    """
    if len(rowids):
        store.indexer.write(store.kv, table, frame, rowids.tolist())
        for family in store.indexer.families:
            store.kv.flush(family)


def write_changed(store: Store, table: Table, old: Segment, changed: Mapping[str, pl.Series]) -> tuple[int, Op, int]:
    """Write a segment of new versions of all rows of another one, which differ in some columns. Returns the manifest
    for `Changes`. REQUIRES: the lock."""
    part = store.reserve_part(table.number)
    return table.number, new_segment.build_changed(old, part, table.fields, changed, store.executor), part


def _write_segment(
    store: Store, table: Table, frame: pl.DataFrame, rowids: npt.NDArray[np.int64], *, has_entries: bool = False
) -> list[tuple[int, Op, int]]:
    """Write the pages of one segment, the index entries of its rows unless these have them, and a segment for each of
    its embeddings, under the same rowids. Returns the manifests."""
    with store.lock:
        part = store.reserve_part(table.number)
    op = new_segment.build(store.kv, table.number, part, table.fields, rowids, lambda f: frame[f.name], store.executor)
    if table.has_entries and not has_entries:
        store.indexer.write(store.kv, table, frame, rowids.tolist())
    manifests = [(table.number, op, part)]
    for embedding in table.embeddings:
        has_vector = frame[embedding.column].is_not_null() if embedding.column in frame.columns else None
        if has_vector is not None and has_vector.any():
            rows = frame.filter(has_vector)
            vectors = vector_frame(embedding, codec.matrix(rows[embedding.column], embedding.dimension), None)
            manifests += _write_segment(store, vector_table(table, embedding), vectors, rowids[has_vector.to_numpy()])
    return manifests


def write_index(store: Store, tv: TableVersion, table: Table) -> None:
    """Write the index entries of every live row as `table`, the evolved description, requires. REQUIRES: the lock, and
    no tail."""
    for view in tv.parts:
        frame, mask = view.part.frame(table.fields, view.length), view.live_mask()
        rowids = view.part.rowid_array(view.length)
        store.indexer.write(
            store.kv,
            table,
            frame if mask is None else frame.filter(pl.Series(mask)),
            (rowids if mask is None else rowids[mask]).tolist(),
        )
    for family in store.indexer.families:
        store.kv.flush(family)


def frame_append(frame: pl.DataFrame, first: int) -> Append:
    """Return the append of a small frame to the tail."""
    return Append(range(first, first + frame.height), None, frame)


def _ahead(frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Read one frame ahead on a thread, so that reading a file and writing segments overlap."""
    queue: Queue[pl.DataFrame | BaseException | None] = Queue(maxsize=1)
    stop = threading.Event()

    def read() -> None:
        try:
            for frame in frames:
                queue.put(frame)
                if stop.is_set():
                    return
            queue.put(None)
        except (RemError, OSError, pl.exceptions.PolarsError, ValueError) as error:
            queue.put(error)

    thread = threading.Thread(target=read, name="rem-reader", daemon=True)
    thread.start()
    try:
        while (item := queue.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        while thread.is_alive():
            with contextlib.suppress(Empty):
                queue.get(timeout=0.05)
        thread.join()
