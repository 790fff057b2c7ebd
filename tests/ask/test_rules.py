"""Planning by rules: the kinds of questions, on a small database; the whole set is in tests/benchmarks."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rem_arrow as rem
from tests.ask.conftest import NOW
from tests.effort import examples

CASES = [
    ("What is TAP-1?", "entity_lookup", ["TAP-1"]),
    ("who is ann lee", "entity_lookup", ["ann"]),
    ("Tell me about Bob Ray and TAP-3", "entity_lookup", ["TAP-3", "bob"]),
    ("open issues with priority critical", "sql", ["TAP-3"]),
    ("issues where status is closed or in progress", "sql", ["TAP-2", "TAP-4"]),
    ("issues without an assignee", "sql", ["TAP-2", "TAP-4"]),
    ("unassigned issues", "sql", ["TAP-2", "TAP-4"]),
    ("issues with more than 2 points", "sql", ["TAP-1", "TAP-3"]),
    ("issues with the label auth", "sql", ["TAP-1", "TAP-3"]),
    ("which users are not active?", "sql", ["dee"]),
    ("people in the Payments team", "sql", ["bob", "cy"]),
    ("issues closed in the last 7 days", "temporal", ["TAP-2"]),
    ("meetings yesterday", "temporal", ["m1"]),
    ("Who wrote TAP-1?", "graph", ["ann"]),
    ("which issues did Ann Lee write", "graph", ["TAP-1"]),
    ("issues written by Cy Fox", "graph", ["TAP-3"]),
    ("Who attended Retro?", "graph", ["ann"]),
    ("What is linked to TAP-1?", "graph", ["ann", "bob"]),
    ("Who worked on TAP-1?", "graph", ["ann", "bob"]),
]


@pytest.mark.parametrize(("question", "kind", "ids"), CASES, ids=[c[0] for c in CASES])
def test_questions_get_their_rows(db, question, kind, ids):
    """The kind of query, and exactly these rows."""
    answer = db.query_natural_language(question, now=NOW)
    assert (answer.query_type, sorted(answer.results["id"])) == (kind, ids), answer
    assert 0 <= answer.confidence <= 1 and answer.explanation
    assert answer.results.height == db.sql(answer.query).height, "the query by itself gives the same"


COUNTS = [
    ("How many issues are open?", [(2,)]),
    ("count issues by status", [("open", 2), ("closed", 1), ("in_progress", 1)]),
    ("average points of issues per status", [("open", 5.5), ("in_progress", 2.0), ("closed", 1.0)]),
    ("Which team has the most people?", [("Core", 2)]),
    ("what is the maximum number of points of an issue", [(8,)]),
    ("total points of open issues", [(11,)]),
]


@pytest.mark.parametrize(("question", "rows"), COUNTS, ids=[c[0] for c in COUNTS])
def test_questions_for_numbers(db, question, rows):
    answer = db.query_natural_language(question, now=NOW)
    assert (answer.query_type, answer.results.rows()) == ("aggregate", rows), answer


@pytest.mark.parametrize(
    ("question", "kind", "first"),
    [("issues about password resets", "vector", {"TAP-2", "TAP-1"}), ("open issues about refunds", "hybrid", {"TAP-3"}),
     ("How are refunds paid?", "vector", {"r2"}), ("tutorials about passwords", "vector", {"r1"})],
)  # fmt: skip
def test_what_is_left_is_searched(db, question, kind, first):
    answer = db.query_natural_language(question, now=NOW)
    assert answer.query_type == kind and answer.results["id"][0] in first, answer
    assert answer.confidence < 0.8


def test_several_stages_are_one_statement(db):
    """A chain of edges and a count: stages by name, each with its rows and time; at most as many as are asked for."""
    question = "How many people reviewed issues that Ann Lee wrote?"
    answer = db.query_natural_language(question, now=NOW)
    assert (answer.query_type, answer.results.rows()) == ("staged", [(1,)])
    assert len(answer.stages) == 3 and all(s.rows == 1 for s in answer.stages)
    fewer = db.query_natural_language(question, max_stages=1, now=NOW)
    assert fewer.results.rows() == [(1,)] and len(fewer.stages) == 1
    told = db.ask(question, explain=True)
    assert "Index neighbors" in told.told() and "confidence" in str(told) and "<pre>" in told._repr_html_()


def test_what_is_not_understood_is_declined(db):
    """A name that nobody bears, a word that nothing explains: no rows, what was not understood, what can be asked."""
    for question, word in [("Find TAP-99", "TAP-99"), ("Which issues smell of cheese?", "smell")]:
        answer = db.query_natural_language(question, now=NOW)
        assert answer.declined and answer.results.is_empty() and answer.confidence < 0.5
        assert word in answer.not_understood and len(answer.suggestions) == 2
        assert word in str(answer) and "not answered" in str(answer)
        assert all(not db.ask(text, now=NOW).declined for text in answer.suggestions)
    assert set(answer.related.columns) == {"table", "id", "name", "_score"}, "what is near is shown beside it"
    with rem.connect() as empty:
        nothing = empty.query_natural_language("Who wrote it?")
        assert nothing.declined and nothing.results.is_empty() and not nothing.suggestions
        assert empty.query_natural_language("How many resources are there?").results.rows() == [(0,)]


def test_a_table_may_be_named(db):
    """With `table` the rows come from there; one that does not exist is refused."""
    assert set(db.query_natural_language("password", table="Issues").results["id"]) <= {
        "TAP-1",
        "TAP-2",
        "TAP-3",
        "TAP-4",
    }
    for wrong, says in [
        ({"table": "isues"}, "Did you mean issues"),
        ({"table": 3}, "the name of a table is a text that is not empty"),
        ({"now": "today"}, "now is a datetime"),
    ]:
        with pytest.raises(rem.InputError, match=says):
            db.query_natural_language("password", **wrong)


@pytest.mark.parametrize("question", ["", "  ?!", 3, None, "x " * 3000])
def test_what_is_no_question_is_refused(db, question):
    with pytest.raises(rem.InputError, match="question"):
        db.query_natural_language(question)


def test_rows_are_bounded(db):
    answer = db.query_natural_language("list all issues", rows_max=3)
    assert answer.results.height == 3 and answer.notes == ("the first 3 of 4 rows",)


def test_new_rows_are_known_at_once():
    """A value that is new, an edge that is new, and a table that is new are words of the next question."""
    with rem.connect() as db:
        db.insert("resources", [{"id": f"r{i}", "content": "x", "category": "note"} for i in range(3)])
        assert db.query_natural_language("resources with category note").results.height == 3
        db.insert("resources", {"id": "b", "content": "y", "category": "ballad"})
        assert db.query_natural_language("resources with category ballad").results["id"].to_list() == ["b"]
        db.add_edge("b", "r0", "sings")
        assert db.query_natural_language("What does b sing?").results["id"].to_list() == ["r0"]
        db.load("planets", [{"planet": "Mars", "moons": 2}, {"planet": "Venus", "moons": 0}])
        assert db.query_natural_language("planets with more than 1 moons").results["planet"].to_list() == ["Mars"]


def test_columns_may_have_names_without_letters_of_english():
    """Such a column is read by its name as a whole."""
    with rem.connect() as db:
        db.load("planets", [{"名前": "火星", "moons": 2}, {"名前": "金星", "moons": 0}])
        assert db.query_natural_language("planets with more than 1 moons").results["名前"].to_list() == ["火星"]
        assert db.query_natural_language("planets with 名前 金星").results["moons"].to_list() == [0]


WORDS = st.sampled_from(
    [
        "who",
        "what",
        "which",
        "how",
        "many",
        "issues",
        "users",
        "open",
        "wrote",
        "by",
        "TAP-1",
        "Ann",
        "Lee",
        "about",
        "password",
        "in",
        "the",
        "last",
        "month",
        "team",
        "per",
        "most",
        "without",
        "'",
        '"',
        ";",
        "--",
        ")",
        "$1",
        "%",
        "\x00",
        "é",
        "日本",
        "DROP",
        "TABLE",
        "12",
        "more",
        "than",
        "points",
    ]
)


@settings(max_examples=examples(60), suppress_health_check=list(HealthCheck))
@given(st.lists(WORDS, min_size=1, max_size=12))
def test_any_words_are_answered(db, words):
    """No words end in anything but an answer or a RemError, and nothing is written."""
    try:
        answer = db.query_natural_language(" ".join(words), now=NOW)
    except rem.InputError:
        # Marks alone are no question.
        return
    assert answer.declined or answer.stages[-1].error == ""
    assert db.sql("SELECT count(*) FROM issues").item() == 4
