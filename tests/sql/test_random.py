"""Random queries over random tables: rem_arrow and DuckDB give the same rows, or both an error."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest

import rem_arrow as rem
from rem_arrow.engine import prepared
from tests.effort import examples
from tests.patience import PATIENCE_S
from tests.sql.compare import multiset

SEED = 20_240_817
_NAN, _INF = float("nan"), float("inf")
_VALUES: dict[str, tuple[pa.DataType, list[object]]] = {
    "i": (pa.int32(), [0, 1, -1, 2, 3, 7, 2**31 - 1, -(2**31), None, None]),
    "b": (pa.int64(), [0, 1, -5, 10, 2**63 - 1, -(2**63), None]),
    "f": (pa.float64(), [0.0, 1.5, -2.5, 0.5, _NAN, _INF, -_INF, None]),
    "s": (pa.string(), ["", "a", "b", "ab", "a%b", "Ünï", "  x ", None]),
    "d": (pa.decimal128(10, 2), [Decimal("0.00"), Decimal("1.25"), Decimal("-3.50"), Decimal("99999999.99"), None]),
    "t": (pa.bool_(), [True, False, None]),
}


class Generator:
    """Writes queries over tables `r` and `u`, both with a column of each kind."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def table(self) -> pa.Table:
        rows = self.random.choice([0, 1, 5, 12])
        return pa.table(
            {name: pa.array(self.random.choices(values, k=rows), dtype) for name, (dtype, values) in _VALUES.items()}
        )

    def number(self, alias: str, depth: int = 0) -> str:
        pick = self.random.randrange(9 if depth < 2 else 4)
        if pick < 3:
            return f"{alias}.{self.random.choice('ibfd')}"
        if pick == 3:
            return self.random.choice(["1", "0", "-3", "2.5", "100000"])
        inner = self.number(alias, depth + 1)
        if pick == 4:
            return f"({inner} {self.random.choice('+-*')} {self.number(alias, depth + 1)})"
        if pick == 5:
            return f"({inner} / {self.number(alias, depth + 1)})"
        if pick == 6:
            return f"coalesce({inner}, {self.number(alias, depth + 1)})"
        if pick == 7:
            return f"CASE WHEN {self.condition(alias, depth + 1)} THEN {inner} ELSE {self.number(alias, depth + 1)} END"
        return self.random.choice(
            [
                f"abs({inner})",
                f"-{inner}",
                f"least({inner}, 3)",
                f"length({self.text(alias, depth + 1)})",
                f"nullif({inner}, 1)",
            ]
        )

    def text(self, alias: str, depth: int = 0) -> str:
        pick = self.random.randrange(7 if depth < 2 else 2)
        if pick < 2:
            return f"{alias}.s" if pick else self.random.choice(["'a'", "''", "'%'", "NULL::VARCHAR"])
        inner = self.text(alias, depth + 1)
        return [
            f"upper({inner})",
            f"({inner} || {self.text(alias, depth + 1)})",
            f"substring({inner}, 1, 2)",
            f"trim({inner})",
            f"replace({inner}, 'a', 'z')",
        ][pick - 2]

    def condition(self, alias: str, depth: int = 0) -> str:
        pick = self.random.randrange(10 if depth < 2 else 5)
        if pick == 0:
            return f"{alias}.t"
        if pick < 4:
            return (
                f"{self.number(alias, 2)} {self.random.choice(['=', '<>', '<', '<=', '>', '>='])} "
                f"{self.number(alias, 2)}"
            )
        if pick == 4:
            return (
                f"{self.text(alias, 2)} "
                f"{self.random.choice(['=', '<', '>=', 'LIKE', 'NOT LIKE', 'IS DISTINCT FROM'])} "
                f"{self.text(alias, 2)}"
            )
        if pick == 5:
            return (
                f"({self.condition(alias, depth + 1)} {self.random.choice(['AND', 'OR'])} "
                f"{self.condition(alias, depth + 1)})"
            )
        if pick == 6:
            return f"NOT ({self.condition(alias, depth + 1)})"
        if pick == 7:
            return (
                f"{self.number(alias, 2)} {self.random.choice(['', 'NOT '])}IN (1, "
                f"{self.random.choice(['2', 'NULL', '-1'])}, 7)"
            )
        if pick == 8:
            return f"{self.number(alias, 2)} BETWEEN {self.number(alias, 2)} AND {self.number(alias, 2)}"
        return (
            f"{self.random.choice([self.number(alias, 1), self.text(alias, 1)])} IS "
            f"{self.random.choice(['', 'NOT '])}NULL"
        )

    def aggregate(self, alias: str) -> str:
        return self.random.choice(
            [
                "count(*)",
                f"count({self.number(alias)})",
                f"count(DISTINCT {alias}.{self.random.choice('ibsdt')})",
                f"sum({alias}.{self.random.choice('ibd')})",
                f"min({alias}.{self.random.choice('ibfsdt')})",
                f"max({alias}.{self.random.choice('ibfsdt')})",
                f"avg({alias}.{self.random.choice('id')})",
                f"bool_or({alias}.t)",
                f"bool_and({self.condition(alias, 2)})",
                f"count(*) FILTER (WHERE {self.condition(alias, 1)})",
            ]
        )

    def source(self) -> tuple[str, str]:
        """Return FROM and an alias whose columns may be used."""
        pick = self.random.randrange(5)
        if pick == 0:
            return "r AS x", "x"
        if pick == 1:
            return f"(SELECT * FROM r WHERE {self.condition('r', 1)}) AS x", "x"
        if pick == 2:
            return "(SELECT i, b, f, s, d, t FROM r UNION ALL SELECT i, b, f, s, d, t FROM u) AS x", "x"
        kind = self.random.choice(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"])
        extra = self.random.choice(["", "", f" AND {self.condition('x', 2)}", " AND x.b < y.b"])
        if kind == "FULL JOIN" and extra:
            # DuckDB runs FULL JOIN only on conditions that it can hash or merge.
            extra = ""
        return f"r AS x {kind} u AS y ON x.{(c := self.random.choice('ifsd'))} = y.{c}{extra}", self.random.choice(
            ["x", "y"]
        ) if not extra else "x"

    def query(self) -> str:
        source, alias = self.source()
        where = f" WHERE {self.condition(alias)}" if self.random.random() < 0.6 else ""
        pick = self.random.randrange(4)
        if pick == 0:
            items = ", ".join(self.random.choice([self.number, self.text, self.condition])(alias) for _ in range(3))
            return f"SELECT {items} FROM {source}{where}"
        if pick == 1:
            return f"SELECT {', '.join(self.aggregate(alias) for _ in range(3))} FROM {source}{where}"
        if pick == 2:
            key = self.random.choice(
                [f"{alias}.{self.random.choice('isdtf')}", self.condition(alias, 2), f"length({alias}.s)"]
            )
            having = f" HAVING {self.aggregate(alias)} IS NOT NULL" if self.random.random() < 0.3 else ""
            return (
                f"SELECT {key} AS k, {self.aggregate(alias)}, {self.aggregate(alias)} FROM {source}{where} GROUP "
                f"BY {key}{having}"
            )
        return f"SELECT DISTINCT {alias}.{self.random.choice('isdft')}, {alias}.t FROM {source}{where}"


def _compare(seed: int, batches: int) -> None:
    """Ask 25 queries for each batch, over tables of its own."""
    for batch in range(batches):
        generator = Generator(seed + batch)
        tables = {"r": generator.table(), "u": generator.table()}
        with rem.connect(background=False) as db, duckdb.connect() as oracle:
            for name, rows in tables.items():
                oracle.register(name, rows)
                db.load(name, rows)
            for _ in range(25):
                _same(generator.query(), db, oracle, f"seed {seed + batch}")


def _same(text: str, db: rem.Database, oracle: duckdb.DuckDBPyConnection, where: str) -> None:
    try:
        expected: object = oracle.execute(text).fetchall()
    except duckdb.Error:
        # What DuckDB refuses or overflows may only be refused, or computed exactly in a wider type.
        with suppress(rem.RemError):
            db.sql(text)
        return
    try:
        actual = db.sql(text).rows()
    except rem.RemError as error:
        raise AssertionError(f"{where}: {text}\n{error}") from error
    assert multiset(actual) == multiset(expected), f"{where}: {text}\nrem_arrow {actual}\nDuckDB    {expected}"


@pytest.mark.parametrize(("few_rows", "seed"), [(prepared.FEW_ROWS, SEED), (0, SEED + 1)])
def test_random_queries_agree_with_duckdb(few_rows: int, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few hundred queries on each of Polars' engines; the seed of a failure is in its message."""
    monkeypatch.setattr(prepared, "FEW_ROWS", few_rows)
    _compare(seed, examples(20))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1_000_000, 1_000_400, 100))
def test_many_random_queries_agree_with_duckdb(seed: int) -> None:
    _compare(seed, 80)


def test_the_values_hold_the_extremes() -> None:
    values = _VALUES["f"][1]
    assert any(isinstance(v, float) and math.isnan(v) for v in values)
    assert None in values


@pytest.fixture(autouse=True)
def _bounded() -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < PATIENCE_S, "a query hangs"
