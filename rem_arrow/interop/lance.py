"""LanceDB folders, by the library `lancedb`, an extra: each table is a folder `name.lance`."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from rem_arrow.base.errors import InputError, UnsupportedError
from rem_arrow.interop.readers import Input, of_batches

if TYPE_CHECKING:
    from types import ModuleType

ENDING = ".lance"
_BATCH_ROWS = 122_880


def write(reader: pa.RecordBatchReader, path: Path) -> None:
    """Write a stream as a new table to `path`, which ends in .lance. Raises InputError for a type that Lance lacks."""
    database = _database(path.parent)
    try:
        # LanceDB takes a NULL among vectors for a bad vector.
        database.create_table(path.name.removesuffix(ENDING), data=reader, on_bad_vectors="null")
    except (ValueError, TypeError, RuntimeError, OSError, pa.ArrowException) as error:
        raise InputError(f"{path.name} cannot be written by LanceDB: {str(error).splitlines()[0]}") from error


def lance_tables(folder: Path, names: list[str]) -> dict[str, Callable[[], Input]]:
    """Return a function that opens each table of a LanceDB folder, by name. Raises InputError."""
    database = _database(folder)
    return {name: _opener(database, name, folder) for name in names}


def _opener(database: Any, name: str, folder: Path) -> Callable[[], Input]:
    def open_table() -> Input:
        try:
            table = database.open_table(name)
            rows, reader = table.count_rows(), table.search().to_batches(_BATCH_ROWS)
        except (ValueError, RuntimeError, OSError) as error:
            raise InputError(
                f"{folder}, table {name} cannot be read by LanceDB: {str(error).splitlines()[0]}"
            ) from error
        return of_batches(reader, rows)

    return open_table


def _database(folder: Path) -> Any:
    return _lancedb().connect(str(folder))


def _lancedb() -> ModuleType:
    """Return the library. Raises UnsupportedError."""
    if find_spec("lancedb") is None:
        raise UnsupportedError("LanceDB folders need lancedb: pip install 'rem_arrow[lance]'")
    import lancedb

    return lancedb  # type: ignore[no-any-return]
