"""The door for HTTP: calls as JSON, results in pieces, and what is refused."""

from __future__ import annotations

import contextlib
import json
import logging
import re
import socket
import sys
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import duckdb
import httpx2
import polars as pl
import pytest

import rem_arrow as rem
from rem_arrow.serve.access_tokens import Grant
from rem_arrow.serve.page_results import PageResults, texts
from tests.docs.example import example
from tests.patience import until
from tests.serve.served import ADMIN, READER, WRITER, token_file

FILES = Path(rem.__file__).parent / "serve" / "page"
MARKUP = "<img src=x onerror=alert(1)></script>"
ROWS = 250_000


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The example database with a large table, a text with markup in it, and a token of each scope."""
    db = example()
    db.load("n", pl.DataFrame({"n": range(ROWS)}).with_columns(text=pl.format("row {}", "n")))
    db.insert("entities", {"id": "markup", "name": MARKUP})
    file = token_file(tmp_path_factory.mktemp("page"))
    with rem.start_server(db, page_port=0, token_file=file, request_bytes=16 << 20, timeout_s=60) as server:
        yield server


@contextlib.contextmanager
def client(server, token=ADMIN):
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    with httpx2.Client(base_url=server.page, headers=headers, timeout=60) as http:
        yield http


def call(http, verb, arguments=None, **more):
    """The answer of a verb, or what is wrong."""
    answer = http.post("/api/call", json={"verb": verb, "arguments": arguments or {}, **more}).json()
    return answer.get("error", answer)


def sql(http, text, **more):
    return call(http, "sql", {"text": text}, **more)


# --- the files of the page


def test_the_page_is_there_without_a_token_and_runs_its_own_scripts_only(server):
    """Its policy forbids any script, style or connection of others, and markup made of texts."""
    with client(server, None) as http:
        page = http.get("/")
        assert page.status_code == 200 and "<script" in page.text
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
        assert "require-trusted-types-for 'script'" in policy and "frame-ancestors 'none'" in policy
        for name in re.findall(r'(?:src|href)="([^"]+)"', page.text):
            assert http.get(f"/{name}").status_code == 200, name
        assert http.get("/main.js").headers["content-type"].startswith("text/javascript")
        assert http.get("/../page_app.py").status_code == 404 and http.get("/%2e%2e/page_app.py").status_code == 404


@pytest.mark.parametrize("path", sorted(FILES.rglob("*.*")), ids=lambda p: p.name)
def test_no_file_of_the_page_makes_markup_of_text_or_asks_others(path):
    """What a row holds reaches the page as text nodes only; nothing is fetched from elsewhere."""
    text = path.read_text(encoding="utf-8")
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|\beval\(|new Function"
    assert not re.search(forbidden, text)
    assert not re.search(r"""\son\w+=["']""", text) and "DOMParser" not in text
    assert set(re.findall(r"https?://[\w./]+", text)) <= {"http://www.w3.org/2000/svg"}
    assert len(text.splitlines()) <= 400 and len(text) <= 16_000


# --- who may do what


@pytest.mark.parametrize("token", [None, "x", READER[:-1], READER + "x"])
def test_without_a_token_there_is_no_row(server, token, caplog):
    """At no address, and a body is not read; the token is in no answer and no log."""
    caplog.set_level(logging.DEBUG)
    with client(server, token) as http:
        answers = [http.get("/api/about"), http.post("/api/call", content=b"\xff" * 100)]
        answers += [http.get(f"/api/results/{'0' * 32}{tail}") for tail in ("", "/cell", "/file")]
        for answer in answers:
            assert answer.status_code == 401 and "the token is missing or wrong" in answer.text
            assert token is None or len(token) < 5 or token not in answer.text + caplog.text


