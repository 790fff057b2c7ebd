"""Completion: the names that begin with a text, in order, from the sorted keys of the lookup."""

from __future__ import annotations

import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.access.shown_entities import names_in, read_row, shown
from rem_arrow.base import checks
from rem_arrow.index import entries
from rem_arrow.index.words import normalise
from rem_arrow.storage.version import TableVersion

SCHEMA = {"text": pl.String, "table": pl.String, "id": pl.String, "name": pl.String, "matched_on": pl.String}
K = 10


def complete(access: Access, prefix: str, *, k: int = K) -> pl.DataFrame:
    """Return the first `k` live entities with an id, name, alias or key field that begins with `prefix`, each once:
    text, table, id, name, matched_on."""
    checks.text(prefix, "the prefix to complete", blank=False)
    checks.whole(k, "k")
    # Behind a space the next word begins.
    folded = normalise(prefix) + (" " if prefix[-1:].isspace() else "")
    rows: dict[tuple[int, int], tuple[str, str, str, str | None, str]] = {}
    for key, number, rowid in access.by_prefix(folded):
        if (number, rowid) not in rows:
            row = _beginning(access.version.tables[number], rowid, key)
            if row is not None:
                rows[number, rowid] = row
                if len(rows) == k:
                    break
    return pl.DataFrame(list(rows.values()), schema=SCHEMA, orient="row")


def _beginning(tv: TableVersion, rowid: int, key: bytes) -> tuple[str, str, str, str | None, str] | None:
    """Return the row if it lives and has a name with that key."""
    row = read_row(tv, rowid, entity=False)
    if row is None:
        return None
    hit = next(((f, t) for f, t in names_in(tv.table, row) if entries.name_prefix(t)[:-1] == key), None)
    if hit is None:
        return None
    table, id_, name, matched_on, _ = shown(tv.table, row, hit[0], entity=False)
    return hit[1], table, id_, name, matched_on
