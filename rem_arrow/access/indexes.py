"""Every index over the rows of one store. An index may be ahead of a version or behind it: the rows decide."""

from __future__ import annotations

import polars as pl

from rem_arrow.access.graph_indexes import GraphIndexes
from rem_arrow.access.key_indexes import KeyIndexes
from rem_arrow.access.soft_deletes import SoftDeletes
from rem_arrow.access.text_indexes import TextIndexes
from rem_arrow.access.trigram_indexes import TrigramIndexes
from rem_arrow.access.vector_indexes import VectorIndexes
from rem_arrow.storage.store import Store


class Indexes:
    """The indexes of a store: of its keys, vectors, texts, trigrams and edges. Safe in many threads.

    Attributes:
        deleted: which entities are softly deleted, by version.
        statistics: what stored tables know of their columns, by table, column and type, with the parts that it was
            taken from.
    """

    def __init__(self, store: Store) -> None:
        self.keys = KeyIndexes()
        self.vectors = VectorIndexes(store)
        self.texts = TextIndexes(store)
        self.trigrams = TrigramIndexes()
        self.deleted = SoftDeletes()
        self.graphs = GraphIndexes(self.deleted)
        self.statistics: dict[tuple[int, int, pl.DataType], tuple[object, object]] = {}

    def sweep(self) -> None:
        """Remove the files that no entry of the catalog names. REQUIRES: a store that is open for writing."""
        self.vectors.sweep()
        self.texts.sweep()

    def forget(self, table: int) -> None:
        """Let go of what is kept for a table that was dropped or described anew."""
        self.vectors.forget(table)
        self.texts.forget(table)

    def close(self) -> None:
        """Let go of files."""
        self.texts.close()
