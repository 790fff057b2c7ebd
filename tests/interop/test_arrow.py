"""Rows handed over as Arrow: whole, in batches, without a copy, in types that other tools take."""

from __future__ import annotations

import sys
import types
from decimal import Decimal

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from polars.testing.parametric import dataframes

import rem_arrow as rem
from tests.effort import examples
from tests.interop.tables import every_type


@pytest.fixture
def db():
    with rem.connect() as database:
        yield database


def segmented(db, rows=300_000):
    db.load("t", pl.DataFrame({"n": range(rows), "name": [f"name number {i}" for i in range(rows)]}))
    return db


@pytest.mark.parametrize("string_views", [True, False])
def test_every_type_goes_out_and_comes_back(db, string_views):
    """What Arrow has, it gives back as it was; integers of 128 bits are decimals."""
    given_ = every_type()
    db.load("t", given_)
    found = pl.DataFrame(db.to_arrow("t", string_views=string_views))
    decimals = given_.with_columns(pl.col("i128").cast(pl.Decimal(38, 0)))
    assert_frame_equal(found, decimals)
    assert_frame_equal(db.table("t").to_polars(), decimals)
    has_views = any("view" in str(t) for t in db.to_arrow("t", string_views=string_views).schema.types)
    assert has_views == string_views


@given(
    dataframes(
        max_cols=5,
        max_size=20,
        allowed_dtypes=[
            pl.Int64,
            pl.Float64,
            pl.String,
            pl.Boolean,
            pl.Date,
            pl.Datetime("us"),
            pl.Decimal(12, 3),
            pl.List(pl.String),
        ],
    )
)
@settings(max_examples=examples(25), suppress_health_check=list(HealthCheck))
def test_any_frame_goes_out_and_comes_back(frame):
    """A frame that is loaded is read back from Arrow as it was."""
    if not frame.width:
        return
    with rem.connect(background=False) as db:
        db.load("t", frame)
        assert_frame_equal(pl.DataFrame(db.to_arrow("t")), frame)


def test_an_empty_table_has_its_columns(db):
    """No rows, and the types all the same; for an entity table too."""
    db.load("t", every_type().clear())
    assert db.to_arrow("t").num_rows == 0
    assert db.to_arrow("resources").schema.field("created_at").type == pa.timestamp("us", tz="UTC")
    assert list(db.reader("resources")) == []


def test_the_reader_gives_a_segment_at_a_time(db):
    """Batches come one by one: what is not asked for is not read."""
    reader = segmented(db).reader("t")
    first = reader.read_next_batch()
    assert (first.num_rows, first.schema) == (122_880, reader.schema)
    assert db.stats()["cache_bytes"] < db.to_arrow("t").nbytes / 2
    assert first.num_rows + sum(b.num_rows for b in reader) == 300_000


def test_columns_are_not_copied(db):
    """Two hand-overs of a segment show the same memory."""
    segmented(db)
    one, two = (db.to_arrow("t")["n"].chunk(0).buffers()[1].address for _ in range(2))
    assert one == two


def test_a_relation_is_read_by_what_reads_arrow(db):
    """pyarrow, Polars, pandas and DuckDB take it as it is, each time anew."""
    db.load("t", pl.DataFrame({"n": [1, 2], "s": ["a", "ü"]}))
    t = db.table("t")
    db.load("t", pl.DataFrame({"n": [3], "s": [None]}, schema={"n": pl.Int64, "s": pl.String}))
    assert pa.table(t).num_rows == 3
    assert pl.DataFrame(t)["s"].to_list() == ["a", "ü", None]
    assert duckdb.sql("SELECT sum(n) FROM t").fetchall() == [(6,)]
    assert pa.schema(t) == t.schema
    assert pd.api.types.is_string_dtype(t.to_pandas()["s"]) and t.to_pandas()["s"].str.upper().tolist()[:2] == [
        "A",
        "Ü",
    ]
    assert repr(t) == "<rem_arrow.Relation t>"


def test_a_consumer_may_ask_for_large_strings(db):
    """The stream heeds the schema that is asked for."""
    db.load("t", pl.DataFrame({"s": ["a"]}))
    wanted = pa.schema([("s", pa.large_string())])
    assert pa.RecordBatchReader.from_stream(db.table("t"), schema=wanted).read_all().schema == wanted


def test_old_consumers_compute_on_large_strings(db):
    """Without string views pyarrow's own functions work on texts."""
    db.load("t", pl.DataFrame({"s": ["b", "a"]}))
    assert pc.sort_indices(db.to_arrow("t", string_views=False)["s"]).to_pylist() == [1, 0]


def test_queries_and_views_are_relations_too(db):
    """A SELECT with parameters, a view, and what the engine computes in 128 bits."""
    db.load("t", pl.DataFrame({"n": [1, 2, 3]}))
    db.sql("CREATE VIEW big AS SELECT n FROM t WHERE n > 1")
    assert db.to_arrow("SELECT sum(n) AS s FROM t WHERE n >= $least", {"least": 2}).to_pylist() == [{"s": Decimal(5)}]
    assert sorted(db.to_arrow("big")["n"].to_pylist()) == [2, 3]


