"""A client's database does what the database does: the examples of the docstrings hold over a server too."""

from __future__ import annotations

import asyncio
import doctest

import polars as pl
import pyarrow as pa
import pytest
from polars.testing import assert_frame_equal
from pydantic import BaseModel

import rem_arrow as rem
from rem_arrow.face.verb_table import TRANSACTION_VERBS, VERBS
from tests.docs import docstring
from tests.serve.served import remote

# What a class or function of Python is given to, and the verbs of connections to folders.
APART = {"get", "reembed", "search"}
NAMES = sorted({*VERBS, "lazy", "scan", "table", "to_arrow", "transaction"} - APART)


def failures(name, db):
    """The report of the examples of a verb that fail."""
    names = {"db": db, "rem": rem, "pl": pl, "asyncio": asyncio, "BaseModel": BaseModel}
    examples = docstring.read(getattr(rem.Database, name)).examples()
    report: list[str] = []
    test = doctest.DocTest(examples, names, name, None, None, None)
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=report.append, clear_globs=False)
    assert examples
    return "".join(report)


@pytest.fixture(scope="module")
def db():
    """The example database, served; for what leaves it as it is."""
    with remote() as db:
        yield db


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_examples_hold_over_a_server(name, tmp_path, monkeypatch):
    """Each verb prints what its docstring says."""
    monkeypatch.chdir(tmp_path)
    with remote() as db:
        assert failures(name, db) == ""


@pytest.mark.long
@pytest.mark.parametrize("name", sorted({*TRANSACTION_VERBS} & {*NAMES}))
def test_examples_hold_in_a_transaction_over_a_server(name):
    """The verbs of a transaction too."""
    with remote() as db, db.transaction() as tx:
        assert failures(name, tx) == ""


@pytest.mark.parametrize("name", ["find", "explain", "vectors", "lookup_entity", "traverse_edges", "ask"])
def test_verbs_that_read_answer_as_they_do_here(db, name):
    """Frames, plans, answers, arrays; the other verbs are in `make test-all`."""
    assert failures(name, db) == ""


def test_rows_are_written_and_come_back(db):
    """insert, update, get, delete, load and DML, with every kind of value."""
    db.insert(
        "entities", {"id": "kim", "name": "Kim", "properties": {"n": 1.5}}, edges=[{"dst": "ada", "edge_type": "knows"}]
    )
    db.update("entities", "kim", {"name": "Kim Lee"})
    assert db.get("entities", "kim")["name"] == "Kim Lee" and db.get("entities", "nobody") is None
    assert db.delete("entities", ["kim"]) == 1
    frame = pl.DataFrame({"n": [1, 2], "e": pl.Series(["a", "b"], dtype=pl.Enum(["a", "b"])), "t": ["x", None]})
    assert db.load("loaded", frame) == 2
    assert_frame_equal(db.sql("SELECT * FROM loaded"), frame)
    assert db.load("loaded", [{"n": 3, "e": "a", "t": "y"}]) == 1
    assert db.sql("DELETE FROM loaded WHERE n = $n", {"n": 3}).item() == 1
    joined = db.sql("SELECT f.m FROM loaded JOIN f USING (n)", frames={"f": pl.DataFrame({"n": [2], "m": [20]})})
    assert joined.item() == 20


def test_files_of_the_client_are_loaded(db, tmp_path):
    """With the options that say how they are read; the server never sees their names."""
    path = tmp_path / "rows.csv"
    path.write_text("a;b\n1;x\n2;y\n")
    assert db.load("of_file", str(path), separator=";", dtypes={"a": "SMALLINT"}) == 2
    assert db.sql("SELECT a, b FROM of_file").schema == {"a": pl.Int16, "b": pl.String}
    with pytest.raises(rem.InputError, match="there is no file"):
        db.load("of_file", str(tmp_path / "none.csv"))


def test_rows_that_end_early_are_not_stored(db):
    """A source that fails in the middle leaves nothing behind."""

    def batches():
        for place in range(3):
            if place == 2:
                raise pa.ArrowInvalid("the source is damaged")
            yield pa.record_batch({"n": list(range(100))})

    schema = pa.schema([("n", pa.int64())])
    with pytest.raises(rem.InputError, match="the source is damaged"):
        db.load("half", pa.RecordBatchReader.from_batches(schema, batches()))
    assert "half" not in db.tables()["name"].to_list()


def test_errors_are_those_of_the_database(db):
    """With their place in the text, and their class."""
    with pytest.raises(rem.BindError) as caught:
        db.sql("SELECT prce FROM sales")
    error = caught.value
    assert (error.text, error.start, error.end) == ("SELECT prce FROM sales", 7, 11)
    with pytest.raises(rem.InputError, match='no table "nothing"'):
        db.schema("nothing")
    with pytest.raises(TypeError, match="unexpected keyword"):
        db.tables(nothing=1)
    with pytest.raises(rem.ExecuteError):
        db.reader("SELECT 1 // (amount - amount) FROM sales").read_all()


