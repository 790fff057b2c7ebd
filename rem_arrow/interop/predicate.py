"""The column ranges that a Polars filter implies, for skipping segments. Best effort: unknown expressions restrict
nothing."""

from __future__ import annotations

import datetime as dt
import warnings
from typing import cast

import polars as pl
from pydantic_core import from_json

from rem_arrow.base.datatypes import Json
from rem_arrow.base.exact_decimals import shifted
from rem_arrow.base.source import ColumnRange

_MIRRORED = {"Eq": "Eq", "Lt": "Gt", "LtEq": "GtEq", "Gt": "Lt", "GtEq": "LtEq"}
_EPOCH = dt.datetime(1970, 1, 1)
_MICROSECONDS = {"Milliseconds": 1_000, "Microseconds": 1}
_NUMBERS = (
    "Int",
    "Int8",
    "Int16",
    "Int32",
    "Int64",
    "UInt8",
    "UInt16",
    "UInt32",
    "UInt64",
    "Float",
    "Float32",
    "Float64",
    "String",
)


def ranges_of(predicate: pl.Expr) -> tuple[ColumnRange, ...]:
    """Return ranges that hold every row that passes `predicate`."""
    try:
        with warnings.catch_warnings():
            # Polars calls its JSON form unstable: an unknown shape restricts nothing, and the filter itself still runs.
            warnings.simplefilter("ignore")
            tree = from_json(predicate.meta.serialize(format="json"))
    except (pl.exceptions.PolarsError, ValueError):
        return ()
    return tuple(_ranges(tree))


def _ranges(tree: Json) -> list[ColumnRange]:
    match tree:
        case {"BinaryExpr": {"op": "And", "left": left, "right": right}}:
            return _ranges(left) + _ranges(right)
        case {"BinaryExpr": {"op": str(op), "left": side, "right": {"Literal": literal}}} if (
            op in _MIRRORED and (column := _column(side)) is not None
        ):
            return _range(*column, op, _value(literal))
        case {"BinaryExpr": {"op": str(op), "left": {"Literal": literal}, "right": side}} if (
            op in _MIRRORED and (column := _column(side)) is not None
        ):
            return _range(*column, _MIRRORED[op], _value(literal))
        case _:
            return []


def _column(tree: Json) -> tuple[str, dt.timedelta] | None:
    """Return the column on one side of a comparison, and by how much its values may exceed those compared."""
    match tree:
        case {"Column": str(name)}:
            return name, dt.timedelta(0)
        case {
            "Function": {
                "input": [{"Column": str(name)}],
                "function": {"TemporalExpr": {"CastTimeUnit": "Microseconds"}},
            }
        }:
            return name, dt.timedelta(microseconds=1)
        case _:
            return None


def _range(column: str, slack: dt.timedelta, op: str, value: object) -> list[ColumnRange]:
    if value is None:
        return []
    low = value if op in ("Eq", "Gt", "GtEq") else None
    high = value if op in ("Eq", "Lt", "LtEq") else None
    if isinstance(high, dt.datetime) and slack:
        high = high + slack if high < dt.datetime.max.replace(tzinfo=high.tzinfo) else None
    return [ColumnRange(column, low, high)]


def _value(literal: Json) -> object:
    match literal:
        case {"Dyn": dict(inner)} | {"Scalar": dict(inner)}:
            kind, value = next(iter(cast("dict[str, Json]", inner).items()))
            if kind in _NUMBERS and isinstance(value, (int, float, str)):
                return value
            if kind == "Date" and isinstance(value, int):
                return _EPOCH.date() + dt.timedelta(days=value)
            return _exact(kind, value)
        case _:
            pass
    return None


def _exact(kind: str, value: Json) -> object:
    match kind, value:
        case "Decimal", [int(unscaled), int(), int(scale)]:
            return shifted(unscaled, -scale)
        case "Datetime", [int(count), str(unit), zone] if unit in _MICROSECONDS:
            try:
                moment = _EPOCH + dt.timedelta(microseconds=count * _MICROSECONDS[unit])
            except OverflowError:
                return None
            return moment if zone is None else moment.replace(tzinfo=dt.timezone.utc)
        case _:
            return None
