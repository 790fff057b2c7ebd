"""The context of lowering one statement: what it reads, what bounds it, what it reports, and the frames so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import polars as pl

from rem_arrow.base.source import Catalog, ScanReport
from rem_arrow.lower import growth
from rem_arrow.lower.execution import collect
from rem_arrow.lower.expression import lower_expr
from rem_arrow.plan.nodes import Expr, Literal, Parameter, Relation, Scan
from rem_arrow.plan.walk import columns_of
from rem_arrow.running.cancellation import check_stopped
from rem_arrow.running.watchdog import Watch

# What a node is known by: what runs is not always the node of the plan, but one that reads fewer rows.
NodeKey: TypeAlias = "tuple[type, tuple[str, ...]]"


@dataclass(frozen=True, slots=True)
class Environment:
    """What is read: the tables at one version, and the values of the parameters."""

    catalog: Catalog
    parameters: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What bounds a statement.

    Attributes:
        few_rows: a frame that reads fewer rows runs in memory, for starting Polars' streaming engine costs more than it
            gains; 0 is none.
        deadline: when, on the monotonic clock, the statement has used up its time; None is never.
        watch: what may give it up; None where nothing does.
    """

    few_rows: int = 0
    deadline: float | None = None
    watch: Watch | None = None

    def gated(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Return a frame that may be long, such that its computation stops when the statement is given up."""
        return frame if self.watch is None else self.watch.gate(frame)

    def check(self) -> None:
        """Raise ExecuteError if the statement has been given up."""
        check_stopped()
        if self.watch is not None:
            self.watch.check()


@dataclass(slots=True)
class Report:
    """What a statement reports.

    Attributes:
        scans: what each scan did, in the order of the plan.
        nodes: rows and own seconds of each node, where they are measured: then each is collected by itself.
        spent: seconds of the nodes that have been measured.
    """

    scans: list[tuple[Scan, ScanReport]] = field(default_factory=list)
    nodes: dict[NodeKey, tuple[int, float]] | None = None
    spent: float = 0.0


@dataclass(slots=True)
class Lowering:
    """The context of one statement.

    Attributes:
        scans: frames of scans, and their rows: Polars computes equal frames once.
        shared: frames of the parts of the plan that are computed once, by their numbers, and the rows that they read.
        working: the rows that came last, of each recursion that is running.
        rows: how many rows the frame reads that is being lowered.
    """

    environment: Environment
    bounds: Bounds = field(default_factory=Bounds)
    report: Report = field(default_factory=Report)
    scans: dict[Scan, tuple[pl.LazyFrame, int]] = field(default_factory=dict)
    shared: dict[int, tuple[pl.LazyFrame, int]] = field(default_factory=dict)
    working: dict[str, pl.DataFrame] = field(default_factory=dict)
    rows: int = 0

    @property
    def reads_few_rows(self) -> bool:
        """Whether what has been lowered reads few rows."""
        return self.rows < self.bounds.few_rows

    def expr(self, expr: Expr) -> pl.Expr:
        """Return the Polars expression that computes `expr`."""
        lowered = lower_expr(expr, self.environment.parameters)
        constant = expr.dtype.is_nested() and not isinstance(expr, (Literal, Parameter)) and not columns_of(expr)
        return growth.repeated(lowered, expr.dtype) if constant else lowered

    def value(self, expr: Expr) -> object:
        """Return the value of a constant expression."""
        match expr:
            case Literal():
                return expr.value
            case Parameter():
                return self.environment.parameters[expr.name]
            case _:
                return pl.select(lower_expr(expr, self.environment.parameters)).item()

    def reads(self, frame: pl.DataFrame) -> pl.LazyFrame:
        """Return rows that are in memory as an input of what is being lowered."""
        self.rows += frame.height
        return frame.lazy()

    def run(self, lowered: Callable[[], pl.LazyFrame]) -> pl.DataFrame:
        """Lower a part of the statement and run it now."""
        outer, self.rows = self.rows, 0
        rows = self.collect(lowered())
        self.rows = outer
        return rows

    def collect(self, frame: pl.LazyFrame) -> pl.DataFrame:
        """Run a frame that has just been lowered."""
        if self.bounds.watch is not None:
            self.bounds.watch.collecting()
        return collect(frame, few_rows=self.reads_few_rows)


def node_key(plan: Relation) -> NodeKey:
    return type(plan), tuple(plan.schema)
