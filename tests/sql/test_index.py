"""Functions in FROM that an index answers: what they take, how they stand in a query, and what is said where they do
not fit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import rem_arrow as rem
from rem_arrow.access.table_functions import RUNS
from rem_arrow.base.errors import TextError
from rem_arrow.plan.index_functions import INDEX_FUNCTIONS


@pytest.fixture(scope="module")
def db() -> Iterator[rem.Database]:
    with rem.connect() as db:
        db.insert(
            "entities",
            [
                {"id": "a", "name": "DHL", "aliases": ["Deutsche Post"]},
                {"id": "b", "name": "Ada"},
                {"id": "c", "name": "dhl"},
            ],
        )
        db.insert("agents", {"id": "z", "name": "Ada"})
        yield db


QUERIES = [
    (
        "SELECT id, matched_on FROM LOOKUP('dhl', 'ADA')",
        None,
        [("a", "name"), ("c", "name"), ("b", "name"), ("z", "name")],
    ),
    ("SELECT l.id, e.name FROM LOOKUP($x) l JOIN entities e ON e.id = l.id", {"x": ["deutsche post"]}, [("a", "DHL")]),
    ("SELECT l.id FROM LOOKUP(?) l", ["deutsche post"], [("a",)]),
    (
        "WITH w AS (SELECT name FROM entities) SELECT DISTINCT id FROM LOOKUP((SELECT name FROM w)) l WHERE l.id < 'c' "
        "ORDER BY id",
        None,
        [("a",), ("b",)],
    ),
    ("SELECT id FROM LOOKUP((SELECT name FROM entities ORDER BY id LIMIT 1)) ORDER BY id", None, [("a",), ("c",)]),
    ("SELECT id FROM LOOKUP((WITH w AS (SELECT 'ada' AS x) SELECT * FROM w), table => 'agents')", None, [("z",)]),
    ("SELECT id FROM LOOKUP('ada', table => $t)", {"t": "agents"}, [("z",)]),
    ("SELECT id FROM LOOKUP('ada', table := NULL)", None, [("b",), ("z",)]),
    ("SELECT id FROM LOOKUP('A' || $x, table => 'ent' || 'ities')", {"x": "da"}, [("b",)]),
    ("SELECT id FROM LOOKUP(['a', 'b'], NULL, '', [])", None, [("a",), ("b",)]),
    ("SELECT id FROM LOOKUP((VALUES ('b'), (NULL)))", None, [("b",)]),
    ("SELECT id FROM LOOKUP($x)", {"x": None}, []),
    ("SELECT x FROM LOOKUP('b') AS l(t, x)", None, [("b",)]),
    ("SELECT lookup.id FROM LOOKUP('b')", None, [("b",)]),
    (
        "SELECT (SELECT count(*) FROM LOOKUP('dhl') l WHERE l.id = e.id) FROM entities e ORDER BY e.id",
        None,
        [(1,), (0,), (1,)],
    ),
    ("SELECT e.id FROM entities e LEFT JOIN LOOKUP('dhl') l ON l.id = e.id WHERE l.id IS NULL", None, [("b",)]),
    ("SELECT id FROM entities WHERE id IN (SELECT id FROM LOOKUP('ada')) OR name = 'x'", None, [("b",)]),
    (
        "WITH w AS (SELECT * FROM LOOKUP('dhl')) SELECT a.id, b.id FROM w a, w b ORDER BY ALL",
        None,
        [("a", "a"), ("a", "c"), ("c", "a"), ("c", "c")],
    ),
    (
        "WITH RECURSIVE r(id) AS (SELECT 'ada' UNION SELECT l.id FROM LOOKUP((SELECT id FROM r)) l) SELECT * FROM r "
        "ORDER BY 1",
        None,
        [("ada",), ("b",), ("z",)],
    ),
    ("SELECT count(*) FROM entities e, LATERAL LOOKUP('ada') l", None, [(6,)]),
    ("SELECT count(*) FROM LOOKUP('ada') USING SAMPLE 100%", None, [(2,)]),
]


@pytest.mark.parametrize(("text", "parameters", "expected"), QUERIES, ids=[q[0] for q in QUERIES])
def test_an_index_is_a_relation(db, text, parameters, expected):
    """It stands beside joins, CTEs and subqueries; a plan from the cache gives the same."""
    assert db.sql(text, parameters).rows() == expected
    assert db.sql(text, parameters).rows() == expected


REFUSED = [
    ("SELECT * FROM LOOKUP('ada', tabel => 'agents')", "LOOKUP has no option tabel", "'agents'", "Did you mean table?"),
    ("SELECT * FROM LOOKUP('ada', table => 3)", "the option table of LOOKUP is VARCHAR, not INTEGER", "3", ""),
    ("SELECT * FROM LOOKUP('ada', table => 'a', table => 'b')", "table is given twice", "'b'", ""),
    ("SELECT * FROM LOOKUP()", "LOOKUP needs names", "LOOKUP", "Write LOOKUP(names, ..., table => NULL)."),
    ("SELECT * FROM LOOKUP(3)", "LOOKUP's names is a text, a list of texts or a subquery, not INTEGER", "3", ""),
    ("SELECT * FROM LOOKUP([3])", "LOOKUP's names is a text, a list of texts or a subquery, not INTEGER[]", "3", ""),
    (
        "SELECT * FROM entities e, LATERAL FUZZY(e.name, k => length(e.id)) l",
        "an option of FUZZY is the same for all rows, and this reads the column id",
        "e.id",
        "Write a constant or a parameter.",
    ),
    (
        "SELECT * FROM LOOKUP(lower((SELECT 'a')))",
        "a subquery in LOOKUP is an argument of its own",
        "",
        "LOOKUP((SELECT ...))",
    ),
    (
        "SELECT * FROM LOOKUP((SELECT 1))",
        "LOOKUP's names is a subquery whose first column is text, and this is INTEGER",
        "1",
        "Cast it",
    ),
    ("SELECT * FROM LOOKUP(table => 'x', 'a')", "LOOKUP takes its options last", "'a'", "Write LOOKUP"),
    (
        "SELECT * FROM LOOKUP('b') WITH ORDINALITY",
        "WITH ORDINALITY of a function that an index answers",
        "LOOKUP('b')",
        "",
    ),
    ("SELECT * FROM LOOKUP('b') AS l(a, b, c, d, e, f, g, h)", '"l" has 7 columns, and 8 names are given', "", ""),
]


@pytest.mark.parametrize(("text", "message", "under", "hint"), REFUSED, ids=[r[0] for r in REFUSED])
def test_what_does_not_fit_is_refused_at_its_place(db, text, message, under, hint):
    """The error names the function, points at the argument, and says what would work."""
    with pytest.raises(TextError) as caught:
        db.sql(text)
    assert message in str(caught.value)
    assert hint in str(caught.value)
    assert caught.value.start is not None
    assert not under or caught.value.start == text.rindex(under)


def test_a_table_that_is_none_is_refused_when_it_runs(db):
    """An option may be a parameter, so its value is checked when it is there."""
    with pytest.raises(rem.InputError, match="no entity table 'entites'. Did you mean entities"):
        db.sql("SELECT * FROM LOOKUP('a', table => $t)", {"t": "entites"})
    with pytest.raises(rem.InputError, match="no entity table 'edges'"):
        db.sql("SELECT * FROM LOOKUP('a', table => 'edges')")


def test_explain_shows_options_and_rows(db):
    """The options, an estimate, and after running it the rows that came; columns that nobody reads are not asked
    for."""
    text = "SELECT l.id FROM LOOKUP((SELECT name FROM entities), table => $t) l"
    assert "Index lookup (id) table => $t  [about 3 rows]" in db.explain(text, {"t": "entities"})
    assert "Index lookup (id) table => $t  [about 3 rows, 5 rows, " in db.explain(text, {"t": "entities"}, analyze=True)


def test_an_index_answers_from_the_version_of_the_statement(db):
    """In a transaction its own rows are found, and nobody else finds them."""
    with db.transaction() as tx:
        tx.insert("entities", {"id": "n", "name": "Newcomer"})
        assert tx.sql("SELECT id FROM LOOKUP('NEWCOMER')").rows() == [("n",)]
        assert db.sql("SELECT id FROM LOOKUP('NEWCOMER')").rows() == []
        tx.rollback()


def test_a_view_may_ask_an_index(db):
    """What a view names is looked up at each use."""
    db.sql("CREATE OR REPLACE VIEW carriers AS SELECT id FROM LOOKUP('dhl')")
    assert db.sql("SELECT * FROM carriers ORDER BY 1").rows() == [("a",), ("c",)]


def test_each_function_is_described_and_runs():
    """The table of functions and the table of what runs them have the same names."""
    assert INDEX_FUNCTIONS.keys() == RUNS.keys()
