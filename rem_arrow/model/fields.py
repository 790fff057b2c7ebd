"""From a Pydantic annotation to a column: its type, and the way of a value between Python and the plain form of
storage.

annotation                                column type
bool, int, float, str, bytes              BOOLEAN, BIGINT, DOUBLE, VARCHAR, BLOB
date, time, timedelta                     DATE, TIME, INTERVAL (microseconds)
datetime                                  TIMESTAMP WITH TIME ZONE, UTC; a value without a zone is taken as UTC
NaiveDatetime                             TIMESTAMP; AwareDatetime and the like as datetime
Decimal                                   DECIMAL(max_digits, decimal_places), else DECIMAL(38,10); more digits are
refused
UUID, Path, Url                           VARCHAR
Enum, Literal                             the type of its values
list, set, frozenset, tuple[T, ...]       a list of T
a list with min_length = max_length = n   an array of n
a nested model                            a struct; VARCHAR with JSON if it holds itself, or anything that is JSON
dict, Any, unions, lists of these         VARCHAR with JSON
Optional of these                         the same, with NULL
"""

from __future__ import annotations

import datetime as dt
import enum
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args, get_origin
from uuid import UUID

import polars as pl
import pydantic
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticSerializationError, from_json, to_json, to_jsonable_python

from rem_arrow.base.errors import InputError
from rem_arrow.storage import values

_INT64_MIN, _INT64_MAX = -(1 << 63), (1 << 63) - 1
_DATETIMES = (pydantic.NaiveDatetime, pydantic.AwareDatetime, pydantic.PastDatetime, pydantic.FutureDatetime)
_DATES = (pydantic.PastDate, pydantic.FutureDate)
_DECIMAL_DEFAULT = (38, 10)
# The factories that always give the same.
EMPTY = (list, dict, set, frozenset, tuple, str, int, float, bool, bytes)


@dataclass(frozen=True, slots=True)
class Mapping:
    """How one annotation is stored.

    Attributes:
        to_plain: from a validated Python value (never None) to its plain form; None when they are the same.
        is_json: the column holds JSON text.
        members: for a Literal of enum members, what the stored value stands for.
    """

    dtype: pl.DataType
    nullable: bool = False
    to_plain: Callable[[Any], Any] | None = None
    is_json: bool = False
    members: dict[object, enum.Enum] | None = None


def map_annotation(annotation: Any, metadata: list[Any], *, seen: tuple[type, ...] = ()) -> Mapping:
    """Return the mapping of a field's annotation with its constraints."""
    if isinstance(annotation, typing.TypeAliasType if hasattr(typing, "TypeAliasType") else ()):
        return map_annotation(annotation.__value__, metadata, seen=seen)
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return map_annotation(args[0], [*metadata, *args[1:]], seen=seen)
    if origin in (typing.Union, types.UnionType):
        return _map_union(args, metadata, seen)
    if origin is Literal:
        return _map_closed(list(args))
    if origin in (list, set, frozenset) or (origin is tuple and len(args) == 2 and args[1] is Ellipsis):
        return _map_list(args[0] if args else Any, metadata, seen)
    if annotation is dt.datetime:
        return _map_datetime(metadata)
    if annotation is Decimal:
        return _map_decimal(metadata)
    if isinstance(annotation, type) and origin is None:
        return _map_class(annotation, seen)
    return _JSON


def check_default(value: Any, mapping: Mapping, dtype: pl.DataType, where: str) -> None:
    """Raise InputError for a default that a column cannot hold: Pydantic checks values, but no defaults."""
    try:
        plain = value if value is None or mapping.to_plain is None else mapping.to_plain(value)
        values.column("v", [plain], dtype)
    except (TypeError, ValueError, AttributeError, OverflowError, InputError, pl.exceptions.PolarsError) as error:
        raise InputError(f"the default of {where} does not fit its type: {value!r:.80}") from error


def has_constant_default(info: FieldInfo) -> bool:
    """Say whether a field without a value has the same value each time."""
    if info.default_factory is not None:
        return info.default_factory in EMPTY
    return not info.is_required()