def test_soft_deleted_rows_and_embeddings_stay_inside(db):
    """A table shows what `SELECT *` shows."""
    db.insert("resources", [{"id": "a", "name": "a", "content": "x"}, {"id": "b", "name": "b", "content": "y"}])
    db.delete("resources", "a")
    found = db.to_arrow("resources")
    assert found["id"].to_pylist() == ["b"] and "embedding" not in found.column_names
    assert db.to_arrow("SELECT embedding FROM resources").schema.field(0).type == pa.list_(pa.float32(), 512)


def test_what_is_no_table_is_said(db):
    """One word is a table's name; more are a query."""
    with pytest.raises(rem.InputError, match=r'no table "resource"\. Did you mean resources\?'):
        db.table("resource")
    with pytest.raises(rem.InputError, match="the name of a table is a text that is not empty, not 3"):
        db.to_arrow(3)
    with pytest.raises(rem.BindError, match='no column "x"'):
        db.reader("SELECT x FROM resources")


def test_an_error_while_reading_is_ours(db):
    """What fails on the way, in the engine or for want of digits, is an ExecuteError."""
    db.load("t", pl.DataFrame({"n": [2**100, 2**127 - 1]}, schema={"n": pl.Int128}))
    with pytest.raises(rem.ExecuteError, match="more than the 38 digits"):
        db.to_arrow("t")
    db.load("s", pl.DataFrame({"s": ["1", "x"]}))
    with pytest.raises(rem.ExecuteError, match="x"):
        db.to_arrow("SELECT CAST(s AS INT) AS n FROM s")


def test_a_closed_database_is_not_read(db):
    """The relation outlives the database, and says so."""
    db.load("t", pl.DataFrame({"n": [1]}))
    t = db.table("t")
    db.close()
    with pytest.raises(rem.InputError, match="is closed"):
        t.to_arrow()


def test_vectors_of_entities(db):
    """Ids and a matrix, row by row; what has no vector is left out."""
    db.insert(
        "resources",
        [
            {"id": "a", "name": "a", "content": "x"},
            {"id": "b", "uri": "b"},
            {"id": "c", "name": "c", "embedding": [1.0] + [0.0] * 511},
        ],
    )
    db.delete("resources", "a")
    ids, matrix = db.vectors("resources")
    assert ids.to_list() == ["c"] and matrix.shape == (1, 512) and matrix.dtype == np.float32 and matrix[0, 0] == 1


def test_vectors_of_a_column(db):
    """A plain table gives rowids; rows that hold no vector are left out, and an empty table gives no rows."""
    db.load(
        "t",
        pl.DataFrame({"v": [[1.0, 2.0], None, [float("nan"), 0.0], [3.0, 4.0]]}, schema={"v": pl.Array(pl.Float32, 2)}),
    )
    found = db.vectors("t", "v")
    assert found.matrix.tolist() == [[1, 2], [3, 4]] and found.ids.name == "rowid" and len(found.ids) == 2
    assert db.vectors("resources").matrix.shape == (0, 512)
    with pytest.raises(rem.InputError, match='"w" of t holds no vectors of one dimension. Columns of vectors: v'):
        db.vectors("t", "w")


def test_vectors_become_a_tensor(db, monkeypatch):
    """With torch the matrix is a tensor; without it the error says how to get it."""
    db.load("t", pl.DataFrame({"v": [[1.0, 2.0]]}, schema={"v": pl.Array(pl.Float32, 2)}))
    monkeypatch.setitem(sys.modules, "torch", types.SimpleNamespace(from_numpy=lambda m: ("tensor", m)))
    kind, matrix = db.vectors("t", "v").to_torch()
    assert kind == "tensor" and matrix.flags.writeable and matrix.tolist() == [[1, 2]]
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(rem.UnsupportedError, match="pip install torch"):
        db.vectors("t", "v").to_torch()


def test_without_pandas_the_error_says_so(db, monkeypatch):
    """pandas is no dependency."""
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(rem.UnsupportedError, match="pip install pandas"):
        db.table("resources").to_pandas()


@given(st.lists(st.integers(-(10**37), 10**37), max_size=5))
@settings(max_examples=examples(10))
def test_numbers_of_128_bits_are_decimals(numbers):
    """Every number of up to 38 digits keeps its value, inside lists too."""
    with rem.connect(background=False) as db:
        db.load(
            "t",
            pl.DataFrame({"n": numbers, "l": [[n] for n in numbers]}, schema={"n": pl.Int128, "l": pl.List(pl.Int128)}),
        )
        assert db.to_arrow("t")["n"].to_pylist() == [Decimal(n) for n in numbers]
        assert db.to_arrow("t")["l"].to_pylist() == [[Decimal(n)] for n in numbers]
