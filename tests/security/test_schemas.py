"""Models, tables and Arrow data of others: names and types that were made to do harm."""

from __future__ import annotations

import time
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from pydantic import BaseModel, Field, create_model

import rem_arrow as rem
from tests.effort import examples
from tests.patience import PATIENCE_S

NAMES = [
    'a"b',
    "a'; DROP TABLE entities; --",
    "select",
    "from",
    "a.b",
    "é",
    "a b",
    "$x",
    "?",
    "%s",
    "{x}",
    "</data>",
    ")",
]
REFUSED = ["a\nb", "a\x00b", "x" * 1_000_000, "", "*", "^.*$", "ID", "\x1b[31m"]


def model(**fields: Any) -> type[BaseModel]:
    return create_model("M", **fields)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_a_name(name: str) -> None:
    """Of a field and of a table, whatever it looks like: written, read, asked about, exported; other tables stay."""
    with rem.connect() as db:
        db.insert("entities", {"id": "e", "name": "E"})
        quoted = name.replace('"', '""')
        db.register(model(**{name: (str, "d")}), name=name)
        db.insert(name, [{"id": "1", name: "v"}, {"id": "2"}])
        assert db.get(name, "1")[name] == "v"
        assert db.sql(f'SELECT "{quoted}" FROM "{quoted}" ORDER BY id').rows() == [("v",), ("d",)]
        db.sql(f"""UPDATE "{quoted}" SET "{quoted}" = 'w' WHERE "{quoted}" = 'v'""")
        assert db.get(name, "1")[name] == "w"
        db.add_edge("1", "e", name)
        assert db.traverse_edges(["1"], edge_type=name)["id"].to_list() == ["e"]
        db.ask(f"how many {name}?")
        assert db.get("entities", "e") is not None


@pytest.mark.parametrize("name", REFUSED)
def test_a_name_that_cannot_be_quoted_is_refused(name: str) -> None:
    """In a model, a frame and a statement; the database goes on."""
    with rem.connect() as db:
        with pytest.raises(rem.InputError) as caught:
            db.register(model(**{name: (str, "d")}), name="t")
        assert len(str(caught.value)) < 1_000
        if name != "ID":
            with pytest.raises(rem.InputError):
                db.load("t", pl.DataFrame({name: [1]}))
            quoted = name.replace("\x00", "")
            with pytest.raises(rem.RemError):
                db.sql(f'CREATE TABLE t ("{quoted}" INTEGER)' if quoted == name else 'CREATE TABLE t ("" INTEGER)')
        assert "t" not in db.tables()["name"].to_list()
        db.ask("how many entities?")


def test_a_model_of_ten_thousand_fields_is_a_table() -> None:
    """Registered, written and read in seconds; a third of them in `make test`."""
    started, fields = time.monotonic(), examples(10_000)
    with rem.connect() as db:
        db.register(model(**{f"f{i}": (int, i) for i in range(fields)}), name="many")
        db.insert("many", {"id": "1"})
        assert db.get("many", "1")[f"f{fields - 1}"] == fields - 1
    assert time.monotonic() - started < PATIENCE_S


class Node(BaseModel):
    """A model that holds itself."""

    v: int = 0
    kids: list[Node] = []


def test_a_model_that_holds_itself_is_stored_as_json() -> None:
    """To a depth that JSON can be read back from; a deeper value is refused."""
    with rem.connect() as db:
        db.register(Node, name="nodes")
        value: dict[str, Any] = {"v": 0, "kids": []}
        for v in range(50):
            value = {"v": v, "kids": [value]}
        db.insert("nodes", {"id": "1", **value})
        assert db.get("nodes", "1")["kids"] == value["kids"]
        for v in range(5_000):
            value = {"v": v, "kids": [value]}
        with pytest.raises(rem.RemError):
            db.insert("nodes", {"id": "2", **value})
        assert db.get("nodes", "2") is None


