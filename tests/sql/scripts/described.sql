-- DESCRIBE, SHOW and SUMMARIZE as statements and as relations
create schema s2
create table t(i integer primary key, v varchar not null default 'x', d decimal(5,2) unique, l integer[], s struct(a int, b varchar), b boolean, day date)
insert into t values (1, 'a', 1.25, [1], {'a': 1, 'b': 'x'}, true, '2024-01-02'), (2, 'b', null, null, null, false, null), (3, 'c', 2.5, [], null, null, '2020-02-29')
create table s2.u as select 1 as x, 'y' as y
create view w as select i, v || 'z' as z from t
describe t
from (describe t)
select * from (describe s2.u)
from (show t) x where x.key is not null
select column_name, column_type from (desc w)
select column_name, column_type from (describe select 1 as a, 'x' as b, [1.5] as c) order by column_name desc
select x, y from (describe t) as d(x, y, z, a, b, c) where z = 'NO'
select a.column_name, b.min, b.max from (describe t) a join (summarize t) b using (column_name) order by 1
with d as (describe t) select count(*), min(column_name) from d
with d as (select 1 as q) from (describe d)
with t as (select 'own' as mine) from (describe t)
select (select count(*) from (describe t)), (select string_agg(column_name, ',') from (describe w))
select column_name from (describe t) where column_name in (select column_name from (describe w))
select count(*) from t, (describe w)
create table kept as from (describe s2.u)
from kept
select column_name, column_type, min, max, approx_unique, avg, std, count, null_percentage from (summarize t)
select column_name, count, null_percentage from (summarize t)
select column_name, avg from (summarize select i, d from t)
select column_name, min, max, avg, count from (summarize (select i * 2 as j from t where i > 1))
select count(*), max(approx_unique) from (summarize s2.u)
select column_name, count, min, avg from (summarize select * from t where false)
select count(*) from (summarize select 1 as a, 2 as a, 3 as b)
select name from (show tables) where name in ('t', 'u', 'kept')
select schema, name, column_names from (show all tables) where name in ('u', 'kept')
select count(*) from (show databases)
select count(*) from (show tables from s2)
from (describe nosuch)
from (summarize nosuch)
from (show nosuch)
from (describe select nosuch from t)
from (explain select 1)
from describe t
select i from t order by i desc
select count(*) filter (where i > 1), list(i order by i desc) from t
select max(d) from (select 5 as d)
create table keyed (i integer primary key, n varchar not null default 'x', u integer unique, g integer as (i + 1))
create view shown as select i, n as m from keyed where i > 1
insert into keyed values (1, 'a', 5), (2, 'b', 6), (5, 'c', null), (9, 'd', 8)
describe from keyed
describe select i as j, n || '' from keyed order by i limit 1
describe select k.i, l.i from keyed k left join keyed l on k.i = l.u
describe shown
describe from keyed union all from keyed
describe select i from keyed group by i
describe table keyed
describe (select 1 as a) union (select 'x')
describe (select 1 as a union all select 2) order by a limit 1
describe pivot keyed on n using sum(i) order by u limit 2
describe unpivot keyed on i, u into name k value v
describe select null, null || 'a'
from (describe pivot keyed on n using sum(i))
select column_name, max, count from (summarize pivot keyed on n using sum(i) group by u)
select column_name, min, q25 from (summarize unpivot keyed on i, u)
select column_name, q25, q50, q75 from (summarize keyed)
select column_name, q25, q50, q75 from (summarize select i * 1.25 as d, i * 0.5::double as f, date '2020-01-01' + i as t, timestamp '2020-01-01' + interval (i) hour as s from keyed)
select approx_quantile(i, 0.3), approx_quantile(i, [0.1, 0.9]), approx_quantile(i * 1.5, 0.7), approx_quantile(n, 0.5) from keyed
create table wide as pivot keyed on n using sum(i) group by u
from wide
insert into wide pivot keyed on n using sum(i) group by u
from wide
create view long as unpivot keyed on i, u
from long
