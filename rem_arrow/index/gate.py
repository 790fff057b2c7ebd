"""A gate that many readers pass beside each other, or one writer alone; neither side waits for ever.

Writers go in the order in which they came. A reader that comes while a writer is inside or waits lets one writer go
first; when that writer leaves, all readers that wait are let in before the next writer. So a reader waits for one
writer at most, and a writer for the readers inside. Not reentrant.

Source: phase-fair locks, Brandenburg & Anderson 2010, "Spin-based reader-writer synchronization for multiprocessor
real-time systems".
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Gate:
    """Readers together, writers alone.

    Attributes:
        waited: readers that have had to wait so far.
    """

    def __init__(self) -> None:
        self.waited = 0
        self._changed = threading.Condition(threading.Lock())
        self._readers = 0
        self._readers_waiting = 0
        self._writing = False
        self._writers: deque[object] = deque()
        # Counts how often the waiting readers were let in.
        self._phase = 0

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Be inside beside other readers."""
        with self._changed:
            if self._writing or self._writers:
                self._await_phase()
            else:
                self._readers += 1
        try:
            yield
        finally:
            with self._changed:
                self._readers -= 1
                if not self._readers and self._writers:
                    self._changed.notify_all()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be inside alone."""
        with self._changed:
            self._await_turn()
            self._writing = True
        try:
            yield
        finally:
            with self._changed:
                self._writing = False
                self._admit()

    def _await_phase(self) -> None:
        """Wait until a leaving writer lets the readers in; it has counted this one among `_readers`."""
        phase = self._phase
        self._readers_waiting += 1
        self.waited += 1
        try:
            while self._phase == phase:
                self._changed.wait()
        except BaseException:
            # An interrupt: undo what stands of it, which may be either count.
            if self._phase == phase:
                self._readers_waiting -= 1
            else:
                self._readers -= 1
                self._changed.notify_all()
            raise

    def _await_turn(self) -> None:
        turn = object()
        self._writers.append(turn)
        try:
            while self._writing or self._readers or self._writers[0] is not turn:
                self._changed.wait()
        except BaseException:
            self._writers.remove(turn)
            if not self._writing:
                self._admit()
            raise
        self._writers.popleft()

    def _admit(self) -> None:
        """Let in the readers that wait, and wake the next writer."""
        self._readers += self._readers_waiting
        self._readers_waiting = 0
        self._phase += 1
        self._changed.notify_all()
