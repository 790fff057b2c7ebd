"""Lookup of entities of any table by id, name, alias or key field, without regard to case and accents."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.access.shown_entities import Key, Row, Shown, frame_of, names_in, read_rows, shown
from rem_arrow.index.words import normalise

SCHEMA = {
    "table": pl.String(),
    "id": pl.String(),
    "name": pl.String(),
    "matched_on": pl.String(),
    "entity": pl.String(),
    "asked": pl.String(),
}
ROWS_MAX = 1_000


def lookup_entity(
    access: Access,
    texts: Sequence[str],
    *,
    rows_max: int | None = ROWS_MAX,
    entity: bool = True,
    check_time: Callable[[], None] = lambda: None,
) -> pl.DataFrame:
    """Return the entities that each of some different texts names: table, id, name, matched_on (the field), entity (all
    fields, as JSON), asked (the text).

    They come in the order of the texts; of one, exact ids first, then in the order of the tables and rows. At most
    `rows_max` rows a text. Without `entity` that column is NULL.
    """
    candidates = _candidates(access, texts, check_time)
    check_time()
    rows = read_rows(access.version.tables, (key for keys in candidates for key in keys), entity=entity)
    named = {key: _by_name(access, key, row) for key, row in rows.items()}
    cells: dict[tuple[Key, str], Shown] = {}
    found: list[tuple[object, ...]] = []
    for text, keys in zip(texts, candidates, strict=True):
        normal, count = normalise(text), 0
        for key in keys:
            field = named.get(key, {}).get(normal)
            if field is None or count == rows_max:
                continue
            count += 1
            if (key, field) not in cells:
                cells[key, field] = shown(access.version.tables[key[0]].table, rows[key], field, entity=entity)
            found.append((*cells[key, field], text))
    return frame_of(found, SCHEMA)


def _candidates(access: Access, texts: Sequence[str], check_time: Callable[[], None]) -> list[dict[Key, None]]:
    """Return, of each text, the rows that the indexes give, in order; the rows decide."""
    candidates: list[dict[Key, None]] = [{} for _ in texts]
    spelled = [(text, normalise(text)) for text in texts]
    for number, tv in access.version.tables.items():
        if tv.table.soft_delete and tv.parts:
            rowids = iter(access.rowids(tv, [s for both in spelled for s in both]))
            for keys, exact, folded in zip(candidates, rowids, rowids, strict=True):
                keys.update(((number, r), None) for r in (exact, folded) if r is not None)
    for keys, text in zip(candidates, texts, strict=True):
        check_time()
        keys.update((key, None) for key in access.by_name(text, 2 * ROWS_MAX) if key[0] in access.version.tables)
    return candidates


def _by_name(access: Access, key: Key, row: Row) -> dict[str, str]:
    """Return by which field a row bears each of its names; of several the first."""
    table = access.version.tables[key[0]].table
    return {normalise(name): field for field, name in reversed(list(names_in(table, row)))}
