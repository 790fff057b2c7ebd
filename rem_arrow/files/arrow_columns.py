"""Arrow data of any type as columns of the types of a table, each with its meaning.

| Arrow | here |
| --- | --- |
| map | LIST of STRUCT(key, value), as SQL's MAP |
| list view, run-end encoded, dictionary of other values than texts | the plain form |
| timestamp with an offset, such as +05:30 | the same instant, in UTC |
| date of milliseconds | DATE |
| decimal of 32, 64 and 256 bits | DECIMAL of 128, if the values have 38 digits |
| interval of months, days and nanoseconds | INTERVAL, if it is whole microseconds |
| arrow.bool8, arrow.fixed_shape_tensor | BOOLEAN, ARRAY of its shape |
| arrow.json, arrow.uuid, UUID of Parquet | VARCHAR |
| DuckDB's hugeint, uhugeint, time_tz, bit, bignum | HUGEINT, UHUGEINT, VARCHAR |
| union | STRUCT with a field for each member, of which one is not NULL |

A type that has no such form, and a value that has none (24:00 as TIME, a DATE that is infinite), is an InputError that
names the columns, all of them at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np
import polars as pl
import pyarrow as pa

from rem_arrow.base.errors import InputError
from rem_arrow.base.lazy_module import LazyModule
from rem_arrow.files.arrow_extensions import DUCKDB, EXTENSIONS, NoValueError, plain_storage

if TYPE_CHECKING:
    import pyarrow.compute as pc
else:
    pc = LazyModule("pyarrow.compute")

_Array: TypeAlias = Any
_Convert: TypeAlias = Callable[[_Array], _Array]

_DAY_US = 86_400_000_000
# How Arrow stores an interval, and the fields of one here: plan/types.py.
_INTERVAL = np.dtype([("months", "<i4"), ("days", "<i4"), ("nanos", "<i8")])
_INTERVAL_FIELDS = ["interval_months", "interval_days", "interval_microseconds"]
# The last day of the years that Polars computes with.
DAYS_MAX = 95_000_000
# Types by name of extensions that have no column here.
_REFUSED = {
    "arrow.parquet.variant": "VARIANT",
    "geoarrow.wkb": "GEOMETRY",
    "geoarrow.wkt": "GEOMETRY",
}


def frame_of(table: pa.Table, where: str) -> pl.DataFrame:
    """Return an Arrow table as a frame. Raises InputError, which names the columns that cannot be taken.

    Args:
        where: names the data in errors.
    """
    check_columns(table.schema, where)
    columns, problems = [], list[str]()
    for field, column in zip(table.schema, table.columns, strict=True):
        try:
            # Polars believes offsets and texts: those that are wrong would have it read outside of its memory.
            column.validate(full=True)
            columns.append(converted(column, field.type))
        except (NoValueError, pa.ArrowException) as problem:
            problems.append(f'"{field.name}" ({field.type}) cannot be read: {problem}')
    if problems:
        raise refused(where, problems)
    plain = pa.table(columns, names=table.schema.names) if columns else table
    frame = pl.from_arrow(plain)
    assert isinstance(frame, pl.DataFrame), "a table becomes a frame"
    return frame


def empty_frame(schema: pa.Schema, where: str) -> pl.DataFrame:
    """Return a frame of no rows for a schema. Raises InputError, as `frame_of`."""
    # pyarrow 26 makes no empty table with an extension type below a list.
    return frame_of(pa.table([pa.nulls(0, f.type) for f in schema], schema=schema), where)


def check_columns(schema: pa.Schema, where: str, told: Mapping[str, str] | None = None) -> None:
    """Raise InputError for the columns whose types have no form here, naming all of them; `told` is what is known of
    some from elsewhere."""
    kinds = {f.name: (told or {}).get(f.name) or _refused_kind(f) for f in schema}
    problems = [f'"{name}" is {kind}' for name, kind in kinds.items() if kind is not None]
    if problems:
        raise refused(where, problems)


def refused(where: str, problems: Sequence[str]) -> InputError:
    """Return the error for columns that cannot be taken."""
    return InputError(
        f"{where}: {'; '.join(problems)}. A table cannot store {'it' if len(problems) == 1 else 'them'}: name the "
        "other columns by columns=[...] of load, or make it a VARCHAR where the data come from"
    )


def _refused_kind(field: pa.Field) -> str | None:
    """Return what the type of a column is called that has no form here; None for one that has."""
    dtype = field.type
    told = (field.metadata or {}).get(b"ARROW:extension:name", b"").decode("utf-8", "replace")
    name = dtype.extension_name if isinstance(dtype, pa.BaseExtensionType) else told
    if name in _REFUSED or (name and name not in EXTENSIONS and name != DUCKDB):
        return _REFUSED.get(name, f"of the extension type {name}")
    if pa.types.is_interval(dtype) and dtype != pa.month_day_nano_interval():
        return "an interval of months, or of days and milliseconds"
    if isinstance(dtype, pa.BaseExtensionType):
        return _refused_kind(pa.field("", dtype.storage_type))
    inside = [kind for child in _child_fields(dtype) if (kind := _refused_kind(child)) is not None]
    return f"{inside[0]} inside of a {str(dtype).split('<', maxsplit=1)[0]}" if inside else None


def _child_fields(dtype: pa.DataType) -> list[pa.Field]:
    if pa.types.is_dictionary(dtype) or pa.types.is_run_end_encoded(dtype):
        return [pa.field("", dtype.value_type)]
    return [dtype.field(i) for i in range(dtype.num_fields)]


def _children(dtype: pa.DataType) -> list[pa.DataType]:
    return [f.type for f in _child_fields(dtype)]


def converted(column: pa.ChunkedArray, dtype: pa.DataType) -> pa.ChunkedArray:
    """Return a column in a form that Polars reads with its meaning. Raises NoValueError."""
    convert = _converter(dtype)
    if convert is None:
        return column
    chunks = [convert(chunk) for chunk in column.chunks] or [convert(pa.nulls(0, dtype))]
    return pa.chunked_array(chunks)


def is_plain(dtype: pa.DataType) -> bool:
    """Say whether Polars reads a type with its meaning; of dates and times only values within their bounds."""
    if pa.types.is_map(dtype):
        return is_plain(dtype.key_type) and is_plain(dtype.item_type)
    try:
        return _converter(dtype) in (None, _moment)
    except NoValueError:
        return False


def _converter(dtype: pa.DataType) -> _Convert | None:
    """Return what makes columns of a type plain; None where they are."""
    types = pa.types
    if isinstance(dtype, pa.BaseExtensionType):
        return plain_storage(dtype)
    if types.is_map(dtype):
        return _map(dtype)
    if types.is_list_view(dtype) or types.is_large_list_view(dtype):
        return _list_view(dtype)
    if types.is_run_end_encoded(dtype):
        inner = _converter(dtype.value_type)
        return lambda a: pc.run_end_decode(a) if inner is None else inner(pc.run_end_decode(a))
    if types.is_dictionary(dtype) and not _is_text(dtype.value_type):
        return _cast_then(dtype.value_type)
    if types.is_union(dtype):
        return _union(dtype)
    if types.is_nested(dtype):
        return _nested(dtype)
    if dtype == pa.month_day_nano_interval():
        return _interval
    return _scalar(dtype)


def _scalar(dtype: pa.DataType) -> _Convert | None:
    types = pa.types
    if types.is_timestamp(dtype) and dtype.tz is not None and _is_offset(dtype.tz):
        return lambda a: a.cast(pa.timestamp(dtype.unit, "UTC"))
    if types.is_decimal256(dtype):
        return _decimal(dtype)
    if types.is_decimal(dtype) and not types.is_decimal128(dtype):
        return lambda a: a.cast(pa.decimal128(dtype.precision, dtype.scale))
    if types.is_date64(dtype):
        # Polars reads milliseconds as a timestamp.
        return lambda a: _moment(a.cast(pa.date32()))
    if types.is_date32(dtype) or dtype == pa.timestamp("us"):
        return _moment
    return None


def _is_text(dtype: pa.DataType) -> bool:
    return str(dtype) in ("string", "large_string", "string_view")


def _is_offset(zone: str) -> bool:
    return zone[:1] in ("+", "-")


def _cast_then(dtype: pa.DataType) -> _Convert:
    inner = _converter(dtype)
    return lambda a: a.cast(dtype) if inner is None else inner(a.cast(dtype))


def _nested(dtype: pa.DataType) -> _Convert | None:
    """Lists, arrays and structs: what is inside."""
    inner = [_converter(child) for child in _children(dtype)]
    if all(c is None for c in inner):
        return None
    if pa.types.is_struct(dtype):
        return lambda a: _struct(a, dtype, inner)
    convert = cast(_Convert, inner[0])
    if pa.types.is_fixed_size_list(dtype):
        size = dtype.list_size
        return lambda a: pa.FixedSizeListArray.from_arrays(
            convert(a.values.slice(a.offset * size, len(a) * size)), size, mask=_mask(a)
        )
    kind = pa.LargeListArray if pa.types.is_large_list(dtype) else pa.ListArray

    def lists(array: _Array) -> _Array:
        start, stop = _bounds(array.offsets)
        offsets = pc.subtract(array.offsets, pa.scalar(start, array.offsets.type))
        return kind.from_arrays(offsets, convert(array.values.slice(start, stop - start)), mask=_mask(array))

    return lists


def _list_view(dtype: pa.DataType) -> _Convert:
    inner = _converter(pa.large_list(dtype.value_field))

    def lists(array: _Array) -> _Array:
        lengths = pc.fill_null(pc.cast(pc.list_value_length(array), pa.int64()), 0)
        offsets = pa.concat_arrays([pa.array([0], pa.int64()), pc.cumulative_sum(lengths)])
        plain = pa.LargeListArray.from_arrays(offsets, array.flatten(), mask=_mask(array))
        return plain if inner is None else inner(plain)

    return lists


def _bounds(offsets: _Array) -> tuple[int, int]:
    return (offsets[0].as_py(), offsets[-1].as_py()) if len(offsets) else (0, 0)


def _struct(array: _Array, dtype: pa.DataType, inner: Sequence[_Convert | None]) -> _Array:
    # Arrow ends the process where it gives the NULLs of a struct to a union, which has no bitmap of its own.
    bare = [pa.types.is_union(f.type) or pa.types.is_run_end_encoded(f.type) for f in dtype.fields]
    columns = (
        [array.field(i) if is_bare else pc.struct_field(array, [i]) for i, is_bare in enumerate(bare)]
        if any(bare)
        else array.flatten()
    )
    plain = [c if convert is None else convert(c) for c, convert in zip(columns, inner, strict=True)]
    return pa.StructArray.from_arrays(plain, names=[f.name for f in dtype.fields], mask=_mask(array))


def _mask(array: _Array) -> _Array:
    return array.is_null() if array.null_count else None


def _map(dtype: pa.DataType) -> _Convert:
    """A map is a list of entries, as SQL's MAP."""
    key, value = _converter(dtype.key_type), _converter(dtype.item_type)

    def entries(array: _Array) -> _Array:
        start, stop = _bounds(array.offsets)
        keys, values = array.keys.slice(start, stop - start), array.items.slice(start, stop - start)
        pairs = pa.StructArray.from_arrays(
            [keys if key is None else key(keys), values if value is None else value(values)], names=["key", "value"]
        )
        offsets = pc.subtract(array.offsets, pa.scalar(start, array.offsets.type))
        return pa.ListArray.from_arrays(offsets, pairs, mask=_mask(array))

    return entries


