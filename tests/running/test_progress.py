"""Bars: in a terminal, in a notebook, lines in a file, and silence; what shows progress can be stopped."""

from __future__ import annotations

import inspect
import io
import sys
import threading
import time
import types

import numpy as np
import polars as pl
import pytest

import rem_arrow as rem
from rem_arrow.running import cancellation, progress
from tests.patience import PATIENCE_S, join, started, until


class Terminal(io.StringIO):
    """Standard error that is a terminal."""

    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    stream = Terminal()
    # Only there: pytest puts its own back between setting up and the test.
    monkeypatch.setattr(progress, "sys", types.SimpleNamespace(stderr=stream, modules=sys.modules))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return stream


@pytest.fixture
def soon(monkeypatch):
    """Bars come at once, and are drawn at each piece."""
    monkeypatch.setattr(progress, "_DELAY_S", 0.0)
    monkeypatch.setattr(progress, "_REDRAWN_S", -1.0)


@pytest.fixture
def notebook(monkeypatch):
    """A notebook that keeps what it is asked to display."""
    shown = []

    class Handle:
        def update(self, html):
            shown.append(html.data)

    def display(html, display_id):
        shown.append(html.data)
        return Handle()

    ours = types.ModuleType("IPython")
    ours.get_ipython = lambda: object()
    ours.display = types.ModuleType("IPython.display")
    ours.display.HTML, ours.display.display = (
        type("HTML", (), {"__init__": lambda self, data: setattr(self, "data", data)}),
        display,
    )
    for name, module in (
        ("IPython", ours),
        ("IPython.display", ours.display),
        ("ipykernel", types.ModuleType("ipykernel")),
    ):
        monkeypatch.setitem(sys.modules, name, module)
    return shown


def test_a_terminal_gets_a_bar_after_a_while(terminal, monkeypatch):
    """Short work shows nothing, long work a bar, although the first piece takes long."""
    monkeypatch.setattr(progress, "_DELAY_S", PATIENCE_S)
    with progress.progress_bar("short", 1, None) as advance:
        advance(1)
    assert terminal.getvalue() == ""
    monkeypatch.setattr(progress, "_DELAY_S", 0.01)
    with progress.progress_bar("a long piece", 3, None) as advance:
        until(lambda: "a long piece" in terminal.getvalue(), "the bar")
        advance(3)


def test_no_bar_where_nobody_looks(terminal, soon, monkeypatch):
    """False is silent, and so are other threads and what is no terminal."""
    with progress.progress_bar("x", 1, False) as advance:
        advance(1)

    def other():
        with progress.progress_bar("x", 1, None) as advance:
            advance(1)

    join(started(other))
    assert terminal.getvalue() == ""
    piped = io.StringIO()
    monkeypatch.setattr(progress, "sys", types.SimpleNamespace(stderr=piped, modules=sys.modules))
    with progress.progress_bar("x", 1, None) as advance:
        advance(1)
    assert piped.getvalue() == ""


def test_a_notebook_gets_a_bar_of_html(notebook, soon):
    """It counts, escapes its title, and goes at the end; without a total it only moves."""
    with progress.progress_bar("<load>", 10, True) as advance:
        advance(4)
        advance(6)
    assert notebook[0] == "&lt;load&gt; <progress value='0' max='10'></progress> 0 of 10"
    assert notebook[-2:] == ["&lt;load&gt; <progress value='10' max='10'></progress> 10 of 10", ""]
    notebook.clear()
    with progress.progress_bar("copy", None, None):
        until(lambda: notebook, "the bar")
    assert notebook == ["copy <progress></progress> 0", ""]


@pytest.fixture
def piped(monkeypatch):
    """Standard error that is a file, and a clock that the test moves."""
    stream, clock = io.StringIO(), types.SimpleNamespace(now=100.0)
    monkeypatch.setattr(progress, "sys", types.SimpleNamespace(stderr=stream, modules=sys.modules))
    monkeypatch.setattr(progress, "time", types.SimpleNamespace(monotonic=lambda: clock.now))
    return stream, clock


def test_a_file_gets_lines_if_they_are_asked_for(piped):
    """One at each tenth, at most one in a second, and the last one at the end."""
    stream, clock = piped
    with progress.progress_bar("loading t", 2_000, True) as advance:
        for _ in range(100):
            clock.now += 0.3
            advance(20)
    counts = [int(line.split()[2].replace(",", "")) for line in stream.getvalue().splitlines()]
    assert counts == [0, *range(200, 2_001, 200)]
    assert stream.getvalue().splitlines()[-1] == "loading t: 2,000 of 2,000"
    stream.truncate(0)
    stream.seek(0)
    with progress.progress_bar("loading t", 2_000, True) as advance:
        for _ in range(100):
            clock.now += 0.03
            advance(20)
    assert len(stream.getvalue().splitlines()) == 4


