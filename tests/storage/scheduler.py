"""Threads that run one at a time, and change places where a schedule says: the interleavings of real code, repeatable.

A step is a line of one of the traced files. A schedule is a list of (steps, choice): `choice` picks a thread among
those that can run, and it runs that many steps, or to its end, or until it needs a lock that another one holds. Behind
the end of the schedule each thread runs until it must wait. Locks that are held over traced lines are `Lock`s.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, TypeAlias

Schedule: TypeAlias = Sequence[tuple[int, int]]

_UNLIMITED = 1 << 60
_PATIENCE_S = 120.0


class DeadlockError(AssertionError):
    """No thread can run, and some have not ended."""


class Lock:
    """A lock that its owner may take again; whoever waits for it lets others run."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self.owner: int | None = None
        self._depth = 0

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        me = threading.get_ident()
        while self.owner not in (None, me):
            self._scheduler.wait_for(self)
        self.owner = me
        self._depth += 1
        return True

    def release(self) -> None:
        assert self._is_owned(), "who releases a lock holds it"
        self._depth -= 1
        if not self._depth:
            self.owner = None

    def _is_owned(self) -> bool:
        return self.owner == threading.get_ident()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class _Thread:
    def __init__(self, scheduler: Scheduler, work: Callable[[], object]) -> None:
        self.turn = threading.Semaphore(0)
        self.steps = 0
        self.blocked_on: Lock | None = None
        self.has_ended = False
        self.error: BaseException | None = None
        self.scheduler, self.work = scheduler, work
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        self.turn.acquire()
        sys.settrace(self._called)
        try:
            self.work()
        except BaseException as error:  # noqa: BLE001
            self.error = error
        finally:
            sys.settrace(None)
            self.has_ended = True
            self.scheduler.paused.release()

    def _called(self, frame: FrameType, event: str, arg: object) -> Callable[..., Any] | None:
        return self._line if self.scheduler.is_traced(frame) else None

    def _line(self, frame: FrameType, event: str, arg: object) -> Callable[..., Any]:
        if event == "line":
            self.steps -= 1
            if self.steps <= 0:
                self.pause()
        return self._line

    def pause(self) -> None:
        """Let others run until it is this thread's turn again."""
        self.scheduler.paused.release()
        self.turn.acquire()

    @property
    def can_run(self) -> bool:
        return not self.has_ended and (self.blocked_on is None or self.blocked_on.owner is None)


class Scheduler:
    """Runs work in threads by a schedule.

    Args:
        files: those whose lines are steps.
        passed: names of functions in them that are one step, since they hold a lock of their own.
        between: called when no thread runs, before each turn.
    """

    def __init__(
        self, files: Sequence[Path], passed: Sequence[str] = (), between: Callable[[], None] = lambda: None
    ) -> None:
        self._files, self._passed, self._between = {str(f) for f in files}, set(passed), between
        self.paused = threading.Semaphore(0)
        self._current: _Thread | None = None

    def is_traced(self, frame: FrameType) -> bool:
        return frame.f_code.co_filename in self._files and frame.f_code.co_name not in self._passed

    def wait_for(self, lock: Lock) -> None:
        """Let others run until the lock is free."""
        current = self._current
        assert current is not None and current.thread.ident == threading.get_ident(), "threads run one at a time"
        current.blocked_on = lock
        current.pause()
        current.blocked_on = None

    def run(self, works: Sequence[Callable[[], object]], schedule: Schedule) -> None:
        """Run all to their ends. Raises the first error of any of them, and DeadlockError."""
        threads = [_Thread(self, work) for work in works]
        for thread in threads:
            thread.thread.start()
        turns, failure = iter(schedule), None
        while runnable := [t for t in threads if t.can_run]:
            steps, choice = next(turns, (_UNLIMITED, 0))
            failure = failure or self._failure()
            self._current = runnable[choice % len(runnable)]
            self._current.steps = steps
            self._current.turn.release()
            assert self.paused.acquire(timeout=_PATIENCE_S), "a thread waits for what the schedule does not know"
        self._current = None
        waiting = sum(not t.has_ended for t in threads)
        if waiting:
            raise DeadlockError(f"{waiting} of {len(threads)} threads wait for each other")
        for error in (failure, *(thread.error for thread in threads)):
            if error is not None:
                raise error

    def _failure(self) -> BaseException | None:
        """Return what `between` raises: the threads run to their ends first."""
        try:
            self._between()
        except BaseException as error:  # noqa: BLE001
            return error
        return None
