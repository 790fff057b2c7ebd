"""The description of a table: what follows a column that gets another name."""

from __future__ import annotations

import polars as pl

from rem_arrow.base.schema import Embedding, Field, Table, TextIndex, VectorIndex


def _table(column: str) -> Table:
    """A table that names a column in every place where a description can."""
    return Table(
        number=7,
        name="notes",
        kind="entity",
        fields=(Field("id", pl.String(), 0, nullable=False), Field(column, pl.String(), 1)),
        key=("id",),
        name_fields=(column,),
        indexed=("id", column),
        next_column=2,
        soft_delete=column,
        indexes=(("by_column", column),),
        embeddings=(Embedding("embedding", 8, "hash", 64, (column, "id")),),
        vector_indexes=(VectorIndex("near", "embedding", "cosine", 64),),
        text_indexes=(TextIndex("words", column),),
    )


def test_a_renamed_column_has_its_new_name_everywhere():
    """In the fields, the names of entities, the indexes and what is embedded; other columns stay."""
    assert _table("text").renamed("text", "body") == _table("body")
    assert _table("text").renamed("embedding", "vector").vector_indexes == (
        VectorIndex("near", "vector", "cosine", 64),
    )


def test_a_name_that_is_no_column_changes_nothing():
    """A column of another name is renamed by nothing."""
    assert _table("text").renamed("missing", "body") == _table("text")


def test_indexes_are_listed_by_name():
    """Indexes of every kind, each with its columns."""
    assert _table("text").named_indexes == [
        ("by_column", ("text",)),
        ("near", ("embedding",)),
        ("words", ("text",)),
    ]
