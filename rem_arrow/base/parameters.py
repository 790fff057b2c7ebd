"""The values that a statement is given: by name or by position, checked, as plain Python values, with their types."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID

import numpy as np
import polars as pl

from rem_arrow.base.errors import InputError

Parameters: TypeAlias = "Mapping[str, object] | Sequence[object] | None"


def typed_parameters(parameters: Parameters) -> tuple[dict[str, object], dict[str, pl.DataType]]:
    """Return values and types by name; positional ones are named "1", "2", ..."""
    if parameters is None:
        return {}, {}
    if isinstance(parameters, Mapping):
        values = {str(k): v for k, v in parameters.items()}
    elif isinstance(parameters, Sequence) and not isinstance(parameters, (str, bytes)):
        values = {str(i): v for i, v in enumerate(parameters, 1)}
    else:
        raise InputError(f"parameters are a dict by name or a list by position, not {type(parameters).__name__}")
    plain = {k: str(v) if isinstance(v, UUID) else _listed(k, v) for k, v in values.items()}
    return plain, {k: _type_of(k, v) for k, v in plain.items()}


def _listed(name: str, value: object) -> object:
    """Return a vector, from numpy or Polars or as a tuple, as a list, and a number of numpy as one of Python."""
    if isinstance(value, (np.bool_, np.integer, np.floating)) and not isinstance(value, np.timedelta64):
        return value.item()
    if isinstance(value, (np.ndarray, pl.Series)):
        if isinstance(value, np.ndarray) and value.ndim != 1:
            raise InputError(f"the parameter ${name} is an array of {value.ndim} dimensions; a vector has one")
        return value.to_list() if isinstance(value, pl.Series) else value.tolist()
    return list(value) if isinstance(value, tuple) else value


_PARAMETER_TYPES: tuple[tuple[Any, pl.DataType], ...] = (
    (bool, pl.Boolean()),
    (float, pl.Float64()),
    (str, pl.String()),
    (UUID, pl.String()),
    (bytes, pl.Binary()),
    (dt.date, pl.Date()),
    (dt.time, pl.Time()),
    (dt.timedelta, pl.Duration("us")),
)


def _type_of(name: str, value: object) -> pl.DataType:
    if value is None:
        return pl.Null()
    if isinstance(value, dt.datetime):
        return pl.Datetime("us", None if value.tzinfo is None else "UTC")
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        return pl.Decimal(38, max(0, -exponent) if isinstance(exponent, int) else 0)
    if isinstance(value, int) and not isinstance(value, bool):
        return pl.Int64() if -(1 << 63) <= value < 1 << 63 else pl.Int128()
    if isinstance(value, list):
        try:
            return pl.Series([value]).dtype if value else pl.List(pl.Float64())
        except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
            raise InputError(
                f"the parameter ${name} is a list of values of several types; a list has one type"
            ) from error
    for kind, dtype in _PARAMETER_TYPES:
        if isinstance(value, kind):
            return dtype
    raise InputError(
        f"the parameter ${name} is a {type(value).__name__}; parameters are numbers, texts, booleans, bytes, dates "
        "and times. Pass tables by frames="
    )