def test_streams_are_those_of_the_database(db):
    """Batch by batch, as a table, for DuckDB and Polars; types included."""
    db.load("many", pl.DataFrame({"n": range(300_000)}))
    reader = db.reader("SELECT n, n::VARCHAR AS t FROM many WHERE n < $n", {"n": 250_000})
    assert reader.schema == pa.schema([("n", pa.int64()), ("t", pa.string_view())])
    heights = [batch.num_rows for batch in reader]
    assert sum(heights) == 250_000 and len(heights) > 1
    assert db.table("many").to_polars()["n"].sum() == sum(range(300_000))
    assert db.to_arrow("sales", string_views=False).column_names == ["region", "amount"]
    # One that is not read to its end.
    assert db.reader("many").read_next_batch().num_rows > 0


def test_a_transaction_is_seen_when_it_commits(db):
    """Its own writes before, by itself alone; nothing of one that is rolled back."""
    with db.transaction() as tx:
        tx.insert("entities", {"id": "lin", "name": "Lin"})
        assert tx.get("entities", "lin")["name"] == "Lin"
        assert tx.sql("SELECT COUNT(*) FROM entities WHERE id = 'lin'").item() == 1
        assert db.get("entities", "lin") is None
    assert db.get("entities", "lin")["name"] == "Lin"
    with pytest.raises(ZeroDivisionError), db.transaction() as tx:
        tx.delete("entities", "lin")
        raise ZeroDivisionError
    assert db.get("entities", "lin") is not None
    with pytest.raises(rem.InputError, match="this transaction has ended"):
        tx.delete("entities", "lin")


def test_the_first_of_two_transactions_wins(db):
    """The other gets a ConflictError, as here."""
    first, second = db.transaction(), db.transaction()
    first.update("issues", "docs", {"priority": 3})
    second.update("issues", "docs", {"priority": 4})
    first.commit()
    with pytest.raises(rem.ConflictError):
        second.commit()
    assert db.get("issues", "docs")["priority"] == 3


def test_settings_are_those_of_a_client():
    """Nobody else sees a time zone, a prepared statement or a temporary table."""
    with remote() as db, rem.connect(db.path, token=db._channel.token) as other:
        db.sql("SET timezone = 'Asia/Tokyo'")
        db.sql("CREATE TEMP TABLE mine AS SELECT 1 AS n")
        db.sql("PREPARE p AS SELECT n + $1 AS m FROM mine")
        assert db.sql("EXECUTE p(2)").item() == 3
        assert db.sql("SELECT current_setting('timezone')").item() == "Asia/Tokyo"
        assert other.sql("SELECT current_setting('timezone')").item() == "UTC"


def test_begin_of_sql_is_for_one_call(db):
    """Calls run on any thread: a transaction that stays open is refused, and nothing of it is stored."""
    with pytest.raises(rem.InputError, match="BEGIN is for one thread"):
        db.sql("BEGIN; DELETE FROM sales")
    assert db.sql("BEGIN; UPDATE sales SET amount = amount; COMMIT; SELECT COUNT(*) FROM sales").item() == 3


def test_what_needs_the_process_of_the_database_says_so(db):
    """Classes and functions of Python do not travel."""
    with pytest.raises(rem.InputError, match="register the model|register it where the database is open"):
        db.register(BaseModel)
    with pytest.raises(rem.InputError, match="Model.model_validate"):
        db.get("issues", "docs", as_model=True)
    with pytest.raises(rem.InputError, match="a function does not travel"):
        db.search("issues", "login", rerank=lambda query, texts: [1.0 for _ in texts])


def test_a_closed_connection_says_so():
    """And the server goes on."""
    with remote() as db:
        assert "rem://127.0.0.1" in repr(db)
        with rem.connect(db.path, token=db._channel.token) as second:
            second.close()
            assert second.closed and "(closed)" in repr(second)
            with pytest.raises(rem.InputError, match="the connection is closed"):
                second.tables()
        assert db.tables().height


@pytest.mark.parametrize(
    ("address", "options", "message"),
    [
        ("rem://nowhere", {}, "is no address of a server"),
        ("rem://h:1/path", {}, "is no address of a server"),
        ("rem://127.0.0.1:1", {"tenant": "a"}, "tenant is said where the database is served"),
        ("rem://127.0.0.1:1", {"token": "with space"}, "a token is a text of ASCII"),
        ("rem://127.0.0.1:1", {"certificate": "x.pem"}, "write rems://host:port"),
        ("rems://127.0.0.1:1", {"certificate": "/nowhere.pem"}, "cannot be read"),
        ("folder", {"token": "a"}, "token and certificate are for a server"),
    ],
)
def test_wrong_addresses_are_refused(address, options, message):
    """Before anything is connected to."""
    with pytest.raises(rem.InputError, match=message):
        rem.connect(address, **options)


def test_no_server_says_so():
    """With the address that was tried."""
    with pytest.raises(rem.ExecuteError, match="no server answers at 127.0.0.1:1"):
        rem.connect("rem://127.0.0.1:1")
