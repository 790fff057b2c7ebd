"""PEP 249: the module, connections, cursors, types and errors; SQLite's driver is the oracle for what cursors count."""

from __future__ import annotations

import datetime as dt
import sqlite3
import threading
from decimal import Decimal
from functools import partial

import pyarrow as pa
import pytest

import rem_arrow as rem
from rem_arrow import dbapi
from rem_arrow.drivers import pep249


@pytest.fixture(scope="module")
def server():
    """A database that is served, for the whole module."""
    with rem.start_server(rem.connect()) as server:
        yield server


@pytest.fixture(params=["folder", "server"])
def opened(request, tmp_path, server):
    """Opens connections to one database: in a folder of its own, or served, without a table t."""
    if request.param == "folder":
        return partial(dbapi.connect, tmp_path / "a.rem")
    connect = partial(dbapi.connect, server.address, token=server.token)
    with connect(autocommit=True) as connection:
        connection.cursor().execute("DROP TABLE IF EXISTS t; DROP TABLE IF EXISTS u")
    return connect


@pytest.fixture
def connection(opened):
    with opened() as connection:
        connection.cursor().execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b VARCHAR CHECK (b <> 'bad'))")
        connection.cursor().executemany("INSERT INTO t VALUES (?, ?)", [[1, "x"], [2, "y"], [3, None]])
        connection.commit()
        yield connection


def test_the_module_says_what_it_is():
    """The globals, constructors and the tree of exceptions that PEP 249 asks for."""
    assert (dbapi.apilevel, dbapi.threadsafety, dbapi.paramstyle) == ("2.0", 1, "qmark")
    assert dbapi.Date(2026, 1, 2) == dt.date(2026, 1, 2) and dbapi.Time(3, 4, 5) == dt.time(3, 4, 5)
    assert dbapi.Timestamp(2026, 1, 2, 3) == dt.datetime(2026, 1, 2, 3) and dbapi.Binary(b"a") == b"a"
    moment = dt.datetime(2026, 1, 2, 3, 4, 5)
    ticks = moment.timestamp()
    made = dbapi.DateFromTicks(ticks), dbapi.TimeFromTicks(ticks), dbapi.TimestampFromTicks(ticks)
    assert made == (moment.date(), moment.time(), moment)
    assert issubclass(dbapi.Warning, Exception) and not issubclass(dbapi.Warning, dbapi.Error)
    assert issubclass(dbapi.InterfaceError, dbapi.Error) and issubclass(dbapi.DatabaseError, dbapi.Error)
    for name in ("Data", "Operational", "Integrity", "Internal", "Programming", "NotSupported"):
        kind = getattr(dbapi, f"{name}Error")
        assert issubclass(kind, dbapi.DatabaseError) and getattr(dbapi.Connection, f"{name}Error") is kind
    assert set(pep249.__all__) <= set(dir(dbapi))


STEPS = (
    ("SELECT a, b FROM t ORDER BY a", ()),
    ("SELECT a AS n FROM t WHERE a > ? ORDER BY a", (1,)),
    ("SELECT a FROM t WHERE a > 99", ()),
    ("UPDATE t SET b = 'z' WHERE a >= ?", (2,)),
    ("DELETE FROM t WHERE a = 99", ()),
    ("DELETE FROM t WHERE a = 1", ()),
    ("INSERT INTO t VALUES (?, ?)", (8, "h")),
    ("SELECT COUNT(*) AS n FROM t", ()),
)


def trace(connection):
    """What a cursor shows of the steps: names, rows in several portions, and the rows written."""
    seen = []
    for text, parameters in STEPS:
        cursor = connection.cursor()
        cursor.execute(text, parameters)
        if cursor.description is None:
            seen.append((text, cursor.rowcount))
            continue
        names = [d[0] for d in cursor.description]
        assert all(len(d) == 7 for d in cursor.description)
        cursor.arraysize = 2
        seen.append((text, names, cursor.fetchone(), cursor.fetchmany(), cursor.fetchmany(5), cursor.fetchall()))
        seen.append((cursor.fetchone(), cursor.fetchmany(), cursor.fetchall(), list(cursor)))
    return seen


