"""GRAPH_TABLE: patterns of nodes and edges, beside a matcher that tries every walk one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import product

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

import rem_arrow as rem
from tests.effort import examples


class Person(BaseModel):
    name: str
    age: int = 0


class Doc(BaseModel):
    path: str
    size: int = 0


@pytest.fixture(scope="module")
def db() -> Iterator[rem.Database]:
    with rem.connect() as db:
        db.register(Person, name="users")
        db.register(Doc, name="Files")
        people = [("u1", "Ann", 30), ("u2", "Bob", 40), ("u3", "Cy", 50), ("u4", "Dee", 20), ("u5", "Eve", 60)]
        db.insert("users", [{"id": i, "name": n, "age": a} for i, n, a in people])
        db.insert(
            "Files",
            [
                {"id": "f1", "path": "a.py", "size": 500},
                {"id": "f2", "path": "b.py", "size": 2000},
                {"id": "f3", "path": "c.py", "size": 3000},
            ],
        )
        for src, dst, kind, weight in [
            ("u1", "f1", "authored", 1.0),
            ("u1", "f2", "authored", 2.0),
            ("u2", "f2", "authored", 3.0),
            ("u3", "f3", "reviewed", 1.0),
            ("u1", "u2", "knows", 0.5),
            ("u2", "u3", "knows", 0.9),
            ("u3", "u1", "knows", 0.2),
            ("u3", "u4", "knows", 0.7),
            ("u1", "u1", "likes", 1.0),
            ("u4", "ghost", "knows", 1.0),
        ]:
            db.add_edge(src, dst, kind, weight=weight)
        yield db


CASES: list[tuple[str, list[tuple[object, ...]]]] = [
    ("MATCH (a:users)-[e:authored]->(b:files WHERE b.size > 1000) COLUMNS (a.name, b.path, e.weight)",
     [("Ann", "b.py", 2.0), ("Bob", "b.py", 3.0)]),
    ("MATCH (b:Files)<-[e IS authored]-(a IS users) WHERE a.name = 'Bob' COLUMNS (a.name, b.path AS p)",
     [("Bob", "b.py")]),
    ("MATCH (a:users)-[:authored]->(f:files)<-[:authored]-(b:users) WHERE a.id < b.id COLUMNS (a.name, b.name AS "
     "other, f.path)", [("Ann", "Bob", "b.py")]),
    ("MATCH (a:users)-[:likes]->(a) COLUMNS (a.name)", [("Ann",)]),
    ("MATCH (a:users)-[:likes]-(b:users) COLUMNS (a.name, b.id)", [("Ann", "u1")]),
    ("MATCH (d:users WHERE d.name = 'Dee')<-(b) COLUMNS (b.id, b.\"table\")", [("u3", "users")]),
    ("MATCH (a:users WHERE a.name = 'Ann')<->(b:users) COLUMNS (b.name)", [("Ann",), ("Bob",), ("Cy",)]),
    ("MATCH (a:users)-[:knows]->(b:users), (a)-[e:authored|reviewed]->(f:files) WHERE f.size > 500 COLUMNS (a.name, "
     "b.name, f.path, e.edge_type)",
     [("Ann", "Bob", "b.py", "authored"), ("Bob", "Cy", "b.py", "authored"), ("Cy", "Ann", "c.py", "reviewed"),
      ("Cy", "Dee", "c.py", "reviewed")]),
    ("MATCH (a:users|files WHERE a.id IN ('u1', 'f1'))<-[e]-(b:users) COLUMNS (a.\"table\", a.path, b.name)",
     [("Files", "a.py", "Ann"), ("users", None, "Ann"), ("users", None, "Cy")]),
    ("MATCH (a:users WHERE a.name = 'Ann')-[e:knows]->{1,3}(b:users) COLUMNS (b.name, count(e) AS hops, "
     "sum(e.weight) AS w, listagg(e.edge_type, '>') AS t)",
     [("Bob", 1, 0.5, "knows"), ("Cy", 2, 1.4, "knows>knows"), ("Dee", 3, 2.1, "knows>knows>knows"),
      ("Ann", 3, 1.6, "knows>knows>knows")]),
    ("MATCH p = ANY SHORTEST (a:users)-[e:knows]->*(b:users) WHERE b.name = 'Dee' COLUMNS (a.name, path_length(p), "
     "vertices(p), edges(p))",
     [("Ann", 3, ["u1", "u2", "u3", "u4"], ["knows"] * 3), ("Bob", 2, ["u2", "u3", "u4"], ["knows"] * 2),
      ("Cy", 1, ["u3", "u4"], ["knows"]), ("Dee", 0, ["u4"], [])]),
    ("MATCH ANY SHORTEST (a:users)-[e:knows WHERE e.weight > 0.6]->+(b:users) COLUMNS (a.name, b.name, "
     "min(e.weight), max(e.weight), avg(e.weight), count(DISTINCT e.edge_type))",
     [("Bob", "Cy", 0.9, 0.9, 0.9, 1), ("Bob", "Dee", 0.7, 0.9, 0.8, 1), ("Cy", "Dee", 0.7, 0.7, 0.7, 1)]),
    ("MATCH (a:users WHERE a.name = 'Eve')-[:knows]->{0,2}(b:users) COLUMNS (b.name)", [("Eve",)]),
    ("MATCH p = ALL SHORTEST (a:users)-[:knows]->(x:users)-[:knows]->{0,2}(b:users) WHERE b.id = 'u4' COLUMNS "
     "(a.name, x.name AS via, path_length(p) AS n, vertices(p) AS v)",
     [("Cy", "Dee", 1, ["u3", "u4"]), ("Bob", "Cy", 2, ["u2", "u3", "u4"]),
      ("Ann", "Bob", 3, ["u1", "u2", "u3", "u4"])]),
    ("MATCH SHORTEST 2 (a:users)-[e]->{1,6}(b:users) WHERE a.id = 'u1' AND b.id = 'u1' COLUMNS (count(e))",
     [(1,), (2,)]),
    ("MATCH ANY 2 PATHS (a:users)-[e]->(b:users) WHERE a.id = 'u1' COLUMNS (element_id(b))", [("u1",), ("u2",)]),
    ("MATCH ACYCLIC PATH (a:users)-[e:knows]-+(b) WHERE b.id = 'u4' AND a.name BETWEEN 'A' AND 'C' COLUMNS "
     "(array_agg(e.weight))", [([0.2, 0.7],), ([0.5, 0.9, 0.7],), ([0.5, 0.2, 0.7],), ([0.9, 0.7],)]),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "rows"), CASES, ids=[c[0][6:60] for c in CASES])
def test_patterns_match(db, pattern, rows):
    """A pattern gives one row for each way that its elements are met."""
    found = db.sql(f"SELECT * FROM GRAPH_TABLE ({pattern})").rows()
    assert Counter(map(_plain, found)) == Counter(map(_plain, rows))


def _plain(row: tuple[object, ...]) -> str:
    return repr(
        [
            round(v, 9)
            if isinstance(v, float)
            else [round(x, 9) if isinstance(x, float) else x for x in v]
            if isinstance(v, list)
            else v
            for v in row
        ]
    )


def test_composes_with_sql(db):
    """A GRAPH_TABLE is joined, grouped, put in windows, CTEs and views, and reads parameters and CTEs."""
    graph = (
        "GRAPH_TABLE (MATCH (a:users)-[e:authored]->(f:files) WHERE f.size >= $least COLUMNS (a.id, a.name, f.size))"
    )
    grouped = db.sql(
        f"SELECT g.name, sum(size) AS s, rank() OVER (ORDER BY sum(size) DESC) AS r FROM {graph} AS g JOIN users u ON "
        "u.id = g.id GROUP BY g.name ORDER BY r, 1",
        {"least": 0},
    )
    assert grouped.rows() == [("Ann", 2500, 1), ("Bob", 2000, 2)]
    young = (
        "WITH users AS (SELECT * FROM users WHERE age < 35) SELECT name FROM GRAPH_TABLE (MATCH "
        "(a:users)-[:knows]->(b:users) COLUMNS (b.name))"
    )
    assert db.sql(young).rows() == [], "Ann and Dee are left, and neither knows the other"
    assert db.sql("SELECT (SELECT count(*) FROM GRAPH_TABLE (MATCH (a:users)-[]->(b) COLUMNS (a.id)))").item() == 9
    assert (
        db.sql("SELECT count(*) FROM GRAPH_TABLE (MATCH (a:users)-[e]->(b:users) COLUMNS (a.*, b.id AS other))").item()
        == 5
    )
    named = db.sql("WITH graph_table AS (SELECT 1 AS x) SELECT match FROM (SELECT x AS match FROM graph_table)")
    assert named.rows() == [(1,)], "the words are names elsewhere"
    assert "Index walks" in db.explain("SELECT * FROM GRAPH_TABLE (MATCH (a:users)-[:knows]->{1,2}(b) COLUMNS (a.id))")


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("(a:userz)-[e]->(b) COLUMNS (a.id)", 'no table "userz"'),
        ("(a:edges)-[e]->(b) COLUMNS (a.src)", 'no entity table "edges"'),
        ("(a:users)-[e]->*(b) COLUMNS (a.id)", "walks without a bound"),
        ("(a:users)-[e]>(b) COLUMNS (a.id)", "the edge ends with -> or -"),
        ("(a:users)-[e->(b) COLUMNS (a.id)", "an edge is -[name : type WHERE condition]->"),
        ("(a:users)=(b) COLUMNS (a.id)", "an edge is expected"),
        ("(a:users)-[e]-> COLUMNS (a.id)", "a node is expected"),
        ("(a:users b)-[e]->(b) COLUMNS (a.id)", "a node is (name : label WHERE condition)"),
        ("(a:users)-[e:1]->(b) COLUMNS (a.id)", "a label is expected"),
        ("(a:users&x)-[e]->(b) COLUMNS (a.id)", "of labels only | is supported"),
        ("(a:users WHERE)-[e]->(b) COLUMNS (a.id)", "a condition is expected behind WHERE"),
        ("(a:users)-[e*1..3]->(b) COLUMNS (a.id)", "a quantifier stands behind the edge"),
        ("(a:users)-[e]->{a}(b) COLUMNS (a.id)", "a quantifier is {n}"),
        ("(a:users)-[e]->{3,1}(b) COLUMNS (a.id)", "a quantifier's bounds ascend"),
        ("((a)-[e]->(b)){1,2} COLUMNS (a.id)", "a path pattern in parentheses is not supported"),
        ("SHORTEST x (a)-[e]->(b) COLUMNS (a.id)", "a whole number from 1 to 1,000 is expected"),
        ("SHORTEST 2 GROUPS (a)-[e]->(b) COLUMNS (a.id)", "SHORTEST k GROUPS is not supported"),
        ("(a)-[e]->(b) KEEP ANY COLUMNS (a.id)", "KEEP is not supported"),
        ("(a:users)-[a]->(b) COLUMNS (a.id)", "the name a is given twice"),
        ("a = (a:users)-[e]->(b) COLUMNS (a.id)", "the name a is given twice"),
        ("(a:users)-[e]->(b), (a:files) COLUMNS (a.id)", "a has another label before"),
        ("TRAIL (a)-[e]->(b)-[f]->(c) COLUMNS (a.id)", "TRAIL of a path with several edges"),
        ("ANY (a)-[e]->(b)-[f]->(c), (d) COLUMNS (a.id)", "the choice among paths of several edges"),
        ("(a:users)-[e]->(b)", "GRAPH_TABLE needs COLUMNS"),
        ("(a:users)-[e]->(b) COLUMNS ()", "COLUMNS is empty"),
        ("(a:users)-[e]->(b) COLUMNS (a.id,)", "an item of COLUMNS is missing"),
        ("(a:users)-[e]->(b) COLUMNS (a.id) x", "GRAPH_TABLE ends behind its COLUMNS"),
        ("(a:users)-[e]->(b) COLUMNS (path_length(q))", "no path is called q"),
        ("(a:users)-[e]->(b) COLUMNS (a.nam)", 'no column "nam" in a'),
        ("(a:users)-[e:knows]->{2}(b) COLUMNS (e.properties)", 'no column "properties" in e'),
    ],
)
def test_errors_point_into_the_text(db, pattern, says):
    """What cannot be read or bound says so, with its place."""
    text = f"SELECT * FROM GRAPH_TABLE (MATCH {pattern})"
    with pytest.raises(rem.RemError) as caught:
        db.sql(text)
    assert says in str(caught.value)
    assert "line 1:" in str(caught.value)


@pytest.mark.parametrize("cut", range(0, 120, 3))
def test_any_cut_is_a_rem_error(db, cut):
    """A text that ends anywhere is refused in our words."""
    text = (
        "SELECT * FROM GRAPH_TABLE (MATCH p = ANY SHORTEST (a:users WHERE a.x > 1)-[e:k|l WHERE e.weight > "
        "2]->{1,3}(b) WHERE a.id = 'x' COLUMNS (a.id, sum(e.weight)))"
    )
    with pytest.raises(rem.RemError):
        db.sql(text[: len(text) - 1 - cut])


def test_walks_function_checks_its_words(db):
    """WALKS by itself: bounds, relations by name, and what it refuses."""
    assert db.sql("SELECT id, length FROM walks('u1', most => 2, type => 'knows') ORDER BY length").rows() == [
        ("u2", 1),
        ("u3", 2),
    ]
    within = db.sql(
        "SELECT id FROM traverse('u1', depth => 3, nodes => (SELECT 'users:' || id FROM users WHERE name <> 'Cy'), "
        "edges => (SELECT rowid FROM edges WHERE edge_type = 'knows'))"
    )
    assert within.rows() == [("u2",)]
    for text, says in [
        ("walks('u1')", "walks without a bound"),
        ("walks('u1', edges => 3)", "edges of WALKS is a query in parentheses"),
        ("walks('u1', edges => (SELECT id FROM users))", "a query whose first column is BIGINT"),
        ("walks('u1', most => 1, edges => (SELECT 1), edges => (SELECT 1))", "edges is given twice"),
        ("walks('u1', least => 3000)", "least is from 0 to 1000"),
    ]:
        with pytest.raises(rem.RemError, match=says):
            db.sql(f"SELECT * FROM {text}")


def test_no_label_of_nothing_is_walked(db):
    """Softly deleted entities and ends that dangle are no nodes."""
    with rem.connect() as mine:
        mine.register(Person, name="users")
        mine.insert("users", [{"id": i, "name": i} for i in "abc"])
        for pair in ("ab", "bc", "cx", "xa"):
            mine.add_edge(pair[0], pair[1], "k")
        text = (
            "SELECT a, b FROM GRAPH_TABLE (MATCH (a:users)-[:k]->{1,9}(b:users) COLUMNS (a.id AS a, b.id AS b)) "
            "ORDER BY 1, 2"
        )
        assert mine.sql(text).rows() == [("a", "b"), ("a", "c"), ("b", "c")]
        mine.delete("users", "b")
        assert mine.sql(text).rows() == []


NODES = "abcde"
EDGES = st.lists(
    st.tuples(st.sampled_from(NODES), st.sampled_from(NODES), st.sampled_from("kl"), st.sampled_from([None, 0.5, 2.0])),
    max_size=12,
    unique_by=lambda e: e[:3],
)


@settings(max_examples=examples(15), suppress_health_check=list(HealthCheck))
@example([("b", "b", "k", None), ("b", "a", "k", None)], "->", (2, 2), "SIMPLE", "", "", False)
@example(
    [("a", "b", "k", None), ("a", "c", "k", None), ("b", "c", "k", None)],
    "-",
    (1, 3),
    "TRAIL",
    "ALL SHORTEST",
    "",
    False,
)
@given(EDGES, st.sampled_from(["->", "<-", "-"]), st.sampled_from([(0, 2), (1, 3), (2, 2), (2, 4)]),
       st.sampled_from(["", "TRAIL", "ACYCLIC", "SIMPLE"]),
       st.sampled_from(["", "ANY SHORTEST", "ALL SHORTEST", "SHORTEST 2", "SHORTEST 3"]),
       st.sampled_from(["", ":k"]), st.booleans())  # fmt: skip
def test_walks_equal_those_tried_one_by_one(edges, arrow, bounds, mode, choose, label, weighed):
    """Walks of a quantified edge, in every mode, choice and direction, are those of a matcher that tries all."""
    with rem.connect() as db:
        db.register(Person, name="users")
        db.insert("users", [{"id": n, "name": n, "age": i} for i, n in enumerate(NODES)])
        for src, dst, kind, weight in edges:
            db.add_edge(src, dst, kind, weight=weight)
        where = " WHERE x.weight > 1" if weighed else ""
        left, right = {"->": ("-", "->"), "<-": ("<-", "-"), "-": ("-", "-")}[arrow]
        pattern = f"p = {choose} {mode} (a:users){left}[x{label}{where}]{right}{{{bounds[0]},{bounds[1]}}}(b:users)"
        text = (
            f"SELECT v, path_length AS n FROM GRAPH_TABLE (MATCH {pattern} WHERE b.age < 4 COLUMNS (vertices(p) AS "
            "v, path_length(p)))"
        )
        found = Counter((tuple(v), n) for v, n in db.sql(text).rows())
    usable = [e for e in edges if (not label or e[2] == "k") and (not weighed or (e[3] or 0) > 1)]
    wanted = [w for w in _walks(usable, arrow, bounds[1], mode) if len(w) - 1 >= bounds[0] and w[-1] != "e"]
    shortest = {(w[0], w[-1]): min(len(v) for v in wanted if (v[0], v[-1]) == (w[0], w[-1])) for w in wanted}
    if choose == "ALL SHORTEST":
        wanted = [w for w in wanted if len(w) == shortest[w[0], w[-1]]]
    if choose.startswith("SHORTEST"):
        lengths: dict[tuple[str, str], list[int]] = {}
        for way in sorted(wanted, key=len):
            lengths.setdefault((way[0], way[-1]), []).append(len(way) - 1)
        chosen = [(*ends, n) for ends, every in lengths.items() for n in every[: int(choose[-1])]]
        assert sorted((v[0], v[-1], n) for v, n in found.elements()) == sorted(chosen)
        assert not found - Counter((w, len(w) - 1) for w in wanted)
    elif choose == "ANY SHORTEST":
        assert Counter((v[0], v[-1], n) for v, n in found.elements()) == Counter(
            (a, b, n - 1) for (a, b), n in shortest.items()
        )
        assert set(found) <= {(w, len(w) - 1) for w in wanted}
    else:
        assert found == Counter((w, len(w) - 1) for w in wanted)


@settings(max_examples=examples(12), suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=6), st.integers(1, 4), st.sampled_from("*+"))
def test_the_k_shortest_walks_need_no_bound(edges, k, quantifier):
    """Their lengths are those of which the powers of the matrix of edges count the walks."""
    with rem.connect() as db:
        db.register(Person, name="users")
        db.insert("users", [{"id": n, "name": n, "age": i} for i, n in enumerate(NODES)])
        for src, dst in edges:
            db.add_edge(NODES[src], NODES[dst], f"k{len(db.sql('FROM edges'))}")
        text = (
            f"SELECT a, b, n FROM GRAPH_TABLE (MATCH p = SHORTEST {k} (a:users)-[]->{quantifier}(b:users) COLUMNS "
            "(a.id AS a, b.id AS b, path_length(p) AS n))"
        )
        found = sorted(db.sql(text).rows())
    matrix = np.zeros((len(NODES), len(NODES)), dtype=object)
    for src, dst in edges:
        matrix[src, dst] += 1
    wanted, power = [], np.identity(len(NODES), dtype=object)
    lengths: dict[tuple[str, str], list[int]] = {}
    for length in range(4 * len(NODES) + 1):
        for (a, b), walks in np.ndenumerate(power):
            if length or quantifier == "*":
                lengths.setdefault((NODES[a], NODES[b]), []).extend([length] * min(k, walks))
        power = power @ matrix
    wanted = sorted((a, b, n) for (a, b), ns in lengths.items() for n in ns[:k])
    assert found == wanted


def test_a_long_path_is_found_whole():
    """Nothing bounds the depth of a shortest path but the graph."""
    with rem.connect() as db:
        db.insert("entities", [{"id": "n0", "name": "first"}, {"id": "n1500", "name": "last"}])
        nodes = [f"n{i}" for i in range(1_501)]
        db.insert("entities", [{"id": n, "name": n} for n in nodes[1:-1]])
        db.add_edges(pl.DataFrame({"src": nodes[:-1], "dst": nodes[1:], "edge_type": "next"}))
        assert db.reachable("n0", "n1500")
        for options in ({}, {"weighted": True}, {"every": True}):
            assert db.shortest_path("n0", "n1500", **options)["length"].to_list() == [1_500]
            assert db.shortest_path("n0", "n1500", **options, depth_max=1_499).height == 0
        assert db.sql("SELECT length FROM SHORTEST_PATH('n0', 'n1500')").rows() == [(1_500,)]
        text = (
            "SELECT n FROM GRAPH_TABLE (MATCH p = SHORTEST 2 (a:entities WHERE a.id = 'n0')-[]->+(b:entities) WHERE "
            "b.id = 'n1500' COLUMNS (path_length(p) AS n))"
        )
        assert db.sql(text).rows() == [(1_500,)]


def _walks(edges: list[tuple[str, str, str, float | None]], arrow: str, most: int, mode: str) -> list[tuple[str, ...]]:
    """Return the nodes of every walk; one by one, and slowly."""
    steps = [(s, d, i) for i, (s, d, _, _) in enumerate(edges) if arrow != "<-"] + [
        (d, s, i) for i, (s, d, _, _) in enumerate(edges) if arrow == "<-" or (arrow == "-" and s != d)
    ]
    found: list[tuple[str, ...]] = []
    level: list[tuple[tuple[str, ...], tuple[int, ...]]] = [((n,), ()) for n in NODES]
    for _ in range(most + 1):
        found += [way for way, _ in level]
        level = [
            ((*way, d), (*used, i))
            for (way, used), (s, d, i) in product(level, steps)
            if s == way[-1] and _allowed(way, used, d, i, mode)
        ]
    return found


def _allowed(way: tuple[str, ...], used: tuple[int, ...], node: str, edge: int, mode: str) -> bool:
    match mode:
        case "TRAIL":
            return edge not in used
        case "ACYCLIC":
            return node not in way
        case "SIMPLE":
            return node not in way[1:] and not (len(way) > 1 and way[0] == way[-1])
    return True
