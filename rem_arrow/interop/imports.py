"""The tables that can be imported from a path: exports of rem_arrow, files of DuckDB and SQLite, folders of LanceDB,
Parquet and other files."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl

from rem_arrow.base.errors import InputError
from rem_arrow.base.macro import KINDS as MACRO_KINDS
from rem_arrow.base.quoting import unquoted
from rem_arrow.base.real_files import check_real_files
from rem_arrow.base.schema import Table
from rem_arrow.files.expansion import check_expansion
from rem_arrow.files.file_format import READABLE
from rem_arrow.interop import delta, lance, manifest, text_files
from rem_arrow.interop.declared import Declared, in_order
from rem_arrow.interop.duck import duckdb_tables
from rem_arrow.interop.manifest import Entry
from rem_arrow.interop.readers import Input, file_names, of_lazy, open_files
from rem_arrow.interop.sqlite import HEADER, sqlite_tables
from rem_arrow.running.file_sync import WRITING
from rem_arrow.sql.bind.row_expressions import sequences_in
from rem_arrow.storage.sequences import KIND

_DUCKDB_MARK = b"DUCK"
_DUCKDB_PLACE = 8
_ENTRIES = ("schema", "type", KIND, *MACRO_KINDS)


@dataclass(frozen=True, slots=True)
class Importable:
    """A table that can be imported.

    Attributes:
        open: returns its rows; None for a view and for what is no table.
        table: its description, if it comes from a database of rem_arrow, or is no table.
        declared: what another database declares of it.
    """

    name: str
    open: Callable[[], Input] | None
    table: Table | None = None
    declared: Declared | None = None

    @property
    def is_entry(self) -> bool:
        """Whether it is a schema, a sequence, a type or a macro."""
        return self.table is not None and self.table.kind in _ENTRIES

    @property
    def sequences(self) -> set[str]:
        """The sequences, casefolded, that defaults of its columns take numbers from."""
        own = [] if self.table is None else [f.default_sql for f in self.table.fields]
        others = [] if self.declared is None else [c.default for c in self.declared.columns]
        return {name for text in (*own, *others) if text for name in sequences_in(text)}


@contextmanager
def open_tables(path: Path) -> Iterator[list[Importable]]:
    """Yield the tables under a path, which stay open in the block. Raises InputError for a path of another kind."""
    # Libraries take a name such as md:x for an address; an absolute path is none.
    path = path.absolute()
    if path.is_dir():
        check_real_files(path)
        yield _in_folder(path)
        return
    if not path.is_file():
        raise InputError(f"there is no file or folder {path}")
    with path.open("rb") as file:
        head = file.read(64)
    if head.startswith(HEADER):
        with sqlite_tables(path) as tables:
            yield _importables(tables)
    elif head[_DUCKDB_PLACE:].startswith(_DUCKDB_MARK):
        with duckdb_tables(path) as file:
            yield [
                *(Importable(entry.name, None, entry) for entry in file.entries),
                *(Importable(name, file.openers[name], None, file.declared[name]) for name in in_order(file.declared)),
            ]
    else:
        raise InputError(
            f"{path} is no file of DuckDB or SQLite; import_from reads these, a folder of LanceDB, of Parquet files, "
            "or of db.export. For one file of rows use load"
        )


def _in_folder(path: Path) -> list[Importable]:
    if path.name.endswith(WRITING):
        raise InputError(f"{path} is an export that did not come to its end; export again")
    if (path / manifest.NAME).is_file():
        return _exported(path)
    if (path / "CURRENT").is_file():
        raise InputError(f"{path} is a database of rem_arrow: connect to it, and export what you want to take over")
    lances = [p.name.removesuffix(lance.ENDING) for p in sorted(path.glob(f"*{lance.ENDING}")) if p.is_dir()]
    if lances:
        return _importables(lance.lance_tables(path, lances))
    importables = [
        Importable(p.stem, partial(open_files, [p]))
        for p in sorted(path.iterdir())
        if p.is_file() and p.suffix.lower() in READABLE
    ]
    importables += [
        Importable(p.name, partial(_open_partitioned, p))
        for p in sorted(path.iterdir())
        if p.is_dir() and any(p.rglob("*.parquet"))
    ]
    if not importables:
        raise InputError(
            f"{path} holds no tables: no manifest.json of db.export, no NAME.lance, and no files that end in "
            f"{', '.join(READABLE)}"
        )
    return importables


def _importables(tables: Mapping[str, Callable[[], Input]]) -> list[Importable]:
    return [Importable(name, open_) for name, open_ in tables.items()]


def _open_partitioned(path: Path) -> Input:
    """Return a folder of Parquet files as one table; folders such as year=2024 become columns."""
    files = file_names(sorted(path.rglob("*.parquet")))
    try:
        check_expansion(files)
        return of_lazy(
            pl.scan_parquet(files, glob=False, hive_partitioning=any("=" in p.name for p in path.iterdir())), str(path)
        )
    except pl.exceptions.PolarsError as error:
        raise InputError(f"{path} cannot be read: {error}") from error


# --- exports of rem_arrow


def _exported(folder: Path) -> list[Importable]:
    page = manifest.read_manifest(folder)
    if page.format not in ("parquet", "ipc", "csv", "ndjson", "delta", "lance"):
        raise InputError(f"{folder / manifest.NAME} names the format {page.format!r}, which this version does not know")
    return [
        Importable(e.table.name, None if not e.path else partial(_open_entry, folder, page.format, e), e.table)
        for e in page.entries
    ]


def _open_entry(folder: Path, format_: str, entry: Entry) -> Input:
    table, where = entry.table, folder / entry.path
    schema = pl.Schema({**table.polars_schema(), **{e.column: e.dtype for e in table.embeddings}})
    if format_ == "lance":
        openers = lance.lance_tables(folder, [where.name.removesuffix(lance.ENDING)])
        opened = next(iter(openers.values()))()
        return Input(
            schema, entry.rows, (_cast(piece, schema, where) for piece in _complete(opened.pieces, entry, where))
        )
    try:
        frame = delta.scan(where) if format_ == "delta" else _scan(where, format_, schema, entry)
        opened = of_lazy(frame, str(where))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"{where} cannot be read: {error}") from error
    return Input(schema, entry.rows, (_cast(piece, schema, where) for piece in _complete(opened.pieces, entry, where)))


def _scan(where: Path, format_: str, schema: pl.Schema, entry: Entry) -> pl.LazyFrame:
    files = file_names([p for p in sorted(where.rglob("*.*")) if p.is_file()] if where.is_dir() else [where])
    if not files or (not entry.rows and not where.exists()):
        return pl.LazyFrame(schema=schema)
    check_expansion(files)
    match format_:
        case "parquet":
            return pl.scan_parquet(files, glob=False, hive_partitioning=False)
        case "ipc":
            return pl.scan_ipc(files, glob=False, hive_partitioning=False)
        case "csv":
            return pl.scan_csv(files, glob=False, infer_schema=False, with_column_names=_unquoted).select(
                text_files.read(schema, from_texts=True)
            )
        case _:
            return pl.scan_ndjson([glob.escape(f) for f in files], schema=text_files.plain_schema(schema)).select(
                text_files.read(schema, from_texts=False)
            )


def _unquoted(names: list[str]) -> list[str]:
    """Return the column names of a CSV: Polars 2.1 leaves the quotes inside a name doubled."""
    return [unquoted(name) for name in names]


def _complete(pieces: Iterator[pl.DataFrame], entry: Entry, where: Path) -> Iterator[pl.DataFrame]:
    """Yield the pieces. Raises InputError if their number of rows is not that of the manifest."""
    rows = 0
    for piece in pieces:
        rows += piece.height
        yield piece
    if rows != entry.rows:
        raise InputError(
            f"{where} holds {rows} rows, and the manifest says {entry.rows}: it is damaged, or was changed"
        )


def _cast(piece: pl.DataFrame, schema: pl.Schema, where: Path) -> pl.DataFrame:
    try:
        return piece.select(pl.col(n) if piece.schema[n] == t else pl.col(n).cast(t) for n, t in schema.items())
    except (pl.exceptions.PolarsError, KeyError) as error:
        raise InputError(
            f"{where} does not hold the columns that the manifest says: {str(error).splitlines()[0]}"
        ) from error
