"""SET, PREPARE and what shows the catalog, beyond what scripts/session.sql and scripts/catalog.sql compare."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import polars as pl
import pytest

import rem_arrow as rem

TABLES = [
    "CREATE TABLE t (a INTEGER NOT NULL, b VARCHAR NOT NULL DEFAULT 'x', n DECIMAL(5, 2))",
    "CREATE VIEW v AS SELECT a FROM t",
    "CREATE SCHEMA s",
    "CREATE TABLE s.u (a BIGINT, b DOUBLE)",
    "CREATE TEMP TABLE tt (z INTEGER)",
    "CREATE INDEX i ON t (b)",
    "CREATE MACRO f(x, y := 2) AS x + y",
]
OWN = "('t', 'u', 'v', 'tt')"
QUERIES = [
    f"SELECT table_schema, table_name, table_type FROM information_schema.tables WHERE table_name IN {OWN}",
    "SELECT table_name, column_name, ordinal_position, column_default, is_nullable, data_type, numeric_precision, "
    f"numeric_scale FROM information_schema.columns WHERE table_name IN {OWN}",
    "SELECT schema_name, table_name, temporary, column_count, index_count, sql FROM duckdb_tables() WHERE table_name "
    f"IN {OWN}",
    "SELECT table_name, column_name, column_index, data_type, is_nullable FROM duckdb_columns WHERE table_name IN "
    f"{OWN}",
    "SELECT view_name, column_count FROM duckdb_views() WHERE view_name = 'v'",
    "SELECT * FROM pragma_table_info('t')",
    "SELECT name, type FROM pragma_table_info('s.u')",
    "PRAGMA table_info('v')",
    "SELECT relname, relkind, relnatts FROM pg_class WHERE relname IN ('t', 'v', 'u')",
    "SELECT relname, nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON c.relnamespace = n.oid WHERE "
    "relname IN ('t', 'u')",
    "SELECT c.relname, a.attname, a.attnum, a.attnotnull FROM pg_attribute a JOIN pg_class c ON a.attrelid = c.oid "
    "WHERE c.relname IN ('t', 'u')",
    "SELECT table_name, constraint_type, constraint_text, constraint_column_names FROM duckdb_constraints() WHERE "
    "table_name = 't'",
    "SELECT function_name, parameters FROM duckdb_functions() WHERE function_name = 'f'",
    "SELECT index_name, table_name, is_unique, expressions, sql FROM duckdb_indexes() WHERE index_name = 'i'",
    "SELECT schema_name FROM information_schema.schemata WHERE catalog_name = current_database() AND schema_name IN "
    "('main', 's')",
    "SELECT tablename FROM pg_tables WHERE schemaname = 's'",
    "SELECT name, type FROM sqlite_master WHERE name IN ('t', 'v')",
    "SHOW TABLES FROM s",
    "SHOW SCHEMAS",
    "SHOW DATABASES",
    "DESCRIBE s.u",
]


@pytest.fixture(scope="module")
def db() -> Iterator[rem.Database]:
    with rem.connect(background=False) as database:
        for text in TABLES:
            database.sql(text)
        yield database


@pytest.fixture(scope="module")
def oracle() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        for text in TABLES:
            connection.execute(text)
        yield connection


@pytest.mark.parametrize("text", QUERIES)
def test_the_catalog_shows_what_it_shows_in_duckdb(db, oracle, text):
    """Rows and columns of the user's tables are the same."""
    expected = oracle.execute(text)
    names = [d[0] for d in expected.description]
    rows = db.sql(text)
    assert rows.columns == names
    assert sorted(map(str, rows.rows())) == sorted(map(str, expected.fetchall()))


def test_a_table_of_a_system_name_is_the_users(db):
    """It hides the table of the system, which its schema still shows."""
    db.sql("CREATE TABLE pg_class (mine INTEGER)")
    assert db.sql("FROM pg_class").columns == ["mine"]
    assert "relname" in db.sql("FROM pg_catalog.pg_class").columns
    db.sql("DROP TABLE pg_class")


def test_the_catalog_is_that_of_now(db):
    """A kept plan shows tables that were made after it."""
    text = "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'later'"
    assert db.sql(text).item() == 0
    db.sql("CREATE TABLE later (a INTEGER)")
    assert db.sql(text).item() == 1
    db.sql("DROP TABLE later")
    assert db.sql(text).item() == 0


