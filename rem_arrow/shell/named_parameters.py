"""The parameters of a statement as the command line gives them: NAME=VALUE."""

from __future__ import annotations

from rem_arrow.base.errors import InputError


def named_parameters(params: list[str]) -> dict[str, object]:
    """Return the values by name; numbers are numbers. Raises InputError."""
    values: dict[str, object] = {}
    for item in params:
        name, equals, text = item.partition("=")
        if not equals or not name:
            raise InputError(f"--param takes NAME=VALUE, not {item!r}")
        values[name] = _value(text)
    return values


def _value(text: str) -> object:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
