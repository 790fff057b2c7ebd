"""Rows of entities, as LOOKUP and FUZZY show them: many at once, by table and rowid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

import polars as pl
from pydantic_core import to_json

from rem_arrow.base.schema import Field, Table
from rem_arrow.storage.version import PartView, TableVersion

Row: TypeAlias = "dict[str, object]"
# The number of the table, and the rowid.
Key: TypeAlias = "tuple[int, int]"
# table, id, name, matched_on, entity.
Shown: TypeAlias = "tuple[str, str, str | None, str, str | None]"
# So many rows of a part are read by columns; fewer one by one.
_BY_COLUMNS_MIN = 32


def read_rows(tables: Mapping[int, TableVersion], keys: Iterable[Key], *, entity: bool) -> dict[Key, Row]:
    """Return all fields of rows, or without `entity` those that name them; of those only that live and are not
    deleted."""
    by_part: dict[int, tuple[TableVersion, PartView, list[tuple[Key, int]]]] = {}
    for key in dict.fromkeys(keys):
        tv = tables.get(key[0])
        place = None if tv is None else tv.place(key[1])
        if tv is not None and place is not None:
            by_part.setdefault(id(place.view), (tv, place.view, []))[2].append((key, place.offset))
    rows: dict[Key, Row] = {}
    for tv, view, places in by_part.values():
        fields = _fields(tv.table, entity=entity)
        names = [f.name for f in fields]
        for (key, _), values in zip(places, _values(view, fields, [o for _, o in places]), strict=True):
            row = dict(zip(names, values, strict=True))
            if row[tv.table.soft_delete] is None:
                rows[key] = row
    return rows


def read_row(tv: TableVersion, rowid: int, *, entity: bool) -> Row | None:
    """Return one row as `read_rows` does, or None."""
    key = (tv.table.number, rowid)
    return read_rows({key[0]: tv}, [key], entity=entity).get(key)


def _fields(table: Table, *, entity: bool) -> list[Field]:
    few = dict.fromkeys(("id", *table.name_fields, *(n for n in table.names if n == "name"), table.soft_delete))
    return list(table.fields) if entity else [table.field(n) for n in few]


def _values(view: PartView, fields: list[Field], offsets: list[int]) -> Iterable[Iterable[object]]:
    if len(offsets) < _BY_COLUMNS_MIN:
        return (view.part.row(offset, fields) for offset in offsets)
    return view.part.frame(fields, view.length)[offsets].iter_rows()


def names_in(table: Table, row: Row) -> Iterator[tuple[str, str]]:
    """Yield by what a row is looked up, each text with its field."""
    for field in ("id", *table.name_fields):
        value = row[field]
        texts = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        yield from ((field, t) for t in texts if isinstance(t, str))


def shown(table: Table, row: Row, field: str, *, entity: bool) -> Shown:
    """Return a row as a lookup shows it: table, id, name, matched_on, and with `entity` all fields as JSON."""
    name = row.get("name")
    other = next((str(row[f]) for f in table.name_fields if isinstance(row[f], str)), None)
    json = to_json(row, bytes_mode="base64", inf_nan_mode="strings", fallback=str).decode() if entity else None
    return table.name, str(row["id"]), name if isinstance(name, str) else other, field, json


def frame_of(rows: list[tuple[object, ...]], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Return rows as a frame."""
    columns = zip(*rows, strict=True) if rows else ([] for _ in schema)
    return pl.DataFrame([pl.Series(n, c, dtype=t) for (n, t), c in zip(schema.items(), columns, strict=True)])
