"""What lowering to Spark gathers: names, the steps of the text, tables, functions and rows that go along."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import polars as pl
from sqlglot import exp

from rem_arrow.base.errors import UnsupportedError
from rem_arrow.lower_spark.arrow_functions import ArrowFunction
from rem_arrow.lower_spark.spark_tree import identifier
from rem_arrow.plan.nodes import Relation
from rem_arrow.publish.publication import PublishedTable

# A message of Spark Connect holds 128 MB.
SHIPPED_BYTES_MAX = 32 << 20


@dataclass(slots=True)
class SparkLowering:
    """The context of one statement.

    Attributes:
        parameters: values by name.
        published: returns the published table of the name of a source; None if there is none.
        local: computes a plan here, at the version that is published. Raises UnsupportedError where it cannot.
        steps: the WITH of the statement, in order.
        tables: published tables by the names of their views.
        functions: what workers evaluate, by name.
        shipped: rows that were computed here, by the names of their views.
        shared: names of steps by the numbers of Shared.
    """

    parameters: Mapping[str, object]
    published: Callable[[str], PublishedTable | None]
    local: Callable[[Relation], pl.DataFrame]
    steps: list[tuple[str, exp.Expression]] = field(default_factory=list)
    tables: dict[str, PublishedTable] = field(default_factory=dict)
    functions: dict[str, ArrowFunction] = field(default_factory=dict)
    shipped: dict[str, tuple[pl.DataFrame, dict[str, pl.DataType]]] = field(default_factory=dict)
    shared: dict[int, str] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)

    def name(self, column: str) -> str:
        """Return the name of a column of the plan there: letters, digits and underscores, unique without case."""
        if column not in self._names:
            self._names[column] = self._unique(re.sub(r"\W", "_", column, flags=re.A).strip("_")[:60] or "c")
        return self._names[column]

    def step(self, query: exp.Expression) -> str:
        """Add a step, and return its name."""
        name = self._unique("step")
        self.steps.append((name, query))
        return name

    def table(self, table: PublishedTable) -> str:
        """Return the view of a published table."""
        for view, known in self.tables.items():
            if known is table:
                return view
        view = self._unique("t_" + re.sub(r"\W", "_", table.table.name, flags=re.A)[:60])
        self.tables[view] = table
        return view

    def function(self, function: ArrowFunction) -> str:
        """Return the name of a function."""
        for name, known in self.functions.items():
            if known == function:
                return name
        name = self._unique("rem_function")
        self.functions[name] = function
        return name

    def ship(self, rows: pl.DataFrame, types: dict[str, pl.DataType]) -> str:
        """Return the view of rows that go along. Raises UnsupportedError for too many."""
        if rows.estimated_size() > SHIPPED_BYTES_MAX:
            raise UnsupportedError(
                f"{rows.height:,} rows that are computed here are too many to go along; write them to a table, and "
                "publish it"
            )
        view = self._unique("shipped")
        self.shipped[view] = rows, types
        return view

    def _unique(self, name: str) -> str:
        unique, n = name, 1
        while unique.casefold() in self._taken:
            n += 1
            unique = f"{name}_{n}"
        self._taken.add(unique.casefold())
        return unique


def from_view(view: str) -> exp.From:
    return exp.From(this=exp.Table(this=identifier(view)))
