"""The table of a vector store that a framework writes: rows with an id, made when the first come."""

from __future__ import annotations

import polars as pl

from rem_arrow.base.quoting import identifier
from rem_arrow.face.database import Database


def is_made(database: Database, table: str) -> bool:
    """Return whether the table is there."""
    return table.casefold() in database.tables()["name"].str.to_lowercase()


def put(database: Database, table: str, rows: pl.DataFrame, *, columns: str) -> None:
    """Store rows, of those with one id the last; one that exists is replaced. `columns` define a new table."""
    rows = rows.unique("id", keep="last", maintain_order=True)
    if not is_made(database, table):
        database.sql(f"CREATE TABLE IF NOT EXISTS {identifier(table)} ({columns})")
    database.sql(f"INSERT OR REPLACE INTO {identifier(table)} FROM rows", frames={"rows": rows})
