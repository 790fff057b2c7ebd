"""What a query sees of the statement around it: CTEs, and the scope of the query that it is a part of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl
from sqlglot import exp

from rem_arrow.sql.bind.scope import Scope


@dataclass(frozen=True, slots=True)
class Surroundings:
    """CTEs by their casefolded names, and the scope around; None where no query is around. `schema` is that of the
    view whose query it is."""

    ctes: Mapping[str, Cte] = field(default_factory=dict)
    outer: Scope | None = None
    schema: str | None = None

    def seeing(self, outer: Scope | None) -> Surroundings:
        """Return the same CTEs around what sees another scope."""
        return Surroundings(self.ctes, outer, self.schema)

    def with_cte(self, name: str, cte: Cte) -> Surroundings:
        """Return the same with one CTE more, which hides another of its name."""
        return Surroundings({**self.ctes, name: cte}, self.outer, self.schema)


@dataclass(frozen=True, slots=True)
class Cte:
    """A CTE and what it sees: the CTEs before it, and the query around it.

    `working` is set for the recursive CTE within its own step: name and type of the columns of the rows that came last.
    """

    tree: exp.Expression
    around: Surroundings
    recursive: bool = False
    working: tuple[tuple[str, pl.DataType], ...] = ()
