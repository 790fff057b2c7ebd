"""The filters of Haystack as conditions in SQL: comparisons of one field, and AND, OR and NOT of them."""

from __future__ import annotations

from typing import Any

from haystack.errors import FilterError

from rem_arrow.base.errors import InputError
from rem_arrow.drivers.metadata_field import ORDERS, MetadataField

_COLUMNS = ("id", "content")


def condition(filters: dict[str, Any] | None) -> tuple[str, dict[str, Any]]:
    """Return the condition that a filter is, and its parameters; TRUE without one. Raises FilterError."""
    parameters: dict[str, Any] = {}
    return (_condition(filters, parameters) if filters else "TRUE"), parameters


def _condition(filters: Any, parameters: dict[str, Any]) -> str:
    if not isinstance(filters, dict):
        raise FilterError(f"a filter is a dict, not {filters!r}")
    is_comparison = "field" in filters
    for key in ("operator", "value" if is_comparison else "conditions"):
        if key not in filters:
            raise FilterError(f"{key!r} is missing in {filters}")
    if is_comparison:
        return _comparison(filters, parameters)
    terms = [_condition(term, parameters) for term in filters["conditions"]]
    match filters["operator"]:
        case "AND":
            return f"({' AND '.join(terms) or 'TRUE'})"
        case "OR":
            return f"({' OR '.join(terms) or 'FALSE'})"
        case "NOT":
            return f"(NOT ({' AND '.join(terms) or 'TRUE'}))"
        case other:
            raise FilterError(f"{other!r} is no operator of conditions; they are AND, OR and NOT")


def _comparison(filters: dict[str, Any], parameters: dict[str, Any]) -> str:
    name, operator, value = str(filters["field"]), filters["operator"], filters["value"]
    path = [] if name in _COLUMNS else name.removeprefix("meta.").split(".")
    field = MetadataField(path, parameters, column="meta" if path else name)
    if operator in ("in", "not in") and not isinstance(value, list):
        raise FilterError(f"{operator!r} takes a list, not {value!r}")
    try:
        match operator:
            case "==":
                return field.equals(value)
            case "!=":
                return f"(NOT {field.equals(value)})"
            case "in":
                return field.among(value)
            case "not in":
                return f"(NOT {field.among(value)})"
            case ">" | ">=" | "<" | "<=":
                return field.ordered(operator, value)
    except InputError as error:
        raise FilterError(str(error)) from error
    raise FilterError(f"{operator!r} is no operator; they are ==, !=, in, not in, {', '.join(ORDERS)}")
