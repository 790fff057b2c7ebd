"""Rows that a driver of Flight SQL sends for a table: appended, or in a table that is made or replaced."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl
import pyarrow as pa
from pyarrow import flight

from rem_arrow.base.errors import InputError, UnsupportedError
from rem_arrow.base.quoting import identifier
from rem_arrow.base.schema import MAIN
from rem_arrow.catalog.search_path import full_name
from rem_arrow.face.database import Database
from rem_arrow.face.transaction import Transaction
from rem_arrow.interop.readers import of_batches
from rem_arrow.serve.flight_sql_messages import FAIL_WITH_TABLE, FAIL_WITHOUT_TABLE, REPLACE
from rem_arrow.serve.limits import ServeLimits
from rem_arrow.serve.statement_runs import IsGone


class Ingest:
    """One command. Rows for a table of the main schema are loaded as they come; within a transaction, for another
    schema, and where a table is replaced, they are held until the last has come.

    Raises:
        UnsupportedError: the table would be a temporary one.
        InputError: the command names no table.
    """

    def __init__(self, command: Any, transaction: str | None) -> None:
        if command.temporary:
            raise UnsupportedError("a driver's calls have no session, so that a temporary table would not last")
        if not command.table:
            raise InputError("the rows are for no table: the command names none")
        self.transaction = transaction
        self._schema = command.schema or MAIN
        self._table = command.table
        options = command.table_definition_options
        self._if_missing, self._if_there = options.if_not_exist, options.if_exists

    def run(
        self,
        target: Database | Transaction,
        reader: flight.MetadataRecordBatchReader,
        limits: ServeLimits,
        is_gone: IsGone,
    ) -> int:
        """Store the rows, all of them or none; return how many there were."""
        exists = self._exists(target)
        if exists and self._if_there == FAIL_WITH_TABLE:
            raise InputError(f"there is a table {self._table} already")
        if not exists and self._if_missing == FAIL_WITHOUT_TABLE:
            raise InputError(f"there is no table {self._table}")
        source = of_batches(_bounded(reader, limits, is_gone), None, "the rows that were sent")
        replaces = exists and self._if_there == REPLACE
        if isinstance(target, Database) and self._schema == MAIN and not replaces:
            return target.load(self._table, source, progress=False)
        pieces, size = list[pl.DataFrame](), 0
        for piece in source.pieces:
            size += int(piece.estimated_size())
            limits.check_bytes(size)
            pieces.append(piece)
        rows = pl.concat([pl.DataFrame(schema=source.schema), *pieces])
        return self._stored(target, rows, "REPLACE" if replaces else "APPEND" if exists else "CREATE")

    def _stored(self, target: Database | Transaction, rows: pl.DataFrame, how: str) -> int:
        name = f"{identifier(self._schema)}.{identifier(self._table)}"
        columns = ", ".join(map(identifier, rows.columns))
        text = {
            "APPEND": f"INSERT INTO {name} ({columns}) SELECT {columns} FROM sent_rows",
            "CREATE": f"CREATE TABLE {name} AS SELECT * FROM sent_rows",
            "REPLACE": f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM sent_rows",
        }[how]
        target.sql(text, frames={"sent_rows": rows})
        return rows.height

    def _exists(self, target: Database | Transaction) -> bool:
        return target._version().find(full_name(self._schema, self._table)) is not None


def _bounded(reader: flight.MetadataRecordBatchReader, limits: ServeLimits, is_gone: IsGone) -> pa.RecordBatchReader:
    """Return the batches that are sent, read as they are needed. Flight ends them in the same way when the caller has
    sent all, and when the caller has gone away."""

    def batches() -> Iterator[pa.RecordBatch]:
        for chunk in reader:
            if chunk.data is not None:
                limits.check_bytes(chunk.data.nbytes)
                yield chunk.data
        if is_gone():
            raise InputError("the caller went away before all rows had come; nothing was stored")

    return pa.RecordBatchReader.from_batches(reader.schema, batches())
