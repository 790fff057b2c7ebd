"""What may stand at the caret of a statement that is being written, and the pieces of texts that have no end yet."""

from __future__ import annotations

import pytest
from sqlglot import Dialect

import rem_arrow as rem
from rem_arrow.sql.text.unfinished import pieces, statement_at
from tests.docs.example import example
from tests.serve.served import remote


@pytest.fixture(scope="module")
def db():
    """The example database with names that need quotes, a schema and a view."""
    with example() as db:
        db.sql('CREATE TABLE "odd name" ("a b" INT, s STRUCT(inside INT, t VARCHAR)); CREATE SCHEMA w')
        db.sql("CREATE TABLE w.deep (zz INT); CREATE VIEW tops AS SELECT region FROM sales; CREATE MACRO mine(x) AS x")
        yield db


def complete(db, text):
    """The completions at the mark, as a text is written when it is taken, and their kinds."""
    before, _, after = text.partition("|")
    rows = db.complete_sql(before + after, len(before))
    assert {before[start:] for start in rows["start"]} <= {"", before[rows["start"].first() or 0 :]}
    return dict(rows.select("completion", "kind").iter_rows())


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("SEL|", ["SELECT"]),
        ("SELECT 1; sel|", ["select"]),
        ("SELECT | FROM sales", ["region", "amount", "sales"]),
        ("SELECT am| FROM sales WHERE", ["amount"]),
        ("SELECT 1; SELECT am| FROM sales; SELECT x FROM y", ["amount"]),
        ("SELECT s.| FROM sales s", ["region", "amount"]),
        ("SELECT sales.r| FROM sales AS s, issues i", []),
        ("SELECT i.emb| FROM issues AS i", ["embedding"]),
        ("SELECT i.embedding.| FROM issues i", ["cosine(", "inner_product(", "l2("]),
        ("SELECT * FROM iss|", ["issues"]),
        ("SELECT * FROM sales, iss|", ["issues"]),
        ("SELECT * FROM sales JOIN res|", ["resources"]),
        ("SELECT * FROM top|", ["tops", "TOPOLOGICAL_ORDER("]),
        ("SELECT * FROM w.|", ["deep"]),
        ("SELECT z| FROM w.deep", ["zz"]),
        ("SELECT * FROM main.sales s WHERE s.am|", ["amount"]),
        ("SELECT * FROM sales s JOIN issues i ON i.pri|", ["priority"]),
        ("SELECT * FROM sales ORDER BY re|", ["region"]),
        ("WITH c AS (SELECT region AS r FROM sales) SELECT | FROM c", ["r", "c"]),
        ("WITH c AS (SELECT region AS r FROM sales), d AS (SELECT | FROM c) SELECT 1", ["r", "c"]),
        ("WITH c(p) AS (SELECT 1) SELECT * FROM |", ["c"]),
        ("SELECT | FROM (SELECT amount * 2 AS twice FROM sales) x", ["twice", "x"]),
        ("SELECT x.| FROM (VALUES (1, 2)) x(p, q)", ["p", "q"]),
        ("SELECT l.mat| FROM LOOKUP('x') l", ["matched_on"]),
        ("SELECT (SELECT s.| FROM issues) FROM sales s", ["region", "amount"]),
        ("SELECT (SELECT a FROM issues), s.| FROM sales s", ["region", "amount"]),
        ("SELECT region FROM sales UNION SELECT pri| FROM issues", ["priority"]),
        ("INSERT INTO sales (re|", ["region"]),
        ("INSERT INTO sal|", ["sales"]),
        ("UPDATE sales SET amount = am|", ["amount"]),
        ("DELETE FROM sales WHERE reg|", ["region"]),
        ("SEARCH 'x' IN iss|", ["issues"]),
        ("SELECT s.s.| FROM \"odd name\" s", ["inside", "t"]),
        ("SELECT s.| FROM \"odd name\"", ["inside", "t"]),
        ("SELECT a | FROM", []),
        ("SELECT \"a |\" FROM \"odd name\"", ['"a b"']),
        ("FROM \"odd|", ['"odd name"']),
        ("FROM od|", ['"odd name"']),
        ("SELECT amo|", ["amount"]),
        ("SELECT mine| FROM sales", ["mine("]),
        ("SELECT substr| FROM sales", ["substr(", "substring(", "substring_grapheme("]),
        ("select * from sales wher|", ["where"]),
        ("SET timez|", ["TimeZone"]),
        ("SELECT 1::INTE|", ["INTEGER", "INTERVAL"]),
        ("CREATE TABLE t (a VARC|", ["VARCHAR"]),
        ("SELECT 'se|", []),
        ("SELECT 1 -- se|", []),
        ("SELECT /* se|", []),
        ("SELECT $$ se|", []),
    ],
)  # fmt: skip
def test_what_may_stand_there_comes_first(db, text, first):
    """Columns of the relations that are seen, tables, fields, functions, words and settings, by the place."""
    assert list(complete(db, text))[: len(first) or None] == first


