"""The codec of an entity table: from dicts and models to validated plain rows, and from stored values back."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any, NamedTuple, cast

from pydantic import BaseModel, TypeAdapter, ValidationError

from rem_arrow.base.datatypes import Json
from rem_arrow.base.errors import InputError, suggest
from rem_arrow.base.schema import Table
from rem_arrow.model.column_checks import ColumnChecks
from rem_arrow.model.fields import EMPTY, check_default, from_json_text, map_annotation
from rem_arrow.model.registry import BY_DATABASE, id_text
from rem_arrow.model.row_errors import at, explained
from rem_arrow.storage import values


class NewRows(NamedTuple):
    """Validated rows.

    Attributes:
        ids: None where an id is to be generated.
        declared: the plain values of the declared fields, a tuple for each row.
        created: `created_at`, None where the row has none.
    """

    ids: list[str | None]
    declared: list[tuple[Json, ...]]
    created: list[int | None]


class Records:
    """The codec of one entity table for one model. Immutable, so safe for use by many threads.

    Attributes:
        columns: validates columns where it can, without their rows.
    """

    def __init__(self, table: Table, model: type[BaseModel]) -> None:
        self.table, self.model = table, model
        self.declared = [f for f in table.fields if f.name not in BY_DATABASE]
        names = [f.name for f in self.declared]
        aliases = {i.alias for i in model.model_fields.values() if i.alias} | {
            i.validation_alias for i in model.model_fields.values() if isinstance(i.validation_alias, str)
        }
        self._declared_names = frozenset(names)
        self._accepted_names = frozenset(names) | BY_DATABASE | cast("frozenset[str]", frozenset(aliases))
        self._model_takes = frozenset(model.model_fields)
        self._has_id = "id" in model.model_fields
        self._many: TypeAdapter[list[BaseModel]] = TypeAdapter(list[model])  # type: ignore[valid-type]
        self._get: Callable[[Any], Any] = (
            attrgetter(*names) if len(names) > 1 else (lambda m: (getattr(m, names[0]),)) if names else (lambda m: ())
        )
        mappings = [map_annotation(model.model_fields[n].annotation, model.model_fields[n].metadata) for n in names]
        self._converters = [(i, names[i], m.to_plain) for i, m in enumerate(mappings) if m.to_plain is not None]
        self._members = {n: m.members for n, m in zip(names, mappings, strict=True) if m.members is not None}
        self._made = [
            (i, f, m)
            for i, (f, m) in enumerate(zip(self.declared, mappings, strict=True))
            if (factory := model.model_fields[f.name].default_factory) is not None and factory not in EMPTY
        ]
        self._json_columns = [f.name for f in table.fields if f.encoding == "json"]
        self.columns = ColumnChecks(table, model)
        self._created = values.to_plain(table.field("created_at").dtype)

    def new_row(self, item: object) -> NewRows:
        """Validate one dict or model. Raises InputError that names the fields."""
        simple = type(item) is dict and item.keys() <= self._declared_names
        row = cast("dict[str, Any]", item) if simple else self._as_dict(item, None)
        try:
            valid = self.model.model_validate(row if simple else self._trim(row), by_alias=True, by_name=True)
        except ValidationError as error:
            raise InputError(explained(error, self.table.name, many=False)) from error
        return self._rows([valid], None if simple else [row])

    def new_rows(self, items: Sequence[object]) -> NewRows:
        """Validate many; one bad row refuses all, named by its place, from 0."""
        names = self._declared_names
        simple = all(type(item) is dict and item.keys() <= names for item in items)
        rows = (
            cast("list[dict[str, Any]]", items)
            if simple
            else [self._as_dict(item, place) for place, item in enumerate(items)]
        )
        try:
            valid = self._many.validate_python(
                rows if simple else [self._trim(r) for r in rows], by_alias=True, by_name=True
            )
        except ValidationError as error:
            raise InputError(explained(error, self.table.name, many=True)) from error
        return self._rows(valid, None if simple else rows)

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
        fields = self._trim(row)
        if self._members:
            fields = {n: self._members[n].get(v, v) if n in self._members else v for n, v in fields.items()}
        try:
            return self.model.model_validate(fields, strict=False, by_alias=True, by_name=True)
        except ValidationError as error:
            raise InputError(
                f"a row stored in {self.table.name} does not fit {self.model.__name__}: "
                f"{explained(error, self.table.name, many=False)}"
            ) from error

    def _trim(self, row: dict[str, Any]) -> dict[str, Any]:
        """Leave out the columns that the database fills, unless the model declares them."""
        if row.keys().isdisjoint(BY_DATABASE) or self._model_takes >= BY_DATABASE:
            return row
        return {k: v for k, v in row.items() if k not in BY_DATABASE or (k in self._model_takes and v is not None)}

    def _rows(self, valid: list[Any], rows: list[dict[str, Any]] | None) -> NewRows:
        """Bring validated rows to plain form. `rows` are those before validation; None when none of them names a column
        that the database fills."""
        many = len(valid) > 1
        declared: list[tuple[Json, ...]] = list(map(self._get, valid))
        for i, field, mapping in self._made:
            for model, row in zip(valid, declared, strict=True):
                if field.name not in model.model_fields_set:
                    check_default(row[i], mapping, field.dtype, f"{self.table.name}.{field.name}")
        if self._converters and declared:
            columns: list[Any] = list(zip(*declared, strict=True))
            for i, name, convert in self._converters:
                columns[i] = self._converted(name, convert, columns[i], many=many)
            declared = list(zip(*columns, strict=True))
        if rows is None and not self._has_id:
            return NewRows([None] * len(valid), declared, [None] * len(valid))
        rows = rows if rows is not None else [{}] * len(valid)
        ids = [m.id for m in valid] if self._has_id else [row.get("id") for row in rows]
        created = [row.get("created_at") for row in rows]
        table = self.table.name
        return NewRows(
            [None if i is None else id_text(i, table) for i in ids],
            declared,
            [None if c is None else self._time(c, place if many else None) for place, c in enumerate(created)],
        )

    def _converted(self, name: str, convert: Callable[[Any], Any], column: Sequence[Any], *, many: bool) -> list[Any]:
        """Bring one column to plain form. Raises InputError that names the row and the field."""
        try:
            return [None if v is None else convert(v) for v in column]
        except (InputError, OverflowError):
            for place, value in enumerate(column):
                try:
                    _ = None if value is None else convert(value)
                except (InputError, OverflowError) as error:
                    raise InputError(
                        f'{at(place if many else None)}{self.table.name}, field "{name}": {error}'
                    ) from error
            raise

    def _time(self, value: Any, place: int | None) -> int:
        assert self._created is not None, "created_at is a datetime"
        try:
            return cast(int, self._created(value))
        except (TypeError, AttributeError) as error:
            raise InputError(
                f'{at(place)}{self.table.name}, field "created_at": {value!r} is not a datetime with a time zone'
            ) from error

    def _as_dict(self, item: object, place: int | None) -> dict[str, Any]:
        if isinstance(item, self.model):
            return item.__dict__
        if not isinstance(item, dict):
            raise InputError(
                f"{at(place)}{self.table.name} takes a dict or a {self.model.__name__}, not {type(item).__name__}"
            )
        if not item.keys() <= self._accepted_names:
            unknown = next(k for k in item if k not in self._accepted_names)
            raise InputError(
                f'{at(place)}no field "{unknown}" in {self.table.name}. '
                f"{suggest(str(unknown), self.table.names, 'Fields')}"
            )
        return item


class IdMaker:
    """Time-ordered UUIDs (version 7, RFC 9562): milliseconds, then a counter within them, then random bits."""

    def __init__(self) -> None:
        self._last = 0
        self._random = random.Random(os.urandom(32))

    def make(self, count: int) -> list[str]:
        """Return `count` ids, ascending, and above all that this maker gave before."""
        first = max(self._last + 1, time.time_ns() // 1_000_000 << 12)
        self._last = first + count
        bits = self._random.randbytes(8 * count).hex()
        ids, head, stamp = [], "", -1
        for number, value in enumerate(range(first, first + count)):
            if value >> 12 != stamp:
                stamp = value >> 12
                text = f"{stamp:012x}"
                head = f"{text[:8]}-{text[8:]}-7"
            own = bits[16 * number : 16 * number + 16]
            ids.append(f"{head}{value & 0xFFF:03x}-8{own[1:4]}-{own[4:]}")
        return ids
