"""From a Pydantic model to the description of its table, new or evolved, and from a description back to a model."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

import polars as pl
from pydantic import BaseModel, ConfigDict, create_model
from pydantic.errors import PydanticUndefinedAnnotation
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined, to_jsonable_python

from rem_arrow.base import datatypes
from rem_arrow.base.datatypes import Json, instance
from rem_arrow.base.errors import InputError, suggest
from rem_arrow.base.schema import Field, Table, check_name
from rem_arrow.index.entries import ordered_form
from rem_arrow.model.fields import EMPTY, Mapping, check_default, map_annotation
from rem_arrow.model.json_schemas import SchemaReader, deciding, schema_of

CATEGORIES = ("system", "public", "user", "agents")
SYSTEM_FIELDS = ("created_at", "modified_at", "deleted_at")
BY_DATABASE = frozenset(("id", *SYSTEM_FIELDS))
_NAME_FIELDS = ("name", "aliases")
_UTC = pl.Datetime("us", "UTC")


def table_name(model: type[BaseModel]) -> str:
    """Return the table of a model: its name in snake case, plural by adding s."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", model.__name__).lower() + "s"


def describe(model: type[BaseModel], name: str, number: int) -> Table:
    """Return the description of a new table for `model`. Raises InputError for what cannot be a column."""
    _complete(model)
    options = _options(model, name)
    fields = [Field("id", pl.String(), 0, nullable=False, description="Identity, unique in the table")]
    for field_name, info in model.model_fields.items():
        if field_name == "id":
            _check_id(info, name)
        elif field_name in SYSTEM_FIELDS:
            continue
        else:
            fields.append(_field(field_name, info, name, len(fields)))
    folded = [f.name.casefold() for f in fields]
    twice = next((f.name for f in fields if folded.count(f.name.casefold()) > 1), None)
    if twice is not None:
        raise InputError(f'the fields of {name} called "{twice}" in some case differ in case only; rename one')
    for system in SYSTEM_FIELDS:
        fields.append(Field(system, _UTC, len(fields), nullable=system == "deleted_at"))
    table = Table(
        number=number,
        name=check_name(name, "table"),
        kind="entity",
        fields=tuple(fields),
        key=("id",),
        next_column=len(fields),
        soft_delete="deleted_at",
        category=cast(str, options.get("category", "user")),
        description=(model.__doc__ or "").strip(),
        model=to_jsonable_python(options),
        json_schema=schema_of(model),
    )
    return _with_keys(table, options)


def evolve(old: Table, model: type[BaseModel]) -> Table:
    """Return `old` changed to fit `model`; `old` itself when nothing differs. Raises InputError for a change that loses
    or breaks rows."""
    declared = describe(model, old.name, old.number)
    existing = {f.name: f for f in old.fields}
    fields, added = [], 0
    for field in declared.fields:
        before = existing.pop(field.name, None)
        if before is None:
            info = model.model_fields[field.name]
            if info.is_required() and not field.nullable:
                raise InputError(
                    f'{old.name} has rows without "{field.name}", and the model requires it; give the field a default'
                )
            fields.append(replace(field, number=old.next_column + added, default=_default(info, field)))
            added += 1
        else:
            fields.append(_evolved(old.name, before, field))
    gone = next(iter(existing), None)
    if gone is not None:
        raise InputError(
            f'{old.name} has a column "{gone}" that the model lacks; keep the field (it may be Optional), nothing is '
            "dropped by a registration. db.evolve renames and drops"
        )
    return replace(
        old.with_fields(tuple(fields)),
        name_fields=declared.name_fields,
        indexed=tuple(dict.fromkeys((*declared.indexed, *(column for _, column in old.indexes)))),
        category=declared.category,
        description=declared.description,
        model=declared.model,
        json_schema=declared.json_schema,
    )


def is_narrower(old: Table, new: Table) -> bool:
    """Say whether rows that fit the description of a table may not fit a new one of it."""
    before = {f.name: f for f in old.fields}
    if any(f.name in before and before[f.name].nullable and not f.nullable for f in new.fields):
        return True
    if old.json_schema is None:
        # Versions that did not keep the schema cannot say what it was.
        return False
    shared = [f.name for f in new.fields if f.name in before]
    return deciding(old.json_schema, shared) != deciding(new.json_schema, shared)


def model_of(table: Table) -> type[BaseModel]:
    """Return the model that the catalog keeps of an entity table, for one whose own model is not registered; of one
    that it does not keep the columns, types and NULLs."""
    fields: dict[str, Any] = {}
    reader = None if table.json_schema is None else SchemaReader(cast("dict[str, Any]", table.json_schema))
    for field in table.fields:
        kept = None if reader is None or field.name not in reader.properties else reader.field(field.name)
        if kept is not None and _fits(kept, field):
            fields[field.name] = kept
            continue
        if field.name in (*table.key, *SYSTEM_FIELDS):
            continue
        annotation = Any if field.encoding == "json" else _annotation(field.dtype)
        # A model of its own makes columns that are not NULL without a default: here they have no default.
        fields[field.name] = (
            (annotation | None, None)
            if field.nullable and annotation is not Any
            else (annotation, None if annotation is Any else ...)
        )
    config = ConfigDict(extra="forbid", **({} if reader is None else reader.config))  # type: ignore[typeddict-item]
    return cast("type[BaseModel]", create_model(table.name, __config__=config, **fields))


