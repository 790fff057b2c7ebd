"""Random window calls whose value does not depend on how ties are ordered."""

from __future__ import annotations

from tests.fuzz.expressions import Column, Expressions, Scope

_RANKS = ("row_number()", "rank()", "dense_rank()", "percent_rank()", "cume_dist()", "ntile(3)")
_VALUES = (
    "lag({x})",
    "lead({x}, 2)",
    "lag({x}, 1, {x})",
    "first_value({x})",
    "last_value({x})",
    "nth_value({x}, 2)",
    "first_value({x} IGNORE NULLS)",
    "lag({x} IGNORE NULLS)",
)
_AGGREGATES = (("int", "count(*)"), ("int", "sum({int})"), ("int", "min({int})"), ("text", "max({text})"),
               ("flt", "avg({int})"), ("dec", "sum({dec})"), ("int", "count({any})"),
               ("flt", "max({flt})"), ("bool", "bool_or({bool})"), ("date", "min({date})"),
               ("int", "count(DISTINCT {int})"), ("text", "string_agg({text}, '')"))  # fmt: skip
_BOUNDS = (
    "UNBOUNDED PRECEDING",
    "2 PRECEDING",
    "1 PRECEDING",
    "CURRENT ROW",
    "1 FOLLOWING",
    "2 FOLLOWING",
    "UNBOUNDED FOLLOWING",
)
_EXCLUDE = ("", "", "", " EXCLUDE CURRENT ROW", " EXCLUDE GROUP", " EXCLUDE TIES", " EXCLUDE NO OTHERS")


def window(make: Expressions, scope: Scope, depth: int) -> Column:
    """Return a window call over the scope, whose keys make the order total."""
    rng = make.rng
    partition = f"PARTITION BY {make.key(scope, 1).sql} " if rng.random() < 0.6 else ""
    order = [f"{make.key(scope, 1).sql}{direction(make)}" for _ in range(rng.randint(0, 1))]
    total = [*order, *(f"{k}{direction(make)}" for k in scope.keys)]
    pick = rng.randrange(4)
    if pick == 0 and scope.keys:
        return Column(f"{rng.choice(_RANKS)} OVER ({partition}ORDER BY {', '.join(total)})", "flt")
    if pick == 1 and scope.keys:
        family = rng.choice(("int", "text", "date", "dec", "flt", "bool"))
        call = rng.choice(_VALUES).replace("{x}", make.make(family, scope, min(depth, 1)))
        frame = f" {_rows(make)}" if "value" in call.split("(")[0] and rng.random() < 0.5 else ""
        return Column(f"{call} OVER ({partition}ORDER BY {', '.join(total)}{frame})", family)
    family, template = rng.choice(_AGGREGATES)
    call = make.fill(template, family, scope, min(depth, 1))
    if "string_agg" not in template and rng.random() < 0.2:
        call += f" FILTER (WHERE {make.condition(scope, 1)})"
    if pick == 2 and scope.keys:
        return Column(f"{call} OVER ({partition}ORDER BY {', '.join(total)} {_rows(make)})", family)
    if "string_agg" in template:
        return Column(f"count(*) OVER ({partition.strip()})", "int")
    return Column(f"{call} OVER ({partition}{_peers(make, scope)})", family)


def direction(make: Expressions) -> str:
    return make.rng.choice(("", "", " DESC", " NULLS FIRST", " DESC NULLS LAST", " ASC", " DESC NULLS FIRST"))


def _rows(make: Expressions) -> str:
    start, end = sorted(make.rng.sample(range(len(_BOUNDS)), 2))
    return f"ROWS BETWEEN {_BOUNDS[start]} AND {_BOUNDS[end]}{make.rng.choice(_EXCLUDE)}"


def _peers(make: Expressions, scope: Scope) -> str:
    """Return an order in which equal rows see the same frame."""
    rng = make.rng
    if rng.random() < 0.3:
        return ""
    if rng.random() < 0.4:
        start, end = sorted(rng.sample(range(len(_BOUNDS)), 2))
        numbers = [c.sql for c in scope.columns if c.family == "int"]
        if numbers and rng.random() < 0.6:
            return (
                f"ORDER BY {rng.choice(numbers)} {rng.choice(('ASC', 'DESC'))} RANGE BETWEEN {_BOUNDS[start]} AND "
                f"{_BOUNDS[end]}"
            )
        return (
            f"ORDER BY {make.key(scope, 1).sql}{direction(make)} GROUPS BETWEEN {_BOUNDS[start]} AND "
            f"{_BOUNDS[end]}{rng.choice(_EXCLUDE)}"
        )
    return f"ORDER BY {make.key(scope, 1).sql}{direction(make)}"
