"""Where nextval and currval get their numbers while a statement is lowered: the sequences of the database that it
reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol


class NumberSource(Protocol):
    """Sequences, by their numbers in the catalog."""

    def check_writable(self) -> None:
        """Raise InputError where no number may be given out."""

    def take(self, number: int, count: int) -> list[int]:
        """Return the next numbers."""

    def latest(self, number: int) -> int:
        """Return the number that was given last."""


_source: ContextVar[NumberSource | None] = ContextVar("number source", default=None)


def number_source() -> NumberSource | None:
    """Return the sequences of the statement that is lowered; None where there are none."""
    return _source.get()


@contextmanager
def numbering(source: NumberSource) -> Iterator[None]:
    """Lower a statement over a database with these sequences."""
    before = _source.set(source)
    try:
        yield
    finally:
        _source.reset(before)
