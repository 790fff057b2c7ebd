"""LOOKUP and FUZZY as statements and in FROM, and everything else that bears these names; all_entities."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import chain, repeat
from types import SimpleNamespace

import pytest

import rem_arrow as rem
from rem_arrow.base import source
from rem_arrow.base.errors import TextError
from tests.patience import PATIENCE_S


@pytest.fixture(scope="module")
def db() -> Iterator[rem.Database]:
    with rem.connect() as db:
        db.insert(
            "entities",
            [
                {"id": "a", "name": "DHL Express", "aliases": ["Deutsche Post"]},
                {"id": "b", "name": "Ada Lovelace"},
                {"id": "c", "name": "Äda Lövelace"},
            ],
        )
        db.sql("CREATE TABLE lookup (fuzzy VARCHAR, lookup INT)")
        db.sql("INSERT INTO lookup VALUES ('x', 1)")
        yield db


STATEMENTS = [
    ("LOOKUP 'a', 'ada lovelace'", None, ["a", "b", "c"]),
    ("  lookup $x , 'b'", {"x": "a"}, ["a", "b"]),
    ("LOOKUP $x", {"x": ["b", "a"]}, ["b", "a"]),
    ("LOOKUP ?, ?", ["b", "a"], ["b", "a"]),
    ("LOOKUP 'a', 'b' ORDER BY id DESC LIMIT 1", None, ["b"]),
    ("LOOKUP 'a', 'b' WHERE name LIKE 'Ada%'", None, ["b"]),
    ("LOOKUP 'nobody'", None, []),
    ("FUZZY 'lovelcae ada'", None, ["b", "c"]),
    ("FUZZY 'lovelace' LIMIT 1", None, ["b"]),
    ("FUZZY 'lovelace' LIMIT $n", {"n": 1}, ["b"]),
    ("FUZZY ? LIMIT ?", ["lovelace", 1], ["b"]),
    ("FUZZY 'lovelace' LIMIT 0", None, []),
    ("FUZZY 'lovelace' LIMIT 5 OFFSET 1", None, ["c"]),
    ("FUZZY 'lovelace', 'dhl expres' ORDER BY id DESC LIMIT 2", None, ["c", "b"]),
    ("FUZZY 'lovelace' WHERE id = 'c'", None, ["c"]),
    ("(LOOKUP 'a')", None, ["a"]),
    ("LOOKUP 'a'; FUZZY 'lovelace' LIMIT 1", None, ["b"]),
    ("SELECT id FROM (FUZZY 'lovelace' LIMIT 1) f", None, ["b"]),
    ("WITH f AS (LOOKUP 'a') SELECT id FROM f", None, ["a"]),
    ("SELECT id FROM entities WHERE id IN (SELECT id FROM (LOOKUP 'b'))", None, ["b"]),
    ("SELECT id FROM FUZZY('ada lovelace', threshold => 1)", None, ["b", "c"]),
    ("SELECT id FROM FUZZY('ada lovelace', threshold => 0, k => NULL)", None, ["b", "c", "a"]),
    (
        "SELECT id FROM FUZZY((SELECT name FROM entities), threshold => $t, k => $k) WHERE score = 1",
        {"t": 1, "k": 1},
        ["a", "b", "b"],
    ),
    ("SELECT id FROM FUZZY(['zzz', 'dhl'], threshold => 0.2)", None, ["a"]),
    ("SELECT id FROM FUZZY('?!')", None, []),
]


@pytest.mark.parametrize(("text", "parameters", "expected"), STATEMENTS, ids=[s[0] for s in STATEMENTS])
def test_entities_are_found_by_name(db, text, parameters, expected):
    """In the order of the texts, or best first."""
    assert db.sql(text, parameters)["id"].to_list() == expected


NAMES = [
    ("SELECT lookup, fuzzy FROM lookup", [(1, "x")]),
    ("SELECT lookup.fuzzy FROM lookup AS lookup", [("x",)]),
    ("SELECT (lookup) FROM lookup", [(1,)]),
    ("SELECT (lookup + 1) FROM lookup fuzzy", [(2,)]),
    ("FROM lookup", [("x", 1)]),
    ("WITH fuzzy AS (SELECT 1 AS lookup) SELECT lookup FROM fuzzy", [(1,)]),
    ("WITH lookup(lookup) AS (VALUES ('x')) SELECT l.lookup FROM lookup l", [("x",)]),
    ("SELECT 1 AS lookup, 'x' AS fuzzy", [(1, "x")]),
    ("SELECT 'x' IN (fuzzy, 'y') FROM lookup", [(True,)]),
    ("SELECT count(*) FROM lookup('a') l JOIN lookup ON true", [(1,)]),
    ("SELECT score FROM FUZZY('dhl express') ORDER BY score", [(1.0,)]),
    ("SELECT max(lookup) OVER (ORDER BY fuzzy) FROM lookup", [(1,)]),
]


@pytest.mark.parametrize(("text", "expected"), NAMES, ids=[n[0] for n in NAMES])
def test_lookup_and_fuzzy_are_names_elsewhere(db, text, expected):
    """Of tables, columns, aliases and CTEs."""
    assert db.sql(text).rows() == expected


REFUSED = [
    ("LOOKUP 3", "LOOKUP's names is a text", "3"),
    ("FUZZY 'x' LIMIT -1", "LIMIT takes a whole number", ""),
    ("FUZZY 'x' LIMIT 'a'", "LIMIT takes a whole number", "'a'"),
    ("FUZZY 'x' LIMIT 1.5", "the option k of FUZZY is BIGINT, not DECIMAL", "1.5"),
    ("LOOKUP 'a' WHERE nmae = 'x'", 'no column "nmae" in lookup', "nmae"),
    ("SELECT * FROM FUZZY('a', threshold => 2)", "FUZZY: threshold is from 0 to 1, not 2.0", "2"),
    ("SELECT * FROM FUZZY('a', k => -1)", "FUZZY: k is at least 0, not -1", "1"),
    ("SELECT * FROM FUZZY('a', k => 'x')", "the option k of FUZZY is BIGINT, not VARCHAR", "'x'"),
    ("SELECT * FROM FUZZY('a', threshold => NULL)", "FUZZY: threshold cannot be NULL", "FUZZY"),
    ("SELECT * FROM FUZZY('a', limit => 3)", "FUZZY has no option limit", "3"),
    ("SELECT * FROM entities, FUZZY(name, k => length(id))", "an option of FUZZY is the same for all rows", "id"),
    ("SELECT * FROM FUZZY(e.name), entities e", 'no table "e" in FROM', "e.name"),
    ("SELECT * FROM FUZZY()", "FUZZY needs names", "FUZZY"),
]


@pytest.mark.parametrize(("text", "message", "under"), REFUSED, ids=[r[0] for r in REFUSED])
def test_what_does_not_fit_is_refused_at_its_place(db, text, message, under):
    """The place is of the text as it was written."""
    with pytest.raises(TextError) as caught:
        db.sql(text)
    assert message in str(caught.value)
    assert not under or caught.value.start == text.rindex(under)


@pytest.mark.parametrize(
    ("text", "parameters", "message"),
    [
        ("FUZZY 'x' LIMIT $n", {"n": -1}, "FUZZY: k is at least 0, not -1"),
        ("SELECT * FROM FUZZY('a', threshold => $t)", {"t": float("nan")}, "FUZZY: threshold is from 0 to 1, not nan"),
        ("SELECT * FROM FUZZY('a', threshold => $t)", {"t": None}, "FUZZY: threshold cannot be NULL"),
    ],
)
def test_the_value_of_a_parameter_is_checked_when_it_runs(db, text, parameters, message):
    """It is not known before."""
    with pytest.raises(rem.ExecuteError, match=message):
        db.sql(text, parameters)


def test_an_index_heeds_the_time_of_the_statement(db, monkeypatch):
    """Between two parts of the index. By the index's own clock the time is over at the second."""
    text = "SELECT count(*) FROM FUZZY((SELECT 'name ' || i FROM range(10) r(i)))"
    readings = chain([0.0], repeat(math.inf))
    monkeypatch.setattr(source, "time", SimpleNamespace(monotonic=lambda: next(readings)))
    with pytest.raises(rem.ExecuteError, match="ran longer than its time and was stopped while an index was searched"):
        db.sql(text, timeout_s=PATIENCE_S)
    assert next(readings) == math.inf


