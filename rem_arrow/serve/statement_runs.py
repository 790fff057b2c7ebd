"""Running what callers ask for: on threads, so that one who goes away, or whose time is over, leaves none waiting."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from rem_arrow.base.errors import ExecuteError, InputError
from rem_arrow.running.cancellation import check_stopped, stoppable
from rem_arrow.serve.limits import ServeLimits

T = TypeVar("T")
IsGone: TypeAlias = "Callable[[], bool]"

# How often a waiting thread looks whether its caller has gone away.
_POLL_S = 0.05


@dataclass(slots=True)
class RunningStatement:
    """One request that runs.

    Attributes:
        owner: the name of the token that asks.
        verb: what it asks for.
        is_gone: whether the caller has gone away.
        stop: set, the work ends at its next step.
    """

    owner: str
    verb: str
    is_gone: IsGone
    deadline: float | None
    started: float = field(default_factory=time.monotonic)
    stop: threading.Event = field(default_factory=threading.Event)


class StatementRuns:
    """The requests that run. Safe in many threads."""

    def __init__(self, limits: ServeLimits) -> None:
        self._limits = limits
        self._pool = ThreadPoolExecutor(limits.statements_max, thread_name_prefix="rem-serve")
        self._turns = threading.BoundedSemaphore(limits.statements_max)
        self._numbers = itertools.count()
        self._running: dict[int, RunningStatement] = {}
        self._is_ending = False

    @contextmanager
    def request(self, owner: str, verb: str, is_gone: IsGone) -> Iterator[RunningStatement]:
        """Note a request while it runs. Raises InputError once the server is ending."""
        if self._is_ending:
            raise InputError("the server is ending; try again when it has started")
        running = RunningStatement(owner, verb, is_gone, self._limits.deadline())
        number = next(self._numbers)
        self._running[number] = running
        try:
            yield running
        finally:
            # What still runs of it ends too.
            running.stop.set()
            self._running.pop(number, None)

    def run(self, running: RunningStatement, work: Callable[[], T], *, reads_caller: bool = False) -> T:
        """Return the result of one step of a request. Raises ExecuteError when its caller has gone away or its time is
        over, and the work then ends by itself, and InputError where too many others run.

        Args:
            reads_caller: the work reads what the caller sends. It is waited for in any case: what it reads from is gone
                with the call.
        """
        if not self._turns.acquire(timeout=self._limits.wait_s):
            raise InputError(f"{self._limits.statements_max} requests run on this server already; try again later")
        try:
            return self._run(running, work, reads_caller)
        finally:
            self._turns.release()

    def _run(self, running: RunningStatement, work: Callable[[], T], reads_caller: bool) -> T:
        def stoppable_work() -> T:
            with stoppable(running.stop):
                check_stopped()
                return work()

        try:
            future = self._pool.submit(stoppable_work)
        except RuntimeError as error:
            raise InputError("the server has ended") from error
        try:
            return self._awaited(running, future)
        finally:
            if reads_caller:
                wait([future])

    def _awaited(self, running: RunningStatement, future: Future[T]) -> T:
        while True:
            wait([future], _POLL_S)
            if future.done():
                return future.result()
            if running.stop.is_set() or running.is_gone():
                running.stop.set()
                raise ExecuteError("the request was cancelled, and its statement was stopped")
            if running.deadline is not None and time.monotonic() > running.deadline:
                running.stop.set()
                raise ExecuteError(f"the request ran longer than {self._limits.timeout_s:g} s and was stopped")

    def listed(self) -> list[RunningStatement]:
        """Return the requests that run."""
        return list(self._running.values())

    def end(self, grace_s: float) -> None:
        """Take no more requests, wait for those that run, and stop the rest."""
        self._is_ending = True
        until = time.monotonic() + grace_s
        while self._running and time.monotonic() < until:
            time.sleep(_POLL_S)
        for running in self.listed():
            running.stop.set()

    def close(self) -> None:
        """Let go of the threads; work that cannot be stopped ends by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)