def _fits(kept: tuple[Any, FieldInfo], field: Field) -> bool:
    """Say whether a field that was made from a schema gives the values of its column."""
    annotation, info = kept
    if field.name in SYSTEM_FIELDS:
        return True
    mapping = map_annotation(annotation, info.metadata)
    return mapping.dtype == field.dtype and mapping.is_json == (field.encoding == "json")


def _complete(model: type[BaseModel]) -> None:
    """Resolve annotations that named classes before these existed."""
    if getattr(model, "__pydantic_complete__", False):
        return
    try:
        model.model_rebuild()
    except PydanticUndefinedAnnotation as error:
        raise InputError(
            f"the model {model.__name__} names {error.name!r}, which is not defined; define it, or register the model "
            "after it"
        ) from error


def _options(model: type[BaseModel], name: str) -> dict[str, Any]:
    extra = model.model_config.get("json_schema_extra") or {}
    if callable(extra):
        raise InputError(f"json_schema_extra of {model.__name__} is a function; make it a dict")
    category = extra.get("category", "user")
    if category not in CATEGORIES:
        raise InputError(f"category {category!r} of {name} is not one of {', '.join(CATEGORIES)}")
    return dict(extra)


def _check_id(info: FieldInfo, name: str) -> None:
    mapping = map_annotation(info.annotation, info.metadata)
    if mapping.dtype != pl.String() or mapping.is_json:
        raise InputError(f'field "id" of {name} is {info.annotation}; an id is a str or a UUID')


def _field(name: str, info: FieldInfo, table: str, number: int) -> Field:
    check_name(name, "column")
    mapping: Mapping = map_annotation(info.annotation, info.metadata)
    dtype = datatypes.check_storable(mapping.dtype, f"{table}.{name}")
    if info.default_factory in EMPTY or (info.default is not None and info.default is not PydanticUndefined):
        check_default(info.get_default(call_default_factory=True), mapping, dtype, f"{table}.{name}")
    return Field(
        name, dtype, number, mapping.nullable, None, "json" if mapping.is_json else "plain", info.description or ""
    )


def _with_keys(table: Table, options: dict[str, Any]) -> Table:
    key_field = options.get("key_field")
    names = table.names
    for listed in ([key_field] if key_field else []) + list(options.get("indexed_fields", ())):
        if listed not in names:
            raise InputError(
                f"{table.name} declares an index on {listed!r}, which is not a field. "
                f"{suggest(str(listed), names, 'Fields')}"
            )
    indexed = tuple(options.get("indexed_fields", ()))
    for name in indexed:
        if ordered_form(table.field(name).dtype) is None:
            raise InputError(
                f"{table.name}.{name} is {datatypes.sql_name(table.field(name).dtype)}, which has no order to index; "
                "leave it out of indexed_fields"
            )
    name_fields = tuple(dict.fromkeys(([key_field] if key_field else []) + [n for n in _NAME_FIELDS if n in names]))
    texts = tuple(n for n in name_fields if n != "id" and _is_text(table.field(n).dtype))
    return replace(table, name_fields=texts, indexed=indexed)


def _is_text(dtype: pl.DataType) -> bool:
    return isinstance(dtype, pl.String) or (isinstance(dtype, pl.List) and instance(dtype.inner) == pl.String())


def default_of(model: type[BaseModel], field: Field) -> Json:
    """Return the value, in plain form, that rows of before a field existed have in it."""
    return _default(model.model_fields[field.name], field)


def _default(info: FieldInfo, field: Field) -> Json:
    value = info.get_default(call_default_factory=True, validated_data={})
    if value is None or value is PydanticUndefined:
        return None
    convert = map_annotation(info.annotation, info.metadata).to_plain
    return cast(Json, value if convert is None else convert(value))


def _evolved(table: str, before: Field, field: Field) -> Field:
    if before.encoding != field.encoding or not datatypes.widens(before.dtype, field.dtype):
        raise InputError(
            f"{table}.{before.name} is {datatypes.sql_name(before.dtype)} and the model says "
            f"{datatypes.sql_name(field.dtype)}; "
            "a type may only widen (INTEGER to BIGINT, DECIMAL to more digits). Add a new field instead, or convert "
            "this one by db.evolve"
        )
    return replace(before, dtype=field.dtype, nullable=field.nullable, description=field.description)


def _annotation(dtype: pl.DataType) -> Any:
    match dtype:
        case pl.List() | pl.Array():
            item = _annotation(instance(dtype.inner))
            return list[item | None]  # type: ignore[valid-type]
        case pl.Datetime():
            return dt.datetime
        case pl.Date():
            return dt.date
        case pl.Time():
            return dt.time
        case pl.Duration():
            return dt.timedelta
        case pl.Decimal():
            return Decimal
        case pl.Boolean():
            return bool
        case pl.Binary():
            return bytes
        case pl.String():
            return str
        case pl.Struct():
            inner = {f.name: (_annotation(instance(f.dtype)) | None, None) for f in dtype.fields}
            return create_model("Struct", **cast("dict[str, Any]", inner))
        case _ if dtype.is_integer():
            return int
        case _ if dtype.is_float():
            return float
        case _:
            return Any


def id_text(value: object, table: str) -> str:
    """Return the text of an id. Raises InputError unless it is a text that is not empty, or a UUID."""
    if isinstance(value, UUID):
        return str(value)
    if not isinstance(value, str) or not value:
        raise InputError(f"an id of {table} is {value!r}; an id is a text that is not empty, or a UUID")
    return value