def test_an_argument_may_be_computed(db):
    """From decimals, aggregates, windows and searches of its own."""
    db.sql("CREATE OR REPLACE TABLE prices AS SELECT CAST(i AS DECIMAL(9, 2)) AS p, 'Ada' AS who FROM range(5) r(i)")
    text = (
        "SELECT l.id, q.s FROM LOOKUP((SELECT who || ' lovelace' || left(CAST(sum(p) AS VARCHAR), 0) FROM prices "
        "GROUP BY who)) l, (SELECT sum(p) AS s FROM prices) q ORDER BY 1"
    )
    assert [(i, str(s)) for i, s in db.sql(text).rows()] == [("b", "10.00"), ("c", "10.00")]


def test_statements_that_keep_what_is_found(db):
    """A table, a view and a file of it."""
    db.sql("CREATE OR REPLACE TABLE kept AS LOOKUP 'a'")
    db.sql("CREATE OR REPLACE VIEW best AS FUZZY 'dhl' LIMIT 1")
    assert db.sql("SELECT k.id, b.score > 0.3 FROM kept k JOIN best b USING (id)").rows() == [("a", True)]
    assert "Index fuzzy (id) k => 1" in db.explain("SELECT id FROM best")
    assert "Index lookup" in db.sql("EXPLAIN LOOKUP 'a'")["plan"].str.join("\n").item()


def test_all_entities_is_every_entity_of_every_table():
    """With its name and times; filters reach the tables, and deleted ones show where they are asked for."""
    with rem.connect() as db:
        db.insert("entities", [{"id": "a", "name": "Ada"}, {"id": "b", "name": "Bob"}])
        db.insert("messages", {"id": "m", "role": "user", "content": "hello"})
        db.delete("entities", "b")
        text = 'SELECT "table", id, name FROM all_entities ORDER BY id'
        assert db.sql(text).rows() == [("entities", "a", "Ada"), ("messages", "m", None)]
        assert db.sql(text, include_deleted=True).rows() == [
            ("entities", "a", "Ada"),
            ("entities", "b", "Bob"),
            ("messages", "m", None),
        ]
        assert db.sql("SELECT * FROM all_entities").columns == ["table", "id", "name", "created_at", "modified_at"]
        plan = db.explain("SELECT name FROM all_entities WHERE id = 'a' AND \"table\" = 'entities'", analyze=True)
        assert plan.count("Scan") == 1
        assert "by index id" in plan
        assert db.sql("WITH all_entities AS (SELECT 1 AS x) SELECT x FROM all_entities").rows() == [(1,)]
        with pytest.raises(rem.BindError, match="Did you mean all_entities"):
            db.sql("SELECT * FROM all_entitees")
        db.sql("CREATE TABLE all_entities AS SELECT 1 AS x")
        assert db.sql("SELECT * FROM all_entities").rows() == [(1,)]
