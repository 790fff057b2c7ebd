"""Each rule as the plan before and after it; and the answers of the whole corpus with and without each rule."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from types import SimpleNamespace

import duckdb
import polars as pl
import pyarrow as pa
import pytest

from rem_arrow.base.session_state import SessionState
from rem_arrow.base.source import NO_SKIPS, Skips
from rem_arrow.engine.results import named
from rem_arrow.lower.context import Environment, Lowering
from rem_arrow.lower.relation import lower
from rem_arrow.optimize import aggregate_early, push_semi, restrict_groups, run_first
from rem_arrow.optimize.code_keys import code_keys
from rem_arrow.optimize.collate import collate
from rem_arrow.optimize.decorrelate import decorrelate
from rem_arrow.optimize.optimizer import RULES, optimize
from rem_arrow.optimize.order_joins import order_joins
from rem_arrow.optimize.place_volatile import place_volatile
from rem_arrow.optimize.prune_columns import prune_columns
from rem_arrow.optimize.push_filter import push_filter
from rem_arrow.optimize.push_shared import push_shared
from rem_arrow.optimize.share import share
from rem_arrow.plan.explain import explain
from rem_arrow.plan.nodes import Query, Relation
from rem_arrow.plan.statement_time import with_time
from rem_arrow.sql.bind.query import Binder
from rem_arrow.sql.text.parser import parse
from rem_arrow.storage import key_filter
from rem_arrow.storage.codec import CODED
from tests.sql.compare import multiset
from tests.sql.test_slt import FILES, blocks

_NOW = dt.datetime.now(dt.timezone.utc)


class FrameCatalog:
    """Frames as tables."""

    def __init__(self, frames: dict[str, pl.DataFrame]) -> None:
        self.frames = frames

    def source(self, name: str) -> object:
        frame = self.frames.get(name.casefold())
        if frame is None:
            return None

        def scan(
            columns: list[str],
            report: object,
            skips: Skips = NO_SKIPS,
            coded: frozenset[str] = frozenset(),
            fixed: frozenset[str] = frozenset(),
            *,
            bytes_max: float = math.inf,
        ) -> pl.LazyFrame:
            found = key_filter.kept([frame], skips.keys)[0] if skips.keys else frame
            return found.lazy().select(pl.col(c).cast(CODED) if c in coded else pl.col(c) for c in columns)

        return SimpleNamespace(
            schema=frame.schema,
            hidden=pl.Schema(),
            vectors={},
            indexed=frozenset(),
            row_count=lambda: frame.height,
            statistics=lambda _: None,
            scan=scan,
        )

    session = SessionState()

    def resolve(self, parts: Sequence[str], within: str | None = None) -> str | None:
        return parts[-1] if parts[-1] in self.frames else None

    has_macros = False

    def info(self, parts: Sequence[str]) -> None:
        return None

    def macro(self, kind: str, parts: Sequence[str]) -> tuple[()]:
        return ()

    def schema_of(self, name: str) -> str:
        return "main"

    def named_type(self, name: str) -> None:
        return None

    def entity_table(self, name: str) -> None:
        return None

    def view(self, name: str) -> None:
        return None

    def table_names(self) -> list[str]:
        return list(self.frames)


CATALOG = FrameCatalog(
    {
        "t": pl.DataFrame(schema={"a": pl.Int32, "b": pl.Int32, "s": pl.String}),
        "u": pl.DataFrame(schema={"a": pl.Int32, "c": pl.Int32}),
        "v": pl.DataFrame(schema={"c": pl.Int32}),
    }
)


def bound(text: str, catalog: FrameCatalog = CATALOG) -> Query:
    return Binder(text, catalog, {}, lambda query: _rows(decorrelate(query.plan), catalog)).statement(parse(text))


CASES: list[tuple[Callable[[Relation], Relation], str, str]] = [
    (place_volatile, "SELECT random() AS r FROM t WHERE a > 1 AND random() < 0.5 ORDER BY r",
     "Sort r\n  Project random#2 AS r\n    Window random()\n      Filter (random < 0.5)\n        Window random()\n"
     "          Filter (t.a > 1)\n            Scan t (a, b, s)"),
    (push_filter, "SELECT x FROM (SELECT a + 1 AS x FROM t) q WHERE x > 2",
     "Project q.x AS x#2\n  Project x AS q.x\n    Project (t.a + 1) AS x\n      Filter ((t.a + 1) > 2)\n        Scan "
     "t (a, b, s)"),
    (push_filter, "SELECT t.a FROM t, u WHERE t.a = u.a AND t.b > 1 AND u.c < 5",
     "Project t.a AS a\n  Join inner ON t.a = u.a\n    Filter (t.b > 1)\n      Scan t (a, b, s)\n    Filter (u.c < "
     "5)\n      Scan u (a, c)"),
    (push_filter, "SELECT t.a FROM t LEFT JOIN u ON t.a = u.a WHERE t.b > 1 AND u.c IS NULL",
     "Project t.a AS a\n  Filter is_null(u.c)\n    Join left ON t.a = u.a\n      Filter (t.b > 1)\n        Scan t "
     "(a, b, s)\n      Scan u (a, c)"),
    (push_filter, "SELECT t.a FROM t LEFT JOIN u ON t.a = u.a AND u.c > 1 AND t.b > 1",
     "Project t.a AS a\n  Join left ON t.a = u.a AND (t.b > 1)\n    Scan t (a, b, s)\n    Filter (u.c > 1)\n      "
     "Scan u (a, c)"),
    (push_filter, "SELECT t.a FROM t FULL JOIN u ON t.a = u.a WHERE t.b > 1",
     "Project t.a AS a\n  Filter (t.b > 1)\n    Join full ON t.a = u.a\n      Scan t (a, b, s)\n      Scan u (a, c)"),
    (push_filter, "SELECT * FROM (SELECT a, count(*) AS n FROM t GROUP BY a) q WHERE a = 1 AND n > 2",
     "Project q.a AS a#2, q.n AS n#2\n  Project a AS q.a, n AS q.n\n    Project t.a#2 AS a, count() AS n\n      "
     "Filter (count() > 2)\n        Aggregate count(*) BY t.a\n          Filter (t.a = 1)\n            Scan t (a, b, "
     "s)"),
    (push_filter, "SELECT * FROM (SELECT a FROM t LIMIT 3) q WHERE a = 1",
     "Project q.a AS a#2\n  Project a AS q.a\n    Filter (a = 1)\n      Limit 3\n        Project t.a AS a\n          "
     "Scan t (a, b, s)"),
    (push_filter,
     "SELECT t.a FROM t ASOF LEFT JOIN u ON t.a = u.a AND t.b >= u.c WHERE t.b > 1 AND t.a = 3 AND u.c < 5",
     "Project t.a AS a\n  Filter (u.c < 5)\n    Join asof ON t.a = u.a AND (t.b >= u.c)\n      Filter ((t.b > 1) AND "
     "(t.a = 3))\n        Scan t (a, b, s)\n      Project u.a, u.c, True AS match\n        Filter (u.a = 3)\n        "
     "  Scan u (a, c)"),
    (push_filter, "SELECT t.a FROM t POSITIONAL JOIN u WHERE t.b > 1 AND u.c < 5",
     "Project t.a AS a\n  Filter ((t.b > 1) AND (u.c < 5))\n    Join positional\n      Scan t (a, b, s)\n      Scan "
     "u (a, c)"),
    (prune_columns, "SELECT s FROM t ASOF JOIN u ON t.b >= u.c",
     "Project t.s AS s\n  Filter match\n    Join asof ON (t.b >= u.c)\n      Scan t (b, s)\n      Project u.c, True "
     "AS match\n        Scan u (c)"),
    (prune_columns, "SELECT count(*) FROM t POSITIONAL JOIN u",
     "Project count() AS count_star()\n  Aggregate count(*)\n    Join positional\n      Scan t (a)\n      Scan u (a)"),
    (order_joins, "SELECT t.a FROM t, v, u WHERE t.a = u.a AND u.c = v.c",
     "Project t.a AS a\n  Project t.a, t.b, t.s, v.c, u.a, u.c\n    Join inner ON u.a = t.a\n      Join inner ON u.c "
     "= v.c\n        Scan u (a, c)\n        Scan v (c)\n      Scan t (a, b, s)"),
    (code_keys, "SELECT s, count(*) FROM t WHERE s <> 'x' AND s IN ('a', 'b') GROUP BY s",
     "Project t.s#2 AS s, count() AS count_star()\n  Aggregate count(*) BY t.s\n    Filter ((t.s <> 'x') AND t.s IN "
     "('a', 'b'))\n      Scan t (a, b, s as codes)"),
    (code_keys, "SELECT s, count(*) FROM t WHERE s LIKE 'x%' GROUP BY s",
     "Project t.s#2 AS s, count() AS count_star()\n  Aggregate count(*) BY t.s\n    Filter like(t.s, 'x%')\n      "
     "Scan t (a, b, s)"),
    (code_keys,
     "SELECT s, max(s) FROM t GROUP BY s",
     "Project t.s#2 AS s, max() AS max(s)\n  Aggregate max(t.s) BY t.s\n    Scan t (a, b, s)"),
    (code_keys, "SELECT k, n FROM (SELECT s AS k, s || 'x' AS n FROM t) q GROUP BY k, n",
     "Project q.k#2 AS k#2, q.n#2 AS n#2\n  Aggregate  BY q.k, q.n\n    Project k AS q.k, n AS q.n\n      Project "
     "t.s AS k, concat_operator(t.s, 'x') AS n\n        Scan t (a, b, s)"),
    (code_keys, "SELECT k FROM (SELECT s AS k, a FROM t ORDER BY a LIMIT 3) q GROUP BY k",
     "Project q.k#2 AS k#2\n  Aggregate  BY q.k\n    Project k AS q.k, a AS q.a\n      Limit 3\n        Sort a\n     "
     "     Project t.s AS k, t.a AS a\n            Scan t (a, b, s as codes)"),
    (code_keys, "SELECT t.s FROM t JOIN t AS o ON t.s = o.s GROUP BY t.s",
     "Project t.s#2 AS s\n  Aggregate  BY t.s\n    Join inner ON t.s = o.s\n      Scan t (a, b, s)\n      Scan t (a, "
     "b, s)"),
    (prune_columns, "SELECT a FROM (SELECT a, b + 1, s FROM t) q",
     "Project q.a AS a#2\n  Project a AS q.a\n    Project t.a AS a\n      Scan t (a)"),
    (prune_columns, "SELECT count(*) FROM t JOIN u ON t.a = u.a",
     "Project count() AS count_star()\n  Aggregate count(*)\n    Join inner ON t.a = u.a\n      Scan t (a)\n      "
     "Scan u (a)"),
    (prune_columns, "SELECT count(*) FROM t", "Project count() AS count_star()\n  Aggregate count(*)\n    Scan t (a)"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "text", "after"), CASES, ids=[f"{c[0].__name__}-{i}" for i, c in enumerate(CASES)])
def test_a_rule_makes_this_plan(rule: Callable[[Relation], Relation], text: str, after: str) -> None:
    plan = bound(text).plan
    if rule is order_joins:
        plan = push_filter(plan)
    assert explain(rule(plan)) == after


def test_a_plan_that_is_shared_holds_what_its_uses_ask_for() -> None:
    text = (
        "WITH c AS (SELECT a, b, count(*) AS n FROM t GROUP BY a, b) SELECT x.n FROM c AS x JOIN c AS y ON x.b = "
        "y.b WHERE x.a = 1 AND y.a = 2"
    )
    plan = push_filter(share(bound(text).plan))
    after = explain(push_shared(plan))
    assert after.count("Filter t.a IN (1, 2)") == 2
    unfiltered = text.replace(" AND y.a = 2", "")
    plan = push_filter(share(bound(unfiltered).plan))
    assert push_shared(plan) == plan, "a use without a condition needs all of it"


def test_what_an_or_says_of_one_side_goes_there() -> None:
    plan = push_filter(
        bound("SELECT t.a FROM t JOIN u ON t.a = u.a WHERE (t.b = 1 AND u.c = 2) OR (t.b = 3 AND u.c = 4)").plan
    )
    assert "Filter t.b IN (1, 3)\n      Scan t" in explain(plan)
    assert "Filter u.c IN (2, 4)\n      Scan u" in explain(plan)


def test_one_side_is_aggregated_before_the_join(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aggregate_early, "_ROWS_MIN", 0)
    monkeypatch.setattr(aggregate_early, "_SHARE_MAX", 1e9)
    plan = bound("SELECT u.c, sum(t.b) FROM t JOIN u ON t.a = u.a GROUP BY u.c").plan
    found = explain(aggregate_early.aggregate_early(push_filter(plan)))
    assert (
        "Aggregate sum(sum() sum) BY u.c\n      Join inner ON t.a#2 = u.a\n        Aggregate sum(t.b) BY t.a\n       "
        "   Scan t" in found
    )
    for text in (
        "SELECT u.c, sum(t.b + u.c) FROM t JOIN u ON t.a = u.a GROUP BY u.c",
        "SELECT u.c, count(DISTINCT t.b) FROM t JOIN u ON t.a = u.a GROUP BY u.c",
        "SELECT sum(t.b) FROM t JOIN u ON t.a = u.a",
    ):
        plan = push_filter(bound(text).plan)
        assert aggregate_early.aggregate_early(plan) == plan


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
            # LIMIT without an order may take any rows; count(y.*) beside another relation counts rowids.
            if kind == "query" and ("LIMIT" not in text or "ORDER BY" in text) and "count(y.*)" not in text:
                yield text, FrameCatalog(tables)


def _rows(plan: Relation, catalog: FrameCatalog) -> list[tuple[object, ...]]:
    return named(lower(plan, Lowering(Environment(catalog, with_time({}, _NOW)))).collect(), list(plan.schema)).rows()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "left_out",
    [pytest.param(r, marks=pytest.mark.long) for r in (None, *RULES[1:])],
    ids=lambda r: r.__name__ if r else "all",
)
def test_the_answers_do_not_depend_on_a_rule(left_out: Callable[[Relation], Relation] | None) -> None:
    """Queries of the corpus: unoptimized, and with all rules; without one of them every fifth, another fifth for
    each."""
    _compare(left_out, every=1 if left_out is None else 5, first=0 if left_out is None else RULES.index(left_out) % 5)


@pytest.mark.long
@pytest.mark.parametrize("left_out", RULES[1:], ids=lambda r: r.__name__)
def test_no_answer_depends_on_a_rule(left_out: Callable[[Relation], Relation]) -> None:
    """Every query of the corpus, with all rules but one."""
    _compare(left_out, every=1, first=0)


def _compare(left_out: Callable[[Relation], Relation] | None, *, every: int, first: int) -> None:
    for text, catalog in islice(_corpus(), first, None, every):
        # Without these a plan cannot run, or compares texts as they are.
        plan = decorrelate(collate(bound(text, catalog).plan))
        better = plan
        for rule in RULES:
            if rule is not left_out:
                better = rule(better)
        assert list(optimize(plan).schema.items()) == list(plan.schema.items())
        assert multiset(_rows(better, catalog)) == multiset(_rows(plan, catalog)), text


@pytest.mark.long
def test_the_answers_do_not_depend_on_estimates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every query of the corpus, with each rule that weighs its gain taking every chance that it sees."""
    for module in (run_first, aggregate_early, restrict_groups, push_semi, key_filter):
        for name in ("_SCAN_ROWS_MIN", "_ROWS_MIN"):
            monkeypatch.setattr(module, name, 0, raising=False)
        for name in ("_ROWS_SHARE_MAX", "_KEYS_SHARE_MAX", "_SHARE_MAX", "_KEY_SHARE_MAX"):
            monkeypatch.setattr(module, name, 1e9, raising=False)
    monkeypatch.setattr(run_first, "_leaves_out", lambda plan: "Working" not in explain(plan))
    changed = 0
    for text, catalog in _corpus():
        plan = decorrelate(collate(bound(text, catalog).plan))
        better = optimize(plan)
        changed += "side first" in explain(better)
        assert multiset(_rows(better, catalog)) == multiset(_rows(plan, catalog)), text
    assert changed > 50
