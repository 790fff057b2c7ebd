-- Sequences: numbers in the order of the rows, bounds, cycles, defaults, and what depends on them.
CREATE SEQUENCE s
SELECT nextval('s')
SELECT nextval('s'), x FROM range(3) t(x)
SELECT currval('s')
SELECT nextval('s') + nextval('S')
CREATE TABLE t (id INTEGER PRIMARY KEY DEFAULT nextval('s'), v INTEGER)
INSERT INTO t (v) VALUES (1), (2), (3)
INSERT INTO t (v) SELECT x FROM range(3) r(x)
INSERT INTO t VALUES (DEFAULT, 9)
SELECT * FROM t
UPDATE t SET v = nextval('s')
SELECT * FROM t
ALTER TABLE t ADD COLUMN w INTEGER DEFAULT nextval('s')
SELECT * FROM t
INSERT INTO t (v) VALUES (1) RETURNING id
CREATE SEQUENCE q START 5 INCREMENT BY -2 MINVALUE 1 MAXVALUE 5 CYCLE
SELECT nextval('q') FROM range(5)
CREATE SEQUENCE m MAXVALUE 2
SELECT nextval('m')
SELECT nextval('m')
SELECT nextval('m')
SELECT currval('m')
CREATE SEQUENCE down INCREMENT BY -1 MINVALUE -10
SELECT nextval('down') FROM range(3)
CREATE SEQUENCE later START WITH 100
SELECT currval('later')
SELECT nextval('later')
DROP SEQUENCE s
ALTER TABLE t ALTER id DROP DEFAULT
ALTER TABLE t ALTER w DROP DEFAULT
DROP SEQUENCE s
SELECT nextval('s')
DROP SEQUENCE s
DROP SEQUENCE IF EXISTS s
CREATE SEQUENCE m
CREATE SEQUENCE IF NOT EXISTS m
CREATE OR REPLACE SEQUENCE m START 7
SELECT nextval('m')
CREATE SEQUENCE bad START 5 MAXVALUE 3
CREATE SEQUENCE bad INCREMENT 0
CREATE SCHEMA sch
CREATE SEQUENCE sch.z
SELECT nextval('sch.z')
SELECT nextval('z')
SELECT nextval('m') WHERE false
SELECT nextval('m')
SELECT nextval('nope')
CREATE VIEW v AS SELECT nextval('m') AS a
SELECT * FROM v
SELECT * FROM v
SELECT * FROM (VALUES (nextval('m')), (nextval('m'))) t(a)
SELECT sequence_name, start_value, min_value, max_value, increment_by, cycle, last_value, temporary FROM duckdb_sequences() ORDER BY 1
