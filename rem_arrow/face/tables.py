"""The verbs on tables: what there is, models that become tables, bulk loads, plans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
from pydantic import BaseModel

from rem_arrow.access.access import Access
from rem_arrow.datatypes import sql_name
from rem_arrow.engine.shown_plan import Plan
from rem_arrow.errors import InputError
from rem_arrow.face.verbs import Verbs
from rem_arrow.interop.readers import open_input
from rem_arrow.model import registry
from rem_arrow.parameters import Parameters
from rem_arrow.running.progress import progress_bar
from rem_arrow.schema import Table, check_name
from rem_arrow.storage.changes import Changes
from rem_arrow.write import edge_frames, evolution, loader
from rem_arrow.write.entity_load import EntityLoad


class TableVerbs(Verbs):
    """Tables as a whole."""

    def register(self, model: type[BaseModel], *, name: str | None = None) -> str:
        """Make a Pydantic model a table, or evolve the table that it has. Returns the table's name.

        A new field needs a default or may be NULL; a type may widen; anything else that would lose or break rows is
        refused.

        Args:
            name: the table's name; default is the model's in snake case with an s.

        Raises:
            InputError: a field cannot be a column, or the change is not compatible.
        """
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            raise InputError(f"register takes a Pydantic model class, not {model!r}")
        table_name = check_name(name if name is not None else registry.table_name(model), "table")
        instance = self._instance
        instance.writable()

        def compute(access: Access) -> tuple[Changes, Table]:
            tv, changes = access.version.find(table_name), Changes()
            if tv is None:
                described = registry.describe(model, table_name, instance.store.reserve_table())
                changes.tables.update(instance.embeddings.described(described, instance.store.reserve_table))
                return changes, described
            changes.tables.update(evolution.evolved(instance.store, instance.embeddings, tv, model))
            return changes, tv.table

        table = instance.writes.run(compute, rewriting=True)
        instance.models.register(table.number, model)
        return table.name

    def tables(self) -> pl.DataFrame:
        """Return every table and view: name, kind, category, rows (NULL for a view), columns, description."""
        rows = [
            (
                t.table.name,
                t.table.kind,
                t.table.category,
                None if t.table.kind == "view" else t.rows,
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
        """Return the columns of a table: column, type, nullable, key, indexed, description."""
        t = self._access().table(table).table
        rows = [
            (
                f.name,
                "JSON" if f.encoding == "json" else sql_name(f.dtype),
                f.nullable,
                f.name in t.key,
                f.name in t.indexed,
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

    def load(self, table: str, data: Any, *, progress: bool | None = None) -> int:
        """Load many rows: a Polars, pandas or Arrow table, a list of dicts, or a path of Parquet, CSV, NDJSON or Arrow.

        A table that does not exist becomes a plain table of the data's columns. Into an entity table rows are validated
        by the registered model, columns that are missing take their defaults, and an id that exists is replaced. All or
        none.

        Args:
            progress: show a bar; default is when it takes more than a second, in a terminal or notebook.

        Returns:
            The number of rows.

        Raises:
            InputError: the data does not fit; nothing is stored.
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
        source = open_input(data)
        with progress_bar(f"loading {table}", source.rows, progress) as advance:

            def compute(access: Access) -> tuple[Changes, int]:
                store, tv = instance.store, access.version.find(table)
                if tv is not None and tv.table.kind == "system":
                    pieces = list(source.pieces)
                    frame = pl.concat(pieces) if pieces else pl.DataFrame(schema=source.schema)
                    conflicts = bool(instance.transactions)
                    changes = edge_frames.added(store, instance.writer, access, frame, conflicts=conflicts)
                    return changes, frame.height
                if tv is not None and tv.table.kind == "entity":
                    records = instance.models.records(tv.table)
                    return EntityLoad(store, instance.writer, records, access, tv).run(source.pieces, advance)
                return loader.plain_load(store, tv, table, source.schema, source.pieces, source.rows, advance)

            return instance.writes.run(compute, progress=progress)

    def explain(
        self,
        text: str,
        parameters: Parameters = None,
        *,
        analyze: bool = False,
        frames: Mapping[str, Any] | None = None,
    ) -> Plan:
        """Return the plan of a query, a text that can be drawn; with `analyze` it is run, and rows, time and segments
        read are added."""
        return self._instance.engine.explain(text, self._snapshot(frames), parameters, analyze=analyze)
