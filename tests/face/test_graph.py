"""Walks over edges against plain searches in Python, and networkx: the rows, their ways and their bounds, for the rows
as they are."""

from __future__ import annotations

import itertools
import random
import threading
from collections import deque
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

import rem_arrow as rem
from rem_arrow.access import key_indexes
from rem_arrow.write import edge_frames
from tests.effort import examples
from tests.patience import join, started

Edge = tuple[str, str, str]
IDS = [f"n{i}" for i in range(9)]
EDGES = st.sets(st.tuples(st.sampled_from(IDS), st.sampled_from(IDS), st.sampled_from(["likes", "knows"])), max_size=30)


class Thing(BaseModel):
    """Anything with a size."""

    name: str = ""
    size: int = 0


@pytest.fixture
def db(tmp_path: Path) -> Any:
    with rem.connect(tmp_path / "db") as opened:
        opened.register(Thing, name="things")
        yield opened


def filled(db: rem.Database, edges: set[Edge], ids: list[str] = IDS) -> None:
    db.insert("things", [{"id": i, "name": f"name of {i}", "size": int(i[1:])} for i in ids])
    if edges:
        rows = sorted(edges)
        db.add_edges(pl.DataFrame(rows, schema=["src", "dst", "edge_type"], orient="row"))


def following(edges: set[Edge], node: str, direction: str, kinds: set[str] | None) -> list[tuple[str, str]]:
    """Return (type, node) of all edges that lead on."""
    found = []
    for a, b, kind in edges:
        if kinds is not None and kind not in kinds:
            continue
        if a == node and direction in ("out", "both"):
            found.append((kind, b))
        if b == node and direction in ("in", "both") and not (a == b and direction == "both"):
            found.append((kind, a))
    return found


def distances(
    edges: set[Edge],
    start: str,
    depth: int,
    direction: str = "out",
    kinds: set[str] | None = None,
    hidden: frozenset[str] = frozenset(),
) -> dict[str, int]:
    """Return the smallest depth of all that is reached, by a plain breadth-first search."""
    seen, queue = {start: 0}, deque([start])
    while queue:
        node = queue.popleft()
        if seen[node] == depth:
            continue
        for _, far in following(edges, node, direction, kinds):
            if far not in seen and far not in hidden:
                seen[far] = seen[node] + 1
                queue.append(far)
    del seen[start]
    return seen


def simple_paths(edges: set[Edge], a: str, b: str, depth: int) -> set[tuple[tuple[str, ...], tuple[str, ...]]]:
    found, stack = set(), [((a,), ())]
    while stack:
        path, kinds = stack.pop()
        for kind, far in following(edges, path[-1], "out", None):
            if far in path or len(kinds) == depth:
                continue
            if far == b:
                found.add(((*path, far), (*kinds, kind)))
            else:
                stack.append(((*path, far), (*kinds, kind)))
    return found


def known(edges: set[Edge]) -> list[str]:
    return sorted({e for a, b, _ in edges for e in (a, b)})


@settings(max_examples=examples(15))
@given(
    EDGES,
    st.sampled_from(["out", "in", "both"]),
    st.sampled_from([None, {"likes"}, {"likes", "knows"}]),
    st.integers(1, 4),
)
def test_walks_reach_what_a_plain_search_reaches(
    edges: set[Edge], direction: str, kinds: set[str] | None, depth: int
) -> None:
    """In Python and in SQL, with and without ways; each way is one, and its parent is the first by type and id."""
    with rem.connect(background=False) as db:
        db.register(Thing, name="things")
        filled(db, edges)
        for start in IDS[:3]:
            wanted = distances(edges, start, depth, direction, kinds)
            types = None if kinds is None else sorted(kinds)
            found = db.neighbors(start, depth=depth, direction=direction, edge_type=types)  # type: ignore[arg-type]
            assert dict(found.select("id", "depth").iter_rows()) == wanted
            walked = db.traverse_edges(start, depth=depth, direction=direction, edge_type=types)
            assert dict(walked.select("id", "depth").iter_rows()) == wanted
            for row in walked.iter_rows(named=True):
                ways = [
                    (k, p)
                    for p in [start, *wanted]
                    if (0 if p == start else wanted[p]) == row["depth"] - 1
                    for k, far in following(edges, p, direction, kinds)
                    if far == row["id"]
                ]
                assert (row["edge_type"], row["parent_id"]) == min(ways)
                assert (row["path"][0], row["path"][-1], len(row["path"])) == (start, row["id"], row["depth"] + 1)
            by_sql = db.sql(
                "SELECT id, depth FROM NEIGHBORS($s, depth => $d, direction => $w, type => $t)",
                {"s": start, "d": depth, "w": direction, "t": types or ["likes", "knows"]},
            )
            assert dict(by_sql.iter_rows()) == wanted


