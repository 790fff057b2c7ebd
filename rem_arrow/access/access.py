"""The pinned reader: the rows of one version, and every way to find some of them.

Entries of indexes are hints: they may name rows that are dead or changed. Whoever asks checks the live row.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol, cast

from rem_arrow.access.graph_nodes import nodes_of
from rem_arrow.access.indexes import Indexes
from rem_arrow.base import checks
from rem_arrow.base.datatypes import Json
from rem_arrow.base.errors import InputError, suggest
from rem_arrow.base.schema import Field
from rem_arrow.index import entries
from rem_arrow.index.adjacency import Graph
from rem_arrow.storage import values
from rem_arrow.storage.keys import CATALOG, table_key
from rem_arrow.storage.kv import KV
from rem_arrow.storage.version import Names, Place, TableVersion, Version


class Resolve(Protocol):
    """From an id to the one table that has it, or to `table` if that has it."""

    def __call__(self, id_: str, table: str | None = None, /) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Access:
    """One version of a store's rows, with the indexes over them. Holding it keeps the version's pages.

    Attributes:
        version: a pinned version, or one with what a transaction has written.
    """

    indexes: Indexes
    version: Version

    @property
    def kv(self) -> KV:
        """Where the entries of the indexes are, as of the version."""
        return self.version.kv

    def at(self, version: Version) -> Access:
        """Return the reader of another version of the same store."""
        return Access(self.indexes, version)

    # --- tables

    def table(self, name: str) -> TableVersion:
        """Return a table by name. Raises InputError with a suggestion."""
        checks.text(name, "the name of a table")
        tv = self.version.find(name)
        if tv is None:
            raise InputError(f'no table "{name}". {suggest(name, [t.table.name for t in self.version], "Tables")}')
        return tv

    def only(self, name: object) -> Access:
        """Return the reader of one table of entities; of all tables for None. Raises InputError."""
        if name is None:
            return self
        tv = self.version.find(name) if isinstance(name, str) else None
        if tv is None or tv.table.kind != "entity":
            tables = [t.table.name for t in self.version if t.table.kind == "entity"]
            raise InputError(f"no entity table {name!r}. {suggest(str(name), tables, 'Tables')}")
        names = Names({tv.table.name.casefold(): tv.table.number})
        return self.at(Version(self.kv, self.version.commit, {tv.table.number: tv}, names))

    # --- rows by id

    def has_had_rows(self, tv: TableVersion) -> bool:
        """Say whether a rowid was ever given out for a table."""
        return bool(tv.parts) or self.kv.get(CATALOG, table_key(b"rowid", tv.table.number)) is not None

    def by_key(self, tv: TableVersion, keys: Sequence[bytes]) -> list[int | None]:
        """Return the rowid of each id key that ever was, or None."""
        own = self.indexes.keys
        index = own.row_index(tv.table)
        rowids: dict[bytes, int] = {}
        for run in tv.runs:
            rowids.update(own.of_run(run).among_ids(run, index, keys))
        missing = [k for k in keys if k not in rowids] if rowids else keys
        if len(missing) == 1:
            stored = self.kv.get("ids", missing[0])
            if stored is not None:
                rowids[missing[0]] = entries.rowid_of(stored)
        elif missing:
            stored_values = self.kv.get_many("ids", list(missing))
            rowids.update(
                (k, entries.rowid_of(v)) for k, v in zip(missing, stored_values, strict=True) if v is not None
            )
        return [rowids.get(k) for k in keys]

    def rowids(self, tv: TableVersion, ids: Sequence[str]) -> list[int | None]:
        """Return the rowid of each id that ever was; the caller checks that the row lives."""
        number = tv.table.number
        return self.by_key(tv, [entries.id_key(number, [i]) for i in ids])

    def find(self, tv: TableVersion, id_: str) -> tuple[int, Place] | None:
        """Return the rowid and the place of the row with that id, deleted or not; None when there is none."""
        rowid = self.rowids(tv, [id_])[0]
        place = None if rowid is None else tv.place(rowid)
        return None if rowid is None or place is None else (rowid, place)

    def resolver(self) -> Resolve:
        """Return the function from an id to the one table that has it; given a table, it asks that one only."""
        tables = [tv for tv in self.version if tv.table.kind == "entity" and tv.parts]

        def resolve(id_: str, table: str | None = None) -> str | None:
            asked = tables if table is None else [tv for tv in tables if tv.table.name == table]
            owners = [tv.table.name for tv in asked if self.find(tv, id_) is not None]
            if len(owners) > 1:
                raise InputError(
                    f"the id {id_!r} is in {', '.join(owners)}; write it as table:id, for example {owners[0]}:{id_}"
                )
            return owners[0] if owners else None

        return resolve

    # --- rows by name and value

    def by_name(self, text: str, limit: int) -> Iterator[tuple[int, int]]:
        """Return (table, rowid) of at most `limit` rows of any table that may bear a name."""
        return islice(self._by_name(entries.name_prefix(text)), limit)

    def _by_name(self, prefix: bytes) -> Iterator[tuple[int, int]]:
        for number, tv in self.version.tables.items():
            if tv.table.soft_delete:
                index = self.indexes.keys.row_index(tv.table)
                named = prefix + number.to_bytes(2, "big")
                for run in tv.runs:
                    rowids = self.indexes.keys.of_run(run).with_prefixes(run, index).get(named, ())
                    yield from ((number, r) for r in rowids)
        for key, _ in self.kv.scan("keys", prefix):
            yield entries.table_of_name(key), entries.rowid_of(key)

    def by_prefix(self, folded: str) -> Iterator[tuple[bytes, int, int]]:
        """Yield (normalised text as in `keys`, table, rowid) of what begins with a normalised text, in the order of
        the texts."""
        names = entries.folded_bytes(folded)
        sources: list[Iterator[tuple[bytes, int, int]]] = [_split_names(key for key, _ in self.kv.scan("keys", names))]
        for number, tv in self.version.tables.items():
            if not (tv.table.soft_delete and tv.parts):
                continue
            index, ids = self.indexes.keys.row_index(tv.table), entries.id_key(number, [folded])
            sources.append(self._stored_ids(number, ids))
            for run in tv.runs:
                sources += self.indexes.keys.of_run(run).beginning(run, index, number, ids, names)
        merged = heapq.merge(*sources)
        yield from ((text, number, rowid) for text, number, rowid in merged if number in self.version.tables)

    def by_value(self, tv: TableVersion, field: Field, value: object, *, limit: int) -> list[int] | None:
        """Return the rowids of rows whose indexed column may equal `value`; None when they are more than `limit`."""
        ordered, convert = entries.ordered_form(field.dtype), values.to_plain(field.dtype)
        assert ordered is not None, f"{field.name} is not indexed"
        plain = cast(Json, value if convert is None else convert(value))
        prefix = entries.value_prefix(tv.table.number, field.number, ordered(plain))
        index = self.indexes.keys.row_index(tv.table)
        rowids: list[int] = []
        for run in tv.runs:
            rowids += self.indexes.keys.of_run(run).with_prefixes(run, index).get(prefix, ())
        rowids += [entries.rowid_of(key) for key, _ in islice(self.kv.scan("index", prefix), limit + 1)]
        return None if len(rowids) > limit else rowids

    def _stored_ids(self, number: int, prefix: bytes) -> Iterator[tuple[bytes, int, int]]:
        for key, value in self.kv.scan("ids", prefix):
            yield entries.text_of_id(key), number, entries.rowid_of(value)

    # --- the graph

    def graph(self, ends: Sequence[str] = ()) -> Graph:
        """Return the edges of the version as adjacency, with a node for each of the `ends`, ids or 'table:id', that is
        an entity without edges."""
        graph = self.indexes.graphs.graph(self.version)
        unknown = [end for end, node in zip(ends, nodes_of(graph, ends), strict=True) if node is None]
        resolve = self.resolver() if unknown else None
        alone: list[tuple[str, str]] = []
        for end in unknown:
            table, _, rest = end.partition(":")
            assert resolve is not None, "some end is unknown"
            for owner, id_ in ((resolve(end), end), (resolve(rest, table), rest)):
                if owner is not None:
                    alone.append((owner, id_))
                    break
        return self.indexes.graphs.with_alone(graph, self.version, alone) if alone else graph


def _split_names(keys: Iterable[bytes]) -> Iterator[tuple[bytes, int, int]]:
    for key in keys:
        yield entries.text_of_name(key), entries.table_of_name(key), entries.rowid_of(key)
