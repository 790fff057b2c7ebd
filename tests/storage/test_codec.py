"""Every type that a table stores comes back bit for bit, from a page and from a table; a damaged page never gives a
value."""

from __future__ import annotations

import contextlib
import struct
import zlib
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from polars.testing import assert_frame_equal

import rem_arrow as rem
from rem_arrow.base.datatypes import check_storable
from rem_arrow.base.source import ROWID
from rem_arrow.storage import codec
from tests.effort import examples

COLOURS = pl.Enum(["", "red", "green", "grün"])
MANY = pl.Enum([f"member {i}" for i in range(300)])
BITS = {16: (np.uint16, np.float16), 32: (np.uint32, np.float32), 64: (np.uint64, np.float64)}
# NaN of both signs and with a payload, infinities, -0.0, 0.0, the least subnormal, 1.
FLOAT_BITS = {
    16: [0x7E00, 0xFE01, 0x7C00, 0xFC00, 0x8000, 0, 1, 0x3C00],
    32: [0x7FC00000, 0xFFC00123, 0x7F800000, 0xFF800000, 0x80000000, 0, 1, 0x3F800000],
    64: [
        0x7FF8000000000000,
        0xFFF8000000000123,
        0x7FF0000000000000,
        0xFFF0000000000000,
        1 << 63,
        0,
        1,
        0x3FF0000000000000,
    ],
}
TEXTS = ["", "a", "ü", "日本語", "\x00", "😀", "\n\t'\"", "x" * 70_000]


class Kind:
    """A type: values worth trying, a strategy for more, and how a list of them becomes a column."""

    def __init__(
        self,
        dtype: pl.DataType | type[pl.DataType],
        some: list[object],
        more: SearchStrategy[object],
        build: Callable[[list[object]], pl.Series] | None = None,
    ) -> None:
        self.dtype = pl.Series([], dtype=dtype).dtype
        self.some, self.values = some, st.sampled_from(some) | more
        self.build = build or (lambda values: pl.Series("v", values, dtype=self.dtype))

    def column(self, values: list[object]) -> pl.Series:
        column = self.build(values).alias("v")
        assert column.dtype == self.dtype
        return column


def integer(dtype: type[pl.DataType], low: int, high: int, *, of: pl.DataType | None = None) -> Kind:
    """Integers of `dtype`, and if wanted read as counts of the type `of`; half of them lie close together, where pages
    narrow them."""
    near = st.integers(0, min(70_000, high - low))
    some = [low, high, 0, 1, min(high, 255), min(high, 256)]
    target = of if of is not None else dtype
    return Kind(
        target,
        some,
        st.integers(low, high) | near.map(lambda n: low + n),
        lambda v: pl.Series("v", v, dtype=dtype).cast(target),
    )


def wide(dtype: type[pl.DataType], low: int, high: int) -> Kind:
    """128 bits, through text: Polars takes no Python integer above 2**127."""
    return Kind(
        dtype,
        [low, high, 0, 1, high >> 64],
        st.integers(low, high),
        lambda v: pl.Series("v", [None if x is None else str(x) for x in v], dtype=pl.String).cast(dtype),
    )


def floats(dtype: type[pl.DataType], width: int) -> Kind:
    """Floats by their bits, so that no two NaNs are taken for the same."""
    uint, real = BITS[width]

    def build(values: list[object]) -> pl.Series:
        column = pl.Series("v", np.array([0 if v is None else v for v in values], dtype=uint).view(real))
        return column.scatter([i for i, v in enumerate(values) if v is None], None)

    return Kind(dtype, list(FLOAT_BITS[width]), st.integers(0, (1 << width) - 1), build)