def test_cursors_count_and_fetch_as_those_of_sqlite(connection):
    """Names, rows in portions, ends of results and counts of rows agree with another driver."""
    other = sqlite3.connect(":memory:")
    other.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b VARCHAR)")
    other.executemany("INSERT INTO t VALUES (?, ?)", [[1, "x"], [2, "y"], [3, None]])
    assert trace(connection) == trace(other)
    other.close()


def test_rows_are_counted_and_places_known(connection):
    """`rowcount` is known at once, `rownumber` moves; rows come over the edge of a buffer."""
    cursor = connection.cursor()
    assert (cursor.rowcount, cursor.rownumber, cursor.description, cursor.lastrowid) == (-1, None, None, None)
    cursor.execute("SELECT * FROM range(3000)")
    assert cursor.rowcount == 3000 and cursor.connection is connection
    assert cursor.fetchmany(1500)[-1] == (1499,) and cursor.rownumber == 1500
    assert cursor.fetch_arrow_table().equals(pa.table({"range": pa.array(range(1500, 3000), pa.int64())}))
    assert cursor.rownumber == 3000 and cursor.fetch_polars().height == 0
    assert [row for (row,) in cursor.execute("SELECT * FROM range(3000)")] == list(range(3000))
    cursor.setinputsizes([int])
    cursor.setoutputsize(10, 1)


def test_description_holds_types_that_equal_the_type_objects(connection):
    """Each SQL type is in one family; decimals show precision and scale."""
    families = {
        "VARCHAR": dbapi.STRING, "BLOB": dbapi.BINARY, "DATE": dbapi.DATETIME, "TIME": dbapi.DATETIME,
        "TIMESTAMP": dbapi.DATETIME, "TIMESTAMPTZ": dbapi.DATETIME, "INTERVAL": dbapi.DATETIME,
        "DOUBLE": dbapi.NUMBER, "HUGEINT": dbapi.NUMBER, "UTINYINT": dbapi.NUMBER, "DECIMAL(9,2)": dbapi.NUMBER,
    }  # fmt: skip
    every = (dbapi.STRING, dbapi.BINARY, dbapi.NUMBER, dbapi.DATETIME, dbapi.ROWID)
    for name, family in families.items():
        ((_, code, *_, precision, scale, _),) = (
            connection.cursor().execute(f"SELECT CAST(NULL AS {name}) AS x").description
        )
        assert [other for other in every if code == other] == [family]
        assert (precision, scale) == ((9, 2) if name.startswith("DECIMAL") else (None, None))
    ((_, code, *_),) = connection.cursor().execute("SELECT [1.5::DECIMAL(9,2)] AS x").description
    assert not any(code == other for other in every) and repr(dbapi.NUMBER) == "NUMBER"


@pytest.mark.parametrize(
    "value",
    [None, True, 7, -(2**63), 1.5, Decimal("1.25"), "Zoë 🙂", b"\x00\xff", dt.date(2026, 1, 2), dt.time(1, 2, 3)]
    + [dt.datetime(2026, 1, 2, 3, 4, 5, 6), dt.timedelta(days=1, microseconds=3), [1, 2], ["a", None]],
)
def test_values_return_as_they_were_given(connection, value):
    """A parameter comes back as an equal value of the same type."""
    (row,) = connection.cursor().execute("SELECT ? AS x", [value]).fetchall()
    assert row == (value,) and type(row[0]) is type(value)


def test_parameters_go_by_place_and_by_name(connection):
    """`?`, `$1` and `$name`; a cast may follow a question mark."""
    cursor = connection.cursor()
    assert cursor.execute("SELECT ? + ?, '?'", (1, 2)).fetchone() == (3, "?")
    assert cursor.execute("SELECT $2 - $1", (1, 5)).fetchone() == (4,)
    assert cursor.execute("SELECT $x || $y", {"x": "a", "y": "b"}).fetchone() == ("ab",)
    assert cursor.execute("SELECT ?::INTEGER + 1, [?::VARCHAR]", ("3", 4)).fetchone() == (4, ["4"])


