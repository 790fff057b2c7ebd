-- nextval in CASE and COALESCE: a number for the rows only that reach it
create sequence a
create sequence b
create sequence c
create table n(i int, k int)
insert into n values (1,null),(2,5),(3,null),(4,7)
select i, case when i > 2 then nextval('a') end from n order by i
select nextval('a')
select i, coalesce(k, nextval('a')) from n order by i
select nextval('a')
select i, case when i = 1 then nextval('a') when i = 2 then nextval('b') else nextval('c') end from n order by i
select nextval('a'), nextval('b'), nextval('c')
select i, if(i > 3, nextval('a'), 0), ifnull(k, nextval('b')) from n order by i
select nextval('a'), nextval('b')
select case when false then nextval('a') else 1 end
select nextval('a')
select i, case when nextval('a') % 2 = 0 then nextval('b') end from n order by i
select nextval('a'), nextval('b')
select i, coalesce(case when i = 1 then nextval('a') end, nextval('b')) from n order by i
select nextval('a'), nextval('b')
select case i when 1 then nextval('a') when 2 then nextval('a') else 0 end from n order by i
select nextval('a')
select sum(case when i > 1 then nextval('a') end) from n
select nextval('a')
select coalesce(1, nextval('a'))
select nextval('a')
select i from n where case when i > 2 then nextval('a') > 0 else false end
select nextval('a')
update n set k = coalesce(k, nextval('c'))
select i, k from n order by i
select nextval('c')
insert into n select i + 10, case when i > 2 then nextval('c') end from n where i < 5
select nextval('c')
select case when i > 2 then nextval('a') end x from n where i < 5 order by x
select nextval('a')
select i, x, x + 1 from (select i, case when i > 2 then nextval('a') end x from n where i < 5) order by i
select nextval('a')
select case when i = 99 then currval('nosuch') end from n
select case when i > 1 then case when x > 0 then y end end p, case when i > 2 then case when y > 0 then x end end q from (select i, nextval('a') x, nextval('b') y from n where i < 5) order by 1, 2
