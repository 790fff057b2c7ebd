create table t(a int, b int)
insert into t values (1,2)
with x as (insert into t values (3,4) returning *) select * from x
with x as (update t set b=9 returning a,b) select sum(b) from x
with x as (delete from t where a=1 returning *) insert into t select a+10,b from x
from t
with x as (select 5 as q) insert into t select q,q from x returning *
with x as (select 5 as q) update t set b=100 from x where a=q returning *
with x as (select 5 as q) delete from t using x where a=q returning *
insert into t with x as (select 6 as q) select q,q from x
with z as (select 1 as o) insert into t with x as (select 6 as q) select q+o,q from x,z returning *
with s as (select 6 as q) merge into t using s on a=q when matched then update set b=7 returning *
with x as (insert into t values (30,4) returning *) select count(*) from t
with x as (insert into t values (31,4)) select 1
with x as (insert into t values (32,4)) from x
with x(p,q) as (insert into t values (30,4) returning *) select * from x, x as y where x.p=y.p
with x as (insert into t values (77,4) returning *), y as (delete from t where a=77 returning *) select * from x union all from y
with x as (insert into t values (77,4) returning *), y as (update t set b=5 where a=77 returning *),w as (select a from y) delete from t where a in (from w) returning *
from t
with x as (insert into t values (78,4) returning *), y as (select * from t where a=78) from y
from t
select (with x as (insert into t values (78,4) returning a) from x)
select * from t where a in (with x as (insert into t values (78,4) returning a) from x)
with recursive x as (insert into t values (78,4) returning *) from x
create view v as with x as (insert into t values (78,4) returning *) from x
begin
insert into t values (500, 1)
with x as (update t set b = 2 where a = 500 returning *), y as (delete from t where a=1) , z as (insert into t values (501,1)) select * from x
from t where a >= 500
from t where a >= 500
rollback
from t
