"""Flight SQL as a driver of somebody else speaks it, ADBC's, and as a client speaks it that means no good."""

from __future__ import annotations

import os
import subprocess
import sys

import adbc_driver_flightsql.dbapi as adbc
import duckdb
import polars as pl
import pyarrow as pa
import pytest
from adbc_driver_flightsql import DatabaseOptions
from pyarrow import flight

import rem_arrow as rem
from rem_arrow.serve import flight_sql_catalog
from rem_arrow.serve.flight_sql_messages import packed, parsed, serialized, unpacked
from tests.children import ROOT
from tests.docs.example import example
from tests.patience import until
from tests.serve.served import ADMIN, READER, WRITER, token_file


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with rem.start_server(
        example(), token_file=token_file(tmp_path_factory.mktemp("served")), request_bytes=1 << 20
    ) as server:
        yield server


def driver(server, token=ADMIN, *, autocommit=True):
    """A connection of ADBC."""
    options = {DatabaseOptions.AUTHORIZATION_HEADER.value: f"Bearer {token}"}
    return adbc.connect(server.address.replace("rem:", "grpc:"), db_kwargs=options, autocommit=autocommit)


@pytest.fixture
def cursor(server):
    with driver(server) as connection, connection.cursor() as cursor:
        yield cursor


def client(server, token=ADMIN):
    """A bare client of Flight, and its options."""
    raw = flight.FlightClient(server.address.replace("rem:", "grpc+tcp:"))
    return raw, flight.FlightCallOptions(headers=[(b"authorization", f"Bearer {token}".encode())], timeout=60)


# --- statements


def test_queries_give_the_rows_and_types_of_the_database(server, cursor):
    """Nested ones, NULLs and times; a result of many batches; one without rows."""
    text = (
        "SELECT i AS n, CASE WHEN i % 3 = 0 THEN NULL ELSE i::VARCHAR END AS t, i::DECIMAL(10, 2) / 4 AS d, "
        "DATE '2026-01-01' + i::INT AS day, [i, NULL] AS l, {'a': i, 'b': 'x'} AS s FROM range(200000) r(i) ORDER BY i"
    )
    cursor.execute(text)
    table = cursor.fetch_arrow_table()
    assert table.num_rows == 200_000 and len(table.to_batches()) > 1
    expected = duckdb.sql(text).to_arrow_table().slice(100, 50).to_pylist()
    assert table.slice(100, 50).to_pylist() == expected
    cursor.execute("SELECT * FROM sales WHERE amount > 100")
    assert cursor.fetch_arrow_table().column_names == ["region", "amount"]


def test_parameters_are_values(cursor):
    """Of queries, of updates, and of many rows at once, all of them or none."""
    cursor.execute("SELECT region FROM sales WHERE amount > ? AND region <> ?", (3, "'; DROP TABLE sales; --"))
    assert sorted(cursor.fetchall()) == [("north",), ("south",)]
    cursor.execute("CREATE TABLE bound (a INT PRIMARY KEY, b VARCHAR)")
    cursor.executemany("INSERT INTO bound VALUES (?, ?)", [(1, "x"), (2, None), (3, "z")])
    assert cursor.rowcount == 3
    with pytest.raises(adbc.Error, match="ConstraintError"):
        cursor.executemany("INSERT INTO bound VALUES (?, ?)", [(4, "x"), (1, "again")])
    cursor.execute("SELECT * FROM bound ORDER BY a")
    assert cursor.fetchall() == [(1, "x"), (2, None), (3, "z")]
    cursor.execute("SELECT a FROM bound WHERE a = ?", (2,))
    assert cursor.fetchall() == [(2,)]


def test_a_statement_has_run_when_its_call_returns(server, cursor):
    """What writes is not left to when its result is read."""
    cursor.execute("CREATE TABLE made AS SELECT 1 AS n")
    with rem.connect(server.address, token=READER) as db:
        assert db.sql("SELECT n FROM made").item() == 1
        cursor.execute("SELECT COUNT(*) FROM made")
        with driver(server) as other, other.cursor() as writing:
            writing.execute("INSERT INTO made VALUES (2)")
            assert writing.fetchall() == [(1,)]
        # The version at which it was asked.
        assert cursor.fetchall() == [(1,)]


def test_transactions_are_those_of_the_database(server):
    """Seen by nobody else before they commit; tables and rows; rolled back, nothing."""
    with driver(server, autocommit=False) as connection, connection.cursor() as cursor, driver(server) as other:
        cursor.execute("CREATE TABLE within AS SELECT 1 AS n")
        cursor.fetchall()
        cursor.execute("INSERT INTO within VALUES (2), (3)")
        cursor.execute("SELECT SUM(n) FROM within")
        assert cursor.fetchall() == [(6,)]
        assert "within" not in tables(other)
        connection.rollback()
        assert "within" not in tables(other)
        cursor.execute("CREATE TABLE within AS SELECT 1 AS n")
        connection.commit()
        assert "within" in tables(other)


