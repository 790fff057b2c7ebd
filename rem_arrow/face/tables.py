"""The verbs on tables: lists of tables and columns, models, plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from rem_arrow.model import registry
from rem_arrow.storage.changes import Changes
from rem_arrow.write import evolution


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
