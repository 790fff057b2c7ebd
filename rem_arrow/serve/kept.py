"""What callers leave open between two calls: transactions, sessions, prepared statements, opened results.

Each has a random id, belongs to the token that opened it, is used by one call at a time, and is given up when it has
not been used for a while.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from rem_arrow.base.errors import InputError

T = TypeVar("T")

_ID_BYTES = 16


@dataclass(slots=True)
class _Kept(Generic[T]):
    value: T
    owner: str
    end: Callable[[T], object]
    lock: threading.Lock = field(default_factory=threading.Lock)
    used: float = field(default_factory=time.monotonic)


class KeptThings(Generic[T]):
    """Open things of one kind, by id. Safe in many threads.

    Args:
        kind: names one in errors.
        most: how many may be open.
        idle_s: after so long without a call one is given up.
    """

    def __init__(self, kind: str, most: int, idle_s: float) -> None:
        self._kind, self._most, self._idle_s = kind, most, idle_s
        self._lock = threading.Lock()
        self._things: dict[str, _Kept[T]] = {}

    def __len__(self) -> int:
        return len(self._things)

    def __contains__(self, key: str) -> bool:
        return key in self._things

    def keep(self, value: T, owner: str, end: Callable[[T], object]) -> str:
        """Return the id of a thing; `end` gives it up. Raises InputError where there are too many."""
        self.sweep()
        with self._lock:
            if len(self._things) >= self._most:
                end(value)
                raise InputError(f"{self._most:,} {self._kind}s are open on this server; end some, or try again later")
            key = secrets.token_hex(_ID_BYTES)
            self._things[key] = _Kept(value, owner, end)
            return key

    @contextmanager
    def using(self, key: str, owner: str) -> Iterator[T]:
        """Yield a thing, for this call alone. Raises InputError for one that is not there, or of somebody else."""
        thing = self._find(key, owner)
        with thing.lock:
            # It may have ended while it was waited for.
            self._find(key, owner)
            try:
                yield thing.value
            finally:
                thing.used = time.monotonic()

    def take(self, key: str, owner: str) -> T:
        """Return a thing that is no longer kept, without ending it. Raises InputError as `using`."""
        thing = self._find(key, owner)
        with self._lock:
            if self._things.pop(key, None) is None:
                raise self._missing()
        return thing.value

    def end(self, key: str, owner: str) -> None:
        """Give a thing up, after the call that uses it; nothing if it is not there. Raises InputError for one of
        somebody else."""
        if key in self._things:
            thing = self._find(key, owner)
            with thing.lock:
                self._drop(key, thing)

    def sweep(self) -> None:
        """Give up what was not used for too long."""
        before = time.monotonic() - self._idle_s
        for key, thing in list(self._things.items()):
            if thing.used < before and thing.lock.acquire(blocking=False):
                try:
                    self._drop(key, thing)
                finally:
                    thing.lock.release()

    def close(self) -> None:
        """Give up all."""
        for key, thing in list(self._things.items()):
            self._drop(key, thing)

    def _drop(self, key: str, thing: _Kept[Any]) -> None:
        with self._lock:
            if self._things.pop(key, None) is None:
                return
        thing.end(thing.value)

    def _find(self, key: str, owner: str) -> _Kept[T]:
        with self._lock:
            thing = self._things.get(key)
        if thing is None or thing.owner != owner:
            raise self._missing()
        return thing

    def _missing(self) -> InputError:
        return InputError(
            f"there is no such {self._kind}: it has ended, was not used for {self._idle_s:g} seconds, or the server "
            "was started again"
        )
