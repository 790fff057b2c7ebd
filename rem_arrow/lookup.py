"""Lookup of entities of any table by id, name, alias or key field, without regard to case and accents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TypeAlias

import polars as pl
from pydantic_core import to_json

from rem_arrow.errors import InputError
from rem_arrow.hints import Hints
from rem_arrow.index import entries
from rem_arrow.storage.kv import KV
from rem_arrow.storage.version import Place, TableVersion, Version

SCHEMA = {"table": pl.String, "id": pl.String, "name": pl.String, "matched_on": pl.String, "entity": pl.String}
ROWS_MAX = 1_000
# table, id, name, matched_on, entity.
Found: TypeAlias = "tuple[str, str, str | None, str, str | None]"


def lookup_entity(kv: KV, hints: Hints, version: Version, texts: Sequence[str], *, rows_max: int | None = ROWS_MAX, entity: bool = True) -> pl.DataFrame:
    """Return the entities that any of `texts` names: table, id, name, matched_on (the field), entity (all fields, as JSON).

    Exact ids come first, then the order of the tables and rows. At most `rows_max` rows. Without `entity` that column is NULL.
    """
    rows: dict[tuple[int, int], Found] = {}
    for text in texts:
        if not isinstance(text, str) or not text.strip():
            raise InputError(f"a lookup takes a text that is not empty, not {text!r}")
        for number, rowid in _candidates(kv, hints, version, text):
            if (number, rowid) not in rows and (rows_max is None or len(rows) < rows_max):
                row = _matched(version.tables[number], rowid, text, entity=entity)
                if row is not None:
                    rows[number, rowid] = row
    return pl.DataFrame(list(rows.values()), schema=SCHEMA, orient="row")


def _candidates(kv: KV, hints: Hints, version: Version, text: str) -> Iterator[tuple[int, int]]:
    """Yield (table, rowid) of rows that the indexes give; the rows decide."""
    spelled = list(dict.fromkeys((text, entries.normalise(text))))
    for number, tv in version.tables.items():
        if tv.table.soft_delete and tv.parts:
            for rowid in hints.by_id(kv, tv, [entries.id_key(number, [s]) for s in spelled]):
                if rowid is not None:
                    yield number, rowid
    for number, rowid in islice(hints.by_name(kv, version, text), 2 * ROWS_MAX):
        if number in version.tables:
            yield number, rowid


def _matched(tv: TableVersion, rowid: int, text: str, *, entity: bool) -> Found | None:
    wanted = entries.normalise(text)
    field = next((f for f, name in names_of(tv, rowid) or () if entries.normalise(name) == wanted), None)
    place = None if field is None else tv.place(rowid)
    return None if field is None or place is None else described(tv, place, field, entity=entity)


def names_of(tv: TableVersion, rowid: int) -> list[tuple[str, str]] | None:
    """Return by what a row is looked up, each text with its field; None when it is not live, or deleted."""
    place = tv.place(rowid)
    if place is None:
        return None
    table = tv.table
    fields = ("id", *table.name_fields)
    *values, deleted = place.view.part.row(place.offset, [table.field(n) for n in (*fields, table.soft_delete)])
    if deleted is not None:
        return None
    listed = [(f, [v] if isinstance(v, str) else v if isinstance(v, list) else []) for f, v in zip(fields, values, strict=True)]
    return [(f, t) for f, texts in listed for t in texts if isinstance(t, str)]


def described(tv: TableVersion, place: Place, field: str, *, entity: bool) -> Found:
    """Return a live row as a lookup shows it: table, id, name, matched_on, and with `entity` all fields as JSON."""
    table = tv.table
    fields = table.fields if entity else [table.field(n) for n in dict.fromkeys(("id", *table.name_fields, *(["name"] if "name" in table.names else [])))]
    row = dict(zip([f.name for f in fields], place.view.part.row(place.offset, fields), strict=True))
    name = row.get("name")
    shown = next((str(row[f]) for f in table.name_fields if isinstance(row[f], str)), None)
    json = to_json(row, bytes_mode="base64", inf_nan_mode="strings", fallback=str).decode() if entity else None
    return table.name, str(row["id"]), name if isinstance(name, str) else shown, field, json
