"""The views of information_schema and pg_catalog: the SELECT of each, over the system tables.

Columns of which nothing is known here hold NULL, as they do in DuckDB.
"""

from __future__ import annotations

from rem_arrow.base.quoting import literal


def standard_view(name: str) -> str | None:
    """Return the SELECT of a view by its full name, in lower case; None if there is none of that name."""
    return VIEWS.get(name)


def table_info(full: str) -> str:
    """Return the SELECT of pragma_table_info of a table or view by its full name."""
    return f"""
SELECT column_index - 1 AS cid, column_name AS name, data_type AS type, NOT is_nullable AS notnull,
    column_default AS dflt_value, coalesce(list_contains(k.names, column_name), false) AS pk
FROM system.duckdb_columns AS c
LEFT JOIN (SELECT table_oid, constraint_column_names AS names FROM system.duckdb_constraints
    WHERE constraint_type = 'PRIMARY KEY') AS k USING (table_oid)
WHERE {_IS_TABLE.format("c")} = lower({literal(full)}) ORDER BY column_index"""


def _nulls(names: str, type_: str = "VARCHAR") -> str:
    return ", ".join(f"CAST(NULL AS {type_}) AS {name}" for name in names.split())


_IS_TABLE = (
    "lower((CASE WHEN {0}.database_name = 'temp' THEN 'temp.' WHEN {0}.schema_name <> 'main' "
    "THEN {0}.schema_name || '.' ELSE '' END) || {0}.table_name)"
)
_PLACE = "database_name AS table_catalog, schema_name AS table_schema"
_UNNESTED = "(SELECT *, unnest(constraint_column_names) AS column_name FROM system.duckdb_constraints)"

