"""A server gives nothing without a token, keeps its limits, tells where it is, and ends in order."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from pyarrow import flight

import rem_arrow as rem
from rem_arrow.face.wire_values import PROTOCOL, as_message, read_message
from rem_arrow.serve.kept import KeptThings
from tests.children import ROOT
from tests.docs.example import example
from tests.patience import await_event, started, until
from tests.serve.served import ADMIN, READER, WRITER, remote, token_file


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The example database with a token of each scope, and files of one folder for its SQL."""
    folder = tmp_path_factory.mktemp("served")
    with rem.start_server(example(), token_file=token_file(folder), request_bytes=1 << 20, timeout_s=60) as server:
        yield server


@contextlib.contextmanager
def client(server, token):
    with rem.connect(server.address, token=token) as db:
        yield db


def exchange(server, messages, *, token=ADMIN, protocol=PROTOCOL):
    """Send messages of any bytes; return the answer."""
    with flight.FlightClient(server.address.replace("rem:", "grpc+tcp:")) as raw:
        options = flight.FlightCallOptions(headers=[(b"authorization", f"Bearer {token}".encode())], timeout=60)
        writer, reader = raw.do_exchange(flight.FlightDescriptor.for_command(protocol), options)
        try:
            for message in messages:
                writer.write_metadata(message)
            writer.done_writing()
            return read_message(reader.read_chunk().app_metadata.to_pybytes())
        finally:
            with contextlib.suppress(flight.FlightError, pa.ArrowException):
                writer.close()


# --- who may do what


@pytest.mark.parametrize("token", [None, "x", READER[:-1], READER + "x", "Bearer"])
def test_without_a_token_there_is_no_row(server, token):
    """Whatever is given in its place; the error does not show it."""
    with pytest.raises(rem.InputError, match="the token is missing or wrong") as caught:
        rem.connect(server.address, token=token)
    assert token is None or len(token) < 5 or token not in str(caught.value)


def test_a_token_for_reading_writes_nothing(server):
    """By no verb, no statement, and not by a sequence."""
    with client(server, WRITER) as db:
        db.sql("CREATE SEQUENCE s")
    with client(server, READER) as db:
        assert db.sql("SELECT COUNT(*) FROM issues").item() == 3
        with pytest.raises(rem.InputError, match="insert needs a token for write, and this one is for read"):
            db.insert("entities", {"name": "x"})
        for text in ("DELETE FROM sales", "CREATE TABLE t AS SELECT 1", "DROP TABLE sales", "VACUUM", "CHECKPOINT"):
            with pytest.raises(rem.InputError, match="this connection may only read"):
                db.sql(text)
        with pytest.raises(rem.InputError, match="nextval writes"):
            db.sql("SELECT nextval('s')")
        with pytest.raises(rem.InputError, match="this connection may only read"):
            db.transaction()
        assert db.sql("SELECT COUNT(*) FROM sales").item() == 3


def test_files_of_the_server_are_for_admins(server, tmp_path):
    """Its folders, and other servers that it would call."""
    with client(server, WRITER) as db:
        for call in (
            lambda: db.export(str(tmp_path / "out")),
            lambda: db.backup(str(tmp_path / "out")),
            lambda: db.compact(),
        ):
            with pytest.raises(rem.InputError, match="needs a token for admin"):
                call()
        with pytest.raises(rem.InputError, match=r"add_documents\(documents=...\) needs a token for admin"):
            db.add_documents(str(tmp_path))
        with pytest.raises(rem.InputError, match=r"ask\(base_url=...\) needs a token for admin"):
            db.ask("what", base_url="http://127.0.0.1:1")
        with pytest.raises(rem.InputError, match="only a token for admin may give one"):
            db.add_document(Path(tmp_path / "x.md"))
    with client(server, ADMIN) as db:
        assert db.export(str(tmp_path / "out"), tables=["sales"]).height == 1


def test_the_token_is_in_no_log(server, caplog):
    """Neither one that is right nor one that is wrong."""
    caplog.set_level(logging.DEBUG)
    with client(server, READER) as db, contextlib.suppress(rem.RemError):
        db.sql("SELECT nothing")
    with pytest.raises(rem.InputError):
        rem.connect(server.address, token="wrong-wrong-wrong-wrong")
    assert READER not in caplog.text and "wrong-wrong" not in caplog.text