@pytest.mark.parametrize(
    ("annotation", "value"),
    [(int, "x"), (str, 5), (float, "x"), (bool, "x"), (list[str], [1]), (list[int], "x"), (bytes, "x"), (int, 2**70)],
)
def test_a_default_fits_its_column(annotation: Any, value: Any) -> None:
    """Pydantic checks no defaults: one that is wrong is refused with the model, one that a factory makes with the row;
    the table can be read."""
    with rem.connect() as db:
        with pytest.raises(rem.InputError, match=r"the default of t\.a does not fit"):
            db.register(model(a=(annotation, value)), name="t")
        db.register(model(a=(annotation, Field(default_factory=lambda: value))), name="t")
        with pytest.raises(rem.InputError, match=r"the default of t\.a does not fit"):
            db.insert("t", {"id": "1"})
        with pytest.raises(rem.InputError, match=r"the default of t\.a does not fit"):
            db.insert("t", [{"id": "1"}, {"id": "2"}])
        assert db.sql("FROM t").height == 0


def test_a_factory_that_fails_stores_nothing() -> None:
    """Its own error passes: it is code of the application."""
    with rem.connect() as db:
        db.register(model(a=(int, Field(default_factory=lambda: 1 // 0))), name="t")
        with pytest.raises(ZeroDivisionError):
            db.insert("t", [{"id": "1", "a": 1}, {"id": "2"}])
        assert db.sql("FROM t").height == 0


def test_a_value_of_a_model_is_checked_again() -> None:
    """An object whose fields were changed, or that was made without checks."""
    with rem.connect() as db:
        kind = model(a=(str, "x"))
        db.register(kind, name="t")
        changed = kind()
        changed.a = 5
        for item in (changed, kind.model_construct(a=object())):
            with pytest.raises(rem.InputError, match="valid string"):
                db.insert("t", item)
        assert db.sql("FROM t").height == 0


def test_a_pattern_takes_no_time_without_end() -> None:
    """Neither of a field nor of SQL."""
    started, text = time.monotonic(), "a" * 50_000 + "b"
    with rem.connect() as db:
        db.register(model(a=(str, Field("x", pattern="^(a+)+$"))), name="t")
        with pytest.raises(rem.InputError, match="should match pattern"):
            db.insert("t", {"id": "1", "a": text})
        assert db.sql("SELECT regexp_matches($t, '^(a+)+$') AS m", {"t": text}).item() is False
    assert time.monotonic() - started < PATIENCE_S


def test_arrow_data_is_validated_before_it_is_read() -> None:
    """Texts that are no UTF-8, as a table, a batch, a stream and by the C interface."""
    array = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0"), pa.py_buffer(b"\xff")])
    table = pa.table({"v": array})

    class Foreign:
        def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
            return table.__arrow_c_stream__(requested_schema)

    inputs = [table, table.to_batches()[0], table.to_reader(), Foreign()]
    for data in inputs:
        with rem.connect() as db:
            with pytest.raises(rem.InputError, match="cannot be read"):
                db.load("t", data)
            assert "t" not in db.tables()["name"].to_list()
    with rem.connect() as db, pytest.raises(rem.RemError):
        db.sql("FROM f", frames={"f": table})


def test_an_extension_type_runs_no_code() -> None:
    """The name of a type in Arrow's metadata, with a pickle as its parameter, is only a name."""
    planted = {"ARROW:extension:name": "arrow.py_extension_type", "ARROW:extension:metadata": b"cos\nabort\n(tR."}
    storage = pa.field("v", pa.int64(), metadata=planted)
    table = pa.table([pa.array([1])], schema=pa.schema([storage]))
    for frames in ({}, {"f": table}):
        with rem.connect() as db, pytest.raises(rem.RemError, match="cannot store|is not defined"):
            _ = db.sql("SELECT v + 1 AS w FROM f", frames=frames) if frames else db.load("t", table)
