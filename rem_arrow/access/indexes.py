"""Every index over the rows of one store. An index may be ahead of a version or behind it: the rows decide."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import polars as pl

from rem_arrow.access import text_entries, vector_entries
from rem_arrow.access.graph_indexes import GraphIndexes
from rem_arrow.access.kept_filters import KeptFilters
from rem_arrow.access.key_indexes import KeyIndexes
from rem_arrow.access.rerankers import Rerankers
from rem_arrow.access.soft_deletes import SoftDeletes
from rem_arrow.access.text_indexes import TextIndexes
from rem_arrow.access.trigram_indexes import TrigramIndexes
from rem_arrow.access.vector_indexes import VectorIndexes
from rem_arrow.base.errors import CorruptionError
from rem_arrow.base.schema import Table
from rem_arrow.storage.past import pin_past
from rem_arrow.storage.sequences import Sequences
from rem_arrow.storage.store import Store


class Indexes:
    """The indexes of a store: of its keys, vectors, texts, trigrams and edges. Safe in many threads.

    Attributes:
        deleted: which entities are softly deleted, by version.
        sequences: the numbers of the sequences.
        rerankers: what orders the rows that searches have found.
        filters: the rows that filters left of tables.
        statistics: what the catalog remembers of columns of stored tables, by table, column and type.
        past: pins an older version of the store.
    """

    def __init__(self, store: Store) -> None:
        self.past = partial(pin_past, store)
        self.keys = KeyIndexes()
        self.sequences = Sequences(store)
        self.vectors = VectorIndexes(store)
        self.texts = TextIndexes(store)
        self.trigrams = TrigramIndexes()
        self.deleted = SoftDeletes()
        self.graphs = GraphIndexes(self.deleted)
        self.rerankers = Rerankers()
        self.filters = KeptFilters(store.settings.memory_bytes)
        self.statistics: dict[tuple[int, int, pl.DataType], object] = {}

    def for_reading(self) -> Indexes:
        """Return the same indexes, for a handle that may not have a number of a sequence given out."""
        other = copy.copy(self)
        other.sequences = self.sequences.for_reading()
        return other

    def sweep(self) -> None:
        """Remove the files that no entry of the catalog names. REQUIRES: a store that is open for writing."""
        self.vectors.sweep()
        self.texts.sweep()

    def forget(self, table: int) -> None:
        """Let go of what is kept for a table that was dropped or described anew."""
        self.vectors.forget(table)
        self.texts.forget(table)

    def damages(self, table: Table) -> Iterator[tuple[str, str]]:
        """Yield the indexes of a table whose files are damaged, by name, and what is wrong with each."""
        yield from self.vectors.damages(table)
        yield from self.texts.damages(table)

    def close(self) -> None:
        """Let go of files."""
        self.texts.close()


def damaged_files(folder: Path, catalog: Mapping[bytes, bytes]) -> Iterator[tuple[bytes, Path, str]]:
    """Yield the files of indexes in a database's folder that are damaged: the entry of the catalog that names the file,
    the file, and what is wrong."""
    for key, entry in catalog.items():
        try:
            if key.startswith(b"hnsw"):
                path = folder / "vectors" / vector_entries.file_of(entry)
                vector_entries.check_file(path.parent, entry)
            elif key.startswith(b"fts"):
                path = folder / "texts" / text_entries.folder_of(entry)
                text_entries.checked_folder(path.parent, entry)
        except CorruptionError as error:
            yield key, path, str(error)
