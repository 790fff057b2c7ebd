-- JSON and UUID: numbers and texts of documents, json_each, json_transform, what is refused
create table t(j json, v varchar, u uuid)
insert into t values ('{"a":1}','{"a":1}','00010203-0405-0607-0809-0A0b0c0d0e0f')
select typeof(coalesce(j,v)), typeof(coalesce(v,j)), j=v, typeof([v,j]) from t
select typeof(a) from (select j a from t union all select v from t)
select typeof(a) from (select v a from t union all select j from t)
select typeof(a) from (select j a from t union all select 'x')
select coalesce('1'::json, 2), typeof(coalesce('1'::json, 2)), typeof(coalesce('1'::json, date '2020-01-01')), typeof([j,[1]]) from t
select typeof(coalesce(j,{'a':1})) from t
select '"2020-01-01"'::json = date '2020-01-01', '[1]'::json = [1]
select '1'::json in (1,2), '1'::json in ('1'), '1'::json between 0 and 2, '1'::json = true
select typeof(greatest('1'::json,'2'))
select '5'::json + 1, typeof('5'::json+1)
select sum('5'::json)
select abs('5'::json)
select '5'::json || '6'::json, typeof('5'::json || '6'::json)
select upper(u), length(u), u||'x', u like '000%', typeof(u), u = '000102030405060708090a0b0c0d0e0f', u = '00010203-0405-0607-0809-0A0B0C0D0E0F'::varchar from t
select length(u) from t
select u||'x' from t
select u like '000%' from t
select concat(u,'x'), typeof(coalesce(u,'00010203-0405-0607-0809-0A0b0c0d0e0f')) from t
select typeof(coalesce(u,v)) from t
select u = v from t
select u < 'f' from t
select u::varchar, u::blob from t
select '{00010203-0405-0607-0809-0A0b0c0d0e0f}'::uuid, '00010203-04050607-0809-0A0b0c0d0e0f'::uuid
select 'xyz'::uuid
select try_cast('xyz' as uuid)
select typeof(uuid()), typeof(gen_random_uuid()), typeof(uuidv7())
select uuid_extract_version('00010203-0405-4607-0809-0a0b0c0d0e0f'::uuid)
select 1::uuid
select u::int from t
select max(u), min(u), typeof(max(u)) from t
select to_json(u) from t
select '"00010203-0405-0607-0809-0a0b0c0d0e0f"'::json::uuid
select '00010203-0405-0607-0809-0a0b0c0d0e0f'::json
select j.a.b, j.a from t
select t.j.a.b from t
select (j->'a')[1] from t
select ('[1,[2,3]]'::json)[1][0]
select '[1,2]'::varchar->0, '[1,2]'[0]
select ('{"a":[1,2]}' -> 'a')[1]
select j['a']['b'] from t
select j[1:2] from t
select j[null], j['$.a'] from t
select j['a.b'] , j['*'], j['/a'] from t
select '{"*":1,"/a":2,"$.a":3,"a":4}'::json['*'], '{"*":1,"/a":2,"$.a":3,"a":4}'::json['/a'],'{"*":1,"/a":2,"$.a":3,"a":4}'::json['$.a']
select '{"*":1,"/a":2,"$.a":3,"a":4}'->'*', '{"a":1}'->'a*', '{"0":1}'->0, '{"0":1}'->'0', '[5]'->'0', '[5]'->'$.0'
select '[5,6]' -> '1', '{"1":7}' -> '1', '{"1":7}' -> 1, '{"-1":7}'->'-1'
select '{"a":1}' ->> 'a', typeof('{"a":1}' ->> '$.*')
select '{"a":[{"b":1},{"b":2}]}' -> '$.a[*].b', '{"a":[{"b":1},{"b":2}]}' ->> '$.a[*].b', '{"a":[{"b":1},{"b":2}]}' -> '$..b', '{"a":[{"b":1},{"b":2}]}' -> '$.a..b'
select '{"a":1}' -> '$.*.b', '5' -> '$.*', '5' -> '$[*]', '{"a":1}' -> '$[*]', '[1]' -> '$.*', null::json -> '$.*'
select '{"a":{"a":{"a":1}}}' -> '$..a', '[[1],[2,[3]]]' -> '$..[0]', '{"a":[1,2]}' -> '$..*', '{"a":[1,2]}' -> '$..'
select '{"a":1}' -> '$."a"', '{"a":1}' -> '$.''a''', '{"a\"b":1}' -> '$."a\"b"', '{"a\\b":1}' -> '$."a\\b"'
select '{"a b":1}' -> '$.a b', '{"a b":1}' -> '$."a b"', '{"a-b":1}' -> '$.a-b', '{"é":1}' -> '$.é'
select '[1,2,3]'->'$[ 1 ]'
select '[1,2,3]'->'$[#-4]', '[1,2,3]'->'$[#-0]', '[1,2,3]'->'$[-4]', '[1,2,3]'->'$[99999999999]'
select '[1,2,3]'->'$["a"]'
select '{"a":1}'->'$["a"]'
select '{"a":1}'->'$[a]'
select '{"a":1}'->'$[]'
select '{"a":1}'->'$.a[#'
select '{"a":1}'->'$.a[#]b'
select '{"a":1}'->'$ .a'
select '{"a":1}'->'/', '{"":3}'->'/', '{"a/b":1,"m~n":2}'->'/a~1b', '{"a/b":1,"m~n":2}'->'/m~0n', '[1,2]'->'/1', '[1,2]'->'/-', '[1]'->'/01', '{"a":[1,2]}' -> '/a/1'
select '{"a":1}' -> x from (select 'a' x)
select '{"a":1}' -> x from (select '$.*' x)
select '{"a":1}' -> x from (select '$.' x)
select '{"a":1}' -> x from (select '$a' x)
select '{bad' -> 'a'
select '{bad' -> '$'
select json_extract('1 2','$')
select json_extract('','$')
select json_extract_string('"\ud800"','$')
select json_valid('"\ud800"'), json_valid('01'), json_valid('1.'), json_valid('.5'), json_valid('+1'), json_valid('1e'), json_valid('{"a":1,}'), json_valid('[1,]'), json_valid('{a:1}'), json_valid('// c'), json_valid('/**/1'), json_valid('""'), json_valid(''), json_valid(' ')
select json_valid('tru'), json_valid('TRUE'), json_valid('null '), json_valid('NaN'), json_valid('nan'), json_valid('-nan'), json_valid('inf'), json_valid('-Infinity'), json_valid('INF'), json_valid('{"a":"\x"}'), json_valid('"' || chr(1) || '"'), json_valid('"' || chr(127) || '"')
select json('"' || chr(92) || 'u001f' || chr(127) || '"'), json('"\b\f\t\r\/"')
select json(repeat('[',3000)||repeat(']',3000))=repeat('[',3000)||repeat(']',3000)
select json_valid(repeat('[',3000)||repeat(']',3000)), json_array_length(repeat('[',2000)||repeat(']',2000)), length((repeat('[',2000)||repeat(']',2000))->0)
select json_type('{"a":[1]}','$.a'), json_type('[1]','$[*]'), json_type('[1]',0), json_array_length('[1,2,3]','$'), json_array_length('{"a":[1,2]}','a'), json_array_length('5'), json_array_length('{}'), json_array_length('{"a":[1]}',['a','b'])
select json_array_length('{"a":[[1],[2,3]]}','$.a[*]')
select * from json_each('{"a":1,"b":[1,2],"c":"x","d":null}')
select * from json_each('[10,"y"]')
select * from json_each('5')
select * from json_tree('{"a":[1,{"b":2}],"c":"x"}')
select * from json_each('{"a":{"x":1}}','$.a')
select * from json_tree('{"a":{"x":1}}','$.a')
select * from json_each(null)
select * from json_each('{"a":{"x":1}}','$.zz')
select t.i, e.key, e.value from (values (1,'[1,2]'),(2,'{"k":3}')) t(i,d), json_each(t.d) e
select * from json_each('{"a.b":1, "c d":2}')
select json_structure('{"a":1,"a":2}'), json_structure('[1,null]'), json_structure('["2020-01-01"]'), json_structure('"2020-01-01"'), json_structure('[[1],[2.5]]'), json_structure('[{"a":1},{"a":"x"}]'), json_structure('18446744073709551616'), json_structure('[true,1]'), json_structure('[{}]'), json_structure('[-1,2.5]'),json_structure('[{},{"a":1}]'), json_structure('[[],1]'), json_structure('[[],[1]]'), json_structure('[null]')
select json_structure('5.0'), json_structure('true'), json_structure('"x"'), json_structure(null), json_structure('[9223372036854775808]'), json_structure('[9223372036854775808,-1]'), json_structure('[true,"x"]'), json_structure('[1,"x"]'), json_structure('[{"a":null},{"a":[1]}]'), json_structure('[[1],{"a":1}]')
select json_group_structure(x) from (values ('{"a":1}'),('{"a":-1,"b":"x"}')) t(x)
select json_group_structure(x) from (values ('5'),(null),('null')) t(x)
select json_group_structure(x) from (values ('5')) t(x) where false
select json_contains('{"a":{"b":1}}','{"b":1}'), json_contains('[1,[2,3]]','[3]'), json_contains('[1,2]','1'), json_contains('{"a":1}','"a"'), json_contains('[1]','1.0'), json_contains('{"a":1,"b":2}','{"b":2,"a":1}'), json_contains('[{"a":1,"b":2}]','[{"a":1}]'), json_contains('[1,2,3]','[3,1]'), json_contains('[1]','[1,1]'), json_contains(null,'1'), json_contains('1',null),json_contains('"x"','x')
select json_contains('"ab"','"a"'), json_contains('[1,2]','[]'), json_contains('{"a":1}','{}'), json_contains('5','[]'), json_contains('5','[5]'), json_contains('[[1,2]]','[1]'), json_contains('[[1,2]]','[[1]]'), json_contains('{"a":[1]}','{"a":1}')
select json_contains('"x"','x')
select json_merge_patch('1','2'), json_merge_patch('{"a":1}','5'), json_merge_patch('{"a":[1]}','{"a":[2]}'), json_merge_patch('{"a":1}','{"b":{"c":null}}'), json_merge_patch(null,'{"a":1}'), json_merge_patch('{"a":1}','null'), json_merge_patch('{"a":1,"b":2}','{"a":3}')
select json_merge_patch('{"a":1}'), json_merge_patch('{bad','{}')
select json_pretty('[]'), json_pretty('{}'), json_pretty('5'), json_pretty('[1,{"a":"x"}]'), json_pretty('{"a":{"b":[]}}'), typeof(json_pretty('1'))
select json_object('a',1,'a',2), json_object('k','{"a":1}'::json), json_array('{"a":1}'::json), json_array(date '2020-01-01', 1.5, 'é"'), json_object(), json_object('a',null)
select json_object('a',1,2,3)
select json_object(null,1)
select json_group_object(x,y) from (values ('a',1),('a',2),('b',null)) t(x,y)
select json_group_object(x,y) from (values (null,1)) t(x,y)
select json_group_object(x,y) from (values (1,1)) t(x,y)
select json_group_array({'a':x}) from (values (1),(null)) t(x)
select json_group_array(x) over (order by x) from (values (1),(2)) t(x)
select json_transform('{"a":1,"b":{"c":[1,2]}}','{"a":"BIGINT","b":{"c":["DOUBLE"]}}')
select json_transform('[1]','{"a":"INTEGER"}'), json_transform('{"a":"2020-01-01","t":"12:00","ts":"2020-01-01 00:00:00","b":"true","d":"1.5"}','{"a":"DATE","t":"TIME","ts":"TIMESTAMP","b":"BOOLEAN","d":"DECIMAL(4,2)"}'), json_transform('{"a":[1,"x"]}','{"a":["INTEGER"]}'), json_transform('{"a":300}','{"a":"UTINYINT"}'), json_transform('{"A":1}','{"a":"INTEGER"}'), json_transform(null,'{"a":"INTEGER"}')
select json_transform('{"a":1}','{"a":"MAP(VARCHAR,INTEGER)"}')
select json_transform('{"a":1}','{"a":"NOTATYPE"}')
select json_transform('{"a":1}','["INTEGER","x"]')
select json_transform('{"a":1}',x) from (select '"INTEGER"' x)
select json_transform('{bad','"INTEGER"')
select json_transform('{"a":1,"b":2}', '{"a":"INTEGER[]"}')
select json_transform_strict('{"a":1}','{"a":"INTEGER"}'), json_transform_strict('null','{"a":"INTEGER"}'), json_transform_strict('{"a":null}','{"a":"INTEGER"}'), from_json_strict('[1]','["VARCHAR"]')
select json_transform_strict('{"a":1,"b":2}','{"a":"INTEGER"}')
select '[1,2]'::json::varchar[], '["a"]'::json::varchar[], '[{"a":1}]'::json::struct(a int)[], '[{"a":1}]'::json::json[], '{"a":{"b":1}}'::json::struct(a json), '{"a":"x"}'::json::struct(a varchar), '{"a":[1]}'::json::struct(a varchar)
select 'null'::json::int[], 'null'::json::struct(a int), '[null]'::json::varchar[], '[null]'::json::json[]
select '{"a":1}'::json::struct(A int)
select '{"a":1,"b":2}'::json::struct(a int)
select '{"b":2}'::json::struct(a int)
select '{}'::json::struct(a int)
select try_cast('{"b":2}'::json as struct(a int)), try_cast('["x"]'::json as int[]), try_cast('"x"'::json as int[])
select '[1,2]'::json::int[2]
select '[1,2]'::json::int[3]
select '5'::json::blob
select '"x"'::json::blob
select '5'::json::double, '5'::json::decimal(4,1), '"5.25"'::json::decimal(4,1), '1e2'::json::int, '300'::json::tinyint
select '1e2'::json::int, '"1e2"'::json::int, 'true'::json::double, '5'::json::date
select '5'::json::date
select '"abc"'::json::date
select 'true'::json::varchar, '{"a":1}'::json::varchar, '2.50'::json::varchar
select '"1 day"'::json::interval, '"12:00"'::json::time
select '18446744073709551616'::json::hugeint, '18446744073709551616'::json::double, '18446744073709551616'::json::varchar
select '18446744073709551615'::json::ubigint,'-5'::json::utinyint
select '2'::json::boolean, '"yes"'::json::boolean, '0'::json::boolean, '1.5'::json::boolean
select {'a':1,'b':[1.5]}::json, [{'a':null}]::json, map{'a':1}::json, 'x'::blob::json, (1=1)::json
select ['1','x']::json, ['1','{"a":1}']::json[], {'a':'x'}::json
select ['{bad']::json[]
select {'a':'[1]'}::struct(a json), typeof({'a':'[1]'}::struct(a json))
select json_keys('{"b":1,"a":2,"b":3}'), json('{"b":1,"a":2,"b":3}'), '{"b":1,"a":2,"b":3}'->'b', json_array_length('[1,1]')
select json_value('{"a":1}','a'), json_value('{"a":null}','a'), json_value('[1]','$[*]'), json_value('{"a":{"b":1}}','a')
select json_exists('{"a":1}','a'), json_exists('[1]',0), json_exists('[1]',1), json_exists(null,'a'), json_exists('[]','$[*]')
select to_json({'a':date '2020-01-01','b':[1.5,null],'c':map{1:'x'}}), to_json(1::hugeint), to_json(1.5::float), to_json(timestamptz '2020-01-01 00:00:00+00'), to_json(interval '1 month 2 days'), to_json([interval 1 day]), to_json(''), to_json([]), to_json({'a':'\x01'::blob})
select to_json(1e22::double), to_json(1.5e22::double), to_json(1e21::double), to_json(123456789012345680000.0::double), to_json(0.000001::double), to_json(0.0000001::double), to_json(-0.0::double), to_json(5e-324::double), to_json(3.4e38::float), to_json(1.1::float)
select to_json(12345678901234567890.12::decimal(30,2)), to_json(0.1::decimal(3,2)), to_json(100::decimal(5,0)), to_json(1.10::decimal(3,2)), to_json(-0.05::decimal(3,2)), [1.50::decimal(4,2)]::json
select json_quote(null), json_quote('a"'), json_quote([1]), json_quote(true)
select array_to_json(null), row_to_json(null), to_json(null::int), to_json(null::json), to_json({'a':null::json}), to_json({'a':'null'::json})
select to_json(1,2)
select is_json('x')
select json_extract_path('{"a":1}','$.a'), json_extract_path_text('{"a":"x"}','$.a')
select ('{"a":true}' -> 'a') and true
select json_deserialize_sql('{}')
select ['{"a":1}'::json]::varchar, {'a':'{"x":1}'::json}::varchar, ['"x"'::json]::varchar
select json_merge_patch('{"a":1}', null, '{"b":1}'), json_merge_patch(null,null), json_merge_patch('{"a":1}','{"b":2}',null)
select json_value('"x"','$'), json_value('1.10','$')
select json_group_array(x) from (values ('{"a" : 1}'::json)) t(x)
select json_group_object(x,y) from (values (null::varchar,null)) t(x,y)
select json_transform('{"a":"x"}', '{"a":"JSON"}'), json_transform('{"a":{"b":1}}', '{"a":"STRUCT(b INTEGER)"}')
select json_transform('{"a":1}', '{}')
select json_transform('{"a":1}', '[]')
select json_transform('[[1]]', '[["INTEGER"]]'), json_transform('[1]', '["INTEGER", "INTEGER"]')
select json_transform('{"a":1}', '5')
select json_transform('{"a":1}', 'x')
select json_transform('{"a":1,"a":2}', '{"a":"INTEGER"}'), json_transform_strict('{"a":1,"b":1}', '{"a":"INTEGER"}')
select json_transform_strict('{"a":1,"a":2}', '{"a":"INTEGER"}')
select json_transform('{"a":1}', '{"a":"INTEGER","A":"INTEGER"}')
select json_transform([1,2],'["INTEGER"]')
select json_object('a'::json,1)
select json_object(('"a"')::json,1)
select json_quote('x','y')
select to_json()
select * from json_each('{"a":[1,2]}', '$.a[0]')
select * from json_each('{"a":[1,2]}', 'a')
select * from json_tree('[1,[2]]', '$[1]')
select * from json_each('[1,2]', 0)
select * from json_each('{"a":{"b":[1]}}', '/a/b')
select * from json_each('{"a":1}', '$.*')
select * from json_each('{bad')
select count(*) from (values ('[1,2]'),(null),('{}'),('5')) t(x), json_each(x)
select key, value from json_each('{"é":1,"a-b":2,"":3,"_x":4,"1a":5,"A9":6}')
select fullkey from json_each('{"é":1,"a-b":2,"":3,"_x":4,"1a":5,"A9":6,"a\"b":7}')
select e.key from json_each('{"a":1}') e where e.value::int = 1
select json_each.key from json_each('{"a":1}')
select try_cast('[1]'::json as struct(a int)), json_transform('5','{"a":"INTEGER","b":{"c":"INTEGER"}}'), json_transform('null','{"a":"INTEGER"}'), json_transform('{"b":5}','{"a":"INTEGER","b":{"c":"INTEGER"}}'), json_transform('{"b":null}','{"b":{"c":"INTEGER"}}'), json_transform('{}','{"b":{"c":"INTEGER"}}'), json_transform('5','["INTEGER"]')
select typeof(x) from (select '00010203-0405-0607-0809-0a0b0c0d0e0f'::uuid x union all select 'a')
select typeof(x) from (select '00010203-0405-0607-0809-0a0b0c0d0e0f'::uuid x union all select 'a'::varchar)
select uuid() in ('00010203-0405-0607-0809-0a0b0c0d0e0f'), uuid() between '00010203-0405-0607-0809-0a0b0c0d0e0f' and 'ffffffff-0405-0607-0809-0a0b0c0d0e0f'
select uuid_extract_version(uuid()), uuid_extract_version('x')
select md5(uuid()::varchar) is not null
select md5(uuid()) is not null
select substr(uuid(),1,2)
select uuid()[1]
select string_agg(uuid(), ',') is not null
select concat_ws('-', uuid(), 1) is not null
select max(uuid()) is not null
select greatest(uuid(), uuid()) is not null
select sum(uuid())
select '{"a":1}'::json['a'], ('{"a":1}'::json)[x] from (select 'a' x)
select ('[1,2]'::json)[x] from (select 1 x)
