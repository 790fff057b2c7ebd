"""What a scalar function takes and gives: the kinds of its arguments, its result type, and whether it is volatile.

An argument kind says what is taken and what it is cast to before the call: "text", "number" (as it is), "whole" (an
integer as it is), "float", "integer" (to BIGINT), "boolean", "temporal" (as it is), "stamp" (a date becomes a
TIMESTAMP), "interval", "span" (a temporal value or an interval), "blob" (a text becomes its bytes), "bytes" (a text
constant is read as a BLOB), "shown" (anything, as text), "any" (as it is), "numbers" and "conditions" (a list of them),
"formats" (a text, or a list of texts), "uuid" (a text becomes one), "json" (a document), or "same" (all such arguments
to their common type).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import polars as pl

ResultType: TypeAlias = "pl.DataType | Callable[[list[pl.DataType]], pl.DataType]"


@dataclass(frozen=True, slots=True)
class Function:
    """A scalar function. `variadic` repeats the last argument kind without end; a `volatile` one gives another value
    each time, whatever its arguments, and plan/volatility.py says what follows from that."""

    args: tuple[str, ...]
    result: ResultType
    args_min: int
    variadic: bool = False
    volatile: bool = False

    def result_type(self, arg_types: list[pl.DataType]) -> pl.DataType:
        return (
            self.result(arg_types)
            if callable(self.result) and not isinstance(self.result, pl.DataType)
            else self.result
        )  # type: ignore[return-value]

    def accepts(self, count: int) -> bool:
        return count >= self.args_min and (self.variadic or count <= len(self.args))

    def kind(self, place: int) -> str:
        return self.args[min(place, len(self.args) - 1)]


def define(spec: str, result: ResultType, *, volatile: bool = False) -> Function:
    """Read "text integer integer?" or "same+": ? is optional, + repeats, * does both."""
    words = spec.split()
    variadic = bool(words) and words[-1].endswith(("+", "*"))
    required = sum(not w.endswith(("?", "*")) for w in words)
    return Function(tuple(w.rstrip("?+*") for w in words), result, required, variadic, volatile)
