"""The three key indexes over all rows of a version: by id, by name, by value.

Rows in segments have their entries in RocksDB, written when they were sealed. Rows in runs have theirs in memory only,
built from the rows at the first lookup: a write spends no time on its indexes, and a crash cannot separate them from
the rows. Entries are hints: they may point to rows that are dead or changed, and the caller checks the live row.
"""

from __future__ import annotations

import bisect
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, takewhile

import numpy as np
import polars as pl

from rem_arrow.base.datatypes import Json
from rem_arrow.base.schema import Table
from rem_arrow.index import entries
from rem_arrow.index.row_index import RowIndex
from rem_arrow.storage.kv import KV
from rem_arrow.storage.tail import Run

# When a few keys are looked for in the columns of a run, and how often before its entries are built.
_SCANNED_ROWS_MIN, _SCANNED_KEYS_MAX, _SCANS_MAX = 20_000, 4, 8
FAMILIES = ("ids", "keys", "index")


class RunIndex:
    """The entries of one run, extended as it grows: rowids by id key, and by the prefix of each other entry."""

    __slots__ = ("_ids_upto", "_lock", "_ordered", "_prefixes_upto", "_scans", "ids", "prefixes")

    def __init__(self) -> None:
        self.ids: dict[bytes, int] = {}
        self.prefixes: dict[bytes, list[int]] = {}
        self._ids_upto = self._prefixes_upto = self._scans = 0
        self._ordered: tuple[list[bytes], list[bytes]] = ([], [])
        self._lock = threading.Lock()

    def with_ids(self, run: Run, index: RowIndex) -> dict[bytes, int]:
        if self._ids_upto < len(run.rowids):
            with self._lock:
                stop = len(run.rowids)
                if run.has_frames:
                    keys = index.keys(_plain_columns(run, index, self._ids_upto, stop))
                    self.ids.update(zip(keys, run.rowids[self._ids_upto : stop], strict=True))
                else:
                    for offset in range(self._ids_upto, stop):
                        self.ids[index.key(run.plain(offset))] = run.rowids[offset]
                self._ids_upto = stop
        return self.ids

    def among_ids(self, run: Run, index: RowIndex, keys: Sequence[bytes]) -> dict[bytes, int]:
        """Return the rowids of the keys that a run has; of a long run whose entries are not built yet, a few keys are
        looked for in its columns: building takes as long as many such scans."""
        start = self._ids_upto
        is_scanned = run.has_frames and len(run.rowids) - start > _SCANNED_ROWS_MIN
        if not is_scanned or len(keys) > _SCANNED_KEYS_MAX or self._scans >= _SCANS_MAX:
            ids = self.with_ids(run, index)
            return {k: ids[k] for k in keys if k in ids}
        self._scans += 1
        found = {k: self.ids[k] for k in keys if k in self.ids}
        stop, fields = len(run.rowids), [run.fields[p] for p in index.key_places]
        frame = run.frame(fields, stop).slice(start)
        for key in keys:
            parts = zip(fields, entries.id_parts(key, len(fields)), strict=True)
            same = [pl.col(f.name).fill_null("") == pl.lit(part, pl.String) for f, part in parts]
            places = frame.select(pl.all_horizontal(same).alias("same"))["same"].arg_true()
            if len(places):
                found[key] = run.rowids[start + int(places[-1])]
        return found

    def with_prefixes(self, run: Run, index: RowIndex) -> dict[bytes, list[int]]:
        if self._prefixes_upto < len(run.rowids):
            with self._lock:
                stop = len(run.rowids)
                rowids = [entries.rowid_value(r) for r in run.rowids[self._prefixes_upto : stop]]
                for _, key, _ in index.many(rowids, _plain_columns(run, index, self._prefixes_upto, stop)):
                    self.prefixes.setdefault(entries.prefix_of(key), []).append(entries.rowid_of(key))
                self._prefixes_upto = stop
        return self.prefixes

    def ordered(self, run: Run, index: RowIndex) -> tuple[list[bytes], list[bytes]]:
        """Return the keys of `ids` and of `prefixes` in order. A list that was returned is never changed."""
        ids, prefixes = self.with_ids(run, index), self.with_prefixes(run, index)
        with self._lock:
            self._ordered = (_grown(self._ordered[0], ids), _grown(self._ordered[1], prefixes))
            return self._ordered

    def beginning(
        self, run: Run, index: RowIndex, number: int, ids: bytes, names: bytes
    ) -> list[Iterator[tuple[bytes, int, int]]]:
        """Return the ids and the names in a run that start with these prefixes: (text, table, rowid), each in order."""
        id_keys, name_keys = self.ordered(run, index)
        by_id = ((entries.text_of_id(key), number, self.ids[key]) for key in _beginning(id_keys, ids))
        suffix = number.to_bytes(2, "big")
        # Entries of indexed values are among these, under keys of another form: one that looks like a name is refused
        # when the row is checked.
        by_name = (
            (key[:-3], number, rowid)
            for key in _beginning(name_keys, names)
            if key[-3:] == b"\x00" + suffix
            for rowid in sorted(self.prefixes[key])
        )
        return [by_id, by_name]


