"""A call that ends in time, whatever a server does: one that sends a byte now and then keeps every timeout of a socket,
and answers never."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import TypeVar

from rem_arrow.base.errors import LanguageError

T = TypeVar("T")


def within_seconds(call: Callable[[], T], seconds: float, what: str) -> T:
    """Return the result of a call, or raise what it raises.

    The call runs in a thread of its own, which is left behind where it takes too long: nothing waits for it, and its
    result goes nowhere.

    Args:
        seconds: the most that the call may take.
        what: who is waited for, for the error.

    Raises:
        LanguageError: the time was over.
    """
    results: list[T] = []
    failures: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call())
        except BaseException as failure:  # noqa: BLE001 - raised again below, where the caller waits
            failures.append(failure)

    thread = threading.Thread(target=copy_context().run, args=(run,), name="rem-language", daemon=True)
    thread.start()
    thread.join(max(seconds, 0.001))
    if failures:
        raise failures[0]
    if not results:
        left = f"{max(seconds, 0.0):.1f} s were left for the whole question"
        raise LanguageError(f"{what} did not answer in time: {left}; see model_timeout_s")
    return results[0]
