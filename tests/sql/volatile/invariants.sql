-- What holds whatever is random: each statement, and the value of its one row (of all its columns).
-- The tables: t(i from 0 to 499, g = i % 7), u(id, v), and a view w of random numbers beside t.i.
select count(*) from (select random() r from t) where r < .5 and r >= .5  ->  0
select count(distinct r) from (select random() r from t)  ->  500
select random()=random()  ->  False
select count(*) from (select random() r, i from t) where r between 0.5 and 0.5  ->  0
select count(*) from t where not (random() between 0.0 and 1.0)  ->  0
select count(*) from (select random() r, r x from t) where r <> x  ->  0
select count(*) from (select random() r, r + 1 x from t) where r + 1 <> x  ->  0
select count(*) from (select random() r from t where r < 0.5) where r >= 0.5  ->  0
select count(*) from (select random() r, row_number() over (order by r) n from t) a join (select 1 one) on true where false  ->  0
with a as (select random() r, row_number() over (order by r) n from t) select count(*) from a x join a y on x.n = y.n - 1 where x.r > y.r  ->  0
select count(distinct r) from (select (select random()) r from t)  ->  1
select count(distinct r) from (select (select random() + 0*i) as r from t)  ->  500
with c as (select i, random() r from t) select count(*) from c where r > (select avg(r) from c) and r <= (select avg(r) from c)  ->  0
with c as (select random() r from t) select (select count(*) from c where r<.5)+(select count(*) from c where r>=.5)  ->  500
with c as (select random() r from t) select count(*) from c where r not in (select r from c)  ->  0
with c as (select random() r from t) select count(*) from c where not exists (select 1 from c d where d.r = c.r)  ->  0
with c as materialized (select uuid() r from t) select count(*) from c a join c b on a.r=b.r  ->  500
with c as not materialized (select uuid() r from t) select count(*) from c a join c b using (r)  ->  500
with c as (select r from w) select count(*) from c a join c b on a.r=b.r  ->  500
select count(*) from w a join w b on a.r=b.r  ->  0
with c as (select i from t limit 50) select count(*) from c a join c b on a.i=b.i  ->  50
with c as (select i from t using sample 50) select count(*) from c a join c b on a.i=b.i  ->  50
with c as (select i from t tablesample bernoulli (30 percent)) select (select count(*) from c) = (select count(*) from c a join c b on a.i=b.i)  ->  True
with c as (select random() r from t), d as (select r, count(*) over () n from c) select count(*) from d join c using (r)  ->  500
with c as (select i, random() r from t) select count(*) from (select i, sum(r) s from c group by i) x join c on c.i=x.i and c.r<>x.s  ->  0
select count(*) from t where random() < 0.5 and random() >= 0.5 and false  ->  0
select count(*) from t x left join u y on x.i=y.id and random() < 0.5  ->  500
select count(*) from t x left join t y on x.i=y.i and random() < 0.5  ->  500
select count(*)>=500 from t x full join t y on x.i=y.i and random() < 0.5  ->  True
select sum(n) from (select coalesce(x.i,y.i) k, count(*) filter (x.i is not null) + count(*) filter (y.i is not null) n from t x full join t y on x.i=y.i and random() < 0.5 group by k)  ->  1000
select count(*) from t x right join t y on x.i=y.i and random() < 0.5  ->  500
select count(*) from (select x.i from t x semi join t y on x.i=y.i and random() < 0.5 )  where i is null  ->  0
with p as (select x.i from t x join t y on x.i=y.i and random() < 0.5) select count(*) from p a join p b using (i) where a.i not in (select i from p)  ->  0
select count(*) from t x left join (select random() r, i from t) y on x.i=y.i and y.r < 0.5 where y.r >= 0.5  ->  0
select count(*) from (select random() r from t) a, lateral (select a.r b) where a.r <> b  ->  0
select count(*) from (select random() r from t) a, lateral (select a.r b)  ->  500
select count(*) from (select random() r from t) a, lateral (select count(*) n from u where u.v > a.r) x where n <> 6  ->  0
select count(*) from (select random() r, (select count(*) from u where v/60.0 < r) n, i from t) where n <> (case when r>1 then 6 else n end)  ->  0
select count(*) from (select random()*60 r from t) z where (select count(*) from u where v < z.r) <> (select count(*) from u where v < z.r)  ->  0
select count(*) from (select i, (with c as (select random()+i r) select (select r from c)=(select r from c)) e from t) where not e  ->  0
select count(*) from (select i, i in (select floor(random()*500) from t) e from t) where e is null  ->  0
select count(*) from (select random() r, case when r < 0.5 then 'a' when r >= 0.5 then 'b' end k from t) where k is null  ->  0
select count(*) from (select case (random()*2)::int when 0 then 'a' when 1 then 'b' when 2 then 'c' end k from t) where k is null  ->  0
select count(*) from (select floor(random()*3)::int k, count(*) n from t group by k) where k not in (0,1,2)  ->  0
select sum(n) from (select floor(random()*3)::int k, count(*) n from t group by k)  ->  500
select sum(n) from (select floor(random()*3)::int k, count(*) n from t group by rollup(k))  ->  1000
with c as (select floor(random()*3)::int k, g from t) select count(*) from (select k, g, count(*) n from c group by grouping sets ((k,g),(k),())) a where a.g is null and a.k is not null and a.n <> (select count(*) from c where c.k=a.k)  ->  0
with c as (select floor(random()*3)::int k from t) select (select sum(s) from (select k, sum(k) s from c group by k)) = (select sum(k) from c)  ->  True
select count(*) from (select * from t order by random() limit 5)  ->  5
select count(*) from (select random() r from t order by r limit 5) where r > 1  ->  0
select bool_and(ok) from (select r >= lag(r, 1, 0.0) over () ok from (select random() r from t order by r))  ->  True
select bool_and(ok) from (select r >= lag(r, 1, 0.0) over () ok from (select random() r from t order by 1))  ->  True
select count(*) from (select random() r from t union all select random() r from t) where r < .5 and r >= .5  ->  0
select count(*) from (select uuid() u from t union select uuid() from t)  ->  1000
with c as (select uuid() u from t) select count(*) from (select u from c union select u from c)  ->  500
with c as (select uuid() u from t) select count(*) from (select u from c intersect select u from c)  ->  500
with c as (select uuid() u from t) select count(*) from (select u from c except select u from c)  ->  0
with c as (values (random()), (random())) select count(*) from c a join c b on a.col0=b.col0  ->  2
select count(*) from (values (random()), (random())) v(x) where x<.5 and x >= .5  ->  0
select list_unique(list_transform(range(100), x -> random()))  ->  100
select count(*) from (select list_transform([1,2], x -> random()) l from t) where l[1] <> l[1]  ->  0
with c as (select unnest(list_transform(range(100), x -> random())) r) select count(*) from c a join c b using (r)  ->  100
with recursive q as (select random() r, 0 n union all select random(), n+1 from q where n < 20) select count(*) from q a join q b on a.r=b.r  ->  21
with recursive q as (select 0 n union all (with s as (select n+1 m, random() r from q where n < 5) select s.m from s join s s2 on s.r=s2.r)) select count(*) from q  ->  6
select count(*) from (select r from (select random() r from t) qualify row_number() over (order by r) <= 10) where r is null  ->  0
select count(*) from (pivot (select floor(random()*2)::int k, 1 x from t) on k in (0,1) using sum(x)) where "0"+"1" <> 500  ->  0
with c as (select floor(random()*2)::int k, 1 x from t) select count(*) from (pivot c on k in (0,1) using sum(x)) p where p."0" <> (select count(*) from c where k=0)  ->  0
with c as (select random() a, random() b from t limit 10) select count(*) from (unpivot c on a, b) p where p.value not in (select a from c union all select b from c)  ->  0
select count(*) from (select distinct on (g) g, random() r from t order by g, r) where r is null  ->  0
select count(*) from (select g, sum(random()) s from t group by g having s > 0 or s <= 0)  ->  7
select count(*) from (select g, sum(random()) s from t group by g having sum(random()) < 0)  ->  0
select fmod(x, 0.3) < 0.3 from (select random() x)  ->  True
select fmod(random(), 0.3) < 0.3 and fmod(random(),0.3) >= 0  ->  True
select random() in (select random())  ->  False
select count(*) from t where random() in (select random() from t)  ->  0
with c as (select random() r from t) select count(*) from t, (select r from c) x where x.r in (select r from c) and t.i=0  ->  500
select count(*) from t a asof join (select i, random() r from t) b on a.i >= b.i where b.r < .5 and b.r >= .5  ->  0
with c as (select i, random() r from t) select count(*) from c a asof left join c b on a.r >= b.r where a.r <> b.r  ->  0
with c as (select i, random() r from t) select count(*) from c a positional join c b where a.r <> b.r  ->  0
select coalesce(random(), 2) < 1  ->  True
select nullif(random(), 2) < 1  ->  True
select count(*) from (select random() r, r from t)  ->  500
with c as (select now() n) select count(*) from c a join c b on a.n=b.n  ->  1
select current_date=today(), current_timestamp=now(), localtimestamp=now()::timestamp, get_current_timestamp()=transaction_timestamp()  ->  True
select current_time = localtime, current_localtime() = current_time, current_localtimestamp()=localtimestamp  ->  True
select count(*) from t where random() > 0 and i >= 490  ->  10
select count(*) from (select random() r, i from t) where i > 489 and r >= 0  ->  10
with a as (select random() r), b as (select r from a), c as (select r from a) select b.r = c.r from b, c  ->  True
select (select max(r) from (select random() r from t)) < 1  ->  True
select count(*) from (select uuid() u) a, (select uuid() u) b where a.u=b.u  ->  0
select count(*) from (select i, random() as r from t) x where exists (select 1 from u where u.id = x.i and x.r < 0.5) and x.r >= .5  ->  0
select count(*) from (select i, random() as r from t) x join lateral (select x.r * 2 d) y on true where d <> r*2  ->  0
select count(*) from (select i, random() as r from t) x left join lateral (select v from u where u.id = x.i and x.r < .5) y on true  ->  500
select count(*) from (select i, random() as r from t) x left join lateral (select x.r d) y on random() < 0.5  ->  500
update t set g = g where random() < 2  ->  500
select count(*) from (select generate_series(1, 3) s, random() r from t) where r is null  ->  0
select count(*) from (select unnest([1,2,3]) s, random() r from t)  ->  1500
select x.r=y.r from (select random() r) x, (select random() r) y  ->  False
select count(*) from (select arg_min(i, random()) a, g from t group by g)  ->  7
select count(*) from (select sum(i) over (partition by floor(random()*3) order by i) s from t) where s is null  ->  0
select count(*) from (select * from (select random() r, i from t) order by i limit 5) where r < .5 and r >= .5  ->  0