def _grown(ordered: list[bytes], keys: Mapping[bytes, object]) -> list[bytes]:
    """Return all keys in order. A dict grows at its end only, and a list that is sorted up to its end sorts fast."""
    return ordered if len(ordered) == len(keys) else sorted([*ordered, *islice(keys, len(ordered), None)])


class KeyIndexes:
    """The key indexes of one store. Safe in many threads."""

    def __init__(self) -> None:
        self._runs: weakref.WeakKeyDictionary[Run, RunIndex] = weakref.WeakKeyDictionary()
        self._tables: dict[int, tuple[Table, RowIndex]] = {}
        self._lock = threading.Lock()

    def row_index(self, table: Table) -> RowIndex:
        """Return the definition of the entries of a table."""
        cached = self._tables.get(table.number)
        if cached is None or cached[0] is not table:
            cached = self._tables[table.number] = (table, RowIndex(table))
        return cached[1]

    def write(self, kv: KV, table: Table, frame: pl.DataFrame, rowids: Sequence[int]) -> None:
        """Write the entries of rows that become a segment, without the write-ahead log; the caller flushes FAMILIES
        before it commits."""
        index = self.row_index(table)
        if not index.columns:
            return
        columns = {p: physical(frame[table.fields[p].name]).to_list() for p in index.columns}
        packed = np.asarray(rowids, dtype=">u8").tobytes()
        ids = [packed[i + 2 : i + 8] for i in range(0, len(packed), 8)]
        if table.key:
            kv.write_bulk("ids", zip(index.keys(columns), ids, strict=True))
        rest = index.many(ids, columns)
        for target in FAMILIES[1:]:
            kv.write_bulk(target, [(key, value) for family, key, value in rest if family == target])

    def of_run(self, run: Run) -> RunIndex:
        """Return the entries of a run."""
        with self._lock:
            index = self._runs.get(run)
            if index is None:
                index = self._runs[run] = RunIndex()
            return index


def _plain_columns(run: Run, index: RowIndex, start: int, stop: int) -> dict[int, list[Json]]:
    """Return the indexed columns of the rows `start` to `stop` in plain form."""
    if not run.has_frames:
        rows = [run.plain(o) for o in range(start, stop)]
        return {p: [row[p] for row in rows] for p in index.columns}
    frame = run.frame([run.fields[p] for p in index.columns], stop).slice(start)
    return {p: physical(frame[run.fields[p].name]).to_list() for p in index.columns}


def _beginning(keys: list[bytes], prefix: bytes) -> Iterator[bytes]:
    return takewhile(lambda key: key.startswith(prefix), islice(keys, bisect.bisect_left(keys, prefix), None))


def physical(column: pl.Series) -> pl.Series:
    """Return a column as its index entries are made from it."""
    return (
        column
        if column.dtype in (pl.String, pl.Enum, pl.Categorical) or column.dtype.is_nested()
        else column.to_physical()
    )
