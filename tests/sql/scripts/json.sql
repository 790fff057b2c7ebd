-- JSON: paths, functions, casts, comparisons
create table t(j json, i int)
insert into t values ('{"a": "x", "b": [1, 2]}',1),('[10, 20]',2),('"s"',3),('null',4),(null,5),('5',6)
insert into t values ('{bad',1)
select typeof(j), typeof(j->'a'), typeof(j->>'a') from t limit 1
select j, j::varchar from t
select j[0], j['a'], j.a, j[-1], j['b'][1] from t
select typeof(j[0]) from t limit 1
select j.b[0], (j).a, t.j.a from t
select json_array_length(j -> 'b') from t
select length(j->'a'), length(j) from t
select coalesce(j->'a', j->'b') from t
select count(j->'a') from t
select json('{"a" : 1}'), typeof(json('{"a" : 1}'))
select json('{bad')
select JSON '[1, 2]', typeof(JSON '[1,2]')
select '[1 , 2]'::json
select '{"a":1}' -> '$..a'
select typeof('{"a":1}' -> '$..a')
select '{"a":{"x":1},"x":2}' -> '$..x'
select '{"a":{"x":1},"x":2}' -> '$.*'
select '{"a":{"x":1},"x":2}' ->> '$.*'
select '[1,2,3]' -> '$[#-1]', '[1,2,3]' -> '$[-1]', '[1,2,3]' -> -1, '[1,2,3]' -> 5, '[1,2,3]' -> '$[*]', '[1,2,3]' -> '$[#]'
select '{"j[o]_\"k": 67}' ->> '$."j[o]_\"k"'
select '{"a.b":1}' -> 'a.b', '{"a.b":1}' -> '$."a.b"', '{"a":{"b":1}}' -> '/a/b', '{"a":{"b":1}}' -> '$.a.b'
select '{"":1}' -> '', '{"":1}' -> '$.""'
select '{"a":1}' -> '$.'
select '{"a":1}' -> '$'
select '{"a":1}' -> '$a'
select '{"a":1}' -> '$['
select '{"a":[1,2]}' -> '$.a[0', '{"a":1}' -> '$.a.'
select '{"a":1}' -> null
select json_extract('{"a":1,"b":2}', ['$.a','$.b'])
select json_extract_string('{"a":"x","b":2}', ['a','b'])
select typeof(json_extract('{"a":1,"b":2}', ['$.a','$.b']))
select json_value('{"a":"x","b":[1]}', '$.a'), json_value('{"a":"x","b":[1]}', '$.b'), typeof(json_value('{"a":"x"}','$.a'))
select json_exists('{"a":null}','$.a'), json_exists('{"a":null}','$.b'), json_exists('{"a":null}',['$.a','$.b']), json_exists('[1]','$[*]')
select json_contains('{"a":[1,2]}','1'), json_contains('{"a":[1,2]}','{"a":[1]}'), json_contains('[1,2]','[2]'), json_contains('"x"','"x"')
select json_keys('{"a":1,"b":2}'), json_keys('[1]'), json_keys('{"a":{"z":1}}','$.a'), json_keys('{"a":1}',['$.a','$.b']), json_keys(null)
select json_type('{"a":1}'), json_type('1'), json_type('-1'), json_type('1.5'), json_type('null'), json_type('"x"'), json_type('true'), json_type('[1]'), json_type('18446744073709551616'), json_type('{"a":1}',['a','b'])
select json_structure('{"a":1,"b":[1,"x"],"c":{"d":null}}'), json_structure('[1,2.5]'), json_structure('[{"a":1},{"b":2}]'), json_structure('null'), json_structure('[]'), json_structure('{}'), json_structure('-1'), json_structure('[1,-1]'), json_structure('[1,{"a":1}]')
select typeof(json_structure('1'))
select json_pretty('{"a":[1,2],"b":{}}')
select json_quote('x'), typeof(json_quote('x')), json_quote(1), json_quote('{"a":1}'::json)
select json_array(1,'x',null,[1],true), typeof(json_array()), json_array()
select json_object('a',1,'b',null,'c',{'x':1}), json_object(), json_object('a')
select json_object(1,2), json_object(null,1)
select json_merge_patch('{"a":1,"b":2}','{"b":null,"c":3}'), json_merge_patch('[1]','{"a":1}'), json_merge_patch('{"a":1}', null), json_merge_patch('{"a":{"b":1}}','{"a":{"c":2}}','{"d":1}')
select json_group_array(i), json_group_object(i::varchar, j) from t
select json_group_array(j) from t
select json_group_array(i) from t where false
select json_group_object('a',1) from t where false
select json_group_structure(j) from t
select json_transform('{"a":1,"b":"x"}','{"a":"INTEGER","b":"VARCHAR"}'), typeof(json_transform('{"a":1}','{"a":"INTEGER"}'))
select json_transform('{"a":"zz"}','{"a":"INTEGER"}'), from_json('[1,2]','["INTEGER"]'), from_json('{"a":[{"b":1}]}','{"a":[{"b":"DOUBLE"}]}')
select json_transform_strict('{"a":"zz"}','{"a":"INTEGER"}')
select from_json_strict('{"a":1}','{"a":"INTEGER","b":"INTEGER"}')
select json_transform('{"a":1}','"INTEGER"'), json_transform('{"a":1}','"JSON"')
select row_to_json({'a':1,'b':'x'}), typeof(row_to_json({'a':1}))
select array_to_json([1,2]), typeof(array_to_json([1]))
select row_to_json([1])
select array_to_json({'a':1})
select to_json(1), to_json('x'), to_json(null), to_json(1.5), to_json(date '2020-01-01'), to_json(timestamp '2020-01-01 01:02:03.5'), to_json(interval 1 day), to_json([1,null]), to_json({'a':1}), to_json(map {'k':1}), to_json(true), to_json(1e300::double), to_json('nan'::double), to_json('\xAA'::blob), to_json(170141183460469231731687303715884105727), to_json(1.50::decimal(10,2)), to_json(uuid '00010203-0405-0607-0809-0a0b0c0d0e0f'), to_json(time '01:02:03'), to_json('{"a":1}'::json), to_json(['{"a":1}'::json]), to_json(1.0::double), to_json(0.1::float), to_json('a"b\c/' || chr(10) || chr(1) || 'é')
select to_json(map {1:'a'}), to_json(map {'a':null}), to_json(1e15::double), to_json(1e16::double), to_json(1e-7::double), to_json(123456789.123::double), to_json('inf'::double)
select '"x"'::json::varchar, '"x"'::json::int
select '5'::json::int, '5.7'::json::int, '"5"'::json::int, 'true'::json::int, '[1]'::json::int[], '[1,"2",null]'::json::int[], 'null'::json::int, 'null'::json::varchar, '5'::json::varchar, '"x"'::json::varchar
select '[1]'::json::int
select '{"a":1}'::json::struct(a int, b varchar), '{"a":1,"c":2}'::json::struct(a int)
select '{"a":1}'::json::map(varchar,int), '[1]'::json::struct(a int)
select try_cast('[1]'::json as int), try_cast('{bad' as json)
select '{bad'::json
select 1::json, typeof(1::json), 'x'::varchar::json
select '2020-01-01'::date::json, [1,2]::json, {'a':1}::json, true::json, 1.5::json, null::json
select '"2020-01-01"'::json::date, '"2020-01-01 01:02:03"'::json::timestamp, 'true'::json::boolean, '"true"'::json::boolean, '1'::json::boolean
select '{"a":1}'::json = '{"a":1}'::json, '{"a": 1}'::json = '{"a":1}'::json, '{"a":1}'::json = '{"a":1}', '1'::json = 1, '1'::json < '2'::json
select '10'::json < '9'::json, '10'::json < 9
select j from t order by j
select j, count(*) from t group by j order by all
select max(j), min(j), typeof(max(j)) from t
select typeof(j || 'x'), j || 'x', upper(j), j like '%x%' from t
select typeof(coalesce(j,'x')), typeof(coalesce(j, '1'::json)) from t limit 1
select typeof([j,'x']), typeof([j]) from t limit 1
select typeof(case when i=1 then j else 'x' end) from t limit 1
select json_valid('{bad'), json_valid('1'), json_valid('nan'), json_valid('{"a":1,}'), json_valid(''), json_valid('  1 '), json_valid('"\ud800"'), json_valid('01'), json_valid('{"a":1} x'), json_valid("'x'")
select json_valid('nan'), json_valid('Infinity'), json_valid('[1,2] ')
select '{"a":1,"a":2}' -> 'a', json_keys('{"a":1,"a":2}'), json('{"a":1,"a":2}'), '{"a":1,"a":2}'::json::struct(a int)
select '{"a":18446744073709551616}' -> 'a', '{"a":1.0}' -> 'a', '{"a":1e2}' -> 'a', '{"a":1.10}' -> 'a', json('1.10'), json('1e400'), '{"a":123456789012345678901234567890}' ->> 'a', json('-0'), json('-0.0'), json('1E5'), json('12345678901234567890.5')
select '"\u00e9"' -> '$', json('"\u00e9\n\u0001\/"'), '"\u00e9"'->>'$', '"\ud83d\ude00"' ->> '$', '"\u0000"' ->> '$'
select '{"a":null}' -> 'a', '{"a":null}' ->> 'a', ('{"a":null}' -> 'a') is null, ('{"a":null}' -> 'b') is null, json_extract('null','$'), json_extract_string('null','$')
select '{"a":{"a":{"a":1}}}' -> '$..a'
select '[[1],[2,[3]]]' -> '$..[0]'
select '{"a":[1,2]}' -> '$..*'
select '{"a":{"x":1,"b":{"x":2}},"c":{"x":3},"x":4}' -> '$..x'
select '[[1],[2,[3,4]],5]' -> '$..[*]'
select '[[1],[2,[3,4]],5]' -> '$..[#-1]'
select '{"a":[{"x":1},[{"x":2}]],"b":{"x":3}}' -> '$..x'
select '{"a":{"x":[{"x":1}]}}' -> '$..x[0]'
select '{"a":{"x":{"y":1}},"x":{"y":2}}' -> '$..x.y'
select '{"a":{"b":{"c":{"d":1}}}}' -> '$.a..d'
select '{"a":1}' -> '$..'
select '{"a":1}' -> '$...a'
select '{"a":1,"b":2}' -> '$..a..b'
select '{"a":{"b":1},"c":{"b":[2]}}' -> '$.*.b'
select '{"a":1}' -> '$.a*', '{"a*":1}' -> '$.a*', '{"*":1,"b":2}' -> '$."*"'
select '{"a":1}' -> 'a"b'
select '{"a\"b":1}' -> 'a"b', '{"a\\b":1}' -> 'a\b', '{"a[0]":1}'->'a[0]'
select '{"a":1}' -> '$."a'
select '{"a":1}' -> '$.a"'
select '{"":1}' -> ''
select '[1]' -> '$[+0]'
select '[1]' -> '$[-]'
select '[1]' -> '$[#-]'
select '[1]' -> '$[#1]'
select '[1]' -> '$[#+1]'
select '[1,2]' -> '$[00]', '[1,2]'->'$[01]'
select '[1]' -> '$[0'
select '[[7]]' -> '$[0][0]', '{"a":[7]}' -> '$.a[0]', '{"a":{"b":1}}' -> '$."a".b', '{"a":{"b":1}}' -> '$."a"."b"', '{"a":1}'->'$."a"b'
select '[{"a":1}]' -> '$[0].a', '[{"a":1}]' -> '$[0]a'
select '[1]' -> '$*'
select '[1]' -> '$.[0]'
select '{"a":{"b":5}}' -> '$.a.'
select '{"a":{"b":5}}' ->> '/a/b/', '{"a":{"":5}}' ->> '/a/'
select '{"a":{"b":5}}' -> '$.a."b"', '{"a":5}' -> ' $.a', '{"a":5}' -> '$.a '
select '[1,2,3]' -> '$[-1]', '[1,2,3]' -> '$[-0]', '[1,2,3]' -> '$[#--1]'
select '[1]' -> 0.5
select '[1]' -> '0'::varchar
select '[1]' -> 5000000000
select '[1]' -> null::int
select '[1]' -> i from range(2) t(i)
select '[1]' ->> i from range(2) t(i)
select json_extract('[1]', [0])
select json_extract('{"a":1}', ['$.*'])
select json_extract('{"a":1}', [])
select json_extract('{"a":1}', [null,'a'])
select json_extract('{"a":1}', null::varchar[])
select json_extract('{"a":1}', [x]) from (select 'a' x)
select json_extract_string('{"a":{"b":null}}', ['a','$.a.b'])
select json_extract(5, '$')
select json_extract([1,2]::json, 0), json_extract({'a':1}::json,'a')
select json_extract([1,2], 0)
select json_extract(null,'a'), typeof(json_extract(null,'a'))
select '{"a":1}'::json = 'x'
select '1.0'::json = 1, '1.0'::json < 2, '"10"'::json < 9, '10'::json < 9.5
select '10'::json < 9, 9 > '10'::json, '10'::json = 10.0, '10'::json between 9 and 11, '10'::json in (10,11)
select '"x"'::json = 'x'::varchar, '"x"'::json = 'x'
select '{"a":1}'::json = {'a':1}, '"2020-01-01"'::json < date '2020-01-02', 'true'::json = true, '1'::json < true
select 'low'::enum('low','mid')::json
select to_json(1.50::decimal(30,2)), to_json(1::decimal(38,0)), to_json(1.5::decimal(18,2)), to_json(123456789012345.67::decimal(18,2)), to_json(12345678901234567.8::decimal(18,1)), to_json(1::decimal(18,0)), to_json(0.000001::decimal(18,6)), to_json(0.0000001::decimal(18,7)), to_json(1.5::decimal(19,2)), to_json(0.00::decimal(30,2)), to_json(1e15::decimal(30,2))
select to_json({'a b':1,'c"d':2}), to_json({'A':1}), to_json(row(1,2)), to_json(map{'a"':1}), to_json(map{date '2020-01-01':1}), to_json(map{1.5:1}), to_json(array_value(1,2)), to_json([[1],[]]), to_json([null::int[]]), to_json({'a':null::int[],'b':null::struct(x int)})
select row_to_json(t) from (select 1 a, 'x' b) t
select to_json(t) from (select 1 a, 'x' b) t
select t::json from (select 1 a, [1] b) t
select json_group_array(t) from (select 1 a, 'x' b) t
select json_object('x', t) from (select 1 a) t
select json_extract_string('{"a":"x\ny"}', 'a')
select json_keys('{"a":1}', 'a'), json_keys('{"a":1}','$.zz'), json_keys('5'), json_keys('{}')
select json_keys('{"a":{"b":1}}','$.*'), json_type('{"a":[1],"b":2}','$.*'), json_exists('{"a":1}','$.a'), json_exists('{"a":1}','$..zz'), json_array_length('{"a":[1]}','$.a'), json_array_length('{"a":[1]}', ['$.a','b'])
select json_type(null), json_type('[1]', 'a'), json_type('[1]','$[0]'), json_type('[1]',['$[0]'])
select json_array_length('5'), json_array_length('{}'), json_array_length(null), json_array_length('[1,2]', '$[0]')
select json_valid(null), json_valid('{"a":1}'::json)
select json(null), typeof(json(null)), json('5'), json(5)
select json([1])
select json_contains('{"a":1}', '1'), json_contains('[1]','1.0'), json_contains('[1,2,3]','[3,1]'), json_contains('[1]','[1,1]'), json_contains(null,'1'), json_contains('1',null), json_contains('{"a":1,"b":2}','{"b":2,"a":1}'), json_contains('{"a":{"b":1}}','{"b":1}'), json_contains('[1,[2,3]]','[3]'), json_contains('{"a":1}','"a"'), json_contains('[{"a":1,"b":2}]','[{"a":1}]'), json_contains('[{"a":1,"b":2}]','{"a":1}'), json_contains('1','1'), json_contains('null','null'), json_contains('[1,2]','[[1]]'), json_contains('"a"','"b"'), json_contains('{"a":{"c":1,"b":2}}','{"a":{"b":2}}')
