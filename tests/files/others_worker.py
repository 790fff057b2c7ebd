"""Loads files of others, one for each line of standard input, and prints for each what came of it beside what another
reader makes of the file.

It is a program of its own: memory is limited, and a file that takes it down is known by the answer that does not come.
"""

from __future__ import annotations

import bz2
import datetime as dt
import json
import math
import re
import resource
import sys
import traceback
import uuid
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import duckdb
import polars as pl
import pyarrow as pa
from pyarrow import parquet

import rem_arrow as rem
from rem_arrow.files.file_format import format_by_ending

MEMORY_BYTES = 6 << 30


class Rows(NamedTuple):
    """What a reader makes of a file: columns of Python values."""

    names: list[str]
    columns: list[list[Any]]


def verdict(path: str) -> tuple[str, str]:
    """Return "equal", "refused", "different", "alone" (only this database reads the file) or "raw" (an error that is
    no RemError), and what there is to say of it."""
    with rem.connect() as db:
        try:
            db.load("t", path)
            ours = _of_frame(db.sql("FROM t"))
        except rem.RemError as error:
            return _refused(db, path, error)
        quoted = path.replace("'", "''")
        in_sql = _of_frame(db.sql(f"FROM '{quoted}'"))
    if in_sql != ours:
        return "different", f"load and FROM: {_difference(ours, in_sql)}"
    said = ""
    for oracle in _ORACLES[str(format_by_ending(path))]:
        try:
            theirs = oracle(path)
        except Exception as error:  # noqa: BLE001 whatever another reader raises
            said += f"; {str(error)[:300]}"
            continue
        difference = _difference(ours, theirs)
        if not difference:
            return "equal", ""
        said += f"; {difference}"
        kind = "different"
    return ("different" if "kind" in locals() else "alone"), said.removeprefix("; ")


def _refused(db: rem.Database, path: str, error: rem.RemError) -> tuple[str, str]:
    """A file that load refuses is refused in SQL too, and the error names the file."""
    said = str(error)
    # What is wrong with the columns is said of the table.
    if Path(path).name not in said and not re.search(r"of t |the column name|a column name|^t has no columns", said):
        return "raw", f"the file is not named: {said}"
    quoted = path.replace("'", "''")
    try:
        db.sql(f"FROM '{quoted}'")
    except rem.RemError:
        return "refused", said
    # SQL has columns of names that no table has.
    if re.search("the column name|a column name|differ in case only|has no columns", said):
        return "refused", said
    return "different", f"refused by load alone: {said}"


# --- readers


def _of_frame(frame: pl.DataFrame) -> Rows:
    return Rows(frame.columns, [_values(column) for column in frame])


def _values(column: pl.Series) -> list[Any]:
    if column.dtype in (pl.Int128, pl.UInt128):
        return column.to_list()
    return _arrow_values(pa.chunked_array([column.to_arrow(compat_level=pl.CompatLevel.oldest())]))


def _pyarrow(path: str) -> Rows:
    table = parquet.ParquetFile(path, coerce_int96_timestamp_unit="us").read()
    return Rows(table.column_names, [_arrow_values(column) for column in table.columns])


def _arrow_values(column: pa.ChunkedArray) -> list[Any]:
    target = _without_times(column.type)
    # pyarrow 26 casts some lists of structs to what is not valid.
    plain = column if target == column.type else column.cast(target)
    return [_arrow_value(v, column.type) for v in plain.to_pylist()]


def _without_times(dtype: pa.DataType) -> pa.DataType:
    """Return a type with numbers for what Python has no values for."""
    types = pa.types
    if types.is_timestamp(dtype) or types.is_duration(dtype) or types.is_time64(dtype):
        return pa.int64()
    if types.is_date32(dtype) or types.is_time32(dtype):
        return pa.int32()
    if types.is_dictionary(dtype):
        return _without_times(dtype.value_type)
    if types.is_map(dtype):
        return pa.map_(_without_times(dtype.key_type), _without_times(dtype.item_type))
    if types.is_struct(dtype):
        return pa.struct([f.with_type(_without_times(f.type)) for f in dtype.fields])
    if types.is_fixed_size_list(dtype):
        return pa.list_(_without_times(dtype.value_type), dtype.list_size)
    if types.is_large_list(dtype):
        return pa.large_list(_without_times(dtype.value_type))
    return pa.list_(_without_times(dtype.value_type)) if types.is_list(dtype) else dtype