@settings(max_examples=examples(15))
@given(EDGES, st.sampled_from(IDS), st.sampled_from(IDS), st.integers(1, 4))
def test_paths_are_those_that_there_are(edges: set[Edge], a: str, b: str, depth: int) -> None:
    """All simple paths, their number, a shortest one and every shortest one."""
    with rem.connect(background=False) as db:
        db.register(Thing, name="things")
        filled(db, edges)
        wanted = simple_paths(edges, a, b, depth) if a != b else {((a,), ())}
        found = db.all_paths(a, b, depth_max=depth)
        assert {(tuple(p), tuple(k)) for p, k in found.select("path", "edge_types").iter_rows()} == wanted
        assert found["length"].is_sorted()
        assert found["path_id"].to_list() == list(range(1, len(wanted) + 1))
        assert db.count_paths(a, b, depth_max=depth) == len(wanted)
        least = distances(edges, a, 99).get(b)
        one = db.shortest_path(a, b)
        if a != b:
            assert one["length"].to_list() == ([] if least is None else [least])
            assert db.reachable(a, b) == (least is not None)
            every = {
                (tuple(p), tuple(k))
                for p, k in db.shortest_path(a, b, every=True).select("path", "edge_types").iter_rows()
            }
            assert every == ({w for w in simple_paths(edges, a, b, least) if len(w[1]) == least} if least else set())
            for path, types in one.select("path", "edge_types").iter_rows():
                assert all((x, y, t) in edges for x, y, t in zip(path[:-1], path[1:], types, strict=True))


@settings(max_examples=examples(12))
@given(EDGES)
def test_the_whole_graph_is_as_networkx_says(edges: set[Edge]) -> None:
    """Cycles, components, PageRank, degrees and levels."""
    with rem.connect(background=False) as db:
        db.register(Thing, name="things")
        filled(db, edges)
        graph = nx.MultiDiGraph([(a, b, k) for a, b, k in sorted(edges)])
        simple = nx.DiGraph(graph)
        found = {frozenset(p[:-1]) for p in db.find_cycles(length_max=9)["path"].to_list()}
        assert found == {frozenset(c) for c in nx.simple_cycles(simple)}
        for strong, theirs in (
            (False, nx.weakly_connected_components(graph)),
            (True, nx.strongly_connected_components(graph)),
        ):
            ours = db.components(strong=strong).group_by("component").agg("id")["id"].to_list()
            assert {frozenset(c) for c in ours} == {frozenset(c) for c in theirs}
        ranks = dict(db.pagerank(tolerance=1e-10).select("id", "score").iter_rows())
        assert ranks == pytest.approx(nx.pagerank(graph, tol=1e-12, max_iter=1000), abs=1e-6)
        assert dict(db.degree().select("id", "degree").iter_rows()) == dict(graph.degree())
        if nx.is_directed_acyclic_graph(simple):
            level = dict(db.topological_order().select("id", "level").iter_rows())
            assert all(level[a] < level[b] for a, b, _ in edges)
        else:
            with pytest.raises(rem.ExecuteError, match="the edges have a cycle"):
                db.topological_order()


@settings(max_examples=examples(20))
@given(st.randoms(use_true_random=False))
def test_edges_that_come_and_go_are_walked_as_they_are(random_: random.Random) -> None:
    """After every write, also when the tail is sealed, with entities deleted, purged and brought back."""
    with rem.connect(background=False) as db:
        db.register(Thing, name="things")
        db.insert("things", [{"id": i, "name": i} for i in IDS[:6]])
        edges: set[Edge] = set()
        hidden: set[str] = set()
        for _ in range(25):
            a, b, kind = random_.choice(IDS), random_.choice(IDS), random_.choice(["likes", "knows"])
            match random_.randrange(7):
                case 0 | 1 | 2:
                    db.add_edge(a, b, kind, weight=random_.random())
                    edges.add((a, b, kind))
                case 3:
                    count = db.remove_edges(a, b)
                    assert count == len({e for e in edges if e[:2] == (a, b)})
                    edges = {e for e in edges if e[:2] != (a, b)}
                case 4 if a in IDS[:6] and a not in hidden:
                    db.delete("things", a)
                    hidden.add(a)
                case 5 if a in hidden or a in IDS[6:]:
                    db.insert("things", {"id": a, "name": a})
                    hidden.discard(a)
                case _:
                    db.compact()
            start = random_.choice(IDS)
            if start in hidden or start not in {*known(edges), *IDS[:6]}:
                continue
            found = dict(db.neighbors(start, depth=3).select("id", "depth").iter_rows())
            assert found == distances(edges, start, 3, hidden=frozenset(hidden))


