-- COLLATE: columns and expressions whose texts compare without case or marks, wherever values are compared
create table t(i int, s varchar collate nocase, p varchar)
insert into t values (1,'a','a'),(2,'A','A'),(3,'b','b'),(4,'B','B'),(5,'á','á'),(6,'Á','Á'),(7,null,null),(8,'c','C')
select distinct s from t order by s
select distinct p collate nocase from t
select distinct p collate nocase as p from t order by 1
select s, count(*) from t group by s order by 1
select p collate nocase, count(*) from t group by 1 order by 1
select p collate nocase, count(*) from t group by p collate nocase order by 1
select p, count(*) from t group by p collate nocase order by 1
select p, count(*) from t group by p order by p collate nocase, p
select s, p, count(*) from t group by s, p order by all
select lower(s), count(*) from t group by s order by all
select upper(s), count(*) from t group by upper(s) order by all
select lower(x) from (select s as x from t union select p from t) u order by 1
select lower(x) from (select p as x from t union select s from t) u order by 1
select lower(x) from (select p collate nocase as x from t union select p from t) u order by 1
select s from t union all select p from t order by 1
select s from t intersect select 'B' order by 1
select 'B' intersect select s from t
select s from t except all select 'B' order by 1
select s from t intersect all select 'B' order by 1
select i from t where s in ('A','C') order by 1
select i from t where p collate nocase in ('A','C') order by 1
select i from t where p in ('a' collate nocase, 'C') order by 1
select i from t where 'A' in (select s from t) order by 1
select i from t where s in (select 'A') order by 1
select i from t where p collate nocase in (select 'A') order by 1
select i from t where p in (select 'A' collate nocase) order by 1
select i from t where s = any(select 'A') order by 1
select i from t where s >= all(select 'B') order by 1
select i from t where s = 'A' order by 1
select i from t where s <> 'A' order by 1
select i from t where s between 'A' and 'B' order by 1
select i from t where s is distinct from 'A' order by 1
select i from t where s is not distinct from 'A' order by 1
select case s when 'A' then 1 else 0 end from t
select t.i,u.i from t join t u using (s) order by 1,2
select t.i,u.i from t join t u on t.s=u.p order by 1,2
select t.i,u.i from t join t u on t.p=u.p collate nocase order by 1,2
select t.s,u.s from t full join (values('A')) u(s) using(s) order by all
select s from t natural join (values('A')) u(s) order by all
select i, count(*) over (partition by s) from t order by i
select i, count(*) over (partition by p collate nocase) from t order by i
select i, rank() over (order by s) from t order by i
select i, row_number() over (order by s, i desc) from t order by i
select i, first_value(s) over (partition by s order by i) from t order by i
select i, count(*) over (order by s range between unbounded preceding and current row) from t order by i
select count(distinct s), count(distinct p collate nocase), count(distinct p) from t
select string_agg(distinct s, ',' order by s) from t
select string_agg(s, ',' order by s, i) from t
select min(s), max(s), min(p collate nocase), max(p collate nocase), min(p), max(p) from t
select approx_count_distinct(s), first(s), any_value(s), last(s) from t
select i from t order by s, i
select i from t order by s desc, i
select i from t order by s, p
select distinct on (s) s, i from t order by s, i
select greatest(s,'A'), least(s, 'A') from t
select nullif(s,'A') from t
select coalesce(s,'z') from t order by 1
select s || 'x' from t order by 1
select s || 'x' = 'aX' from t where i=1
select upper(s) = 'a', lower(s)='A', substr(s,1,1)='A' from t where i=1
select (s) = 'A', cast(s as varchar)='A', s::varchar = 'A', case when true then s end = 'A', coalesce(s,'q')='A' from t where i=1
select if(true,s,p)='A', if(true,p,s)='A' from t where i=1
select s like 'A', s ilike 'A', contains(s,'A'), starts_with(s,'A'), s ~ 'A', s like 'A%' from t where i=1
select position('A' in s), instr(s,'A'), replace(s,'A','x') from t where i=1
select typeof(s), typeof(p collate nocase), typeof(p collate noaccent.nocase) from t limit 1
select 'a' collate nocase = 'A' collate noaccent
select 'á' collate noaccent = 'a', 'Á' collate nocase.noaccent = 'a', 'Á' collate noaccent.nocase='a', 'a' collate nfc = 'A'
select 'A' collate nocase collate noaccent = 'á'
select 'a' collate xyz = 'A'
select 'a' collate "NOCASE" = 'A', 'a' collate NoCase = 'A'
select chr(97)||chr(769) collate nfc = chr(225)
select ('a'||chr(769)) collate nfc = chr(225), ('a'||chr(769)) collate noaccent = chr(225),('a'||chr(769)) = chr(225)
select 1 collate nocase
select i collate nocase from t
select null collate nocase
create table u as select s, p collate nocase as q, s||'x' as r from t
select count(distinct s), count(distinct q), count(distinct r) from u
select count(distinct s) from v
select column_name, data_type from duckdb_columns() where table_name='t'
create table pk(s varchar collate nocase primary key)
insert into pk values ('a'),('A')
insert into pk values ('b')
select * from pk where s='A'
create table xi(s varchar collate xyz)
create table xi2(s int collate nocase)
create table xi3(s varchar collate noaccent.nocase, k varchar collate nfc)
alter table xi3 add column z varchar collate nocase
select cast('a' as varchar collate nocase) = 'A'
select 'a'::varchar collate nocase = 'A'
select [s] = ['A'], {'x':s} = {'x':'A'}, list_contains([s],'A'), (s,1)=('A',1) from t where i=1
select count(*) from (select distinct [s] from t)
select unnest(list(s)) = 'A' from t
select x from (select unnest(list(s)) x from t) group by x
select x from (select unnest(['a','A'])::varchar collate nocase x) group by x
select s from t where s = 'A' and p='A'
select i from t where s > 'A' order by i
select i from t where s > p order by i
select i from t where s in (select distinct p from t where p = 'A')
select exists(select 1 from t x where x.s = t.p and x.i <> t.i) from t order by i
select (select count(*) from t x where x.s = t.s) from t order by i
with recursive r(x) as (select 'a' collate nocase union select upper(x) from r) from r
with c as (select s from t) select distinct s from c order by 1
select rank() over (order by p collate nocase), dense_rank() over (partition by s order by p) from t order by i
select i, lag(s) over (order by s,i) from t order by s, i
select p from t order by upper(p) collate nocase, i
select s, sum(i) from t group by rollup(s) order by 1,2
select s, sum(i) from t group by s having s='A'
select s, p from t qualify row_number() over (partition by s order by i)=1 order by 1
select count(*) filter (s='A') from t
select sum(i) from t where not s='A'
select string_agg(distinct s order by s) from t
select max(s), min(s) from t where i in (1,2)
select max(s), min(s) from t where i in (2,4)
select s, max(s), min(s) from t group by s order by s
select min(s) over (partition by s), max(s) over (order by i) from t order by i
select arg_max(i,s), arg_min(s,i), arg_max(s, s) from t
select first(s order by s desc) from t
select quantile_disc(s,0.5), median(s) from t
select entropy(s), mode(p collate nocase) from t where i<3
select 'a' collate nocase < 'B', 'a' < 'B'
select 'a' collate nocase in ('A'), 'a' collate nocase not in ('A'), 'a' collate nocase between 'A' and 'A'
select case 'a' collate nocase when 'A' then 1 end
select nullif('a' collate nocase,'A')
select nullif('a' ,'A' collate nocase)
select greatest('a' collate nocase,'B'), least('a' collate nocase, 'B'), least('b' collate nocase, 'B')
select decode('a' collate nocase, 'A', 1)
select 'a' collate nocase = any(['A']), 'A' = any(['a' collate nocase])
select list_contains(['a' collate nocase],'A'), ['a' collate nocase]=['A']
select map{'a' collate nocase: 1}['A']
select s from t union by name select p as s from t order by 1
select s collate noaccent = p from t
select s = p collate noaccent from t
select s = (p collate noaccent) from t
select concat(s, p collate noaccent) from t
select s || (p collate noaccent) from t
select (values('a' collate nocase)) = 'A'
create table d(s varchar collate nocase default 'x')
select 'a' collate nfc.nocase = 'A'
select 'a' collate nocase.nfc = 'A'
select 'a' collate nocase.nocase = 'A'
select 'a' collate nfc.nfc = 'A'
select s collate "binary" = 'A' from t where i=1
select s collate c = 'A' from t where i=1
select s collate posix = 'A' from t where i=1
select 'ä' collate noaccent.nocase = 'Ä'
create table q(s varchar collate c)
create table q2(s varchar collate "binary")
create table q3(s varchar(10) collate nocase not null default 'x' check (s = 'X'))
insert into q3 values (default)
select * from t where s collate c = 'a'
select count(*) from q3 where s = 'X'
insert into q3 values ('y')
insert into q3 values ('X')
create table m(s varchar collate nocase, x int)
insert into m values ('a',1),('b',2)
merge into m using (select 'A' s, 4 x) n on m.s=n.s when matched then update set x=n.x when not matched then insert values (n.s,n.x)
from m
update m set x=9 where s in ('B')
delete from m where s='A'
from m
alter table m alter x type varchar collate nocase
alter table m alter x type int collate nocase
insert into m values ('k','Q')
select x from m where x = 'q'
select string_agg(distinct s, ',' order by s) filter (i > 1), count(distinct s) filter (i > 1), sum(i) from t
select i > 4 g, string_agg(distinct s, ',' order by s), count(distinct s), list(distinct s order by s) from t group by g order by g
select s, string_agg(distinct p, ',' order by p), count(distinct p) from t group by s order by s
select s, count(*), grouping(s) from t group by cube(s) order by 3, 1
select count(*) from t a join t b on a.s = b.p join t c using (s)
select i from t where s in (select p from t where i = t.i) order by i
select i from t where (s, i) in (select upper(p), i from t) order by i
select i from t x where exists (select 1 from t where s = upper(x.s) and i < x.i) order by i
select i from t x where (select min(i) from t where s = x.s) = i order by i
select a.i, b.i from t a asof join t b on a.s = b.s and a.i >= b.i order by 1
select max(s) over (partition by p order by i), min(s) over (order by i rows 1 preceding) from t order by i
select count(distinct s) over () from t
select nullif(s, 'A'), s is distinct from 'A', s not in ('A', 'B') from t order by i
with recursive r(n, x) as (select 1, 'a' collate nocase union all select n + 1, x || 'A' from r where n < 3) select n from r where x = 'AAA'
select x from (select s x from t union all select 'zz' collate nocase) where x in ('A', 'ZZ') order by x, 1
select * from (values ('a' collate nocase), ('A')) v(x) where x = 'A'
select distinct x from (values ('a' collate nocase), ('A')) v(x)
select distinct {'x': s} from t where i < 3
select count(*) from (select distinct {'x': s, 'y': [s]} from t)
select string_agg(distinct s, ',' order by s) from t where i in (select i from t where s > 'A')