def _union(dtype: pa.DataType) -> _Convert:
    """A union is a struct of its members, of which only the one that is there is not NULL."""
    inner = [_converter(child) for child in _children(dtype)]
    names = [dtype.field(i).name or f"member{i}" for i in range(dtype.num_fields)]

    def members(array: _Array) -> _Array:
        codes, columns = array.type_codes, []
        for i, code in enumerate(dtype.type_codes):
            here = pc.equal(codes, pa.scalar(code, pa.int8()))
            if dtype.mode == "sparse":
                values = array.field(i)
            else:
                places = pc.if_else(here, array.offsets, pa.scalar(None, pa.int32()))
                values = array.field(i).take(places)
            plain = pc.if_else(here, values, pa.scalar(None, values.type))
            columns.append(plain if inner[i] is None else cast(_Convert, inner[i])(plain))
        return pa.StructArray.from_arrays(columns, names=names)

    return members


def _interval(array: _Array) -> _Array:
    """Months, days and nanoseconds as the INTERVAL of a table, which has microseconds."""
    values = np.frombuffer(array.buffers()[1] or b"", dtype=_INTERVAL)[array.offset : array.offset + len(array)]
    missing = ~array.is_valid().to_numpy(zero_copy_only=False)
    nanos = np.where(missing, 0, values["nanos"])
    if (nanos % 1_000).any():
        raise NoValueError("an interval has nanoseconds, and INTERVAL whole microseconds")
    parts = [values["months"], values["days"], nanos // 1_000]
    columns = [pa.array(part, kind) for part, kind in zip(parts, (pa.int32(), pa.int32(), pa.int64()), strict=True)]
    return pa.StructArray.from_arrays(columns, names=_INTERVAL_FIELDS, mask=pa.array(missing))


def _decimal(dtype: pa.DataType) -> _Convert:
    def narrow(array: _Array) -> _Array:
        try:
            return array.cast(pa.decimal128(min(38, dtype.precision), min(38, dtype.scale)))
        except pa.ArrowInvalid as error:
            raise NoValueError("a decimal has more than 38 digits") from error

    return narrow


def _moment(array: _Array) -> _Array:
    """Dates and timestamps of the years that Polars computes with; DuckDB's infinity is beyond them."""
    limit = DAYS_MAX * (1 if pa.types.is_date32(array.type) else _DAY_US)
    bounds = pc.min_max(array.view(pa.int32() if pa.types.is_date32(array.type) else pa.int64()))
    if bounds["max"].is_valid and not -limit <= bounds["min"].as_py() <= bounds["max"].as_py() < limit:
        raise NoValueError("a value is infinite, or beyond the years of a DATE or TIMESTAMP")
    return array
