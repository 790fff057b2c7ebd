"""What the package tells of its work: loggers below `rem_arrow`, counters, and spans of OpenTelemetry.

    rem_arrow.database      opening, closing, refreshing
    rem_arrow.statements    slow statements, without any value
    rem_arrow.storage       seals and compactions
    rem_arrow.background    work on the thread, and its failures
    rem_arrow.embed         texts embedded: how many, never which
    rem_arrow.language      requests to language models and services of embeddings, and retries, without texts and keys

Nothing is said unless the program sets up `logging`. A span costs a look into a dict where the program has not imported
`opentelemetry` itself, which is never imported here.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

_ROOT = "rem_arrow"
_NOTHING: AbstractContextManager[Any] = nullcontext()


def logger(name: str) -> logging.Logger:
    """Return a logger of the package. Without a handler of the program it is silent, also about warnings."""
    root = logging.getLogger(_ROOT)
    if not root.handlers:
        root.addHandler(logging.NullHandler())
    return root.getChild(name)


def span(name: str, attributes: Mapping[str, str | int | float | bool] | None = None) -> AbstractContextManager[Any]:
    """Return a context that is a span of OpenTelemetry, and the current one, where the program uses that; else one that
    does nothing, and is None."""
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return _NOTHING
    tracer = trace.get_tracer(_ROOT)
    context: AbstractContextManager[Any] = tracer.start_as_current_span(f"{_ROOT}.{name}", attributes=attributes)
    return context


class Activity:
    """Counters of what one open database has done. Safe in many threads."""

    NAMES = (
        "statements", "failed_statements", "slow_statements", "rows_read", "rows_returned", "commits", "rows_written",
        "embedded_texts", "language_model_tokens",
    )  # fmt: skip

    def __init__(self) -> None:
        self._counts = dict.fromkeys(self.NAMES, 0)
        self._lock = threading.Lock()

    def add(self, **counts: int) -> None:
        """Count more, by name."""
        with self._lock:
            for name, count in counts.items():
                self._counts[name] += count

    def counts(self) -> dict[str, int]:
        with self._lock:
            return dict(self._counts)
