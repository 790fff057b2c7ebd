"""The three key indexes over all rows of a version: by id, by name, by value.

Rows in segments have their entries in RocksDB, written when they were sealed. Rows in runs have theirs in memory only,
made from the rows themselves when someone first asks: a write pays nothing for its indexes, and a crash cannot part
them from the rows. Both kinds are hints. What comes back may name rows that are dead or changed; whoever asks checks
the live row.
"""

from __future__ import annotations

import bisect
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, takewhile

import numpy as np
import polars as pl

from rem_arrow.datatypes import Json
from rem_arrow.index import entries
from rem_arrow.index.row_index import RowIndex
from rem_arrow.schema import Table
from rem_arrow.storage.kv import KV
from rem_arrow.storage.tail import Run

FAMILIES = ("ids", "keys", "index")


class RunIndex:
    """The entries of one run, grown with it: rowids by id key, and by the prefix of each other entry."""

    __slots__ = ("_ids_upto", "_lock", "_ordered", "_others_upto", "ids", "others")

    def __init__(self) -> None:
        self.ids: dict[bytes, int] = {}
        self.others: dict[bytes, list[int]] = {}
        self._ids_upto = self._others_upto = 0
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

    def with_others(self, run: Run, index: RowIndex) -> dict[bytes, list[int]]:
        if self._others_upto < len(run.rowids):
            with self._lock:
                stop = len(run.rowids)
                rowids = [entries.rowid_value(r) for r in run.rowids[self._others_upto : stop]]
                for _, key, _ in index.many(rowids, _plain_columns(run, index, self._others_upto, stop)):
                    self.others.setdefault(entries.prefix_of(key), []).append(entries.rowid_of(key))
                self._others_upto = stop
        return self.others

    def ordered(self, run: Run, index: RowIndex) -> tuple[list[bytes], list[bytes]]:
        """Return the keys of `ids` and of `others` in order. No list changes once it is given."""
        ids, others = self.with_ids(run, index), self.with_others(run, index)
        with self._lock:
            self._ordered = (_grown(self._ordered[0], ids), _grown(self._ordered[1], others))
            return self._ordered

    def beginning(
        self, run: Run, index: RowIndex, number: int, ids: bytes, names: bytes
    ) -> list[Iterator[tuple[bytes, int, int]]]:
        """Return the ids and the names in a run that start with these prefixes: (text, table, rowid), each in order."""
        id_keys, name_keys = self.ordered(run, index)
        by_id = ((entries.text_of_id(key), number, self.ids[key]) for key in _beginning(id_keys, ids))
        suffix = number.to_bytes(2, "big")
        # Entries of indexed values are among these, under keys of another form: those that look like a name fail at
        # the row.
        by_name = (
            (key[:-3], number, rowid)
            for key in _beginning(name_keys, names)
            if key[-3:] == b"\x00" + suffix
            for rowid in sorted(self.others[key])
        )
        return [by_id, by_name]


def _grown(known: list[bytes], keys: Mapping[bytes, object]) -> list[bytes]:
    """Return all keys in order. A dict grows at its end only, and a list that is in order but for its end is sorted
    soon."""
    return known if len(known) == len(keys) else sorted([*known, *islice(keys, len(known), None)])


class KeyIndexes:
    """The key indexes of one store. Safe in many threads."""

    def __init__(self) -> None:
        self._runs: weakref.WeakKeyDictionary[Run, RunIndex] = weakref.WeakKeyDictionary()
        self._tables: dict[int, tuple[Table, RowIndex]] = {}
        self._lock = threading.Lock()

    def row_index(self, table: Table) -> RowIndex:
        """Return which entries the rows of a table have."""
        known = self._tables.get(table.number)
        if known is None or known[0] is not table:
            known = self._tables[table.number] = (table, RowIndex(table))
        return known[1]

    def write(self, kv: KV, table: Table, frame: pl.DataFrame, rowids: Sequence[int]) -> None:
        """Write the entries of rows that become a segment, outside of the log; the caller flushes FAMILIES before it
        commits."""
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
    return {p: _physical(frame[run.fields[p].name]).to_list() for p in index.columns}


def _beginning(keys: list[bytes], prefix: bytes) -> Iterator[bytes]:
    return takewhile(lambda key: key.startswith(prefix), islice(keys, bisect.bisect_left(keys, prefix), None))


def _physical(column: pl.Series) -> pl.Series:
    return (
        column
        if column.dtype in (pl.String, pl.Enum, pl.Categorical) or column.dtype.is_nested()
        else column.to_physical()
    )
