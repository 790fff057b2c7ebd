"""The JSON schema of a model, which the catalog keeps, and a model made from it: rows are accepted and refused alike
with and without the class.

What JSON Schema cannot say stands under the key "rem" of a field's schema: zones of times, digits of decimals, strict
fields, aliases, settings of a model's config. Validators and default factories are Python, and are not kept: a field
whose default a function makes is required without the class.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Union, cast
from uuid import UUID

import pydantic
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    create_model,
)
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, JsonSchemaWarningKind
from pydantic_core import CoreSchema, PydanticUndefined, core_schema, to_jsonable_python

from rem_arrow.base.datatypes import Json
from rem_arrow.model.fields import EMPTY

_HINTS = "rem"
_CONFIG = ("str_strip_whitespace", "str_to_lower", "str_to_upper", "str_min_length", "str_max_length", "strict")
_CONFIG_MORE = ("allow_inf_nan", "coerce_numbers_to_str")
_BOUNDS = ("gt", "ge", "lt", "le", "multiple_of", "strict", "allow_inf_nan", "max_digits", "decimal_places")
_TEXTS = ("strip_whitespace", "to_lower", "to_upper", "strict")
_TIMES = ("tz_constraint", "now_op", "gt", "ge", "lt", "le", "strict")
_KEYWORDS = {
    "minimum": "ge",
    "exclusiveMinimum": "gt",
    "maximum": "le",
    "exclusiveMaximum": "lt",
    "multipleOf": "multiple_of",
}
_SCHEMAS_MAX = 256


class _Generator(GenerateJsonSchema):
    """Pydantic's writer of JSON schemas, with what these cannot say."""

    ignored_warning_kinds: ClassVar[set[JsonSchemaWarningKind]] = {  # type: ignore[misc]
        "skipped-choice",
        "non-serializable-default",
    }

    def int_schema(self, schema: core_schema.IntSchema) -> JsonSchemaValue:
        return _hinted(super().int_schema(schema), schema, ("strict",))

    def float_schema(self, schema: core_schema.FloatSchema) -> JsonSchemaValue:
        return _hinted(super().float_schema(schema), schema, ("strict", "allow_inf_nan"))

    def bool_schema(self, schema: core_schema.BoolSchema) -> JsonSchemaValue:
        return _hinted(super().bool_schema(schema), schema, ("strict",))

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        return _hinted(super().str_schema(schema), schema, _TEXTS)

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        return _hinted(super().decimal_schema(schema), schema, _BOUNDS, type="decimal")

    def datetime_schema(self, schema: core_schema.DatetimeSchema) -> JsonSchemaValue:
        return _hinted(super().datetime_schema(schema), schema, _TIMES)

    def date_schema(self, schema: core_schema.DateSchema) -> JsonSchemaValue:
        return _hinted(super().date_schema(schema), schema, _TIMES)

    def time_schema(self, schema: core_schema.TimeSchema) -> JsonSchemaValue:
        return _hinted(super().time_schema(schema), schema, _TIMES)

    def timedelta_schema(self, schema: core_schema.TimedeltaSchema) -> JsonSchemaValue:
        return _hinted(super().timedelta_schema(schema), schema, ("gt", "ge", "lt", "le", "strict"))

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        factory = schema.get("default_factory")
        json = super().default_schema(schema)
        return {**json, "default": to_jsonable_python(factory())} if factory in EMPTY else json  # type: ignore[operator,misc]

    def model_field_schema(self, schema: core_schema.ModelField) -> JsonSchemaValue:
        json, alias = super().model_field_schema(schema), schema.get("validation_alias")
        return {**json, _HINTS: {**json.get(_HINTS, {}), "alias": alias}} if isinstance(alias, str) else json

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        config = cast("dict[str, Any]", schema.get("config", {}))
        kept = {k: config[k] for k in (*_CONFIG, *_CONFIG_MORE) if isinstance(config.get(k), (bool, int))}
        json = super().model_schema(schema)
        return {**json, _HINTS: {"config": kept}} if kept else json

    def handle_invalid_for_json_schema(self, schema: CoreSchema, error_info: str) -> JsonSchemaValue:
        return {}


def _hinted(json: JsonSchemaValue, schema: Mapping[str, Any], keys: Sequence[str], **more: str) -> JsonSchemaValue:
    """Return a schema with the settings of these names under "rem"."""
    hints = {k: to_jsonable_python(schema[k]) for k in keys if schema.get(k) is not None}
    return {**json, _HINTS: {**more, **hints}} if hints or more else json


