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
from rem_arrow.model.fields import map_annotation, parsed_json
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
        self._config = {k: v for k, v in model.model_config.items() if k not in _HARMLESS}
        self._adapters: dict[str, TypeAdapter[list[Any]]] = {}

    def checked(self, frame: pl.DataFrame, names: Collection[str]) -> pl.DataFrame:
        """Return the frame with the columns that `names` says as they are stored.

        Args:
            frame: in the columns and types of the table; JSON as text.

        Raises:
            InputError: names the row, from 0, and the field.
        """
        found = []
        for name in names:
            info, field = self._model.model_fields[name], self._table.field(name)
            mapping = map_annotation(info.annotation, info.metadata)
            column = frame[name]
            if not (_says_all(info, self._config) and column.dtype == mapping.dtype == field.dtype) or (
                column.null_count() and not mapping.nullable
            ):
                column = self._validated(column, name, mapping)
            found.append(column)
        return frame.with_columns(found)

    def _validated(self, column: pl.Series, name: str, mapping: Mapped) -> pl.Series:
        given = column.to_list()
        if mapping.is_json:
            given = [parsed_json(value) for value in given]
        table, adapter = self._table, self._adapter(name)
        try:
            valid = adapter.validate_python(given)
        except ValidationError as error:
            raise InputError(explained(error, table.name, many=True, field=name)) from error
        convert = mapping.to_plain
        plain = []
        for place, value in enumerate(valid):
            try:
                plain.append(value if value is None or convert is None else convert(value))
            except (InputError, OverflowError) as error:
                raise InputError(f'{at(place)}{table.name}, field "{name}": {error}') from error
        return values.column(name, plain, table.field(name).dtype)

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
