"""The three key indexes over all rows of a version: by id, by name, by value.

Rows in segments have their entries in RocksDB, written when they were sealed. Rows in runs have theirs in memory only, made
from the rows themselves when someone first asks: a write pays nothing for its indexes, and a crash cannot part them from
the rows. Both kinds are hints. What comes back may name rows that are dead or changed; whoever asks checks the live row.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import cast

import numpy as np
import polars as pl

from rem_arrow.datatypes import Json
from rem_arrow.index import entries
from rem_arrow.index.row_index import RowIndex
from rem_arrow.schema import Field, Table
from rem_arrow.storage import values
from rem_arrow.storage.kv import KV
from rem_arrow.storage.tail import Run
from rem_arrow.storage.version import TableVersion, Version
from rem_arrow.text_indexes import TextIndexes
from rem_arrow.vector_indexes import VectorIndexes

FAMILIES = ("ids", "keys", "index")


class _RunIndex:
    """The entries of one run, grown with it: rowids by id key, and by the prefix of each other entry."""

    __slots__ = ("_ids_upto", "_lock", "_others_upto", "ids", "others")

    def __init__(self) -> None:
        self.ids: dict[bytes, int] = {}
        self.others: dict[bytes, list[int]] = {}
        self._ids_upto = self._others_upto = 0
        self._lock = threading.Lock()

    def with_ids(self, run: Run, index: RowIndex) -> dict[bytes, int]:
        if self._ids_upto < len(run.rowids):
            with self._lock:
                stop = len(run.rowids)
                for offset in range(self._ids_upto, stop):
                    self.ids[index.key(run.plain(offset))] = run.rowids[offset]
                self._ids_upto = stop
        return self.ids

    def with_others(self, run: Run, index: RowIndex) -> dict[bytes, list[int]]:
        if self._others_upto < len(run.rowids):
            with self._lock:
                stop = len(run.rowids)
                rowids = [entries.rowid_value(r) for r in run.rowids[self._others_upto : stop]]
                for _, key, _ in index.many(rowids, _plain_columns(run, index, self._others_upto, stop)):
                    self.others.setdefault(entries.prefix_of(key), []).append(entries.rowid_of(key))
                self._others_upto = stop
        return self.others


class Hints:
    """The indexes of one store: of its keys, its vectors and its texts. Safe in many threads."""

    def __init__(self, vectors: VectorIndexes, texts: TextIndexes) -> None:
        self.vectors, self.texts = vectors, texts
        self._runs: weakref.WeakKeyDictionary[Run, _RunIndex] = weakref.WeakKeyDictionary()
        self._tables: dict[int, tuple[Table, RowIndex]] = {}
        self._lock = threading.Lock()
        # What StoredTable knows of columns, by table and column, with the parts that it was taken from.
        self.statistics: dict[tuple[int, int, pl.DataType], tuple[object, object]] = {}

    def row_index(self, table: Table) -> RowIndex:
        """Return which entries the rows of a table have."""
        known = self._tables.get(table.number)
        if known is None or known[0] is not table:
            known = self._tables[table.number] = (table, RowIndex(table))
        return known[1]

    def by_id(self, kv: KV, tv: TableVersion, keys: list[bytes]) -> list[int | None]:
        """Return the rowid of each identity that ever was, or None."""
        index = self.row_index(tv.table)
        found: dict[bytes, int] = {}
        for run in _runs(tv):
            ids = self._of(run).with_ids(run, index)
            found.update((k, ids[k]) for k in keys if k in ids)
        missing = [k for k in keys if k not in found]
        if missing and len(missing) == 1:
            stored = [kv.get("ids", missing[0])]
        else:
            stored = kv.get_many("ids", missing)
        found.update((k, entries.rowid_of(v)) for k, v in zip(missing, stored, strict=True) if v is not None)
        return [found.get(k) for k in keys]

    def by_name(self, kv: KV, version: Version, text: str) -> Iterator[tuple[int, int]]:
        """Yield (table, rowid) of rows of any table that may bear a name."""
        prefix = entries.name_prefix(text)
        for number, tv in version.tables.items():
            if tv.table.soft_delete:
                index = self.row_index(tv.table)
                wanted = prefix + number.to_bytes(2, "big")
                for run in _runs(tv):
                    yield from ((number, r) for r in self._of(run).with_others(run, index).get(wanted, ()))
        for key, _ in kv.scan("keys", prefix):
            yield entries.table_of_name(key), entries.rowid_of(key)

    def by_value(self, kv: KV, tv: TableVersion, field: Field, value: object, *, limit: int) -> list[int] | None:
        """Return the rowids of rows whose indexed column may equal `value`; None when they are more than `limit`."""
        ordered, convert = entries.ordered_form(field.dtype), values.to_plain(field.dtype)
        assert ordered is not None, f"{field.name} is not indexed"
        prefix = entries.value_prefix(tv.table.number, field.number, ordered(cast(Json, value if convert is None else convert(value))))
        index = self.row_index(tv.table)
        found: list[int] = []
        for run in _runs(tv):
            found += self._of(run).with_others(run, index).get(prefix, ())
        found += [entries.rowid_of(key) for key, _ in islice(kv.scan("index", prefix), limit + 1)]
        return None if len(found) > limit else found

    def write(self, kv: KV, table: Table, frame: pl.DataFrame, rowids: Sequence[int]) -> None:
        """Write the entries of rows that become a segment, outside of the log; the caller flushes FAMILIES before it commits."""
        index = self.row_index(table)
        if not index.columns:
            return
        columns = {p: _physical(frame[table.fields[p].name]).to_list() for p in index.columns}
        packed = np.asarray(rowids, dtype=">u8").tobytes()
        ids = [packed[i + 2 : i + 8] for i in range(0, len(packed), 8)]
        if table.key:
            kv.write_bulk("ids", zip(index.keys(columns), ids, strict=True))
        found = index.many(ids, columns)
        for wanted in FAMILIES[1:]:
            kv.write_bulk(wanted, [(key, value) for family, key, value in found if family == wanted])

    def _of(self, run: Run) -> _RunIndex:
        with self._lock:
            found = self._runs.get(run)
            if found is None:
                found = self._runs[run] = _RunIndex()
            return found


def _plain_columns(run: Run, index: RowIndex, start: int, stop: int) -> dict[int, list[Json]]:
    """Return the indexed columns of the rows `start` to `stop` in plain form."""
    if not run.has_frames:
        rows = [run.plain(o) for o in range(start, stop)]
        return {p: [row[p] for row in rows] for p in index.columns}
    frame = run.frame([run.fields[p] for p in index.columns], stop).slice(start)
    return {p: _physical(frame[run.fields[p].name]).to_list() for p in index.columns}


def _runs(tv: TableVersion) -> list[Run]:
    return [view.part for view in tv.parts if isinstance(view.part, Run)]


def _physical(column: pl.Series) -> pl.Series:
    return column if column.dtype in (pl.String, pl.Enum, pl.Categorical) or column.dtype.is_nested() else column.to_physical()
