"""Each rule as the plan before and after it; and the answers of the whole corpus with and without each rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace

import duckdb
import polars as pl
import pyarrow as pa
import pytest

from rem_arrow.engine import named
from rem_arrow.errors import UnsupportedError
from rem_arrow.lower.relation import Lowering, lower
from rem_arrow.optimize.code_keys import code_keys
from rem_arrow.optimize.decorrelate import decorrelate
from rem_arrow.optimize.optimizer import RULES, optimize
from rem_arrow.optimize.order_joins import order_joins
from rem_arrow.optimize.prune_columns import prune_columns
from rem_arrow.optimize.push_filter import push_filter
from rem_arrow.plan.explain import explain
from rem_arrow.plan.nodes import Query, Relation
from rem_arrow.sql.bind import Binder
from rem_arrow.sql.parse import parse
from rem_arrow.storage.codec import CODED
from tests.sql.compare import multiset
from tests.sql.test_slt import FILES, blocks


class FrameCatalog:
    """Frames as tables."""

    def __init__(self, frames: dict[str, pl.DataFrame]) -> None:
        self.frames = frames

    def source(self, name: str) -> object:
        frame = self.frames.get(name.casefold())
        if frame is None:
            return None

        def scan(columns: list[str], ranges: object, report: object, coded: frozenset[str] = frozenset(), fixed: frozenset[str] = frozenset()) -> pl.LazyFrame:
            return frame.lazy().select(pl.col(c).cast(CODED) if c in coded else pl.col(c) for c in columns)

        return SimpleNamespace(schema=frame.schema, row_count=lambda: frame.height, statistics=lambda _: None, scan=scan)

    def view(self, name: str) -> None:
        return None

    def table_names(self) -> list[str]:
        return list(self.frames)


CATALOG = FrameCatalog(
    {"t": pl.DataFrame(schema={"a": pl.Int32, "b": pl.Int32, "s": pl.String}), "u": pl.DataFrame(schema={"a": pl.Int32, "c": pl.Int32}), "v": pl.DataFrame(schema={"c": pl.Int32})}
)


def bound(text: str, catalog: FrameCatalog = CATALOG) -> Query:
    return Binder(text, catalog, {}).statement(parse(text))  # type: ignore[arg-type]


CASES: list[tuple[Callable[[Relation], Relation], str, str]] = [
    (push_filter, "SELECT x FROM (SELECT a + 1 AS x FROM t) q WHERE x > 2", "Project q.x AS x#2\n  Project x AS q.x\n    Project (t.a + 1) AS x\n      Filter ((t.a + 1) > 2)\n        Scan t (a, b, s)"),
    (push_filter, "SELECT t.a FROM t, u WHERE t.a = u.a AND t.b > 1 AND u.c < 5", "Project t.a AS a\n  Join inner ON t.a = u.a\n    Filter (t.b > 1)\n      Scan t (a, b, s)\n    Filter (u.c < 5)\n      Scan u (a, c)"),
    (push_filter, "SELECT t.a FROM t LEFT JOIN u ON t.a = u.a WHERE t.b > 1 AND u.c IS NULL", "Project t.a AS a\n  Filter is_null(u.c)\n    Join left ON t.a = u.a\n      Filter (t.b > 1)\n        Scan t (a, b, s)\n      Scan u (a, c)"),
    (push_filter, "SELECT t.a FROM t LEFT JOIN u ON t.a = u.a AND u.c > 1 AND t.b > 1", "Project t.a AS a\n  Join left ON t.a = u.a AND (t.b > 1)\n    Scan t (a, b, s)\n    Filter (u.c > 1)\n      Scan u (a, c)"),
    (push_filter, "SELECT t.a FROM t FULL JOIN u ON t.a = u.a WHERE t.b > 1", "Project t.a AS a\n  Filter (t.b > 1)\n    Join full ON t.a = u.a\n      Scan t (a, b, s)\n      Scan u (a, c)"),
    (push_filter, "SELECT * FROM (SELECT a, count(*) AS n FROM t GROUP BY a) q WHERE a = 1 AND n > 2", "Project q.a AS a#2, q.n AS n#2\n  Project a AS q.a, n AS q.n\n    Project t.a#2 AS a, count() AS n\n      Filter (count() > 2)\n        Aggregate count(*) BY t.a\n          Filter (t.a = 1)\n            Scan t (a, b, s)"),
    (push_filter, "SELECT * FROM (SELECT a FROM t LIMIT 3) q WHERE a = 1", "Project q.a AS a#2\n  Project a AS q.a\n    Filter (a = 1)\n      Limit 3\n        Project t.a AS a\n          Scan t (a, b, s)"),
    (order_joins, "SELECT t.a FROM t, v, u WHERE t.a = u.a AND u.c = v.c", "Project t.a AS a\n  Project t.a, t.b, t.s, v.c, u.a, u.c\n    Join inner ON u.a = t.a\n      Join inner ON u.c = v.c\n        Scan u (a, c)\n        Scan v (c)\n      Scan t (a, b, s)"),
    (code_keys, "SELECT s, count(*) FROM t WHERE s <> 'x' AND s IN ('a', 'b') GROUP BY s", "Project t.s#2 AS s, count() AS count_star()\n  Aggregate count(*) BY t.s\n    Filter ((t.s <> 'x') AND t.s IN ('a', 'b'))\n      Scan t (a, b, s as codes)"),
    (code_keys, "SELECT s, count(*) FROM t WHERE s LIKE 'x%' GROUP BY s", "Project t.s#2 AS s, count() AS count_star()\n  Aggregate count(*) BY t.s\n    Filter like(t.s, 'x%')\n      Scan t (a, b, s)"),
    (code_keys, "SELECT s, max(s) FROM t GROUP BY s", "Project t.s#2 AS s, max() AS max(s)\n  Aggregate max(t.s) BY t.s\n    Scan t (a, b, s)"),
    (code_keys, "SELECT k, n FROM (SELECT s AS k, s || 'x' AS n FROM t) q GROUP BY k, n", "Project q.k#2 AS k#2, q.n#2 AS n#2\n  Aggregate  BY q.k, q.n\n    Project k AS q.k, n AS q.n\n      Project t.s AS k, concat_operator(t.s, 'x') AS n\n        Scan t (a, b, s)"),
    (code_keys, "SELECT k FROM (SELECT s AS k, a FROM t ORDER BY a LIMIT 3) q GROUP BY k", "Project q.k#2 AS k#2\n  Aggregate  BY q.k\n    Project k AS q.k, a AS q.a\n      Limit 3\n        Sort a\n          Project t.s AS k, t.a AS a\n            Scan t (a, b, s as codes)"),
    (code_keys, "SELECT t.s FROM t JOIN t AS o ON t.s = o.s GROUP BY t.s", "Project t.s#2 AS s\n  Aggregate  BY t.s\n    Join inner ON t.s = o.s\n      Scan t (a, b, s)\n      Scan t (a, b, s)"),
    (prune_columns, "SELECT a FROM (SELECT a, b + 1, s FROM t) q", "Project q.a AS a#2\n  Project a AS q.a\n    Project t.a AS a\n      Scan t (a)"),
    (prune_columns, "SELECT count(*) FROM t JOIN u ON t.a = u.a", "Project count() AS count_star()\n  Aggregate count(*)\n    Join inner ON t.a = u.a\n      Scan t (a)\n      Scan u (a)"),
    (prune_columns, "SELECT count(*) FROM t", "Project count() AS count_star()\n  Aggregate count(*)\n    Scan t (a)"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "text", "after"), CASES, ids=[f"{c[0].__name__}-{i}" for i, c in enumerate(CASES)])
def test_a_rule_makes_this_plan(rule: Callable[[Relation], Relation], text: str, after: str) -> None:
    plan = bound(text).plan
    if rule is order_joins:
        plan = push_filter(plan)
    assert explain(rule(plan)) == after


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.__name__)
def test_a_rule_applied_twice_keeps_the_schema(rule: Callable[[Relation], Relation]) -> None:
    for _, text, _ in CASES:
        plan = bound(text).plan
        assert list(rule(rule(plan)).schema.items()) == list(plan.schema.items())


def _corpus() -> Iterator[tuple[str, FrameCatalog]]:
    for path in FILES:
        with duckdb.connect() as oracle:
            found = list(blocks(path))
            for kind, text, _ in found:
                if kind == "statement":
                    oracle.execute(text)
            names = [n for (n,) in oracle.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
            tables = {n: pl.DataFrame(pa.table(oracle.sql(f'SELECT * FROM "{n}"').to_arrow_table())) for n in names}
        for kind, text, _ in found:
            # LIMIT without an order may take any rows.
            if kind == "query" and ("LIMIT" not in text or "ORDER BY" in text):
                yield text, FrameCatalog(tables)


def _rows(plan: Relation, catalog: FrameCatalog) -> list[tuple[object, ...]]:
    return named(lower(plan, Lowering(catalog, {})).collect(), list(plan.schema)).rows()  # type: ignore[arg-type]


@pytest.mark.parametrize("left_out", [None, *RULES[1:]], ids=lambda r: r.__name__ if r else "all")
def test_the_answers_do_not_depend_on_a_rule(left_out: Callable[[Relation], Relation] | None) -> None:
    """Every query of the corpus: unoptimized, and with all rules but one."""
    for text, catalog in _corpus():
        try:
            query = bound(text, catalog)
        except UnsupportedError:
            # PIVOT without IN, and a condition on names of columns: these read rows, and there is no engine here.
            assert "PIVOT" in text or "*" in text or "COLUMNS" in text
            continue
        # Without this one a plan cannot run.
        plan = decorrelate(query.plan)
        better = plan
        for rule in RULES:
            if rule is not left_out:
                better = rule(better)
        assert list(optimize(plan).schema.items()) == list(plan.schema.items())
        assert multiset(_rows(better, catalog)) == multiset(_rows(plan, catalog)), text
