"""Validation of whole columns by a model: each value as the model would take it in a row, without making the rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any, cast

import polars as pl
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from rem_arrow.base.errors import InputError
from rem_arrow.base.schema import Table
from rem_arrow.model.fields import Mapping as Mapped
from rem_arrow.model.fields import has_constant_default, map_annotation, parsed_json
from rem_arrow.model.registry import BY_DATABASE, SYSTEM_FIELDS, id_text
from rem_arrow.model.row_errors import at, explained
from rem_arrow.storage import values

# What a model may say of itself that is of no matter for the value of a field.
_HARMLESS = frozenset(
    ("title", "extra", "json_schema_extra", "populate_by_name", "validate_by_name", "validate_by_alias", "frozen")
    + ("from_attributes", "protected_namespaces", "use_attribute_docstrings", "arbitrary_types_allowed")
    + ("validate_assignment", "ser_json_inf_nan", "defer_build", "serialize_by_alias")
)
_PLAIN_TYPES = (str, int, float, bool)


class ColumnChecks:
    """Validates columns of an entity table. Immutable.

    Attributes:
        by_field: whether the model looks at each field alone; where not, only whole rows can be validated.
    """

    def __init__(self, table: Table, model: type[BaseModel]) -> None:
        self._table, self._model = table, model
        own = model.__pydantic_decorators__
        self.by_field = (
            not (own.validators or own.field_validators or own.root_validators or own.model_validators)
            and model.__init__ is BaseModel.__init__
            and model.__new__ is BaseModel.__new__
            and model.model_post_init is BaseModel.model_post_init
            and cast(Any, model.__get_pydantic_core_schema__).__func__
            is cast(Any, BaseModel.__get_pydantic_core_schema__).__func__
            and not any(f.discriminator for f in model.model_fields.values())
        )
        self._mappings = {
            f.name: map_annotation(model.model_fields[f.name].annotation, model.model_fields[f.name].metadata)
            for f in table.fields
            if f.name not in BY_DATABASE
        }
        self._config = {k: v for k, v in model.model_config.items() if k not in _HARMLESS}
        self._adapters: dict[str, TypeAdapter[list[Any]]] = {}

    def whole(self, given: pl.DataFrame) -> pl.DataFrame | None:
        """Return the declared columns of rows as they are stored, from columns of any type that hold their values, and
        defaults where there is none; None where only rows can be validated.

        Raises:
            InputError: names the row, from 0, and the field.
        """
        fields = self._model.model_fields
        if (
            not (self.by_field and {*self._mappings, *BY_DATABASE} >= set(given.columns))
            or not fields.keys().isdisjoint(SYSTEM_FIELDS)
            or any(f.alias or f.validation_alias for f in fields.values())
            or ("id" in fields and ("id" not in given.columns or given["id"].null_count()))
        ):
            return None
        columns = []
        for name, mapping in self._mappings.items():
            if name not in given.columns:
                info = fields[name]
                if not has_constant_default(info) or info.validate_default or self._config:
                    return None
                columns.append(self._stored(name, mapping, [info.get_default(call_default_factory=True)], given.height))
            elif given[name].null_count() and not mapping.nullable:
                return None
            else:
                columns.append(self._checked(given[name], name, mapping))
        return pl.DataFrame(columns) if columns else pl.DataFrame(height=given.height)

    def ids(self, given: pl.DataFrame) -> list[str | None]:
        """Return the ids of rows that `whole` took, None where one is to be generated. Raises InputError."""
        if "id" not in given.columns:
            return [None] * given.height
        found = given["id"].to_list()
        if "id" in self._model.model_fields:
            found = self._valid("id", found)
        table = self._table.name
        return [None if i is None else id_text(i, table) for i in found]

    def checked(self, frame: pl.DataFrame, names: Collection[str]) -> pl.DataFrame:
        """Return a frame, in the columns and types of the table, with the columns that `names` says as they are stored.

        Raises:
            InputError: names the row, from 0, and the field.
        """
        return frame.with_columns(self._checked(frame[name], name, self._mappings[name]) for name in names)

    def _checked(self, column: pl.Series, name: str, mapping: Mapped) -> pl.Series:
        dtype, info = self._table.field(name).dtype, self._model.model_fields[name]
        whole = column.dtype == dtype or (
            dtype == pl.Int64() and column.dtype.is_integer() and column.dtype != pl.UInt64
        )
        full = mapping.nullable or not column.null_count()
        if whole and full and mapping.dtype == dtype and _says_all(info, self._config):
            return column.cast(dtype)
        given = column.to_list()
        if mapping.is_json:
            given = [parsed_json(value) for value in given]
        return self._stored(name, mapping, self._valid(name, given))

    def _valid(self, name: str, given: list[Any]) -> list[Any]:
        try:
            return self._adapter(name).validate_python(given)
        except ValidationError as error:
            raise InputError(explained(error, self._table.name, many=True, field=name)) from error

    def _stored(self, name: str, mapping: Mapped, valid: list[Any], times: int | None = None) -> pl.Series:
        """Return the column of validated values; of one value, so many times."""
        plain = []
        for place, value in enumerate(valid):
            try:
                plain.append(value if value is None or mapping.to_plain is None else mapping.to_plain(value))
            except (InputError, OverflowError) as error:
                raise InputError(f'{at(place)}{self._table.name}, field "{name}": {error}') from error
        column = values.column(name, plain, self._table.field(name).dtype)
        return column if times is None else column.new_from_index(0, times)

    def _adapter(self, name: str) -> TypeAdapter[list[Any]]:
        adapter = self._adapters.get(name)
        if adapter is None:
            info = self._model.model_fields[name]
            annotation = Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation
            config = cast(ConfigDict, dict(self._model.model_config))
            adapter = self._adapters[name] = TypeAdapter(list[annotation], config=config)  # type: ignore[valid-type]
        return adapter


def _says_all(info: FieldInfo, config: Mapping[str, Any]) -> bool:
    """Say whether every value of the column's type is a value of the field."""
    if info.metadata or config:
        return False
    parts = [a for a in getattr(info.annotation, "__args__", ()) if a is not type(None)]
    return info.annotation in _PLAIN_TYPES or (len(parts) == 1 and parts[0] in _PLAIN_TYPES and _is_optional(info))


def _is_optional(info: FieldInfo) -> bool:
    return type(None) in getattr(info.annotation, "__args__", ())
