"""Running a frame on the engine of Polars that suits it; and its failures, in a statement's words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias, TypeVar

import polars as pl

from rem_arrow.base.errors import ExecuteError
from rem_arrow.lower.meeting import MultipliesError

T = TypeVar("T")
Engine: TypeAlias = Literal["in-memory", "streaming"]

Rows: TypeAlias = Callable[[pl.DataFrame], None]

# Joins are in the order that order_joins chose; Polars would undo it.
POLARS_RULES = pl.QueryOptFlags(join_order=False)
# What is equal is computed again: to compute it once Polars would hold all of its rows.
_NOTHING_HELD = pl.QueryOptFlags(join_order=False, comm_subplan_elim=False)
_SHOWN_MAX = 400


def collect(
    frame: pl.LazyFrame, *, few_rows: bool, once: bool = True, begin: Callable[[Engine], None] = lambda _: None
) -> pl.DataFrame:
    """Run a frame on the engine that suits it, and on the other one if that fails by itself.

    The streaming engine of Polars 2.1 asserts on some joins beside an empty input, and loses count of some aggregates
    of nothing; its in-memory engine does not broadcast some constants to columns without rows.

    Args:
        once: equal parts of the frame are computed once, and held.
        begin: told of the engine each time that one begins.
    """
    rules = POLARS_RULES if once else _NOTHING_HELD

    def run(engine: Engine) -> pl.DataFrame:
        begin(engine)
        return frame.collect(optimizations=rules, engine=engine)

    return _on_either(run, few_rows=few_rows)


def stream(frame: pl.LazyFrame, begin: Callable[[], Rows]) -> None:
    """Run a frame, and give its rows, some at a time, to what `begin` returns."""

    def run(engine: Engine) -> None:
        take = begin()
        if engine == "streaming":
            frame.sink_batches(take, optimizations=_NOTHING_HELD, engine=engine)
        else:
            take(frame.collect(optimizations=_NOTHING_HELD, engine=engine))

    _on_either(run, few_rows=False)


def _on_either(run: Callable[[Engine], T], *, few_rows: bool) -> T:
    try:
        return run("in-memory" if few_rows else "streaming")
    except (
        pl.exceptions.PolarsError,
        pl.exceptions.PanicException,
        ExecuteError,
        MemoryError,
        MultipliesError,
    ) as error:
        if not _is_its_own(error):
            raise translated(error) from error
    try:
        return run("streaming" if few_rows else "in-memory")
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ExecuteError, MemoryError) as error:
        raise translated(error) from error


def failed(error: BaseException) -> ExecuteError:
    """Return an error of Polars as one of the statement."""
    text = str(error)
    if "conversion from" in text and ("i128" in text or "to `i" in text or "to `u" in text):
        return ExecuteError(
            "a number is out of range for its type, or a division by zero; cast to a wider type, or filter the rows "
            "first. (" + text.splitlines()[0][:200] + ")"
        )
    return ExecuteError("the query failed: " + (text.splitlines()[0] if text else type(error).__name__)[:_SHOWN_MAX])


def _is_its_own(error: BaseException) -> bool:
    """Say whether an error is of the engine, not of the data."""
    return isinstance(
        error, (pl.exceptions.PanicException, pl.exceptions.ShapeError, MultipliesError)
    ) or "to be broadcasted" in str(error)


def translated(error: BaseException) -> ExecuteError:
    """Return an error of Polars, or one of rem_arrow without the expressions that Polars puts behind its text."""
    if isinstance(error, ExecuteError):
        return type(error)(str(error).split("\n\nThis error occurred", 1)[0])
    if isinstance(error, pl.exceptions.PanicException):
        return ExecuteError(f"Polars failed inside: {error}")
    if isinstance(error, MemoryError):
        return ExecuteError("the statement needs more memory than the process may have; filter more")
    return failed(error)
