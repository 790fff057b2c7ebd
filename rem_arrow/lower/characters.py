"""Characters as a reader counts them, without their marks; and the parts of paths."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import polars as pl

from rem_arrow.base.errors import ExecuteError
from rem_arrow.language.graphemes import graphemes
from rem_arrow.lower.distinct import over_distinct

_SEPARATORS = {"system": "/", "forward_slash": "/", "backslash": "\\", "both_slash": "/\\"}


def _left(text: str, count: int) -> str:
    return "".join(graphemes(text)[:count])


def _right(text: str, count: int) -> str:
    parts = graphemes(text)
    return "".join(parts[max(len(parts) - count, 0) :] if count >= 0 else parts[-count:])


def _substring(text: str, start: int, length: int | None = None) -> str:
    parts = graphemes(text)
    first = start - 1 if start > 0 else len(parts) + start if start < 0 else -1
    stop = len(parts) if length is None else first + length
    first, stop = min(first, stop), max(first, stop)
    return "".join(parts[max(first, 0) : max(stop, 0)])


def _stripped(text: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn")
    return unicodedata.normalize("NFC", bare)


def _split_path(path: str, separator: str) -> list[str]:
    if separator not in _SEPARATORS:
        raise ExecuteError(f"'{separator}' is not a separator of paths; it is one of {', '.join(_SEPARATORS)}")
    for other in _SEPARATORS[separator]:
        path = path.replace(other, "\0")
    return path.split("\0")


def _filename(path: str, trim: object = False, separator: str = "both_slash") -> str:
    """The last part of a path, with `trim` without what follows its last dot. A text in place of `trim` is the
    separator."""
    if isinstance(trim, str) and trim.lower() not in ("true", "false"):
        separator, trim = trim, False
    name = _split_path(path, separator)[-1]
    trimmed = trim is True or str(trim).lower() == "true"
    return name.rpartition(".")[0] if trimmed and "." in name else name


def _dirname(path: str, separator: str = "both_slash") -> str:
    first, *rest = _split_path(path, separator)
    return (first or path[:1]) if rest else ""


def _path_parts(path: str, separator: str = "both_slash") -> list[str]:
    """The parts that are not empty; where the first one is, the separator that the path begins with."""
    first, *rest = _split_path(path, separator)
    return [p for p in (first or path[:1], *rest) if p]


def _dirpath(path: str, separator: str = "both_slash") -> str:
    parts = _split_path(path, separator)
    return path[: len(path) - len(parts[-1]) - 1] if len(parts) > 1 else ""


def _joined_path(*parts: str) -> str:
    found = ""
    for part in parts:
        if part:
            found = part if part.startswith("/") or not found else f"{found.rstrip('/')}/{part}"
    return found


def _overlay(text: str, new: str, start: int, length: int | None = None) -> str:
    """Put `new` over what stands from `start`, as long as itself or `length`."""
    first = max(start - 1, 0)
    return text[:first] + new + text[first + (len(new) if length is None else length) :]


def _lowering(function: Callable[..., object]) -> Callable[[list[pl.Expr], list[pl.DataType], pl.DataType], pl.Expr]:
    return lambda args, _types, result: over_distinct(function, result)(*args)


CHARACTERS = {
    "left_grapheme": _lowering(_left),
    "right_grapheme": _lowering(_right),
    "length_grapheme": _lowering(lambda text: len(graphemes(text))),
    "substring_grapheme": _lowering(_substring),
    "strip_accents": _lowering(_stripped),
    "nfc_normalize": _lowering(lambda text: unicodedata.normalize("NFC", text)),
    "unicode": _lowering(lambda text: ord(text[0]) if text else -1),
    "overlay": _lowering(_overlay),
    "initcap": lambda args, _types, _result: args[0].str.to_titlecase(),
    "parse_filename": _lowering(_filename),
    "parse_dirname": _lowering(_dirname),
    "parse_dirpath": _lowering(_dirpath),
    "parse_path": _lowering(_path_parts),
    "path_join": _lowering(_joined_path),
}
