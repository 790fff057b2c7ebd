"""What rules may ask of the layers around them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from rem_arrow.base.source import Catalog
from rem_arrow.plan.nodes import Expr, Literal


@dataclass(frozen=True, slots=True)
class Tools:
    """`catalog` for estimates only, never for what is correct; `evaluate` gives the value of a constant, None where it
    is not known before rows are, and puts those that are an error into `failing`."""

    catalog: Catalog | None = None
    evaluate: Callable[[Expr], Literal | None] = lambda _: None
    failing: set[Expr] = field(default_factory=set)


NO_TOOLS = Tools()
