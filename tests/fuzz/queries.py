"""Random queries over random tables, of growing depth. What they return does not depend on an order that SQL leaves
open."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.fuzz.expressions import Column, Expressions, Scope
from tests.fuzz.kinds import FAMILIES, KINDS, ORDERED
from tests.fuzz.sources import Sources
from tests.fuzz.tables import Table
from tests.fuzz.windows import direction, window


@dataclass(frozen=True)
class Query:
    """A query, and whether its rows come in one order only."""

    text: str
    ordered: bool = False


class Queries:
    """Writes queries over `tables`."""

    def __init__(self, rng: random.Random, tables: list[Table]) -> None:
        self.rng = rng
        self.make = Expressions(rng)
        self.make.subquery = self.subquery
        self.sources = Sources(self.make, tables, self.derived)
        self.ctes = 0

    def query(self, depth: int) -> Query:
        """Return a statement of one of the kinds below."""
        pick = self.rng.randrange(20)
        self.sources.ctes.clear()
        if pick == 0:
            return Query(self.recursive())
        with_ = self.with_clause(depth) if pick < 5 else ""
        if pick in (1, 6):
            return Query(with_ + self.set_operation(depth)[0])
        if pick in (2, 7, 8):
            return Query(with_ + self.grouped(depth)[0])
        if pick == 9:
            return Query(with_ + self.distinct_on(depth))
        if pick in (10, 11):
            return Query(self.windowed(depth))
        if pick == 12:
            return Query(self.scalars(depth))
        return self.plain(depth, with_)

    def plain(self, depth: int, with_: str = "") -> Query:
        """SELECT items FROM a source, perhaps DISTINCT, ordered and limited."""
        source, scope = self.sources.make_source(depth)
        items = [self.make.any(scope, depth) for _ in range(self.rng.randint(1, 4))]
        where = self.where(scope, depth)
        distinct = self.rng.random() < 0.15
        if distinct:
            # Intervals are left out: 1 month and 30 days are one value to DuckDB's DISTINCT, and two to this engine's.
            items = [self.make.key(scope, min(depth, 2)) for _ in items]
        text = f"SELECT {'DISTINCT ' if distinct else ''}{self.shown(items)} FROM {source}{where}"
        if distinct or self.rng.random() < 0.5:
            return Query(with_ + text)
        keys = [f"{self.make.key(scope, 1).sql}{direction(self.make)}" for _ in range(self.rng.randint(0, 2))]
        total = [*keys, *(f"{k}{direction(self.make)}" for k in scope.keys)]
        if not scope.keys or not total:
            return Query(with_ + text)
        return Query(f"{with_}{text} ORDER BY {', '.join(total)}{self.limit()}", True)

    def limit(self) -> str:
        return self.rng.choice(("", " LIMIT 3", " LIMIT 5 OFFSET 2", " LIMIT 0", " OFFSET 4", " LIMIT 40 PERCENT"))

    def where(self, scope: Scope, depth: int) -> str:
        return f" WHERE {self.make.condition(scope, depth)}" if self.rng.random() < 0.6 else ""

    def shown(self, items: list[Column]) -> str:
        """Items as the client can read them: DuckDB's needs a package for times with a zone."""
        return ", ".join(
            f"epoch_us({c.sql}) AS c{i}" if c.family == "tz" else f"{c.sql} AS c{i}" for i, c in enumerate(items)
        )

    def scalars(self, depth: int) -> str:
        """Expressions over one table, and nothing that could keep one from being computed."""
        source, scope = self.sources.table()
        return f"SELECT {self.shown([self.make.any(scope, depth + 1) for _ in range(3)])} FROM {source}"

    def windowed(self, depth: int) -> str:
        source, scope = self.sources.make_source(min(depth, 2))
        calls = [window(self.make, scope, depth) for _ in range(self.rng.randint(1, 3))]
        items = [*(Column(k, "int") for k in scope.keys), *calls]
        qualify = f" QUALIFY {window(self.make, scope, 1).sql} IS NOT NULL" if self.rng.random() < 0.15 else ""
        return f"SELECT {self.shown(items)} FROM {source}{self.where(scope, depth)}{qualify}"

    def grouped(self, depth: int) -> tuple[str, list[str]]:
        """Return a query with aggregates, and the families of its columns, the keys first."""
        source, scope = self.sources.make_source(depth)
        keys = [self.make.key(scope, 1) for _ in range(self.rng.choice((0, 1, 1, 2, 2, 3)))]
        keys = [
            k
            for i, k in enumerate(keys)
            if k.sql not in [o.sql for o in keys[:i]] and any(c.sql in k.sql for c in scope.columns)
        ]
        calls = [self.make.aggregate(scope, min(depth, 2)) for _ in range(self.rng.randint(1, 3))]
        by = self.group_by([k.sql for k in keys])
        having = (
            f" HAVING {self.make.aggregate(scope, 1).sql} {self.rng.choice(('IS NOT NULL', 'IS NULL', 'IS NOT NULL'))}"
            if self.rng.random() < 0.2
            else ""
        )
        text = f"SELECT {self.shown([*keys, *calls])} FROM {source}{self.where(scope, depth)}{by}{having}"
        return text, ["int" if c.family == "tz" else c.family for c in (*keys, *calls)]

    def group_by(self, keys: list[str]) -> str:
        if not keys:
            return ""
        pick = self.rng.randrange(10)
        if pick == 0:
            return f" GROUP BY ROLLUP ({', '.join(keys)})"
        if pick == 1:
            return f" GROUP BY CUBE ({', '.join(keys)})"
        if pick == 2:
            return f" GROUP BY GROUPING SETS (({', '.join(keys)}), ({keys[0]}), ())"
        return (
            f" GROUP BY {', '.join(keys)}"
            if pick < 7
            else f" GROUP BY {', '.join(str(i + 1) for i in range(len(keys)))}"
        )

    def set_operation(self, depth: int) -> tuple[str, list[str]]:
        families = [self.rng.choice(ORDERED) for _ in range(self.rng.randint(1, 3))]
        families = ["int" if f == "tz" else f for f in families]
        operator = self.rng.choice(("UNION ALL", "UNION", "EXCEPT", "INTERSECT", "EXCEPT ALL", "INTERSECT ALL"))
        sides = [self.of_families(families, depth - 1) for _ in range(self.rng.choice((2, 2, 3)))]
        return f" {operator} ".join(sides), families

    def of_families(self, families: list[str], depth: int) -> str:
        source, scope = self.sources.make_source(max(depth, 0))
        items = [Column(self.make.make(f, scope, min(depth, 2)), f) for f in families]
        return f"SELECT {self.shown(items)} FROM {source}{self.where(scope, min(depth, 2))}"

    def distinct_on(self, depth: int) -> str:
        source, scope = self.sources.make_source(depth)
        if not scope.keys:
            return f"SELECT DISTINCT {self.shown([self.make.key(scope, depth)])} FROM {source}"
        on = self.make.key(scope, 1).sql
        order = ", ".join([on + direction(self.make), *(k + direction(self.make) for k in scope.keys)])
        return (
            f"SELECT DISTINCT ON ({on}) {self.shown([self.make.any(scope, 1), self.make.any(scope, depth)])} FROM "
            f"{source}{self.where(scope, depth)} ORDER BY {order}"
        )

    def recursive(self) -> str:
        source, _ = self.sources.table()
        union = self.rng.choice(("UNION", "UNION ALL"))
        step = self.rng.choice(("n + 1", "n + 2", "n + t0.id % 2 + 1"))
        start = self.rng.choice((f"SELECT id % 4 FROM {source}", "SELECT 0", "SELECT 1 UNION ALL SELECT 2"))
        more = "r, t0" if "t0" in step else "r"
        tail = " AND t0.id < 3" if "t0" in step else ""
        return (
            f"WITH RECURSIVE r(n) AS (({start}) {union} SELECT {step} FROM {more} WHERE n < "
            f"{self.rng.choice((3, 6))}{tail}) "
            f"SELECT n, count(*), {self.make.make('int', Scope([Column('n', 'int')]), 2)} AS e FROM r GROUP BY n"
        )

    def with_clause(self, depth: int) -> str:
        found = []
        for _ in range(self.rng.choice((1, 1, 2))):
            self.ctes += 1
            text, families = self.derived(depth - 1)
            name = f"q{self.ctes}"
            kept = self.rng.choice(("", "", " MATERIALIZED", " NOT MATERIALIZED"))
            found.append(f"{name} AS{kept} ({text})")
            self.sources.ctes[name] = families
        return f"WITH {', '.join(found)} "

    def derived(self, depth: int) -> tuple[str, list[str]]:
        """Return a query to stand in FROM, whose columns are c0, c1, ..., and their families."""
        pick = self.rng.randrange(6)
        if pick == 0:
            return self.set_operation(depth)
        if pick in (1, 2):
            return self.grouped(depth)
        families = ["int", *self.rng.choices([f for f in FAMILIES if f != "tz"], k=self.rng.randint(0, 2))]
        return self.of_families(families, depth), families

    def subquery(self, family: str, scope: Scope, depth: int) -> str:
        """Return a scalar subquery, EXISTS or IN, perhaps correlated to `scope`."""
        source, inner = self.sources.make_source(min(depth - 1, 1), lateral=False)
        both = Scope(inner.columns + scope.columns)
        where = self.make.condition(both if self.rng.random() < 0.7 else inner, 1)
        numbers, outer = inner.of("int"), scope.of("int")
        if numbers and outer and self.rng.random() < 0.6:
            where = (
                f"{self.rng.choice(numbers).sql} = {self.rng.choice(outer).sql} AND {where}"
                if self.rng.random() < 0.6
                else f"{self.rng.choice(numbers).sql} < {self.rng.choice(outer).sql}"
            )
        if family == "bool":
            pick = self.rng.randrange(4)
            if pick < 2:
                return f"{('', 'NOT ')[pick]}EXISTS (SELECT 1 FROM {source} WHERE {where})"
            of = self.rng.choice(("int", "text", "date"))
            found = f"SELECT {self.make.make(of, inner, 1)} FROM {source} WHERE {where}"
            quantifier = self.rng.choice(("IN", "NOT IN", "IN", "NOT IN", "= ANY", "< ALL", ">= ANY", "<> ALL"))
            return f"({self.make.make(of, scope, 1)} {quantifier} ({found}))"
        if family in ("int", "text", "date", "ts", "dec", "flt") and self.rng.random() < 0.8:
            return (
                f"(SELECT {self.rng.choice(('min', 'max'))}({self.make.make(family, inner, 1)}) FROM {source} "
                f"WHERE {where})"
            )
        if family == "int":
            return f"(SELECT count(*) FROM {source} WHERE {where})"
        if not inner.keys:
            return f"(NULL::{next(k.type for k in KINDS.values() if k.family == family)})"
        return (
            f"(SELECT {self.make.make(family, both, 1)} FROM {source} WHERE {where} ORDER BY "
            f"{', '.join(inner.keys)} LIMIT 1)"
        )