def test_a_walk_sees_the_version_that_it_reads(db: rem.Database) -> None:
    """A transaction walks its own edges, and others do not."""
    filled(db, {("n0", "n1", "likes")})
    with db.transaction() as tx:
        tx.add_edge("n1", "n2", "likes")
        assert tx.neighbors("n0", depth=2)["id"].to_list() == ["n1", "n2"]
        assert tx.sql("SELECT id FROM NEIGHBORS('n0', depth => 2)").height == 2
        assert db.neighbors("n0", depth=2)["id"].to_list() == ["n1"]
    assert db.neighbors("n0", depth=2).height == 2


def test_a_dangling_end_finds_its_entity(db: rem.Database) -> None:
    """An end is kept before its entity is there; the first entity that takes the id has it, and purging it removes the
    edge."""
    db.insert("things", {"id": "a"})
    db.add_edge("a", "later", "likes")
    assert db.neighbors("a").select("id", "table").rows() == [("later", None)]
    db.insert("entities", {"id": "later", "name": "x", "entity_type": "y"})
    assert db.neighbors("a").select("id", "table").rows() == [("later", "entities")]
    db.insert("things", {"id": "later"})
    assert db.neighbors("a").select("id", "table").rows() == [("later", "entities")]
    assert db.sql("SELECT dst_table FROM edges").rows() == [("entities",)]
    db.purge("entities", "later")
    assert db.neighbors("a").height == 0
    assert db.sql("SELECT * FROM edges").height == 0


@pytest.mark.parametrize("strange", ["a\x00b", "things\x00a", " ", "things:a", "a:b", ":", "'"])
def test_an_id_of_any_text_is_a_node(db: rem.Database, strange: str) -> None:
    """Its edges are bound to it, one by one, from a frame and with the row, and go when it is purged."""
    about = [{"src": "a", "edge_type": "about"}]
    db.insert("things", [{"id": "a"}, {"id": "b"}])
    db.insert("things", {"id": strange}, edges=about)
    db.add_edge("a", strange, "likes")
    db.add_edges(pl.DataFrame({"src": ["b", strange], "dst": [strange, "b"], "edge_type": ["likes", "likes"]}))
    db.sql("INSERT INTO edges (src, dst, edge_type) VALUES ($1, 'a', 'made')", [strange])
    assert set(db.sql("SELECT DISTINCT src_table, dst_table FROM edges").rows()) == {("things", "things")}
    assert db.neighbors("a").select("id", "table").rows() == [(strange, "things")]
    assert set(db.neighbors(strange)["id"]) == {"a", "b"}
    assert db.shortest_path("a", "b")["path"].to_list() == [["a", strange, "b"]]
    db.delete("things", strange)
    assert db.neighbors("a").height == 0
    db.purge("things", strange)
    assert db.sql("SELECT count(*) FROM edges", include_deleted=True).item() == 0


def test_ids_of_several_tables_are_told_apart(db: rem.Database) -> None:
    """A bare id that lives in two tables is refused with both; table:id says which."""
    db.insert("things", [{"id": "x"}, {"id": "t"}])
    db.insert("entities", {"id": "x", "name": "x", "entity_type": "y"})
    db.add_edge("t", "things:x", "likes")
    db.add_edge("t", "entities:x", "likes")
    assert sorted(db.neighbors("t").select("table", "id").rows()) == [("entities", "x"), ("things", "x")]
    with pytest.raises(rem.InputError, match="is in entities, things; write it as table:id"):
        db.neighbors("x")
    assert db.neighbors("entities:x", direction="in")["id"].to_list() == ["t"]


def test_conditions_and_weights(db: rem.Database) -> None:
    """An entity that fails is neither returned nor walked through; the cheapest path may have more edges."""
    filled(db, set())
    for a, b, weight in (
        ("n0", "n1", 5.0),
        ("n0", "n2", 1.0),
        ("n2", "n3", 1.0),
        ("n3", "n1", 1.0),
        ("n1", "n4", None),
    ):
        db.add_edge(a, b, "to", weight=weight)
    assert db.shortest_path("n0", "n1")["path"].to_list() == [["n0", "n1"]]
    assert db.shortest_path("n0", "n4", weighted=True)["path"].to_list() == [["n0", "n2", "n3", "n1", "n4"]]
    assert db.sql("SELECT length FROM SHORTEST_PATH('n0', 'n4', weighted => true)").item() == 4
    assert set(db.neighbors("n0", depth=5, where="size <> 2")["id"]) == {"n1", "n4"}
    for where, paths in (("size = 4", [["n0", "n1", "n4"]]), ("size <> 4", [])):
        ends = f"({where}) OR size = 1"
        assert db.shortest_path("n0", "n4", where=ends)["path"].to_list() == paths
        assert db.shortest_path("n0", "n4", where=ends, weighted=True)["path"].to_list() == paths
        assert db.shortest_path("n0", "n4", where=ends, every=True)["path"].to_list() == paths
        assert db.all_paths("n0", "n4", where=ends)["path"].to_list() == paths
        assert db.count_paths("n0", "n4", where=ends) == len(paths)
        nodes = f"nodes => (SELECT id FROM things WHERE {ends})"
        assert db.sql(f"SELECT path FROM SHORTEST_PATH('n0', 'n4', {nodes})")["path"].to_list() == paths
    assert db.shortest_path("n0", "n0", where="size = 4")["path"].to_list() == [["n0"]]
    assert db.traverse_edges("n0", depth=5, where="name LIKE '%n1' OR name LIKE '%n4'")["id"].to_list() == ["n1", "n4"]


