"""The tables of vectors: each embedding has one, with a row (vector, source) under the rowid of each embedded row.

`source` is a fingerprint of the embedded text and of the provider, 0 for a vector that the row itself brought.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from rem_arrow.base.schema import Embedding, Field, Table
from rem_arrow.base.source import ROWID
from rem_arrow.storage.version import TableVersion


def vector_table(table: Table, embedding: Embedding) -> Table:
    """Return the description of the table that holds the vectors of an embedding."""
    fields = (Field("vector", embedding.dtype, 0, nullable=False), Field("source", pl.UInt64(), 1, nullable=False))
    return Table(
        embedding.table,
        f"{table.name}.{embedding.column}",
        "vectors",
        fields,
        next_column=len(fields),
        category="system",
    )


def vector_frame(
    embedding: Embedding, vectors: np.ndarray[Any, np.dtype[np.float32]], texts: Sequence[str] | None
) -> pl.DataFrame:
    """Return rows of a table of vectors, of the provider's for these texts, or without texts of given ones."""
    column = pl.Series("vector", np.ascontiguousarray(vectors, dtype=np.float32), dtype=embedding.dtype)
    sources = [0] * len(vectors) if texts is None else [source_hash(embedding.provider, t) for t in texts]
    return pl.DataFrame([column, pl.Series("source", sources, dtype=pl.UInt64)])


def source_hash(provider: str, text: str) -> int:
    """Return a 64-bit fingerprint of a text and the provider that embeds it."""
    digest = hashlib.blake2b(
        text.encode("utf-8", "surrogatepass"),
        digest_size=8,
        person=hashlib.blake2b(provider.encode(), digest_size=8).digest(),
    ).digest()
    return int.from_bytes(digest, "little")


def text_of(values: Sequence[object]) -> str:
    """Return the text that is embedded for a row: its non-empty texts, one a line."""
    return "\n".join(str(v) for v in values if v)


def row_texts(tv: TableVersion, fields: tuple[str, ...], rowids: Sequence[int]) -> dict[int, str]:
    """Return the texts of live rows that are not deleted, by rowid."""
    table = tv.table
    columns = [*(table.field(f) for f in fields), table.field(table.soft_delete)]
    texts: dict[int, str] = {}
    if len(rowids) <= 16:
        for rowid in rowids:
            place = tv.place(rowid)
            row = None if place is None else place.view.part.row(place.offset, columns)
            if row is not None and row[-1] is None:
                texts[rowid] = text_of(row[:-1])
        return texts
    by_part = tv.places(rowids)
    marker = pl.col(table.soft_delete)
    for view in tv.parts:
        offsets = by_part.get(view.part.number)
        if offsets:
            frame = view.part.frame(columns, view.length)[offsets]
            ids = pl.Series(ROWID, view.part.rowid_array(view.length)[offsets])
            # Rows without a text, of which a table may be full, cost no step of Python.
            some = frame.with_columns(ids).filter(
                marker.is_null(), pl.any_horizontal(pl.col(f).is_not_null() for f in fields)
            )
            texts.update((row[0], text_of(row[1:])) for row in some.select(ROWID, *fields).iter_rows())
    return {r: texts[r] for r in rowids if r in texts}
