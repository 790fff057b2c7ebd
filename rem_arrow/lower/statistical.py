"""Aggregates of statistics, order and collection: one Polars expression over columns, many rows in, one out."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from rem_arrow.lower import semantics
from rem_arrow.lower.interval import as_compared
from rem_arrow.lower.order_key import sort_key
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan import types
from rem_arrow.plan.comparable import compared

_SKEW_ROWS_MIN, _KURTOSIS_ROWS_MIN = 3, 4
# Decimals of more digits have 128 bits in DuckDB.
_NARROW_DIGITS_MAX = 18


def collected(x: pl.Expr) -> pl.Expr:
    """`LIST(x)`: NULLs stay; NULL over no rows."""
    return pl.when(x.len() > 0).then(x.implode())


def quantile_disc(x: pl.Expr, fraction: pl.Expr, source: pl.DataType) -> pl.Expr:
    """The smallest value with at least that fraction of the values at or below it; from the top for a negative
    fraction."""
    values, n, q = _ascending(x, source), x.count().cast(pl.Int64), fraction.first()
    place = pl.max_horizontal(n - (n - q.abs() * n).floor().cast(pl.Int64), pl.lit(1, pl.Int64)) - 1
    return values.get(pl.when(q < 0).then(n - 1 - place).otherwise(place), null_on_oob=True)


def quantile_cont(x: pl.Expr, fraction: pl.Expr, source: pl.DataType, result: pl.DataType) -> pl.Expr:
    """Interpolated between the two nearest values."""
    numbers = _physical(x.drop_nulls(), source)
    values, n, q = numbers.cast(pl.Float64).sort(), x.count().cast(pl.Int64), fraction.first()
    place = (n - 1) * pl.when(q < 0).then(1 + q).otherwise(q)
    low = values.get(place.floor().cast(pl.Int64), null_on_oob=True)
    high = values.get(place.ceil().cast(pl.Int64), null_on_oob=True)
    share = place - place.floor()
    quantile = pl.when(low == high).then(low).otherwise(low + (high - low) * share)
    if isinstance(source, pl.Time):
        return (quantile.round().cast(pl.Int64) * 1_000).cast(pl.Time)
    if source.is_temporal():
        return quantile.cast(pl.Int64).cast(pl.Datetime("us")).cast(result)
    if isinstance(result, pl.Decimal):
        wide = result.precision > _NARROW_DIGITS_MAX
        return (_up_to(low, (high - low) * share, result) if wide else _cut(quantile, result)).cast(result)
    return quantile.cast(result)


def approx_quantile(x: pl.Expr, fraction: pl.Expr, source: pl.DataType) -> pl.Expr:
    """Interpolated as DuckDB's t-digest does while each value is one of its own: the value of rank i lies at
    (i - 1/2) / n. Of the type of the values, rounded."""
    is_date = isinstance(source, pl.Date)
    numbers = (x.drop_nulls().to_physical() if is_date else _physical(x.drop_nulls(), source)).cast(pl.Float64).sort()
    n, q = x.count().cast(pl.Int64), fraction.first().abs()
    place = pl.min_horizontal(pl.max_horizontal(q * n - 0.5, pl.lit(0.0)), (n - 1).cast(pl.Float64))
    low = numbers.get(place.floor().cast(pl.Int64), null_on_oob=True)
    high = numbers.get(place.ceil().cast(pl.Int64), null_on_oob=True)
    quantile = pl.when(low == high).then(low).otherwise(low + (high - low) * (place - place.floor()))
    if source.is_float():
        return quantile.cast(source)
    if isinstance(source, pl.Decimal):
        return quantile.round(source.scale).cast(source)
    whole = quantile.round(mode="half_to_even").cast(pl.Int64)
    if isinstance(source, pl.Time):
        return (whole * 1_000).cast(pl.Time)
    if is_date:
        return whole.cast(pl.Int32).cast(pl.Date)
    return (whole.cast(pl.Datetime("us")) if source.is_temporal() else whole).cast(source)


def _up_to(low: pl.Expr, more: pl.Expr, dtype: pl.Decimal) -> pl.Expr:
    """Return a decimal, and what is to be added to it without the digits that a decimal has not: so DuckDB 2.0
    interpolates decimals of 128 bits, where it cuts off those of 64 bits towards zero."""
    unit = 10.0**dtype.scale
    return (((low * unit).round() + (more * unit + 1e-6).floor()) / unit).round(dtype.scale)


def _cut(x: pl.Expr, dtype: pl.Decimal) -> pl.Expr:
    """Return floats without the digits that a decimal has not. The sum of two products may lie a little nearer to zero
    than what it stands for."""
    unit = 10.0**dtype.scale
    whole = pl.when(x < 0).then((x * unit - 1e-6).ceil()).otherwise((x * unit + 1e-6).floor())
    return (whole / unit).round(dtype.scale)


def _physical(x: pl.Expr, source: pl.DataType) -> pl.Expr:
    """Times as microseconds; numbers as they are."""
    if isinstance(source, pl.Time):
        return x.to_physical() // 1_000
    return x.cast(pl.Datetime("us")).to_physical() if source.is_temporal() else x


def deviation(x: pl.Expr, source: pl.DataType, result: pl.DataType) -> pl.Expr:
    """The median of the distances from the median."""
    if isinstance(source, pl.Decimal):
        # In floats: Polars 2.1 does not come back from a quantile of what is left of another.
        numbers = x.cast(pl.Float64)
        return _cut((numbers - _cut(numbers.median(), source)).abs().median(), source).cast(source)
    if source.is_temporal():
        numbers = _physical(x, source)
        return (numbers - numbers.median()).abs().median().round().cast(pl.Int64).cast(pl.Duration("us"))
    return (x - x.median()).abs().median()


def _ascending(x: pl.Expr, source: pl.DataType) -> pl.Expr:
    values = x.drop_nulls()
    return (
        values.sort_by(sort_key(values, source))
        if nested.is_nested(source) or source == types.CALENDAR
        else values.sort()
    )


def distinct(x: pl.Expr, source: pl.DataType) -> pl.Expr:
    """Each value once, the first of those that are equal."""
    if source == types.CALENDAR:
        return x.filter(sort_key(x, source).is_first_distinct())
    if compared(source) is not source:
        return x.filter(as_compared(x, source).is_first_distinct())
    return x.unique(maintain_order=True)


def mode(x: pl.Expr, source: pl.DataType) -> pl.Expr:
    """The most frequent value; of several the one that came first."""
    values = x.drop_nulls()
    if nested.is_nested(source):
        return values.value_counts(sort=True).first().struct.rename_fields(["value", "count"]).struct.field("value")
    if source == types.CALENDAR:
        keys = sort_key(values, source)
        return values.filter(keys == keys.mode(maintain_order=True).first()).first()
    return values.mode(maintain_order=True).first()


def histogram(x: pl.Expr, source: pl.DataType, result: pl.DataType) -> pl.Expr:
    """A map from each value to how often it occurs."""
    values = x.drop_nulls()
    keys = sort_key(values, source) if source == types.CALENDAR else values
    counts = pl.struct(distinct(values, source).alias("key"), keys.unique_counts().cast(pl.UInt64).alias("value"))
    return pl.when(x.count() > 0).then(counts.sort_by(keys.unique(maintain_order=True)).implode())


def extremes(x: pl.Expr, count: pl.Expr, source: pl.DataType, *, highest: bool) -> pl.Expr:
    """`MAX(x, n)`: the n largest values, the largest first."""
    values = x.drop_nulls()
    ordered = (
        values.sort_by(sort_key(values, source), descending=highest)
        if nested.is_nested(source) or source == types.CALENDAR
        else values.sort(descending=highest)
    )
    return pl.when(x.count() > 0).then(ordered.head(_wanted(count, x.is_not_null())).implode())


def _wanted(count: pl.Expr, counted: pl.Expr) -> pl.Expr:
    """The number of values wanted, that of the first row that is counted; above zero, or 0 where none is."""
    first, some = count.filter(counted).first(), counted.any()
    message = "min, max, arg_min and arg_max take a number of values above zero"
    return semantics.refused(some & ((first < 1) | first.is_null()), message, first).fill_null(0)


def extreme(x: pl.Expr, source: pl.DataType, *, highest: bool) -> pl.Expr:
    """`MAX(x)` of lists and structs, which Polars does not have."""
    values = _ascending(x, source)
    return values.last() if highest else values.first()


def at_extremes(x: pl.Expr, by: pl.Expr, count: pl.Expr, *, highest: bool) -> pl.Expr:
    """`ARG_MAX(x, by, n)`: the x of the n rows with the largest `by`."""
    counted = x.is_not_null() & by.is_not_null()
    ordered = x.filter(counted).sort_by(by.filter(counted), descending=highest, maintain_order=True)
    return pl.when(counted.any()).then(ordered.head(_wanted(count, counted)).implode())


def at_extreme_or_null(x: pl.Expr, by: pl.Expr, *, highest: bool) -> pl.Expr:
    """`ARG_MAX_NULL(x, by)`: a NULL x counts."""
    counted = by.is_not_null()
    return x.filter(counted).sort_by(by.filter(counted), descending=highest, maintain_order=True).first()


def _entropy(x: pl.Expr) -> pl.Expr:
    """In bits; 0 over no values. In Python, since the streaming engine of Polars 2.1 counts no unique structs, nor
    those of nothing."""
    return x.map_batches(_entropy_of, return_dtype=pl.Float64(), returns_scalar=True)


def _entropy_of(values: pl.Series) -> pl.Series:
    counts = values.drop_nulls().alias("value").to_frame().group_by("value").len().get_column("len")
    return pl.Series([abs(counts.cast(pl.Float64).entropy(base=2) or 0.0)], dtype=pl.Float64())


def _skewness(x: pl.Expr) -> pl.Expr:
    return pl.when(x.count() >= _SKEW_ROWS_MIN).then(x.skew(bias=False).fill_nan(None))


def _kurtosis(x: pl.Expr) -> pl.Expr:
    return pl.when(x.count() >= _KURTOSIS_ROWS_MIN).then(x.kurtosis(bias=False).fill_nan(None))


def _geometric_mean(x: pl.Expr) -> pl.Expr:
    return x.log().mean().exp()


def _pair(formula: Callable[[pl.Expr, pl.Expr], pl.Expr], rows_min: int = 1) -> Callable[[pl.Expr, pl.Expr], pl.Expr]:
    """An aggregate of the rows where neither of two columns is NULL; NULL below so many rows."""

    def lower(y: pl.Expr, x: pl.Expr) -> pl.Expr:
        both = y.is_not_null() & x.is_not_null()
        value = formula(y.filter(both), x.filter(both))
        return pl.when(both.sum() >= rows_min).then(value) if rows_min else value

    return lower


def _spread(a: pl.Expr, b: pl.Expr) -> pl.Expr:
    return ((a - a.mean()) * (b - b.mean())).sum()


def _slope(y: pl.Expr, x: pl.Expr) -> pl.Expr:
    return _spread(x, y) / _spread(x, x)


def _determination(y: pl.Expr, x: pl.Expr) -> pl.Expr:
    explained = _spread(x, y) ** 2 / (_spread(x, x) * _spread(y, y))
    return pl.when(_spread(x, x) == 0).then(None).when(_spread(y, y) == 0).then(pl.lit(1.0)).otherwise(explained)


PAIRED: dict[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    "regr_slope": _pair(_slope),
    "regr_intercept": _pair(lambda y, x: (y.mean() - _slope(y, x) * x.mean()).fill_nan(None)),
    "regr_r2": _pair(_determination),
    "regr_count": _pair(lambda y, x: y.len().cast(pl.UInt32), 0),
    "regr_avgx": _pair(lambda y, x: x.mean()),
    "regr_avgy": _pair(lambda y, x: y.mean()),
    "regr_sxx": _pair(lambda y, x: _spread(x, x)),
    "regr_syy": _pair(lambda y, x: _spread(y, y)),
    "regr_sxy": _pair(_spread),
    "weighted_avg": _pair(lambda x, weight: pl.when(weight.sum() != 0).then((x * weight).sum() / weight.sum())),
    "arg_min_null": lambda x, by: at_extreme_or_null(x, by, highest=False),
    "arg_max_null": lambda x, by: at_extreme_or_null(x, by, highest=True),
}

PLAIN: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "list": collected,
    "approx_count_distinct": lambda x: x.drop_nulls().n_unique().cast(pl.Int64),
    "entropy": _entropy,
    "skewness": _skewness,
    "kurtosis": _kurtosis,
    "kurtosis_pop": lambda x: pl.when(x.count() > 1).then(x.kurtosis(bias=True).fill_nan(None)),
    "sem": lambda x: x.std(ddof=0) / x.count().sqrt(),
    "geometric_mean": _geometric_mean,
    "fsum": lambda x: pl.when(x.count() > 0).then(x.sum()),
    "favg": lambda x: x.mean() + (x - x.mean()).mean().fill_nan(0.0),
}
