"""How files are read: one set of options behind SQL, `load` and the command line.

An option has one meaning and a name, and beside it the names that DuckDB gives it. Each belongs to some formats; one
that is not known, or does not belong to the format, is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeAlias, cast

import polars as pl

from rem_arrow.base.errors import InputError, suggest

TypeOf: TypeAlias = Callable[[str], pl.DataType]

_CSV, _JSON, _PARQUET, _ARROW, _EXCEL = "csv", "json", "parquet", "arrow", "excel"
FORMATS = (_CSV, _JSON, _PARQUET, _ARROW, _EXCEL)


def _option(kind: str, formats: str, *others: str, default: Any) -> Any:
    """Describe an option: the kind of its value, the formats that have it, and DuckDB's names for it."""
    metadata = {"kind": kind, "formats": formats.split(), "others": others}
    return (
        field(default_factory=dict, metadata=metadata) if kind == "types" else field(default=default, metadata=metadata)
    )


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How files are read; the defaults find out what the files say.

    Attributes:
        separator: between the values of a CSV.
        header: the first line of a CSV, or row of a sheet, names the columns.
        comment: what begins a line that is passed over; "" is nothing.
        null_values: the texts that are NULL; () is the empty one, where it has no quotes.
        allow_quoted_nulls: those in quotes too; None: where `null_values` names them.
        names: the names of the columns, by place.
        dtypes: types by name; `place_types` by place.
        columns: only these, in this order; with `schema` each with its type: all columns of a CSV by place, those
            of JSON by name, NULL where no record has them.
        skip_rows: lines at the beginning that are passed over.
        union_by_name: several files have the columns of all of them, by name.
        filename: the name of a column with the file of each row.
        file_row_number: a column `file_row_number` counts the rows of each file from 0.
        hive_partitioning: folders such as year=2024 are columns; None: where all files have the same.
        ignore_errors: leave out rows that cannot be read.
    """

    header: bool | None = _option("bool", "csv excel", default=None)
    separator: str | None = _option("char", "csv", "sep", "delim", "delimiter", default=None)
    quote: str | None = _option("mark", "csv", default=None)
    escape: str | None = _option("mark", "csv", default=None)
    comment: str | None = _option("mark", "csv", default=None)
    null_values: tuple[str, ...] = _option("texts", "csv", "nullstr", "null", default=())
    allow_quoted_nulls: bool | None = _option("bool", "csv", default=None)
    names: tuple[str, ...] = _option("texts", "csv", "column_names", default=())
    dtypes: Mapping[str, pl.DataType] = _option("types", "csv json excel", "types", "column_types", default=None)
    columns: tuple[str, ...] = _option("columns", "csv json parquet arrow excel", default=())
    all_varchar: bool = _option("bool", "csv", default=False)
    skip_rows: int = _option("count", "csv excel", "skip", default=0)
    date_format: str = _option("text", "csv", "dateformat", default="")
    timestamp_format: str = _option("text", "csv", "timestampformat", default="")
    decimal_separator: str = _option("char", "csv", default=".")
    thousands: str = _option("mark", "csv", default="")
    encoding: str = _option("text", "csv json", default="utf-8")
    compression: str = _option("text", "csv json parquet", default="auto")
    union_by_name: bool = _option("bool", "csv json parquet arrow", default=False)
    filename: str = _option("flag", "csv json parquet arrow", default="")
    file_row_number: bool = _option("bool", "parquet", default=False)
    hive_partitioning: bool | None = _option("bool", "csv json parquet arrow", default=None)
    ignore_errors: bool = _option("bool", "csv", default=False)
    records: bool = _option("bool", "json", default=True)
    sheet: str | int | None = _option("sheet", "excel", default=None)
    place_types: tuple[pl.DataType, ...] = ()
    schema: Mapping[str, pl.DataType] = field(default_factory=dict)

    def named(self, names: tuple[str, ...]) -> ReadOptions:
        """Return the options with names for all columns, by place."""
        return replace(self, names=names)


# Options of DuckDB that change the speed, or what it looks at, and not the rows that are read here.
_WITHOUT_EFFECT = (
    "array",
    "auto_detect",
    "buffer_size",
    "max_line_size",
    "maximum_line_size",
    "maximum_object_size",
    "maximum_depth",
    "maximum_sample_files",
    "new_line",
    "parallel",
    "sample_size",
)
_FIELDS = {f.name: f for f in fields(ReadOptions) if f.metadata}
_NAMES = {n: f for f in _FIELDS.values() for n in (f.name, *f.metadata["others"])}


def read_options(given: Iterable[tuple[str, object]], format_: str, type_of: TypeOf, *, where: str) -> ReadOptions:
    """Return the options of some files of one format. Raises InputError.

    Args:
        type_of: reads the SQL name of a type.
        where: what takes the options, for errors.
    """
    options = ReadOptions()
    seen: set[str] = set()
    for name, value in given:
        key = name.lower()
        if key in _WITHOUT_EFFECT:
            continue
        option = _NAMES.get(key)
        if option is None:
            known = [n for n, f in _NAMES.items() if format_ in f.metadata["formats"]]
            raise InputError(f"{where} has no option {name!r}. {suggest(key, known, 'Options')}")
        if format_ not in option.metadata["formats"]:
            raise InputError(
                f"{where}: {name} is an option of {', '.join(option.metadata['formats'])} files, not of {format_}"
            )
        if option.name in seen:
            raise InputError(f"{where}: {name} is given twice")
        seen.add(option.name)
        options = _with(options, option.name, option.metadata["kind"], name, value, type_of)
    if options.thousands == options.decimal_separator:
        raise InputError(
            f"{where}: {options.thousands!r} parts thousands and fractions too; give another thousands or "
            "decimal_separator"
        )
    return options


def _with(options: ReadOptions, field_: str, kind: str, name: str, value: object, type_of: TypeOf) -> ReadOptions:
    if kind == "types" and isinstance(value, (list, tuple)):
        return replace(options, place_types=tuple(_type(v, name, type_of) for v in value))
    if kind == "columns" and isinstance(value, Mapping):
        return replace(options, schema={str(n): _type(t, name, type_of) for n, t in value.items()})
    changed: dict[str, Any] = {field_: _checked(kind, name, value, type_of)}
    return replace(options, **changed)


def _checked(kind: str, name: str, value: object, type_of: TypeOf) -> object:
    """Return the value of an option of a kind. Raises InputError for a value of another."""
    match kind:
        case "bool":
            return _bool(name, value)
        case "flag":
            return (
                str(value)
                if isinstance(value, str) and not _is_bool(value)
                else "filename"
                if _bool(name, value)
                else ""
            )
        case "char" if isinstance(value, str) and len(value) == 1:
            return value
        case "char" if value == "\\t":
            return "\t"
        case "mark" if isinstance(value, str) and len(value) <= 1:
            return value
        case "mark" if value is None:
            return ""
        case "text" if isinstance(value, str):
            return value
        case "texts" if isinstance(value, str):
            return (value,)
        case "texts" | "columns" if isinstance(value, (list, tuple)) and all(isinstance(v, str) for v in value):
            return tuple(value)
        case "count" if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        case "sheet" if isinstance(value, (int, str)) and not isinstance(value, bool):
            return value
        case "types" if isinstance(value, Mapping):
            return {str(n): _type(t, name, type_of) for n, t in value.items()}
        case _:
            raise InputError(f"{name} is {_WANTED[kind]}, not {value!r}")


_WANTED = {
    "char": "one character",
    "mark": "one character, or '' for none",
    "text": "a text",
    "texts": "a text or a list of texts",
    "columns": "a list of names, or names with their types",
    "count": "a number of rows, 0 or more",
    "sheet": "the name of a sheet, or its place from 1",
    "types": "names with their types, or a list of types",
}


def _is_bool(value: object) -> bool:
    return str(value).lower() in ("true", "false", "1", "0", "on", "off")


def _bool(name: str, value: object) -> bool:
    if not _is_bool(value):
        raise InputError(f"{name} is true or false, not {value!r}")
    return str(value).lower() in ("true", "1", "on")


def _type(value: object, name: str, type_of: TypeOf) -> pl.DataType:
    """Return a type that is given by its SQL name, or as one of Polars or Python."""
    if isinstance(value, str):
        return type_of(value)
    if isinstance(value, pl.DataType):
        return value
    if isinstance(value, type) and issubclass(value, pl.DataType):
        return value()
    plain = {bool: pl.Boolean(), int: pl.Int64(), float: pl.Float64(), str: pl.String()}.get(cast(Any, value))
    if plain is None:
        raise InputError(f"{name} holds {value!r}, which is no type; name one as in SQL, such as 'VARCHAR'")
    return plain
