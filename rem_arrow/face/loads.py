"""The verb that loads many rows at once, from memory or files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.base.errors import InputError
from rem_arrow.base.schema import check_name
from rem_arrow.face.verbs import Verbs
from rem_arrow.interop.readers import Input, open_input
from rem_arrow.running.progress import progress_bar
from rem_arrow.storage.changes import Changes
from rem_arrow.write import edge_frames, loader
from rem_arrow.write.entity_load import EntityLoad


class LoadVerbs(Verbs):
    """Bulk loads."""

    def load(
        self,
        table: str,
        data: Any,
        *,
        separator: str | None = None,
        quote: str | None = None,
        header: bool | None = None,
        escape: str | None = None,
        comment: str | None = None,
        null_values: str | Sequence[str] | None = None,
        dtypes: Mapping[str, Any] | None = None,
        columns: Sequence[str] | None = None,
        skip_rows: int | None = None,
        decimal_separator: str | None = None,
        thousands: str | None = None,
        date_format: str | None = None,
        timestamp_format: str | None = None,
        encoding: str | None = None,
        compression: str | None = None,
        sheet: str | int | None = None,
        records: bool | None = None,
        union_by_name: bool | None = None,
        ignore_errors: bool | None = None,
        progress: bool | None = None,
    ) -> int:
        """Load many rows from a table in memory or from a file, all of them or none.

        A table that does not exist is created as a plain table with the columns of the data. Into an entity table the
        rows are validated by its model, missing columns take their defaults, and a row whose id exists replaces the
        stored one.

        Args:
            table: the table to load into, created if it does not exist.
            data: a Polars, pandas or Arrow table, an Arrow stream, a list of dicts, a dict of columns, or files: the
                path of a Parquet, CSV, TSV, JSON, NDJSON, Arrow or Excel file, texts also as .gz or .zst, a pattern
                such as "2024/*.csv", or a list of paths.
            separator: what stands between the values of a CSV; default is what its first lines tell.
            quote: what quotes the values of a CSV; "" is nothing; default is what its first lines tell.
            header: whether the first line of a CSV or sheet names the columns; default is what the lines tell.
            escape: what stands before a quote inside of quotes in a CSV; default is what the first lines tell.
            comment: what begins a line of a CSV that is passed over, "" is nothing; default is what the first lines
                tell, which is "#" where only so all have the same number of values.
            null_values: texts that are NULL in a CSV, beside no text at all.
            dtypes: types by column, in SQL such as "VARCHAR", or of Polars; without one a column has the type that
                all its texts have, or that of the table's column.
            columns: only these columns of the data, in this order.
            skip_rows: lines at the beginning that are passed over.
            decimal_separator: what stands before the fraction of a number in a CSV; default is ".".
            thousands: what parts the thousands of a number in a CSV; default is nothing.
            date_format, timestamp_format: how a CSV writes dates and timestamps, as in strftime, such as "%d.%m.%Y";
                default is what all texts of a column tell.
            encoding: of texts, such as "latin-1" or "utf-16"; default is "utf-8".
            compression: "gzip", "zstd", "bz2" or "none"; default is what the first bytes tell.
            sheet: the name of a sheet of an Excel file, or its place from 1.
            records: False reads each value of a JSON file as one column `json`, whatever it is.
            union_by_name: several files have the columns of all of them, by name.
            ignore_errors: leave out rows of a CSV that cannot be read.
            progress: show a progress bar; default is when loading takes more than a second, in a terminal or notebook.

        Returns:
            The number of rows loaded.

        Raises:
            InputError: the data cannot be read or does not fit, the table is a view, or a transaction is open in this
                thread.

        Example:
            >>> db.load("sales", [{"region": "east", "amount": 7}])
            1
            >>> db.sql("SELECT SUM(amount) FROM sales").item()
            19
        """
        instance, types = self._instance, self._types_of(table)
        given = {
            "separator": separator,
            "quote": quote,
            "header": header,
            "escape": escape,
            "comment": comment,
            "null_values": null_values,
            "dtypes": dtypes,
            "columns": columns,
            "skip_rows": skip_rows,
            "decimal_separator": decimal_separator,
            "thousands": thousands,
            "date_format": date_format,
            "timestamp_format": timestamp_format,
            "encoding": encoding,
            "compression": compression,
            "sheet": sheet,
            "records": records,
            "union_by_name": union_by_name,
            "ignore_errors": ignore_errors,
        }
        source = open_input(data, [(n, v) for n, v in given.items() if v is not None], types)
        with progress_bar(f"loading {table}", source.rows, progress) as advance:
            return instance.writes.run(lambda access: self._loaded(access, table, source, advance), progress=progress)

    def _loaded(self, access: Access, table: str, source: Input, advance: Callable[[int], None]) -> tuple[Changes, int]:
        """Return the changes that add rows to a table, and their number."""
        instance, tv = self._instance, access.version.find(table)
        store, conflicts = instance.store, bool(instance.transactions)
        if tv is not None and tv.table.kind == "system":
            pieces = list(source.pieces)
            frame = pl.concat(pieces) if pieces else pl.DataFrame(schema=source.schema)
            changes = edge_frames.put_edges(store, instance.writer, access, frame, conflicts=conflicts)
            return changes, frame.height
        if tv is not None and tv.table.kind == "entity":
            records = instance.models.records(tv.table)
            load = EntityLoad(store, instance.writer, records, access, tv, conflicts=conflicts)
            return load.run(source.pieces, advance)
        return loader.plain_load(store, tv, table, source.schema, source.pieces, source.rows, advance, instance.rules)

    def _types_of(self, table: str) -> dict[str, pl.DataType]:
        """Return the types of the columns of a table to load into; none of one that does not exist. Raises
        InputError."""
        self._instance.writable()
        check_name(table, "table")
        if not self._writes_segments():
            raise InputError(
                "load commits by itself; COMMIT or ROLLBACK the transaction of this thread first, or use INSERT"
            )
        tv = self._instance.store.version.find(table)
        if tv is not None and tv.table.kind == "view":
            raise InputError(f"{tv.table.name} is a view, and holds no rows; load into a table")
        return {f.name: f.dtype for f in tv.table.fields} if tv is not None else {}