def test_lines_come_where_a_tenth_takes_long_or_nobody_knows_it(piped):
    """After half a minute; nothing is told twice."""
    stream, clock = piped
    for total, of, first in ((None, "", "copy"), (1_000_000, " of 1,000,000", "copy: 0 of 1,000,000")):
        stream.truncate(0)
        stream.seek(0)
        with progress.progress_bar("copy", total, True) as advance:
            for _ in range(5):
                clock.now += 16
                advance(1)
            clock.now += 16
            advance(1)
        assert stream.getvalue().splitlines() == [first, *(f"copy: {n}{of}" for n in (2, 4, 6))]


def test_everything_that_takes_long_shows_a_bar(terminal, tmp_path):
    """Each verb takes `progress`, and is silent by default in tests."""
    rows = pl.DataFrame(
        {
            "id": [str(i) for i in range(3_000)],
            "name": [f"n{i}" for i in range(3_000)],
            "content": [f"text {i}" for i in range(3_000)],
        }
    )

    def shows(title, call, *args, **options):
        terminal.truncate(0)
        found = call(*args, **options, progress=True)
        assert title in terminal.getvalue(), title
        terminal.truncate(0)
        return found

    with rem.connect(tmp_path / "a.rem") as db:
        shows("loading resources", db.load, "resources", rows)
        shows("embedding resources", db.load, "resources", rows.with_columns(pl.col("content") + "!"))
        shows("embedding resources", db.reembed, "resources", lambda texts: np.ones((len(texts), 4), dtype=np.float32))
        shows("adding documents", db.add_documents, ["one", "two"])
        shows("compacting", db.compact)
        assert shows("verifying", db.verify).height == 0
        shows("background work", db.wait)
        shows("backing up", db.backup, tmp_path / "b.rem")
        db.compact(progress=False)
        assert terminal.getvalue() == ""
    shows("restoring", rem.restore, tmp_path / "b.rem", tmp_path / "c.rem")
    for verb in (rem.Database.load, rem.Database.reembed, rem.Database.wait, rem.Database.verify, rem.restore):
        assert inspect.signature(verb).parameters["progress"].default is None
    with rem.connect(tmp_path / "c.rem") as db:
        assert db.sql("SELECT COUNT(*) FROM resources").item() == 3_004


def test_waiting_counts_the_rows_of_an_index(monkeypatch):
    """While an index is made the bar gets as far as the rows that it holds."""
    told = []

    class Bar:
        def __init__(self, title, total):
            told.append(total)

        def start(self):
            background.resume()

        def advance(self, count):
            told.append(count)

        def stop(self):
            pass

    monkeypatch.setattr(progress, "_Lines", Bar)
    with rem.connect() as db:
        background = db._instance.store.background
        background.pause()
        db.load(
            "points",
            pl.DataFrame(
                {
                    "v": pl.Series(
                        np.random.default_rng(1).random((21_000, 8), dtype=np.float32), dtype=pl.Array(pl.Float32, 8)
                    )
                }
            ),
        )
        db.create_index("points", "v")
        db.wait(PATIENCE_S, progress=True)
    assert told[0] >= 21_000
    assert sum(told[1:]) <= told[0]


def test_waiting_has_an_end():
    """A wait that is too short says so, after its time."""
    with rem.connect() as db:
        background = db._instance.store.background
        background.pause()
        background.run(lambda stopping: None)
        began = time.monotonic()
        with pytest.raises(rem.ExecuteError, match=r"background work was not done after 0.3 s"):
            db.wait(0.3)
        assert time.monotonic() - began >= 0.3
        background.resume()
        db.wait(PATIENCE_S)


def test_a_load_that_is_stopped_stores_nothing():
    """Progress is told of after each piece, and there the work ends; so do several documents, after the one that is
    stored."""
    asked = threading.Event()

    def pieces():
        for i in range(50):
            if i == 3:
                asked.set()
            yield {"n": i}

    with rem.connect() as db, cancellation.stoppable(asked):
        with pytest.raises(rem.ExecuteError, match="was cancelled, and it was stopped"):
            db.add_documents(str(row["n"]) for row in pieces())
        asked.clear()
        assert db.sql("SELECT COUNT(*) FROM resources").item() <= 2
        asked.set()
        with pytest.raises(rem.ExecuteError, match="was cancelled"):
            db.load("t", pl.DataFrame({"n": range(300_000)}))
        asked.clear()
        assert "t" not in db.tables()["name"].to_list()