def test_a_caret_and_a_text_are_checked(db):
    """Whatever comes from outside."""
    for text, caret in (("SELECT", 7), ("SELECT", -1), (None, None), ("x" * 1_000_001, None)):
        with pytest.raises(rem.InputError):
            db.complete_sql(text, caret)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5_000,
        ")" * 50,
        "WITH",
        "WITH a",
        "WITH a AS (SELECT 1), ",
        "FROM (((",
        "SELECT a.",
        ".",
        "FROM a.b.",
        "SET",
        "\x00;;",
        "'",
        '"',
        "$",
        "e'\\",
    ],
)
def test_nothing_that_is_written_is_an_error(db, text):
    """At every place of it."""
    for caret in {0, 1, len(text) // 2, len(text)}:
        db.complete_sql(text, caret)


def test_a_server_completes_too():
    """By the same verb."""
    with remote() as db:
        assert complete(db, "SELECT am| FROM sales") == {"amount": "column"}


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 'it''s', e'a\\'b', $$a;b$$, $t$;$t$, \"a\"\"b\", 1e5, é FROM t -- ;\n; /* a /* b */ ; */ SELECT x'41'",
        "WITH a AS (SELECT 1_0 FROM b) SELECT a.b::INT, a->>'b' FROM a; SELECT ''",
    ],
)
def test_the_pieces_of_a_finished_text_are_its_tokens(text):
    """SQLGlot finds the same names, words, numbers and texts."""
    kinds = {"STRING", "BYTE_STRING", "HEREDOC_STRING", "IDENTIFIER", "VAR", "NUMBER", "SEMICOLON"}
    theirs = {(t.start, t.end + 1) for t in Dialect.get_or_raise("duckdb").tokenize(text) if t.token_type.name in kinds}
    ours = [(p.start, p.stop) for p in pieces(text) if p.kind in ("text", "name", "word", "number") or p.text == ";"]
    assert theirs <= set(ours)
    assert not any(p.is_open for p in pieces(text))


@pytest.mark.parametrize(
    "text", ["SELECT 'a", "SELECT 'a''", 'SELECT "a', "SELECT e'a\\'", "SELECT $$ a $", "SELECT /* a", "x -- a"]
)
def test_what_has_no_end_is_open(text):
    """The last piece, and no other."""
    assert [p.is_open for p in pieces(text)] == [False, True]


def test_the_statements_of_a_text():
    """Semicolons in texts, names and comments end none; comments alone are none."""
    text = "-- first\nSELECT ';' ;; /* ; */ SELECT \";\" ; SELECT 1 -- end"
    found, place = [], 0
    while (statement := statement_at(text, place)) is not None:
        found.append((text[statement.start : statement.stop], statement.is_ended))
        place = statement.after
    assert found == [("SELECT ';'", True), ('SELECT ";"', True), ("SELECT 1 -- end", False)]
