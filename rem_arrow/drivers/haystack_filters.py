"""The filters of Haystack as conditions in SQL: comparisons of one field, and AND, OR and NOT of them."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from haystack.errors import FilterError

_COLUMNS = ("id", "content")
_ORDERED = (">", ">=", "<", "<=")


def condition(filters: dict[str, Any] | None) -> tuple[str, dict[str, Any]]:
    """Return the condition that a filter is, and its parameters; TRUE without one. Raises FilterError."""
    parameters: dict[str, Any] = {}
    return (_condition(filters, parameters) if filters else "TRUE"), parameters


def _condition(filters: Any, parameters: dict[str, Any]) -> str:
    if not isinstance(filters, dict):
        raise FilterError(f"a filter is a dict, not {filters!r}")
    if "field" in filters:
        return _comparison(filters, parameters)
    for key in ("operator", "conditions"):
        if key not in filters:
            raise FilterError(f"{key!r} is missing in {filters}")
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
    """Return a comparison that is never NULL."""
    for key in ("operator", "value"):
        if key not in filters:
            raise FilterError(f"{key!r} is missing in {filters}")
    field, operator, value = _Field(str(filters["field"]), parameters), filters["operator"], filters["value"]
    if operator == "==":
        return field.equals(value)
    if operator == "!=":
        return f"(NOT {field.equals(value)})"
    if operator in ("in", "not in"):
        if not isinstance(value, list):
            raise FilterError(f"{operator!r} takes a list, not {value!r}")
        among = f"({' OR '.join(field.equals(item) for item in value) or 'FALSE'})"
        return among if operator == "in" else f"(NOT {among})"
    if operator in _ORDERED:
        return field.ordered(operator, value)
    raise FilterError(f"{operator!r} is no operator; they are ==, !=, in, not in, {', '.join(_ORDERED)}")


class _Field:
    """A column, or a part of the metadata."""

    def __init__(self, name: str, parameters: dict[str, Any]) -> None:
        self._parameters = parameters
        if name in _COLUMNS:
            self._kind, self._text, self._json = "'VARCHAR'", name, f"to_json({name})"
            return
        path = "".join(f".{json.dumps(part)}" for part in name.removeprefix("meta.").split("."))
        key = self._given(f"${path}")
        self._kind, self._text = f"json_type(meta, {key})", f"json_extract_string(meta, {key})"
        self._json = f"json_extract(meta, {key})"

    def equals(self, value: Any) -> str:
        """Return whether the field is a value; one that is missing is None."""
        if value is None:
            return f"({self._text} IS NULL)"
        if isinstance(value, str):
            return self._of("'VARCHAR'", f"{self._text} = {self._given(value)}")
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return self._compared("=", value)
        return f"coalesce({self._json} = {self._given(json.dumps(value))}::JSON, FALSE)"

    def ordered(self, operator: str, value: Any) -> str:
        """Return how the field compares with a number or a time; nothing compares with None. Raises FilterError."""
        if value is None:
            return "FALSE"
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return self._compared(operator, value)
        try:
            moment = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
        except ValueError:
            moment = None
        if not isinstance(moment, dt.datetime):
            raise FilterError(f"{operator} takes a number or a time in ISO 8601, not {value!r}")
        if moment.tzinfo is not None:
            moment = moment.astimezone(dt.timezone.utc).replace(tzinfo=None)
        return self._of("'VARCHAR'", f"TRY_CAST({self._text} AS TIMESTAMP) {operator} {self._given(moment)}")

    def _compared(self, operator: str, value: float) -> str:
        number = f"TRY_CAST({self._text} AS DOUBLE) {operator} {self._given(float(value))}"
        return self._of("'BIGINT', 'UBIGINT', 'DOUBLE', 'HUGEINT'", number)

    def _of(self, kinds: str, comparison: str) -> str:
        return f"coalesce({self._kind} IN ({kinds}) AND {comparison}, FALSE)"

    def _given(self, value: Any) -> str:
        name = f"haystack{len(self._parameters)}"
        self._parameters[name] = value
        return f"${name}"
