"""Errors as messages: a RemError leaves one side and arrives at the other as the same class with the same fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rem_arrow.base import errors
from rem_arrow.base.errors import RemError, TextError

_CLASSES: dict[str, type[RemError]] = {
    of.__name__: of
    for of in (
        errors.RemError,
        errors.TextError,
        errors.ParseError,
        errors.BindError,
        errors.UnsupportedError,
        errors.InputError,
        errors.ConstraintError,
        errors.ExecuteError,
        errors.CorruptionError,
        errors.ConflictError,
        errors.LanguageError,
    )
}


def written(error: RemError) -> dict[str, Any]:
    """Return an error as JSON: the nearest class that both sides know, and its fields."""
    name = next(c.__name__ for c in type(error).__mro__ if c.__name__ in _CLASSES)
    if not isinstance(error, TextError):
        return {"kind": name, "message": str(error)}
    fields = {"text": error.text, "start": error.start, "end": error.end, "hint": error.hint}
    return {"kind": name, "message": error.message, **fields}


def read(content: Mapping[str, Any]) -> RemError:
    """Return the error that `written` was given."""
    of = _CLASSES.get(str(content.get("kind")), RemError)
    message = str(content.get("message"))
    if issubclass(of, TextError):
        text, start, end = content.get("text"), content.get("start"), content.get("end")
        return of(message, text, start, end, hint=str(content.get("hint") or ""))
    return of(message)
