"""Values by key, as many as fit: what was not used for the longest time makes room. Shared by all threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from cachetools import Cache, LRUCache

K = TypeVar("K")
V = TypeVar("V")


class LruCache(Generic[K, V]):
    """A cachetools.LRUCache with its lock.

    Args:
        size_max: of all values together.
        size_of: the size of a value, at most `size_max`; 1 by default, so that `size_max` is their number.
        evicted: told of each value that makes room for another, under the lock.
    """

    def __init__(
        self,
        size_max: int,
        *,
        size_of: Callable[[V], int] | None = None,
        evicted: Callable[[V], None] | None = None,
    ) -> None:
        self._entries: LRUCache[K, V] = (
            LRUCache(size_max, size_of) if evicted is None else _Told(size_max, size_of, evicted)
        )
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """The size of all values together."""
        return int(self._entries.currsize)

    def get(self, key: K) -> V | None:
        # Most columns are looked for in vain before their pages: without the lock, and without an error.
        if key not in self._entries:
            return None
        with self._lock:
            try:
                return self._entries[key]
            except KeyError:
                return None

    def put(self, key: K, value: V) -> None:
        with self._lock:
            self._entries[key] = value

    def pop(self, key: K) -> V | None:
        """Take out a value, and return it."""
        with self._lock:
            return self._entries.pop(key, None)

    def remove(self, belongs: Callable[[K], bool]) -> list[V]:
        """Take out the values whose key `belongs`, and return them."""
        with self._lock:
            return [self._entries.pop(key) for key in list(self._entries) if belongs(key)]

    def items(self) -> list[tuple[K, V]]:
        """Return what is there, in the order in which it came; it counts as no use."""
        with self._lock:
            return [(key, Cache.__getitem__(self._entries, key)) for key in self._entries]

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()


class _Told(LRUCache[K, V]):
    """Tells of what makes room; cachetools calls `popitem` for that, and for nothing else."""

    def __init__(self, size_max: int, size_of: Callable[[V], int] | None, evicted: Callable[[V], None]) -> None:
        super().__init__(size_max, size_of)
        self._evicted = evicted

    def popitem(self) -> tuple[K, V]:
        key, value = super().popitem()
        self._evicted(value)
        return key, value