# --- hostile requests


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [b""],
        [b"\xff\xfe"],
        [b"[]"],
        [b"{}"],
        [as_message({"verb": "sql", "arguments": {"text": "SELECT 1"}, "frames": [1]})],
        [as_message({"verb": "sql", "arguments": {"text": "SELECT 1"}, "frames": [-1]})],
        [as_message({"verb": "sql", "arguments": {"text": "SELECT 1"}, "frames": [10**9]})],
        [as_message({"verb": "sql", "arguments": {"text": "SELECT 1", "nothing": 1}, "frames": []})],
        [as_message({"verb": "sql", "arguments": {}, "frames": []})],
        [as_message({"verb": "sql", "arguments": [], "frames": []})],
        [as_message({"verb": "__init__", "arguments": {}, "frames": []})],
        [as_message({"verb": "close", "arguments": {}, "frames": []})],
        [as_message({"verb": ["sql"], "arguments": {}, "frames": []})],
        [as_message({"verb": "commit", "arguments": {}, "frames": [], "transaction": "0" * 32})],
        [as_message({"verb": "tables", "arguments": {}, "frames": [], "session": "0" * 32})],
        [as_message({"verb": "tables", "arguments": {}, "frames": [], "session": 1})],
        [as_message({"verb": "sql", "arguments": {"text": {"$frame": 0}}, "frames": [1]}), b"no frame"],
        [as_message({"verb": "load", "arguments": {"table": "t", "data": "/etc/passwd"}, "frames": []})],
        [b"x" * (1 << 20) + b"x"],
        [as_message({"verb": "sql", "arguments": {"text": "x"}, "frames": [2]}), b"x" * 600_000, b"x" * 600_000],
    ],
    ids=lambda messages: repr(messages[0][:60]) if messages else "none",
)
def test_a_request_that_is_none_is_refused(server, messages):
    """Of any form and size; the server goes on."""
    assert exchange(server, messages)["error"]["kind"] == "InputError"
    with client(server, READER) as db:
        assert db.tables().height


def test_what_is_asked_in_another_way_is_refused(server):
    """Other protocols, other methods of Flight, without a token too."""
    with pytest.raises(flight.FlightError, match="calls of rem-arrow"):
        exchange(server, [b"{}"], protocol=b"rem-arrow call 2")
    with pytest.raises(flight.FlightUnauthenticatedError):
        exchange(server, [b"{}"], token="wrong")
    raw = flight.FlightClient(server.address.replace("rem:", "grpc+tcp:"))
    for call in (
        lambda: list(raw.list_flights()),
        lambda: list(raw.do_action(flight.Action("x", b"x"))),
        lambda: raw.do_get(flight.Ticket(b"x")).read_all(),
        lambda: raw.get_flight_info(flight.FlightDescriptor.for_command(b"x")),
    ):
        with pytest.raises(flight.FlightUnauthenticatedError):
            call()
    raw.close()


def test_bytes_that_are_no_flight_do_no_harm(server):
    """On the port, in place of HTTP/2."""
    import socket

    host, port = server.address.removeprefix("rem://").split(":")
    for data in (
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 1000,
        os.urandom(5000),
    ):
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(data)
    with client(server, READER) as db:
        assert db.tables().height


# --- limits


def test_limits_of_rows_and_time():
    """An answer of too many rows, a statement that takes too long, and one whose caller asks for more time."""
    db = example()
    db.load("n", pl.DataFrame({"n": range(2_000)}))
    with remote(db, rows_max=1_000, timeout_s=0.5) as served:
        assert served.sql("SELECT n FROM n LIMIT 1000").height == 1_000
        for call in (lambda: served.sql("SELECT n FROM n"), lambda: served.reader("SELECT n FROM n").read_all()):
            with pytest.raises(rem.ExecuteError, match="more than 1,000 rows, the most that this server gives"):
                call()
        began = time.monotonic()
        with pytest.raises(rem.ExecuteError, match=r"ran longer than 0.5 s"):
            served.sql("SELECT COUNT(*) FROM n a, n b, n c WHERE a.n + b.n + c.n = 7", timeout_s=1_000)
        assert time.monotonic() - began < 60


def test_a_caller_who_goes_away_stops_the_statement():
    """The statement ends at its next batch; nothing runs on."""
    db = example()
    db.load("n", pl.DataFrame({"n": range(3_000)}))
    with rem.start_server(db, timeout_s=None) as server:
        code = (
            "import sys, rem_arrow as rem\n"
            "db = rem.connect(sys.argv[1], token=sys.argv[2]); print('asks', flush=True)\n"
            "db.sql('SELECT COUNT(*) FROM n a, n b, n c WHERE a.n + b.n + c.n = 7')\n"
        )
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        child = subprocess.Popen([sys.executable, "-c", code, server.address, server.token], env=environment)
        runs = server._service.runs
        until(lambda: [r for r in runs.listed() if r.verb == "sql"], "the statement to run")
        child.kill()
        child.wait()
        until(lambda: not runs.listed(), "the statement to end")


