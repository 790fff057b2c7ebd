"""One table of every column type, and random ones."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl

BERLIN = "Europe/Berlin"
_MOMENT = dt.datetime(2024, 2, 29, 23, 59, 59, 123456)

EVERY = {
    "bool": pl.Series([True, None, False]),
    "i8": pl.Series([-128, None, 127], dtype=pl.Int8),
    "i32": pl.Series([-(2**31), None, 2**31 - 1], dtype=pl.Int32),
    "i64": pl.Series([-(2**63), None, 2**63 - 1], dtype=pl.Int64),
    "u16": pl.Series([0, None, 65535], dtype=pl.UInt16),
    "u64": pl.Series([0, None, 2**64 - 1], dtype=pl.UInt64),
    "i128": pl.Series([-(10**37), None, 10**37], dtype=pl.Int128),
    "f32": pl.Series([1.5, None, -0.25], dtype=pl.Float32),
    "f64": pl.Series([0.1 + 0.2, None, -1e300]),
    "text": pl.Series(["é, \"x\"\n'y'", None, ""]),
    "blob": pl.Series([b"\x00\xff", None, b""]),
    "day": pl.Series([dt.date(1, 1, 1), None, dt.date(9999, 12, 31)]),
    "time": pl.Series([dt.time(1, 2, 3, 4), None, dt.time(0)]),
    "stamp": pl.Series([_MOMENT, None, _MOMENT], dtype=pl.Datetime("us")),
    "stamp_ms": pl.Series(
        [_MOMENT.replace(microsecond=5000), None, _MOMENT.replace(microsecond=0)], dtype=pl.Datetime("ms")
    ),
    "stamp_ns": pl.Series([1, None, -1], dtype=pl.Int64).cast(pl.Datetime("ns")),
    "zoned": pl.Series([_MOMENT, None, _MOMENT], dtype=pl.Datetime("us")).dt.replace_time_zone(BERLIN),
    "span": pl.Series([dt.timedelta(days=-1, microseconds=1), None, dt.timedelta(0)], dtype=pl.Duration("us")),
    "money": pl.Series([Decimal("-1.50"), None, Decimal("9999999999999.99")], dtype=pl.Decimal(15, 2)),
    "enum": pl.Series(["b", None, "a"], dtype=pl.Enum(["b", "a"])),
    "kind": pl.Series(["b", None, "a"], dtype=pl.Categorical),
    "texts": pl.Series([["a", None, "é"], None, []], dtype=pl.List(pl.String)),
    "moneys": pl.Series([[Decimal("1.50"), None], None, []], dtype=pl.List(pl.Decimal(10, 2))),
    "days": pl.Series([[dt.date(2020, 1, 1)], None, []], dtype=pl.List(pl.Date)),
    "vector": pl.Series([[1.0, 2.0], None, [-1.0, 0.5]], dtype=pl.Array(pl.Float32, 2)),
    "point": pl.Series(
        [{"x": 1, "y": ["p"], "at": _MOMENT}, None, {"x": None, "y": None, "at": None}],
        dtype=pl.Struct({"x": pl.Int64, "y": pl.List(pl.String), "at": pl.Datetime("us")}),
    ),
    "nothing": pl.Series([None, None, None], dtype=pl.Null),
}


def every_type(*without: str) -> pl.DataFrame:
    """Return three rows with every type that a table can have, a NULL in each column, under a name that needs
    quoting."""
    return pl.DataFrame({name: column for name, column in EVERY.items() if name not in without}).with_columns(
        pl.lit(1).alias('a "b" ü')
    )
