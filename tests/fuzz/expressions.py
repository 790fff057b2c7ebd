"""Random expressions of a family over the columns of a scope."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.fuzz.kinds import FAMILIES, KINDS, NUMBERS, ORDERED, literal, of_family
from tests.fuzz.templates import AGGREGATES, TEMPLATES

_HOLE = re.compile(r"(?<!\{)\{(\w+)\}(?!\})")
_NAME = re.compile(r"\ba[0-9]+\.")
_SMALL = ("0", "1", "2", "3", "-1", "5", "(-2)")
_COMPARE = ("=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM")


@dataclass(frozen=True)
class Column:
    sql: str
    family: str


@dataclass
class Scope:
    """The columns in sight, and `keys`: columns that together differ from row to row, empty if none are known."""

    columns: list[Column] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def of(self, family: str) -> list[Column]:
        return [c for c in self.columns if c.family == family]


class Expressions:
    """Writes expressions. `subquery` writes one for a family, correlated to the scope; None where none may stand."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.subquery: Callable[[str, Scope, int], str] | None = None

    def make(self, family: str, scope: Scope, depth: int) -> str:
        """Return an expression of a family; `depth` is how many operators may stand over each other."""
        if self.subquery and depth > 1 and self.rng.random() < 0.06:
            return self.subquery(family, scope, depth - 1)
        if depth <= 0 or self.rng.random() < 0.25:
            return self.leaf(family, scope)
        return self.fill(self.rng.choice(TEMPLATES[family]), family, scope, depth - 1)

    def leaf(self, family: str, scope: Scope) -> str:
        columns = scope.of(family)
        if columns and self.rng.random() < 0.8:
            return self.rng.choice(columns).sql
        kind = KINDS[self.rng.choice(of_family(family))]
        if self.rng.random() < 0.06:
            return f"(NULL::{kind.type})"
        return literal(family, self.rng.choice(kind.tame))

    def fill(self, template: str, family: str, scope: Scope, depth: int) -> str:
        """Return the template with operands in its holes."""
        return (
            _HOLE.sub(lambda hole: self._operand(hole[1], family, scope, depth), template)
            .replace("{{", "{")
            .replace("}}", "}")
        )

    def _operand(self, hole: str, family: str, scope: Scope, depth: int) -> str:
        match hole:
            case "self":
                return self.make(family, scope, depth)
            case "n":
                return self.rng.choice(_SMALL)
            case "num":
                return self.make(self.rng.choice(NUMBERS), scope, depth)
            case "any":
                return self.make(self.rng.choice(FAMILIES), scope, depth)
            case "ord":
                return self.comparison(scope, depth)
            case "i":
                return f"({self.leaf('int', scope)} % 100)"
            case "tame":
                return f"({self.leaf('int', scope)} % 8 / 4)"
            case "key":
                return self.make(self.rng.choice(ORDERED), scope, min(depth, 1))
            case _:
                return self.make(hole, scope, depth)

    def comparison(self, scope: Scope, depth: int) -> str:
        family = self.rng.choice(ORDERED)
        return f"{self.make(family, scope, depth)} {self.rng.choice(_COMPARE)} {self.make(family, scope, depth)}"

    def condition(self, scope: Scope, depth: int) -> str:
        return self.make("bool", scope, depth)

    def any(self, scope: Scope, depth: int) -> Column:
        """Return an expression of any family, columns of the scope first."""
        family = (
            self.rng.choice([c.family for c in scope.columns] or ["int"])
            if self.rng.random() < 0.7
            else self.rng.choice(FAMILIES)
        )
        return Column(self.make(family, scope, depth), family)

    def key(self, scope: Scope, depth: int) -> Column:
        """Return an expression to group or sort by."""
        family = self.rng.choice([f for f in (c.family for c in scope.columns) if f in ORDERED] or ["int"])
        found = self.make(family, scope, depth)
        # A constant is the number of a column in GROUP BY and ORDER BY, or refused there.
        columns = [c for c in scope.columns if c.family in ORDERED]
        return Column(found, family) if _NAME.search(found) or not columns else self.rng.choice(columns)

    def aggregate(self, scope: Scope, depth: int) -> Column:
        family, template = self.rng.choice(AGGREGATES)
        text = self.fill(template, family, scope, depth)
        if self.rng.random() < 0.2 and template.endswith(")") and template.count("(") == 1:
            text += f" FILTER (WHERE {self.condition(scope, depth)})"
        return Column(text, family)