@pytest.mark.parametrize(("action", "rows"), [(1, 3), (2, None)])
def test_rows_are_ingested_in_a_transaction(server, action, rows):
    """Of the protocol; ADBC's driver does not name its transaction here. A commit stores them, a rollback nothing."""
    raw, options = client(server)
    request = flight.Action("BeginTransaction", packed("ActionBeginTransactionRequest"))
    (result,) = raw.do_action(request, options)
    key = unpacked(result.body.to_pybytes())[1].transaction_id
    name = f"sent_{action}"
    sent = pa.record_batch({"n": [1, 2, 3]})
    command = packed(
        "CommandStatementIngest", table=name, transaction_id=key, table_definition_options={"if_exists": 2}
    )
    writer, answers = raw.do_put(flight.FlightDescriptor.for_command(command), sent.schema, options)
    writer.write_batch(sent)
    writer.done_writing()
    assert parsed("DoPutUpdateResult", answers.read().to_pybytes()).record_count == 3
    writer.close()
    end = packed("ActionEndTransactionRequest", transaction_id=key, action=action)
    assert list(raw.do_action(flight.Action("EndTransaction", end), options)) == []
    raw.close()
    with rem.connect(server.address, token=READER) as db:
        names = db.tables()["name"].to_list()
        assert (db.sql(f"SELECT COUNT(*) FROM {name}").item() if name in names else None) == rows


def test_rows_are_ingested(cursor):
    """Made, appended, replaced, refused; of another schema; a stream."""
    rows = pa.table({"n": [1, 2], "t": ["x", None]})
    assert cursor.adbc_ingest("sent", rows, mode="create") == 2
    assert cursor.adbc_ingest("sent", rows.to_reader(), mode="append") == 2
    with pytest.raises(adbc.Error, match="there is a table sent already"):
        cursor.adbc_ingest("sent", rows, mode="create")
    with pytest.raises(adbc.Error, match="there is no table nowhere"):
        cursor.adbc_ingest("nowhere", rows, mode="append")
    cursor.execute("SELECT COUNT(*), COUNT(t) FROM sent")
    assert cursor.fetchall() == [(4, 2)]
    assert cursor.adbc_ingest("sent", pa.table({"m": [7]}), mode="replace") == 1
    cursor.execute("SELECT m FROM sent")
    assert cursor.fetchall() == [(7,)]
    cursor.execute("CREATE SCHEMA beside")
    assert cursor.adbc_ingest("sent", rows, mode="create", db_schema_name="beside") == 2
    cursor.execute("SELECT COUNT(*) FROM beside.sent")
    assert cursor.fetchall() == [(2,)]
    with pytest.raises(adbc.Error, match="a temporary table would not last"):
        cursor.adbc_ingest("t", rows, mode="create", temporary=True)


