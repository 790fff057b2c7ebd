"""Export to files and import from them: the verbs of a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.base import checks
from rem_arrow.base.errors import InputError, RemError, suggest
from rem_arrow.base.macro import KINDS as MACRO_KINDS
from rem_arrow.catalog.stored_table import StoredTable
from rem_arrow.face.verbs import Verbs
from rem_arrow.interop.declared import Declared
from rem_arrow.interop.exports import ExportTable, check_export, export_tables
from rem_arrow.interop.imports import Importable, open_tables
from rem_arrow.interop.sinks import Source
from rem_arrow.interop.table_import import TableImport, is_edges
from rem_arrow.running.progress import progress_bar
from rem_arrow.sql.bind.row_expressions import sequences_in
from rem_arrow.sql.statement.statement import CreateTable
from rem_arrow.statements.environment import Context
from rem_arrow.statements.table_definition import create
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.sequences import KIND, continued
from rem_arrow.storage.version import TableVersion


class ImportExportVerbs(Verbs):
    """The part of a database that exports its tables, and imports those of others."""

    def export(
        self,
        path: str | Path,
        *,
        format: str = "parquet",
        tables: Sequence[str] | None = None,
        partition_by: str | Sequence[str] = (),
        include_deleted: bool = False,
        progress: bool | None = None,
    ) -> pl.DataFrame:
        """Write tables to a new folder: a file or folder for each, and `manifest.json`, which lists them.

        All of it shows one commit, and appears when it is complete and on disk: an export that fails, is killed or
        loses its power leaves no folder of that name. Vectors are columns beside the fields that they embed, and a view
        is its query, in the manifest. `import_from` reads the folder.

        Args:
            path: a folder that does not exist.
            format: "parquet", "ipc" (Arrow files), "csv" or "ndjson", or with the extra of that name "delta" or
                "lance".
            tables: only these; default is every table and view.
            partition_by: columns that split each table into folders such as year=2024.
            include_deleted: write deleted entities too, with their `deleted_at`.
            progress: show a progress bar, as in `load`.

        Returns:
            `table` String, `kind` String, `rows` Int64, `path` String (in the folder; NULL for a view), `bytes` Int64.

        Raises:
            InputError: the folder exists, there is no such table, column or format, or the format lacks a column's
                type.
            UnsupportedError: the library of the format is not installed.
            ExecuteError: the disk is full, or fails.

        Example:
            >>> db.export("out", tables=["sales"]).select("table", "rows", "path").rows()
            [('sales', 3, 'sales.parquet')]
        """
        access, keys = self._access(), [partition_by] if isinstance(partition_by, str) else list(partition_by)
        names = [tv.table.name for tv in access.version] if tables is None else checks.names(tables, "tables")
        versions = [access.table(name) for name in names]
        check_export(format, keys, [tv.table for tv in versions])
        # Schemas stand before what is in them, and macros, which may read tables, behind.
        schemas, types, macros = (
            [ExportTable(entry, None) for kind in kinds for entry in access.version.entries(kind)]
            for kinds in (("schema",), ("type",), MACRO_KINDS)
        )
        counted = {s for tv in versions for f in tv.table.fields if f.default_sql for s in sequences_in(f.default_sql)}
        sequences = [
            ExportTable(continued(access.version.kv, entry), None)
            for entry in access.version.entries(KIND)
            if tables is None or entry.name.casefold() in counted
        ]
        sources = [
            ExportTable(
                tv.table, None if tv.table.kind == "view" else self._source(access, tv, deleted=include_deleted)
            )
            for tv in versions
        ]
        with progress_bar("exporting", sum(tv.rows for tv in versions), progress) as advance:
            sources = [*schemas, *types, *sequences, *sources, *macros] if tables is None else [*sequences, *sources]
            return export_tables(checks.path(path), format, sources, keys, advance)

    def import_from(
        self,
        path: str | Path,
        *,
        tables: Sequence[str] | Mapping[str, str] | None = None,
        constraints: bool = True,
        progress: bool | None = None,
    ) -> pl.DataFrame:
        """Import the tables of an export, another database or a folder of files, all by one commit or none.

        An export of rem_arrow is restored as it was: entities with ids, times, vectors and deletions, edges, indexes
        and views. Other tables become plain tables, those of DuckDB with their keys, conditions, references, defaults
        and generated columns, and the sequences that these count by. Vectors of another embedder than the table has
        here are computed again.

        Args:
            path: a folder of `export`, a DuckDB or SQLite file, a LanceDB folder, or a folder of Parquet, CSV, NDJSON
                or Arrow files.
            tables: only these; as a mapping, from the name there to the name here.
            constraints: declare what DuckDB declares of its tables; else take their rows alone.
            progress: show a progress bar for each table, as in `load`.

        Returns:
            `table` String, `rows` Int64 (NULL for a view).

        Raises:
            InputError: there is nothing to import, no such table, a table here already has rows, rows do not fit, or
                what is declared there cannot be declared here.
            UnsupportedError: the library that reads the file is not installed.

        Example:
            >>> _ = db.export("out", tables=["sales"])
            >>> db.import_from("out", tables={"sales": "old_sales"}).rows()
            [('old_sales', 3)]
        """
        store = self._instance.writable()
        if not self._writes_segments():
            raise InputError("import_from commits by itself; COMMIT or ROLLBACK the transaction of this thread first")
        with open_tables(checks.path(path)) as importables:
            imports = _imports(importables, tables)
            names = {i.name: name for name, i in imports if not i.is_entry}

            def compute(access: Access) -> tuple[Changes, dict[str, int | None]]:
                job = TableImport(store, access, [name for name, _ in imports], self._instance.rules)
                rows: dict[str, int | None] = {}
                for name, importable in sorted(imports, key=lambda c: c[1].table is not None and is_edges(c[1].table)):
                    if importable.open is None:
                        assert importable.table is not None, "only what an export describes has no rows to open"
                        if importable.is_entry:
                            job.add_entry(importable.table)
                            continue
                        job.add_view(name, importable.table)
                        rows[name] = None
                        continue
                    data, declared = importable.open(), importable.declared
                    if constraints and declared is not None and declared.has_rules and job.version.find(name) is None:
                        self._declare(job, name, declared, data.schema, names)
                    with progress_bar(f"importing {name}", data.rows, progress) as advance:
                        rows[name] = job.add(name, importable, data, advance)
                return job.finished(), rows

            counts = self._instance.writes.run(compute, rewriting=True)
        rows = [(name, counts[name]) for name, i in imports if not i.is_entry]
        return pl.DataFrame(rows, schema={"table": pl.String, "rows": pl.Int64}, orient="row")

    # --- inside

    def _declare(
        self, job: TableImport, name: str, declared: Declared, schema: pl.Schema, names: Mapping[str, str]
    ) -> None:
        """Create a table as another database declares it, with the types that its rows come in."""
        try:
            text = declared.sql(name, schema, names)
            (parsed,) = self._instance.engine.statements(text)
            statement = parsed.statement
            assert isinstance(statement, CreateTable), "that is what was written"
            columns = tuple(replace(c, dtype=schema[c.name.text]) for c in statement.columns)
            context = Context(
                self._instance,
                text,
                0,
                parsed,
                {},
                {},
                {},
                self._instance.limits,
                include_deleted=False,
                now=self._now(),
                version=lambda: job.version,
                write=job.declare,
                define=job.declare,
                control=self._control,
                bulk=False,
                temporary=lambda _: None,
            )
            create(context, replace(statement, columns=columns))
        except RemError as error:
            raise InputError(
                f"{name} cannot be declared here as it is there: {error}; nothing was stored. With constraints=False "
                "its rows are imported alone"
            ) from error

    def _source(self, access: Access, tv: TableVersion, *, deleted: bool) -> Source:
        """Return the source of all rows of a table at one version, vectors of embeddings included."""
        stored = StoredTable(access, tv, include_deleted=deleted)
        columns = [*stored.schema, *(e.column for e in tv.table.embeddings)]
        schema = pl.Schema({**stored.schema, **{e.column: e.dtype for e in tv.table.embeddings}})
        executor = self._instance.store.executor
        return Source(schema, lambda: stored.read(columns, (), None, None, executor=executor))


def _imports(
    importables: list[Importable], tables: Sequence[str] | Mapping[str, str] | None
) -> list[tuple[str, Importable]]:
    """Return the tables to import, each with its new name. Raises InputError."""
    if tables is None:
        return [(i.name, i) for i in importables]
    by_name = {i.name.casefold(): i for i in importables if not i.is_entry}
    for name in checks.names(tables, "tables"):
        if str(name).casefold() not in by_name:
            raise InputError(
                f'no table "{name}" to import. {suggest(str(name), [i.name for i in importables], "Tables")}'
            )
    renamed = tables if isinstance(tables, Mapping) else {name: by_name[name.casefold()].name for name in tables}
    new_names = {new.casefold() for new in renamed.values()}
    if len(new_names) < len(renamed):
        raise InputError(f"two tables cannot have one name: {', '.join(renamed.values())}")
    wanted = {by_name[name.casefold()].name: new for name, new in renamed.items()}
    chosen = [(wanted[i.name], i) for i in importables if not i.is_entry and i.name in wanted]
    counted = {sequence for _, i in chosen for sequence in i.sequences}
    # Sequences, and the schemas that they are in.
    counted |= {name.partition(".")[0] for name in counted if "." in name}
    needed = [(i.name, i) for i in importables if i.is_entry and i.name.casefold() in counted]
    return [*needed, *chosen]