def test_a_token_in_an_address_is_none(server):
    """Addresses stand in logs and histories."""
    with client(server, None) as http:
        assert http.get(f"/api/about?token={ADMIN}").status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "rebound.example"},
        {"Host": "rebound.example:80"},
        {"Host": ""},
        {"Host": "[::1"},
        {"Origin": "http://rebound.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
    ],
)
def test_requests_of_other_pages_are_refused(server, headers):
    """With a token that is right, and for the files too."""
    with client(server) as http:
        for path in ("/api/about", "/"):
            answer = http.get(path, headers=headers)
            assert answer.status_code == 403
            message = "the server is not known by this name" if "Host" in headers else "comes from another page"
            assert message in answer.text


def test_its_own_page_is_served_under_each_of_its_names(server):
    """And a link of another page opens it."""
    port = server.page.split(":")[2].strip("/")
    with client(server) as http:
        for host in (f"localhost:{port}", f"127.0.0.1:{port}", "[::1]", f"{socket.gethostname().upper()}:{port}"):
            assert http.get("/api/about", headers={"Host": host, "Origin": f"http://{host}"}).status_code == 200, host
        link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
        assert http.get("/", headers=link).status_code == 200


def test_scopes_are_those_of_the_server(server):
    """A reader reads; paths are for admins; the page is told what it may do."""
    with client(server, READER) as http:
        about = http.get("/api/about").json()
        assert (about["scope"], about["read_only"], about["token"]) == ("read", True, "r")
        assert call(http, "insert", {"table": "entities", "rows": {}})["message"].startswith("insert needs a token for")
        assert "this connection may only read" in sql(http, "DELETE FROM sales")["message"]
        assert call(http, "ask", {"question": "x", "base_url": "http://127.0.0.1:1"})["kind"] == "InputError"
    with client(server, WRITER) as http:
        assert call(http, "add_document", {"document": {"$path": "/etc/passwd"}})["message"].endswith("may give one")
        assert http.get("/api/about").json()["read_only"] is False


# --- hostile requests


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[]", "no JSON object"),
        (b"{}", "a request has a verb"),
        (b'{"verb": 1}', "a request has a verb"),
        (b'{"verb": "sql", "arguments": []}', "arguments by name"),
        (b'{"verb": "sql", "arguments": {"text": {"$frame": 0}}}', "a frame that it does not hold"),
        (b'{"verb": "close"}', "a served database has no verb close"),
        (b'{"verb": "load", "arguments": {"table": "x"}}', "load streams rows"),
        (b'{"verb": "reader", "arguments": {"source": "n"}}', "reader streams rows"),
        (b'{"verb": "tables", "session": 1}', "named by texts"),
        (b'{"verb": "tables", "session": "0"}', "there is no such session"),
        (b'{"verb": "tables", "rows": -1}', "rows is a whole number"),
        (b'{"verb": "tables", "rows": 100000}', "rows is a whole number"),
        (b'{"verb": "sql", "arguments": {"text": "SELECT \'\\ud800\'"}}', ""),
        (b"[" * 100_000, "no JSON"),
    ],
)
def test_a_body_that_is_no_call_is_told_so(server, body, message):
    """As JSON with a status, and the server goes on."""
    with client(server) as http:
        answer = http.post("/api/call", content=body)
        assert answer.status_code == 400 and message in answer.json()["error"]["message"]
        assert call(http, "tables")["frames"][0]["height"] == 10


def test_a_body_is_bounded(server):
    """Whether its size is announced or not."""
    with client(server) as http:
        large = b" " * (17 << 20)
        for content in (large, iter([large])):
            with contextlib.suppress(httpx2.WriteError):
                answer = http.post("/api/call", content=content)
                assert answer.status_code == 413 and "larger than 16,777,216 bytes" in answer.text


def test_addresses_that_are_none_are_told_so(server):
    """In the same form."""
    with client(server) as http:
        for method, path, status in (("GET", "/api/nothing", 404), ("POST", "/main.js", 405)):
            answer = http.request(method, path)
            assert answer.status_code == status and answer.json()["error"]["kind"] == "InputError"


# --- answers


