"""The shell runs what is typed, what is piped and what is in files, shows it as asked, and outlives what goes wrong."""

from __future__ import annotations

import io
import os
import re
import signal
import stat
import threading
from contextlib import closing
from functools import partial

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from rich.console import Console
from typer.testing import CliRunner

import rem_arrow as rem
from rem_arrow.shell import terminal
from rem_arrow.shell.cli import app
from rem_arrow.shell.dot_commands import COMMANDS, run_command
from rem_arrow.shell.output import Format
from rem_arrow.shell.shell_screen import PlainScreen, TerminalScreen
from rem_arrow.shell.shell_session import ShellSession, is_whole
from tests.docs.example import example
from tests.patience import until
from tests.serve.served import remote

LONG = "SELECT count(*) FROM range(3000000) a, range(2000) b WHERE a.range % 7 = b.range % 5"
WRONG = """BindError: no column "amont" in sales
line 4:  amont FROM sales; SELECT 2
         ^^^^^
Did you mean amount? Columns: region, amount.
"""
SALES = "region,amount\nnorth,3\nsouth,4\nnorth,5\n"


@pytest.fixture(scope="module", params=["embedded", "served"])
def db(request):
    """The example database, in this process and over a connection."""
    with example() if request.param == "embedded" else remote() as db:
        yield db


@pytest.fixture(scope="module")
def local():
    """The example database in this process."""
    with example() as db:
        yield db


def run(db, text):
    """Run a text as standard input is run; return whether it ended well."""
    with closing(ShellSession(db, PlainScreen(), Format.csv, run_command)) as session:
        return session.run(text)


@pytest.mark.parametrize(
    ("text", "out", "err"),
    [
        ("FROM sales;", SALES, ""),
        ("-- all\nFROM sales -- of them", SALES, ""),
        ("SELECT 1 AS a; SELECT ';' AS b;;", "a\n1\nb\n;\n", ""),
        (".mode json\nSELECT 1 AS a;", '{"a":1}\n', ""),
        (
            ".mode markdown\nSELECT 'a|b\nc' AS t, NULL AS x, 2 AS n;",
            "| t | x | n |\n| --- | ---: | ---: |\n| a\\|b c |  | 2 |\n",
            "",
        ),
        (".mode lines\nSELECT 1 AS a, NULL AS bc FROM range(2);", " a = 1\nbc = NULL\n\n a = 1\nbc = NULL\n", ""),
        (".mode table\nSELECT range AS n FROM range(3); .rows 2\nFROM range(3);", None, ""),
        ("BEGIN; DELETE FROM sales; SELECT count(*) AS n FROM sales; ROLLBACK; FROM sales;", f"n\n0\n{SALES}", ""),
        (".schema sales", "CREATE TABLE sales(region VARCHAR, amount BIGINT);\n", ""),
        (".explain on\nSELECT sum(amount) AS s FROM sales; CREATE TEMP TABLE x AS SELECT 1 AS a", None, ""),
        (".quit\nSELECT 1", "", ""),
        ("SELECT 1 AS a;\n\n  SELECT\n amont FROM sales; SELECT 2", "a\n1\n", WRONG),
        ("SELECT 1/;", "", None),
        (".tabels", "", "InputError: no command .tabels. Did you mean .tables?"),
        (".mode fancy", "", "InputError: .mode takes table|csv|json|markdown|lines, not fancy\n"),
        (".timer on off", "", "InputError: write .timer [on|off]\n"),
        (".rows 0", "", "InputError: .rows takes a number of rows, not 0\n"),
        (".read", "", "InputError: write .read FILE\n"),
        (".read /no/such", "", "InputError: /no/such cannot be read: No such file or directory\n"),
        (".output /no/such", "", "InputError: /no/such cannot be written: No such file or directory\n"),
        (".read 'x", "", "InputError: .read 'x: a quote is not closed\n"),
        (".schema no_such", "", 'no table "no_such"'),
    ],
)  # fmt: skip
def test_a_text_is_run_step_by_step(db, capsys, text, out, err):
    """Rows go to standard output, errors with their place in the whole text to standard error, and end it."""
    assert run(db, text) == (err == "")
    shown = capsys.readouterr()
    assert out is None or shown.out == out
    assert err is None or shown.err == err or (err and err in shown.err)
    assert (shown.err == "") == (err == "")


