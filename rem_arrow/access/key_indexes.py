"""The three key indexes over all rows of a version: by id, by name, by value.

Rows in segments have their entries in RocksDB, written when they were sealed. Rows in runs have theirs in memory only,
made from the rows themselves when someone first asks: a write pays nothing for its indexes, and a crash cannot part
them from the rows. Both kinds are hints. What comes back may name rows that are dead or changed; whoever asks checks
the live row.
"""

from __future__ import annotations

import bisect
import heapq
import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, takewhile
from typing import cast

import numpy as np
import polars as pl

from rem_arrow.access.graph_indexes import GraphIndexes
from rem_arrow.access.soft_deletes import SoftDeletes
from rem_arrow.access.text_indexes import TextIndexes
from rem_arrow.access.trigram_indexes import TrigramIndexes
from rem_arrow.access.vector_indexes import VectorIndexes
from rem_arrow.datatypes import Json
from rem_arrow.index import entries
from rem_arrow.index.row_index import RowIndex
from rem_arrow.schema import Field, Table
from rem_arrow.storage import values
from rem_arrow.storage.kv import KV
from rem_arrow.storage.tail import Run
from rem_arrow.storage.version import TableVersion, Version

FAMILIES = ("ids", "keys", "index")


class _RunIndex:
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


def _grown(known: list[bytes], keys: Mapping[bytes, object]) -> list[bytes]:
    """Return all keys in order. A dict grows at its end only, and a list that is in order but for its end is sorted
    soon."""
    return known if len(known) == len(keys) else sorted([*known, *islice(keys, len(known), None)])


class Hints:
    """The indexes of one store: of its keys, its vectors, its texts, and of the trigrams of its names. Safe in many
    threads."""

    def __init__(self, vectors: VectorIndexes, texts: TextIndexes) -> None:
        self.vectors, self.texts = vectors, texts
        self.trigrams = TrigramIndexes()
        self.deleted = SoftDeletes()
        self.graphs = GraphIndexes(self.deleted)
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

    def by_prefix(self, kv: KV, version: Version, folded: str) -> Iterator[tuple[bytes, int, int]]:
        """Yield (normalised text as in `keys`, table, rowid) of what begins with a normalised text, in order of the
        texts."""
        names = entries.folded_bytes(folded)
        sources: list[Iterator[tuple[bytes, int, int]]] = [_split_names(key for key, _ in kv.scan("keys", names))]
        for number, tv in version.tables.items():
            if not (tv.table.soft_delete and tv.parts):
                continue
            index, ids = self.row_index(tv.table), entries.id_key(number, [folded])
            sources.append(_stored_ids(kv, number, ids))
            for run in _runs(tv):
                sources += _run_prefixes(self._of(run), run, index, number, ids, names)
        yield from ((text, number, rowid) for text, number, rowid in heapq.merge(*sources) if number in version.tables)

    def by_value(self, kv: KV, tv: TableVersion, field: Field, value: object, *, limit: int) -> list[int] | None:
        """Return the rowids of rows whose indexed column may equal `value`; None when they are more than `limit`."""
        ordered, convert = entries.ordered_form(field.dtype), values.to_plain(field.dtype)
        assert ordered is not None, f"{field.name} is not indexed"
        prefix = entries.value_prefix(
            tv.table.number, field.number, ordered(cast(Json, value if convert is None else convert(value)))
        )
        index = self.row_index(tv.table)
        found: list[int] = []
        for run in _runs(tv):
            found += self._of(run).with_others(run, index).get(prefix, ())
        found += [entries.rowid_of(key) for key, _ in islice(kv.scan("index", prefix), limit + 1)]
        return None if len(found) > limit else found

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


def _split_names(keys: Iterable[bytes]) -> Iterator[tuple[bytes, int, int]]:
    for key in keys:
        yield entries.text_of_name(key), entries.table_of_name(key), entries.rowid_of(key)


def _stored_ids(kv: KV, number: int, prefix: bytes) -> Iterator[tuple[bytes, int, int]]:
    for key, value in kv.scan("ids", prefix):
        yield entries.text_of_id(key), number, entries.rowid_of(value)


def _run_prefixes(
    held: _RunIndex, run: Run, index: RowIndex, number: int, ids: bytes, names: bytes
) -> list[Iterator[tuple[bytes, int, int]]]:
    """Return what begins so in a run, of its ids and of its names."""
    id_keys, name_keys = held.ordered(run, index)
    by_id = ((entries.text_of_id(key), number, held.ids[key]) for key in _beginning(id_keys, ids))
    suffix = number.to_bytes(2, "big")
    # Entries of indexed values are among these, under keys of another form: those that look like a name fail at the
    # row.
    by_name = (
        (key[:-3], number, rowid)
        for key in _beginning(name_keys, names)
        if key[-3:] == b"\x00" + suffix
        for rowid in sorted(held.others[key])
    )
    return [by_id, by_name]


def _beginning(keys: list[bytes], prefix: bytes) -> Iterator[bytes]:
    return takewhile(lambda key: key.startswith(prefix), islice(keys, bisect.bisect_left(keys, prefix), None))


def _runs(tv: TableVersion) -> list[Run]:
    return [view.part for view in tv.parts if isinstance(view.part, Run)]


def _physical(column: pl.Series) -> pl.Series:
    return (
        column
        if column.dtype in (pl.String, pl.Enum, pl.Categorical) or column.dtype.is_nested()
        else column.to_physical()
    )
