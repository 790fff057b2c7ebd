"""What each aggregate of the catalog computes: one Polars expression over columns."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from rem_arrow.base.datatypes import instance
from rem_arrow.lower import interval, semantics, statistical
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan import types


def aggregate(name: str, inputs: list[pl.Expr], source: pl.DataType, result: pl.DataType, *, distinct: bool) -> pl.Expr:
    """Return the expression of an aggregate; `inputs` are columns, `source` the type of the first."""
    if distinct:
        inputs = _distinct(name, inputs, source)
    x = inputs[0]
    match name:
        case "min" | "max" if len(inputs) > 1:
            return statistical.extremes(x, inputs[1], source, highest=name == "max")
        case "min" | "max" if nested.is_nested(source) or source == types.CALENDAR:
            return statistical.extreme(x, source, highest=name == "max")
        case "arg_min" | "arg_max" if len(inputs) > 2:
            return statistical.at_extremes(x, inputs[1], inputs[2], highest=name == "arg_max")
        case "quantile_cont" | "quantile_disc" | "approx_quantile":
            return _quantiles(name, x, inputs[1:], source, result)
        case "mad":
            return statistical.deviation(x, source, result)
        case "mode":
            return statistical.mode(x, source)
        case "histogram":
            return statistical.histogram(x, source, result)
        case "sum":
            return semantics.total(x, source, result)
        case "avg":
            return interval.mean(x, source) if result == types.CALENDAR else semantics.mean(x, source)
        case "avg_time":
            return semantics.mean_time(x, result)
        case "min":
            return semantics.least_of(x, source)
        case "max":
            return semantics.greatest_of(x, source)
        case "arg_min" | "arg_max":
            return _at_extreme(x, inputs[1], highest=name == "arg_max")
        case "string_agg":
            return _joined(x, inputs[1] if len(inputs) > 1 else pl.lit(","))
        case "json_group_array":
            return "[" + _joined(x, pl.lit(",")) + "]"
        case "json_group_object":
            return "{" + _joined(x, pl.lit(",")) + "}"
        case _ if name in _PAIRED:
            return _PAIRED[name](x, inputs[1])
        case _:
            return _PLAIN[name](x)


# What stands behind the first argument of these is no column.
_WITH_CONSTANTS = ("string_agg", "quantile_cont", "quantile_disc", "approx_quantile", "min", "max")


def _distinct(name: str, inputs: list[pl.Expr], source: pl.DataType) -> list[pl.Expr]:
    """Return each value, or each row of the arguments, once."""
    if len(inputs) > 1 and name not in _WITH_CONSTANTS:
        rows = pl.struct(e.alias(str(i)) for i, e in enumerate(inputs[:2])).unique(maintain_order=True)
        return [*(rows.struct.field(str(i)) for i in range(2)), *inputs[2:]]
    x = inputs[0] if name in _WITH_NULLS else inputs[0].drop_nulls()
    return [statistical.distinct(x, source), *inputs[1:]]


def _quantiles(name: str, x: pl.Expr, fractions: list[pl.Expr], source: pl.DataType, result: pl.DataType) -> pl.Expr:
    """One value, or a list where several fractions are asked for."""
    one = result.inner if isinstance(result, pl.List) and not isinstance(source, pl.List) else result
    dtype = instance(one)
    quantiles = [_quantile(name, x, f, source, dtype) for f in fractions]
    if dtype == result:
        return quantiles[0]
    return (
        pl.when(x.count() > 0).then(pl.concat_list(quantiles))
        if quantiles
        else pl.when(x.count() > 0).then(pl.lit([], dtype=result))
    )


def _quantile(name: str, x: pl.Expr, fraction: pl.Expr, source: pl.DataType, result: pl.DataType) -> pl.Expr:
    if name == "quantile_cont":
        return statistical.quantile_cont(x, fraction, source, result)
    if name == "approx_quantile" and (types.is_number(source) or types.is_temporal(source)):
        return statistical.approx_quantile(x, fraction, source)
    return statistical.quantile_disc(x, fraction, source)


def _at_extreme(x: pl.Expr, by: pl.Expr, *, highest: bool) -> pl.Expr:
    """The first x where `by` is largest or smallest; rows with a NULL in either do not count."""
    counted = x.is_not_null() & by.is_not_null()
    return x.filter(counted).sort_by(by.filter(counted), descending=highest, maintain_order=True).first()


def _joined(x: pl.Expr, separator: pl.Expr) -> pl.Expr:
    """Texts in the order of the rows; NULL when there are none."""
    texts = x.drop_nulls()
    return pl.when(x.count() > 0).then(
        (separator.first() + texts).str.join("").str.slice(separator.first().str.len_chars())
    )


def _covariance(x: pl.Expr, y: pl.Expr, lost: int) -> pl.Expr:
    both = x.is_not_null() & y.is_not_null()
    a, b = x.filter(both), y.filter(both)
    count = both.sum()
    return pl.when(count > lost).then(((a - a.mean()) * (b - b.mean())).sum() / (count - lost))


def _correlation(x: pl.Expr, y: pl.Expr) -> pl.Expr:
    both = x.is_not_null() & y.is_not_null()
    return pl.when(both.any()).then(_covariance(x, y, 0) / (x.filter(both).std(ddof=0) * y.filter(both).std(ddof=0)))


# Aggregates for which a NULL is a value.
_WITH_NULLS = ("list", "first", "last")
_PAIRED: dict[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    **statistical.PAIRED,
    "corr": _correlation,
    "covar_pop": lambda x, y: _covariance(x, y, 0),
    "covar_samp": lambda x, y: _covariance(x, y, 1),
}

_PLAIN: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    **statistical.PLAIN,
    "count": lambda x: x.count().cast(pl.Int64),
    "count_if": lambda x: pl.when(x.count() > 0).then(x.sum().cast(pl.Int128)),
    "product": lambda x: pl.when(x.count() > 0).then(x.product()),
    "any_value": lambda x: x.drop_nulls().first(),
    "single": lambda x: x.first(),
    "fixed_sum": lambda x: pl.when(x.count() > 0).then(x.sum()),
    "first": lambda x: x.first(),
    "last": lambda x: x.last(),
    "bool_and": semantics.all_true,
    "bool_or": semantics.any_true,
    "bit_and": lambda x: pl.when(x.count() > 0).then(x.bitwise_and()),
    "bit_or": lambda x: pl.when(x.count() > 0).then(x.bitwise_or()),
    "bit_xor": lambda x: pl.when(x.count() > 0).then(x.bitwise_xor()),
    "stddev": lambda x: x.std(),
    # The streaming engine of Polars 2.1 gives 0 for a group of one NULL.
    "stddev_pop": lambda x: pl.when(x.count() > 0).then(x.std(ddof=0)),
    "variance": lambda x: x.var(),
    "var_pop": lambda x: pl.when(x.count() > 0).then(x.var(ddof=0)),
    "median": lambda x: x.median(),
}