def test_values_are_texts_as_sql_writes_them(server):
    """Checked against DuckDB's own cast."""
    values = (
        "1", "1.50::DECIMAL(9,2)", "1e300", "0.00001", "'nan'::DOUBLE", "TRUE", "NULL", "DATE '2026-01-02'",
        "TIMESTAMP '2026-01-02 03:04:05.5'", "TIME '03:04:05'", "INTERVAL 3 DAY", "'x'::BLOB", "[1, NULL, 3]",
        "{'a': 1, 'b': 'x y'}", "MAP {'a': 1}", "'text, \"quoted\"'", "170141183460469231731687303715884105727",
    )  # fmt: skip
    names = [f"c{place}" for place in range(len(values))]
    row = ", ".join(f"{value} AS {name}" for value, name in zip(values, names, strict=True))
    shown = ", ".join(f"{name}::VARCHAR" for name in names)
    with client(server) as http:
        frame = sql(http, f"SELECT {row}")["frames"][0]
    assert frame["rows"][0] == list(duckdb.sql(f"SELECT {shown} FROM (SELECT {row})").fetchall()[0])
    assert {c["kind"] for c in frame["columns"]} == {"number", "text", "bool", "time", "nested"}


def test_errors_have_their_place(server):
    """Counted in characters, in the text as it was sent."""
    with client(server) as http:
        error = sql(http, "SELECT '𝕏', nme FROM issues")
        assert (error["kind"], error["text"][error["start"] : error["end"]]) == ("BindError", "nme")
        assert "Columns: id" in error["hint"]


def test_what_the_screens_ask_for(server):
    """Plans with times, searches with scores, answers with stages, and markup as it is stored."""
    with client(server, READER) as http:
        plan = call(http, "explain", {"text": "SELECT COUNT(*) FROM n", "analyze": True})["value"]["$record"][1]
        assert any(step["$record"][1]["ms"] is not None for step in plan)
        hits = call(http, "search", {"table": "issues", "query": "wrong password"})["frames"][0]
        assert hits["columns"][-1]["name"] == "_score" and hits["rows"][0][0] == "login"
        answer = call(http, "ask", {"question": "open issues with priority 5"})
        assert answer["value"]["$record"][1]["stages"] and answer["frames"][0]["rows"][0][0] == "login"
        assert sql(http, "SELECT name FROM entities WHERE id = 'markup'")["frames"][0]["rows"] == [[MARKUP]]
        session = sql(http, "SET VARIABLE x = 7")["session"]
        assert sql(http, "SELECT getvariable('x')", session=session)["frames"][0]["rows"] == [["7"]]


# --- results in pieces


def test_a_large_result_is_read_in_pieces(server):
    """Any of them; a file holds all."""
    with client(server, READER) as http:
        frame = sql(http, "SELECT n, text FROM n ORDER BY n", keep=True, rows=3)["frames"][0]
        result = frame["result"]
        assert (frame["height"], frame["rows"]) == (ROWS, [[str(n), f"row {n}"] for n in range(3)])
        for offset in (0, 123_456, ROWS - 1, ROWS, 10**12):
            got = http.get(f"/api/results/{result}", params={"offset": offset, "rows": 2}).json()["rows"]
            assert got == [[str(n), f"row {n}"] for n in range(offset, min(offset + 2, ROWS))]
        csv = pl.read_csv(http.get(f"/api/results/{result}/file?format=csv").content)
        parquet = http.get(f"/api/results/{result}/file?format=parquet")
        assert "attachment" in parquet.headers["content-disposition"]
        assert csv.equals(pl.read_parquet(BytesIO(parquet.content))) and csv.height == ROWS
        assert http.get(f"/api/results/{result}/file?format=json").text.startswith('{"n":0,"text":"row 0"}\n')
        with client(server, WRITER) as other:
            assert "there is no such result" in other.get(f"/api/results/{result}").text
        assert http.delete(f"/api/results/{result}").status_code == 200
        assert "there is no such result" in http.get(f"/api/results/{result}").json()["error"]["message"]


