"""CREATE INDEX and DROP INDEX: secondary indexes, for equality, on columns of a plain or entity table, HNSW indexes on
vectors, and full-text indexes.

An index for equality on several columns finds the values of each of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from rem_arrow.access.access import Access
from rem_arrow.access.index_descriptions import with_text_index, with_vector_index
from rem_arrow.base.datatypes import sql_name
from rem_arrow.base.errors import BindError, UnsupportedError, suggest
from rem_arrow.base.schema import Field, Table
from rem_arrow.base.source import Metric
from rem_arrow.catalog.search_path import schema_of, schemas
from rem_arrow.catalog.snapshot import TARGET
from rem_arrow.index.entries import ordered_form
from rem_arrow.sql.bind.write_queries import Target
from rem_arrow.sql.statement.statement import ConstraintDefinition, CreateIndex, Drop
from rem_arrow.sql.statement.statement_names import Name
from rem_arrow.statements.constraint_alteration import with_checked
from rem_arrow.statements.environment import Context, Result, status, writable
from rem_arrow.storage.changes import Changes
from rem_arrow.write import loader


def create(context: Context, statement: CreateIndex) -> Result:
    """Run a CREATE INDEX: write the entries of every row, then let queries use them."""
    index = statement.index

    def compute(access: Access) -> tuple[Changes, Result]:
        owner = _owner(access, index, schema_of(access.version, statement.table.text))
        if owner is not None and statement.if_not_exists:
            return Changes(), status(f"the index {index.text} exists already")
        if owner is not None:
            raise BindError(
                f"there is an index {index.text} on {owner.name} already", context.text, index.start, index.end
            )
        table = writable(access.version, statement.table, context.text).table
        if table.kind == "system":
            raise UnsupportedError(
                f"{table.name} has the indexes that it needs", context.text, statement.table.start, statement.table.end
            )
        if not context.bulk and (statement.vector is not None or statement.words):
            raise UnsupportedError(
                "an index over vectors or words is made outside of transactions; COMMIT this one first",
                context.text,
                index.start,
                index.end,
            )
        if statement.vector is not None:
            return _vector(context, access, statement, statement.vector)
        if statement.unique is not None:
            return _unique(context, access, table, statement.unique)
        if statement.words:
            field = Target(table, table.name, TARGET).field(statement.columns[0], context.text)
            described = with_text_index(table, field.name, index.text)
            return _described(described), status(f"created the index {index.text}")
        fields = [_ordered(context, table, column) for column in statement.columns]
        tv = context.settled(access, table)
        evolved = replace(
            table,
            indexed=tuple(dict.fromkeys((*table.indexed, *(f.name for f in fields)))),
            indexes=(*table.indexes, *((index.text, f.name) for f in fields)),
        )
        if evolved.indexed != table.indexed:
            loader.write_index(context.instance.store, tv, evolved)
        return _described(evolved), status(f"created the index {index.text}")

    return context.define(compute)


def _ordered(context: Context, table: Table, column: Name) -> Field:
    """Return a column to index. Raises UnsupportedError for one of a type that has no order."""
    field = Target(table, table.name, TARGET).field(column, context.text)
    if ordered_form(field.dtype) is None:
        what = f"{table.name}.{field.name} is {sql_name(field.dtype)}, which has no order to index"
        hint = "For vectors write CREATE INDEX ... USING HNSW." if field.dtype.is_nested() else ""
        raise UnsupportedError(what, context.text, column.start, column.end, hint=hint)
    return field


def _unique(context: Context, access: Access, table: Table, definition: ConstraintDefinition) -> tuple[Changes, Result]:
    """Give a plain table a key that a CREATE UNIQUE INDEX is."""
    if table.kind != "plain":
        raise UnsupportedError(
            f"{table.name} is an {table.kind} table, whose only key is its id; an index on it finds rows and checks "
            "nothing",
            context.text,
        )
    described = with_checked(context, context.settled(access, table), table, [definition])
    constraints = (*described.constraints[:-1], replace(described.constraints[-1], index=True))
    name = constraints[-1].name
    return _described(replace(described, constraints=constraints)), status(f"created the index {name}")


def _vector(
    context: Context, access: Access, statement: CreateIndex, options: Mapping[str, str | int]
) -> tuple[Changes, Result]:
    """Describe an HNSW index; it is made in the background."""
    tv = writable(access.version, statement.table, context.text)
    columns = {n.casefold(): n for n in (*tv.table.names, *(e.column for e in tv.table.embeddings))}
    column = columns.get(statement.columns[0].text.casefold(), statement.columns[0].text)
    numbers = {n: cast(int, options[n]) for n in ("m", "ef_construction") if n in options}
    metric = cast("Metric", options.get("metric", "cosine"))
    table, index = with_vector_index(
        tv,
        access.version.tables,
        column,
        metric,
        cast("int | None", options.get("dimension")),
        numbers.get("m", 16),
        numbers.get("ef_construction", 200),
    )
    named = replace(index, name=statement.index.text)
    described = replace(table, vector_indexes=tuple(named if i is index else i for i in table.vector_indexes))
    return _described(described), status(f"created the index {named.name}")


def drop(context: Context, statement: Drop) -> Result:
    """Run a DROP INDEX. Its entries stay for readers of older versions; they are hints, and a new index writes its
    own."""
    name = statement.name

    def compute(access: Access) -> tuple[Changes, Result]:
        within = schemas(access.version, context.instance.session, name.qualifiers)
        table = next((t for schema in within if (t := _owner(access, name, schema)) is not None), None)
        if table is None:
            if statement.if_exists:
                return Changes(), status(f"there is no index {name.text}")
            names = [index for tv in access.version for index, _ in tv.table.named_indexes]
            hint = suggest(name.text, names, "Indexes")
            raise BindError(f'no index "{name.text}"', context.text, name.start, name.end, hint=hint)
        return _described(_without(table, name.text.casefold())), status(f"dropped the index {name.text}")

    return context.define(compute)


def _without(table: Table, folded: str) -> Table:
    """Return a table without the index of a name. A column that its model declares as indexed stays so."""
    indexes = tuple((i, c) for i, c in table.indexes if i.casefold() != folded)
    columns = {*_declared(table), *(c for _, c in indexes)}
    return replace(
        table,
        indexes=indexes,
        indexed=tuple(c for c in table.indexed if c in columns),
        vector_indexes=tuple(i for i in table.vector_indexes if i.name.casefold() != folded),
        text_indexes=tuple(i for i in table.text_indexes if i.name.casefold() != folded),
        constraints=tuple(c for c in table.constraints if not (c.index and c.name.casefold() == folded)),
    )


def _owner(access: Access, index: Name, schema: str) -> Table | None:
    """Return the table of a schema that has an index of that name, or None."""
    return next(
        (
            tv.table
            for tv in access.version
            if index.text.casefold() in _names(tv.table)
            and schema_of(access.version, tv.table.name).casefold() == schema.casefold()
        ),
        None,
    )


def _names(table: Table) -> set[str]:
    """Return the names of the indexes of a table, in lower case."""
    return {name.casefold() for name, _ in table.named_indexes}


def _declared(table: Table) -> list[str]:
    """Return the columns that the model of an entity table declares as indexed."""
    return cast("list[str]", table.model.get("indexed_fields", [])) if isinstance(table.model, dict) else []


def _described(table: Table) -> Changes:
    changes = Changes()
    changes.tables[table.number] = table
    return changes
