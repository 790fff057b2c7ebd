"""Relations that hold between queries of one engine, without an oracle (Rigger and Su, SQLancer).

TLP: the rows of a query are those where p holds, those where NOT p does, and those where p IS NULL; so of DISTINCT, of
HAVING and of aggregates that combine. NoREC: a WHERE keeps as many rows as its condition is true for, summed without a
WHERE.
"""

from __future__ import annotations

import rem_arrow as rem
from tests.fuzz.oracle import Finding, difference
from tests.fuzz.queries import Queries

_COMBINED = {"count": "sum", "sum": "sum", "min": "min", "max": "max"}


def partitions(db: rem.Database, queries: Queries, depth: int) -> Finding | None:
    """Ternary logic partitioning of a random query."""
    source, scope = queries.sources.make_source(depth)
    p = queries.make.condition(scope, depth)
    parts = [f"({p})", f"(NOT ({p}))", f"(({p}) IS NULL)"]
    pick = queries.rng.randrange(4)
    if pick == 0:
        name = queries.rng.choice(list(_COMBINED))
        item = f"{name}({queries.make.make('int', scope, 1)})"
        whole = f"SELECT {item} AS v FROM {source}"
        united = " UNION ALL ".join(f"{whole} WHERE {part}" for part in parts)
        return _same(db, whole, f"SELECT {_COMBINED[name]}(v) AS v FROM ({united}) AS u", f"TLP {name}")
    if pick == 1:
        key, held = queries.make.key(scope, 1).sql, f"count(*) > {queries.make.leaf('int', scope)}"
        held = f"{queries.make.aggregate(scope, 0).sql} IS NOT NULL" if "." in held else held
        whole = f"SELECT {key} AS k, count(*) AS n FROM {source} GROUP BY {key}"
        united = " UNION ALL ".join(f"{whole} HAVING {part}" for part in (held, f"NOT ({held})", f"({held}) IS NULL"))
        return _same(db, whole, united, "TLP HAVING")
    items = queries.shown([queries.make.any(scope, 1) for _ in range(2)])
    distinct = pick == 2
    whole = f"SELECT {'DISTINCT ' if distinct else ''}{items} FROM {source}"
    united = (" UNION " if distinct else " UNION ALL ").join(f"{whole} WHERE {part}" for part in parts)
    return _same(db, whole, united, "TLP DISTINCT" if distinct else "TLP")


def counted(db: rem.Database, queries: Queries, depth: int) -> Finding | None:
    """NoREC: a filter's count beside the sum of its condition."""
    source, scope = queries.sources.make_source(depth)
    p = queries.make.condition(scope, depth)
    plain = f"SELECT coalesce(sum(CASE WHEN c THEN 1 ELSE 0 END), 0) FROM (SELECT {p} AS c FROM {source}) AS u"
    return _same(db, f"SELECT count(*) FROM {source} WHERE {p}", plain, "NoREC")


def _same(db: rem.Database, one: str, other: str, name: str) -> Finding | None:
    try:
        a, b = db.sql(one).rows(), db.sql(other).rows()
    except rem.RemError:
        # Errors are held against the oracle, which says which are right.
        return None
    except Exception as error:  # noqa: BLE001 - this is what a fuzzer looks for
        return Finding("foreign", f"{one};\n{other}", f"{type(error).__name__}: {error}")
    return Finding(name, f"{one};\n{other}", f"{a}\n{b}") if difference(a, b, ordered=False) else None
