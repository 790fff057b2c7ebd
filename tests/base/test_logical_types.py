"""JSON and UUID are String to Polars, and themselves to us."""

from __future__ import annotations

import polars as pl
import pytest

from rem_arrow.base.datatypes import from_json, physical, sql_name, to_json, widens
from rem_arrow.base.logical_types import JSON, UUID, Json


def test_a_text_type_equals_itself_only():
    """Alone, and inside of lists and structs, whichever side it stands on."""
    text = pl.String()
    assert JSON == Json() != UUID
    assert text != JSON and text != JSON
    assert pl.List(JSON) == pl.List(Json())
    assert pl.List(JSON) != pl.List(text) and pl.List(text) != pl.List(JSON)
    assert pl.Struct({"a": JSON}) != pl.Struct({"a": text})
    assert isinstance(JSON, pl.String) and pl.String == JSON


@pytest.mark.parametrize("dtype", [JSON, UUID, pl.List(JSON), pl.Struct({"a": pl.Array(UUID, 1)})], ids=sql_name)
def test_polars_takes_it_for_a_string(dtype: pl.DataType):
    """As the type of a literal, a cast, a series, a frame without rows."""
    plain = physical(dtype)
    assert pl.select(pl.lit(None, dtype=dtype)).to_series().dtype == plain
    assert pl.select(pl.lit(None).cast(dtype)).to_series().dtype == plain
    assert pl.Series([None], dtype=dtype).dtype == plain
    assert pl.DataFrame(schema={"a": dtype}).schema == {"a": plain}
    assert pl.LazyFrame(schema={"a": dtype}).collect_schema() == {"a": plain}


@pytest.mark.parametrize("dtype", [JSON, UUID, pl.List(pl.Struct({"a": JSON}))], ids=sql_name)
def test_the_catalog_keeps_it(dtype: pl.DataType):
    """Its stored form reads as itself."""
    assert from_json(to_json(dtype)) == dtype


def test_a_text_type_widens_to_text_and_not_back():
    """ALTER COLUMN ... TYPE may forget the meaning, and not claim one."""
    assert widens(JSON, pl.String())
    assert not widens(pl.String(), JSON)
    assert not widens(UUID, JSON)
