"""Which texts of a row are embedded, together and in this order.

Those that its model names in `embedding_fields`. Of a model that names none, those of its fields of texts that are
called as `TITLES` or `TEXTS` are: so a row is found by whatever it has, a name alone, a title, a description.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from rem_arrow.base.errors import InputError, suggest
from rem_arrow.base.schema import Table

TITLES = ("name", "title", "subject", "headline", "label", "question")
TEXTS = (
    "summary",
    "abstract",
    "description",
    "content",
    "text",
    "body",
    "message",
    "comment",
    "note",
    "notes",
    "answer",
)


def embedded_fields(table: Table, options: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the embedded fields of a table whose model has these options; none where nothing is embedded. Raises
    InputError for a field that is none of texts."""
    texts = [
        f.name
        for f in table.fields
        if isinstance(f.dtype, pl.String) and f.encoding == "plain" and f.name not in table.key
    ]
    named = options.get("embedding_fields")
    if named is None:
        return tuple(name for name in (*TITLES, *TEXTS) if name in texts)
    for name in named:
        if name not in texts:
            raise InputError(
                f"{table.name} embeds {name!r}, which is not a text field. {suggest(str(name), texts, 'Texts')}"
            )
    return tuple(named)


def are_others(before: Table, column: str, table: Table, fields: tuple[str, ...]) -> bool:
    """Say whether an embedding is of other columns than before; a column may have got another name."""
    embedding = before.embedding(column)
    old = () if embedding is None else embedding.fields
    return [before.field(f).number for f in old] != [table.field(f).number for f in fields]
