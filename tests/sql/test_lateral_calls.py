"""Functions that an index answers, called with columns of the relations before them: as one call for each row."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rem_arrow as rem
from tests.effort import examples

IDS = [f"n{i}" for i in range(6)]


@pytest.fixture(scope="module")
def db() -> Iterator[rem.Database]:
    with rem.connect() as db:
        db.insert("entities", [{"id": i, "name": f"Node {i}", "aliases": [i.upper()]} for i in IDS])
        for a, b, kind in [
            ("n0", "n1", "a"),
            ("n0", "n1", "b"),
            ("n1", "n2", "a"),
            ("n2", "n0", "a"),
            ("n3", "n4", "b"),
            ("n1", "n3", "b"),
        ]:
            db.add_edge(a, b, kind)
        yield db


CALLS = [
    "LOOKUP({})",
    "LOOKUP({}, 'n5', $x)",
    "FUZZY({}, k => 2, threshold => 0.2)",
    "NEIGHBORS({}, depth => 2)",
    "NEIGHBORS({}, 'n3', direction => 'both', nodes => (SELECT id FROM entities WHERE id <> 'n2'))",
    "TRAVERSE({}, depth => 3, strategy => 'dfs')",
    "TRAVERSE({}, depth => 2, unique => 'path', include_start => true, type => ['a'])",
    "SHORTEST_PATH({}, 'n4', every => true)",
    "SHORTEST_PATH('n0', {}, weighted => true)",
    "ALL_PATHS({}, ['n0', 'n4'], depth => 4)",
    "WALKS({}, least => 0, most => 2)",
]


@pytest.mark.parametrize("call", CALLS)
@given(rows=st.lists(st.none() | st.sampled_from([*IDS, "nobody", "entities:n1"]), max_size=6))
@settings(max_examples=examples(12))
def test_a_call_for_each_row_is_what_calls_one_by_one_are(db, call, rows):
    """Beside a table, with LATERAL or without it, in an outer join, and as a subquery."""
    frames = {"t": pl.DataFrame({"n": range(len(rows)), "id": rows}, schema={"n": pl.Int64, "id": pl.String})}
    one_by_one = []
    for n, id_ in enumerate(rows):
        if id_ is not None or "n5" in call or "'n3'" in call:
            values = {"q": id_, "x": "n2"} if "$x" in call else {"q": id_}
            text = f"SELECT * FROM {call.format('$q')}"
            one_by_one += [(n, *row) for row in db.sql(text, values).rows()]
    values = {"x": "n2"} if "$x" in call else None

    def asked(text: str) -> list[tuple]:
        return sorted(db.sql(text, values, frames=frames).rows(), key=repr)

    lateral = call.format("t.id")
    assert asked(f"SELECT t.n, f.* FROM t, LATERAL {lateral} f") == sorted(one_by_one, key=repr)
    assert asked(f"SELECT t.n, f.* FROM t, {lateral} f") == sorted(one_by_one, key=repr)
    counts = {n: sum(row[0] == n for row in one_by_one) for n in range(len(rows))}
    assert asked(f"SELECT t.n, (SELECT count(*) FROM {lateral}) FROM t") == sorted(counts.items(), key=repr)
    outer = asked(f"SELECT t.n FROM t LEFT JOIN LATERAL {lateral} f ON true")
    assert outer == sorted([(n,) for n, count in counts.items() for _ in range(max(1, count))], key=repr)


def test_a_list_and_a_subquery_may_read_the_row(db):
    """Their positions are those within the row's own call."""
    frames = {"t": pl.DataFrame({"n": [1, 2], "ids": [["n1", None, "N0"], []], "most": ["n1", "n2"]})}
    text = "SELECT t.n, l.id, l.position FROM t, LOOKUP(t.ids) l ORDER BY 1, 3"
    assert db.sql(text, frames=frames).rows() == [(1, "n1", 1), (1, "n0", 3)]
    text = (
        "SELECT t.n, l.id, l.position FROM t, LATERAL LOOKUP((SELECT id FROM entities e WHERE e.id <= t.most "
        "ORDER BY id)) l ORDER BY 1, 3"
    )
    assert db.sql(text, frames=frames).rows() == [
        (1, "n0", 1),
        (1, "n1", 2),
        (2, "n0", 1),
        (2, "n1", 2),
        (2, "n2", 3),
    ]


def test_a_call_may_read_what_another_gives(db):
    """Names to entities to their neighbours, in one statement."""
    frames = {"m": pl.DataFrame({"name": ["nod n0", "Node n3"]})}
    text = (
        "SELECT m.name, f.id, n.id FROM m, FUZZY(m.name, k => 1) f, NEIGHBORS(f.id) n "
        "WHERE EXISTS (SELECT 1 FROM SHORTEST_PATH(n.id, 'n4')) ORDER BY ALL"
    )
    assert db.sql(text, frames=frames).rows() == [("Node n3", "n3", "n4"), ("nod n0", "n0", "n1")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT * FROM entities e, NEIGHBORS(e.id, depth => length(e.id))", "an option of NEIGHBORS is the same for"),
        (
            "SELECT * FROM entities e, NEIGHBORS(e.id, nodes => (SELECT e.id))",
            "nodes of NEIGHBORS cannot read columns of the relations around it",
        ),
        ("SELECT * FROM entities e, NEIGHBORS(e.created_at)", "NEIGHBORS's ids is a text, a list of texts or a"),
        ("SELECT * FROM entities e, NEIGHBORS(e.idd)", 'no column "idd" in e'),
    ],
)
def test_what_a_call_cannot_read_is_refused(db, text, message):
    """In words, at its place."""
    with pytest.raises(rem.BindError) as caught:
        db.sql(text)
    assert message in str(caught.value)
