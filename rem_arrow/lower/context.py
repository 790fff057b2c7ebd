"""What lowering reads, what it reports, and by what a node is known in its reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import polars as pl

from rem_arrow.plan.nodes import Relation, Scan
from rem_arrow.source import Catalog, ScanReport

# Rows and seconds of each node, by its kind and its columns.
Measured: TypeAlias = "dict[tuple[type, tuple[str, ...]], tuple[int, float]]"


@dataclass(slots=True)
class Lowering:
    """What lowering reads, and what it reports: one report a scan, in the order of the plan."""

    catalog: Catalog
    parameters: Mapping[str, object]
    collect: Callable[[pl.LazyFrame], pl.DataFrame] = pl.LazyFrame.collect
    reports: list[tuple[Scan, ScanReport]] = field(default_factory=list)
    # How many rows the indexes gave, by the first column.
    index_rows: dict[str, int] = field(default_factory=dict)
    # Frames of scans that are read more than once: Polars computes equal frames once.
    scans: dict[Scan, pl.LazyFrame] = field(default_factory=dict)
    working: dict[str, pl.DataFrame] = field(default_factory=dict)
    shared: dict[int, pl.LazyFrame] = field(default_factory=dict)
    # To measure each node: it is collected by itself, and its rows and its own seconds are noted by its kind and columns.
    measured: Measured | None = None
    spent: float = 0.0
    # When, on the monotonic clock, the statement has used up its time; None is never.
    deadline: float | None = None


def node_key(plan: Relation) -> tuple[type, tuple[str, ...]]:
    """Return what a node is known by: what runs is not always the node of the plan, but one that reads fewer rows."""
    return type(plan), tuple(plan.schema)
