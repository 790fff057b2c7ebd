"""The verbs on tables: lists of tables and columns, models, bulk loads, plans."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl
from pydantic import BaseModel

from rem_arrow.access.access import Access
from rem_arrow.base.datatypes import sql_name
from rem_arrow.base.errors import InputError
from rem_arrow.base.parameters import Parameters
from rem_arrow.base.schema import Table, check_name
from rem_arrow.engine.shown_plan import Plan
from rem_arrow.face.verbs import Verbs
from rem_arrow.interop.readers import Input, open_input
from rem_arrow.model import registry
from rem_arrow.running.progress import progress_bar
from rem_arrow.storage.changes import Changes
from rem_arrow.write import edge_frames, evolution, loader
from rem_arrow.write.entity_load import EntityLoad


class TableVerbs(Verbs):
    """Tables as a whole."""

    def register(self, model: type[BaseModel], *, name: str | None = None) -> str:
        """Make a Pydantic model a table, or change the table that it has to the model's new fields.

        A new field needs a default or may be NULL, and a type may widen; a change that would lose or break rows is
        refused. Where other texts are embedded than before, the rows are embedded again: the first before this
        returns, the others in the background, and an `EmbeddingWarning` says so.

        Args:
            model: the model; what `json_schema_extra` in its config may hold is in the guide to tables.
            name: the table's name; default is the model's name in snake case with an s.

        Returns:
            The table's name.

        Raises:
            InputError: a field cannot be a column, the change is not compatible, or the name belongs to another kind of
                table.

        Example:
            >>> class Note(BaseModel):
            ...     text: str
            ...     stars: int = 0
            >>> db.register(Note)
            'notes'
        """
        table_name = _table_name(model, name)
        instance = self._instance
        instance.writable()

        def compute(access: Access) -> tuple[Changes, Table]:
            tv, changes = access.version.find(table_name), Changes()
            if tv is None:
                definition = registry.describe(model, table_name, instance.store.reserve_table())
                changes.tables.update(instance.embeddings.tables_of(definition, instance.store.reserve_table))
                return changes, definition
            changes.tables.update(evolution.evolved(instance.store, instance.embeddings, tv, model))
            return changes, tv.table

        table = instance.writes.run(compute, rewriting=True)
        instance.models.register(table.number, model)
        instance.follow_up.embed_again(table)
        return table.name

    def evolve(
        self,
        model: type[BaseModel],
        *,
        name: str | None = None,
        renames: Mapping[str, str] | None = None,
        drops: Sequence[str] = (),
        dry_run: bool = False,
    ) -> pl.DataFrame:
        """Change an entity table to a model in ways that `register` refuses: rename and drop fields, convert types.

        All rows are checked first, and all change in one commit, or none. The way back from a rename is the reverse
        one, with the old model; what a drop removes is gone, so make a `backup` before.

        Args:
            model: the model as it is to be.
            name: the table's name; default is the model's name in snake case with an s.
            renames: new names of fields by their old ones.
            drops: fields that the model lacks and whose values are given up.
            dry_run: change nothing, and list what would change and which rows do not fit.

        Returns:
            `change` String (rename, drop, add, widen, convert, check, misfit), `column` String, `id` String (of a row
            that does not fit, else NULL), `detail` String: a row for each change and for each row that does not fit.

        Raises:
            InputError: there is no such table, a field would be lost that `drops` does not name, or rows do not fit;
                nothing was changed.

        Example:
            >>> class Meeting(BaseModel):
            ...     place: str
            >>> db.register(Meeting)
            'meetings'
            >>> class Meeting(BaseModel):
            ...     room: str
            >>> db.evolve(Meeting, renames={"place": "room"}, dry_run=True).select("change", "column", "detail").rows()
            [('rename', 'place', 'to room'), ('check', '', 'the rows that exist against the model')]
        """
        table_name = _table_name(model, name)
        instance = self._instance
        instance.writable()

        def compute(access: Access) -> tuple[Changes, tuple[Table, pl.DataFrame]]:
            tv = access.table(table_name)
            changes, report = evolution.evolve(
                instance.store, instance.embeddings, tv, model, renames=renames or {}, drops=drops, dry_run=dry_run
            )
            return changes, (tv.table, report)

        table, report = instance.writes.run(compute, rewriting=True)
        if not dry_run:
            instance.models.register(table.number, model)
            instance.follow_up.embed_again(table)
        return report

    def tables(self) -> pl.DataFrame:
        """Return a row for each table and view, ordered by name.

        Returns:
            `name` String, `kind` String (entity, plain, system or view), `category` String, `rows` Int64 (NULL for a
            view and a damaged table), `columns` Int64, `description` String (its first line).

        Example:
            >>> db.tables().filter(pl.col("category") == "user").select("name", "kind", "rows").rows()
            [('issues', 'entity', 3), ('sales', 'plain', 3)]
        """
        rows = [
            (
                t.table.name,
                t.table.kind,
                t.table.category,
                None if t.table.kind == "view" or t.damage else t.rows,
                len(t.table.fields),
                t.table.description.split("\n")[0],
            )
            for t in self._version()
        ]
        names = {
            "name": pl.String,
            "kind": pl.String,
            "category": pl.String,
            "rows": pl.Int64,
            "columns": pl.Int64,
            "description": pl.String,
        }
        return pl.DataFrame(rows, schema=names, orient="row").sort("name")

    def schema(self, table: str) -> pl.DataFrame:
        """Return a row for each column of a table, in the order of the table.

        Args:
            table: a table or view, without regard to case.

        Returns:
            `column` String, `type` String (in SQL), `nullable` Boolean, `key` Boolean, `indexed` Boolean, `description`
            String.

        Raises:
            InputError: there is no such table.

        Example:
            >>> db.schema("sales").select("column", "type").rows()
            [('region', 'VARCHAR'), ('amount', 'BIGINT')]
        """
        t = self._access().table(table).table
        keyed = {*t.key, *(c for key in t.keys for c in key.columns if key.kind == "PRIMARY KEY")}
        found = {*t.indexed, *(key.columns[0] for key in t.keys if len(key.columns) == 1)}
        rows = [
            (
                f.name,
                "JSON" if f.encoding == "json" else sql_name(f.dtype),
                f.nullable,
                f.name in keyed,
                f.name in found,
                f.description,
            )
            for f in t.fields
        ]
        names = {
            "column": pl.String,
            "type": pl.String,
            "nullable": pl.Boolean,
            "key": pl.Boolean,
            "indexed": pl.Boolean,
            "description": pl.String,
        }
        return pl.DataFrame(rows, schema=names, orient="row")

    def load(
        self,
        table: str,
        data: Any,
        *,
        separator: str | None = None,
        quote: str | None = None,
        header: bool | None = None,
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
        instance = self._instance
        instance.writable()
        check_name(table, "table")
        if not self._writes_segments():
            raise InputError(
                "load commits by itself; COMMIT or ROLLBACK the transaction of this thread first, or use INSERT"
            )
        tv = instance.store.version.find(table)
        if tv is not None and tv.table.kind == "view":
            raise InputError(f"{tv.table.name} is a view, and holds no rows; load into a table")
        types = {f.name: f.dtype for f in tv.table.fields} if tv is not None else None
        given = {
            "separator": separator,
            "quote": quote,
            "header": header,
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

    def explain(
        self,
        text: str,
        parameters: Parameters = None,
        *,
        analyze: bool = False,
        frames: Mapping[str, Any] | None = None,
    ) -> Plan:
        """Return the plan of a query: one step a line, the inputs of a step indented below it.

        Args:
            text: a query in SQL.
            parameters: values of $name by name, or of $1, $2 by position.
            analyze: run the query, and add to each step its rows and its own time, and to a scan what it skipped.
            frames: Polars, pandas or Arrow tables that the text reads by these names.

        Returns:
            A `Plan`: a str that folds as a tree in a notebook, with `steps`, `to_frame()`, `show()` and `profile()`.

        Raises:
            ParseError, BindError, UnsupportedError: the text is wrong; the error shows the place.
            ExecuteError: with `analyze`, what the query raises when it runs.

        Example:
            >>> print(db.explain("SELECT SUM(amount) AS total FROM sales"))
            Project sum() AS total
              Aggregate sum(sales.amount)
                Scan sales (amount)  [about 3 rows]
        """
        return self._instance.engine.explain(
            text, self._snapshot(frames), parameters, self._instance.limits, analyze=analyze
        )


def _table_name(model: object, name: str | None) -> str:
    """Return the name of the table of a model. Raises InputError for what is none."""
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise InputError(f"register takes a Pydantic model class, not {model!r}")
    return check_name(name if name is not None else registry.table_name(model), "table")
