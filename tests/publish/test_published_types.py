"""Every type goes out by its rule and comes back as it was."""

from __future__ import annotations

import io

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from polars.testing import assert_frame_equal
from polars.testing.parametric import dataframes

from rem_arrow.base.datatypes import physical
from rem_arrow.base.errors import ExecuteError, InputError
from rem_arrow.base.logical_types import JSON, UUID
from rem_arrow.publish.published_types import (
    check_publishable,
    decoded,
    delta_schema,
    encoded,
    published_name,
    spark_name,
)
from tests.effort import examples
from tests.interop.tables import EVERY

MORE = {
    "u8": pl.Series([0, None, 255], dtype=pl.UInt8),
    "u32": pl.Series([0, None, 2**32 - 1], dtype=pl.UInt32),
    "f16": pl.Series([1.5, None, -0.25], dtype=pl.Float16),
    "nothing": pl.Series([None, None, None]),
    "nothings": pl.Series([[None, None], None, []], dtype=pl.List(pl.Null)),
    "a b,c": pl.Series([1, None, 2]),
}
ALL = {**EVERY, **MORE}
# Types that a frame does not show.
LOGICAL = {"json": JSON, "uuid": UUID}


def through_parquet(frame, types):
    sink = io.BytesIO()
    encoded(frame, types, "t").write_parquet(sink)
    sink.seek(0)
    rows = pl.read_parquet(sink)
    return pl.DataFrame([decoded(rows[published_name(n)], t).alias(n) for n, t in types.items()]), sink


@pytest.mark.parametrize("name", ALL)
def test_a_type_comes_back_as_it_was(name):
    """A column of each type that a table can have, NULLs and bounds among its values, is the same after Parquet."""
    frame = pl.DataFrame({name: ALL[name]})
    back, _ = through_parquet(frame, dict(frame.schema))
    assert back[name].dtype == frame[name].dtype or isinstance(frame[name].dtype, pl.Datetime)
    assert back[name].to_list() == frame[name].to_list()


@settings(max_examples=examples(15))
@given(
    dataframes(
        max_cols=4,
        max_size=6,
        allowed_dtypes=[
            pl.Boolean, pl.Int8, pl.UInt64, pl.UInt8, pl.Float64, pl.String, pl.Binary, pl.Date, pl.Time,
            pl.Datetime("us"), pl.Datetime("ns"), pl.Duration("ns"), pl.Decimal(20, 4), pl.List, pl.Struct,
        ],
        excluded_dtypes=[pl.Categorical],
        allow_infinity=True,
    )
)  # fmt: skip
def test_random_rows_come_back(frame):
    """So are random frames, nested ones too."""
    types = {n: t for n, t in frame.schema.items() if not (isinstance(t, pl.Struct) and not t.fields)}
    back, _ = through_parquet(frame, types)
    assert_frame_equal(back, frame.select(list(types)))


def test_parquet_holds_what_the_rules_say():
    """DuckDB reads the types and the values that the table of rules names."""
    values = {
        "u": pl.Series([2**64 - 1], dtype=pl.UInt64),
        "t": EVERY["time"].head(1),
        "n": EVERY["stamp_ns"].head(1),
        "e": EVERY["enum"].head(1),
        "z": EVERY["zoned"].head(1),
        "v": EVERY["vector"].head(1),
        "d": EVERY["span"].head(1),
    }
    frame = pl.DataFrame(values)
    _, sink = through_parquet(frame, dict(frame.schema))
    rows = duckdb.from_arrow(pq.read_table(sink))
    held = dict(zip(values, rows.types, strict=True))
    assert {n: str(t) for n, t in held.items()} == {
        "u": "DECIMAL(20,0)", "t": "BIGINT", "n": "BIGINT", "e": "VARCHAR", "z": "TIMESTAMP WITH TIME ZONE",
        "v": "FLOAT[]", "d": "BIGINT",
    }  # fmt: skip
    assert rows.project("u, t, n, e, v, d, epoch_us(z)").fetchall() == [
        (2**64 - 1, 3_723_000_004_000, 1, "b", [1.0, 2.0], -86_399_999_999, 1_709_247_599_123_456)
    ]


def test_names_of_types():
    """Spark and Delta name nested types by the same rules; JSON and UUID are texts."""
    nested = pl.List(pl.Struct({"a": pl.UInt32(), "b": pl.Datetime("ms")}))
    assert spark_name(nested) == "ARRAY<STRUCT<`a`: BIGINT, `b`: TIMESTAMP_NTZ>>"
    assert [spark_name(t) for t in LOGICAL.values()] == ["STRING", "STRING"]
    assert physical(JSON) == pl.String()
    schema = delta_schema([("x", pl.Array(pl.Float32, 3)), ("y", pl.Datetime("us", "UTC"))])
    assert [f["type"] for f in schema["fields"]] == [
        {"type": "array", "elementType": "float", "containsNull": True},
        "timestamp",
    ]


def test_what_cannot_be_published_is_named():
    """A field that Delta has no name for, a struct without fields and a number of 39 digits say what to do."""
    with pytest.raises(InputError, match=r"\"s\" of t has the field 'a b', a name that Delta refuses"):
        check_publishable("t", {"s": pl.List(pl.Struct({"a b": pl.Int64()}))})
    with pytest.raises(InputError, match='"s" of t has no fields'):
        check_publishable("t", {"s": pl.Struct({})})
    frame = pl.DataFrame({"h": pl.Series([10**38], dtype=pl.Int128)})
    with pytest.raises(ExecuteError, match='an integer in "h" of t has more than 38 digits'):
        encoded(frame, dict(frame.schema), "t")
