create schema s
create schema s
create schema if not exists s
create table s.t(a int)
create table t(b int)
insert into s.t values (1)
insert into t values (2)
select * from s.t, t
select s.t.a from s.t
select t.a from s.t
select memory.s.t.a from s.t
select main.t.b, s.t.a from t, s.t
select a, b from memory.main.t, memory.s.t
use s
from t
select current_schema()
create table u(x int)
insert into u values (5)
create view v as from u
use main
from s.v
from u
drop schema s
drop schema s cascade
from s.v
drop schema if exists s
drop schema main
create schema main
create schema information_schema
set schema='nope'
use nope
use memory
use memory.main
create table z(a int)
from q.z
from main.z
set search_path=''
use main
create table memory.q.zz as select 1 as o
alter table q.zz rename to yy
from q.yy
update q.yy set o=3 returning *
update q.yy set o=4 where q.yy.o=3 returning q.yy.o
delete from q.yy where yy.o=4 returning *
truncate q.yy
describe q.yy
create index ix on q.yy(o)
drop index q.ix
create view q.vv as from q.yy
drop view q.vv
drop table q.yy
create schema memory.r
create table if not exists r.k(a int)
create or replace table r.k(b int)
copy r.k to '/tmp/k.csv'
copy r.k from '/tmp/k.csv'
merge into r.k using (select 1 b) x on k.b=x.b when not matched then insert
from r.k
create schema if not exists r2; create table r2.t(a int); create view r2.v as from r2.t; drop schema r2
from nosuch.tt
create table nosuch.t(a int)
from nodb.main.ttt
create schema a
create table a.t as select 2 x
select t.* from a.t
select a.t.x from a.t
select t.x from a.t
use a
select x from t
use main
drop table a.t
from a.t
insert into a.t values (1)
drop schema a cascade
create schema x; use x; create table o as select 1 a; create view v1 as from o, (with o as (select 3 b) from o) z
use main
from x.v1
select (select max(x.o.a) from x.o) , o.a from x.o where x.o.a = 1
select * from x.o as k where k.a=1
select x.o.a from x.o as k
with o as (select 9 z) select * from o, x.o
