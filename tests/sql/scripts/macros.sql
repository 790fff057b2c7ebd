create macro f(a,b:=5) as a+b
select f(1), f(1,2), f(1,b:=3), f(a:=1,b:=9), f(b:=1,a:=2)
select f(1,2,3)
select f()
select f(1, c:=3)
create macro f(a) as a
create or replace macro f(a) as a*2
select f(4)
create macro g(a) as a+1, (a,b) as a+b
select g(1),g(1,2)
create macro h() as table select 1 x
from h()
create macro tt(n) as table select range r from range(n)
from tt(3)
create table t as select 1 a, 2 b
create macro cap(x) as (select max(a) from t where b = x)
select cap(2)
select cap(a) from (values (2)) v(a)
select cap(b) from (values (2)) v(b)
create macro rec(x) as rec(x-1)
create macro abs(x) as 'mine'
select abs(-1)
drop macro abs
select abs(-1)
drop macro if exists nosuch
drop macro nosuch
drop macro table tt
from tt(2)
create macro agg(x) as sum(x)
select agg(a) from t
select agg(a) over () from t
create macro w(x) as sum(x) over (order by x)
select w(a) from t
create function fn(a) as a||'!'
select fn('x')
drop function fn
create macro st(s) as s.a
select st({'a':5})
create macro lam(l) as list_transform(l, lambda l: l+1)
select lam([1,2])
create macro lm2(l,k) as list_transform(l, lambda x: x+k)
select lm2([1,2], 10)
create macro cs(n) as case when n>0 then 'p' else 'n' end
select cs(a) from t
create macro lim(n) as table from t limit n
from lim(1)
create macro filt(v) as table select * from t where a = v
from filt(1)
from filt((select 1))
select * from (values (1)) x(q), filt(q)
create macro s2(a) as (select a)
select s2(b) from t
create temp macro tm(a) as a
select tm(3)
create macro part(p,d) as date_part(p,d)
select part('year', date '2020-01-01')
create macro dd(a:=1,b:=2) as a*10+b
select dd(), dd(5), dd(b:=7), dd(3,4)
create macro bad(a,a) as a
create macro bad(a:=1,b) as a
create macro dflt(a, b := a) as a+b
create macro if not exists f(a) as 99
select f(4)
create macro undef(a) as nosuchcol + a
create macro undef2(a) as nosuchfn(a)
create macro c1(a) as (select max(a) from t)
create macro c3(x) as table select * from t where a = x
select v.a, b from (values (1),(3)) v(a), c3(v.a) k
create macro c4(t) as (select t.a from t)
select c4(1)
create macro c5(x) as (select x)
select c5(sum(a)) from t
create macro tt(a) as table select a, (a) as c
from tt(3)
create macro gg(a) as 'one', (a,b) as 'two'
select gg(1), gg(1,2)
select gg()
create schema s
create macro s.m(x) as x*3
select s.m(2)
use s
select m(2)
use main
select m(2)
drop schema s cascade
select s.m(2)
create macro dbl(x) as x*2
select (3).dbl()
select t.a.dbl() from t
select a.dbl() from t
select list_transform([1,2], lambda v: dbl(v))
select dbl(v.a) d from t v where dbl(a)=2 group by dbl(a), d having dbl(count(*))=2 order by dbl(1)
create macro lc(l) as [x*2 for x in l]
select lc([1,2])
create macro ad(a,b) as a+b
select ad(b:=1,a:=2), ad(1, b=>5)
create macro nested(x) as dbl(ad(x, 1)) + f(x)
select nested(a) from t
create view mv as select nested(a) n from t
from mv
create or replace macro dbl(x) as x*200
from mv
create macro ifnull(a, b) as 'mine'
select nested(a) over () from t
select median(a), ad(sum(a), count(*)) from t
create macro isin(x, l) as x in (select unnest(l))
select isin(2, [1,2])
select isin(a, [b, a]) from t
create macro case_fn(x) as case x when 1 then 'one' else 'other' end
select case_fn(a) from t
create macro tbl2(lo, hi := 10) as table with q as (select range r from range(hi)) select r, r*lo as p from q where r >= lo
select count(*), max(p) from tbl2(3) z
select count(*), max(p) from tbl2(lo := 3, hi := 5)
from tbl2(3) z join tbl2(4) y using (r) order by r
create macro cor(x) as (select count(*) from t u where u.a <= x)
select a, cor(a) from (values (0),(1),(2)) v(a) order by a
select a, cor(v.a + 0) from (values (0),(1),(2)) v(a) order by a
create macro two(a) as a, b
create macro q() as
create macro e() as 1 from t
create macro wrong(a) as (a
create table asked (i integer, n varchar)
insert into asked values (1, 'a'), (2, 'b')
create schema other
create table other.asked (n varchar, i integer)
insert into other.asked values ('c', 3)
create macro rows_of(name) as table from query_table(name)
from rows_of('asked')
from query('select i + 1 as j from asked where i > 1')
select q.j, a.n from query('select i as j from asked') q join query_table('asked') a on q.j = a.i
from query_table(asked)
from query_table('other.asked')
from query_table(['asked', 'asked'])
from query_table(['asked', 'other.asked'], true)
from query_table([])
from query_table('nosuch')
from query_table('asked; drop table asked')
with asked as (select 5 as own) from query_table('asked')
from query('drop table asked')
from query('select 1; select 2')
from query('select')
from query('select nosuch from asked')
from query()
from query(5)
select 5!, (1 + 2)!, i! from asked where i! < 3
select nosuch! from asked
select 5 !
