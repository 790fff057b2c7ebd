"""What rules may ask of the layers around them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rem_arrow.base.source import Catalog
from rem_arrow.plan.nodes import Expr, Literal


@dataclass(frozen=True, slots=True)
class Tools:
    """`catalog` for estimates only, never for what is correct; `evaluate` gives the value of a constant, None where it
    fails."""

    catalog: Catalog | None = None
    evaluate: Callable[[Expr], Literal | None] = lambda _: None


NO_TOOLS = Tools()