def test_tables_and_plans_are_shown(db, capsys):
    """The commands that answer with rows and texts."""
    assert run(
        db, ".tables\n.help\n.explain on\nSELECT sum(amount) FROM sales;\n.mode table\nFROM sales;.rows 2\nFROM sales;"
    )
    shown = capsys.readouterr().out
    assert "sales,plain,3,2," in shown and all(name in shown for name in COMMANDS)
    assert "Aggregate sum(sales.amount)" in shown
    assert "3 rows\n" in shown and "3 rows; 1 more, see .rows, .mode and .output" in shown


def test_files_are_read_and_written(db, tmp_path, capsys):
    """Files that read themselves come to an end."""
    script, target = tmp_path / "a script.sql", tmp_path / "out.csv"
    script.write_text(f".output {target}\nFROM sales;\n.output\nSELECT 1 AS back;", encoding="utf-8")
    assert run(db, f".read '{script}'")
    assert target.read_text() == SALES and capsys.readouterr().out == "back\n1\n"
    script.write_text(f".read '{script}'")
    assert not run(db, f".read '{script}'")
    assert "at most 16 deep" in capsys.readouterr().err
    script.write_bytes(b"\xff\xfe")
    assert not run(db, f".read '{script}'")


def test_standard_input_is_run(tmp_path):
    """The exit code says whether all of it was done."""
    path = str(tmp_path / "my.rem")
    done = CliRunner().invoke(app, ["shell", path], input="CREATE TABLE t AS SELECT 1 AS a; FROM t")
    assert (done.exit_code, done.stdout) == (0, "a\n1\n")
    done = CliRunner().invoke(app, ["shell", path, "--read-only", "-f", "json"], input="FROM t; DROP TABLE t; FROM t")
    assert (done.exit_code, done.stdout) == (1, '{"a":1}\n')
    for wrong in ([str(tmp_path / "no.rem"), "--read-only"], ["rem://127.0.0.1:1"], ["rem://x:1", "--read-only"]):
        assert CliRunner().invoke(app, ["shell", *wrong], input="").exit_code == 1


@pytest.mark.parametrize("served", [False, True])
def test_what_runs_is_stopped_and_the_session_goes_on(served, capsys):
    """Ctrl-C is an interrupt of the main thread; a server stops the statement too."""
    with (
        rem.start_server(example()) as server,
        rem.connect(server.address, token=server.token) if served else example() as db,
        closing(ShellSession(db, PlainScreen(), Format.csv, run_command)) as session,
    ):
        session.run("BEGIN; INSERT INTO sales VALUES ('east', 1)")
        threading.Timer(0.3, partial(os.kill, os.getpid(), signal.SIGINT)).start()
        assert not session.run(f"{LONG}; SELECT 1")
        until(lambda: not server._service.runs.listed(), "the server has stopped it")
        assert session.in_transaction
        assert session.run("SELECT count(*) AS n FROM sales; ROLLBACK; SELECT count(*) AS n FROM sales")
    shown = capsys.readouterr()
    assert shown.err == "stopped\n" and shown.out == "n\n4\nn\n3\n"


def test_what_does_not_stop_is_left(local, capsys, monkeypatch):
    """A second Ctrl-C ends the wait; an open transaction is given up, and a word says so."""
    gone = threading.Event()
    monkeypatch.setattr("rem_arrow.shell.statement_thread._SOON_S", 0.01)
    with closing(ShellSession(local, PlainScreen(), Format.csv, run_command)) as session:
        session.run("BEGIN")

        def stubborn(*_):
            os.kill(os.getpid(), signal.SIGINT)
            gone.wait(20)

        monkeypatch.setattr(session._connection, "run", stubborn)
        monkeypatch.setattr(session.screen, "note", lambda _: os.kill(os.getpid(), signal.SIGINT), raising=False)
        assert not session.run("SELECT 1")
        gone.set()
        assert not session.in_transaction
        assert session.run("SELECT 2 AS a")
    shown = capsys.readouterr()
    assert shown.err == "no longer waited for; an open transaction is given up\n" and shown.out == "a\n2\n"


# --- at a terminal


def converse(db, *keys, screen=None):
    """Type keys at the prompt; return what is shown."""
    file = io.StringIO()
    screen = screen or TerminalScreen(Console(file=file, width=80, height=20, force_terminal=True, no_color=True))
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        pipe.send_text("".join(keys))
        with closing(ShellSession(db, screen, Format.table, run_command)) as session:
            terminal.converse(session, "my.rem", terminal.prompt_session(db))
    return file.getvalue()


