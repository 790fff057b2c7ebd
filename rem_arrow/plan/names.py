"""Names for columns that are unique in one statement."""

from __future__ import annotations

from collections.abc import Iterable


class Names:
    """Gives out names that nobody has yet."""

    def __init__(self, used: Iterable[str] = ()) -> None:
        self._used = set(used)

    def count(self) -> int:
        """Return how many names are in use."""
        return len(self._used)

    def fresh(self, wanted: str) -> str:
        name, n = wanted, 1
        while name in self._used:
            n += 1
            name = f"{wanted}#{n}"
        self._used.add(name)
        return name
