"""What is told of each statement: a count, a span, and a line in the log where it was slow."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import polars as pl

from rem_arrow.base.datatypes import sql_name
from rem_arrow.base.errors import RemError
from rem_arrow.base.telemetry import Activity, logger, span
from rem_arrow.sql.text.redacted import redacted


class StatementLog:
    """The log of the statements of one handle.

    Args:
        slow_s: a statement that takes so many seconds is slow; None is none.
    """

    def __init__(self, activity: Activity, slow_s: float | None) -> None:
        self._activity, self._slow_s = activity, slow_s

    def run(
        self, kind: str, text: str, dtypes: Mapping[str, pl.DataType], work: Callable[[], pl.DataFrame]
    ) -> pl.DataFrame:
        """Return the rows of a statement, `kind` by its class, and tell of it; no value of it is told."""
        started = time.perf_counter()
        with span("statement") as current:
            if current is not None and current.is_recording():
                current.set_attributes(
                    {"db.system.name": "rem_arrow", "db.operation.name": kind, "db.query.text": redacted(text)}
                )
            try:
                rows = work()
            except RemError as error:
                self._activity.add(statements=1, failed_statements=1)
                self._slow(started, kind, text, dtypes, type(error).__name__)
                raise
            if current is not None:
                current.set_attribute("db.response.returned_rows", rows.height)
        self._activity.add(statements=1, rows_returned=rows.height)
        self._slow(started, kind, text, dtypes, f"{rows.height} rows")
        return rows

    def _slow(self, started: float, kind: str, text: str, dtypes: Mapping[str, pl.DataType], outcome: str) -> None:
        took_s = time.perf_counter() - started
        if self._slow_s is None or took_s < self._slow_s:
            return
        self._activity.add(slow_statements=1)
        given = ", ".join(f"${name}: {sql_name(dtype)}" for name, dtype in dtypes.items())
        logger("statements").warning(
            "slow statement: %.3f s, %s, %s%s: %s",
            took_s,
            kind,
            outcome,
            f", with {given}" if given else "",
            redacted(text),
            extra={"took_s": took_s, "kind": kind},
        )
