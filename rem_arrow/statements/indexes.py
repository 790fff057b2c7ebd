"""CREATE INDEX and DROP INDEX: secondary indexes, for equality, on one column of a plain or entity table, HNSW indexes
on vectors, and full-text indexes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from rem_arrow.access.index_descriptions import with_text_index, with_vector_index
from rem_arrow.catalog.snapshot import TARGET
from rem_arrow.datatypes import sql_name
from rem_arrow.errors import BindError, UnsupportedError, suggest
from rem_arrow.index.entries import ordered_form
from rem_arrow.schema import Table
from rem_arrow.source import Metric
from rem_arrow.sql.bind.write_queries import Target
from rem_arrow.sql.statement.statement import CreateIndex, Drop
from rem_arrow.statements.environment import Context, Result, status, writable
from rem_arrow.statements.tables import sealed
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.store import Store
from rem_arrow.write import loader


def create(context: Context, statement: CreateIndex) -> Result:
    """Run a CREATE INDEX: write the entries of every row, then let queries use them."""
    index, column = statement.index, statement.column

    def compute(store: Store) -> Result:
        owner = next((tv.table for tv in store.version if index.text.casefold() in _names(tv.table)), None)
        if owner is not None and statement.if_not_exists:
            return status(f"the index {index.text} exists already")
        if owner is not None:
            raise BindError(
                f"there is an index {index.text} on {owner.name} already", context.text, index.start, index.end
            )
        table = writable(store.version, statement.table, context.text).table
        if table.kind == "system":
            raise UnsupportedError(
                f"{table.name} has the indexes that it needs", context.text, statement.table.start, statement.table.end
            )
        if statement.vector is not None:
            return _vector(context, store, statement, statement.vector)
        if statement.words:
            field = Target(table, table.name, TARGET).field(column, context.text)
            described = with_text_index(table, field.name, index.text)
            _commit(store, described)
            context.shared.texts.forget(table.number)
            return status(f"created the index {index.text}")
        field = Target(table, table.name, TARGET).field(column, context.text)
        if ordered_form(field.dtype) is None:
            what = f"{table.name}.{field.name} is {sql_name(field.dtype)}, which has no order to index"
            raise UnsupportedError(
                what,
                context.text,
                column.start,
                column.end,
                hint="For vectors write CREATE INDEX ... USING HNSW." if field.dtype.is_nested() else "",
            )
        tv = sealed(store, table)
        evolved = replace(
            table,
            indexed=tuple(dict.fromkeys((*table.indexed, field.name))),
            indexes=(*table.indexes, (index.text, field.name)),
        )
        if evolved.indexed != table.indexed:
            loader.write_index(store, tv, evolved)
        _commit(store, evolved)
        return status(f"created the index {index.text}")

    return context.define(compute)


def _vector(context: Context, store: Store, statement: CreateIndex, options: Mapping[str, str | int]) -> Result:
    """Describe an HNSW index; it is made in the background."""
    tv = writable(store.version, statement.table, context.text)
    columns = {n.casefold(): n for n in (*tv.table.names, *(e.column for e in tv.table.embeddings))}
    column = columns.get(statement.column.text.casefold(), statement.column.text)
    numbers = {n: cast(int, options[n]) for n in ("m", "ef_construction") if n in options}
    metric = cast("Metric", options.get("metric", "cosine"))
    table, index = with_vector_index(
        tv,
        store.version.tables,
        column,
        metric,
        cast("int | None", options.get("dimension")),
        numbers.get("m", 16),
        numbers.get("ef_construction", 200),
    )
    named = replace(index, name=statement.index.text)
    _commit(store, replace(table, vector_indexes=tuple(named if i is index else i for i in table.vector_indexes)))
    return status(f"created the index {named.name}")


def drop(context: Context, statement: Drop) -> Result:
    """Run a DROP INDEX. Its entries stay for readers of older versions; they are hints, and a new index writes its
    own."""
    name = statement.name

    def compute(store: Store) -> Result:
        table = next((tv.table for tv in store.version if name.text.casefold() in _names(tv.table)), None)
        if table is None:
            if statement.if_exists:
                return status(f"there is no index {name.text}")
            known = [i for tv in store.version for i in _given(tv.table)]
            raise BindError(
                f'no index "{name.text}"', context.text, name.start, name.end, hint=suggest(name.text, known, "Indexes")
            )
        if any(i.name.casefold() == name.text.casefold() for i in table.vector_indexes):
            _commit(
                store,
                replace(
                    table,
                    vector_indexes=tuple(i for i in table.vector_indexes if i.name.casefold() != name.text.casefold()),
                ),
            )
            context.shared.vectors.forget(table.number)
            return status(f"dropped the index {name.text}")
        if any(i.name.casefold() == name.text.casefold() for i in table.text_indexes):
            _commit(
                store,
                replace(
                    table,
                    text_indexes=tuple(i for i in table.text_indexes if i.name.casefold() != name.text.casefold()),
                ),
            )
            context.shared.texts.forget(table.number)
            return status(f"dropped the index {name.text}")
        indexes = tuple((i, c) for i, c in table.indexes if i.casefold() != name.text.casefold())
        kept = {*_declared(table), *(c for _, c in indexes)}
        _commit(store, replace(table, indexes=indexes, indexed=tuple(c for c in table.indexed if c in kept)))
        return status(f"dropped the index {name.text}")

    return context.define(compute)


def _names(table: Table) -> set[str]:
    return {name.casefold() for name in _given(table)}


def _given(table: Table) -> list[str]:
    """Return the names of the indexes of a table."""
    return [
        *(name for name, _ in table.indexes),
        *(i.name for i in table.vector_indexes),
        *(i.name for i in table.text_indexes),
    ]


def _declared(table: Table) -> list[str]:
    """Return the columns that the model of an entity table wants indexed."""
    return cast("list[str]", table.model.get("indexed_fields", [])) if isinstance(table.model, dict) else []


def _commit(store: Store, table: Table) -> None:
    changes = Changes()
    changes.tables[table.number] = table
    store.commit(changes)