def decimal(precision: int, scale: int) -> Kind:
    high = 10**precision - 1

    def build(values: list[object]) -> pl.Series:
        return pl.Series(
            "v",
            [None if v is None else unscaled(int(str(v)), scale) for v in values],
            dtype=pl.Decimal(precision, scale),
        )

    return Kind(pl.Decimal(precision, scale), [0, 1, -1, high, -high, high // 3], st.integers(-high, high), build)


def unscaled(value: int, scale: int) -> Decimal:
    """Return value * 10 ** -scale; arithmetic would round to the context's 28 digits."""
    return Decimal((int(value < 0), tuple(map(int, str(abs(value)))), -scale))


def nested(dtype: pl.DataType, *some: object) -> Kind:
    return Kind(dtype, list(some), st.sampled_from(list(some)))


def lists(dtype: pl.DataType | type[pl.DataType], value: SearchStrategy[object]) -> Kind:
    return Kind(pl.List(dtype), [[], [None]], st.lists(value | st.none(), max_size=4))


def kinds() -> Iterator[tuple[str, Kind]]:
    for size, signed, unsigned in (
        (8, pl.Int8, pl.UInt8),
        (16, pl.Int16, pl.UInt16),
        (32, pl.Int32, pl.UInt32),
        (64, pl.Int64, pl.UInt64),
    ):
        yield f"int{size}", integer(signed, -(1 << size - 1), (1 << size - 1) - 1)
        yield f"uint{size}", integer(unsigned, 0, (1 << size) - 1)
    yield "int128", wide(pl.Int128, -(1 << 127), (1 << 127) - 1)
    yield "uint128", wide(pl.UInt128, 0, (1 << 128) - 1)
    for size, dtype in ((16, pl.Float16), (32, pl.Float32), (64, pl.Float64)):
        yield f"float{size}", floats(dtype, size)
    yield "bool", Kind(pl.Boolean, [True, False], st.booleans())
    yield "string", Kind(pl.String, list(TEXTS), st.text(max_size=20))
    yield "binary", Kind(pl.Binary, [b"", b"\x00", b"\xff\xfe", b"x" * 70_000], st.binary(max_size=20))
    yield "date", integer(pl.Int32, -719_162, 2_932_896, of=pl.Date())
    yield "time", integer(pl.Int64, 0, 86_399_999_999_999, of=pl.Time())
    for unit in ("ms", "us", "ns"):
        for zone in (None, "UTC", "Europe/Berlin"):
            yield f"datetime_{unit}_{zone}", integer(pl.Int64, -(1 << 63), (1 << 63) - 1, of=pl.Datetime(unit, zone))
        yield f"duration_{unit}", integer(pl.Int64, -(1 << 63), (1 << 63) - 1, of=pl.Duration(unit))
    for precision, scale in ((1, 0), (5, 5), (9, 2), (18, 4), (19, 0), (38, 0), (38, 10), (38, 38)):
        yield f"decimal_{precision}_{scale}", decimal(precision, scale)
    yield "categorical", Kind(pl.Categorical, list(TEXTS[:6]), st.text(max_size=5))
    yield "enum", Kind(COLOURS, COLOURS.categories.to_list(), st.sampled_from(COLOURS.categories.to_list()))
    yield "enum_of_300", Kind(MANY, ["member 0", "member 299"], st.sampled_from(MANY.categories.to_list()))
    yield "list_of_int", lists(pl.Int32, st.integers(-(1 << 31), (1 << 31) - 1))
    yield "list_of_string", lists(pl.String, st.sampled_from(TEXTS))
    yield "list_of_enum", lists(COLOURS, st.sampled_from(["", "grün"]))
    yield "list_of_decimal", lists(pl.Decimal(38, 38), st.just(unscaled(-(10**38 - 1), 38)))
    yield "list_of_list", lists(pl.List(pl.Int8), st.lists(st.integers(-128, 127) | st.none(), max_size=3))
    yield "list_of_null", nested(pl.List(pl.Null), [], [None], [None, None])
    yield (
        "vector",
        nested(
            pl.Array(pl.Float32, 3), [1.0, -0.0, 1e-45], [float("nan"), float("inf"), float("-inf")], [0.5, 0.25, 3e38]
        ),
    )
    yield "vector_with_nulls", nested(pl.Array(pl.Float32, 2), [None, 1.0], [None, None], [-0.0, 0.0])
    yield "array_of_array", nested(pl.Array(pl.Array(pl.Int16, 2), 2), [[1, 2], [3, 4]], [[None, 2], None])
    yield (
        "struct",
        nested(
            pl.Struct(
                {
                    "a": pl.Int8,
                    "b": pl.List(pl.String),
                    "c": pl.Struct({"d": pl.Decimal(38, 2), "e": pl.Datetime("ns", "UTC")}),
                    "f": pl.Categorical,
                }
            ),
            {"a": 1, "b": ["x", None], "c": {"d": Decimal("-1.25"), "e": None}, "f": "x"},
            {"a": None, "b": None, "c": None, "f": None},
            {"a": -128, "b": [], "c": {"d": None, "e": None}, "f": ""},
        ),
    )
    yield "null", Kind(pl.Null, [None], st.none())


KINDS = dict(kinds())


def shapes(kind: Kind) -> SearchStrategy[list[object]]:
    """Columns as storage tells them apart: mixed, all the same, all NULL, of few values."""
    value = kind.values
    few = st.lists(value, min_size=1, max_size=3).flatmap(
        lambda v: st.lists(st.sampled_from([*v, None]), min_size=1, max_size=60)
    )
    same = st.tuples(value, st.integers(1, 40)).map(lambda t: [t[0]] * t[1])
    nulls = st.integers(1, 40).map(lambda n: [None] * n)
    return st.lists(value | st.none(), min_size=1, max_size=30) | few | same | nulls


def bits(column: pl.Series) -> object:
    """Return what the column holds down to the bits of its floats, so that -0.0 differs from 0.0 and a NaN from
    another."""
    dtype = column.dtype
    nulls = column.is_null().to_list()
    match dtype:
        case pl.Float16() | pl.Float32() | pl.Float64():
            raw = column.fill_null(0).to_numpy()
            return nulls, raw.view(f"u{raw.itemsize}").tolist()
        case pl.List() | pl.Array():
            return [None if item is None else bits(item) for item in column]
        case pl.Struct():
            return nulls, [bits(field) for field in column.struct.unnest().get_columns()]
        case pl.Date() | pl.Time() | pl.Datetime() | pl.Duration() | pl.Decimal() | pl.Enum():
            return column.to_physical().to_list()
        case pl.Categorical():
            return column.cast(pl.String).to_list()
        case _:
            return column.to_list()


def assert_same(got: pl.DataFrame, expected: pl.DataFrame) -> None:
    """The frames agree in names, types, order and every bit."""
    assert_frame_equal(got, expected, check_exact=True)
    for column in expected:
        assert bits(got[column.name]) == bits(column), column.name


@pytest.mark.parametrize("name", KINDS)
@settings(max_examples=examples(12), database=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_page_holds_any_column_bit_for_bit(name: str, data: st.DataObject) -> None:
    """decode(encode(column)) is the column: with NULLs, all NULL, one row, one value, few values."""
    kind = KINDS[name]
    column = kind.column(data.draw(shapes(kind)))
    page = codec.encode(column)
    assert_same(codec.decode(page.data, column.dtype).alias("v").to_frame(), column.to_frame())
    if page.distinct is not None:
        assert sorted(page.distinct.to_list()) == sorted(set(column.drop_nulls().to_list()))


def test_every_kind_is_a_type_that_a_table_stores() -> None:
    """What is tested here is what `check_storable` lets through, unchanged."""
    for kind in KINDS.values():
        assert check_storable(kind.dtype, "t.v") == kind.dtype


def test_the_comparison_of_these_tests_tells_bits_apart() -> None:
    """`bits` differs where equality of floats does not look."""
    for one, other in (
        ([0.0], [-0.0]),
        ([float("nan")], [None]),
        ([[0.0]], [[-0.0]]),
        ([{"a": 0.0}], [{"a": -0.0}]),
        ([{"a": None}], [None]),
    ):
        column = pl.Series(one, dtype=pl.Struct({"a": pl.Float64}) if isinstance(one[0], dict) else None)
        assert bits(column) != bits(pl.Series(other, dtype=column.dtype))
    assert bits(KINDS["float64"].column([0x7FF8000000000000])) != bits(KINDS["float64"].column([0x7FF8000000000001]))


# --- through a table

TABLES = {
    "mixed": lambda some: ([*some, None] * 24)[:24],
    "same": lambda some: [some[0]] * 24,
    "nulls": lambda some: [None] * 24,
    "single": lambda some: [some[-1]],
    "few": lambda some: [some[0], some[-1], None, some[-1]] * 20,
}
FRAMES = {
    name: pl.DataFrame([kind.column(shape(kind.some)).alias(column) for column, kind in KINDS.items()])
    for name, shape in TABLES.items()
}
STAGES = ("tail", "tail, reopened", "sealed", "sealed, reopened")


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], pl.DataFrame]:
    """Every table as it was read in every stage of its life."""
    path = tmp_path_factory.mktemp("codec") / "db"
    found: dict[tuple[str, str], pl.DataFrame] = {}

    def read(db: rem.Database, stage: str) -> None:
        for name, frame in FRAMES.items():
            where = db.stats()["tables"][name]
            assert (where["tail_rows"], where["segments"]) == (
                (frame.height, 0) if stage.startswith("tail") else (0, 1)
            ), stage
            # Integers of 128 bits leave in types that other tools read.
            wide = {column: frame.schema[column] for column in ("int128", "uint128")}
            found[stage, name] = pl.concat(
                [
                    db.scan(name).drop(list(wide)).collect(),
                    db.sql(f'SELECT {", ".join(wide)} FROM "{name}"').cast(wide),
                ],
                how="horizontal",
            ).select(frame.columns)

    with rem.connect(path, background=False) as db:
        for name, frame in FRAMES.items():
            db.load(name, frame)
        read(db, STAGES[0])
    with rem.connect(path, background=False) as db:
        read(db, STAGES[1])
        db.compact()
        read(db, STAGES[2])
    with rem.connect(path, background=False) as db:
        read(db, STAGES[3])
        assert db.verify().height == 0
    return found


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("name", TABLES)
def test_a_table_holds_every_type_bit_for_bit(
    stored: dict[tuple[str, str], pl.DataFrame], name: str, stage: str
) -> None:
    """In the tail and in a segment, before and after reopening, the rows, types and bits are those that were loaded."""
    assert_same(stored[stage, name], FRAMES[name])


def test_an_array_of_width_zero_is_kept_or_refused(tmp_path: Path) -> None:
    """Whatever load answers, the database opens again."""
    frame = pl.DataFrame({"v": pl.Series([[], []], dtype=pl.Array(pl.Float32, 0))})
    with rem.connect(tmp_path / "db", background=False) as db, contextlib.suppress(rem.InputError):
        db.load("t", frame)
    with rem.connect(tmp_path / "db", background=False) as db:
        assert db.verify().height == 0


# --- damage

PAGES = {
    0: pl.Series("v", ["only", "once", None, "ü"]),
    1: pl.Series("v", [1, 1_000, None, 65_000]),
    2: pl.Series("v", ["few", "texts", None, "few"] * 20),
    3: pl.Series("v", [7] * 50),
    4: pl.Series("v", [[1], [], None, [2, 3]]),
}
ENCODED = {kind: codec.encode(column).data for kind, column in PAGES.items()}


@pytest.mark.parametrize("kind", PAGES)
def test_a_page_of_every_kind_is_damaged_below(kind: int) -> None:
    """The columns are encoded in all five ways that the header tells apart, and decode."""
    assert ENCODED[kind][4] == kind
    assert_same(codec.decode(ENCODED[kind], PAGES[kind].dtype).alias("v").to_frame(), PAGES[kind].to_frame())


@pytest.mark.parametrize("kind", PAGES)
@settings(max_examples=examples(30), database=None)
@given(data=st.data())
def test_a_changed_byte_is_found(kind: int, data: st.DataObject) -> None:
    """Whichever byte of a page changes and however, reading it raises and gives no value."""
    page = bytearray(ENCODED[kind])
    page[data.draw(st.integers(0, len(page) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(rem.CorruptionError, match="fails its checksum"):
        codec.decode(bytes(page), PAGES[kind].dtype)
    with pytest.raises(rem.CorruptionError, match=f"a page of {len(page)} bytes fails its checksum"):
        codec.check(bytes(page))


@pytest.mark.parametrize("kind", PAGES)
@settings(max_examples=examples(12), database=None)
@given(data=st.data())
def test_a_page_of_another_length_is_found(kind: int, data: st.DataObject) -> None:
    """A page that lost its end, or has bytes behind it, raises."""
    page = ENCODED[kind]
    cut = page[: data.draw(st.integers(0, len(page) - 1))]
    for damaged in (cut, page + data.draw(st.binary(min_size=1, max_size=9))):
        with pytest.raises(rem.CorruptionError, match="fails its checksum"):
            codec.decode(damaged, PAGES[kind].dtype)


def sealed(body: bytes) -> bytes:
    """Return a page whose checksum fits `body`, as a bug of ours would write it."""
    return struct.pack("<I", zlib.crc32(body)) + body


def test_a_page_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(rem.CorruptionError, match="a page is of kind 9, which this version does not know"):
        codec.decode(sealed(b"\x09" + ENCODED[0][5:]), pl.String())


@pytest.mark.parametrize("kind", [0, 1, 2, 4])
def test_a_page_that_holds_other_rows_than_it_says_is_refused(kind: int) -> None:
    body = bytearray(ENCODED[kind][4:])
    body[4:8] = struct.pack("<I", 3)
    with pytest.raises(rem.CorruptionError, match="and says 3 of"):
        codec.decode(sealed(bytes(body)), PAGES[kind].dtype)


@pytest.mark.parametrize("kind", PAGES)
def test_a_payload_that_does_not_parse_is_refused(kind: int) -> None:
    """A page whose checksum fits and whose payload is no Arrow stream says so."""
    with pytest.raises(rem.CorruptionError, match="passes its checksum but does not decode as"):
        codec.decode(sealed(ENCODED[kind][4:24] + b"\xff\xff\xff\xff\x30\0\0\0 not a stream"), PAGES[kind].dtype)


def test_a_payload_without_rows_is_refused() -> None:
    """An Arrow stream that ends behind its schema is damage too."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    pa.ipc.new_stream(sink, pa.schema([("v", pa.uint16())])).close()
    with pytest.raises(rem.CorruptionError):
        codec.decode(sealed(ENCODED[1][4:24] + sink.getvalue().to_pybytes()), pl.Int64())


def test_integers_have_any_name_of_a_column() -> None:
    """That of the column of rowids begins with a zero byte."""
    assert codec.integers(pl.Series(ROWID, [3, 1], dtype=pl.Int64)).tolist() == [3, 1]
