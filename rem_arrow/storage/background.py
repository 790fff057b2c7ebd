"""The thread that seals, compacts and collects garbage. It never blocks a reader; its failures are kept and shown."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from rem_arrow.errors import ExecuteError, RemError
from rem_arrow.storage import compaction

if TYPE_CHECKING:
    from rem_arrow.storage.store import Store

_IDLE_S = 0.5
_TICK_S = 0.2


class Background:
    """One worker for one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._tables: queue.SimpleQueue[int | Callable[[Callable[[], bool]], object] | None] = queue.SimpleQueue()
        self._queued = 0
        self._idle = threading.Condition()
        self._stopping = False
        self._paused = threading.Event()
        self._paused.set()
        self.failure: RemError | None = None
        self._thread = threading.Thread(target=self._run, name="rem-background", daemon=True)
        self._thread.start()

    def is_alive(self) -> bool:
        return self._thread.is_alive() and self.failure is None and self._paused.is_set()

    def seal(self, table: int) -> None:
        """Ask for the table's waiting runs to be sealed, and for a compaction if one is due."""
        with self._idle:
            self._queued += 1
        self._tables.put(table)

    def run(self, work: Callable[[Callable[[], bool]], object]) -> None:
        """Ask for other work to be done; it is told whether to stop, and stops at its next boundary."""
        with self._idle:
            self._queued += 1
        self._tables.put(work)

    def pause(self) -> None:
        """Begin nothing new until `resume`."""
        self._paused.clear()

    def resume(self) -> None:
        self._paused.set()

    @property
    def queued(self) -> int:
        """How many pieces of work are not done."""
        return self._queued

    def wait(self, timeout_s: float | None = None, tick: Callable[[], None] = lambda: None) -> None:
        """Return when all that was asked for is done; `tick` is called now and then. Raises the failure of the work, if
        it failed."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        done = False
        while not done:
            tick()
            left = _TICK_S if deadline is None else min(_TICK_S, deadline - time.monotonic())
            with self._idle:
                done = self._idle.wait_for(lambda: self._queued == 0 or self.failure is not None, max(0.0, left))
            if deadline is not None and time.monotonic() >= deadline:
                break
        if self.failure is not None:
            raise ExecuteError(f"background work failed: {self.failure}") from self.failure
        if not done:
            raise ExecuteError(f"background work was not done after {timeout_s} s")

    def stop(self, timeout_s: float) -> None:
        """Stop at the next boundary; what is left stays in the tail, on disk."""
        self._stopping = True
        self._paused.set()
        self._tables.put(None)
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopping:
            try:
                table = self._tables.get(timeout=_IDLE_S)
            except queue.Empty:
                self._guard(None)
                continue
            self._paused.wait()
            if table is None or self._stopping:
                return
            self._guard(table)
            with self._idle:
                self._queued -= 1
                self._idle.notify_all()

    def _guard(self, table: int | Callable[[Callable[[], bool]], object] | None) -> None:
        try:
            if callable(table):
                table(lambda: self._stopping)
            elif table is not None:
                compaction.seal(self._store, table)
                while not self._stopping and compaction.compact(self._store, table):
                    pass
            self._store.collect_garbage()
        except RuntimeError as error:
            # The interpreter ends, and its pools take no more work; the next process begins it again.
            if "shutdown" not in str(error):
                raise
            self._stopping = True
        except RemError as error:
            self.failure = error
            with self._idle:
                self._idle.notify_all()
