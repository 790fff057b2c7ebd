"""Columns of a CSV have the types and values that DuckDB gives them, except where DuckDB would lose something."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pytest

import rem_arrow as rem
from rem_arrow.files.text_types import ColumnType
from tests.effort import sample

_ONE = """00.5|0.5|007.5|+1.5|1.|-.5|1.5e|NaN|TRUE|T|y|n|on|1|04:05:06|4:05|25:00|04:05:60|12:30 PM|19-01-02|69-01-02
70-01-02|01/02/03|1/2/03|13/02/03|02/13/03|02-13-2003|2003/2/13|2003.02.13|13.02.2003|2003-13-02|2003-02-30
20030213T010203|2003-02-13 01:02|2003-02-13T01:02:03|13/02/2003 01:02:03|0001-01-01|0001-01-01 00:00:00|1,5|$5|1_000
1e5|-0.0|0|00|-|e5|19-13-02|9999-12-31| 5|18446744073709551615|01234|2003-02-13T01:02Z|2003-02-13 01:02:03+0530"""
_SEVERAL = [
    ["2003-02-13", "2003-02-13 01:02:03"],
    ["2003-02-13 01:02:03", "2003-02-13T01:02:03"],
    ["2003-02-13 01:02:03", "2003-02-13 01:02:03+02"],
    ["13/02/2003", "2003-02-13"],
    ["01/02/2003", "13/02/2003"],
    ["01/02/2003", "02/13/2003"],
    ["04:05", "2003-02-13"],
    ["18446744073709551615", "1.5"],
    ["true", "1"],
    ["yes", "f"],
    ["2003-02-13", "2003-2-3"],
    ["1", "1.5"],
    ["1", "01"],
    ["1", "x"],
]
_COLUMNS = [[text] for text in _ONE.replace("\n", "|").split("|")] + _SEVERAL


def test_types_and_values_are_those_of_duckdb(tmp_path: Path) -> None:
    """One column each, in a file of its own: DuckDB seeks one form of dates for a file."""
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    differing = []
    with rem.connect() as db:
        for place, texts in enumerate(sample(_COLUMNS)):
            path = tmp_path / f"{place}.csv"
            path.write_text("x\n" + "".join(f'"{text}"\n' for text in texts))
            expected = con.sql(f"SELECT typeof(x), x::VARCHAR FROM read_csv('{path}', header = true)").fetchall()
            db.load(f"t{place}", path, progress=False)
            got = db.sql(f"SELECT typeof(x), x::VARCHAR FROM t{place}").rows()
            differing += [] if got == expected else [(texts, expected, got)]
    assert not differing


@pytest.mark.parametrize(
    ("texts", "dtype"),
    [
        (["1", "1e400"], pl.String()),
        (["1" * 40], pl.String()),
        (["2003-02-13 01:02:03.123456789"], pl.Datetime("ns")),
        (["9999-12-31 00:00:00.123456789"], pl.String()),
        (["24:00:00"], pl.String()),
        (["infinity"], pl.String()),
    ],
)
def test_what_duckdb_would_lose_is_kept(texts: list[str], dtype: pl.DataType) -> None:
    """Numbers beyond DOUBLE, many digits, nanoseconds, midnight at the end of a day."""
    column = ColumnType()
    column.observe(pl.Series(texts))
    assert column.result.dtype == dtype
    values = pl.DataFrame({"x": texts}).select(column.result.read(pl.col("x"))).to_series()
    assert values.null_count() == 0


def test_a_type_is_that_of_all_rows() -> None:
    """Whatever the first million texts say, in pieces of any size."""
    column = ColumnType()
    for piece in (["1"] * 1000, ["2"], ["1.5"], ["3"]):
        column.observe(pl.Series(piece))
    assert column.result.dtype == pl.Float64()
    column.observe(pl.Series(["01"]))
    column.observe(pl.Series(["1"]))
    assert column.result.dtype == pl.String()
