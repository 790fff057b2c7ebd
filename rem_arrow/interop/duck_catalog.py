"""What the catalog of a DuckDB file declares: columns, keys, conditions, references, sequences, names of ENUM types.

A table of another schema than main is named `schema_table` here. A unique index is a UNIQUE; others are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import polars as pl

from rem_arrow.base import datatypes
from rem_arrow.base.schema import MAIN, Table
from rem_arrow.interop.declared import Declared, DeclaredColumn, DeclaredReference, listed
from rem_arrow.storage.sequences import KIND, SequenceOptions

# Runs a query.
Read: TypeAlias = Callable[[str], "list[tuple[Any, ...]]"]
# The name of a table here, by its schema and name there.
Names: TypeAlias = "Mapping[tuple[str, str], str]"


def declarations(read: Read, names: Names) -> dict[str, Declared]:
    """Return what is declared of the tables, by their names here."""
    columns: dict[str, list[DeclaredColumn]] = {name: [] for name in names.values()}
    for schema, table, name, default, nullable, generated in read(
        "SELECT schema_name, table_name, column_name, CASE WHEN NOT is_generated THEN column_default END, is_nullable, "
        "generation_expression FROM duckdb_columns() WHERE NOT internal ORDER BY table_oid, column_index"
    ):
        if (schema, table) in names:
            given = "" if default in (None, "NULL") else default
            columns[names[schema, table]].append(DeclaredColumn(name, given, nullable, generated or ""))
    constraints: dict[str, list[str]] = {name: [] for name in names.values()}
    references: dict[str, list[DeclaredReference]] = {name: [] for name in names.values()}
    for schema, table, kind, own, condition, parent, to in read(
        "SELECT schema_name, table_name, constraint_type, constraint_column_names, expression, referenced_table, "
        "referenced_column_names FROM duckdb_constraints() WHERE constraint_type <> 'NOT NULL' ORDER BY ALL"
    ):
        name = names[schema, table]
        if kind == "FOREIGN KEY":
            references[name].append(DeclaredReference(tuple(own), names[schema, parent], tuple(to)))
        else:
            constraints[name].append(f"{kind} ({condition if kind == 'CHECK' else listed(own)})")
    for schema, table, expressions in read(
        "SELECT schema_name, table_name, expressions FROM duckdb_indexes() WHERE is_unique AND NOT is_primary "
        "ORDER BY ALL"
    ):
        constraints[names[schema, table]].append(f"UNIQUE ({expressions.removeprefix('[').removesuffix(']')})")
    return {n: Declared(tuple(columns[n]), tuple(constraints[n]), tuple(references[n])) for n in names.values()}


def entries(read: Read) -> list[Table]:
    """Return the sequences, each ready to go on, and the names of ENUM types, as entries of a catalog."""
    found, schemas = [], set[str]()
    for schema, name, start, least, most, step, cycle, last in read(
        "SELECT schema_name, sequence_name, start_value, min_value, max_value, increment_by, cycle, last_value "
        "FROM duckdb_sequences() ORDER BY ALL"
    ):
        options = SequenceOptions(start if last is None else last + step, step, least, most, cycle)
        schemas |= {schema} - {MAIN}
        full = name if schema == MAIN else f"{schema}.{name}"
        found.append(Table(0, full, KIND, (), model=options.to_json()))
    for schema, name, labels in read(
        "SELECT schema_name, type_name, labels FROM duckdb_types() WHERE NOT internal AND logical_type = 'ENUM' "
        "ORDER BY ALL"
    ):
        own = name if schema == MAIN else f"{schema}_{name}"
        found.append(Table(0, own, "type", (), model=datatypes.to_json(pl.Enum(labels))))
    return [*(Table(0, schema, "schema", ()) for schema in sorted(schemas)), *found]