_UNITS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
_EPOCH = dt.datetime(1970, 1, 1)


def _moment(value: int, dtype: pa.DataType) -> Any:
    """Return a date or time of Python; nanoseconds since 1970 where it has none."""
    nanoseconds = value * (_UNITS[dtype.unit] if not pa.types.is_date32(dtype) else 86_400 * 10**9)
    if pa.types.is_duration(dtype):
        return nanoseconds
    try:
        at = _EPOCH + dt.timedelta(microseconds=nanoseconds // 1000)
    except OverflowError:
        return nanoseconds
    if pa.types.is_date32(dtype):
        return at.date()
    return nanoseconds if nanoseconds % 1000 else at.time() if pa.types.is_time(dtype) else at


def _arrow_value(value: Any, dtype: pa.DataType) -> Any:
    """Return a value with its maps as lists of entries."""
    types = pa.types
    if value is None:
        return None
    if types.is_map(dtype):
        return [{"key": _arrow_value(k, dtype.key_type), "value": _arrow_value(v, dtype.item_type)} for k, v in value]
    if types.is_struct(dtype):
        return {f.name: _arrow_value(value[f.name], f.type) for f in dtype.fields}
    if types.is_list(dtype) or types.is_large_list(dtype) or types.is_fixed_size_list(dtype):
        return [_arrow_value(v, dtype.value_type) for v in value]
    return _moment(value, dtype) if types.is_temporal(dtype) and not types.is_interval(dtype) else _plain(value)


def _duckdb(source: str) -> Callable[[str], Rows]:
    def read(path: str) -> Rows:
        with duckdb.connect(config={"threads": 1}) as con, TemporaryDirectory() as folder:
            con.execute("SET TimeZone = 'UTC'")
            name = _readable(path, folder).replace("'", "''")
            table = con.sql(source.format(name)).to_arrow_table()
            return Rows(table.column_names, [_arrow_values(column) for column in table.columns])

    return read


def _readable(path: str, folder: str) -> str:
    """Return a file that DuckDB reads: it takes brackets in a name for a pattern, and knows no bz2."""
    if "[" not in path and not path.endswith(".bz2"):
        return path
    data = Path(path).read_bytes()
    copied = Path(folder, Path(path).name.replace("[", "").removesuffix(".bz2"))
    copied.write_bytes(bz2.decompress(data) if path.endswith(".bz2") else data)
    return str(copied)


_ORACLES: dict[str, list[Callable[[str], Rows]]] = {
    "parquet": [_pyarrow, _duckdb("FROM read_parquet('{0}')")],
    "csv": [
        _duckdb(f"FROM read_csv('{{0}}', {options})")
        for options in (
            "allow_quoted_nulls = true",
            "allow_quoted_nulls = false",
            "allow_quoted_nulls = false, sample_size = -1",
            "allow_quoted_nulls = false, all_varchar = true, max_line_size = 100000000",
            "allow_quoted_nulls = false, all_varchar = true, strict_mode = false, max_line_size = 100000000",
            "allow_quoted_nulls = false, all_varchar = true, comment = ''",
        )
    ],
    "json": [
        _duckdb("FROM read_json('{0}')"),
        _duckdb("FROM read_json('{0}', sample_size = -1, map_inference_threshold = -1)"),
    ],
    "arrow": [],
    "excel": [],
}


def _plain(value: Any) -> Any:
    """Return a value in a form that all readers share."""
    match value:
        case float():
            return "NaN" if math.isnan(value) else value
        case uuid.UUID():
            return str(value)
        case list() | tuple():
            return [_plain(v) for v in value]
        case dict():
            return {k: _plain(v) for k, v in value.items()}
        case _:
            return value


# --- comparison


def _difference(ours: Rows, theirs: Rows) -> str:
    """Return the first difference; "" where there is none."""
    if ours.names != theirs.names:
        return f"columns {ours.names} and {theirs.names}"[:400]
    for name, mine, other in zip(ours.names, ours.columns, theirs.columns, strict=True):
        if not any(isinstance(v, str) for v in mine):
            # A text that is empty is no value of another type.
            other = [None if v == "" else v for v in other]
        if len(mine) != len(other):
            return f"{len(mine)} and {len(other)} rows"
        for place, (a, b) in enumerate(zip(mine, other, strict=True), 1):
            if not _same(a, b):
                return f"row {place}, column {name}: {a!r} and {b!r}"[:400]
    return ""


def _same(a: Any, b: Any) -> bool:
    """Say whether two values are the same. A text is the value that it reads as: a reader may keep what it doubts."""
    match a, b:
        case list(), list():
            return len(a) == len(b) and all(map(_same, a, b))
        case dict(), dict():
            return a.keys() == b.keys() and all(_same(a[k], b[k]) for k in a)
        case str(), str():
            return a == b or _same_json(a, b)
        case str(), _ if b is not None:
            return _reads_as(a, b)
        case int(), str() if not isinstance(a, bool):
            # Nothing that a number has not, such as leading zeros.
            return b.strip(" ") == str(a)
        case _, str() if a is not None:
            return _reads_as(b, a)
        case _:
            return (a is None) == (b is None) and bool(a == b) and isinstance(a, bool) == isinstance(b, bool)


def _same_json(a: str, b: str) -> bool:
    try:
        return a[:1] in '{["' and bool(json.loads(a) == json.loads(b))
    except ValueError:
        return False


_WORDS = {"true": True, "t": True, "yes": True, "false": False, "f": False, "no": False}
_DATES = ("%Y-%m-%d", "%d-%m-%Y", "%m-%d-%Y", "%y-%m-%d", "%d-%m-%y", "%m-%d-%y")
_TIMES = ("%H:%M:%S.%f", "%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%H:%M:%S.%f%z", "%H:%M:%S%z")


def _reads_as(text: str, value: Any) -> bool:
    """Say whether Python reads a text as a value."""
    text = text.strip(" ")
    if isinstance(value, bool):
        return _WORDS.get(text.lower()) is value
    if isinstance(value, (int, float, Decimal)):
        try:
            return float(text) == float(value)
        except ValueError:
            return False
    if isinstance(value, (list, dict)):
        try:
            return _same(json.loads(text), value)
        except ValueError:
            return False
    plain = text.replace("/", "-").replace("T", " ").removesuffix("Z")
    plain = re.sub(r"^(\d+)\.(\d+)\.(\d+)", r"\1-\2-\3", plain)
    plain = re.sub(r"([+-]\d\d)$", r"\g<1>00", re.sub(r"(\.\d{6})\d+", r"\1", plain)) if ":" in plain else plain
    forms = {dt.date: _DATES, dt.time: _TIMES}.get(type(value)) or [
        *_DATES,
        *(f"{d} {t}" for d in _DATES for t in _TIMES),
    ]
    return any(_read(plain, form) == value for form in forms)


def _read(text: str, form: str) -> Any:
    try:
        at = dt.datetime.strptime(text, form)
    except ValueError:
        return None
    at = at.astimezone(dt.timezone.utc).replace(tzinfo=None) if at.tzinfo is not None else at
    return at.date() if "%H" not in form and "%I" not in form else at if "-%d" in form or "-%m" in form else at.time()


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    for line in sys.stdin:
        path = line.rstrip("\n")
        try:
            kind, said = verdict(path)
        except BaseException as error:  # noqa: BLE001 a panic of Polars is one
            kind, said = "raw", f"{type(error).__name__}: {error} {traceback.format_exc(limit=-3)}"
        print(json.dumps([kind, said]), flush=True)


if __name__ == "__main__":
    main()
