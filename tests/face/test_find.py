"""Predicates: find, search and walks by conditions that are objects, beside the same conditions in Python."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rem_arrow as rem
from rem_arrow import And, Between, Contains, EndsWith, Eq, Ge, Gt, In, IsNull, Le, Lt, Ne, Not, Or, StartsWith
from tests.effort import examples

ROWS = [
    {"id": "a", "name": "Ann", "entity_type": "person", "description": None, "aliases": ["x", "y"]},
    {"id": "b", "name": "Bob", "entity_type": "person", "description": "bob's {0}", "aliases": []},
    {"id": "c", "name": "Cie", "entity_type": "company", "description": "a firm", "aliases": ["x"]},
    {"id": "d", "name": "Änn", "entity_type": None, "description": "a' OR TRUE --", "aliases": []},
]


@pytest.fixture(scope="module")
def db():
    with rem.connect(background=False) as database:
        database.insert("entities", ROWS)
        database.add_edges(
            pl.DataFrame({"src": ["a", "b", "a", "d"], "dst": ["b", "c", "d", "nobody"], "edge_type": ["x"] * 4})
        )
        yield database


@pytest.mark.parametrize(
    ("predicate", "ids"),
    [
        (Eq("name", "Bob"), "b"),
        (Eq("description", "a' OR TRUE --"), "d"),
        (Ne("entity_type", "person"), "c"),
        (Gt("id", "b"), "cd"),
        (Ge("id", "b"), "bcd"),
        (Lt("id", "b"), "a"),
        (Le("id", "b"), "ab"),
        (Between("id", "b", "c"), "bc"),
        (In("id", ["a", "d", "z"]), "ad"),
        (In("id", []), ""),
        (IsNull("description"), "a"),
        (~IsNull("description"), "bcd"),
        (Contains("description", "'"), "bd"),
        (Contains("aliases", "x"), "ac"),
        (StartsWith("name", "Ä"), "d"),
        (EndsWith("name", "nn"), "ad"),
        (And(), "abcd"),
        (Or(), ""),
        (Not(Eq("entity_type", "person")), "c"),
        (Eq("entity_type", "person") & ~Eq("id", "a") | Eq("id", "d"), "bd"),
    ],
    ids=lambda p: type(p).__name__ if isinstance(p, rem.Predicate) else p,
)
def test_find_keeps_the_rows_that_meet_a_predicate(db, predicate, ids):
    """Each predicate, and predicates joined."""
    assert db.find("entities", predicate, order_by="id")["id"].to_list() == list(ids)


LEAVES = st.one_of(
    st.builds(Eq, st.just("name"), st.text(max_size=3)),
    st.builds(
        Eq, st.sampled_from(["name", "entity_type", "description"]), st.sampled_from(["Ann", "person", "a firm"])
    ),
    st.builds(
        In, st.sampled_from(["name", "entity_type"]), st.lists(st.sampled_from(["Ann", "Bob", "company"]), max_size=3)
    ),
    st.builds(IsNull, st.sampled_from(["entity_type", "description"])),
)
PREDICATES = st.recursive(
    LEAVES, lambda p: st.one_of(st.builds(And, p, p), st.builds(Or, p, p), st.builds(Not, p)), max_leaves=6
)


def holds(predicate, row):
    """The three-valued truth of a predicate on a row."""
    match predicate:
        case And() | Or():
            found = [holds(p, row) for p in predicate.parts]
            decisive = isinstance(predicate, Or)
            return decisive if decisive in found else None if None in found else not decisive
        case Not():
            inner = holds(predicate.part, row)
            return None if inner is None else not inner
        case IsNull():
            return row[predicate.column] is None
        case In():
            return (
                False
                if not predicate.options
                else None
                if row[predicate.column] is None
                else row[predicate.column] in predicate.options
            )
        case _:
            return None if row[predicate.column] is None else row[predicate.column] == predicate.value


@settings(max_examples=examples(60))
@given(PREDICATES)
def test_joined_predicates_are_three_valued(db, predicate):
    """A tree of predicates keeps the rows for which its truth, counted by hand, is true."""
    assert sorted(db.find("entities", predicate)["id"]) == [r["id"] for r in ROWS if holds(predicate, r)]


def test_find_orders_and_limits(db):
    """By several columns, NULL last in both directions."""
    assert db.find("entities", order_by=["entity_type", "id"])["id"].to_list() == ["c", "a", "b", "d"]
    assert db.find("entities", order_by="entity_type", descending=True, limit=4)["id"].to_list()[2:] == ["c", "d"]
    assert db.find("entities", order_by="id", limit=2)["id"].to_list() == ["a", "b"]
    assert db.find("entities").height == 4


def test_search_takes_a_predicate(db):
    """The k nearest of the rows that meet it; also beside parameters of a condition in SQL."""
    assert sorted(db.search("entities", "firm", where=In("id", ["c", "d"]))["id"]) == ["c", "d"]
    assert db.search("entities", "firm", k=1, where="id = $i", parameters={"i": "b"})["id"].to_list() == ["b"]


def test_walks_take_a_predicate(db):
    """What fails it is neither returned nor walked through; a dangling end fails; the start need not meet it."""
    assert sorted(db.neighbors("a", depth=2)["id"]) == ["b", "c", "d", "nobody"]
    assert db.neighbors("a", depth=2, where=Ne("id", "b"))["id"].to_list() == ["d"]
    assert db.traverse_edges("a", depth=2, where=In("id", ["b", "c"]))["path"].to_list() == [
        ["a", "b"],
        ["a", "b", "c"],
    ]
    assert db.traverse_edges("a", depth=2, where=In("id", ["b", "c"]), unique="path")["id"].to_list() == ["b", "c"]


def test_a_transaction_finds_its_own_rows(db):
    """Rows of a transaction meet predicates inside it."""
    with pytest.raises(ZeroDivisionError), db.transaction() as tx:
        tx.insert("entities", {"id": "e", "name": "Eve"})
        tx.add_edge("a", "e", "x")
        assert tx.find("entities", Eq("name", "Eve"))["id"].to_list() == ["e"]
        assert tx.neighbors("a", where=Eq("name", "Eve"))["id"].to_list() == ["e"]
        raise ZeroDivisionError
    assert db.find("entities", Eq("name", "Eve")).height == 0


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda db: Eq("name", None),
            "nothing equals NULL, and Eq takes no None; ask IsNull(column), or ~IsNull(column)",
        ),
        (lambda db: Eq(7, "x"), "the column of Eq is a text that is not empty, not 7"),
        (lambda db: Gt("name", [1]), "Gt compares with a text, a number, a time or bytes, not [1]"),
        (lambda db: In("name", "abc"), "In takes a list of values, not 'abc'"),
        (
            lambda db: In("name", range(10_001)),
            "In takes at most 10,000 values, not 10,001; join with a frame by sql(..., frames=...) instead",
        ),
        (lambda db: And(Eq("name", "a"), "b"), "And joins predicates, such as Eq('status', 'open'); not 'b'"),
        (
            lambda db: Eq("name", "a") and Eq("id", "a"),
            "a predicate has no truth value in Python; join predicates by &, | and ~, not by and, or, not",
        ),
        (lambda db: db.find("entities", Eq("nmae", "a")), 'no column "nmae" in entities. '),
        (lambda db: db.find("entities", order_by="nmae"), 'no column "nmae" in entities. '),
        (lambda db: db.find("entities", order_by=[1]), "the name of a column is a text that is not empty, not 1"),
        (
            lambda db: db.find("entities", "name = 1"),
            "a condition on entities is a predicate, such as Eq('status', 'open'); not 'name = 1'",
        ),
        (lambda db: db.find("entities", limit=-1), "limit is a whole number of at least 0, not -1"),
        (lambda db: db.neighbors("a", where=1), "where is one condition in SQL"),
        (
            lambda db: db.neighbors("a", where=Eq("nowhere", 1)),
            "no table of the graph's entities has what the condition reads",
        ),
    ],
)
def test_what_is_no_condition_is_refused(db, call, text):
    """The error says what would work."""
    with pytest.raises(rem.InputError) as caught:
        call(db)
    assert str(caught.value).startswith(text)