def test_a_long_value_is_cut_and_comes_whole_by_its_place(server):
    """A character is one, whatever its bytes."""
    with client(server) as http:
        frame = sql(http, "SELECT 1 AS a, repeat('𝕏', 5000) AS b", keep=True)["frames"][0]
        assert frame["rows"] == [["1", "𝕏" * 500]]
        cell = f"/api/results/{frame['result']}/cell"
        assert http.get(cell, params={"row": 0, "column": 1}).json() == {"text": "𝕏" * 5000}
        for place in ({"row": 1, "column": 0}, {"row": 0, "column": 2}, {"row": "x"}, {"row": -1}, {"row": "9" * 99}):
            assert http.get(cell, params=place).status_code == 400
        assert "format is" in http.get(f"/api/results/{frame['result']}/file?format=exe").text
        blob = sql(http, "SELECT 'x'::BLOB AS b", keep=True)["frames"][0]["result"]
        assert "a CSV has no BLOB" in http.get(f"/api/results/{blob}/file?format=csv").text


def test_what_is_kept_is_bounded_in_bytes(server):
    """What was looked at longest ago is given up; one result that is too large is refused."""
    results = PageResults(replace(server._service.limits, request_bytes=100_000))
    grant, frame = Grant("a", "read"), pl.DataFrame({"n": range(10_000)})
    first, second, third, *_ = [results.content(grant, frame, 1, keep=True)["result"] for _ in range(5)]
    assert results.rows(grant, first, 0, 1) == [["0"]]
    results.content(grant, frame, 1, keep=True)
    with pytest.raises(rem.InputError, match="there is no such result"):
        results.rows(grant, second, 0, 1)
    assert results.rows(grant, first, 9_999, 1) == [["9999"]] and third in results.kept
    with pytest.raises(rem.ExecuteError, match=r"the answer takes 160,000 bytes, and the page keeps 100,000 at most"):
        results.content(grant, pl.DataFrame({"n": range(20_000)}), 1, keep=True)


def test_texts_of_an_empty_frame_are_none():
    """With and without columns."""
    assert texts(pl.DataFrame()) == [] and texts(pl.DataFrame(schema={"a": pl.List(pl.Int64)})) == []


# --- its life


def test_a_request_that_goes_away_stops_its_statement(server):
    """As when a page is closed, or its user presses stop."""
    host, port = server.page.removeprefix("http://").strip("/").split(":")
    runs = server._service.runs
    body = json.dumps({"verb": "sql", "arguments": {"text": "SELECT COUNT(*) FROM n a, n b WHERE a.n + b.n = -1"}})
    head = f"POST /api/call HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {READER}\r\nContent-Length: {len(body)}"
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(f"{head}\r\n\r\n{body}".encode())
        until(lambda: [r for r in runs.listed() if r.verb == "sql"], "the statement to run")
    until(lambda: not runs.listed(), "the statement to end")


def test_a_page_needs_its_libraries_and_a_port(monkeypatch):
    """What is missing is told, and the database stays open; a server that ends lets go of its port."""
    with example() as db, rem.start_server(db) as server:
        assert server.page is None
    with example() as db, socket.create_server(("127.0.0.1", 0)) as taken:
        with pytest.raises(rem.InputError, match="cannot listen at 127.0.0.1:.* for the page"):
            rem.start_server(db, page_port=taken.getsockname()[1])
        with pytest.raises(rem.InputError, match="page_port is a whole number"):
            rem.start_server(db, page_port=-1)
        monkeypatch.setitem(sys.modules, "uvicorn", None)
        monkeypatch.delitem(sys.modules, "rem_arrow.serve.page_server", raising=False)
        with pytest.raises(rem.UnsupportedError, match=r"starlette and uvicorn: pip install 'rem_arrow\[server\]'"):
            rem.start_server(db, page_port=0)
        monkeypatch.undo()
        with rem.start_server(db, page_port=0) as server:
            page = server.page
        with pytest.raises(httpx2.ConnectError):
            httpx2.get(page)
