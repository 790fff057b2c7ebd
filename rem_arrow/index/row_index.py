"""Which index entries a row of a table has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import cast

from rem_arrow.base.constraints import Constraint
from rem_arrow.base.datatypes import Json
from rem_arrow.base.schema import Table
from rem_arrow.base.utf8 import encoded
from rem_arrow.index import entries
from rem_arrow.index.entries import Entry
from rem_arrow.index.words import normalised

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
        self._keys = [_Key(table, constraint, places) for constraint in table.constraints if constraint.has_entries]
        self._looks_up_ids = table.key == ("id",)
        self.columns = sorted(
            {
                *self.key_places,
                *(p for p, _ in self._names),
                *(p for p, _, _ in self._values),
                *(p for key in self._keys for p in key.places),
            }
        )

    def key(self, row: Sequence[Json]) -> bytes:
        """Return the key of a row's identity. REQUIRES: the table has a key."""
        return entries.id_key(self.number, [cast(str, row[p]) or "" for p in self.key_places])

    def entries(self, rowid: int, row: Sequence[Json]) -> list[Entry]:
        """Return the entries of a row of plain values, without its identity."""
        return self.many([entries.rowid_value(rowid)], {p: [row[p]] for p in self.columns})

    def keys(self, columns: Mapping[int, Sequence[Json]]) -> list[bytes]:
        """Return the keys of many rows' identities; `columns` are plain values by place."""
        parts = [[v or "" for v in cast("Sequence[str]", columns[p])] for p in self.key_places]
        if len(parts) == 1:
            prefix = entries.id_key(self.number, [""])
            return [prefix + encoded(id_, "an id") for id_ in parts[0]]
        return entries.id_keys(self.number, parts)

    def many(self, rowids: Sequence[bytes], columns: Mapping[int, Sequence[Json]]) -> list[Entry]:
        """Return the entries of many rows, without their identities; `columns` are plain values by place."""
        added: list[Entry] = []
        if self._looks_up_ids:
            ids = cast("Sequence[str]", columns[self.key_places[0]])
            odd = [(i, r) for i, folded, r in zip(ids, normalised(ids), rowids, strict=True) if folded != i]
            added += entries.name_entries(self.number, [r for _, r in odd], [i for i, _ in odd], "id")
        for place, field in self._names:
            texts, owners = _texts(columns[place], rowids)
            added += entries.name_entries(self.number, owners, texts, field)
        for place, column, ordered in self._values:
            prefix = entries.column_prefix(self.number, column)
            added += [
                ("index", prefix + ordered(v) + r, b"")
                for v, r in zip(columns[place], rowids, strict=True)
                if v is not None
            ]
        for key in self._keys:
            added += [
                ("index", prefix + r, b"")
                for prefix, r in zip(key.prefixes([columns[p] for p in key.places]), rowids, strict=True)
                if prefix is not None
            ]
        return added

    def prefixes(self, constraint: Constraint, columns: Sequence[Sequence[object]]) -> list[bytes | None]:
        """Return the prefixes of the entries that rows with these values in the columns of a key have; None where one
        is NULL, for such a row has no entry."""
        return next(key for key in self._keys if key.number == constraint.number).prefixes(columns)


class _Key:
    """The entries of a key over several columns."""

    def __init__(self, table: Table, constraint: Constraint, places: Mapping[str, int]) -> None:
        self.number, self.places = constraint.number, [places[c] for c in constraint.columns]
        self._prefix = entries.column_prefix(table.number, constraint.number)
        self._forms: list[Callable[[object], bytes]] = []
        for place in self.places:
            form = entries.exact_form(table.fields[place].dtype)
            assert form is not None, f"{table.fields[place].name} is part of a key and has no exact form"
            self._forms.append(form)

    def prefixes(self, columns: Sequence[Sequence[object]]) -> list[bytes | None]:
        parts = [[None if v is None else form(v) for v in c] for form, c in zip(self._forms, columns, strict=True)]
        return [
            None if any(p is None for p in row) else self._prefix + b"".join(cast("tuple[bytes, ...]", row))
            for row in zip(*parts, strict=True)
        ]


def _texts(column: Sequence[Json], rowids: Sequence[bytes]) -> tuple[list[str], list[bytes]]:
    """Return the texts of a column, and the rowid of each: of a text column, or of a column of lists of texts."""
    texts: list[str] = []
    owners: list[bytes] = []
    for value, rowid in zip(column, rowids, strict=True):
        if isinstance(value, str):
            texts.append(value)
            owners.append(rowid)
        elif isinstance(value, (list, tuple)):
            some = [v for v in value[:NAMES_OF_ONE_ROW_MAX] if isinstance(v, str)]
            texts += some
            owners += [rowid] * len(some)
    return texts, owners
