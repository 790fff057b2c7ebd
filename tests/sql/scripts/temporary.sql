create table t as select 1 a
create view v as from t
create temp table t as select 2 a
from t
from v
from temp.t
from temp.main.t
from main.t
from memory.main.t
insert into t values (7)
update t set a = a + 1 where a > 2 returning *
delete from t where a = 8 returning a
create temp view tv as select a*10 b from t
from tv
drop table t
from t
from tv
drop view tv
drop table t
create temp table x(a int, b varchar)
insert into x values (1,'x'),(2,'y')
select * from x join (select 1 a) y using (a)
alter table x add column y int
from x
alter table x rename to z
from z
create temp table z(a int)
create temp table if not exists z(a int)
create or replace temp table z as select 5 r
from z
create table z(q int)
from z
insert into memory.main.z values (3)
from memory.main.z
drop table z
from z
drop table z
create temp table x(a int) on commit preserve rows
insert into x select range from range(5)
begin
insert into x values (100)
update x set a = a + 1
from x
rollback
from x
create table m(a int)
begin
insert into x values (100)
insert into m values (200)
commit
from x
from m
with i as (insert into x values (300) returning *), j as (insert into m select a+1 from i returning *) select * from i, j
from x
from m
merge into x using m on x.a=m.a when matched then delete when not matched then insert values (m.a) returning *
from x
create schema s
create temp table s.x(a int)
create temp table main.x3(a int)
from x3
create temp table temp.x4(a int)
from x4
truncate x3
create index ix on x3(a)
drop index ix
describe x
select count(*) from x as k where k.a in (select a from m)
select temp.x.a from x where temp.x.a > 100
create table copy as from x
from copy
