create table t(a int, b varchar)
insert into t values (1,'x'),(2,'y'),(3,'z')
prepare p as select a from t where a >= $1 order by a
execute p(2)
execute p(3)
execute p
execute p(1,2)
prepare q as select a + ?, b || ? from t order by 1
execute q(10, '!')
prepare n as select $lo::int + a from t where a < $hi
execute n(lo := 5, hi := 2)
execute n(hi := 3, lo := 1)
prepare i as insert into t values (?, ?)
execute i(7, 'seven')
from t
prepare p as select 'again'
execute p
deallocate p
execute p
deallocate prepare q
execute q(1,'a')
prepare bad as
set variable x = 5
select getvariable('x') + 1
set variable x = 'text'
select getvariable('x')
reset variable x
select getvariable('x')
set variable l = [1,2,3]
select getvariable('l')
select getvariable('nosuch')
set variable mx = (select max(a) from t)
select getvariable('mx')
set schema = 'main'
select current_setting('schema')
set nosuch_setting = 3
reset nosuch_setting
show nosuch
select current_setting('nosuch')
pragma table_info('t')
pragma table_info(t)
pragma nosuch
describe t
show t
describe select 1 as x
set threads to default
set timezone to 'UTC'
set time zone 'UTC'
set search_path to main
set session timezone = 'UTC'
set global timezone = 'UTC'
reset timezone
select 2
select * from duckdb_settings() where name = 'nosuch'
set default_null_order = 'nulls_last'
select 1
execute nosuch(1)
set variable vv = 42
select $vv + 1, $VV, getvariable('vv')
prepare with_variable as select $vv + $x as y
execute with_variable(x := 1)
set variable vv = [1, 2]
select $vv[1], list_sum($vv)
reset variable vv
select $vv
execute with_variable(x := 1)
create table of_rows as select 1 as a, 'x' as b
create table without_rows as from of_rows limit 5 with no data
select * from without_rows
create table without_rows_2 as (select a from of_rows union select 7) with no data
select count(*) from without_rows_2
create table with_rows as from of_rows with data
select * from with_rows
create table no_query (a int) with no data
select #2, #1 from of_rows where #1 = 1
