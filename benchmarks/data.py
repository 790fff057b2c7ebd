"""The data of the benchmarks: seeded, and equal for every engine."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, Field

SEED = 20_240_229
COLUMNS = ("name", "category", "priority", "score", "active")
SQL_TYPES = {
    "id": "VARCHAR",
    "name": "VARCHAR",
    "category": "VARCHAR",
    "priority": "BIGINT",
    "score": "DOUBLE",
    "active": "BOOLEAN",
}


class Thing(BaseModel):
    """An entity of five fields, one of them indexed; its name is looked up, nothing is embedded, as in the peers."""

    model_config = ConfigDict(json_schema_extra={"indexed_fields": ["category"], "embedding_fields": []})

    name: str = Field(min_length=1)
    category: str
    priority: int = Field(ge=0, le=9)
    score: float
    active: bool = True


def things(rows: int, *, categories: int = 20) -> pl.DataFrame:
    """Return the columns of Thing and an id, in the order of SQL_TYPES. Scores are multiples of 1/1024: their sums are
    exact in any order."""
    random = np.random.default_rng(SEED)
    order = random.permutation(rows).tolist()
    bits = random.integers(0, 1 << 48, rows).tolist()
    return pl.DataFrame(
        {
            "id": [f"{i:08x}-0000-7000-8000-{b:012x}" for i, b in enumerate(bits)],
            "name": [f"thing {i:07d}" for i in order],
            "category": [f"category {i:05d}" for i in random.integers(0, categories, rows).tolist()],
            "priority": random.integers(0, 10, rows),
            "score": random.integers(0, 1 << 20, rows) / 1024,
            "active": random.random(rows) < 0.5,
        }
    )


def dicts(frame: pl.DataFrame) -> list[dict[str, object]]:
    """Return the rows without their ids, as an application would hand them in."""
    return frame.select(COLUMNS).to_dicts()


def measurements(rows: int) -> pl.DataFrame:
    """Return a plain table whose `seq` ascends, so that zone maps can skip."""
    random = np.random.default_rng(SEED)
    return pl.DataFrame(
        {
            "seq": np.arange(rows, dtype=np.int64),
            "category": pl.Series([f"category {i:02d}" for i in range(20)]).gather(random.integers(0, 20, rows)),
            "x": random.integers(0, 1 << 20, rows) / 1024,
            "n": random.integers(0, 1_000, rows),
        }
    )


def lineitem(rows: int) -> pl.DataFrame:
    """Return a table of TPC-H lineitem's columns and types, for where there is no TPC-H data."""
    random = np.random.default_rng(SEED)
    first = dt.date(1992, 1, 2)

    def key(high: int) -> pl.Series:
        return pl.Series(random.integers(1, high + 1, rows))

    def money(low: int, high: int) -> pl.Series:
        return (pl.Series(random.integers(low, high + 1, rows)) / 100).cast(pl.Decimal(15, 2))

    def pick(*texts: str) -> pl.Series:
        return pl.Series(texts).gather(random.integers(0, len(texts), rows))

    words = pl.Series(
        [
            "furiously",
            "quickly",
            "carefully",
            "final",
            "ironic",
            "express",
            "deposits",
            "accounts",
            "requests",
            "sleep",
            "haggle",
            "above",
            "the",
            "pending",
        ]
    )
    comment = pl.select(
        pl.concat_str([words.gather(random.integers(0, len(words), rows)) for _ in range(4)], separator=" ")
    ).to_series()
    shipped = pl.Series(random.integers(0, 2526, rows)).cast(pl.Int32)
    day = pl.Series([first]).cast(pl.Int32)[0]
    return pl.DataFrame(
        {
            "l_orderkey": key(rows).sort(),
            "l_partkey": key(200_000),
            "l_suppkey": key(10_000),
            "l_linenumber": key(7).cast(pl.Int32),
            "l_quantity": money(100, 5_000),
            "l_extendedprice": money(90_000, 10_500_000),
            "l_discount": money(0, 10),
            "l_tax": money(0, 8),
            "l_returnflag": pick("A", "N", "R"),
            "l_linestatus": pick("O", "F"),
            "l_shipdate": (shipped + day).cast(pl.Date),
            "l_commitdate": (shipped + day + 30).cast(pl.Date),
            "l_receiptdate": (shipped + day + 15).cast(pl.Date),
            "l_shipinstruct": pick("DELIVER IN PERSON", "COLLECT COD", "NONE", "TAKE BACK RETURN"),
            "l_shipmode": pick("REG AIR", "AIR", "RAIL", "SHIP", "TRUCK", "MAIL", "FOB"),
            "l_comment": comment,
        }
    )