WEIGHTED = st.lists(
    st.tuples(
        st.sampled_from(IDS[:6]),
        st.sampled_from(IDS[:6]),
        st.sampled_from([None, 0.0, 0.5, 1.0, 2.5, 7.0]),
        st.sampled_from([0.0, 0.0, -0.5, -2.0]),
    ),
    max_size=16,
    unique_by=lambda edge: edge[:2],
)


@settings(max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(WEIGHTED, st.sampled_from(["out", "in", "both"]), st.sampled_from([1, 2, 3, 1_000]), st.booleans())
def test_the_cheapest_path_is_the_cheapest_of_all(
    db: rem.Database, edges: list[tuple[str, str, float | None, float]], direction: Any, depth: int, negative: bool
) -> None:
    """Of at most that many edges, negative weights too; a cycle of negative weight on the way is an error."""
    weights = {(a, b): (1.0 if w is None else w) + (less if negative else 0.0) for a, b, w, less in edges}
    db.sql("DELETE FROM edges")
    db.insert("things", [{"id": i} for i in IDS[:6]])
    for (a, b), weight in weights.items():
        db.add_edge(a, b, "to", weight=weight)
    costs: dict[tuple[str, str], float] = {}
    for (a, b), weight in weights.items():
        for ends in {"out": [(a, b)], "in": [(b, a)], "both": [(a, b), (b, a)]}[direction]:
            costs[ends] = min(weight, costs.get(ends, np.inf))
    best: float | None = None
    try:
        found = db.shortest_path("n0", "n1", weighted=True, depth_max=depth, direction=direction)
    except rem.ExecuteError as error:
        cycle = str(error).partition("cheapest: ")[2].partition(";")[0].split(" -> ")
        assert cycle[0] == cycle[-1] and sum(costs[ends] for ends in itertools.pairwise(cycle)) < 0
        graph = nx.DiGraph([(a, b, {"weight": w}) for (a, b), w in costs.items()])
        between = (nx.descendants(graph, "n0") | {"n0"}) & (nx.ancestors(graph, "n1") | {"n1"})
        assert nx.negative_edge_cycle(graph.subgraph(between).copy())
        return
    for path in db.all_paths("n0", "n1", depth_max=min(depth, 6), direction=direction)["path"].to_list():
        cost = sum(costs[ends] for ends in itertools.pairwise(path))
        best = cost if best is None else min(best, cost)
    if best is None:
        assert found.is_empty()
        return
    (path,) = found["path"].to_list()
    assert len(path) - 1 == found["length"].item() <= depth
    assert sum(costs[ends] for ends in itertools.pairwise(path)) == pytest.approx(best)


def test_a_long_way_of_negative_weights(db: rem.Database) -> None:
    """Rounds go as far as the graph; a cycle among many nodes is seen early."""
    ids = [f"n{i}" for i in range(400)]
    db.insert("things", [{"id": i} for i in ids])
    rows = [(a, b, "to", -1.0) for a, b in itertools.pairwise(ids)]
    db.add_edges(pl.DataFrame(rows, schema=["src", "dst", "edge_type", "weight"], orient="row"))
    assert db.shortest_path("n0", "n399", weighted=True)["length"].to_list() == [399]
    assert db.shortest_path("n0", "n399", weighted=True, depth_max=398).is_empty()
    db.add_edge("n399", "n0", "to", weight=398.5)
    with pytest.raises(rem.ExecuteError, match=r"a cycle of negative weight .* -> \.\.\. -> n"):
        db.shortest_path("n0", "n399", weighted=True)
    db.add_edge("n399", "n0", "to", weight=399)
    assert db.shortest_path("n0", "n399", weighted=True)["length"].to_list() == [399]


@pytest.mark.parametrize("weight", [float("nan"), float("inf"), float("-inf")])
def test_a_weight_is_finite(db: rem.Database, weight: float) -> None:
    db.add_edge("a", "b", "to", weight=1.0)
    frame = pl.DataFrame({"src": ["a", "a"], "dst": ["c", "d"], "edge_type": ["to", "to"], "weight": [1.0, weight]})
    for write in (
        lambda: db.add_edge("a", "b", "to", weight=weight),
        lambda: db.add_edges(frame),
        lambda: db.sql("INSERT INTO edges (src, dst, edge_type, weight) VALUES ('a', 'b', 'to', $w)", {"w": weight}),
        lambda: db.sql("UPDATE edges SET weight = $w", {"w": weight}),
        lambda: db.insert("things", {"id": "x"}, edges=[{"dst": "a", "edge_type": "to", "weight": weight}]),
    ):
        with pytest.raises(rem.InputError, match="finite number"):
            write()
    assert db.sql("SELECT src, dst, weight FROM edges").rows() == [("a", "b", 1.0)]


@settings(max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(*[st.sampled_from(IDS[:5])] * 2, st.sampled_from(["x", "y"])), max_size=9, unique=True))
def test_cycles_without_direction_count_once(db: rem.Database, edges: list[Edge]) -> None:
    """As those of a multigraph."""
    db.sql("DELETE FROM edges")
    for a, b, kind in edges:
        db.add_edge(a, b, kind)
    assert db.find_cycles(direction="both").height == sum(1 for _ in _multigraph_cycles(edges))


