"""What arguments must be: each check returns the value, or raises an InputError of one sentence."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from rem_arrow.base import utf8
from rem_arrow.base.errors import InputError


def whole(value: object, name: str, *, least: int = 1, most: int | None = None) -> int:
    """Return a whole number from `least` to `most`; a bool is none."""
    if isinstance(value, int) and not isinstance(value, bool) and least <= value and (most is None or value <= most):
        return value
    bounds = f"of at least {least:,}" if most is None else f"from {least:,} to {most:,}"
    raise InputError(f"{name} is a whole number {bounds}, not {value!r}")


def limit(value: object) -> int | None:
    """Return the most rows that are asked for: a whole number, 0 included, or None for all."""
    return None if value is None else whole(value, "limit", least=0)


def number(value: object, name: str, *, within: tuple[float, float] | None = None) -> float:
    """Return a number, within bounds where they are given; a bool is none, and NaN is within no bounds."""
    fits = isinstance(value, (int, float)) and not isinstance(value, bool)
    if fits and (within is None or within[0] <= cast("float", value) <= within[1]):
        return cast("float", value)
    bounds = "" if within is None else f" from {within[0]:g} to {within[1]:g}"
    raise InputError(f"{name} is a number{bounds}, not {value!r}")


def finite(value: object, name: str) -> float:
    """Return a number that is neither infinite nor NaN."""
    if math.isfinite(number(value, name)):
        return cast("float", value)
    raise InputError(f"{name} is a finite number, not {value!r}")


def text(value: object, name: str, *, blank: bool = True) -> str:
    """Return a text that is not empty; without `blank` it holds more than spaces."""
    if isinstance(value, str) and (value if blank else value.strip()):
        utf8.encoded(value, name)
        return value
    raise InputError(f"{name} is a text that is not empty, not {value!r}")


def mapping(value: object, name: str) -> dict[str, Any]:
    """Return what has a name for each value as a dict; None is an empty one."""
    if value is None or isinstance(value, Mapping):
        return dict(value or {})
    raise InputError(f"{name} is a dict, not {value!r:.80}")


def names(value: object, name: str) -> list[str]:
    """Return names as a list. Raises InputError for anything else, one text among it."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise InputError(f"{name} is a list of names, not {value!r}")
    return list(value)


def path(value: object) -> Path:
    """Return a path, given as a text or as one."""
    if isinstance(value, (str, os.PathLike)):
        return Path(value)
    raise InputError(f"a path is a text or a pathlib.Path, not {value!r:.80}")


def one_of(value: object, name: str, choices: Sequence[str]) -> str:
    """Return a text that is one of several."""
    if value in choices:
        return cast("str", value)
    *others, last = map(repr, choices)
    raise InputError(f"{name} is {', '.join(others)} or {last}, not {value!r}")
