"""The table of a model that has changed: compatible changes are applied, others when they are asked for by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl
from pydantic import BaseModel

from rem_arrow.base.errors import InputError
from rem_arrow.base.schema import Table
from rem_arrow.model import registry
from rem_arrow.storage import compaction
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.store import Store
from rem_arrow.storage.version import TableVersion
from rem_arrow.write import loader
from rem_arrow.write.embeddings import Embeddings
from rem_arrow.write.reshaping import Reshaped, converted, misfits, reshaped
from rem_arrow.write.rewriting import rewritten

_REPORT = {"change": pl.String, "column": pl.String, "id": pl.String, "detail": pl.String}


def evolved(store: Store, embeddings: Embeddings, tv: TableVersion, model: type[BaseModel]) -> dict[int, Table | None]:
    """Return the table descriptions that a changed model needs, by number; none if nothing changes. REQUIRES:
    `rewriting` and the lock.

    Raises:
        InputError: the table is of another kind, or the change is not compatible.
    """
    check_entity(tv.table)
    tables = embeddings.tables_of(registry.evolve(tv.table, model), store.reserve_table, tv.table)
    table = tables[tv.table.number]
    assert table is not None, "a table is not dropped by its model"
    if table == tv.table:
        return {}
    # Rows in the tail have the columns of the time of their write: seal them before the columns change.
    tv = sealed(store, tv.table)
    if registry.is_narrower(tv.table, table):
        _check_rows(tv, table, model)
    if set(table.indexed) - set(tv.table.indexed) or set(table.name_fields) - set(tv.table.name_fields):
        loader.write_index(store, tv, table)
    return tables


def evolve(
    store: Store,
    embeddings: Embeddings,
    tv: TableVersion,
    model: type[BaseModel],
    *,
    renames: Mapping[str, str],
    drops: Sequence[str],
    dry_run: bool,
) -> tuple[Changes, pl.DataFrame]:
    """Return the changes that give a table the shape of a model, none for a dry run, and the list of what changes and
    of the rows that do not fit. REQUIRES: `rewriting` and the lock. Raises InputError."""
    check_entity(tv.table)
    shape = reshaped(tv.table, model, renames, drops)
    before = tv.table
    tv = sealed(store, tv.table)
    rows = [(what, column, None, detail) for what, column, detail in shape.changes]
    found = list(misfits(tv, shape, model)) if shape.converts or any(r[0] in ("check", "add") for r in rows) else []
    report = pl.DataFrame([*rows, *(("misfit", "", id_, why) for id_, why in found)], schema=_REPORT, orient="row")
    changes = Changes()
    if dry_run:
        return changes, report
    if found:
        raise _misfit(before, found)
    tables = embeddings.tables_of(shape.table, store.reserve_table, before)
    table = tables[before.number]
    assert table is not None, "a table is not dropped by its model"
    if shape.converts:
        changes = rewritten(store, tv, table, lambda frame: converted(frame, before, shape, model))
    elif table.indexed != before.indexed or table.name_fields != before.name_fields:
        loader.write_index(store, tv, table)
    changes.tables.update(tables)
    return changes, report


def check_entity(table: Table) -> None:
    """Raise InputError for a table that no model describes."""
    if table.kind != "entity":
        raise InputError(
            f"there is a {table.kind} {'' if table.kind == 'view' else 'table '}{table.name}; register "
            "the model under another name"
        )


def _check_rows(tv: TableVersion, table: Table, model: type[BaseModel]) -> None:
    found = list(misfits(tv, Reshaped(table, {}, [], converts=False), model))
    if found:
        raise _misfit(table, found)


def _misfit(table: Table, found: Sequence[tuple[str, str]]) -> InputError:
    id_, why = found[0]
    return InputError(
        f"{len(found):,} rows of {table.name} do not fit the model, and nothing was changed; db.evolve(..., "
        f"dry_run=True) lists them. The first is {id_!r}: {why}"
    )


def sealed(store: Store, table: Table) -> TableVersion:
    """Seal the tail into segments and return the new version of the table. REQUIRES: `rewriting` and the lock."""
    store.freeze(table.number)
    compaction.seal(store, table.number)
    return store.version.tables[table.number]
