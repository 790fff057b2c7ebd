create table t(a int, b varchar)
insert into t values (1,'x')
checkpoint
force checkpoint
analyze
analyze t
analyze nosuch
vacuum
vacuum t
vacuum analyze t
comment on table t is 'the t'
comment on column t.a is 'an a'
select comment from duckdb_tables() where table_name = 't'
select column_name, comment from duckdb_columns() where table_name = 't'
comment on table t is null
comment on column t.a is null
select comment from duckdb_tables() where table_name = 't'
select column_name, comment from duckdb_columns() where table_name = 't'
comment on table nosuch is 'x'
comment on column t.nosuch is 'x'
create view v as select a from t
comment on view v is 'seen'
select comment from duckdb_views() where view_name = 'v'
savepoint x
grant select on t to x
discard all
