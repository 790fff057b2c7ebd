"""The values that a statement is given: by name or by position, checked, as plain Python values, with their types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import polars as pl

from rem_arrow.base.errors import InputError
from rem_arrow.base.python_values import in_type, plain_value, type_of

Parameters: TypeAlias = "Mapping[str, object] | Sequence[object] | None"


def typed_parameters(parameters: Parameters) -> tuple[dict[str, object], dict[str, pl.DataType]]:
    """Return values and types by name; positional ones are named "1", "2", ... Raises InputError."""
    if parameters is None:
        return {}, {}
    if isinstance(parameters, Mapping):
        given = {str(k): v for k, v in parameters.items()}
        if len(given) < len(parameters):
            raise InputError(
                "two parameters have one name: names are texts, and 1 is the name of the first by position"
            )
    elif isinstance(parameters, Sequence) and not isinstance(parameters, (str, bytes)):
        given = {str(i): v for i, v in enumerate(parameters, 1)}
    else:
        raise InputError(f"parameters are a dict by name or a list by position, not {type(parameters).__name__}")
    values: dict[str, object] = {}
    dtypes: dict[str, pl.DataType] = {}
    for name, value in given.items():
        where = f"the parameter ${name}"
        if isinstance(value, Mapping) or (hasattr(value, "__arrow_c_stream__") and not isinstance(value, pl.Series)):
            raise InputError(f"{where} is a {type(value).__name__}; pass tables by frames=, and a struct in the text")
        plain = plain_value(value, where)
        # Of a list without values the vectors of searches are made.
        dtypes[name] = pl.List(pl.Float64()) if plain == [] else type_of([plain], where)
        values[name] = in_type(plain, dtypes[name])
    return values, dtypes
