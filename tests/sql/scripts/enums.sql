-- ENUM: its order, its values, beside texts; CREATE TYPE and DROP TYPE
create type mood as enum ('low','mid','high')
create table e(g mood, v varchar, i int)
insert into e values ('high','high',1),('low','mid',2),('mid','zzz',3),(null,'low',4)
select typeof(g) from e limit 1
select g from e where g='none'
select g from e where g<>'none'
select g from e where g<'mid'
select g from e where g<'none'
select g from e where g>'lower'
select g from e where 'mid'<g
select g from e where g in ('low','none')
select g from e where g in ('low','mid')
select g from e where g not in ('none')
select g from e where g between 'low' and 'mid'
select g from e where g between 'a' and 'mid'
select g from e where g = v
select g from e where g < v
select g from e where g < concat('mi','d')
select g from e where g < 'mid'::varchar
select g from e where g in (select v from e)
select g from e where g < (select max(g) from e)
select g from e where g < 'mid'::mood
select a.g,b.g from e a, e b where a.g<b.g
select greatest(g,'mid') from e
select greatest(g,'mid'::mood) from e
select least(g,'zzz') from e
select max(g,2) from e
select list_sort([g]) from e
select list(g order by g) from e
select typeof(list(g)) from e
select string_agg(g,',') from e
select first(g order by g desc) from e
select row_number() over (order by g), g from e
select lag(g) over (order by g), g from e
select coalesce(g,'x') from e
select typeof(coalesce(g,'x')) from e
select typeof(coalesce(g,'low')) from e
select case when i=1 then g else 'low' end from e
select typeof(case when i=1 then g else 'low' end) from e
select typeof(case when i=1 then g else v end) from e
select typeof(g) from (select g from e union all select 'zz') limit 1
select typeof(g) from (select g from e union all select v from e) limit 1
select enum_range(null::mood), typeof(enum_range(null::mood))
select enum_first(null::mood), enum_last(null::mood), typeof(enum_first(null::mood))
select enum_code('mid'::mood), typeof(enum_code('mid'::mood)), enum_code(null::mood)
select enum_range_boundary('low'::mood,'mid'::mood), enum_range_boundary(null,'mid'::mood), enum_range_boundary('mid'::mood,null), enum_range_boundary('high'::mood,'low'::mood)
select typeof(enum_range_boundary('low'::mood,'mid'::mood))
select enum_range_boundary(null,null)
select enum_range(g) from e
select enum_range('a')
select enum_first(1)
select 'nope'::mood
select try_cast('nope' as mood)
select 1::mood
select 'low'::mood::int
select 'low'::mood::enum('mid','low')
select 'low'::mood::enum('mid','x')
select 'low'::mood = 'low'::enum('mid','low')
select 'low'::mood < 'mid'::enum('mid','low')
select 'low'::mood < 'mid'::enum('low','mid')
select typeof(coalesce('low'::mood, 'mid'::enum('mid','low')))
select g||'x', upper(g), length(g), g like 'l%', substr(g,1,2), concat(g,1) from e
select g+1 from e
select [g,'low'] from e
select typeof([g,'low']) from e
select typeof([g,'zz']) from e
select ['low'::mood] < ['mid'::mood]
select {'a':'high'::mood} < {'a':'mid'::mood}
select 'mid'::mood = ['a']
select null::mood
select typeof(null::mood)
select g = null from e
select nullif(g,'low'), typeof(nullif(g,'low')) from e
select ifnull(g,'low'), typeof(ifnull(g,'low')) from e
select g is distinct from 'low' from e
select g is distinct from 'nope' from e
select g::varchar::mood from e
select distinct g from e order by all
select g, count(*) from e group by g order by g desc
select g from e order by g::varchar
select g from e order by g nulls first
select 'low'::enum('a','a')
select 'x'::enum()
select ''::mood
select 'low'::mood::blob
select '1'::enum('1','2')::int
select list_contains([g],'low') from e
select list_contains(['low'::mood],'zz')
select list_position(['low'::mood,'mid'::mood],'mid')
select map(['low'::mood],[1])['low']
select unnest(enum_range(null::mood))
select decode(g::blob) from e
select g ~ 'l.*' from e
select a.g from e a join e b on a.g=b.v
select a.i,b.i from e a asof join e b on a.g >= b.g
select strip_accents(g) from e
select g[1] from e
select typeof(if(true,g,'mid')) from e
select approx_count_distinct(g), count(distinct g), any_value(g) from e
select bool_and(g='low') from e
select to_json(g), to_json([g]) from e
select '"low"'::json::mood
select min_by(g,i), max_by(g,i), arg_min(g,g) from e
select entropy(g) from e
select quantile_disc(g,[0.1,0.9]) from e
select quantile_cont(g,0.5) from e
create type mood as enum ('low','mid')
create table t (g mood)
drop type mood
drop table t
drop type if exists mood
create type mood as enum ('a')
create type mood as enum ('b')
create or replace type mood as enum ('c','d')
create type if not exists mood as enum ('e')
select 'd'::mood, typeof('d'::mood)
create type s as struct(a int, b mood)
select typeof({'a':1,'b':'c'}::s), {'a':1,'b':'c'}::s
create type e2 as enum (select 'x' union all select 'y' order by 1)
select typeof('x'::e2)
create type e4 as enum (select null::varchar union all select 'x' union all select 'x')
select typeof('x'::e4)
create type i as integer
select typeof(1::i), 1::i + 1
create table mood (a int)
drop table mood
create type "My T" as varchar
select typeof('x'::"My T"), typeof('x'::"my t")
create type j as json
select typeof('1'::j), '1'::j
create type mm as map(varchar, int)
create table u (a mood[], b s)
insert into u values (['c'], {'a':1,'b':'d'})
select typeof(a), typeof(b) from u
alter table u add column c mood default 'c'
select c from u
insert into u(c) values ('zzz')
create view vv as select 'c'::mood x
select x from vv
create type int as varchar
create type e6 as enum ('a','b','a')
begin
rollback
select 'q'::tt
create table ct as select 'c'::enum('c','b') k
alter table ct alter k type enum('c','b','a')
select typeof(k) from ct
alter table ct alter k type enum('a')
alter table ct alter k type varchar
