"""The table of a model that has changed: compatible changes are applied, all others refused."""

from __future__ import annotations

from pydantic import BaseModel

from rem_arrow.base.errors import InputError
from rem_arrow.base.schema import Table
from rem_arrow.model import registry
from rem_arrow.storage import compaction
from rem_arrow.storage.store import Store
from rem_arrow.storage.version import TableVersion
from rem_arrow.write import loader
from rem_arrow.write.embeddings import Embeddings


def evolved(store: Store, embeddings: Embeddings, tv: TableVersion, model: type[BaseModel]) -> dict[int, Table]:
    """Return the table descriptions that a changed model needs, by number; none if nothing changes. REQUIRES:
    `rewriting` and the lock.

    Raises:
        InputError: the table is of another kind, or the change is not compatible.
    """
    if tv.table.kind != "entity":
        raise InputError(
            f"there is a {tv.table.kind} {'' if tv.table.kind == 'view' else 'table '}{tv.table.name}; register "
            "the model under another name"
        )
    tables = embeddings.tables_of(registry.evolve(tv.table, model), store.reserve_table)
    table = tables[tv.table.number]
    if table == tv.table:
        return {}
    # Rows in the tail have the columns of the time of their write: seal them before the columns change.
    tv = sealed(store, tv.table)
    if set(table.indexed) - set(tv.table.indexed) or set(table.name_fields) - set(tv.table.name_fields):
        loader.write_index(store, tv, table)
    return tables


def sealed(store: Store, table: Table) -> TableVersion:
    """Seal the tail into segments and return the new version of the table. REQUIRES: `rewriting` and the lock."""
    store.freeze(table.number)
    compaction.seal(store, table.number)
    return store.version.tables[table.number]