@pytest.fixture
def state(tmp_path, monkeypatch):
    """A state folder of its own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "rem-arrow" / "shell_history"


def test_a_statement_is_typed_over_lines(local, state):
    """Enter runs what is whole; Ctrl-C clears, and Ctrl-D leaves; lines are kept for the user alone."""
    shown = converse(
        local,
        "SELECT region\r",
        "FROM sales WHERE amount = 5;\r",
        "nonsense\x03",
        ".timer on\r",
        "SELECT 7 AS x;\r",
        "\x04",
    )
    assert "north" in shown and re.search(r"\d s\x1b", shown) and "nonsense" not in shown
    assert "+FROM sales WHERE amount = 5;" in state.read_text()
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    # The last line comes back.
    assert "│" not in converse(local, "\x1b[A", "\r", ".quit\r").replace("x", "")


def test_a_state_folder_that_cannot_be_written_is_no_matter(local, tmp_path, monkeypatch):
    """The history is forgotten then."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    assert "BindError" in converse(local, "SELECT nothing;\r", ".quit\r")


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        *((text, True) for text in ("", "SELECT 1;", "SELECT 1; -- x", ".tables", "SELECT 1;\n.mode csv", "-- x")),
        *((text, False) for text in ("SELECT 1", "SELECT ';", "/* x", "SELECT 1; x", "SELECT 1; /* ;")),
    ],
)
def test_what_is_whole_is_run(text, whole):
    """A semicolon ends a statement, and the line a command."""
    assert is_whole(text) == whole


@pytest.mark.parametrize(
    ("text", "completed"),
    [
        ("SELECT am| FROM sales", ["amount"]),
        ("SELECT '|", []),
        (".ti", [".timer"]),
        (".mode m", ["markdown"]),
        (".schema sal", ["sales"]),
        (".nothing x", []),
    ],
)
def test_the_prompt_completes(local, text, completed):
    """Statements by the catalog, commands by their table."""
    before, _, after = text.partition("|")
    document = Document(before + after, len(before))
    found = list(terminal.StatementCompleter(local).get_completions(document, CompleteEvent()))
    assert [c.text for c in found] == completed
    assert all(before[len(before) + c.start_position :] in ("am", ".ti", "m", "sal") for c in found)


@pytest.mark.parametrize(
    "text", ["SELECT sum(a) FROM t -- é\n WHERE x = 'y\nz' AND $p > 1.5;", ".mode csv", "", "\n\n", "/* open\n"]
)
def test_colours_change_no_text(text):
    """Every line keeps its characters."""
    line = terminal.StatementLexer().lex_document(Document(text))
    assert ["".join(part for _, part in line(n)) for n in range(text.count("\n") + 1)] == text.split("\n")


def test_words_have_the_colours_of_their_kinds():
    """Keywords, calls, texts, numbers and comments."""
    line = terminal.StatementLexer().lex_document(Document("select f(x), 'a', 1 from t -- c"))
    kinds = [(part, style.removeprefix("class:")) for style, part in line(0) if style]
    words = [("select", "keyword"), ("f", "function"), ("'a'", "text"), ("1", "number"), ("from", "keyword")]
    assert kinds == [*words, ("-- c", "comment")]


def test_long_and_wide_answers_go_to_the_pager(local, tmp_path, monkeypatch, capfd):
    """What fits does not; without a pager a table is as wide as the terminal."""
    target = tmp_path / "paged"
    monkeypatch.setenv("PAGER", f"tee -a {target}")
    wide = "SELECT " + ", ".join(f"'{'x' * 40}' AS c{i}" for i in range(5))
    shown = converse(
        local, f"{wide};\r", "SELECT 1 AS small;\r", "FROM range(100);\r", f".pager off\r{wide};\r", ".quit\r"
    )
    paged = target.read_text()
    assert len(paged.splitlines()[0]) > 200 and "100 rows" in paged and "small" not in paged
    assert "small" in shown and "c4" in shown and max(map(len, shown.splitlines())) <= 200
    monkeypatch.setenv("PAGER", "no-such-pager")
    assert max(map(len, converse(local, f"{wide};\r", ".quit\r").splitlines())) <= 200


def test_characters_that_a_terminal_obeys_are_written_out(local):
    """In rows, names and errors."""
    shown = converse(
        local, "SELECT chr(27) || '[31m' AS a;\r", ".mode csv\r", "SELECT chr(27) || '[31m' AS a;\r", ".quit\r"
    )
    assert shown.count("\\x1b[31m") == 2


def test_a_server_that_goes_away_is_an_error():
    """At the next statement; nothing is completed."""
    server = rem.start_server(example())
    with rem.connect(server.address, token=server.token) as db:
        server.close()
        assert list(terminal.StatementCompleter(db).get_completions(Document("SELECT "), CompleteEvent())) == []
        assert not run(db, "SELECT 1")