def _multigraph_cycles(edges: list[Edge]) -> Any:
    """Yield the cycles as sets of edges: those of which every node has degree two, and which hang together."""
    for size in range(1, len(edges) + 1):
        for some in itertools.combinations(edges, size):
            graph = nx.MultiGraph([(a, b) for a, b, _ in some])
            if all(degree == 2 for _, degree in graph.degree()) and nx.is_connected(graph):
                yield some


def test_an_entity_without_edges_is_a_node(db: rem.Database) -> None:
    """A start, and both ends of a path; not once it is deleted."""
    filled(db, {("n0", "n1", "likes")}, ["n0", "n1", "n2", "n3"])
    db.delete("things", "n3")
    for start in ("n2", "things:n2"):
        rows = db.traverse_edges(start, include_start=True)
        assert rows.select("id", "table", "depth").rows() == [("n2", "things", 0)]
        assert db.sql(f"SELECT id FROM TRAVERSE('{start}', include_start => true)").rows() == [("n2",)]
        assert db.shortest_path(start, start)["path"].to_list() == [["n2"]]
        assert db.shortest_path(start, start, weighted=True)["path"].to_list() == [["n2"]]
        assert db.sql(f"SELECT length FROM SHORTEST_PATH('{start}', '{start}')").rows() == [(0,)]
        assert db.all_paths(start, start).height == db.count_paths(start, start) == 1
        assert db.reachable(start, start)
        assert not db.reachable(start, "n0")
        assert db.neighbors(start).is_empty()
    assert db.traverse_edges(["n0", "n2"], include_start=True)["id"].to_list() == ["n0", "n1", "n2"]
    assert db.traverse_edges("n3", include_start=True).is_empty()
    assert db.traverse_edges("n2", include_start=True, where="size > 5").height == 1


def test_orders_and_starts(db: rem.Database) -> None:
    """Depth first goes on from each node before its neighbours; the starts come where they are asked for; several
    starts are walked each."""
    filled(db, {("n0", "n1", "a"), ("n1", "n2", "a"), ("n0", "n3", "b"), ("n2", "n0", "a")})
    assert db.traverse_edges("n0", depth=3)["id"].to_list() == ["n1", "n3", "n2"]
    assert db.traverse_edges("n0", depth=3, strategy="dfs", include_start=True)["id"].to_list() == [
        "n0",
        "n1",
        "n2",
        "n3",
    ]
    assert db.traverse_edges(["n0", "n1"], depth=1).select("start_id", "id").rows() == [
        ("n0", "n1"),
        ("n0", "n3"),
        ("n1", "n2"),
    ]
    assert db.neighbors("n0", depth=2, exact=True)["id"].to_list() == ["n2"]
    every = db.traverse_edges("n0", depth=3, unique="path")["path"].to_list()
    assert sorted(every) == [["n0", "n1"], ["n0", "n1", "n2"], ["n0", "n3"]]
    assert db.traverse_edges([], depth=2).height == 0