def test_a_comment_is_there_after_opening_again(tmp_path):
    """COMMENT ON sets the description of a table, a view or a column."""
    with rem.connect(tmp_path / "m", background=False) as db:
        db.sql("CREATE TABLE t (a INTEGER); COMMENT ON TABLE t IS 'rows'; COMMENT ON COLUMN t.a IS 'a number'; VACUUM")
        db.sql("INSERT INTO t VALUES (1); CHECKPOINT")
    with rem.connect(tmp_path / "m", read_only=True) as db:
        assert db.sql("SELECT comment FROM duckdb_columns() WHERE table_name = 't'").item() == "a number"
        assert db.tables().row(by_predicate=pl.col("name") == "t", named=True)["description"] == "rows"
        assert db.sql("ANALYZE t").item() == "statistics are kept with the data"
        with pytest.raises(rem.InputError, match="reading only"):
            db.sql("CHECKPOINT")


def test_limits_are_set_for_the_handle():
    """memory_limit and statement_timeout hold from the next statement on, and RESET takes them back."""
    with rem.connect(background=False, memory_limit="256MB") as db:
        db.sql("SET memory_limit = '128MB'; SET statement_timeout = '10us'")
        assert db.sql("SHOW memory_limit").item() == "128.0 MiB"
        with pytest.raises(rem.ExecuteError, match="longer than"):
            db.sql("SELECT sum(range * 3) FROM range(300000)")
        db.sql("RESET statement_timeout; RESET memory_limit")
        assert db.sql("SELECT current_setting('memory_limit')").item() == "256.0 MiB"
        assert db.sql("SELECT value FROM duckdb_settings() WHERE name = 'statement_timeout'").item() == "0"


