"""What is wrong with rows, as Pydantic found it: which field of which row, and why."""

from __future__ import annotations

from typing import cast

from pydantic import ValidationError

_ERRORS_SHOWN_MAX = 5
_CHARACTERS_MAX = 80


def explained(error: ValidationError, table: str, *, many: bool, field: str | None = None) -> str:
    """Return what is wrong, a line for each value.

    Args:
        many: rows were validated, and errors name theirs.
        field: the values are those of one field.
    """
    errors = error.errors(include_url=False, include_context=False)
    lines = []
    for e in errors[:_ERRORS_SHOWN_MAX]:
        loc = list(e["loc"])
        place = cast(int, loc.pop(0)) if many and loc else None
        where = ".".join(str(x) for x in (loc if field is None else (field, *loc))) or "(whole row)"
        shown = _shown(e["input"])
        cut = "..." if len(shown) > _CHARACTERS_MAX else ""
        lines.append(f'{at(place)}{table}, field "{where}": {e["msg"]} (got {shown[:_CHARACTERS_MAX]}{cut})')
    more = [f"and {len(errors) - _ERRORS_SHOWN_MAX} more"] if len(errors) > _ERRORS_SHOWN_MAX else []
    return "\n".join(lines + more)


def at(place: int | None) -> str:
    """Return how an error begins that names a row by its place, from 0."""
    return "" if place is None else f"row {place}: "


def _shown(value: object) -> str:
    try:
        return repr(value)
    except RecursionError:
        return f"a {type(value).__name__} of great depth"
