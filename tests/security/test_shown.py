"""What others wrote is shown as text: by a terminal, a notebook, a picture."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import polars as pl
import pytest
from typer.testing import CliRunner

import rem_arrow as rem
from rem_arrow.base.printable import printable
from rem_arrow.running.progress import progress_bar
from rem_arrow.shell import output
from rem_arrow.shell.cli import app

# A colour, a title of the window, a report of the cursor, a clipboard, C1, a backspace, a return, a turned direction.
OBEYED = "a\x1b[31mb\x1b]0;c\x07\x1b[6n\x1b]52;c;eA==\x07\x9b1m\x08\r\u202ed\u2066"
MARKUP = """<script>alert(1)</script><img src=x onerror='x'>"&'[red]x[/red]"""
OBEYED_CODES = {*range(0x20), 0x7F, *range(0x80, 0xA0), 0x202A, 0x202B, 0x202D, 0x202E, *range(0x2066, 0x206A)} - {
    9,
    10,
}


def is_plain(text: str) -> bool:
    return OBEYED_CODES.isdisjoint(map(ord, text))


@pytest.fixture
def database(tmp_path: Path) -> Path:
    with rem.connect(tmp_path / "my.rem") as db:
        db.load("t", pl.DataFrame({"a": [OBEYED, MARKUP], "[b]": ["\\[red]x", "[link=http://x]y[/link]"]}))
        db.insert("entities", {"id": OBEYED, "name": OBEYED})
    return tmp_path / "my.rem"


@pytest.mark.parametrize("kind", ["table", "csv", "json"])
def test_a_terminal_gets_nothing_that_it_obeys(
    database: Path, kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cells, columns and rows as CSV or JSON."""
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    with rem.connect(database, read_only=True) as db:
        output.write_rows(db.sql("FROM t"), output.Format(kind), None)
    shown = capsys.readouterr().out
    assert is_plain(shown)
    assert "\\x1b[31m" in shown or "\\u001b[31m" in shown


def test_a_pipe_gets_the_rows_as_they_are(database: Path) -> None:
    """Another program is no terminal."""
    rows = CliRunner().invoke(app, ["sql", str(database), "FROM t", "--format", "csv"]).stdout_bytes
    assert pl.read_csv(io.BytesIO(rows))["a"][0] == OBEYED


def test_rows_are_no_markup_of_the_terminal(database: Path) -> None:
    """Brackets and backslashes stand as they are, in cells and in names of columns."""
    drawn = CliRunner().invoke(app, ["sql", str(database), 'SELECT "[b]" FROM t', "--format", "table"]).stdout
    assert "[b]" in drawn
    assert "\\[red]x" in drawn
    assert "[link=http://x]y[/link]" in drawn


@pytest.mark.parametrize(
    "arguments",
    [
        ["sql", f"SELECT CAST('{OBEYED}' AS INTEGER)"],
        ["sql", f"SELECT {OBEYED}"],
        ["sql", f"SELECT '{OBEYED}' AS x", "--explain"],
        ["schema", OBEYED],
        ["ask", f"Tell me about '{OBEYED}'", "--plan"],
        ["lookup", OBEYED, "--format", "table"],
    ],
)
def test_errors_plans_and_answers_are_plain(database: Path, arguments: list[str]) -> None:
    """Texts of SQL, of rows and of answers are quoted in them."""
    result = CliRunner().invoke(app, [arguments[0], str(database), *arguments[1:]])
    # The rows of an answer go to a pipe here.
    shown = result.stderr if arguments[0] == "ask" else result.output
    assert is_plain(shown)
    assert "31m" in shown


def test_printable_keeps_text() -> None:
    """Letters of any script, lines and tabs."""
    text = "Grüße, 你好, שלום, emoji 👩‍💻\n\tx"
    assert printable(text) == text
    assert printable("\ud800") == "\\ud800"


def test_a_bar_shows_the_name_of_a_table_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    """Lines of progress too."""
    with progress_bar(f"loading {OBEYED}", 1, wanted=True) as advance:
        advance(1)
    shown = capsys.readouterr().err
    assert is_plain(shown)
    assert "\\x1b[31m" in shown


class _Tags(HTMLParser):
    """The elements and the handlers of a text of HTML."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.names.update(name for name, _ in attrs if name.startswith("on"))


def test_a_notebook_shows_no_element_of_the_data(tmp_path: Path) -> None:
    """A database, an answer, a plan and rows whose names and values are HTML."""
    with rem.connect(tmp_path / "my.rem") as db:
        db.load(MARKUP, pl.DataFrame({MARKUP: [MARKUP]}))
        db.insert("entities", {"id": "x", "name": MARKUP})
        name = MARKUP.replace('"', '""')
        query = f"""SELECT * FROM "{name}" WHERE "{name}" <> 'a{MARKUP.replace("'", "''")}'"""
        shown = [db, db.explain(query), db.explain(query, analyze=True), db.ask(f"what is '{MARKUP}'?"), db.sql(query)]
        for what in shown:
            text = what._repr_html_()
            assert {"script", "img", "onerror", "red"}.isdisjoint(_Tags(text).names), what
            assert "script" in text


def test_a_picture_shows_text(tmp_path: Path) -> None:
    """Names in a graph, scores and plans are neither elements of SVG nor formulas of TeX."""
    label = f"$\\frac{{$ {MARKUP}"
    with rem.connect() as db:
        db.insert("entities", [{"id": label, "name": label}, {"id": "b", "name": "$"}])
        db.add_edge(label, "b", label)
        graph = rem.draw_graph(db.traverse_edges([label]), title=label)
        scores = rem.draw_scores(db.sql("SELECT name, 0.5 AS _score FROM entities"), title=label)
        plan = db.explain(f"SELECT * FROM entities WHERE name = '{label.replace(chr(39), chr(39) * 2)}'", analyze=True)
        for drawing in (graph, scores, plan.show(), plan.profile()):
            drawing.save(tmp_path / "x.svg")
            root = ElementTree.parse(tmp_path / "x.svg").getroot()
            tags = {re.sub(r"\{.*\}", "", e.tag) for e in root.iter() if isinstance(e.tag, str)}
            assert {"script", "img", "foreignObject", "a"}.isdisjoint(tags)


def test_csv_holds_values_as_they_are(tmp_path: Path) -> None:
    """A text that a spreadsheet takes for a formula is exported and read back unchanged, and no value becomes two."""
    values = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("http://x","y")', "a,b\n=c", '"']
    with rem.connect() as db:
        db.load("t", pl.DataFrame({"v": values}))
        db.export(tmp_path / "out", format="csv", tables=["t"])
        db.sql(f"COPY t TO '{tmp_path / 't.csv'}'")
        for file in (tmp_path / "out" / "t.csv", tmp_path / "t.csv"):
            assert pl.read_csv(file, infer_schema=False)["v"].to_list() == values
        safe = db.sql("SELECT CASE WHEN regexp_matches(v, '^[=+@\\t\\r-]') THEN '''' || v ELSE v END AS v FROM t")
    assert [v[0] for v in safe["v"]] == ["'", "'", "'", "'", "'", "'", "a", '"']


def test_a_notebook_shows_errors_as_text() -> None:
    """IPython prints the text of an error as it is."""
    from rem_arrow.shell.notebook import Magic

    with rem.connect() as db, pytest.raises(rem.RemError) as caught:
        shell = SimpleNamespace(user_ns={"db": db}, register_magic_function=None)
        Magic(shell).run(f"SELECT CAST('{OBEYED}' AS INTEGER)")
    assert is_plain("".join(vars(caught.value)["_render_traceback_"]()))