def test_a_prepared_statement_belongs_to_the_handle_and_its_plan_is_kept():
    """It runs with each set of values, in a transaction too, and another handle does not have it."""
    with rem.connect(background=False) as db, rem.connect(background=False) as other:
        db.sql("CREATE TABLE t (a INTEGER); PREPARE add AS INSERT INTO t VALUES ($1) RETURNING a")
        db.sql("BEGIN")
        assert [db.sql(f"EXECUTE add({i})").item() for i in range(3)] == [0, 1, 2]
        db.sql("COMMIT; PREPARE least AS SELECT count(*) FROM t WHERE a >= $least")
        assert db.sql("EXECUTE least(least := 1)").item() == 2
        with pytest.raises(rem.BindError, match="no prepared statement least"):
            other.sql("EXECUTE least(least := 1)")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SET threads = 1000", "threads cannot be set: it is an argument of rem_arrow.connect"),
        ("SET default_order = 'desc'", "write DESC in ORDER BY"),
        ("SET default_null_order = 'nulls_first'", "write NULLS FIRST in ORDER BY"),
        ("SET nosuch = 1", "there is no setting nosuch"),
        ("SET timezone = 'Mars/Olympus'", "is not a time zone"),
        ("SET statement_timeout = 'soon'", "is no duration"),
        ("SET memory_limit = 'much'", "is not a size"),
        ("SET LOCAL schema = 'main'", "holds for the handle"),
        ("SET", "a setting is expected"),
        ("SET schema", "= or TO is expected"),
        ("SET schema =", "ends too soon"),
        ("RESET schema now", "RESET takes one name"),
        ("SET memory_limit = 1 FROM t", "is no value"),
        ("PRAGMA nosuch", "there is no PRAGMA nosuch"),
        ("PRAGMA table_info('nosuch')", 'no table "nosuch"'),
        ("PRAGMA table_info(1, 2)", "takes the name of a table"),
        ("SELECT * FROM information_schema.nosuch", 'no table "information_schema.nosuch"'),
        ("SELECT current_setting(1)", "takes the name of a setting"),
        ("SELECT getvariable(1)", "takes the name of a variable"),
        ("SET VARIABLE x = {'a': 1}", "holds one value, or a list"),
        ("PREPARE p SELECT 1", "PREPARE takes a name, AS and a statement"),
        ("PREPARE p AS PREPARE q AS SELECT 1", "PREPARE takes a query"),
        ("EXECUTE nosuch", "no prepared statement nosuch"),
        ("PREPARE p AS SELECT $a; EXECUTE p(b := 1)", r"EXECUTE p: no value for \$a"),
        ("PREPARE p AS SELECT 1; EXECUTE p(1)", r"EXECUTE p: there is no parameter \$1"),
        ("PREPARE p AS SELECT 1; EXECUTE p 1", "values in parentheses"),
        ("DEALLOCATE nosuch", "no prepared statement nosuch"),
        ("EXPORT DATABASE 'x'", r"EXPORT: EXPORT DATABASE is db.export\(folder\)"),
        ("LOAD httpfs", "there are no extensions to load"),
        ("SAVEPOINT x", "there are no savepoints"),
        ("GRANT SELECT ON t TO x", "there are no users"),
        ("DECLARE c CURSOR FOR SELECT 1", "there are no cursors"),
        ("CHECKPOINT now", "CHECKPOINT takes no more words"),
        ("ANALYZE nosuch", 'no table "nosuch"'),
        ("COMMENT ON SCHEMA s IS 'x'", "COMMENT ON takes TABLE, VIEW or COLUMN"),
        ("COMMENT ON TABLE entities IS 'x'", "its descriptions are those of its model"),
        ("BEGIN; VACUUM", "VACUUM stands outside of transactions"),
        ("CHECKPOINT", "CHECKPOINT stands outside of transactions"),
        ("ROLLBACK; SAVEPOINT y", "there are no savepoints"),
    ],
)
def test_what_has_no_meaning_is_refused(db, text, message):
    """Never read and ignored: the error says what to do."""
    with pytest.raises(rem.RemError, match=message):
        db.sql(text)


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/St_Johns", "UTC"])
def test_a_format_shows_the_zone_of_the_session_and_its_offset(zone):
    """Offsets of hours, minutes and seconds; a TIMESTAMP has none. Formats in a column are those of constants."""
    texts = ["2024-01-01 12:00:00.5+00", "1900-01-01 00:00:00+00", "2024-07-01 12:00:00+00"]
    query = "SELECT strftime('{}'::TIMESTAMPTZ, '%d %H:%M:%S%z [%Z] %%z %z'), strftime(TIMESTAMP '{}', '%H%z [%Z]')"
    with rem.connect(background=False) as db, duckdb.connect() as oracle:
        for run in (db.sql, oracle.execute):
            run(f"SET timezone = '{zone}'")
        for text in texts:
            asked = query.format(text, text[:-3])
            assert db.sql(asked).rows() == oracle.execute(asked).fetchall()
        formats = ("%z", "%H %Z", "%%z", "%d")
        rows = db.sql(
            f"SELECT strftime('{texts[0]}'::TIMESTAMPTZ, f) FROM (VALUES {', '.join(f'({f!r})' for f in formats)}) t(f)"
        ).to_series()
        alone = [db.sql(f"SELECT strftime('{texts[0]}'::TIMESTAMPTZ, '{f}')").item() for f in formats]
        assert rows.to_list() == alone


def test_the_time_zone_is_that_of_the_handle_and_of_its_results():
    """Instants are shown in it, kept plans follow it, and what is stored stays the instant."""
    with rem.connect(background=False) as db:
        text = "SELECT z, hour(z) FROM t"
        db.sql("CREATE TABLE t (z TIMESTAMPTZ); INSERT INTO t VALUES ('2024-07-01 12:00:00+00')")
        assert db.sql(text).row(0)[1] == 12
        db.sql("SET timezone = 'europe/berlin'")
        shown = db.sql(text)
        assert str(shown.schema["z"]) == "Datetime(time_unit='us', time_zone='Europe/Berlin')"
        assert shown.row(0)[0].isoformat() == "2024-07-01T14:00:00+02:00" and shown.row(0)[1] == 14
        assert db.sql("SELECT CAST(z AS VARCHAR) FROM t").item() == "2024-07-01 14:00:00+02"
        assert db.sql("SELECT count(*) FROM t WHERE z = $at", {"at": shown.row(0)[0]}).item() == 1
        db.sql("INSERT INTO t VALUES ('2024-07-01 12:00:00')")
        assert db.to_arrow("t")["z"].to_pylist()[1].hour == 10
        db.sql("RESET timezone")
        assert db.sql("SELECT hour(z) FROM t ORDER BY 1").to_series().to_list() == [10, 12]
