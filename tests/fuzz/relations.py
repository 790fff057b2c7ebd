"""Relations that hold between statements of one engine, without an oracle, each made of the parts of a plain query.

TLP: the rows of a query are those where p holds, those where NOT p does, and those where p IS NULL; so of DISTINCT, of
HAVING and of aggregates that combine. NoREC: a WHERE keeps as many rows as its condition is true for, summed without a
WHERE. PQS: rows for which a condition holds, computed over their values as constants, are found by the condition.
(Rigger and Su, SQLancer.) DQE: the rows that a SELECT finds are those that an UPDATE of the same condition changes and
a DELETE removes (Song and others, 2023).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sqlglot
from sqlglot import exp

import rem_arrow as rem
from tests.fuzz.expressions import Scope
from tests.fuzz.kinds import KINDS
from tests.fuzz.oracle import Finding, difference
from tests.fuzz.queries import Queries
from tests.fuzz.tables import Table

_COMBINED = {"count": "sum", "sum": "sum", "min": "min", "max": "max"}
_MARK = 1_000_000


@dataclass(frozen=True)
class Parts:
    """A query: SELECT items FROM source WHERE p."""

    items: str
    source: str
    p: str

    @property
    def text(self) -> str:
        return f"SELECT {self.items} FROM {self.source} WHERE {self.p}"

    @classmethod
    def of(cls, text: str) -> Parts | None:
        """Return the parts of a query as text; None where one is not there."""
        tree = sqlglot.parse_one(text, dialect="duckdb")
        where = tree.args.get("where")
        if not isinstance(tree, exp.Select) or where is None:
            return None
        items = ", ".join(e.sql(dialect="duckdb") for e in tree.expressions)
        tree.set("where", None)
        tree.set("expressions", [exp.Star()])
        return cls(items, tree.sql(dialect="duckdb").removeprefix("SELECT * FROM "), where.this.sql(dialect="duckdb"))

    def third(self) -> tuple[str, str, str]:
        """The three conditions of which one is true for every row."""
        return f"({self.p})", f"(NOT ({self.p}))", f"(({self.p}) IS NULL)"


def draw(queries: Queries, tables: list[Table], depth: int) -> tuple[str, Parts]:
    """Return the name of a relation, and the query that it is about."""
    rng, make = queries.rng, queries.make
    name = rng.choice(list(RELATIONS))
    if name == "PQS" and any(t.rows for t in tables):
        return name, _pivot(queries, [t for t in tables if t.rows], depth)
    if name == "DQE":
        table = rng.choice(tables)
        source, scope = queries.sources.of(table)
        p = make.condition(scope, depth).replace(f"{source.rsplit(' ', 1)[1]}.", f"{table.name}.")
        return name, Parts("id", table.name, p)
    source, scope = queries.sources.make_source(depth)
    p = make.condition(scope, depth)
    if name == "TLP aggregate":
        return name, Parts(f"{rng.choice(list(_COMBINED))}({make.make('int', scope, 1)}) AS v", source, p)
    if name == "TLP HAVING":
        held = f"count(*) > {make.leaf('int', scope)}"
        held = f"{make.aggregate(scope, 0).sql} IS NOT NULL" if "." in held else held
        return name, Parts(f"{make.key(scope, 1).sql} AS k", source, held)
    if name.startswith("TLP"):
        return name, Parts(queries.shown([make.any(scope, 1) for _ in range(2)]), source, p)
    return "NoREC", Parts("1 AS one", source, p)


def _pivot(queries: Queries, filled: list[Table], depth: int) -> Parts:
    """A condition over rows of one or two tables, and the rows: the query has the one as item, the others in WHERE."""
    rng = queries.rng
    both, places, ids = Scope(), list[str](), list[str]()
    for table in rng.sample(filled, min(len(filled), rng.choice((1, 1, 2)))):
        place, scope = queries.sources.of(table)
        both.columns.extend(scope.columns)
        places.append(place)
        ids.append(f"{place.rsplit(' ', 1)[1]}.id = {rng.choice(table.rows)[0]}")
    return Parts(queries.make.condition(both, depth), ", ".join(places), " AND ".join(ids))


def check(db: rem.Database, tables: list[Table], name: str, parts: Parts) -> Finding | None:
    """Return a finding if the relation does not hold."""
    try:
        detail = RELATIONS[name](db, tables, parts)
    except rem.RemError:
        # Errors are held against the oracle, which says which are right.
        return None
    except Exception as error:  # noqa: BLE001 - this is what a fuzzer looks for
        detail = f"foreign {type(error).__name__}: {error}"
    return Finding(name, parts.text, detail) if detail else None


def _rows(db: rem.Database, tables: list[Table], parts: Parts) -> str:
    whole = f"SELECT {parts.items} FROM {parts.source}"
    return _same(db, whole, " UNION ALL ".join(f"{whole} WHERE {part}" for part in parts.third()))


def _distinct(db: rem.Database, tables: list[Table], parts: Parts) -> str:
    whole = f"SELECT DISTINCT {parts.items} FROM {parts.source}"
    return _same(db, whole, " UNION ".join(f"{whole} WHERE {part}" for part in parts.third()))


def _aggregate(db: rem.Database, tables: list[Table], parts: Parts) -> str:
    whole = f"SELECT {parts.items} FROM {parts.source}"
    combined = _COMBINED.get(parts.items.split("(")[0].lower())
    if combined is None or not parts.items.endswith(" AS v"):
        return ""
    united = " UNION ALL ".join(f"{whole} WHERE {part}" for part in parts.third())
    return _same(db, whole, f"SELECT {combined}(v) AS v FROM ({united}) AS u")


def _having(db: rem.Database, tables: list[Table], parts: Parts) -> str:
    key = parts.items.removesuffix(" AS k")
    whole = f"SELECT {key} AS k, count(*) AS n FROM {parts.source} GROUP BY {key}"
    return _same(db, whole, " UNION ALL ".join(f"{whole} HAVING {part}" for part in parts.third()))


def _counted(db: rem.Database, tables: list[Table], parts: Parts) -> str:
    summed = f"SELECT {parts.p} AS c FROM {parts.source}"
    return _same(
        db,
        f"SELECT count(*) FROM {parts.source} WHERE {parts.p}",
        f"SELECT coalesce(sum(CASE WHEN c THEN 1 ELSE 0 END), 0) FROM ({summed}) AS u",
    )


def _found(db: rem.Database, tables: list[Table], parts: Parts) -> str:
    """PQS: the condition is the query's item; with the rows' values in place of the tables it has one value."""
    values = []
    for place, chosen in zip(parts.source.split(", "), parts.p.split(" AND "), strict=True):
        name, _, alias = place.split(" ")
        table = next(t for t in tables if t.name == name)
        row = next(r for r in table.rows if chosen.endswith(f" = {r[0]}"))
        items = ", ".join(f"({v})::{KINDS[k].type} AS {n}" for (n, k), v in zip(table.columns, row, strict=True))
        values.append(f"(SELECT {items}) AS {alias}")
    held = db.sql(f"SELECT {parts.items} AS p FROM {', '.join(values)}").item()
    third = Parts("1", parts.source, parts.items).third()
    holds = third[0] if held else third[2] if held is None else third[1]
    return _same(db, f"SELECT count(*) AS n FROM {parts.source} WHERE {holds} AND {parts.p}", "SELECT 1 AS n")


def _touched(db: rem.Database, tables: list[Table], parts: Parts) -> str:
    """DQE: ids of a SELECT, of an UPDATE of the ids and of a DELETE; all is undone."""
    table = parts.source
    every = sorted(i for (i,) in db.sql(f"SELECT id FROM {table}").rows())
    wanted = sorted(i for (i,) in db.sql(parts.text).rows())
    kept = sorted(set(every) - set(wanted))
    marked = f"SELECT id - {_MARK} AS id FROM {table} WHERE id >= {_MARK // 2}"
    updated = _undone(db, f"UPDATE {table} SET id = id + {_MARK} WHERE {parts.p}", marked)
    left = _undone(db, f"DELETE FROM {table} WHERE {parts.p}", f"SELECT id FROM {table}")
    if updated == (len(wanted), wanted) and left == (len(wanted), kept):
        return ""
    return f"SELECT gives {wanted}, UPDATE changes {updated}, DELETE leaves {left}"


def _undone(db: rem.Database, change: str, after: str) -> tuple[int, list[int]]:
    """Return how many rows a statement says that it changed, and the ids that a query gives then; change nothing."""
    transaction = db.transaction()
    try:
        count = transaction.sql(change).item()
        return count, sorted(i for (i,) in transaction.sql(after).rows())
    finally:
        transaction.rollback()


def _same(db: rem.Database, one: str, other: str) -> str:
    a, b = db.sql(one).rows(), db.sql(other).rows()
    return f"{one};\n{other}\n{a}\n{b}" if difference(a, b, ordered=False) else ""


RELATIONS: dict[str, Callable[[rem.Database, list[Table], Parts], str]] = {
    "TLP": _rows,
    "TLP DISTINCT": _distinct,
    "TLP aggregate": _aggregate,
    "TLP HAVING": _having,
    "NoREC": _counted,
    "PQS": _found,
    "DQE": _touched,
}
