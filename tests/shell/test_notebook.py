"""`%rem` and `%%rem` in a real IPython shell."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import rem_arrow as rem

interactive = pytest.importorskip("IPython.core.interactiveshell", reason="notebooks need IPython: pip install ipython")


@pytest.fixture
def shell(tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    made = interactive.InteractiveShell()
    made.run_line_magic("load_ext", "rem_arrow")
    yield made
    for value in list(made.user_ns.values()):
        if isinstance(value, rem.Database):
            value.close()
    made.history_manager.end_session()


@pytest.fixture
def db(shell):
    database = rem.connect()
    database.load("items", pl.DataFrame({"name": ["pen", "ink", "box"], "price": [3, 8, 5]}))
    shell.user_ns["db"] = database
    return database


def run(shell, text):
    """Run a cell, and return what it gives; what it raises is raised."""
    found = shell.run_cell(text)
    found.raise_error()
    return found.result


def test_a_line_asks_the_only_database(shell, db):
    """With one database in the variables no connect is needed."""
    assert run(shell, "%rem SELECT COUNT(*) AS n FROM items").item() == 3


def test_a_cell_takes_many_lines_comments_and_statements(shell, db):
    """A cell is a text as `db.sql` takes it."""
    found = run(
        shell,
        "%%rem\n-- dear ones\nINSERT INTO items VALUES ('cup', 9);\nSELECT name\nFROM items\nWHERE price > 7 ORDER "
        "BY name",
    )
    assert found["name"].to_list() == ["cup", "ink"]


def test_parameters_are_variables_and_never_text(shell, db):
    """`$name` is the variable's value, whatever it holds; IPython does not write it into the text."""
    shell.user_ns.update(who="pen'; DROP TABLE items", least=np.int64(5), many=[3, 8])
    assert run(shell, "%rem SELECT name FROM items WHERE name = $who").height == 0
    assert run(shell, "%rem SELECT '$who' AS t, name FROM items WHERE price >= $least ORDER BY name").rows() == [
        ("$who", "box"),
        ("$who", "ink"),
    ]
    assert run(shell, "%%rem\nSELECT name FROM items WHERE list_contains($many, price)").height == 2
    with pytest.raises(rem.BindError, match=r"\$nothing"):
        run(shell, "%rem SELECT $nothing")


@pytest.mark.parametrize(
    "frame",
    [pl.DataFrame({"n": [1, 2]}), pl.LazyFrame({"n": [1, 2]}), pd.DataFrame({"n": [1, 2]}), pa.table({"n": [1, 2]})],
    ids=lambda f: type(f).__module__,
)
def test_frames_are_tables_by_name(shell, db, frame):
    """A DataFrame of the notebook is a table where the text names it."""
    shell.user_ns["frame"] = frame
    assert run(shell, "%rem SELECT SUM(n) FROM frame").item() == 3


def test_only_frames_that_are_named_are_taken_and_stored_tables_win(shell, db):
    """A variable does not hide a stored table, and one that is no table does not hide a CTE."""
    shell.user_ns.update(items=pl.DataFrame({"name": ["other"]}), found=7, price=pd.DataFrame({"a": [object()]}))
    assert run(shell, "%rem SELECT COUNT(*) FROM items").item() == 3
    assert run(shell, "%rem WITH found AS (SELECT price FROM items) SELECT MAX(price) FROM found").item() == 8


def test_assignment(shell, db):
    """`df = %rem` and `%%rem df` keep the rows, and what is kept is a table again."""
    assert run(shell, "df = %rem SELECT name FROM items WHERE price > 4") is None
    assert run(shell, "%%rem dear\nSELECT name FROM df ORDER BY name") is None
    assert shell.user_ns["dear"]["name"].to_list() == ["box", "ink"]
    with pytest.raises(rem.InputError, match="the SQL goes in the lines below"):
        run(shell, "%%rem SELECT *\nFROM items")


def test_explain_and_analyze(shell, db):
    """The plan comes instead of the rows; with --analyze it has rows and times."""
    assert run(shell, "%rem --explain SELECT name FROM items").startswith("Project items.name AS name")
    assert " ms in all" in run(shell, "%%rem --analyze\nSELECT name FROM items")
    run(shell, "%%rem --explain plan\nSELECT name FROM items")
    assert "Scan items" in shell.user_ns["plan"]