@lru_cache(_SCHEMAS_MAX)
def schema_of(model: type[BaseModel]) -> Json:
    """Return the JSON schema of a model as the catalog keeps it."""
    return cast(Json, to_jsonable_python(model.model_json_schema(by_alias=False, schema_generator=_Generator)))


def deciding(schema: Json, fields: Sequence[str]) -> Json:
    """Return what of a schema decides whether values of these fields fit: no words, and no defaults."""
    whole = cast("dict[str, Any]", schema)
    own = whole if "properties" in whole else whole.get("$defs", {}).get(whole.get("$ref", "").rpartition("/")[2], {})
    kept = {name: own["properties"][name] for name in fields if name in own.get("properties", {})}
    checked = {name: {k: v for k, v in s.items() if k != "default"} for name, s in kept.items()}
    others = {k: v for k, v in whole.get("$defs", {}).items() if v is not own}
    return _without_words(cast(Json, {"properties": checked, "$defs": others, _HINTS: own.get(_HINTS)}))


def _without_words(schema: Json) -> Json:
    """Return a schema without titles, descriptions and examples."""
    match schema:
        case dict():
            # A field may have the name "title", and stands below "properties".
            return {
                k: {n: _without_words(s) for n, s in v.items()}
                if k in ("properties", "$defs") and isinstance(v, dict)
                else _without_words(v)
                for k, v in schema.items()
                if k not in ("title", "description", "examples")
            }
        case list():
            return [_without_words(v) for v in schema]
        case _:
            return schema