def test_a_transaction_holds_until_commit_or_rollback(opened):
    """Another connection of the process sees what is committed; the first sees its own writes."""
    with opened() as first, opened() as second:
        first.cursor().execute("CREATE TABLE t (a INTEGER)")
        first.commit()

        def counts():
            second.rollback()
            return [c.cursor().execute("SELECT COUNT(*) FROM t").fetchone()[0] for c in (first, second)]

        first.cursor().execute("INSERT INTO t VALUES (1)")
        assert first.in_transaction and counts() == [1, 0]
        first.rollback()
        assert not first.in_transaction and counts() == [0, 0]
        first.cursor().execute("INSERT INTO t VALUES (1)")
        first.commit()
        assert counts() == [1, 1]
        first.autocommit = True
        first.cursor().execute("INSERT INTO t VALUES (2)")
        assert first.autocommit and counts() == [2, 2]
        first.cursor().execute("BEGIN")
        first.cursor().execute("DELETE FROM t")
        assert counts() == [0, 2]
        first.cursor().execute("ROLLBACK")
        first.cursor().execute("START TRANSACTION")
        first.cursor().execute("DELETE FROM t WHERE a = 1")
        first.cursor().execute("COMMIT")
        assert counts() == [1, 1]


def test_one_reads_one_version_until_its_transaction_ends(opened):
    """A transaction that reads sees no commit of others; the second of two that write the same row is refused."""
    with opened(autocommit=True) as one, opened() as two:
        one.cursor().execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b INTEGER)")
        one.cursor().execute("INSERT INTO t VALUES (1, 0)")
        assert two.cursor().execute("SELECT b FROM t").fetchone() == (0,)
        one.cursor().execute("UPDATE t SET b = 1")
        assert two.cursor().execute("SELECT b FROM t").fetchone() == (0,)
        two.cursor().execute("UPDATE t SET b = 2")
        with pytest.raises(dbapi.OperationalError, match="changed by another one first"):
            two.commit()
        assert two.cursor().execute("SELECT b FROM t").fetchone() == (1,)


def test_leaving_the_block_commits_or_rolls_back(tmp_path):
    """A block commits at its end, rolls back on an error, and closes the connection either way."""
    with dbapi.connect(tmp_path / "a.rem") as connection:
        connection.cursor().execute("CREATE TABLE t (a INTEGER)")
        connection.cursor().execute("INSERT INTO t VALUES (1)")
    with pytest.raises(KeyError), dbapi.connect(tmp_path / "a.rem") as connection:
        connection.cursor().execute("INSERT INTO t VALUES (2)")
        raise KeyError
    assert connection.closed
    with dbapi.connect(tmp_path / "a.rem", read_only=True) as connection, connection.cursor() as cursor:
        assert cursor.execute("SELECT a FROM t").fetchall() == [(1,)] and not connection.in_transaction


@pytest.mark.parametrize(
    ("kind", "text", "cause", "says"),
    [
        (dbapi.ProgrammingError, "SELEC 1", rem.ParseError, "cannot read this"),
        (dbapi.ProgrammingError, "", rem.ParseError, "the statement is empty"),
        (dbapi.ProgrammingError, "SELECT bb FROM t", rem.BindError, "Did you mean b"),
        (dbapi.NotSupportedError, "ATTACH 'x' AS y", rem.UnsupportedError, "ATTACH is not supported"),
        (dbapi.IntegrityError, "INSERT INTO t VALUES (1, 'again')", rem.ConstraintError, "PRIMARY KEY"),
        (dbapi.IntegrityError, "INSERT INTO t VALUES (9, 'bad')", rem.ConstraintError, "CHECK"),
        (dbapi.OperationalError, "SELECT 'x'::INTEGER", rem.ExecuteError, "'x'"),
        (dbapi.DataError, "SELECT 1; COMMIT", rem.InputError, "COMMIT stands by itself"),
        (dbapi.DataError, 7, rem.InputError, "a statement is a text, not a int"),
    ],
)
def test_errors_are_those_of_pep_249(connection, kind, text, cause, says):
    """An error has its class of PEP 249, its RemError as cause, the same text, and leaves the transaction usable."""
    connection.cursor().execute("INSERT INTO t VALUES (5, 'kept')")
    with pytest.raises(kind, match=says) as caught:
        connection.cursor().execute(text)
    assert type(caught.value) is kind and type(caught.value.__cause__) is cause
    assert isinstance(caught.value, rem.RemError)
    connection.commit()
    assert connection.cursor().execute("SELECT b FROM t WHERE a = 5").fetchone() == ("kept",)