def json_text(value: object) -> str:
    """Return `value` as JSON text. Raises InputError for a value without one, and for keys that it would not keep."""
    try:
        _check_keys(value)
        # In one step the settings of models inside would make NULL of numbers that are not finite.
        return to_json(to_jsonable_python(value, inf_nan_mode="constants"), inf_nan_mode="constants").decode()
    except (PydanticSerializationError, ValueError) as error:
        raise InputError(f"{value!r} cannot be stored as JSON: {error}") from error


def _check_keys(value: object) -> None:
    """Raise InputError for a dict with keys that JSON, whose keys are texts, does not keep."""
    inside = list(value.__dict__.values()) if isinstance(value, BaseModel) else value
    if isinstance(inside, dict):
        others = [key for key in inside if not isinstance(key, str)]
        for key in others:
            if key is None or isinstance(key, (tuple, frozenset)):
                raise InputError(f"the key {key!r} cannot be stored as JSON, whose keys are texts; write a text")
        if others:
            texts = [next(iter(to_jsonable_python({key: 0}))) for key in inside]
            twice = next((t for t in texts if texts.count(t) > 1), None)
            if twice is not None:
                raise InputError(f"two keys of a dict are {twice!r} in JSON, and one would be lost; write other keys")
        inside = list(inside.values())
    if isinstance(inside, (list, tuple)):
        for item in inside:
            if isinstance(item, (dict, list, tuple, BaseModel)):
                _check_keys(item)


def from_json_text(text: str) -> object:
    """Return the value of a JSON text that `json_text` wrote."""
    return from_json(text)


def parsed_json(value: object) -> object:
    """Return the object of a JSON text; anything else as it is."""
    if not isinstance(value, str):
        return value
    try:
        return from_json_text(value)
    except ValueError:
        return value


_JSON = Mapping(pl.String(), to_plain=json_text, is_json=True)


def _map_class(annotation: type, seen: tuple[type, ...]) -> Mapping:
    if issubclass(annotation, enum.Enum):
        closed = _map_closed([member.value for member in annotation])
        return Mapping(
            closed.dtype,
            to_plain=_enum_value if not closed.is_json else lambda v: json_text(v.value),
            is_json=closed.is_json,
        )
    if hasattr(annotation, "get_secret_value"):
        raise InputError(
            f"{annotation.__name__} hides its value, so it cannot be stored; declare the field as str or bytes, or "
            "leave it out of the model"
        )
    if issubclass(annotation, BaseModel):
        return _JSON if annotation in seen else _map_model(annotation, (*seen, annotation))
    if annotation in _DATETIMES:
        return _map_datetime([annotation])
    if annotation in _DATES:
        return _stored(pl.Date())
    if annotation is bool:
        return Mapping(pl.Boolean())
    if issubclass(annotation, int):
        return Mapping(pl.Int64(), to_plain=_int64)
    if issubclass(annotation, float):
        return Mapping(pl.Float64())
    if issubclass(annotation, str):
        return Mapping(pl.String())
    if issubclass(annotation, bytes):
        return _stored(pl.Binary())
    if issubclass(annotation, dt.date):
        return _stored(pl.Date())
    if issubclass(annotation, dt.time):
        return Mapping(pl.Time(), to_plain=_time)
    if issubclass(annotation, dt.timedelta):
        return _stored(pl.Duration("us"))
    if annotation in (list, set, frozenset):
        return Mapping(pl.String(), to_plain=lambda v: json_text(list(v)), is_json=True)
    if issubclass(annotation, UUID) or annotation.__module__.startswith(("pathlib", "pydantic", "ipaddress")):
        return Mapping(pl.String(), to_plain=str)
    return _JSON


def _stored(dtype: pl.DataType) -> Mapping:
    return Mapping(dtype, to_plain=values.to_plain(dtype))


def _map_union(args: tuple[Any, ...], metadata: list[Any], seen: tuple[type, ...]) -> Mapping:
    some = [a for a in args if a is not type(None)]
    nullable = len(some) < len(args)
    inner = map_annotation(some[0], metadata, seen=seen) if len(some) == 1 else _JSON
    return replace(inner, nullable=nullable or inner.nullable)


