"""Names for columns that are unique in one statement."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property


class Names:
    """Gives out names that nobody has yet. The names in use are read when the first is asked for: most rules ask for
    none."""

    def __init__(self, used: Iterable[str] = ()) -> None:
        self._given = used

    @cached_property
    def _used(self) -> set[str]:
        return set(self._given)

    def count(self) -> int:
        """Return how many names are in use."""
        return len(self._used)

    def fresh(self, base: str) -> str:
        """Return `base`, with a number if it is in use."""
        name, n = base, 1
        while name in self._used:
            n += 1
            name = f"{base}#{n}"
        self._used.add(name)
        return name
