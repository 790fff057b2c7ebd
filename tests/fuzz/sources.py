"""Random FROM clauses: tables, derived tables, CTEs, joins of all kinds, lateral items, VALUES and UNNEST."""

from __future__ import annotations

from collections.abc import Callable

from tests.fuzz.expressions import Column, Expressions, Scope
from tests.fuzz.kinds import KINDS
from tests.fuzz.tables import Table

_KINDS = ("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "SEMI JOIN", "ANTI JOIN", "CROSS JOIN", "LEFT JOIN", "JOIN")
# What two columns are joined by: small domains, so that there are matches.
_JOINED = ("int", "text", "date", "bool", "dec", "flt", "ts")


class Sources:
    """Writes FROM clauses, with the scope that each gives. `derived` writes a query for a depth."""

    def __init__(self, make: Expressions, tables: list[Table], derived: Callable[[int], tuple[str, list[str]]]) -> None:
        self.make, self.tables, self.derived = make, tables, derived
        self.rng = make.rng
        self.ctes: dict[str, list[str]] = {}
        self.aliases = 0

    def make_source(self, depth: int, *, lateral: bool = True) -> tuple[str, Scope]:
        pick = self.rng.randrange(10)
        if depth <= 0 or pick < 3:
            return self.leaf(depth)
        if pick < 8:
            return self.join(depth)
        if pick == 8 and lateral:
            return self.lateral(depth)
        return self.subselect(depth)

    def leaf(self, depth: int) -> tuple[str, Scope]:
        pick = self.rng.randrange(12)
        if self.ctes and pick < 5:
            name = self.rng.choice(list(self.ctes))
            return self.aliased(name, self.ctes[name])
        if pick == 11 and depth > 0:
            return self.aliased("(VALUES (1, 'a'), (2, NULL), (NULL, 'b'))", ["int", "text"], "(c0, c1)")
        return self.table()

    def table(self) -> tuple[str, Scope]:
        return self.of(self.rng.choice(self.tables))

    def of(self, table: Table) -> tuple[str, Scope]:
        """Return a table as an item of FROM."""
        alias = self.alias()
        columns = [Column(f"{alias}.{name}", KINDS[kind].family) for name, kind in table.columns]
        return f"{table.name} AS {alias}", Scope(columns, [f"{alias}.id"])

    def subselect(self, depth: int) -> tuple[str, Scope]:
        text, families = self.derived(depth - 1)
        return self.aliased(f"({text})", families)

    def aliased(self, text: str, families: list[str], columns: str = "") -> tuple[str, Scope]:
        alias = self.alias()
        return f"{text} AS {alias}{columns}", Scope([Column(f"{alias}.c{i}", f) for i, f in enumerate(families)])

    def alias(self) -> str:
        self.aliases += 1
        return f"a{self.aliases}"

    def join(self, depth: int) -> tuple[str, Scope]:
        left, over = self.make_source(depth - 1)
        right, under = self.make_source(depth - 2)
        kind = self.rng.choice(_KINDS)
        both = Scope(over.columns + under.columns, over.keys + under.keys if over.keys and under.keys else [])
        if " JOIN " in right:
            right = f"({right})"
        if kind == "CROSS JOIN":
            return f"{left} CROSS JOIN {right}", both
        on = self.condition(over, under, both, kind)
        return f"{left} {kind} {right} ON {on}", over if kind in ("SEMI JOIN", "ANTI JOIN") else both

    def condition(self, over: Scope, under: Scope, both: Scope, kind: str) -> str:
        pairs = [(a, b) for a in over.columns for b in under.columns if a.family == b.family and a.family in _JOINED]
        if not pairs:
            return "true" if kind != "FULL JOIN" else "1 = 1"
        a, b = self.rng.choice(pairs)
        pick = self.rng.random()
        if pick < 0.45 or kind == "FULL JOIN":
            return f"{a.sql} = {b.sql}"
        if pick < 0.55:
            return f"{a.sql} {self.rng.choice(('<', '>=', '<>', 'IS NOT DISTINCT FROM'))} {b.sql}"
        if pick < 0.75:
            return f"{a.sql} = {b.sql} AND {self.make.condition(both, 1)}"
        if pick < 0.85:
            return f"{self.make.make(a.family, over, 1)} = {self.make.make(a.family, under, 1)}"
        return self.make.comparison(both, 1)

    def lateral(self, depth: int) -> tuple[str, Scope]:
        left, over = self.make_source(depth - 1, lateral=False)
        lists = over.of("li")
        alias = self.alias()
        if lists and self.rng.random() < 0.5:
            return f"{left} CROSS JOIN unnest({self.rng.choice(lists).sql}) AS {alias}(c0)", Scope(
                [*over.columns, Column(f"{alias}.c0", "int")]
            )
        right, under = self.table()
        both = Scope(over.columns + under.columns)
        item = under.keys[0]
        pick = self.rng.choice(("count(*)", f"max({item})", f"count({item})"))
        kind = self.rng.choice((" CROSS JOIN LATERAL {}", " LEFT JOIN LATERAL {} ON true"))
        found = f"(SELECT {pick} AS c0 FROM {right} WHERE {self.make.condition(both, 1)}) AS {alias}"
        return left + kind.replace("{}", found), Scope([*over.columns, Column(f"{alias}.c0", "int")], over.keys)
