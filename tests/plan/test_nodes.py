"""Nodes of a plan check themselves, know their schema, do not change, and are rebuilt by walking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError

import polars as pl
import pytest

from rem_arrow.plan.nodes import (
    Aggregate,
    AggregateCall,
    And,
    Apply,
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
    Project,
    Relation,
    Scan,
    Sort,
    SortKey,
    Union,
    Unnest,
    Values,
)
from rem_arrow.plan.walk import (
    children,
    columns_of,
    conjunction,
    conjuncts,
    equality,
    free_columns,
    map_exprs,
    rebuild,
    substitute,
    substitute_all,
)

INT, TEXT, BOOL = pl.Int64(), pl.String(), pl.Boolean()
A, B, X, C = Column("t.a", INT), Column("t.b", TEXT), Column("u.x", INT), Column("o.c", INT)
T = Scan("t", (("t.a", "a", INT), ("t.b", "b", TEXT)))
U = Scan("u", (("u.x", "x", INT),))
ONE = Literal(1, INT)


def call(function: str, *args: Expr, dtype: pl.DataType = BOOL) -> Call:
    return Call(function, args, dtype)


BAD: dict[str, tuple[Callable[[], object], str]] = {
    "filter": (lambda: Filter(T, A), "a filter on Int64"),
    "filter on a literal": (lambda: Filter(T, Literal(None, pl.Null())), "a filter on Null"),
    "project": (lambda: Project(T, (("a", A), ("a", B))), "outputs repeat"),
    "join with itself": (lambda: Join("inner", T, T), "columns of a join repeat"),
    "semi join with itself": (lambda: Join("semi", T, Project(T, (("t.a", A),))), "columns of a join repeat"),
    "in nothing": (lambda: InList(A, ()), "the binder folds IN"),
    "unnest": (lambda: Unnest(T, (("e", A),)).schema, "only lists are unnested"),
    "conjunction": (lambda: conjunction([]), "an empty conjunction is TRUE"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_node_cannot_be_made(case: str) -> None:
    """Only a bug of ours makes one, so it is an assertion that says what is wrong."""
    make, message = BAD[case]
    with pytest.raises(AssertionError, match=message):
        make()


@pytest.mark.parametrize(
    "node",
    [A, ONE, call("=", A, ONE), T, Filter(T, call("=", A, ONE)), Project(T, (("a", A),))],
    ids=lambda n: type(n).__name__,
)
def test_a_node_does_not_change(node: Expr | Relation) -> None:
    with pytest.raises(FrozenInstanceError):
        node.dtype = INT  # type: ignore[misc,union-attr]


SCHEMAS: dict[str, tuple[Relation, dict[str, pl.DataType]]] = {
    "scan": (T, {"t.a": INT, "t.b": TEXT}),
    "values": (Values((("v", INT),), ((ONE,),)), {"v": INT}),
    "filter": (Filter(T, call("=", A, ONE)), {"t.a": INT, "t.b": TEXT}),
    "project": (Project(T, (("n", Cast(A, TEXT)), ("t.a", A))), {"n": TEXT, "t.a": INT}),
    "inner join": (Join("inner", T, U), {"t.a": INT, "t.b": TEXT, "u.x": INT}),
    "left join": (Join("left", U, T), {"u.x": INT, "t.a": INT, "t.b": TEXT}),
    "semi join": (Join("semi", T, U), {"t.a": INT, "t.b": TEXT}),
    "anti join": (Join("anti", U, T), {"u.x": INT}),
    "aggregate": (Aggregate(T, (("k", B),), (("n", AggregateCall("count", None, INT)),)), {"k": TEXT, "n": INT}),
    "sort": (Sort(U, (SortKey(X),)), {"u.x": INT}),
    "limit": (Limit(U, ONE), {"u.x": INT}),
    "union": (Union((U, Project(T, (("t.a", A),)))), {"u.x": INT}),
}


@pytest.mark.parametrize("case", SCHEMAS)
def test_a_node_knows_its_columns_in_order(case: str) -> None:
    node, schema = SCHEMAS[case]
    assert list(node.schema.items()) == list(schema.items())


RELATIONS = [node for node, _ in SCHEMAS.values()]


@pytest.mark.parametrize("node", RELATIONS, ids=SCHEMAS)
def test_rebuilding_without_a_change_gives_an_equal_node(node: Relation) -> None:
    assert rebuild(node, lambda p: p) == node == map_exprs(node, lambda e: e)


@pytest.mark.parametrize("node", [n for n in RELATIONS if children(n)], ids=lambda n: type(n).__name__)
def test_rebuilding_changes_every_input(node: Relation) -> None:
    """`change` is called with each child, and what it returns takes the child's place."""
    seen: list[Relation] = []

    def change(child: Relation) -> Relation:
        seen.append(child)
        return Limit(child, ONE)

    assert children(rebuild(node, change)) == tuple(Limit(c, ONE) for c in seen)
    assert tuple(seen) == children(node)


def test_substitution_reaches_every_place_of_an_expression() -> None:
    """Operands, branches, options and arguments; other columns and the old expression stay."""
    before = And(
        (
            Or((call("=", A, ONE), InList(A, (A, ONE)))),
            Case(((call("is_null", B), call("not", call("=", Cast(A, TEXT), B))),), call("=", A, X), BOOL),
        )
    )
    after = substitute(before, {"t.a": C})
    assert (columns_of(before), columns_of(after)) == ({"t.a", "t.b", "u.x"}, {"o.c", "t.b", "u.x"})
    assert substitute(after, {"o.c": A}) == before


def test_conjuncts_are_flat_and_a_conjunction_of_one_is_itself() -> None:
    p, q, r = (call("is_null", e) for e in (A, B, X))
    assert conjuncts(And((p, And((q, r))))) == (p, q, r)
    assert conjuncts(Or((p, q))) == (Or((p, q)),)
    assert conjunction([p]) is p
    assert conjunction([p, q]) == And((p, q))


EQUALITIES = [
    (call("=", A, X), (A, X)),
    (call("=", X, A), (A, X)),
    (call("=", call("negate", X, dtype=INT), A), (A, call("negate", X, dtype=INT))),
    (call("=", A, ONE), None),
    (call("=", A, A), None),
    (call("=", A, C), None),
    (call("=", call("gcd", A, X, dtype=INT), X), None),
    (call("<", A, X), None),
]


@pytest.mark.parametrize(("condition", "pair"), EQUALITIES)
def test_an_equality_is_one_between_the_two_sides(condition: Expr, pair: tuple[Expr, Expr] | None) -> None:
    """Left side first, whichever way it is written; None unless each operand reads exactly one side."""
    assert equality(condition, T, U) == pair


def test_free_columns_are_those_of_the_queries_around() -> None:
    """A subquery reads o.c from outside of it; an Apply over a relation that has it binds it."""
    inner = Filter(T, call("=", A, C))
    assert free_columns(inner) == {"o.c"}
    outer = Scan("o", (("o.c", "c", INT),))
    assert free_columns(Apply("exists", outer, inner, "found")) == set()
    assert free_columns(Apply("exists", U, inner, "found")) == {"o.c"}
    assert free_columns(substitute_all(inner, lambda e: substitute(e, {"o.c": ONE}))) == set()
