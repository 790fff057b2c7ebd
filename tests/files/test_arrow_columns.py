"""Arrow data of any type arrive with their meaning, or are refused by name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from pyarrow import parquet

import rem_arrow as rem

_MAP = pa.map_(pa.string(), pa.int64())
_ENTRY = {"key": "a", "value": 1}
_UTC = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
_ARRAYS: dict[str, tuple[Callable[[], Any], list[object]]] = {
    "map": (lambda: pa.array([[("a", 1)], None, []], _MAP), [[_ENTRY], None, []]),
    "maps in lists, sliced": (
        lambda: pa.array([[[("x", 5)]], None, [[("a", 1)], []]], pa.list_(_MAP)).slice(1),
        [None, [[_ENTRY], []]],
    ),
    "map in a struct": (lambda: pa.array([{"m": [("a", 1)]}], pa.struct([("m", _MAP)])), [{"m": [_ENTRY]}]),
    "list view": (lambda: pa.array([[1], None, [2, 3]], pa.list_view(pa.int64())).slice(1), [None, [2, 3]]),
    "run-end encoded": (lambda: pa.RunEndEncodedArray.from_arrays([2, 3], ["a", "b"]).slice(1), ["a", "b"]),
    "dictionary of numbers": (lambda: pa.array([1, 2, 1]).dictionary_encode(), [1, 2, 1]),
    "offset with minutes": (lambda: pa.array([0], pa.timestamp("us", "+05:30")), [_UTC]),
    "decimal of 256 bits": (lambda: pa.array([Decimal("1.5")], pa.decimal256(60, 1)), [Decimal("1.5")]),
    "interval": (
        lambda: pa.array([pa.MonthDayNano([1, 2, 3000])], pa.month_day_nano_interval()),
        [dt.timedelta(32, 0, 3)],
    ),
    "bool8": (
        lambda: pa.ExtensionArray.from_storage(pa.bool8(), pa.array([0, 2, None], pa.int8())),
        [False, True, None],
    ),
    "tensor": (
        lambda: pa.ExtensionArray.from_storage(
            pa.fixed_shape_tensor(pa.float32(), [2, 2]), pa.array([[0] * 4, [1, 2, 3, 4]], pa.list_(pa.float32(), 4))
        ).slice(1),
        [[[1.0, 2.0], [3.0, 4.0]]],
    ),
    "uuid": (
        lambda: pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"0123456789abcdef"], pa.binary(16))),
        ["30313233-3435-3637-3839-616263646566"],
    ),
    "json": (lambda: pa.ExtensionArray.from_storage(pa.json_(pa.string()), pa.array(['{"a":1}'])), ['{"a":1}']),
    "sparse union": (
        lambda: pa.UnionArray.from_sparse(
            pa.array([0, 1], pa.int8()), [pa.array([1, 2]), pa.array(["a", "b"])], ["i", "s"]
        ),
        [{"i": 1, "s": None}, {"i": None, "s": "b"}],
    ),
    "dense union": (
        lambda: pa.UnionArray.from_dense(
            pa.array([0, 1, 0], pa.int8()),
            pa.array([0, 0, 1], pa.int32()),
            [pa.array([1, 2]), pa.array(["a"])],
            ["i", "s"],
        ),
        [{"i": 1, "s": None}, {"i": None, "s": "a"}, {"i": 2, "s": None}],
    ),
}


@pytest.mark.parametrize("name", _ARRAYS)
def test_a_type_keeps_its_meaning(name: str) -> None:
    """By load, as a stream, and as a frame beside the tables."""
    make, expected = _ARRAYS[name]
    table = pa.table({"x": make()})
    with rem.connect() as db:
        db.load("t", table)
        db.load("u", table.to_reader())
        read = [db.sql("FROM t"), db.sql("FROM u"), db.sql("SELECT * FROM f", frames={"f": table})]
        assert [frame["x"].to_list() for frame in read] == [expected] * 3


_REFUSED: dict[str, tuple[Callable[[], pa.Table], str]] = {
    "24:00": (lambda: pa.table({"x": pa.array([86_400_000_000]).view(pa.time64("us"))}), r'"x" \(time64'),
    "infinity": (lambda: pa.table({"x": pa.array([2**31 - 1], pa.int32()).view(pa.date32())}), '"x".* is infinite'),
    "many digits": (
        lambda: pa.table({"x": pa.array([Decimal("1" * 45)], pa.decimal256(60, 1))}),
        '"x".* more than 38 digits',
    ),
    "geometry": (
        lambda: pa.table(
            [pa.array([b""])],
            schema=pa.schema([pa.field("x", pa.binary(), metadata={"ARROW:extension:name": "geoarrow.wkb"})]),
        ),
        '"x" is GEOMETRY',
    ),
    "two columns": (
        lambda: pa.table({n: pa.array([86_400_000_000]).view(pa.time64("us")) for n in ("x", "y")}),
        '"x" .*; "y" .*',
    ),
}


@pytest.mark.parametrize("name", _REFUSED)
def test_what_has_no_form_here_is_named(name: str) -> None:
    make, said = _REFUSED[name]
    with rem.connect() as db, pytest.raises(rem.InputError, match=said):
        db.load("t", make())


@pytest.mark.parametrize(("value", "kind"), [("42::VARIANT", "VARIANT"), ("'POINT(1 2)'::GEOMETRY", "GEOMETRY")])
def test_parquet_with_a_column_of_no_type_here(tmp_path: Path, value: str, kind: str) -> None:
    """It is named with its type."""
    path = tmp_path / "x.parquet"
    duckdb.sql(f"COPY (SELECT 1 AS a, {value} AS v) TO '{path}'")
    with rem.connect() as db, pytest.raises(rem.InputError, match=f'x.parquet: "v" is {kind}'):
        db.load("t", path)


def test_parquet_keeps_old_and_far_timestamps_and_texts(tmp_path: Path) -> None:
    """INT96 holds years that nanoseconds of 64 bits do not; UUID and JSON are no bytes, maps are lists of entries."""
    years = [dt.datetime(1500, 1, 1), dt.datetime(3000, 1, 1)]
    old, typed = tmp_path / "old.parquet", tmp_path / "typed.parquet"
    table = pa.table({"t": pa.array(years, pa.timestamp("us"))})
    parquet.write_table(table, old, use_deprecated_int96_timestamps=True, store_schema=False)
    duckdb.sql(
        f"COPY (SELECT '11111111-2222-3333-4444-555555555555'::UUID u, '[1]'::JSON j, MAP {{'a': 1}} m) TO '{typed}'"
    )
    with rem.connect() as db:
        db.load("t", old)
        assert db.sql("FROM t")["t"].to_list() == years
        db.load("u", typed)
        assert db.sql("FROM u").rows() == [("11111111-2222-3333-4444-555555555555", "[1]", [{"key": "a", "value": 1}])]


def test_duckdb_types_below_lists_and_structs(tmp_path: Path) -> None:
    path = tmp_path / "d.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute(
            "CREATE TABLE t AS SELECT '01:02:03+02'::TIMETZ a, ['01:02:03.5-02:30'::TIMETZ] b, {'b': '101'::BIT} c, "
            "[-5::BIGNUM] d, INTERVAL '1 month 2 days' e, 12::HUGEINT f"
        )
    with rem.connect() as db:
        db.import_from(path)
        assert db.sql("SELECT * EXCLUDE (e, f), e = INTERVAL '1 month 2 days', f::VARCHAR FROM t").rows() == [
            ("01:02:03+02", ["01:02:03.5-02:30"], {"b": "101"}, ["-5"], True, "12")
        ]