class SchemaReader:
    """Annotations and defaults of the fields of one schema."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._definitions = cast("dict[str, Any]", schema.get("$defs", {}))
        self._models: dict[str, Any] = {}
        self._schema = self._resolved(schema)
        self.config = _config(self._schema)

    @property
    def properties(self) -> dict[str, Any]:
        """The schema of each field."""
        return cast("dict[str, Any]", self._schema.get("properties", {}))

    def field(self, name: str) -> tuple[Any, FieldInfo]:
        """Return the annotation of a field, and what is known beside it."""
        return self._field(self.properties[name])

    def _field(self, schema: Mapping[str, Any]) -> tuple[Any, FieldInfo]:
        annotation = self._annotation(schema)
        alias = schema.get(_HINTS, {}).get("alias")
        default = _validated(annotation, schema["default"]) if "default" in schema else PydanticUndefined
        return annotation, cast(FieldInfo, Field(default, alias=alias, description=schema.get("description")))

    def _annotation(self, schema: Mapping[str, Any]) -> Any:
        if schema.get(_HINTS, {}).get("type") == "decimal":
            return _bounded(Decimal, schema)
        if "$ref" in schema:
            return self._referenced(schema["$ref"].rpartition("/")[2])
        if len(schema.get("allOf", ())) == 1:
            return self._annotation(schema["allOf"][0])
        options = [schema["const"]] if "const" in schema else schema.get("enum")
        if options is not None:
            plain = all(isinstance(o, (str, int, bool, type(None))) for o in options)
            return Literal[tuple(options)] if plain else Any  # type: ignore[valid-type]
        for key in ("anyOf", "oneOf"):
            if key in schema:
                return Union[tuple(self._annotation(s) for s in schema[key])]  # noqa: UP007
        match schema.get("type"):
            case "integer":
                return _bounded(int, schema)
            case "number":
                return _bounded(float, schema)
            case "boolean":
                return _bounded(bool, schema)
            case "null":
                return None
            case "string":
                return _text(schema)
            case "array":
                return self._list(schema)
            case "object":
                return self._object(schema)
            case _:
                return Any

    def _list(self, schema: Mapping[str, Any]) -> Any:
        if "prefixItems" in schema:
            return tuple[tuple(self._annotation(s) for s in schema["prefixItems"])]  # type: ignore[misc]
        item = self._annotation(schema["items"]) if schema.get("items") else Any
        listed = set[item] if schema.get("uniqueItems") else list[item]  # type: ignore[valid-type]
        return _sized(listed, schema.get("minItems"), schema.get("maxItems"))

    def _object(self, schema: Mapping[str, Any]) -> Any:
        if "properties" in schema:
            return self._model(schema)
        values = schema.get("additionalProperties")
        of = self._annotation(values) if isinstance(values, dict) else Any
        return _sized(dict[str, of], schema.get("minProperties"), schema.get("maxProperties"))  # type: ignore[valid-type]

    def _referenced(self, name: str) -> Any:
        if name not in self._models:
            # What holds itself is anything: its column holds JSON.
            self._models[name] = Any
            definition = self._definitions.get(name, {})
            made = self._annotation(definition)
            # Of its own definition is an enum, whose members are taken as its values are; a Literal stands in place.
            is_enum = made is not Any and ("enum" in definition or "const" in definition)
            self._models[name] = Annotated[made, BeforeValidator(_member_value)] if is_enum else made
        return self._models[name]

    def _model(self, schema: Mapping[str, Any]) -> type[BaseModel]:
        extra = {False: "forbid", True: "allow"}.get(schema.get("additionalProperties", None), "ignore")  # type: ignore[call-overload]
        fields = {name: self._field(inner) for name, inner in schema["properties"].items()}
        config = cast("ConfigDict", {"extra": extra, **_config(schema)})
        model = create_model(schema.get("title", "Struct"), __config__=config, **cast("Any", fields))
        return cast("type[BaseModel]", model)

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        if "$ref" in schema and "properties" not in schema:
            return cast("Mapping[str, Any]", self._definitions[schema["$ref"].rpartition("/")[2]])
        return schema


def _member_value(value: Any) -> Any:
    return value.value if isinstance(value, enum.Enum) else value


def _config(schema: Mapping[str, Any]) -> dict[str, Any]:
    return cast("dict[str, Any]", schema.get(_HINTS, {}).get("config", {}))


def _bounded(of: type, schema: Mapping[str, Any]) -> Any:
    hints = schema.get(_HINTS, {})
    bounds = {k: hints[k] for k in _BOUNDS if k in hints}
    if of is Decimal:
        bounds = {k: Decimal(v) if k in _KEYWORDS.values() else v for k, v in bounds.items()}
    else:
        bounds |= {_KEYWORDS[k]: schema[k] for k in _KEYWORDS if k in schema}
    return _constrained(of, **bounds)


def _constrained(of: Any, **constraints: Any) -> Any:
    """Return a type with the constraints that are not None."""
    given = {k: v for k, v in constraints.items() if v is not None}
    # What is in the Field, for a Field inside of another annotation keeps it to itself.
    return Annotated[(of, *cast(FieldInfo, Field(**given)).metadata)] if given else of


def _sized(of: Any, least: int | None, most: int | None) -> Any:
    return _constrained(of, min_length=least, max_length=most)


_FORMATS: dict[str, Any] = {
    "date": dt.date,
    "date-time": dt.datetime,
    "time": dt.time,
    "duration": dt.timedelta,
    "uuid": UUID,
    "uuid1": pydantic.UUID1,
    "uuid3": pydantic.UUID3,
    "uuid4": pydantic.UUID4,
    "uuid5": pydantic.UUID5,
    "path": Path,
    "file-path": Path,
    "directory-path": Path,
    "ipv4": pydantic.IPvAnyAddress,
    "ipv6": pydantic.IPvAnyAddress,
    "uri": pydantic.AnyUrl,
}
_NOW: dict[tuple[str, str], Any] = {
    ("date-time", "past"): pydantic.PastDatetime,
    ("date-time", "future"): pydantic.FutureDatetime,
    ("date", "past"): pydantic.PastDate,
    ("date", "future"): pydantic.FutureDate,
}
_ZONES = {"aware": pydantic.AwareDatetime, "naive": pydantic.NaiveDatetime}


def _text(schema: Mapping[str, Any]) -> Any:
    hints, form = schema.get(_HINTS, {}), schema.get("format")
    if form == "binary":
        return _sized(bytes, schema.get("minLength"), schema.get("maxLength"))
    if form in _FORMATS:
        of = _NOW.get((form, hints.get("now_op")), _FORMATS[form])
        of = _ZONES.get(hints.get("tz_constraint"), of) if of is dt.datetime else of
        bounds = {k: _validated(of, hints[k]) for k in ("gt", "ge", "lt", "le") if k in hints}
        return _constrained(of, strict=hints.get("strict"), **bounds)
    settings = {k: hints[k] for k in _TEXTS if k in hints}
    pattern, least, most = schema.get("pattern"), schema.get("minLength"), schema.get("maxLength")
    if not settings and pattern is None and least is None and most is None:
        return str
    return Annotated[str, StringConstraints(pattern=pattern, min_length=least, max_length=most, **settings)]


def _validated(annotation: Any, value: Any) -> Any:
    """Return a value in JSON as the Python value that the annotation makes of it; Pydantic checks no defaults, so one
    may not fit."""
    try:
        return TypeAdapter(annotation).validate_python(value)
    except ValidationError:
        return value
