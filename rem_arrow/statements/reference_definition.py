"""What a FOREIGN KEY refers to: from names to the number of a table and that of a key of it.

As in DuckDB the columns on both sides have one type each, and both tables lie in one database; they may lie in two
schemas here.
"""

from __future__ import annotations

from typing import TypeAlias

from rem_arrow.base.constraints import Constraint
from rem_arrow.base.datatypes import sql_name
from rem_arrow.base.errors import BindError, UnsupportedError, suggest
from rem_arrow.base.quoting import readable
from rem_arrow.base.schema import TEMPORARY, Table
from rem_arrow.catalog.search_path import full_name, schema_of, schemas
from rem_arrow.sql.statement.statement import ConstraintDefinition, ReferenceDefinition
from rem_arrow.sql.statement.statement_names import Name
from rem_arrow.sql.text.position import position
from rem_arrow.statements.environment import Context, placed

# The columns that refer, in the order of the key; the numbers of the table and of the key; the columns of the key.
Referring: TypeAlias = "tuple[tuple[str, ...], tuple[int, int], tuple[str, ...]]"


def referring(
    context: Context,
    table: Table,
    columns: tuple[str, ...],
    definition: ConstraintDefinition,
    reference: ReferenceDefinition,
) -> Referring:
    """Return what a FOREIGN KEY refers to. `columns` are those of `table`, which has its keys already. Raises BindError
    and UnsupportedError."""
    parent = _parent(context, table, reference.table)
    start, end = position(definition.tree)
    key = _key(context, parent, reference)
    names = tuple(n.text.casefold() for n in reference.columns) or tuple(c.casefold() for c in key.columns)
    if len(names) != len(columns):
        raise BindError(
            f"{len(columns)} columns refer to {len(names)} of {parent.name}; name as many on both sides",
            context.text,
            start,
            end,
        )
    if len(set(names)) < len(names):
        raise BindError(f"a column of {parent.name} is named twice", context.text, start, end)
    by_name = dict(zip(names, columns, strict=True))
    ordered = tuple(by_name[c.casefold()] for c in key.columns)
    for column, target in zip(ordered, key.columns, strict=True):
        own, other = table.field(column).dtype, parent.field(target).dtype
        if own != other:
            raise BindError(
                f"{table.name}.{column} is {sql_name(own)} and {parent.name}.{target} is {sql_name(other)}; a column "
                "has the type of what it refers to",
                context.text,
                start,
                end,
            )
    return ordered, (parent.number, key.number), key.columns


def _parent(context: Context, table: Table, name: Name) -> Table:
    """Return the table that is referred to; a name without a schema is one of the schema of the table that refers."""
    version, text = context.version(), context.text
    if name.qualifiers:
        with placed(text, name):
            found = schemas(version, context.instance.session, name.qualifiers)
        full = name.text if TEMPORARY in found else full_name(found[0], name.text)
    else:
        full = full_name(schema_of(version, table.name), name.text)
    if full.casefold() == table.name.casefold():
        return table
    tv = version.find(full)
    if tv is None:
        hint = suggest(name.shown, [t.table.name for t in version], "Tables")
        raise BindError(f'no table "{name.shown}"', text, name.start, name.end, hint=hint)
    if tv.table.kind == "view":
        raise BindError(f"{tv.table.name} is a view, and has no keys to refer to", text, name.start, name.end)
    if tv.table.kind != "plain":
        raise UnsupportedError(
            f"{tv.table.name} is an {tv.table.kind} table, to which no FOREIGN KEY refers; link its rows by edges "
            "(db.add_edge), or find rows without a partner by an ANTI JOIN",
            text,
            name.start,
            name.end,
        )
    return tv.table


def _key(context: Context, parent: Table, reference: ReferenceDefinition) -> Constraint:
    """Return the key that is referred to: the one of these columns, or the primary key."""
    keys = [key for key in parent.keys if not key.index]
    if not reference.columns:
        primary = next((key for key in keys if key.kind == "PRIMARY KEY"), None)
        if primary is None:
            raise _no_key(context, parent, reference.table, "has no primary key")
        return primary
    columns = {c.text.casefold() for c in reference.columns}
    for name in reference.columns:
        if name.text.casefold() not in {f.name.casefold() for f in parent.fields}:
            hint = suggest(name.text, parent.names, "Columns")
            raise BindError(f'no column "{name.text}" in {parent.name}', context.text, name.start, name.end, hint=hint)
    of_columns = [key for key in keys if {c.casefold() for c in key.columns} == columns]
    if not of_columns:
        listed = ", ".join(readable(c.text) for c in reference.columns)
        raise _no_key(context, parent, reference.columns[0], f"has no primary key or UNIQUE of ({listed})")
    return of_columns[0]


def _no_key(context: Context, parent: Table, name: Name, what: str) -> BindError:
    return BindError(
        f"{parent.name} {what}",
        context.text,
        name.start,
        name.end,
        hint=f"ALTER TABLE {readable(parent.name)} ADD UNIQUE (...) makes one.",
    )
