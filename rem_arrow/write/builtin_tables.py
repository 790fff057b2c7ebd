"""The tables that every database has from the start."""

from __future__ import annotations

from dataclasses import replace

from rem_arrow.access.access import Access
from rem_arrow.model.builtin import BUILTIN, builtin_table
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.store import Store
from rem_arrow.write import edges
from rem_arrow.write.embeddings import Embeddings


def missing_tables(store: Store, embeddings: Embeddings, access: Access) -> tuple[Changes, None]:
    """Return the changes that make those of the tables which do not exist. REQUIRES: the lock."""
    changes = Changes()
    missing = [name for name in (edges.NAME, *BUILTIN) if access.version.find(name) is None]
    # A table may have those of two embeddings beside it.
    numbers = iter(store.reserve_tables(3 * len(missing)) if missing else ())
    for name in missing:
        number = next(numbers)
        if name == edges.NAME:
            changes.tables[number] = edges.edges_table(number)
        else:
            table = replace(builtin_table(name), number=number)
            changes.tables.update(embeddings.tables_of(table, numbers.__next__))
    return changes, None
