"""WITH RECURSIVE: its step runs round after round, over the rows that the round before has added, until none is new.

With keys the rows are a dictionary: a row takes the place of the one of its key, in its place. `recurring.t` reads all
rows as they are when a round begins.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

import polars as pl

from rem_arrow.base.errors import ExecuteError
from rem_arrow.lower.context import Lowering
from rem_arrow.plan.nodes import Expr, Recursive, Relation, Shared, Working
from rem_arrow.plan.walk import children
from rem_arrow.running.allowance import current_allowance

ROUNDS_MAX = 100_000
RECURSIVE_ROWS_MAX = 50_000_000

Lower: TypeAlias = Callable[[Relation, Lowering], pl.LazyFrame]


def recursive(plan: Recursive, context: Lowering, lower: Lower) -> pl.LazyFrame:
    """Run a recursion, whose base and step are lowered by `lower`."""
    held = _Held(plan)
    last = held.added(context.run(lambda: lower(plan.base, context)))
    allowance = current_allowance()
    outer = context.working.get(plan.name)
    wanted, condition = context.enough.pop(id(plan), (None, None))
    kept = 0
    of_round = {s.number for s in _every_shared(plan.step) if _reads_round(s.input, plan.name)}
    whole = _reads_round(plan.step, plan.name, whole=True)
    for _ in range(ROUNDS_MAX):
        if wanted is not None:
            kept += last.height if condition is None else context.run(partial(_met, last, condition, context)).height
        if not last.height or (wanted is not None and kept >= wanted):
            break
        context.bounds.check()
        context.working[plan.name] = last, held.all() if whole else last
        for number in of_round:
            context.shared.pop(number, None)
        step = context.run(lambda: lower(plan.step, context))
        last = held.added(step.rename(dict(zip(plan.step.schema, plan.schema, strict=True))))
        with allowance.asked(f"the recursive CTE {plan.name}", held.bytes):
            pass
        if held.rows > RECURSIVE_ROWS_MAX:
            raise ExecuteError(
                f"the recursive CTE {plan.name} has made more than {RECURSIVE_ROWS_MAX:,} rows; end it with a "
                "condition, or use UNION instead of UNION ALL"
            )
    else:
        raise ExecuteError(
            f"the recursive CTE {plan.name} has not ended after {ROUNDS_MAX:,} rounds; end it with a condition, or "
            "use UNION instead of UNION ALL"
        )
    if outer is not None:
        context.working[plan.name] = outer
    return context.reads(held.all()).lazy()


@dataclass(slots=True)
class _Held:
    """The rows of a recursion so far, in parts; how many they are, and the bytes that they take."""

    plan: Recursive
    parts: list[pl.DataFrame] = field(default_factory=list)
    rows: int = 0
    bytes: float = 0

    def added(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Add the rows of a round; return those that the next one reads. With `distinct` what is there already is
        none of them."""
        if self.plan.distinct:
            rows = self._new(rows)
        if self.plan.keys:
            self._put(rows)
        else:
            self.parts.append(rows)
            self.rows += rows.height
            self.bytes += rows.estimated_size()
        return rows

    def all(self) -> pl.DataFrame:
        self.parts = [pl.concat(self.parts)]
        return self.parts[0]

    def _new(self, rows: pl.DataFrame) -> pl.DataFrame:
        if self.plan.keys:
            rows = rows.unique(self.plan.keys, keep="last", maintain_order=True)
        else:
            rows = rows.unique()
        return (
            rows.join(pl.concat(self.parts), on=rows.columns, how="anti", nulls_equal=True, maintain_order="left")
            if self.parts
            else rows
        )

    def _put(self, rows: pl.DataFrame) -> None:
        """Let each row take the place of the one of its key; a new key comes after the others."""
        keys = list(self.plan.keys)
        both = pl.concat([*self.parts, rows])
        places = both.select(keys).unique(keep="first", maintain_order=True)
        latest = both.unique(keys, keep="last", maintain_order=True)
        held = places.join(latest, on=keys, how="left", nulls_equal=True, maintain_order="left").select(both.columns)
        self.parts, self.rows, self.bytes = [held], held.height + rows.height, held.estimated_size()


def _met(rows: pl.DataFrame, condition: Expr, context: Lowering) -> pl.LazyFrame:
    return rows.lazy().filter(context.expr(condition))


def _every_shared(plan: Relation) -> list[Shared]:
    own = [plan] if isinstance(plan, Shared) else []
    return own + [s for c in children(plan) for s in _every_shared(c)]


def _reads_round(plan: Relation, name: str, *, whole: bool = False) -> bool:
    """Say whether a plan reads the rows of a recursion; with `whole`, whether it reads all of them."""
    if isinstance(plan, Working) and plan.name == name and (plan.whole or not whole):
        return True
    return any(_reads_round(c, name, whole=whole) for c in children(plan))