def _map_closed(options: list[Any]) -> Mapping:
    some = [o.value if isinstance(o, enum.Enum) else o for o in options if o is not None]
    nullable = len(some) < len(options)
    for kind, dtype in ((bool, pl.Boolean()), (int, pl.Int64()), (str, pl.String()), (float, pl.Float64())):
        if all(type(o) is kind for o in some):
            members = {o.value: o for o in options if isinstance(o, enum.Enum)}
            return Mapping(dtype, nullable, _enum_value if members else None, members=members or None)
    return Mapping(pl.String(), nullable, json_text, is_json=True)


def _map_list(item: Any, metadata: list[Any], seen: tuple[type, ...]) -> Mapping:
    inner = map_annotation(item, [], seen=seen)
    if inner.is_json:
        return Mapping(pl.String(), to_plain=lambda v: json_text(list(v)), is_json=True)
    low = next((m.min_length for m in metadata if getattr(m, "min_length", None) is not None), None)
    high = next((m.max_length for m in metadata if getattr(m, "max_length", None) is not None), None)
    dtype = pl.Array(inner.dtype, low) if low is not None and low == high and low > 0 else pl.List(inner.dtype)
    convert = inner.to_plain
    if convert is None:
        return Mapping(dtype, to_plain=list)
    return Mapping(dtype, to_plain=lambda v: [None if x is None else convert(x) for x in v])


def _map_model(model: type[BaseModel], seen: tuple[type, ...]) -> Mapping:
    inner = {name: map_annotation(f.annotation, f.metadata, seen=seen) for name, f in model.model_fields.items()}
    if not inner or model.model_config.get("extra") == "allow" or any(m.is_json for m in inner.values()):
        return _JSON
    fields = [(name, m.to_plain) for name, m in inner.items()]

    def convert(value: Any) -> list[Any]:
        return [None if (v := getattr(value, n)) is None else (v if c is None else c(v)) for n, c in fields]

    return Mapping(pl.Struct([pl.Field(n, m.dtype) for n, m in inner.items()]), to_plain=convert)


def _map_datetime(metadata: list[Any]) -> Mapping:
    naive = any(
        getattr(m, "tz_constraint", None) == "naive"
        or "naive" in type(m).__name__.lower()
        or m is pydantic.NaiveDatetime
        for m in metadata
    )
    dtype = pl.Datetime("us", None if naive else "UTC")
    convert = values.to_plain(dtype)
    assert convert is not None, "datetimes have a plain form"
    if naive:
        return Mapping(dtype, to_plain=lambda v: convert(v.replace(tzinfo=None)))
    return Mapping(dtype, to_plain=lambda v: convert(v if v.tzinfo is not None else v.replace(tzinfo=dt.timezone.utc)))


def _map_decimal(metadata: list[Any]) -> Mapping:
    digits = next((m.max_digits for m in metadata if getattr(m, "max_digits", None) is not None), None)
    places = next((m.decimal_places for m in metadata if getattr(m, "decimal_places", None) is not None), None)
    scale = places if places is not None else _DECIMAL_DEFAULT[1]
    precision = max(digits or _DECIMAL_DEFAULT[0], scale)
    limit = precision - scale

    def convert(value: Decimal) -> str:
        exponent = value.as_tuple().exponent
        if (
            not isinstance(exponent, int)
            or (exponent < -scale and value != round(value, scale))
            or value.adjusted() >= limit
        ):
            raise InputError(
                f"{value} does not fit DECIMAL({precision},{scale}); declare max_digits and decimal_places on the field"
            )
        return f"{value:f}"

    return Mapping(pl.Decimal(precision, scale), to_plain=convert)


def _int64(value: int) -> int:
    if not _INT64_MIN <= value <= _INT64_MAX:
        raise InputError(f"{value} does not fit a 64-bit integer")
    return int(value)


def _time(value: dt.time) -> int:
    if value.tzinfo is not None:
        raise InputError(f"{value} has a time zone; a time of day is stored without one")
    return ((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000_000 + value.microsecond * 1_000


def _enum_value(value: Any) -> Any:
    return value.value if isinstance(value, enum.Enum) else value
