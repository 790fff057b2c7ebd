"""The context of lowering one statement: what it reads, what bounds it, what it reports, and the frames so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import polars as pl

from rem_arrow.base.datatypes import value_bytes
from rem_arrow.base.source import Catalog, ScanReport
from rem_arrow.lower import growth
from rem_arrow.lower.execution import Engine, Rows, collect, stream
from rem_arrow.lower.expression import lower_expr
from rem_arrow.lower.held import Frame, held
from rem_arrow.lower.meeting import Meeting
from rem_arrow.plan.nodes import Expr, Literal, Parameter, Relation, Scan
from rem_arrow.plan.walk import columns_of
from rem_arrow.running.cancellation import check_stopped
from rem_arrow.running.scratch import Spill
from rem_arrow.running.watchdog import Watch

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

# What a node is known by: what runs is not always the node of the plan, but one that reads fewer rows.
NodeKey: TypeAlias = "tuple[type, tuple[str, ...]]"


# Gives the vectors of texts, a row each, by the provider of a name.
Embed: TypeAlias = "Callable[[str, Sequence[str]], npt.NDArray[np.float32]]"


def _no_vectors(provider: str, texts: Sequence[str]) -> npt.NDArray[np.float32]:
    raise AssertionError(f"nothing embeds {len(texts)} texts by {provider}")


@dataclass(frozen=True, slots=True)
class Environment:
    """What is read: the tables at one version, and the values of the parameters; and what
    gives the vectors of texts."""

    catalog: Catalog
    parameters: Mapping[str, object]
    embed: Embed = _no_vectors


@dataclass(frozen=True, slots=True)
class Parts:
    """How a statement runs what may not fit into memory: one part after the other, the others on disk.

    Attributes:
        bytes_max: what one node may hold in memory.
        doubt: how many times more than is guessed a node is taken to hold.
        spill: where the files are.
        rows: guesses the rows of a plan.
    """

    bytes_max: int
    doubt: float
    spill: Spill
    rows: Callable[[Relation], float]

    def are_needed(self, plan: Relation, beside: int = 0) -> bool:
        """Say whether the rows of `plan` may not fit, if each takes so many bytes `beside` its values."""
        return self.doubt * self.rows(plan) * (row_bytes(plan) + beside) > self.bytes_max

    def bytes(self, plan: Relation) -> float:
        """Return a guess of what the rows of `plan` take in memory."""
        return self.rows(plan) * row_bytes(plan)


def row_bytes(plan: Relation) -> int:
    """Return a guess of what a row takes in memory."""
    return max(1, sum(map(value_bytes, plan.schema.values())))


@dataclass(frozen=True, slots=True)
class Bounds:
    """What bounds a statement.

    Attributes:
        few_rows: a frame that reads fewer rows runs in memory, for starting Polars' streaming engine costs more than it
            gains; 0 is none.
        deadline: when, on the monotonic clock, the statement has used up its time; None is never.
        watch: what may give it up; None where nothing does.
        parts: how it runs what may not fit into memory; None where all is held there.
    """

    few_rows: int = 0
    deadline: float | None = None
    watch: Watch | None = None
    parts: Parts | None = None

    def gated(self, frame: pl.LazyFrame, *, filters: bool = True) -> pl.LazyFrame:
        """Return a frame that may be long, such that its computation stops when the statement is given up; with
        `filters` those behind it may run before that is seen."""
        return frame if self.watch is None else self.watch.gate(frame, filters=filters)

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
        working: the rows that came last, and all rows, of each recursion that is running.
        enough: how many rows a LIMIT takes of a recursion, by its identity, of those for which the condition holds.
        meetings: the joins whose rows are counted before they are made.
        rows: how many rows the frame reads that is being lowered.
    """

    environment: Environment
    bounds: Bounds = field(default_factory=Bounds)
    report: Report = field(default_factory=Report)
    scans: dict[str, tuple[Scan, Frame, int]] = field(default_factory=dict)
    shared: dict[int, tuple[pl.LazyFrame, int]] = field(default_factory=dict)
    working: dict[str, tuple[pl.DataFrame, pl.DataFrame]] = field(default_factory=dict)
    enough: dict[int, tuple[int, Expr | None]] = field(default_factory=dict)
    meetings: list[Meeting] = field(default_factory=list)
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

    def reads(self, rows: pl.DataFrame) -> Frame:
        """Return rows that are in memory as an input of what is being lowered."""
        self.rows += rows.height
        return held(rows)

    def met(
        self,
        left: pl.LazyFrame,
        right: pl.LazyFrame,
        keys: tuple[Sequence[str], Sequence[str]],
        *,
        nulls_equal: bool,
    ) -> tuple[pl.LazyFrame, pl.LazyFrame]:
        """Return the sides of a join whose rows are counted before they are made, if it runs in memory."""
        meeting = Meeting(keys, nulls_equal=nulls_equal)
        self.meetings.append(meeting)
        return meeting.side(left, 0), meeting.side(right, 1)

    def run(self, lowered: Callable[[], Frame]) -> pl.DataFrame:
        """Lower a part of the statement and run it now."""
        outer, self.rows = self.rows, 0
        rows = self.collect(lowered())
        self.rows = outer
        return rows

    def collect(self, frame: Frame) -> pl.DataFrame:
        """Run a frame that has just been lowered."""
        if isinstance(frame, pl.DataFrame):
            return frame.clone()
        if self.bounds.watch is not None:
            self.bounds.watch.collecting()

        def begin(engine: Engine) -> None:
            for meeting in self.meetings:
                meeting.begin(in_memory=engine == "in-memory")

        in_parts = self.bounds.parts is not None
        return collect(frame, few_rows=self.reads_few_rows and not in_parts, once=not in_parts, begin=begin)

    def stream(self, frame: pl.LazyFrame, begin: Callable[[], Rows]) -> None:
        """Run a frame that has just been lowered, and give its rows, some at a time, to what `begin` returns."""
        if self.bounds.watch is not None:
            self.bounds.watch.collecting()
        stream(frame, begin)


def node_key(plan: Relation) -> NodeKey:
    return type(plan), tuple(plan.schema)
