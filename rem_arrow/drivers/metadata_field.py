"""Conditions on a field of documents that a framework stores: a column, or a part of their metadata, which is JSON.

No condition is NULL: what is missing is None, and equals nothing else. Names and values are parameters of the
statement.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from rem_arrow.base.errors import InputError
from rem_arrow.base.json_paths import key_path
from rem_arrow.base.quoting import identifier

Order: TypeAlias = Literal[">", ">=", "<", "<="]
ORDERS: tuple[Order, ...] = (">", ">=", "<", "<=")
_NUMBERS = "'BIGINT', 'UBIGINT', 'DOUBLE', 'HUGEINT'"


class MetadataField:
    """A field.

    Args:
        path: the names that lead to it in the metadata.
        parameters: takes the values of the conditions.
        column: of the metadata; without a path the field itself, a text.
    """

    def __init__(self, path: Sequence[str], parameters: dict[str, Any], *, column: str) -> None:
        self._parameters = parameters
        if not path:
            self._kind, self._text, self._json = "'VARCHAR'", identifier(column), f"to_json({identifier(column)})"
            return
        steps = "".join(key_path(name).removeprefix("$") for name in path)
        place = f"{identifier(column)}, {self._given('$' + steps)}"
        self._kind, self._text, self._json = (
            f"{function}({place})" for function in ("json_type", "json_extract_string", "json_extract")
        )

    def equals(self, value: Any) -> str:
        """Return whether the field is a value."""
        if value is None:
            return f"({self._text} IS NULL)"
        if isinstance(value, str):
            return self._of("'VARCHAR'", f"{self._text} = {self._given(value)}")
        if _is_number(value):
            return self._number("=", value)
        return f"coalesce({self._json} = {self._as_json(value)}, FALSE)"

    def among(self, values: Sequence[Any]) -> str:
        """Return whether the field is one of some values."""
        return f"({' OR '.join(self.equals(value) for value in values) or 'FALSE'})"

    def ordered(self, order: Order, value: Any) -> str:
        """Return how the field compares with a number or a time; nothing compares with None. Raises InputError."""
        if value is None:
            return "FALSE"
        if _is_number(value):
            return self._number(order, value)
        try:
            moment = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
        except ValueError:
            moment = None
        if not isinstance(moment, dt.datetime):
            raise InputError(f"{order} takes a number or a time in ISO 8601, not {value!r:.80}")
        if moment.tzinfo is not None:
            moment = moment.astimezone(dt.timezone.utc).replace(tzinfo=None)
        return self._of("'VARCHAR'", f"TRY_CAST({self._text} AS TIMESTAMP) {order} {self._given(moment)}")

    def holds(self, value: Any) -> str:
        """Return whether the field is a list with a value in it."""
        return self._of("'ARRAY'", f"json_contains({self._json}, {self._as_json(value)})")

    def is_empty(self) -> str:
        """Return whether the field is missing, None or an empty list."""
        return f"({self._text} IS NULL OR {self.equals([])})"

    def matches(self, text: str, *, cased: bool) -> str:
        """Return whether the field is a text that a text is part of."""
        field, part = (self._text, self._given(text)) if cased else (f"lower({self._text})", self._given(text.lower()))
        return self._of("'VARCHAR'", f"contains({field}, {part})")

    def _of(self, kinds: str, condition: str) -> str:
        return f"coalesce({self._kind} IN ({kinds}) AND {condition}, FALSE)"

    def _number(self, operator: str, value: float) -> str:
        return self._of(_NUMBERS, f"TRY_CAST({self._text} AS DOUBLE) {operator} {self._given(float(value))}")

    def _as_json(self, value: Any) -> str:
        return f"{self._given(metadata_json(value))}::JSON"

    def _given(self, value: Any) -> str:
        name = f"metadata{len(self._parameters)}"
        self._parameters[name] = value
        return f"${name}"


def metadata_json(value: object) -> str:
    """Return metadata, or a value of it, as JSON. Raises InputError."""
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InputError(f"metadata is JSON, and this is not: {error}") from error


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
