"""Every type of Arrow through every door: it comes in and goes out with its meaning, or is refused by its column."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from contextlib import suppress
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import polars as pl
import pyarrow as pa
import pytest
from pyarrow import feather, parquet

import rem_arrow as rem

_AT = dt.datetime(2024, 2, 29, 23, 59, 59, 123456)
_UTC = dt.timezone.utc
_SCALARS: dict[str, tuple[pa.DataType, list[Any]]] = {
    "bool": (pa.bool_(), [True, None]),
    "int8": (pa.int8(), [-128, None]),
    "uint64": (pa.uint64(), [2**64 - 1, None]),
    "float": (pa.float32(), [float("inf"), None]),
    "double": (pa.float64(), [-float("inf"), None, 0.1 + 0.2]),
    "decimal": (pa.decimal128(38, 10), [Decimal("-1.5"), None]),
    "decimal256": (pa.decimal256(60, 1), [Decimal("1.5"), None]),
    "text": (pa.string(), ["é\0'\"", None, ""]),
    "text view": (pa.string_view(), ["a longer text than twelve bytes", None]),
    "bytes": (pa.binary(), [b"\0\xff", None]),
    "16 bytes": (pa.binary(16), [b"0123456789abcdef", None]),
    "date": (pa.date32(), [dt.date(1, 1, 1), None]),
    "date64": (pa.date64(), [dt.date(9999, 12, 31), None]),
    "time": (pa.time64("us"), [dt.time(23, 59, 59, 999999), None]),
    "time32": (pa.time32("s"), [dt.time(1, 2, 3), None]),
    "timestamp": (pa.timestamp("us"), [_AT, None]),
    "timestamp_s": (pa.timestamp("s"), [dt.datetime(1500, 1, 1), None]),
    "zoned": (pa.timestamp("us", "Europe/Berlin"), [_AT.replace(tzinfo=_UTC), None]),
    "offset": (pa.timestamp("ms", "+05:30"), [dt.datetime(2024, 1, 1, tzinfo=_UTC), None]),
    "dictionary": (pa.dictionary(pa.int8(), pa.string()), ["a", None]),
    "dictionary of numbers": (pa.dictionary(pa.int8(), pa.int64()), [7, None]),
    "null": (pa.null(), [None, None]),
}
_NESTED: Mapping[str, Callable[[pa.DataType, list[Any]], tuple[pa.DataType, list[Any], list[Any]]]] = {
    "alone": lambda t, v: (t, v, v),
    "list": lambda t, v: (pa.list_(t), [v, None, []], [v, None, []]),
    "list view": lambda t, v: (pa.list_view(t), [v, None, []], [v, None, []]),
    "array": lambda t, v: (pa.list_(t, 2), [v[:2], None], [v[:2], None]),
    "struct": lambda t, v: (pa.struct([("x", t)]), [{"x": v[0]}, None], [{"x": v[0]}, None]),
    "map": lambda t, v: (pa.map_(pa.string(), t), [[("k", v[0])], None], [[{"key": "k", "value": v[0]}], None]),
    "lists of maps": lambda t, v: (
        pa.list_(pa.map_(pa.string(), t)),
        [[[("k", v[0])], []], None],
        [[[{"key": "k", "value": v[0]}], []], None],
    ),
}


_UUID = UUID(int=5)
# Arrays of types that pyarrow does not make of Python values, and what they are here.
_STORED: dict[str, tuple[Callable[[], Any], list[Any]]] = {
    "run ends": (
        lambda: pa.RunEndEncodedArray.from_arrays(pa.array([2, 3], pa.int32()), ["a", None]),
        ["a", "a", None],
    ),
    "json": (lambda: _extension(pa.json_(), ['{"a": 1}', None, "[1, null]"]), ['{"a": 1}', None, "[1, null]"]),
    "uuid": (lambda: _extension(pa.uuid(), [_UUID.bytes, None, _UUID.bytes]), [str(_UUID), None, str(_UUID)]),
    "bool8": (lambda: _extension(pa.bool8(), [1, None, 0]), [True, None, False]),
    "tensor": (
        lambda: _extension(pa.fixed_shape_tensor(pa.int32(), [2, 2]), [[1, 2, 3, 4], None, [5, 6, 7, 8]]),
        [[[1, 2], [3, 4]], None, [[5, 6], [7, 8]]],
    ),
    "dense union": (
        lambda: pa.UnionArray.from_dense(
            pa.array([0, 1, 0], pa.int8()),
            pa.array([0, 0, 1], pa.int32()),
            [pa.array([1, None]), pa.array(["x"])],
            ["n", "t"],
        ),
        [{"n": 1, "t": None}, {"n": None, "t": "x"}, {"n": None, "t": None}],
    ),
    "sparse union": (
        lambda: pa.UnionArray.from_sparse(
            pa.array([0, 1, 1], pa.int8()), [pa.array([1, 2, 3]), pa.array(["x", "y", None])], ["n", "t"]
        ),
        [{"n": 1, "t": None}, {"n": None, "t": "y"}, {"n": None, "t": None}],
    ),
}
_AROUND: Mapping[str, Callable[[Any, list[Any]], tuple[Any, list[Any]]]] = {
    "alone": lambda a, v: (a, v),
    "list": lambda a, v: (pa.ListArray.from_arrays(pa.array([0, 2, 2, 3], pa.int32()), a), [v[:2], [], v[2:]]),
    "struct": lambda a, v: (pa.StructArray.from_arrays([a], ["x"]), [{"x": x} for x in v]),
    "struct with a NULL": lambda a, v: (
        pa.StructArray.from_arrays([a, pa.array([1, 2, 3])], ["x", "y"], mask=pa.array([False, True, False])),
        [{"x": v[0], "y": 1}, None, {"x": v[2], "y": 3}],
    ),
    "map": lambda a, v: (
        pa.MapArray.from_arrays(pa.array(range(4), pa.int32()), pa.array(["k"] * 3), a),
        [[{"key": "k", "value": x}] for x in v],
    ),
}


def _extension(dtype: Any, stored: list[Any]) -> Any:
    return pa.ExtensionArray.from_storage(dtype, pa.array(stored, dtype.storage_type))


class _Column(NamedTuple):
    array: Any
    expected: list[Any]


def _columns() -> dict[str, _Column]:
    """Return every type in every nesting that pyarrow makes, each of three rows."""
    made = {}
    for (scalar, (dtype, values)), (shape, nest) in product(_SCALARS.items(), _NESTED.items()):
        nested, given, expected = nest(dtype, values)
        missing = [None] * (3 - len(given))
        with suppress(pa.ArrowException, TypeError):
            made[f"{scalar} {shape}"] = _Column(pa.array(given + missing, nested), expected + missing)
    for (stored, (array, values)), (shape, around) in product(_STORED.items(), _AROUND.items()):
        made[f"{stored} {shape}"] = _Column(*around(array(), values))
    return made


def _written(columns: Mapping[str, _Column], write: Callable[[pa.Table], None]) -> pa.Table:
    """Return those of the columns in one table that pyarrow writes to a file."""
    kept = {}
    for name, column in columns.items():
        with suppress(pa.ArrowException, TypeError):
            write(pa.table({name: column.array}))
            kept[name] = column.array
    write(pa.table(kept))
    return pa.table(kept)


COLUMNS = _columns()
_TABLE = pa.table({n: c.array for n, c in COLUMNS.items()})
# pyarrow reads run ends within others with a bitmap of NULLs, and refuses them then.
_STREAMED = {n: c for n, c in COLUMNS.items() if not n.startswith("run ends") or n == "run ends alone"}


def _loaded(db: rem.Database, folder: Path) -> None:
    db.load("t", _TABLE)


def _streamed(db: rem.Database, folder: Path) -> None:
    db.load("t", pa.table({n: c.array for n, c in _STREAMED.items()}).to_reader())


def _framed(db: rem.Database, folder: Path) -> None:
    db.sql("CREATE TABLE t AS FROM f", frames={"f": _TABLE})


def _parquet(db: rem.Database, folder: Path) -> None:
    path = folder / "x.parquet"
    _written(COLUMNS, lambda table: parquet.write_table(table, path))
    db.load("t", path)


def _parquet_without_schema(db: rem.Database, folder: Path) -> None:
    path = folder / "x.parquet"
    # Parquet itself knows no tensors.
    known = {n: c for n, c in COLUMNS.items() if not n.startswith("tensor")}
    _written(known, lambda table: parquet.write_table(table, path, store_schema=False))
    db.sql(f"CREATE TABLE t AS FROM '{path}'")


def _parquet_int96(db: rem.Database, folder: Path) -> None:
    path = folder / "x.parquet"
    times = {n: c for n, c in COLUMNS.items() if n.startswith("timestamp")}
    _written(times, lambda table: parquet.write_table(table, path, use_deprecated_int96_timestamps=True))
    db.load("t", path)


def _arrow(db: rem.Database, folder: Path) -> None:
    path = str(folder / "x.arrow")
    _written(_STREAMED, lambda table: feather.write_feather(table, path, compression="uncompressed"))
    db.load("t", path)


_DOORS = (_loaded, _streamed, _framed, _parquet, _parquet_without_schema, _parquet_int96, _arrow)


@pytest.mark.parametrize("door", _DOORS, ids=lambda d: d.__name__.strip("_"))
def test_types_come_in_with_their_meaning(tmp_path: Path, door: Callable[[rem.Database, Path], None]) -> None:
    with rem.connect() as db:
        door(db, tmp_path)
        frame = db.sql("FROM t")
    assert frame.width > (10 if door is _parquet_int96 else 100)
    wrong = {n: (got, COLUMNS[n].expected) for n in frame.columns if (got := frame[n].to_list()) != COLUMNS[n].expected}
    assert not wrong


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_types_go_out_with_their_meaning(tmp_path: Path, ending: str) -> None:
    """By COPY, to what pyarrow reads."""
    path = tmp_path / f"x.{ending}"
    with rem.connect() as db:
        db.sql(f"COPY (FROM f) TO '{path}'", frames={"f": _TABLE})
    read = parquet.read_table(path) if ending == "parquet" else feather.read_table(str(path))
    wrong = {n: (got, c.expected) for n, c in COLUMNS.items() if (got := read[n].to_pylist()) != c.expected}
    assert not wrong


@pytest.mark.parametrize("shape", list(_AROUND))
@pytest.mark.parametrize("ending", ["parquet", "arrow", "table"])
def test_a_type_that_nothing_knows_is_refused_by_its_column(tmp_path: Path, ending: str, shape: str) -> None:
    array, _ = _AROUND[shape](_extension(pa.opaque(pa.int8(), "x", "y"), [1, None, 2]), [1, None, 2])
    table = pa.table({"fine": [1, 2, 3], "odd": array})
    path = tmp_path / f"x.{ending}"
    if ending == "parquet":
        parquet.write_table(table, path)
    elif ending == "arrow":
        feather.write_feather(table, str(path), compression="uncompressed")
    with rem.connect() as db, pytest.raises(rem.RemError, match="odd.*its type is not known"):
        db.load("t", table if ending == "table" else path)


def test_not_a_time_of_pandas_is_null() -> None:
    """As a parameter, in a list and in a frame."""
    pandas = pytest.importorskip("pandas")
    times = [dt.datetime(2024, 1, 1), pandas.NaT]
    frame = pandas.DataFrame({"at": times})
    with rem.connect() as db:
        assert db.sql("SELECT $1 AS x", [pandas.NaT])["x"].to_list() == [None]
        assert db.sql("SELECT unnest($1) AS x", [times])["x"].to_list() == [times[0], None]
        assert db.sql("FROM f", frames={"f": frame})["at"].to_list() == [times[0], None]


_PARAMETERS = [
    _AT.replace(tzinfo=dt.timezone(dt.timedelta(hours=5, minutes=30))),
    dt.time(1, 2, 3),
    dt.date(1, 1, 1),
    Decimal("1.50"),
    float("inf"),
    2**64,
    -(10**37),
    b"\0\xff",
    [1, 2.5, None],
    [[1], [], None],
    "é\0'",
    None,
    True,
]


@pytest.mark.parametrize("value", _PARAMETERS, ids=repr)
def test_parameters_keep_their_value(value: object) -> None:
    with rem.connect() as db:
        got = db.sql("SELECT $1 AS x", [value])["x"][0]
        got = got.to_list() if isinstance(got, pl.Series) else got
        assert (got, got is True) == (value, value is True)


@pytest.mark.parametrize(
    "value", [Decimal("NaN"), Decimal("Infinity"), "\ud800", ["a", "\udfff"], object(), 10**40, 1j]
)
def test_parameters_without_a_value_here_are_refused(value: object) -> None:
    with rem.connect() as db, pytest.raises(rem.RemError):
        db.sql("SELECT $1 AS x", [value])