VIEWS = {
    "information_schema.schemata": f"""
SELECT database_name AS catalog_name, schema_name, 'rem_arrow' AS schema_owner,
    {_nulls("default_character_set_catalog default_character_set_schema default_character_set_name sql_path")}
FROM system.duckdb_schemas""",
    "information_schema.tables": f"""
SELECT {_PLACE}, table_name, CASE WHEN temporary THEN 'LOCAL TEMPORARY' ELSE 'BASE TABLE' END AS table_type,
    {_nulls("self_referencing_column_name reference_generation user_defined_type_catalog")},
    {_nulls("user_defined_type_schema user_defined_type_name")}, 'YES' AS is_insertable_into, 'NO' AS is_typed,
    CASE WHEN temporary THEN 'PRESERVE' END AS commit_action, comment AS "TABLE_COMMENT"
FROM system.duckdb_tables
UNION ALL
SELECT database_name, schema_name, view_name, 'VIEW', NULL, NULL, NULL, NULL, NULL, 'NO', 'NO', NULL, comment
FROM system.duckdb_views""",
    "information_schema.columns": f"""
SELECT {_PLACE}, table_name, column_name, column_index AS ordinal_position, column_default,
    CASE WHEN is_nullable THEN 'YES' ELSE 'NO' END AS is_nullable, data_type, character_maximum_length,
    CAST(NULL AS INTEGER) AS character_octet_length, numeric_precision, numeric_precision_radix, numeric_scale,
    CAST(NULL AS INTEGER) AS datetime_precision, {_nulls("interval_type")},
    CAST(NULL AS INTEGER) AS interval_precision,
    {_nulls("character_set_catalog character_set_schema character_set_name collation_catalog collation_schema")},
    {_nulls("collation_name domain_catalog domain_schema domain_name udt_catalog udt_schema udt_name")},
    {_nulls("scope_catalog scope_schema scope_name")}, CAST(NULL AS BIGINT) AS maximum_cardinality,
    {_nulls("dtd_identifier")}, {_nulls("is_self_referencing is_identity", "BOOLEAN")},
    {_nulls("identity_generation identity_start identity_increment identity_maximum identity_minimum")},
    {_nulls("identity_cycle", "BOOLEAN")}, CASE WHEN is_generated THEN 'ALWAYS' ELSE 'NEVER' END AS is_generated,
    generation_expression, {_nulls("is_updatable", "BOOLEAN")}, comment AS "COLUMN_COMMENT"
FROM system.duckdb_columns""",
    "information_schema.views": f"""
SELECT {_PLACE}, view_name AS table_name, sql AS view_definition, 'NONE' AS check_option, 'NO' AS is_updatable,
    'NO' AS is_insertable_into, 'NO' AS is_trigger_updatable, 'NO' AS is_trigger_deletable,
    'NO' AS is_trigger_insertable_into
FROM system.duckdb_views""",
    "information_schema.table_constraints": f"""
SELECT database_name AS constraint_catalog, schema_name AS constraint_schema, constraint_name, {_PLACE}, table_name,
    CASE constraint_type WHEN 'NOT NULL' THEN 'CHECK' ELSE constraint_type END AS constraint_type,
    'NO' AS is_deferrable, 'NO' AS initially_deferred, 'YES' AS enforced, 'YES' AS nulls_distinct
FROM system.duckdb_constraints""",
    "information_schema.key_column_usage": f"""
SELECT database_name AS constraint_catalog, schema_name AS constraint_schema, constraint_name, {_PLACE}, table_name,
    column_name, list_position(constraint_column_names, column_name)::BIGINT AS ordinal_position,
    CASE WHEN constraint_type = 'FOREIGN KEY'
        THEN list_position(constraint_column_names, column_name)::BIGINT END AS position_in_unique_constraint
FROM {_UNNESTED} AS c WHERE constraint_type IN ('PRIMARY KEY', 'FOREIGN KEY', 'UNIQUE')""",
    "information_schema.constraint_column_usage": f"""
SELECT {_PLACE}, table_name, column_name, database_name AS constraint_catalog, schema_name AS constraint_schema,
    constraint_name, constraint_type, constraint_text
FROM {_UNNESTED} AS c WHERE constraint_type <> 'NOT NULL'""",
    "information_schema.referential_constraints": """
SELECT database_name AS constraint_catalog, schema_name AS constraint_schema, name AS constraint_name,
    database_name AS unique_constraint_catalog, unique_schema AS unique_constraint_schema,
    unique_name AS unique_constraint_name, 'NONE' AS match_option, 'NO ACTION' AS update_rule,
    'NO ACTION' AS delete_rule
FROM system.referential_keys""",
    "information_schema.check_constraints": f"""
SELECT database_name AS constraint_catalog, schema_name AS constraint_schema, constraint_name,
    CASE WHEN constraint_type = 'NOT NULL' THEN column_name || ' IS NOT NULL' ELSE constraint_text END AS check_clause
FROM {_UNNESTED} AS c WHERE constraint_type IN ('CHECK', 'NOT NULL')""",
    "pg_catalog.pg_namespace": """
SELECT oid, schema_name AS nspname, 0 AS nspowner, NULL AS nspacl FROM system.duckdb_schemas
WHERE database_name = current_database()""",
    "pg_catalog.pg_class": """
SELECT table_oid AS oid, table_name AS relname, schema_oid AS relnamespace, 0 AS reltype, 0 AS relowner, 0 AS relam,
    0 AS relpages, estimated_size::FLOAT AS reltuples, index_count > 0 AS relhasindex, false AS relisshared,
    CASE WHEN temporary THEN 't' ELSE 'p' END AS relpersistence, 'r' AS relkind, column_count AS relnatts,
    check_constraint_count AS relchecks, false AS relhasoids, has_primary_key AS relhaspkey, false AS relhasrules,
    false AS relhastriggers, false AS relhassubclass, false AS relrowsecurity, true AS relispopulated,
    false AS relispartition
FROM system.duckdb_tables
UNION ALL
SELECT view_oid, view_name, schema_oid, 0, 0, 0, 0, 0, false, false,
    CASE WHEN temporary THEN 't' ELSE 'p' END, 'v', column_count, 0, false, false, false, false, false, false, true,
    false
FROM system.duckdb_views
UNION ALL
SELECT index_oid, index_name, schema_oid, 0, 0, 0, 0, 0, false, false, 'p', 'i', NULL, 0, false, false, false,
    false, false, false, true, false
FROM system.duckdb_indexes
UNION ALL
SELECT sequence_oid, sequence_name, schema_oid, 0, 0, 0, 0, 0, false, false, CASE WHEN temporary THEN 't' ELSE 'p' END,
    'S', 0, 0, false, false, false, false, false, false, true, false
FROM system.duckdb_sequences""",
    "pg_catalog.pg_attribute": """
SELECT table_oid AS attrelid, column_name AS attname, data_type_id AS atttypid, 0 AS attstattarget,
    column_index AS attnum, 0 AS attndims, -1 AS atttypmod, NOT is_nullable AS attnotnull,
    column_default IS NOT NULL AS atthasdef, '' AS attidentity, '' AS attgenerated, false AS attisdropped,
    true AS attislocal, 0 AS attinhcount, 0 AS attcollation
FROM system.duckdb_columns""",
    "pg_catalog.pg_type": """
SELECT oid, typname, typnamespace, 0 AS typowner, typlen, false AS typbyval, 'b' AS typtype, typcategory,
    false AS typispreferred, true AS typisdefined, 0 AS typrelid, 0 AS typelem
FROM system.pg_types""",
    "pg_catalog.pg_tables": """
SELECT schema_name AS schemaname, table_name AS tablename, 'rem_arrow' AS tableowner, NULL::VARCHAR AS tablespace,
    index_count > 0 AS hasindexes, false AS hasrules, false AS hastriggers
FROM system.duckdb_tables""",
    "pg_catalog.pg_views": """
SELECT schema_name AS schemaname, view_name AS viewname, 'rem_arrow' AS viewowner, sql AS definition
FROM system.duckdb_views""",
    "pg_catalog.pg_indexes": """
SELECT schema_name AS schemaname, table_name AS tablename, index_name AS indexname, NULL::VARCHAR AS tablespace,
    sql AS indexdef
FROM system.duckdb_indexes""",
    "pg_catalog.pg_index": """
SELECT index_oid AS indexrelid, table_oid AS indrelid, is_unique AS indisunique, is_primary AS indisprimary,
    true AS indisvalid, expressions AS indexprs
FROM system.duckdb_indexes""",
    "pg_catalog.pg_constraint": """
SELECT table_oid * 1000000 + constraint_index AS oid, constraint_name AS conname, schema_oid AS connamespace,
    CASE constraint_type WHEN 'CHECK' THEN 'c' WHEN 'FOREIGN KEY' THEN 'f' WHEN 'PRIMARY KEY' THEN 'p'
        WHEN 'UNIQUE' THEN 'u' ELSE 'x' END AS contype,
    false AS condeferrable, false AS condeferred, true AS convalidated, table_oid AS conrelid,
    constraint_column_indexes AS conkey, expression AS conbin
FROM system.duckdb_constraints""",
    "pg_catalog.pg_description": """
SELECT table_oid AS objoid, 0 AS objsubid, comment AS description FROM system.duckdb_tables
UNION ALL
SELECT table_oid, column_index, comment FROM system.duckdb_columns""",
    "pg_catalog.pg_database": """
SELECT database_oid AS oid, database_name AS datname, true AS datallowconn, false AS datistemplate
FROM system.duckdb_databases""",
    "pg_catalog.pg_settings": """
SELECT name, value AS setting, description AS short_desc, input_type AS vartype FROM system.duckdb_settings""",
    "system.sqlite_master": """
SELECT 'table' AS type, table_name AS name, table_name AS tbl_name, 0 AS rootpage, sql FROM system.duckdb_tables
UNION ALL
SELECT 'view', view_name, view_name, 0, sql FROM system.duckdb_views
UNION ALL
SELECT 'index', index_name, table_name, 0, sql FROM system.duckdb_indexes""",
    "system.pragma_version": """
SELECT version() AS library_version, '' AS source_id, '' AS codename""",
    "system.pragma_database_list": """
SELECT database_oid AS seq, database_name AS name, path AS file FROM system.duckdb_databases WHERE NOT internal""",
    "system.pragma_show_tables": """
SELECT name FROM system.pragma_show_tables_expanded
WHERE database = 'temp' OR schema = current_schema() ORDER BY name""",
    "system.pragma_show_tables_expanded": """
SELECT database_name AS database, schema_name AS schema, table_name AS name,
    list(column_name ORDER BY column_index) AS column_names, list(data_type ORDER BY column_index) AS column_types,
    database_name = 'temp' AS temporary
FROM system.duckdb_columns GROUP BY ALL ORDER BY database_name, schema_name, table_name""",
    "system.pragma_show_databases": """
SELECT database_name FROM system.duckdb_databases WHERE NOT internal ORDER BY database_name""",
    "system.pragma_show_variables": """
SELECT name, value, type FROM system.duckdb_variables ORDER BY name""",
    "system.pragma_show_schemas": """
SELECT database_name, schema_name, schema_name = current_schema() AS current FROM system.duckdb_schemas
WHERE database_name <> 'temp' ORDER BY schema_name""",
    "system.pragma_functions": """
SELECT function_name AS name, upper(function_type) AS type, parameter_types AS parameters, varargs, return_type,
    has_side_effects AS side_effects
FROM system.duckdb_functions ORDER BY name""",
}