def test_statements_and_relations(db: rem.Database) -> None:
    """TRAVERSE as a statement, its functions joined with tables, starts from a subquery; TRAVERSE as a name."""
    filled(db, {("n0", "n1", "likes"), ("n1", "n2", "knows"), ("n2", "n3", "likes")})
    assert db.sql("TRAVERSE FROM 'n0' DEPTH 2 DIRECTION out")["id"].to_list() == ["n1", "n2"]
    assert db.sql("TRAVERSE FROM $a, 'n1' TYPE 'likes', 'knows' ORDER BY id", {"a": "n0"})["id"].to_list() == [
        "n1",
        "n2",
    ]
    assert db.sql("TRAVERSE FROM (SELECT id FROM things WHERE size = 2) DIRECTION both WHERE table = 'things'")[
        "id"
    ].to_list() == ["n1", "n3"]
    joined = (
        "SELECT t.name, n.depth FROM NEIGHBORS((SELECT id FROM things WHERE size = 0), depth => 3) n JOIN "
        "things t ON t.id = n.id WHERE t.size >= 2 ORDER BY t.id"
    )
    assert db.sql(joined).rows() == [("name of n2", 2), ("name of n3", 3)]
    assert db.sql("SELECT count(*) FROM (TRAVERSE FROM 'n0' DEPTH 3)").item() == 3
    assert db.sql("SELECT sum(score) FROM PAGERANK()").item() == pytest.approx(1)
    assert db.sql("WITH traverse AS (SELECT 1 AS x) SELECT x FROM traverse").item() == 1
    assert "Index neighbors" in db.explain(joined)


def test_what_is_no_walk_is_refused(db: rem.Database) -> None:
    """Every refusal says what is wrong, and what would work."""
    filled(db, {("n0", "n1", "likes"), ("n1", "n0", "likes")})
    with pytest.raises(rem.InputError, match="no entity and no edge has the id 'nobody'"):
        db.neighbors("nobody")
    assert db.sql("SELECT * FROM NEIGHBORS('nobody')").height == 0
    for depth in (0, -1, 1001, True, 1.5):
        with pytest.raises(rem.InputError, match="depth is a whole number from 1 to 1,000"):
            db.neighbors("n0", depth=depth)  # type: ignore[arg-type]
    with pytest.raises(rem.InputError, match="direction is 'out', 'in' or 'both'"):
        db.neighbors("n0", direction="up")  # type: ignore[arg-type]
    with pytest.raises(rem.InputError, match="an id is a text that is not empty"):
        db.neighbors([1])  # type: ignore[list-item]
    with pytest.raises(rem.InputError, match="no table of the graph's entities has what the condition reads"):
        db.neighbors("n0", where="colour = 'red'")
    with pytest.raises(rem.InputError, match="where is one condition"):
        db.neighbors("n0", where="size = 1 LIMIT 2")
    with pytest.raises(rem.ExecuteError, match="reaches more than 1 rows"):
        db.neighbors(["n0", "n1"], depth=5, rows_max=1)
    with pytest.raises(rem.InputError, match="remove_edges needs a source, a target or a type"):
        db.remove_edges()
    with pytest.raises(rem.BindError, match="NEIGHBORS has no option dept"):
        db.sql("SELECT * FROM NEIGHBORS('n0', dept => 2)")
    with pytest.raises(rem.InputError, match="damping is from 0"):
        db.pagerank(damping=1.5)


def test_unicode_loops_and_emptiness(db: rem.Database) -> None:
    """Ids of any letters, an edge from a node to itself, and no edges at all."""
    db.insert("things", [{"id": "Zürich 🏔"}, {"id": "東京"}])
    assert db.neighbors("東京", depth=3).height == 0
    assert db.pagerank().height == db.components().height == db.find_cycles().height == 0
    db.add_edge("東京", "東京", "loop")
    db.add_edge("東京", "Zürich 🏔", "to")
    assert db.neighbors("東京", depth=3, direction="both")["id"].to_list() == ["Zürich 🏔"]
    assert db.find_cycles()["path"].to_list() == [["東京", "東京"]]


def test_threads_walk_while_edges_are_added(db: rem.Database) -> None:
    """Every walk is that of some moment: a chain that grows at its end has no holes."""
    filled(db, {("n0", "m0", "next")})
    stop, failures = threading.Event(), []

    def write() -> None:
        try:
            for i in range(150):
                db.add_edge(f"m{i}", f"m{i + 1}", "next")
        finally:
            stop.set()

    def read() -> None:
        while not stop.is_set():
            found = db.neighbors("n0", depth=999)["id"].to_list()
            if sorted(int(i[1:]) for i in found) != list(range(len(found))):
                failures.append(found)

    join(started(write, read, read))
    assert not failures
    assert db.neighbors("n0", depth=999).height == 151


