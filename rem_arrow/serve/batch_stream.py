"""A result that leaves batch by batch: computed as its caller reads, within the limits of a request."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from rem_arrow.base.errors import ExecuteError
from rem_arrow.serve.limits import ServeLimits
from rem_arrow.serve.statement_runs import RunningStatement, StatementRuns

if TYPE_CHECKING:
    import pyarrow as pa


class BatchStream:
    """A stream of one request. The time in which its caller reads does not count as the time of the statement; who
    reads nothing for too long loses the stream.

    Args:
        opened: opens the reader, as the first step of the request.

    Attributes:
        running: the request.
    """

    def __init__(
        self,
        runs: StatementRuns,
        running: RunningStatement,
        limits: ServeLimits,
        opened: Callable[[], pa.RecordBatchReader],
    ) -> None:
        self._runs, self.running, self._limits = runs, running, limits
        self._lock = threading.Lock()
        self._rows = 0
        reader = runs.run(running, opened)
        self.schema: pa.Schema = reader.schema
        self._reader: pa.RecordBatchReader | None = reader
        self._used = time.monotonic()

    def next(self) -> pa.RecordBatch | None:
        """Return the next batch; None behind the last. Raises ExecuteError."""
        with self._lock:
            reader = self._reader
            if reader is None:
                raise ExecuteError(f"nothing was read of the result for {self._limits.idle_s:g} s, and it was given up")
            self.running.deadline = self._limits.deadline()
            batch = self._runs.run(self.running, lambda: _next(reader))
            self._used = time.monotonic()
        if batch is None:
            self.close()
            return None
        self._rows += batch.num_rows
        self._limits.check_rows(self._rows)
        return batch

    def sweep(self) -> None:
        """Close the stream if nothing was read of it for too long."""
        if time.monotonic() - self._used > self._limits.idle_s and self._lock.acquire(blocking=False):
            try:
                self._reader = None
            finally:
                self._lock.release()

    def close(self) -> None:
        """Let go of what the rest of the result would be computed from."""
        self.running.stop.set()
        with self._lock:
            self._reader = None


def _next(reader: pa.RecordBatchReader) -> pa.RecordBatch | None:
    try:
        return reader.read_next_batch()
    except StopIteration:
        return None
