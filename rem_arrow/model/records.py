"""One entity table's way in and out of Python: validate, to plain rows; from stored values to dicts and models."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any, cast

from pydantic import BaseModel, TypeAdapter, ValidationError

from rem_arrow.datatypes import Json
from rem_arrow.errors import InputError, suggest
from rem_arrow.model.fields import from_json_text, map_annotation
from rem_arrow.model.registry import SYSTEM_FIELDS, id_text
from rem_arrow.schema import Table
from rem_arrow.storage import values

_ERRORS_SHOWN_MAX = 5
_GIVEN_BY_SYSTEM = frozenset(("id", *SYSTEM_FIELDS))


class NewRow:
    """A validated row: its id, or None when it is to be generated; the plain values of the declared fields; given created_at."""

    __slots__ = ("created_at", "declared", "id")

    def __init__(self, id_: str | None, declared: tuple[Json, ...], created_at: int | None) -> None:
        self.id, self.declared, self.created_at = id_, declared, created_at


class Records:
    """The codec of one entity table for one model. Immutable, so safe in all threads."""

    def __init__(self, table: Table, model: type[BaseModel]) -> None:
        self.table, self.model = table, model
        self.declared = [f for f in table.fields if f.name not in _GIVEN_BY_SYSTEM]
        names = [f.name for f in self.declared]
        aliases = {i.alias for i in model.model_fields.values() if i.alias} | {i.validation_alias for i in model.model_fields.values() if isinstance(i.validation_alias, str)}
        self._known = frozenset(names) | _GIVEN_BY_SYSTEM | cast("frozenset[str]", frozenset(aliases))
        self._model_takes = frozenset(model.model_fields)
        self._has_id = "id" in model.model_fields
        self._many: TypeAdapter[list[BaseModel]] = TypeAdapter(list[model])  # type: ignore[valid-type]
        self._get: Callable[[Any], Any] = attrgetter(*names) if len(names) > 1 else (lambda m: (getattr(m, names[0]),)) if names else (lambda m: ())
        mappings = [map_annotation(model.model_fields[n].annotation, model.model_fields[n].metadata) for n in names]
        self._converters = [(i, names[i], m.to_plain) for i, m in enumerate(mappings) if m.to_plain is not None]
        self._json_columns = [f.name for f in table.fields if f.encoding == "json"]
        self._created = values.to_plain(table.field("created_at").dtype)

    def new_row(self, given: object) -> NewRow:
        """Validate one dict or model. Raises InputError that names the fields."""
        if isinstance(given, self.model):
            given = given.__dict__ if type(given) is self.model else dict(given)
        if not isinstance(given, dict):
            raise InputError(f"{self.table.name} takes a dict or a {self.model.__name__}, not {type(given).__name__}")
        self._check_names(given, None)
        try:
            valid = self.model.model_validate(self._trim(given), by_alias=True, by_name=True)
        except ValidationError as error:
            raise InputError(self._explain(error, many=False)) from error
        return self._row(valid, given, None)

    def new_rows(self, given: Sequence[object]) -> list[NewRow]:
        """Validate many; one bad row refuses all, named by its place, from 0."""
        dicts: list[dict[str, Any]] = []
        for place, item in enumerate(given):
            if isinstance(item, self.model):
                item = item.__dict__
            elif not isinstance(item, dict):
                raise InputError(f"row {place}: {self.table.name} takes a dict or a {self.model.__name__}, not {type(item).__name__}")
            self._check_names(item, place)
            dicts.append(item)
        try:
            valid = self._many.validate_python([self._trim(d) for d in dicts], by_alias=True, by_name=True)
        except ValidationError as error:
            raise InputError(self._explain(error, many=True)) from error
        return [self._row(m, d, place) for place, (m, d) in enumerate(zip(valid, dicts, strict=True))]

    def to_dict(self, names: Iterable[str], stored: Iterable[object]) -> dict[str, Any]:
        """Return one stored row as a dict of Python values; JSON columns as the objects that they hold."""
        row = dict(zip(names, stored, strict=True))
        for name in self._json_columns:
            text = row.get(name)
            if text is not None:
                row[name] = from_json_text(cast(str, text))
        return row

    def to_model(self, row: dict[str, Any]) -> BaseModel:
        """Return a dict of `to_dict` as a validated model. Raises InputError if the model no longer accepts it."""
        try:
            return self.model.model_validate(self._trim(row), strict=False, by_alias=True, by_name=True)
        except ValidationError as error:
            raise InputError(f"a row stored in {self.table.name} does not fit {self.model.__name__}: {self._explain(error, many=False)}") from error

    def _trim(self, given: dict[str, Any]) -> dict[str, Any]:
        """Leave out what the model does not declare: the columns that the database gives."""
        if given.keys().isdisjoint(_GIVEN_BY_SYSTEM) or _GIVEN_BY_SYSTEM <= self._model_takes:
            return given
        return {k: v for k, v in given.items() if k not in _GIVEN_BY_SYSTEM or (k in self._model_takes and v is not None)}

    def _row(self, valid: BaseModel, given: dict[str, Any], place: int | None) -> NewRow:
        declared = self._get(valid)
        if self._converters:
            declared = list(declared)
            for i, name, convert in self._converters:
                if declared[i] is not None:
                    try:
                        declared[i] = convert(declared[i])
                    except (InputError, OverflowError) as error:
                        raise InputError(f'{_at(place)}{self.table.name}, field "{name}": {error}') from error
            declared = tuple(declared)
        given_id = valid.id if self._has_id else given.get("id")  # type: ignore[attr-defined]
        created = given.get("created_at")
        return NewRow(None if given_id is None else id_text(given_id, self.table.name), declared, self._time(created, place) if created is not None else None)

    def _time(self, value: Any, place: int | None) -> int:
        assert self._created is not None, "created_at is a datetime"
        try:
            return cast(int, self._created(value))
        except (TypeError, AttributeError) as error:
            raise InputError(f'{_at(place)}{self.table.name}, field "created_at": {value!r} is not a datetime with a time zone') from error

    def _check_names(self, given: dict[str, Any], place: int | None) -> None:
        if not given.keys() <= self._known:
            unknown = next(k for k in given if k not in self._known)
            raise InputError(f'{_at(place)}no field "{unknown}" in {self.table.name}. {suggest(str(unknown), self.table.names, "Fields")}')

    def _explain(self, error: ValidationError, *, many: bool) -> str:
        """Say which field of which row is wrong and why."""
        found = error.errors(include_url=False, include_context=False)
        lines = []
        for e in found[:_ERRORS_SHOWN_MAX]:
            loc = list(e["loc"])
            place = cast(int, loc.pop(0)) if many and loc else None
            field = ".".join(str(x) for x in loc) or "(whole row)"
            shown = repr(e["input"])
            lines.append(f'{_at(place)}{self.table.name}, field "{field}": {e["msg"]} (got {shown[:80]}{"..." if len(shown) > 80 else ""})')
        more = [f"and {len(found) - _ERRORS_SHOWN_MAX} more"] if len(found) > _ERRORS_SHOWN_MAX else []
        return "\n".join(lines + more)


def _at(place: int | None) -> str:
    return "" if place is None else f"row {place}: "


class IdMaker:
    """Time-ordered UUIDs (version 7, RFC 9562): milliseconds, then a counter within them, then random bits."""

    def __init__(self) -> None:
        self._last = 0

    def make(self, count: int) -> list[str]:
        """Return `count` ids, ascending, and above all that this maker gave before."""
        ids = []
        stamp = max(self._last + 1, time.time_ns() // 1_000_000 << 12)
        random = os.urandom(8 * count)
        for i in range(count):
            value = stamp + i
            high = f"{value >> 12:012x}"
            low = int.from_bytes(random[8 * i : 8 * i + 8], "big") & 0x3FFFFFFFFFFFFFFF | 0x8000000000000000
            tail = f"{low:016x}"
            ids.append(f"{high[:8]}-{high[8:]}-7{value & 0xFFF:03x}-{tail[:4]}-{tail[4:]}")
        self._last = stamp + count
        return ids