def test_many_starts_over_a_larger_graph(db: rem.Database) -> None:
    """As for each start alone, with edges in segments, in the tail, and removed."""
    rng = np.random.default_rng(1)
    pairs = {(f"v{a}", f"v{b}", "e") for a, b in rng.integers(0, 2_000, (8_000, 2)).tolist()}
    db.add_edges(pl.DataFrame(sorted(pairs), schema=["src", "dst", "edge_type"], orient="row"))
    db.compact()
    db.neighbors("v1")
    for a, b in rng.integers(0, 2_000, (200, 2)).tolist():
        db.add_edge(f"v{a}", f"v{b}", "e")
        pairs.add((f"v{a}", f"v{b}", "e"))
    for a, b, _ in sorted(pairs)[::400]:
        db.remove_edges(a, b)
        pairs.discard((a, b, "e"))
    onward: dict[str, set[str]] = {}
    for a, b, _ in pairs:
        onward.setdefault(a, set()).add(b)
    starts = sorted({a for a, _, _ in pairs})[:60]
    found = db.neighbors(starts, depth=3)
    for start in starts:
        level, seen = {start}, {start}
        for depth in (1, 2, 3):
            level = {far for node in level for far in onward.get(node, ())} - seen
            seen |= level
            assert set(found.filter((pl.col("start_id") == start) & (pl.col("depth") == depth))["id"]) == level


def test_edges_may_be_chosen(tmp_path):
    """A walk follows only the edges that meet `edge_where`, as SQL or as a predicate."""
    with rem.connect() as db:
        db.insert("entities", [{"id": n, "name": n} for n in "abcd"])
        for src, dst, weight in [("a", "b", 0.9), ("b", "c", 0.2), ("c", "d", 0.9), ("b", "d", 0.6)]:
            db.add_edge(src, dst, "k", weight=weight, properties={"since": 2020 + int(weight * 10)})
        assert db.neighbors("a", depth=3, edge_where="weight > 0.5")["id"].to_list() == ["b", "d"]
        assert db.neighbors("a", depth=3, edge_where=rem.Lt("weight", 1.0) & rem.Gt("weight", 0.5))["id"].to_list() == [
            "b",
            "d",
        ]
        assert db.shortest_path("a", "c", edge_where="weight > 0.5").is_empty()
        assert db.count_paths("a", "d", edge_where="weight < 0.95") == 2
        assert db.traverse_edges("a", depth=3, edge_where="properties->>'since' >= '2029'")["id"].to_list() == ["b"]
        for wrong in ("weight >", "1 = 1) OR (true", 3):
            with pytest.raises(rem.RemError):
                db.neighbors("a", edge_where=wrong)
        with pytest.raises(rem.RemError, match="wait"):
            db.neighbors("a", edge_where=rem.Eq("wait", 1))


def test_edges_of_deleted_entities_are_hidden():
    """The relation `edges` shows no edge at an entity that is softly deleted, by scan, by index, and counted."""
    with rem.connect() as db:
        db.insert("entities", [{"id": n, "name": n} for n in "abc"])
        db.add_edges(pl.DataFrame({"src": ["a", "b", "c", "a"], "dst": ["b", "c", "a", "ghost"], "edge_type": "k"}))
        for sealed in (False, True):
            if sealed:
                db.compact()
            db.delete("entities", "b")
            assert db.sql("SELECT count(*) FROM edges").item() == 2
            assert db.sql("SELECT src FROM edges WHERE dst = 'c'").is_empty()
            assert db.sql("SELECT dst FROM edges WHERE src = 'c'").rows() == [("a",)]
            assert db.scan("edges").collect().height == 2
            assert db.sql("SELECT count(*) FROM edges", include_deleted=True).item() == 4
            db.insert("entities", {"id": "b", "name": "b"})
            assert db.sql("SELECT count(*), count(src_table) FROM edges").rows() == [(4, 4)]


@pytest.mark.parametrize("rows", [10, pytest.param(20_000, marks=pytest.mark.long)])
def test_a_load_binds_dangling_ends(rows):
    """Entities that come by `load` take the edges that waited for their ids."""
    with rem.connect() as db:
        db.add_edges(pl.DataFrame({"src": ["e3", "e5", "x"], "dst": ["e5", "ghost", "e7"], "edge_type": "k"}))
        assert db.load("entities", pl.DataFrame({"id": [f"e{i}" for i in range(rows)], "name": "n"})) == rows
        found = db.sql("SELECT src_table, src, dst_table, dst FROM edges ORDER BY src").rows()
        assert found == [
            ("entities", "e3", "entities", "e5"),
            ("entities", "e5", None, "ghost"),
            (None, "x", "entities", "e7"),
        ]
        assert db.neighbors("e3", depth=2)["id"].to_list() == ["e5", "ghost"]


