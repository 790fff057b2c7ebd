-- What the system tables show of the user's own.
create type mood as enum ('sad', 'ok')
create type price as decimal(9, 2)
create sequence numbers start 5
create table p (id integer primary key, k varchar unique)
create table c (pid integer references p(id), v integer check (v > 0))
set variable x = 5
set variable l = [1, 2]
describe from duckdb_functions()
describe from duckdb_types()
describe from duckdb_schemas()
describe from duckdb_databases()
describe from duckdb_extensions()
describe from duckdb_secrets()
describe from duckdb_dependencies()
describe from duckdb_keywords()
describe from duckdb_variables()
describe from pragma_collations()
from duckdb_keywords()
from duckdb_variables()
show variables
select type_name, type_category, labels, internal from duckdb_types() where type_name in ('mood')
select type_name, logical_type, type_size, type_category from duckdb_types() where type_name in ('int4', 'date', 'bool', 'list') and schema_name = 'main' and database_name = current_database() order by all
select function_name, return_type, parameter_types, has_side_effects, stability from duckdb_functions() where function_name in ('upper', 'sqrt')
select distinct function_type from duckdb_functions() where function_name in ('sum', 'range', 'lower')
select table_name, index_count from duckdb_tables() where table_name in ('p', 'c')
select relname, relkind from pg_catalog.pg_class where relname in ('p', 'numbers')
select name, scope from duckdb_settings() where name in ('threads')
