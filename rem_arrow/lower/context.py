"""What lowering reads, what it reports, and by what a node is known in its reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import polars as pl

from rem_arrow.plan.nodes import Relation, Scan
from rem_arrow.running.cancellation import check_stopped
from rem_arrow.running.watchdog import Watch
from rem_arrow.source import Catalog, ScanReport

# Rows and seconds of each node, by its kind and its columns.
Measured: TypeAlias = "dict[tuple[type, tuple[str, ...]], tuple[int, float]]"


@dataclass(slots=True)
class Lowering:
    """What lowering reads, and what it reports: one report a scan, in the order of the plan."""

    catalog: Catalog
    parameters: Mapping[str, object]
    # Runs a frame; the second argument says whether it reads few rows.
    collect: Callable[[pl.LazyFrame, bool], pl.DataFrame] = lambda frame, _: frame.collect()
    reports: list[tuple[Scan, ScanReport]] = field(default_factory=list)
    # Frames of scans that are read more than once, and their rows: Polars computes equal frames once.
    scans: dict[Scan, tuple[pl.LazyFrame, int]] = field(default_factory=dict)
    working: dict[str, pl.DataFrame] = field(default_factory=dict)
    shared: dict[int, tuple[pl.LazyFrame, int]] = field(default_factory=dict)
    # How many rows a frame may read that is said to read few, and how many are read by the one that is being lowered.
    few_rows: int = 0
    rows: int = 0
    # To measure each node: it is collected by itself, and its rows and its own seconds are noted by its kind and
    # columns.
    measured: Measured | None = None
    spent: float = 0.0
    # When, on the monotonic clock, the statement has used up its time; None is never.
    deadline: float | None = None
    # What may give the statement up; None where nothing does.
    watch: Watch | None = None

    @property
    def reads_few_rows(self) -> bool:
        """Whether what has been lowered reads so little that starting Polars' streaming engine would cost more than it
        gains."""
        return self.rows <= self.few_rows

    def reads(self, frame: pl.DataFrame) -> pl.LazyFrame:
        """Return rows that are there as an input of what is being lowered."""
        self.rows += frame.height
        return frame.lazy()

    def run(self, lowered: Callable[[], pl.LazyFrame]) -> pl.DataFrame:
        """Lower a part of the statement and run it now."""
        outer, self.rows = self.rows, 0
        frame = lowered()
        found = self.collect(frame, self.reads_few_rows)
        self.rows = outer
        return found

    def gated(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Return a frame that may be long, such that its computation stops when the statement is given up."""
        return frame if self.watch is None else self.watch.gate(frame)

    def check(self) -> None:
        """Raise ExecuteError if the statement has been given up."""
        check_stopped()
        if self.watch is not None:
            self.watch.check()


def node_key(plan: Relation) -> tuple[type, tuple[str, ...]]:
    """Return what a node is known by: what runs is not always the node of the plan, but one that reads fewer rows."""
    return type(plan), tuple(plan.schema)