def test_what_is_left_open_is_given_up():
    """After a while, or when there is too much of it; and it belongs to the token that opened it."""
    ended = []
    kept = KeptThings[str]("thing", most=2, idle_s=0.0)
    first = kept.keep("first", "a", ended.append)
    with pytest.raises(rem.InputError, match="there is no such thing"), kept.using(first, "b"):
        pass
    with kept.using(first, "a"):
        kept.sweep()
        assert len(kept) == 1
    time.sleep(0.01)
    kept.sweep()
    assert ended == ["first"] and not len(kept)
    many = KeptThings[str]("thing", most=2, idle_s=100.0)
    ids = [many.keep(str(n), "a", ended.append) for n in range(2)]
    with pytest.raises(rem.InputError, match="2 things are open on this server"):
        many.keep("third", "a", ended.append)
    assert many.take(ids[0], "a") == "0"
    many.end(ids[1], "a")
    many.end(ids[1], "a")
    assert ended == ["first", "third", "1"]


# --- its life


def test_a_second_writer_is_told_where_the_server_is(tmp_path):
    """As long as it serves; a reader opens the folder beside it."""
    path = tmp_path / "my.rem"
    code = (
        "import sys, rem_arrow as rem\n"
        "server = rem.start_server(rem.connect(sys.argv[1]))\n"
        "print(server.address, server.token, flush=True); server.wait()"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        address, token = child.stdout.readline().split()
        with pytest.raises(rem.ConflictError, match=f"is served at {address}: connect"):
            rem.connect(path)
        with rem.connect(address, token=token) as db, rem.connect(path, read_only=True) as reader:
            db.insert("entities", {"id": "dhl", "name": "DHL"})
            reader.refresh()
            assert reader.get("entities", "dhl")["name"] == "DHL"
        child.send_signal(signal.SIGTERM)
        assert child.wait(60) == 0
    finally:
        child.kill()
        child.stdout.close()
    assert not (path / "serving").exists()
    with rem.connect(path) as db:
        assert db.get("entities", "dhl")["name"] == "DHL"
        assert db.verify().height == 0
        with rem.start_server(db), pytest.raises(rem.ConflictError, match="is served already"):
            rem.start_server(db)


def test_the_end_waits_for_what_runs_and_refuses_the_rest():
    """A statement that runs when the server ends gives its answer; a later one an error; open transactions store
    nothing."""
    db = example()
    server = rem.start_server(db)
    service, entered, go = server._service, threading.Event(), threading.Event()
    served = rem.connect(server.address, token=server.token)
    transaction = served.transaction()
    transaction.insert("entities", {"id": "x", "name": "X"})
    rows = []

    def ask():
        with service.runs.request("a", "sql", lambda: False) as running:
            entered.set()
            await_event(go, "the end to begin")
            rows.append(service.runs.run(running, lambda: 1))

    (asking,) = started(ask)
    await_event(entered, "a statement to run")
    (ending,) = started(server.close)
    until(lambda: service.runs._is_ending, "the end to begin")
    with pytest.raises(rem.RemError, match="the server is ending"):
        served.tables()
    go.set()
    asking.join()
    ending.join()
    assert rows == [1] and db.closed and "(closed)" in repr(server)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"host": "0.0.0.0"}, "0.0.0.0 is reached from other machines; give a token_file"),
        ({"host": "example.org"}, "is reached from other machines"),
        ({"port": -1}, "port is a whole number"),
        ({"token_file": "none"}, "cannot be read"),
        ({"tls_key": "key"}, "TLS needs both"),
        ({"tls_key": "key", "tls_certificate": "certificate"}, "a file of TLS cannot be read"),
        ({"request_bytes": 1}, "request_bytes is a whole number"),
        ({"rows_max": 0}, "rows_max is a whole number"),
        ({"timeout_s": -1}, "timeout_s is a number"),
        ({"memory_bytes": 1}, "memory_bytes is a whole number"),
    ],
)
def test_wrong_arguments_are_refused(options, message, tmp_path, monkeypatch):
    """And the database stays open."""
    monkeypatch.chdir(tmp_path)
    with rem.connect() as db:
        with pytest.raises(rem.InputError, match=message):
            rem.start_server(db, **options)
        assert db.tables().height


def test_a_port_that_is_taken_is_said(server):
    """The database of the second server stays open."""
    with rem.connect() as db:
        with pytest.raises(rem.InputError, match="cannot listen at"):
            rem.start_server(db, port=int(server.address.rpartition(":")[2]))
        assert db.tables().height


def test_a_conversation_goes_on_for_its_token_alone(tmp_path):
    """The words of the database are read once for all calls."""
    with (
        rem.connect() as base,
        rem.start_server(base, token_file=token_file(tmp_path)) as server,
        rem.connect(server.address, token=WRITER) as one,
        rem.connect(server.address, token=READER) as other,
    ):
        base.insert(
            "entities", [{"id": i, "name": f"Firm {i}", "entity_type": t} for i, t in (("a", "firm"), ("b", "club"))]
        )
        assert one.ask("how many entities are there?", session="s").results.item() == 2
        asker = base._asking.asker
        assert one.ask("only those with entity type club", session="s").results.item() == 1
        assert other.ask("only those with entity type club", session="s").results.shape != (1, 1)
        assert base._asking.asker is asker is not None
