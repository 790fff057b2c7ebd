"""The versions that somebody reads."""

from __future__ import annotations

import threading
import weakref

from rem_arrow.storage.version import Version


class Pins:
    """The versions that are held; one that nobody refers to any more goes by itself. Safe in many threads."""

    def __init__(self) -> None:
        self._versions: weakref.WeakSet[Version] = weakref.WeakSet()
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        return bool(self._versions)

    def hold(self, version: Version) -> None:
        """Keep what a version reads for as long as someone holds it."""
        with self._lock:
            self._versions.add(version)

    def all(self) -> list[Version]:
        """Return the versions that are held."""
        with self._lock:
            return list(self._versions)

    def parts(self) -> set[tuple[int, int]]:
        """Return the parts that the versions have, each a table and a number."""
        return {
            (number, view.part.number)
            for version in self.all()
            for number, tv in version.tables.items()
            if tv.damage is None
            for view in tv.parts
        }
