"""How much a test tries: all of it in `make test-all`, or where long tests are selected; a part in `make test`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

import pytest

T = TypeVar("T")
_PART = 3
# Whether long tests are deselected; pytest's configuration decides it (tests/conftest.py) before any test is imported.
brief = False


def examples(count: int, *, least: int = 3) -> int:
    """Return how many examples, rounds or kills a test tries: `count`, or a third where long tests do not run.

    Args:
        least: fewer are never tried, unless `count` is less itself.
    """
    return min(count, max(count // _PART, least)) if brief else count


def sample(items: Iterable[T]) -> list[T]:
    """Return what a test asks one after the other: all items, or every third where long tests do not run."""
    return list(items)[:: _PART if brief else 1]


def some(cases: Sequence[object], *, first: int = 0, every: int = _PART) -> list[object]:
    """Return the cases of `pytest.mark.parametrize`; those that are not every third are marked long.

    Args:
        cases: a tuple holds several arguments.
        first: the first that is not long.
        every: the distance between two that are not.
    """
    return [case if i % every == first else _long(case) for i, case in enumerate(cases)]


def _long(case: object) -> object:
    return pytest.param(*case if isinstance(case, tuple) else [case], marks=pytest.mark.long)
