"""Each place where Polars and SQL disagree, held against DuckDB over NULL, NaN, infinities, extremes and no rows."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cache

import duckdb
import polars as pl
import pytest

from rem_arrow.base.errors import ExecuteError
from rem_arrow.lower import rounding, semantics
from rem_arrow.lower.cast import cast
from tests.sql.compare import rows

_NAN, _INF = float("nan"), float("inf")
INTS = [0, 1, -1, 7, -7, 2, 2**31 - 1, -(2**31), None]
FLOATS = [0.0, -0.0, 0.5, 1.5, -2.5, 2.675, 1e300, -1e300, _NAN, _INF, -_INF, None]
TEXTS = ["", "a", "hello", "Ünï", "a%b_c", "100%", None]
BOOLS = [True, False, None]
DECIMALS = [Decimal("0.00"), Decimal("1.25"), Decimal("-2.55"), Decimal("99999999.99"), None]


@cache
def _oracle() -> duckdb.DuckDBPyConnection:
    """An instance of DuckDB takes longer to start than a question of these tests."""
    return duckdb.connect()


def _agree(data: pl.DataFrame, ours: pl.Expr, sql: str, *, ordered: bool = True) -> None:
    """Compare; an error of DuckDB must be an error here."""
    if ordered:
        data = data.with_row_index("place")
    with _oracle().cursor() as oracle:
        oracle.register("data", data.to_arrow())
        try:
            expected = oracle.execute(f"SELECT {sql} FROM data{' ORDER BY place' if ordered else ''}").fetchall()
        except (duckdb.OutOfRangeException, duckdb.InvalidInputException, duckdb.ConversionException):
            with pytest.raises((pl.exceptions.PolarsError, ExecuteError)):
                data.select(ours)
            return
    assert rows(data.select(ours.alias("r")).rows()) == rows(expected), sql
    assert rows(data.lazy().select(ours.alias("r")).collect(engine="streaming").rows()) == rows(expected), (
        f"streaming: {sql}"
    )


def _pairs(values: list[object], dtype: pl.DataType) -> pl.DataFrame:
    return pl.DataFrame(
        {"x": [a for a in values for _ in values], "y": values * len(values)}, schema={"x": dtype, "y": dtype}
    )


@pytest.mark.parametrize(
    "dtype", [pl.Int8(), pl.Int16(), pl.Int32(), pl.Int64(), pl.UInt8(), pl.UInt64(), pl.Int128()], ids=str
)
@pytest.mark.parametrize("operator", ["+", "-", "*"])
def test_integer_arithmetic_is_checked(dtype: pl.DataType, operator: str) -> None:
    """Value by value: an overflow is an error, everything else exact."""
    bits = int("".join(c for c in str(dtype) if c.isdigit()))
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if dtype.is_signed_integer() else (0, (1 << bits) - 1)
    for x in (low, 0, 1, 3, high, None):
        for y in (low, 0, 1, 2, high, None):
            data = pl.DataFrame({"x": [x], "y": [y]}, schema={"x": dtype, "y": dtype})
            exact = None if x is None or y is None else {"+": x + y, "-": x - y, "*": x * y}[operator]
            ours = semantics.checked(operator, pl.col("x"), pl.col("y"), dtype)
            if exact is not None and not low <= exact <= high:
                with pytest.raises(pl.exceptions.PolarsError):
                    data.select(ours)
            else:
                assert data.select(ours).item() == exact


@pytest.mark.parametrize(("name", "function"), [("-x", semantics.negate), ("abs(x)", semantics.absolute)])
@pytest.mark.parametrize("value", [0, 5, -5, 127, -127, None])
def test_sign_functions(name: str, function: Callable[[pl.Expr, pl.DataType], pl.Expr], value: int | None) -> None:
    for dtype in (pl.Int8(), pl.Int64()):
        _agree(pl.DataFrame({"x": [value]}, schema={"x": dtype}), function(pl.col("x"), dtype), name)


@pytest.mark.parametrize("function", [semantics.negate, semantics.absolute])
def test_the_smallest_integer_has_no_negative(function: Callable[[pl.Expr, pl.DataType], pl.Expr]) -> None:
    for dtype, low in ((pl.Int8(), -128), (pl.Int64(), -(2**63)), (pl.Int128(), -(2**127))):
        with pytest.raises(pl.exceptions.PolarsError):
            pl.DataFrame({"x": [low]}, schema={"x": dtype}).select(function(pl.col("x"), dtype))


@pytest.mark.parametrize(("sql", "function"), [("x // y", semantics.integer_divide), ("x % y", semantics.modulo)])
@pytest.mark.parametrize("y", [1, 2, -3, 0, None])
def test_integer_division(sql: str, function: Callable[..., pl.Expr], y: int | None) -> None:
    data = pl.DataFrame({"x": [7, -7, 0, None], "y": [y] * 4}, schema={"x": pl.Int32, "y": pl.Int32})
    if y == 0:
        with pytest.raises(pl.exceptions.PolarsError):
            data.select(function(pl.col("x"), pl.col("y"), pl.Int32()))
        return
    _agree(data, function(pl.col("x"), pl.col("y"), pl.Int32()), sql)


def test_float_modulo() -> None:
    values = [v for v in FLOATS if v is None or abs(v) < 1e100 or v != v or v in (_INF, -_INF)]
    _agree(_pairs(values, pl.Float64()), semantics.modulo(pl.col("x"), pl.col("y"), pl.Float64()), "x % y")


def test_decimal_modulo_and_product() -> None:
    dtype = pl.Decimal(10, 2)
    data = _pairs([v for v in DECIMALS if v != 0], dtype)
    _agree(data, semantics.modulo(pl.col("x"), pl.col("y"), dtype), "x % y")
    small = _pairs([v for v in DECIMALS if v is None or abs(v) < 100], dtype)
    _agree(small, semantics.decimal_product(pl.col("x"), pl.col("y"), pl.Decimal(20, 4)), "x * y")


@pytest.mark.parametrize("options", [(1,), (1, None), (None,), (7, -7, 2)])
def test_in_list_is_three_valued(options: tuple[int | None, ...]) -> None:
    text = ", ".join("NULL" if v is None else str(v) for v in options)
    data = pl.DataFrame({"x": INTS}, schema={"x": pl.Int32})
    _agree(data, semantics.in_list(pl.col("x"), list(options), pl.Int32()), f"x IN ({text})")
    _agree(data.clear(), semantics.in_list(pl.col("x"), list(options), pl.Int32()), f"x IN ({text})")


def test_is_distinct_is_never_null() -> None:
    _agree(
        _pairs(FLOATS[-5:], pl.Float64()),
        semantics.compared("is_distinct", pl.col("x"), pl.col("y")),
        "x IS DISTINCT FROM y",
    )
    _agree(
        _pairs(BOOLS, pl.Boolean()), semantics.compared("is_distinct", pl.col("x"), pl.col("y")), "x IS DISTINCT FROM y"
    )


AGGREGATES = {
    "sum": (
        lambda x, t: semantics.total(
            x,
            t,
            pl.Decimal(38, t.scale) if isinstance(t, pl.Decimal) else pl.Float64() if t.is_float() else pl.Int128(),
        ),
        [INTS, FLOATS, DECIMALS],
    ),
    "avg": (semantics.mean, [INTS, FLOATS[:7], DECIMALS]),
    "max": (semantics.greatest_of, [INTS, FLOATS, FLOATS[:8], DECIMALS, TEXTS]),
    "min": (semantics.least_of, [INTS, FLOATS, [_NAN, None], DECIMALS, TEXTS]),
    "bool_and": (lambda x, t: semantics.all_true(x), [BOOLS, [True, None], [False]]),
    "bool_or": (lambda x, t: semantics.any_true(x), [BOOLS, [False, None], [True]]),
}


def _dtype(values: list[object]) -> pl.DataType:
    first = next(v for v in values if v is not None)
    return {bool: pl.Boolean(), int: pl.Int32(), float: pl.Float64(), str: pl.String(), Decimal: pl.Decimal(10, 2)}[
        type(first)
    ]


@pytest.mark.parametrize(("name", "values"), [(n, v) for n, (_, sets) in AGGREGATES.items() for v in sets], ids=str)
def test_aggregates_over_values_over_nulls_and_over_nothing(name: str, values: list[object]) -> None:
    dtype, function = _dtype(values), AGGREGATES[name][0]
    for data in (values, [None, None], []):
        frame = pl.DataFrame({"x": data}, schema={"x": dtype})
        _agree(frame, function(pl.col("x"), dtype), f"{name}(x)", ordered=False)


def test_the_sum_of_128_bit_numbers_does_not_wrap() -> None:
    frame = pl.DataFrame({"x": [2**126, 2**126, 2**126]}, schema={"x": pl.Int128})
    with pytest.raises(pl.exceptions.PolarsError):
        frame.select(semantics.total(pl.col("x"), pl.Int128(), pl.Int128()))


def test_greatest_has_nan_on_top() -> None:
    _agree(_pairs(FLOATS, pl.Float64()), semantics.greatest([pl.col("x"), pl.col("y")], pl.Float64()), "greatest(x, y)")


@pytest.mark.parametrize("places", [None, 0, 1, 2, -1, -2])
def test_round_goes_away_from_zero(places: int | None) -> None:
    digits = None if places is None else pl.lit(places, pl.Int64)
    sql = "round(x)" if places is None else f"round(x, {places})"
    _agree(pl.DataFrame({"x": FLOATS}), rounding.round_half_away(pl.col("x"), digits, pl.Float64(), pl.Float64()), sql)
    _agree(
        pl.DataFrame({"x": [0, 5, -5, 14, 15, -15, 1250, None]}, schema={"x": pl.Int64}),
        rounding.round_half_away(pl.col("x"), digits, pl.Int64(), pl.Int64()),
        sql,
    )
    decimal = pl.Decimal(10, 2)
    _agree(
        pl.DataFrame({"x": DECIMALS}, schema={"x": decimal}),
        rounding.round_half_away(pl.col("x"), digits, decimal, pl.Decimal(11, 2)),
        sql,
    )


@pytest.mark.parametrize("pattern", ["", "%", "_", "h%", "%l%", "a!%b!_c", "100!%", "!!", "H%", ".", "(", "a%c"])
@pytest.mark.parametrize("ignore_case", [False, True])
def test_like(pattern: str, ignore_case: bool) -> None:
    operator = "ILIKE" if ignore_case else "LIKE"
    data = pl.DataFrame({"x": TEXTS, "p": [pattern] * len(TEXTS)})
    for p in (pl.lit(pattern), pl.col("p")):
        _agree(data, semantics.like(pl.col("x"), p, None, ignore_case=ignore_case), f"x {operator} p")
        _agree(
            data,
            semantics.like(pl.col("x"), p, pl.lit("!"), ignore_case=ignore_case),
            f"x {operator} '{pattern}' ESCAPE '!'",
        )


@pytest.mark.parametrize("start", [0, 1, 2, 9, -1, -3, -9, None])
@pytest.mark.parametrize("length", [0, 1, 3, 99, -1, -3, None, "all"])
def test_substring(start: int | None, length: int | str | None) -> None:
    def sql(v: object) -> str:
        return "NULL::BIGINT" if v is None else str(v)

    data = pl.DataFrame({"x": TEXTS})
    count = None if length == "all" else pl.lit(length, pl.Int64)
    text = f"substring(x, {sql(start)})" if length == "all" else f"substring(x, {sql(start)}, {sql(length)})"
    _agree(data, semantics.substring(pl.col("x"), pl.lit(start, pl.Int64), count), text)


@pytest.mark.parametrize(
    ("value", "source", "target", "sql"),
    [
        (v, pl.Float64(), t, s)
        for v in (0.5, 1.5, -2.5, 127.4, 127.6, 1e10, _NAN, _INF, None, 3.0000001)
        for t, s in (
            (pl.Int8(), "TINYINT"),
            (pl.Int64(), "BIGINT"),
            (pl.Float32(), "FLOAT"),
            (pl.String(), "VARCHAR"),
            (pl.Boolean(), "BOOLEAN"),
        )
        if not (s == "BOOLEAN" and v != v)
    ]
    + [
        (v, pl.String(), t, s)
        for v in (
            "12",
            " 7 ",
            "1.5",
            "1e2",
            "x",
            "",
            "300",
            "true",
            "No",
            "2024-01-31",
            "2024-13-01",
            "2024-01-31 10:05",
            "10:05:06.5",
            None,
        )
        for t, s in (
            (pl.Int8(), "TINYINT"),
            (pl.Float64(), "DOUBLE"),
            (pl.Decimal(5, 1), "DECIMAL(5,1)"),
            (pl.Boolean(), "BOOLEAN"),
            (pl.Date(), "DATE"),
            (pl.Datetime("us"), "TIMESTAMP"),
        )
    ]
    + [
        (v, pl.Decimal(6, 2), t, s)
        for v in (Decimal("1.25"), Decimal("-1.25"), Decimal("0.50"), Decimal("9999.99"), None)
        for t, s in (
            (pl.Int8(), "TINYINT"),
            (pl.Float64(), "DOUBLE"),
            (pl.Decimal(5, 1), "DECIMAL(5,1)"),
            (pl.Decimal(3, 0), "DECIMAL(3,0)"),
            (pl.String(), "VARCHAR"),
        )
    ],
)
@pytest.mark.parametrize("safe", [False, True])
def test_cast(value: object, source: pl.DataType, target: pl.DataType, sql: str, safe: bool) -> None:
    data = pl.DataFrame({"x": [value]}, schema={"x": source})
    _agree(data, cast(pl.col("x"), source, target, safe=safe), f"{'TRY_' if safe else ''}CAST(x AS {sql})")


@pytest.mark.parametrize(
    "value",
    [0.0, -0.0, 1e-4, 1.25e-5, 1e-7, -3.5e-10, 1e15, 1e16, 1.5e300, 123456.789, 0.1, _NAN, _INF, -_INF, 5e-324, None],
)
def test_a_float_is_written_as_duckdb_writes_it(value: float | None) -> None:
    _agree(
        pl.DataFrame({"x": [value]}, schema={"x": pl.Float64}),
        cast(pl.col("x"), pl.Float64(), pl.String(), safe=False),
        "CAST(x AS VARCHAR)",
    )


def test_raising_fails_only_where_it_should() -> None:
    data = pl.DataFrame({"x": [1, None, 3]})
    assert data.select(semantics.raising(pl.col("x") > 5, pl.col("x"))).rows() == [(1,), (None,), (3,)]
    with pytest.raises(pl.exceptions.PolarsError):
        data.select(semantics.raising(pl.col("x") > 2, pl.col("x")))