def test_what_is_closed_or_has_no_rows_says_so(connection):
    """Closed cursors and connections, and fetches without a result, raise InterfaceError."""
    cursor = connection.cursor()
    for fetch in (cursor.fetchone, cursor.fetchmany, cursor.fetchall, cursor.fetch_arrow_table):
        with pytest.raises(dbapi.InterfaceError, match="there are no rows to fetch"):
            fetch()
    with pytest.raises(dbapi.ProgrammingError, match="executemany runs statements without rows"):
        cursor.executemany("SELECT ?", [[1]])
    cursor.close()
    cursor.close()
    with pytest.raises(dbapi.InterfaceError, match="the cursor is closed"):
        cursor.execute("SELECT 1")
    left = connection.cursor()
    connection.close()
    connection.close()
    for call in (connection.cursor, connection.commit, connection.rollback, lambda: left.execute("SELECT 1")):
        with pytest.raises(dbapi.InterfaceError, match="the connection is closed"):
            call()
    with pytest.raises(dbapi.DataError, match="already"), dbapi.connect(autocommit=True) as other:
        other.cursor().execute("BEGIN")
        other.cursor().execute("BEGIN")


def test_connections_share_a_folder_and_the_last_closes_it(tmp_path):
    """The folder is free for others once all connections are closed; other options are refused while it is open."""
    first, second = dbapi.connect(tmp_path / "a.rem"), dbapi.connect(tmp_path / "a.rem")
    assert first.database is second.database
    with pytest.raises(dbapi.DataError, match="is open in this process with the options"):
        dbapi.connect(tmp_path / "a.rem", read_only=True)
    first.close()
    assert not second.database.closed
    database = second.database
    second.close()
    assert database.closed
    with rem.connect(tmp_path / "a.rem") as db, pytest.raises(dbapi.OperationalError):
        dbapi.connect(tmp_path / "a.rem")
    with rem.connect() as db:
        with dbapi.connect(db) as over:
            assert over.database is db
        assert not db.closed
        with pytest.raises(dbapi.DataError, match="takes no options"):
            dbapi.connect(db, read_only=True)


def test_threads_write_over_connections_of_their_own(opened):
    """Four threads, a connection each: all rows arrive."""

    def write(n):
        with opened() as own:
            own.cursor().executemany("INSERT INTO t VALUES (?)", [[n * 100 + i] for i in range(20)])

    with opened() as connection:
        connection.cursor().execute("CREATE TABLE t (a INTEGER)")
        connection.commit()
        threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert connection.cursor().execute("SELECT COUNT(DISTINCT a) FROM t").fetchone() == (80,)


def test_a_transaction_holds_definitions(connection):
    """CREATE TABLE is rolled back with the rows beside it, and counted where it has rows."""
    connection.cursor().execute("INSERT INTO t VALUES (7, 'gone')")
    assert connection.cursor().execute("CREATE TABLE u AS SELECT 1 AS x").rowcount == 1
    connection.rollback()
    assert connection.cursor().execute("SELECT b FROM t WHERE a = 7").fetchall() == []
    with pytest.raises(dbapi.ProgrammingError):
        connection.cursor().execute("SELECT x FROM u")


def test_what_a_transaction_sets_outlives_it(connection):
    """Settings and temporary tables are the connection's, on a server too."""
    cursor = connection.cursor()
    cursor.execute("CREATE TEMP TABLE own AS SELECT 1 AS a")
    cursor.execute("SET timezone = 'Asia/Tokyo'")
    connection.commit()
    assert cursor.execute("SELECT a, current_setting('timezone') FROM own").fetchall() == [(1, "Asia/Tokyo")]
    cursor.execute("INSERT INTO own VALUES (2)")
    connection.rollback()
    assert cursor.execute("FROM own").fetchall() == [(1,)]
    cursor.execute("DROP TABLE own; RESET timezone")
    connection.commit()
