"""What a caller of a served database may use."""

from __future__ import annotations

import time
from dataclasses import dataclass

from rem_arrow.base.errors import ExecuteError, InputError


@dataclass(frozen=True, slots=True)
class ServeLimits:
    """Bounds on each request, and on what callers leave open.

    Attributes:
        request_bytes: the most that a request holds at once: its values and frames, or a batch of a stream.
        rows_max: the most rows of an answer; None is no limit.
        timeout_s: the longest that a request runs; None is no limit. A stream may take longer to be read.
        memory_bytes: the memory limit of a statement; None is that of the database.
        statements_max: how many run at the same time; others wait.
        wait_s: the longest that a request waits for others to end.
        kept_max: how many transactions, sessions, prepared statements and opened results may be left open.
        idle_s: after so long without a call these are given up.
    """

    request_bytes: int
    rows_max: int | None
    timeout_s: float | None
    memory_bytes: int | None
    statements_max: int = 32
    wait_s: float = 30.0
    kept_max: int = 1_000
    idle_s: float = 600.0

    def deadline(self) -> float | None:
        """Return the moment of `time.monotonic` at which what begins now has run for too long; None for never."""
        return None if self.timeout_s is None else time.monotonic() + self.timeout_s

    def check_rows(self, rows: int) -> None:
        """Raise ExecuteError if an answer has more rows than it may have."""
        most = self.rows_max
        if most is not None and rows > most:
            raise ExecuteError(f"the answer has more than {most:,} rows, the most that this server gives; add a LIMIT")

    def check_bytes(self, size: int) -> None:
        """Raise InputError if a request holds more than it may."""
        if size > self.request_bytes:
            raise InputError(
                f"the request is larger than {self.request_bytes:,} bytes, the most that this server takes"
            )
