set timezone='America/New_York'
create table t(id int, z timestamptz, l timestamp, s varchar)
insert into t values (1,'2024-01-15 12:00:00','2024-01-15 12:00:00','2024-01-15 12:00:00'),(2,'2024-07-15 03:30:00+00','2024-07-15 03:30:00','2024-07-15 03:30:00+02'),(3,null,null,null)
select id, z::varchar, l, epoch(z) from t
select (timestamptz '2024-01-15 12:00:00')::varchar, ('2024-07-15 23:30:00+00'::timestamptz)::date
select (timestamp '2024-07-01 10:00'::timestamptz)::varchar, (date '2024-07-01'::timestamptz)::varchar
select id, z::date, z::timestamp, hour(z), extract(day from z), dayname(z), last_day(z) from t
select id, date_trunc('day', z)::varchar, strftime(z, '%Y-%m-%d %H:%M') from t
select id, (l::timestamptz)::varchar, (s::timestamptz)::varchar, try_cast(s || 'x' as timestamptz)::varchar from t
select id, (z + interval 1 day)::varchar, (z + interval 2 hours)::varchar, (z - interval 1 month)::varchar from t
select (timestamptz '2024-03-09 12:00:00' + interval 1 day)::varchar, (timestamptz '2024-03-09 12:00:00' + interval 24 hours)::varchar
select id from t where z::date = date '2024-07-14'
select id from t where z = l
select id from t where z > timestamp '2024-01-15 11:59:59'
select id from t where z = '2024-01-15 12:00:00'
select id, z at time zone 'Asia/Tokyo', (l at time zone 'Asia/Tokyo')::varchar from t
select current_date = now()::date, localtimestamp = now()::timestamp, now() at time zone 'America/New_York' = now()::timestamp
select date_diff('day', z, timestamptz '2024-03-11 00:30:00'), extract(timezone from z), extract(timezone_hour from z) from t
select (make_timestamptz(2024,7,1,12,0,0))::varchar
select (timestamptz '2024-03-10 02:30:00')::varchar, (timestamptz '2024-11-03 01:30:00')::varchar
select z::date d, count(*) from t group by d
update t set z = '2024-05-05 05:05:05' where id=3 returning z::varchar
prepare p as select count(*) from t where z::date = $1::date
execute p('2024-07-14')
set timezone='Asia/Kolkata'
execute p('2024-07-14')
execute p('2024-07-15')
select id, z::varchar, timezone('UTC', z), isodow(z), extract(timezone_minute from z) from t
create view v as select id, z::varchar as text from t
from v
set timezone='UTC'
from v
select id, z::varchar, hour(z) from t
set timezone='nosuch/zone'
