"""Which index entries a row of a table has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from rem_arrow.datatypes import Json
from rem_arrow.index import entries
from rem_arrow.index.entries import Entry
from rem_arrow.schema import Table

NAMES_OF_ONE_ROW_MAX = 64


class RowIndex:
    """The entries of a table's rows. Immutable.

    Attributes:
        columns: places of the fields that are read; empty when the table has no key, and so no entries.
    """

    def __init__(self, table: Table) -> None:
        places = {f.name: i for i, f in enumerate(table.fields)}
        self.number = table.number
        self.key_places = [places[k] for k in table.key]
        self._names = [(places[n], n) for n in table.name_fields]
        self._values: list[tuple[int, int, Callable[[Json], bytes]]] = []
        for name in table.indexed:
            field = table.field(name)
            ordered = entries.ordered_form(field.dtype)
            assert ordered is not None, f"{name} was declared indexed and has no order"
            self._values.append((places[name], field.number, ordered))
        self._looks_up_ids = table.key == ("id",)
        self.columns = sorted({*self.key_places, *(p for p, _ in self._names), *(p for p, _, _ in self._values)})

    def key(self, row: Sequence[Json]) -> bytes:
        """Return the key of a row's identity. REQUIRES: the table has a key."""
        return entries.id_key(self.number, [cast(str, row[p]) or "" for p in self.key_places])

    def entries(self, rowid: int, row: Sequence[Json]) -> list[Entry]:
        """Return the entries of a row of plain values, without its identity."""
        found: list[Entry] = []
        if self._looks_up_ids:
            id_ = cast(str, row[self.key_places[0]])
            if entries.normalise(id_) != id_:
                found.append(entries.name_entry(self.number, rowid, id_, "id"))
        for place, field in self._names:
            value = row[place]
            if isinstance(value, str):
                found.append(entries.name_entry(self.number, rowid, value, field))
            elif isinstance(value, (list, tuple)):
                texts = [v for v in value[:NAMES_OF_ONE_ROW_MAX] if isinstance(v, str)]
                found += [entries.name_entry(self.number, rowid, t, field) for t in texts]
        for place, column, ordered in self._values:
            value = row[place]
            if value is not None:
                found.append(entries.value_entry(self.number, column, ordered(value), rowid))
        return found
