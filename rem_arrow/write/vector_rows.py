"""The tables of vectors: each embedding has one, with a row (vector, source) under the rowid of each embedded row.

`source` is a fingerprint of the embedded text and of the provider.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from rem_arrow.base.schema import Embedding, Field, Table


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
    embedding: Embedding, vectors: np.ndarray[Any, np.dtype[np.float32]], texts: Sequence[str]
) -> pl.DataFrame:
    """Return rows of a table of vectors."""
    column = pl.Series("vector", np.ascontiguousarray(vectors, dtype=np.float32), dtype=embedding.dtype)
    return pl.DataFrame(
        [column, pl.Series("source", [source_hash(embedding.provider, t) for t in texts], dtype=pl.UInt64)]
    )


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