def test_connect_opens_and_a_cell_may_be_run_again(shell, tmp_path):
    """`%rem connect` opens a folder once, and gives the same database when its cell runs again; other options open it
    anew."""
    first = run(shell, f"mine = %rem connect {tmp_path / 'a.rem'}") or shell.user_ns["mine"]
    assert run(shell, f"%rem connect {tmp_path / 'a.rem'}") is first
    run(shell, "%rem CREATE TABLE t (a INT)")
    assert first.tables().filter(name="t").height == 1
    reader = run(shell, f"%rem connect {tmp_path / 'a.rem'} --read-only")
    assert first.closed and not reader.closed
    with pytest.raises(rem.InputError, match="reading only"):
        run(shell, "%rem CREATE TABLE u (a INT)")
    tenant = run(shell, f"%rem connect --tenant acme {tmp_path / 'b.rem'}")
    assert tenant.path == tmp_path / "b.rem" / "tenants" / "acme"
    tenant.close()
    assert run(shell, f"%rem connect {tmp_path / 'b.rem'} --tenant=acme").closed is False
    run(shell, "%rem close")
    assert run(shell, "%rem connect").path.exists()
    run(shell, "%rem close")


def test_use_and_db_choose_among_several(shell, db):
    """--db asks another database once, `use` from then on; %rem alone says which it is."""
    other = shell.user_ns["other"] = rem.connect()
    with pytest.raises(
        rem.InputError, match="several are open, in db, other; write %rem connect PATH, %rem use NAME, or --db NAME"
    ):
        run(shell, "%rem SELECT 1")
    assert run(shell, "%rem --db db SELECT COUNT(*) FROM items").item() == 3
    assert run(shell, "%rem use other") is other
    assert run(shell, "%rem") is other
    with pytest.raises(rem.BindError, match="items"):
        run(shell, "%rem SELECT * FROM items")
    assert run(shell, "%%rem --db=db\nSELECT 1").item() == 1


def test_errors_show_the_caret_and_no_traceback(shell, db, capsys):
    """The error of the text is shown as it is; it is raised, so that a run of all cells stops."""
    found = shell.run_cell("%%rem\nSELECT name,\n  prise\nFROM items")
    shown = capsys.readouterr().out
    assert isinstance(found.error_in_exec, rem.BindError)
    assert (
        'BindError: no column "prise" in items\nline 2:   prise\n          ^^^^^\nDid you mean price? Columns: name, '
        "price." in shown
    )
    assert "Traceback" not in shown


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("%rem SELECT 1", "no database is open; write %rem connect PATH"),
        ("%rem --db nobody SELECT 1", "no variable 'nobody'. Databases: none"),
        ("%rem --db seven SELECT 1", "the variable 'seven' is a int, not a database"),
        ("%rem --explian SELECT 1", "no option --explian. Did you mean explain?"),
        ("%rem --db", "--db takes a value"),
        ("%rem connect --explain", "--explain does not go with this; it takes --read-only, --tenant"),
        ("%rem close --db x", "--db does not go with this; it takes no options"),
    ],
)
def test_lines_that_do_not_fit(shell, line, message):
    """What is wrong with a line is said in its words."""
    shell.user_ns["seven"] = 7
    with pytest.raises(rem.InputError) as caught:
        run(shell, line)
    assert message in str(caught.value)


def test_a_timeout_is_seconds(shell, db):
    """--timeout stops a statement, and takes a number."""
    assert run(shell, "%rem --timeout 600 SELECT 1").item() == 1
    with pytest.raises(rem.InputError, match="takes seconds, such as 10, not 'soon'"):
        run(shell, "%rem --timeout soon SELECT 1")


def test_a_database_shows_its_tables(shell, db):
    """In a notebook a database is its tables, rows and size; a closed one says so."""
    html = db._repr_html_()
    assert "items" in html and ">3</td>" in html and "MB on disk" in html
    db.insert("entities", {"name": "x"})
    db.sql("CREATE VIEW v AS SELECT 1 AS a")
    assert "view" in db._repr_html_()
    db.close()
    assert db.closed and "(closed)" in db._repr_html_()