def test_an_ingest_whose_caller_goes_away_stores_nothing(server):
    """Half of the rows are none."""
    code = (
        "import sys, time, pyarrow as pa, adbc_driver_flightsql.dbapi as adbc\n"
        "def batches():\n"
        "    for place in range(10**6):\n"
        "        if place == 5: print('sent', flush=True)\n"
        "        yield pa.record_batch({'n': [1] * 1000}); time.sleep(0.01)\n"
        "rows = pa.RecordBatchReader.from_batches(pa.schema([('n', pa.int64())]), batches())\n"
        "options = {'adbc.flight.sql.authorization_header': 'Bearer ' + sys.argv[2]}\n"
        "with adbc.connect(sys.argv[1], db_kwargs=options, autocommit=True) as c, c.cursor() as cursor:\n"
        "    cursor.adbc_ingest('half', rows, mode='create')\n"
    )
    address = server.address.replace("rem:", "grpc:")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    child = subprocess.Popen([sys.executable, "-c", code, address, WRITER], env=environment, stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"sent\n"
    child.kill()
    child.wait()
    child.stdout.close()
    until(lambda: not server._service.runs.listed(), "the ingest to end")
    with driver(server) as connection:
        assert "half" not in tables(connection)


# --- what a driver asks


def tables(connection):
    """The names of tables and views, as the driver lists them."""
    objects = connection.adbc_get_objects(depth="tables").read_all().to_pylist()
    return {
        table["table_name"]
        for catalog in objects
        for schema in catalog["catalog_db_schemas"]
        for table in schema["db_schema_tables"]
    }


def test_the_catalog_is_that_of_the_information_schema(server, cursor):
    """Catalogs, schemas, tables with their columns, types, patterns."""
    cursor.execute("CREATE OR REPLACE VIEW seen AS SELECT region FROM sales")
    with driver(server, READER) as connection:
        assert {"sales", "issues", "seen", "edges"} <= tables(connection)
        assert connection.adbc_get_table_types() == ["BASE TABLE", "VIEW"]
        assert connection.adbc_get_table_schema("sales").names == ["region", "amount"]
        only = connection.adbc_get_objects(depth="all", table_name_filter="s_les", table_types_filter=["BASE TABLE"])
        (catalog,) = only.read_all().to_pylist()
        (schema,) = [s for s in catalog["catalog_db_schemas"] if s["db_schema_tables"]]
        (table,) = schema["db_schema_tables"]
        assert (schema["db_schema_name"], table["table_name"]) == ("main", "sales")
        assert [column["column_name"] for column in table["table_columns"]] == ["region", "amount"]
        info = connection.adbc_get_info()
        assert (info["vendor_name"], info["vendor_version"]) == ("rem_arrow", rem.__version__)


def ask(server, name, **fields):
    """The answer to a command of the protocol."""
    raw, options = client(server)
    with raw:
        info = raw.get_flight_info(flight.FlightDescriptor.for_command(packed(name, **fields)), options)
        table = raw.do_get(info.endpoints[0].ticket, options).read_all()
        assert table.schema == info.schema
        return table


def test_keys_types_and_abilities(server, cursor):
    """As the protocol lays out their columns."""
    cursor.execute("CREATE TABLE parent (a INT, b INT, PRIMARY KEY (b, a))")
    cursor.execute("CREATE TABLE child (x INT, y INT, FOREIGN KEY (x, y) REFERENCES parent (b, a))")
    keys = ask(server, "CommandGetPrimaryKeys", table="parent").to_pylist()
    assert [(k["column_name"], k["key_sequence"]) for k in keys] == [("b", 1), ("a", 2)]
    for name, table in (("CommandGetImportedKeys", "child"), ("CommandGetExportedKeys", "parent")):
        keys = ask(server, name, table=table).to_pylist()
        links = [(k["pk_table_name"], k["pk_column_name"], k["fk_table_name"], k["fk_column_name"]) for k in keys]
        assert links == [("parent", "b", "child", "x"), ("parent", "a", "child", "y")]
    assert ask(server, "CommandGetCatalogs").num_rows == 1
    assert "main" in ask(server, "CommandGetDbSchemas")["db_schema_name"].to_pylist()
    assert ask(server, "CommandGetDbSchemas", db_schema_filter_pattern="no%").num_rows == 0
    types = ask(server, "CommandGetXdbcTypeInfo").to_pylist()
    assert {"VARCHAR", "DECIMAL", "TIMESTAMP"} <= {t["type_name"] for t in types}
    assert [t["type_name"] for t in ask(server, "CommandGetXdbcTypeInfo", data_type=4).to_pylist()] == ["INTEGER"]
    info = {row["info_name"]: row["value"] for row in ask(server, "CommandGetSqlInfo").to_pylist()}
    assert info == {**flight_sql_catalog._ABILITIES, 3: False}
    described = ask(server, "CommandGetTables", table_name_filter_pattern="child", include_schema=True)
    assert pa.ipc.read_schema(pa.py_buffer(described["table_schema"][0].as_py())).names == ["x", "y"]


# --- who may, and what is refused


def test_a_token_for_reading_writes_nothing(server):
    """Neither by a statement nor by rows nor in a transaction."""
    with driver(server, READER) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM sales")
        assert cursor.fetchall() == [(3,)]
        with pytest.raises(adbc.Error, match="this connection may only read"):
            cursor.execute("DELETE FROM sales")
        with pytest.raises(adbc.Error, match="ingest needs a token for write"):
            cursor.adbc_ingest("t", pa.table({"n": [1]}), mode="create")
    with pytest.raises(adbc.Error, match="the token is missing or wrong"), driver(server, "x") as connection:
        connection.cursor().execute("SELECT 1")


def test_errors_say_what_is_wrong_and_nothing_of_the_server(cursor):
    """The text with its caret; no stack of calls."""
    with pytest.raises(adbc.Error, match=r"BindError: no column \"nope\" in sales") as caught:
        cursor.execute("SELECT nope FROM sales")
    assert "^^^^" in str(caught.value)
    assert "Traceback" not in str(caught.value) and ".py" not in str(caught.value)
    with pytest.raises(adbc.Error, match="ExecuteError"):
        cursor.execute("SELECT 1 // (amount - amount) FROM sales")
        cursor.fetchall()


@pytest.mark.parametrize(
    "text", ["SET timezone = 'UTC'", "BEGIN", "PREPARE p AS SELECT 1", "CREATE TEMP TABLE t (a INT)"]
)
def test_what_would_not_last_is_refused(cursor, text):
    """A driver has no session."""
    with pytest.raises(adbc.Error, match="calls have no session"):
        cursor.execute(text)


def test_a_result_is_for_its_owner_and_once(server):
    """A ticket of another token, a second time, and of nothing."""
    raw, options = client(server, WRITER)
    info = raw.get_flight_info(
        flight.FlightDescriptor.for_command(packed("CommandStatementQuery", query="SELECT 1 AS n")), options
    )
    ticket = info.endpoints[0].ticket
    for theirs in (client(server, ADMIN)[1], client(server, READER)[1]):
        with pytest.raises(flight.FlightError, match="there is no such result"):
            raw.do_get(ticket, theirs).read_all()
    assert raw.do_get(ticket, options).read_all().to_pydict() == {"n": [1]}
    with pytest.raises(flight.FlightError, match="there is no such result"):
        raw.do_get(ticket, options).read_all()
    raw.close()


def test_a_statement_is_cancelled(server):
    """Before it is read, and while it is."""
    server._service.database.load("long", pl.DataFrame({"n": range(3_000)}))
    raw, options = client(server)
    query = packed("CommandStatementQuery", query="SELECT a.n FROM long a, long b, long c")
    for reads in (False, True):
        info = raw.get_flight_info(flight.FlightDescriptor.for_command(query), options)
        reader = raw.do_get(info.endpoints[0].ticket, options) if reads else None
        if reader is not None:
            reader.read_chunk()
        request = serialized("CancelFlightInfoRequest", info=parsed("FlightInfo", info.serialize()))
        (result,) = raw.do_action(flight.Action("CancelFlightInfo", request), options)
        assert parsed("CancelFlightInfoResult", result.body.to_pybytes()).status == 1
        if reader is not None:
            with pytest.raises(flight.FlightError, match="cancelled"):
                reader.read_all()
    (result,) = raw.do_action(flight.Action("CancelFlightInfo", request), options)
    assert parsed("CancelFlightInfoResult", result.body.to_pybytes()).status == 3
    until(lambda: not server._service.runs.listed(), "the statement to end")
    raw.close()


@pytest.mark.parametrize(
    "command",
    [
        b"",
        b"\xff" * 50,
        packed("CommandStatementQuery", query="SELECT 1")[:-3],
        packed("TicketStatementQuery", statement_handle=b"\xff\xfe"),
        packed("CommandPreparedStatementQuery", prepared_statement_handle=b"0" * 32),
        packed("CommandStatementQuery", query=""),
        packed("CommandStatementQuery", query="SELECT 1", transaction_id=b"0" * 32),
        packed("CommandStatementIngest", table=""),
        packed("ActionBeginTransactionRequest"),
    ],
    ids=lambda command: repr(command[-30:]),
)
def test_a_command_that_is_none_is_refused(server, command):
    """As a command, a ticket, rows, an action; the server goes on."""
    raw, options = client(server)
    descriptor = flight.FlightDescriptor.for_command(command)

    def put():
        writer, _ = raw.do_put(descriptor, pa.schema([("n", pa.int64())]), options)
        writer.close()

    for call in (
        lambda: raw.get_flight_info(descriptor, options),
        lambda: raw.do_get(flight.Ticket(command), options).read_all(),
        put,
        lambda: list(raw.do_action(flight.Action("EndTransaction", command), options)),
        lambda: list(raw.do_action(flight.Action("CreatePreparedStatement", command), options)),
        lambda: list(raw.do_action(flight.Action("Nothing", command), options)),
    ):
        with pytest.raises(flight.FlightError, match="Error: "):
            call()
    assert {a.type for a in raw.list_actions(options)} >= {"CancelFlightInfo"}
    raw.close()


def test_messages_are_those_of_the_protocol():
    """A command by hand: field 1 of CommandStatementQuery, in an Any."""
    url = b"type.googleapis.com/arrow.flight.protocol.sql.CommandStatementQuery"
    inner = b"\x0a\x08SELECT 1"
    data = b"\x0a" + bytes([len(url)]) + url + b"\x12" + bytes([len(inner)]) + inner
    name, command = unpacked(data)
    assert (name, command.query) == ("CommandStatementQuery", "SELECT 1")
    assert packed("CommandStatementQuery", query="SELECT 1") == data
