"""Lookup of entities of any table by id, name, alias or key field, without regard to case and accents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeAlias

import polars as pl
from pydantic_core import to_json

from rem_arrow.access.access import Access
from rem_arrow.base import checks
from rem_arrow.base.schema import Table
from rem_arrow.index.words import normalise
from rem_arrow.storage.version import TableVersion

SCHEMA = {"table": pl.String, "id": pl.String, "name": pl.String, "matched_on": pl.String, "entity": pl.String}
ROWS_MAX = 1_000
Row: TypeAlias = "dict[str, object]"
# table, id, name, matched_on, entity.
Found: TypeAlias = "tuple[str, str, str | None, str, str | None]"


def lookup_entity(
    access: Access,
    texts: Iterable[str],
    *,
    rows_max: int | None = ROWS_MAX,
    entity: bool = True,
) -> pl.DataFrame:
    """Return the entities that any of `texts` names: table, id, name, matched_on (the field), entity (all fields, as
    JSON).

    Exact ids come first, then the order of the tables and rows. At most `rows_max` rows. Without `entity` that column
    is NULL.
    """
    rows: dict[tuple[int, int], Found] = {}
    for text in texts:
        checks.text(text, "the name to look up", blank=False)
        for number, rowid in _candidates(access, text):
            if (number, rowid) not in rows and (rows_max is None or len(rows) < rows_max):
                row = _matched(access.version.tables[number], rowid, text, entity=entity)
                if row is not None:
                    rows[number, rowid] = row
    return pl.DataFrame(list(rows.values()), schema=SCHEMA, orient="row")


def _candidates(access: Access, text: str) -> Iterator[tuple[int, int]]:
    """Yield (table, rowid) of rows that the indexes give; the rows decide."""
    spelled = list(dict.fromkeys((text, normalise(text))))
    for number, tv in access.version.tables.items():
        if tv.table.soft_delete and tv.parts:
            for rowid in access.rowids(tv, spelled):
                if rowid is not None:
                    yield number, rowid
    for number, rowid in islice(access.by_name(text), 2 * ROWS_MAX):
        if number in access.version.tables:
            yield number, rowid


def _matched(tv: TableVersion, rowid: int, text: str, *, entity: bool) -> Found | None:
    row = read(tv, rowid, entity=entity)
    if row is None:
        return None
    normal = normalise(text)
    field = next((f for f, name in names_in(tv.table, row) if normalise(name) == normal), None)
    return None if field is None else shown(tv.table, row, field, entity=entity)


def read(tv: TableVersion, rowid: int, *, entity: bool) -> Row | None:
    """Return all fields of a row, or without `entity` those that name it; None when it is not live, or deleted."""
    place = tv.place(rowid)
    if place is None:
        return None
    table = tv.table
    few = dict.fromkeys(("id", *table.name_fields, *(n for n in table.names if n == "name"), table.soft_delete))
    fields = table.fields if entity else [table.field(n) for n in few]
    row = dict(zip([f.name for f in fields], place.view.part.row(place.offset, fields), strict=True))
    return row if row[table.soft_delete] is None else None


def names_in(table: Table, row: Row) -> Iterator[tuple[str, str]]:
    """Yield by what a row is looked up, each text with its field."""
    for field in ("id", *table.name_fields):
        value = row[field]
        texts = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        yield from ((field, t) for t in texts if isinstance(t, str))


def shown(table: Table, row: Row, field: str, *, entity: bool) -> Found:
    """Return a row as a lookup shows it: table, id, name, matched_on, and with `entity` all fields as JSON."""
    name = row.get("name")
    other = next((str(row[f]) for f in table.name_fields if isinstance(row[f], str)), None)
    json = to_json(row, bytes_mode="base64", inf_nan_mode="strings", fallback=str).decode() if entity else None
    return table.name, str(row["id"]), name if isinstance(name, str) else other, field, json
