"""The text of a plan: every node on a line of its own, inputs indented, the same for equal plans."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest

from rem_arrow.base.source import ColumnRange, Skips
from rem_arrow.plan.explain import describe, explain, text
from rem_arrow.plan.nodes import (
    Aggregate,
    AggregateCall,
    And,
    Call,
    Case,
    Cast,
    Column,
    Expr,
    Filter,
    InList,
    Join,
    Limit,
    Literal,
    Or,
    Parameter,
    Project,
    Relation,
    Scan,
    Sort,
    SortKey,
    Union,
    Unnest,
    Values,
)

INT, TEXT, BOOL = pl.Int64(), pl.String(), pl.Boolean()
A, B, X = Column("t.a", INT), Column("t.b", TEXT), Column("u.x", INT)
L = Column("t.l", pl.List(pl.Int64()))
T = Scan("t", (("t.a", "a", INT), ("t.b", "b", TEXT)))
U = Scan("u", (("u.x", "x", INT),))
ONE = Literal(1, INT)
POSITIVE = Call(">", (A, Literal(0, INT)), BOOL)
NO_TEXT = Call("is_null", (B,), BOOL)

EXPRESSIONS: list[tuple[Expr, str]] = [
    (A, "t.a"),
    (ONE, "1"),
    (Literal(None, pl.Null()), "NULL"),
    (Literal("it", TEXT), "'it'"),
    (Literal(Decimal("1.50"), pl.Decimal(3, 2)), "1.50"),
    (Literal(dt.date(2024, 2, 29), pl.Date()), "2024-02-29"),
    (Parameter("1", INT), "$1"),
    (POSITIVE, "(t.a > 0)"),
    (Call("upper", (B,), TEXT), "upper(t.b)"),
    (Call("pi", (), pl.Float64()), "pi()"),
    (Call("concat_operator", (B, B), TEXT), "concat_operator(t.b, t.b)"),
    (Cast(A, TEXT), "CAST(t.a AS String)"),
    (
        Case(((POSITIVE, ONE), (NO_TEXT, A)), Literal(None, INT), INT),
        "CASE WHEN (t.a > 0) THEN 1 WHEN is_null(t.b) THEN t.a ELSE NULL END",
    ),
    (InList(A, (ONE, Literal(None, INT))), "t.a IN (1, NULL)"),
    (And((POSITIVE, NO_TEXT, Or((POSITIVE, NO_TEXT)))), "((t.a > 0) AND is_null(t.b) AND ((t.a > 0) OR is_null(t.b)))"),
]


@pytest.mark.parametrize(("expr", "expected"), EXPRESSIONS, ids=[e for _, e in EXPRESSIONS])
def test_an_expression_reads_like_sql(expr: Expr, expected: str) -> None:
    assert text(expr) == expected


NODES: list[tuple[Relation, str]] = [
    (T, "Scan t (a, b)"),
    (
        Scan("t", T.columns, Skips((ColumnRange("a", 1, None), ColumnRange("b", "x", "y")))),
        "Scan t (a, b, a in [1, NULL], b in ['x', 'y'])",
    ),
    (Scan("t", T.columns, coded=frozenset({"t.b"})), "Scan t (a, b as codes)"),
    (Values((("v", INT),), ((ONE,), (ONE,))), "Values (2 rows)"),
    (Filter(T, And((POSITIVE, NO_TEXT))), "Filter ((t.a > 0) AND is_null(t.b))"),
    (Project(T, (("t.a", A), ("n", Cast(A, TEXT)), ("m", A))), "Project t.a, CAST(t.a AS String) AS n, t.a AS m"),
    (Join("inner", T, U), "Join inner"),
    (Join("left", T, U, ((A, X),), NO_TEXT), "Join left ON t.a = u.x AND is_null(t.b)"),
    (Aggregate(T, (), (("n", AggregateCall("count", None, INT)),)), "Aggregate count(*)"),
    (
        Aggregate(T, (("k", B),), (("n", AggregateCall("sum", A, INT, distinct=True, where=NO_TEXT)),)),
        "Aggregate sum(DISTINCT t.a) FILTER (WHERE is_null(t.b)) BY t.b",
    ),
    (Sort(T, (SortKey(A), SortKey(B, descending=True, nulls_last=False))), "Sort t.a, t.b DESC NULLS FIRST"),
    (Limit(T, ONE, Parameter("skip", INT)), "Limit 1 OFFSET $skip"),
    (Limit(T, None, ONE), "Limit none OFFSET 1"),
    (Union((U, U)), "Union all"),
    (Unnest(T, (("e", L),)), "Unnest t.l"),
]


@pytest.mark.parametrize(("node", "expected"), NODES, ids=[e for _, e in NODES])
def test_a_node_is_one_line(node: Relation, expected: str) -> None:
    assert describe(node) == expected


def tree() -> Relation:
    """A plan with two inputs below one, made anew on each call."""
    joined = Join("inner", Filter(Scan("t", T.columns), POSITIVE), Scan("u", U.columns), ((A, X),))
    return Limit(Sort(Project(joined, (("n", B),)), (SortKey(Column("n", TEXT)),)), ONE)


TREE = """\
Limit 1
  Sort n
    Project t.b AS n
      Join inner ON t.a = u.x
        Filter (t.a > 0)
          Scan t (a, b)
        Scan u (x)"""


def test_inputs_are_indented_below_their_node() -> None:
    assert explain(tree()) == TREE


def test_equal_plans_have_equal_texts() -> None:
    """No address and no counter is in it: two plans that were made apart read the same."""
    assert tree() is not tree()
    assert tree() == tree()
    assert explain(tree()) == explain(tree())


def test_notes_stand_behind_their_nodes() -> None:
    """A node without a note has no brackets."""
    noted = explain(tree(), lambda node: "3 rows" if isinstance(node, Scan) else "")
    assert noted == TREE.replace("(a, b)", "(a, b)  [3 rows]").replace("(x)", "(x)  [3 rows]")
