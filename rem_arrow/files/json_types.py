"""The types of JSON values over all records, and the values in these types.

Structs widen to all their keys, integers to HUGEINT and DOUBLE. Values of several kinds under one key are kept as JSON
texts, each as it was written there, as DuckDB does. What JSON cannot be taken from without loss is an error that names
the line and the key.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import isinf
from typing import TypeAlias, cast

import polars as pl

from rem_arrow.base.errors import InputError
from rem_arrow.base.logical_types import JSON
from rem_arrow.files.csv_dialect import unique_names

Value: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | None"

_INT64, _INT128 = 1 << 63, 10**38


@dataclass(slots=True)
class Shape:
    """What was seen under one key.

    Attributes:
        kinds: of the values: "boolean", "bigint", "hugeint", "double", "text", "list", "struct", "json".
        items: what was seen in the lists.
        fields: what was seen in the structs.
    """

    kinds: set[str] = field(default_factory=set)
    items: Shape | None = None
    fields: dict[str, Shape] = field(default_factory=dict)

    def observe(self, value: Value) -> None:
        match value:
            case None:
                return
            case bool():
                self.kinds.add("boolean")
            case int():
                self.kinds.add("bigint" if -_INT64 <= value < _INT64 else "hugeint" if abs(value) < _INT128 else "json")
            case float():
                self.kinds.add("double")
            case str():
                self.kinds.add("text")
            case list():
                self.kinds.add("list")
                self.items = self.items or Shape()
                for item in value:
                    self.items.observe(item)
            case dict():
                self.kinds.add("struct")
                for name, inner in value.items():
                    shape = self.fields.get(name)
                    if shape is None:
                        shape = self.fields[name] = Shape()
                    shape.observe(inner)

    @property
    def dtype(self) -> pl.DataType:
        """The type that holds all that was seen."""
        kinds = self.kinds
        if not kinds:
            return pl.Null()
        if kinds <= {"bigint", "hugeint", "double"}:
            return pl.Float64() if "double" in kinds else pl.Int128() if "hugeint" in kinds else pl.Int64()
        if kinds == {"list"} and self.items is not None:
            return pl.List(self.items.dtype)
        # A struct without fields, or with names that differ in case only, is no type of SQL.
        if kinds == {"struct"} and self.fields and len({n.casefold() for n in self.fields}) == len(self.fields):
            return pl.Struct([pl.Field(n, s.dtype) for n, s in self.fields.items()])
        return {"boolean": pl.Boolean()}.get("".join(kinds), pl.String())

    @property
    def meaning(self) -> pl.DataType:
        """JSON in the places of JSON texts, and NULL in those of other values: see `meanings`."""
        if self.is_json:
            return JSON
        match self.dtype:
            case pl.List() if self.items is not None:
                return pl.List(self.items.meaning)
            case pl.Struct():
                return pl.Struct({n: s.meaning for n, s in self.fields.items()})
            case _:
                return pl.Null()

    @property
    def is_json(self) -> bool:
        """Whether the values are JSON texts."""
        return isinstance(self.dtype, pl.String) and self.kinds != {"text"}


def typed(value: Value, shape: Shape) -> object:
    """Return a value in the type of its shape."""
    if value is None:
        return None
    if shape.is_json:
        try:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        except ValueError as error:
            raise InputError("JSON has no NaN beside values of other kinds; write null, or a text") from error
    if isinstance(value, list):
        items = cast(Shape, shape.items)
        return [typed(v, items) for v in value]
    if isinstance(value, dict):
        return {n: typed(v, shape.fields[n]) for n, v in value.items()}
    return float(value) if isinstance(value, int) and isinstance(shape.dtype, pl.Float64) else value


def frames_of(
    files: Sequence[Sequence[dict[str, Value]]],
) -> tuple[list[pl.DataFrame], dict[str, pl.DataType]]:
    """Return the records of files as frames, with a column for each key of the file in the order in which the keys
    first come, and one type for each key over all files; and which of them are JSON. Raises InputError."""
    shape = Shape()
    keys = [dict.fromkeys(name for record in records for name in record) for records in files]
    for records in files:
        for record in records:
            shape.observe(cast(Value, record))
    frames = [_frame(records, {n: shape.fields[n] for n in names}) for records, names in zip(files, keys, strict=True)]
    return frames, {n: inner.meaning for n, inner in shape.fields.items()}


def _frame(records: Sequence[dict[str, Value]], shapes: dict[str, Shape]) -> pl.DataFrame:
    columns = []
    for name, (key, shape) in zip(unique_names(list(shapes)), shapes.items(), strict=True):
        values = [typed(record.get(key), shape) for record in records]
        columns.append(pl.Series(name, values, dtype=shape.dtype, strict=True))
    return pl.DataFrame(columns, height=len(records)) if columns else pl.DataFrame(height=len(records))


def check_kept(record: Value, where: str) -> None:
    """Raise InputError for a value that no column holds: a number beyond DOUBLE, half a surrogate pair."""
    stack: list[tuple[str, Value]] = [("", record)]
    while stack:
        path, value = stack.pop()
        match value:
            case float() if isinf(value):
                raise InputError(f"{where}{_key(path)}: a number is beyond DOUBLE; write it as a text")
            case str():
                _check_text(value, f"{where}{_key(path)}")
            case list():
                stack += [(f"{path}[{i}]", v) for i, v in enumerate(value, 1)]
            case dict():
                for name, inner in value.items():
                    _check_text(name, f"{where}{_key(path)}")
                    stack.append((f"{path}.{name}" if path else name, inner))
            case _:
                pass


def _check_text(text: str, where: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"{where}: half of a surrogate pair is no character; leave it out, or write both") from error


def _key(path: str) -> str:
    return f', key "{path}"' if path else ""


def unique(pairs: Iterable[tuple[str, Value]]) -> dict[str, Value]:
    """Return an object of JSON. Raises KeyError with a key that comes twice."""
    record: dict[str, Value] = {}
    for name, value in pairs:
        if name in record:
            raise KeyError(name)
        record[name] = value
    return record