@settings(max_examples=examples(10), suppress_health_check=list(HealthCheck))
@given(random_=st.randoms(use_true_random=False))
def test_many_edges_are_as_if_added_one_by_one(random_):
    """A frame of many edges gives the rows that the same edges give one by one: ends found, the last of those that
    repeat, those that exist replaced."""
    ids = ["a", "b", "c", "users:x", "x", "ghost", "things:a", "things:ghost", "é"]
    drawn = [
        {
            "src": random_.choice(ids),
            "dst": random_.choice(ids),
            "edge_type": random_.choice("kl"),
            "weight": random_.choice([None, 0.5, 2.0]),
            "properties": random_.choice([None, '{"a":1}']),
        }
        for _ in range(40)
    ]
    shown = []
    for many in (1, 1_000):
        with rem.connect() as db, pytest.MonkeyPatch.context() as patch:
            patch.setattr(edge_frames, "ROWS_MIN", many)
            db.register(Thing, name="things")
            db.insert("things", [{"id": i, "name": i} for i in "abcé"])
            db.insert("entities", {"id": "x", "name": "x"})
            for part in (drawn[:15], drawn[15:]):
                assert db.add_edges(
                    pl.DataFrame(part, schema_overrides={"weight": pl.Float64, "properties": pl.String})
                ) == len(part)
                if random_.random() < 0.5:
                    db.compact()
            with db.transaction() as tx:
                tx.add_edges(pl.DataFrame(drawn[:5], schema_overrides={"weight": pl.Float64, "properties": pl.String}))
            shown.append(
                sorted(
                    map(
                        repr,
                        db.sql(
                            "SELECT src_table, src, dst_table, dst, edge_type, weight, properties FROM edges"
                        ).rows(),
                    )
                )
            )
            db.add_edge("a", "b", "k", weight=9.0)
            assert db.sql("SELECT weight FROM edges WHERE src = 'a' AND dst = 'b' AND edge_type = 'k'").rows() == [
                (9.0,)
            ]
            assert db.verify().is_empty()
    assert shown[0] == shown[1]


def test_many_edges_are_checked(monkeypatch):
    """A frame of many edges is refused as a small one is, and conflicts with a transaction that adds the same."""
    monkeypatch.setattr(edge_frames, "ROWS_MIN", 1)
    with rem.connect() as db:
        db.register(Thing, name="things")
        for table in ("things", "entities"):
            db.insert(table, {"id": "twice", "name": "n"})
        for frame, says in [
            ({"src": ["a"], "dst": ["b"]}, 'need the column "edge_type"'),
            ({"src": ["a"], "dst": [None], "edge_type": ["k"]}, "row 0: src, dst"),
            ({"src": ["a"], "dst": ["b"], "edge_type": ["k"], "size": [1]}, 'no column "size"'),
            ({"src": ["twice"], "dst": ["b"], "edge_type": ["k"]}, "write it as table:id"),
            ({"src": ["a"], "dst": ["b"], "edge_type": ["k"], "weight": ["heavy"]}, "do not fit"),
        ]:
            with pytest.raises(rem.InputError, match=says):
                db.add_edges(pl.DataFrame(frame))
        assert db.sql("SELECT count(*) FROM edges").item() == 0
        tx = db.transaction()
        tx.add_edge("a", "b", "k")
        db.add_edges(pl.DataFrame({"src": ["a"], "dst": ["b"], "edge_type": ["k"]}))
        with pytest.raises(rem.ConflictError):
            tx.commit()
        assert db.sql("SELECT count(*) FROM edges").item() == 1


@pytest.mark.parametrize("edge_type", [5, ["a", 5], 1.5])
def test_a_type_of_edges_is_a_text_or_several(edge_type):
    """Anything else is named, whatever the verb."""
    with rem.connect() as db:
        for verb in (db.degree, db.pagerank, db.components, db.topological_order, db.find_cycles):
            with pytest.raises(rem.InputError, match="edge_type is a text or several"):
                verb(edge_type=edge_type)


@settings(max_examples=examples(12), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abcü"), st.sampled_from(["x", "y"])), max_size=8),
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcü"), st.sampled_from(["x", "y"])), max_size=6),
    st.integers(0, 3),
)
def test_an_edge_written_after_many_finds_the_one_that_is_there(
    many: list[Edge], single: list[Edge], scans: int
) -> None:
    """By a look at the columns of what is not sealed, or by the entries that are made of it: an edge is stored once."""
    with pytest.MonkeyPatch.context() as patch, rem.connect(background=False, embedder="hash") as db:
        patch.setattr(key_indexes, "_SCANNED_ROWS_MIN", 0)
        patch.setattr(key_indexes, "_SCANS_MAX", scans)
        db.insert("entities", [{"id": i, "name": i} for i in "ab"])
        if many:
            db.add_edges(pl.DataFrame(many, schema=["src", "dst", "edge_type"], orient="row"))
        for place, (a, b, kind) in enumerate(single):
            db.add_edge(a, b, kind, weight=float(place))
        last = {edge: float(place) for place, edge in enumerate(single)}
        wanted = {edge: last.get(edge) for edge in [*many, *single]}
        found = db.sql("SELECT src, dst, edge_type, weight FROM edges").rows()
        assert sorted(found, key=repr) == sorted(((*e, w) for e, w in wanted.items()), key=repr)
        assert all(db.get("entities", i)["name"] == i for i in "ab") and db.get("entities", "c") is None
