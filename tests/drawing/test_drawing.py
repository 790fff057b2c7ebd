"""Drawings: plans, profiles, graphs and scores. What stands where is checked by the boxes of the texts; the pictures
were looked at by hand."""

from __future__ import annotations

import copy
import html.parser
import itertools
import pickle
import random
import sys

import numpy as np
import polars as pl
import pytest

import rem_arrow as rem
from rem_arrow.drawing import figure, layout
from rem_arrow.engine.shown_plan import Plan
from rem_arrow.plan.explain import Step
from tests.effort import some

needs_matplotlib = pytest.mark.skipif(
    not __import__("importlib.util").util.find_spec("matplotlib"),
    reason="drawings need matplotlib: pip install 'rem_arrow[plot]'",
)
STEPS = (
    Step(0, "Sort n", "5 rows, 0.1 ms", 5, 0.1),
    Step(1, "Join inner ON a = b AND c < '<&>'", "5 rows, 2.0 ms", 5, 2.0),
    Step(2, "Scan left ($a, x\0#)", "120000 rows, 1.0 ms", 120_000, 1.0),
    Step(2, "Project b", "7 rows, 0.2 ms", 7, 0.2),
    Step(3, "Project c AS b", "7 rows, 0.1 ms", 7, 0.1),
    Step(4, "Scan right (c)", "7 rows, 0.1 ms", 7, 0.1),
)


@pytest.fixture(scope="module")
def db():
    with rem.connect() as database:
        database.insert("entities", [{"id": n, "name": n} for n in "abcdef"])
        edges = [
            ("a", "b", "likes"),
            ("a", "c", "likes"),
            ("b", "d", "knows"),
            ("c", "d", "knows"),
            ("d", "e", "likes"),
            ("e", "f", "likes"),
            ("f", "e", "knows"),
        ]
        database.add_edges(pl.DataFrame(edges, schema=["src", "dst", "edge_type"], orient="row"))
        yield database


def texts(drawing):
    """The texts of a drawing that are seen."""
    return [t for axes in drawing.figure.axes for t in axes.texts if t.get_text()]


def overlapping(drawing):
    """Pairs of texts whose boxes overlap by more than a hair."""
    renderer = drawing.figure.canvas.get_renderer()
    boxes = [(t.get_text(), t.get_window_extent(renderer)) for t in texts(drawing)]
    pairs = itertools.combinations(boxes, 2)
    return [
        (a, b)
        for (a, x), (b, y) in pairs
        if min(x.x1, y.x1) - max(x.x0, y.x0) > 1.5 and min(x.y1, y.y1) - max(x.y0, y.y0) > 1.5
    ]


def outside(drawing):
    """Texts that leave the picture."""
    renderer, box = drawing.figure.canvas.get_renderer(), drawing.figure.bbox
    return [
        t.get_text()
        for t in texts(drawing)
        if not (box.x0 <= t.get_window_extent(renderer).x0 and t.get_window_extent(renderer).x1 <= box.x1)
    ]


# --- plans


def test_a_plan_is_a_text(db):
    """What took the plan as a text goes on; it is printed as it is, and can be copied."""
    plan = db.explain("SELECT name FROM entities", analyze=True)
    assert isinstance(plan, str) and isinstance(plan, Plan)
    assert repr(plan) == str(plan) == plan
    assert plan.splitlines()[0].endswith(" ms in all]")
    for copied in (copy.deepcopy(plan), pickle.loads(pickle.dumps(plan))):
        assert copied == plan and copied.steps == plan.steps


def test_a_plan_is_a_table_of_steps(db):
    """Rows, true and expected, and milliseconds come when it was run, and are NULL otherwise."""
    frame = db.explain("SELECT COUNT(*) FROM entities WHERE name > 'b'", analyze=True).to_frame()
    assert frame.columns == ["depth", "step", "note", "rows", "ms", "estimate"]
    assert frame.row(0, named=True)["rows"] == 1
    assert frame["ms"].sum() > 0
    assert db.explain("SELECT 1").to_frame()["rows"].null_count() == len(db.explain("SELECT 1").steps)


class _Tags(html.parser.HTMLParser):
    """Fails on a tag that is not closed in turn; collects texts."""

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.words = [], [], []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.seen.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.mark.parametrize("steps", [STEPS, tuple(s._replace(note="", rows=None, ms=None) for s in STEPS), STEPS[:1]])
def test_a_plan_is_a_tree_in_a_notebook(steps):
    """Steps with inputs fold; tags close; what the user wrote is text, not HTML."""
    tags = _Tags()
    tags.feed(Plan(steps)._repr_html_())
    assert not tags.open
    parents = sum(1 for a, b in itertools.pairwise(steps) if b.depth > a.depth)
    assert tags.seen.count("details") == tags.seen.count("summary") == parents
    words = "".join(tags.words)
    assert len(steps) == 1 or "'<&>'" in words
    assert ("2.0 ms" in words) == (len(steps) > 1 and steps[0].ms is not None)


@needs_matplotlib
def test_a_plan_is_drawn():
    """Runs of projections are one box; names stay in their boxes and numbers in the picture."""
    drawing = Plan(STEPS).show("Title")
    found = [t.get_text() for t in texts(drawing)]
    assert [found.count(word) for word in ("Sort", "Join", "Scan", "Project")] == [1, 1, 2, 1]
    assert (
        "7 rows, 0.3 ms" in found and "12.0 K rows" not in found and any("120.0 K" in t or "120 K" in t for t in found)
    )
    assert not overlapping(drawing) and not outside(drawing)
    assert drawing._repr_png_()[:4] == b"\x89PNG"
    bare = Plan([s._replace(rows=None, ms=None) for s in STEPS]).show()
    assert not overlapping(bare)


@needs_matplotlib
def test_a_profile_is_drawn(db):
    """Each step has its row; a plan that was not run has no times."""
    drawing = Plan(STEPS).profile("Title")
    assert "2.0 ms" in [t.get_text() for t in texts(drawing)]
    assert not overlapping(drawing) and not outside(drawing)
    with pytest.raises(rem.InputError, match="was not run, so its steps have no times; explain with analyze=True"):
        db.explain("SELECT 1").profile()


@needs_matplotlib
def test_a_plan_that_nobody_can_read_is_refused():
    """A very large plan is printed instead."""
    with pytest.raises(rem.InputError, match="has 151 steps, and at most 150 can be read in a drawing; print it"):
        Plan([Step(i, "Union all") for i in range(151)]).show()


# --- graphs


@needs_matplotlib
@pytest.mark.parametrize("kind", ["walk", "paths", "cycles", "edges", "sql", "many starts"])
@pytest.mark.parametrize("arranged", ["auto", "layers", "force"])
def test_what_a_walk_returned_is_drawn(db, kind, arranged):
    """Every entity has its label, no label lies on another, and all are in the picture."""
    frame = {
        "walk": lambda: db.traverse_edges("a", depth=4),
        "paths": lambda: db.all_paths("a", "e"),
        "cycles": lambda: db.find_cycles(),
        "edges": lambda: db.sql("SELECT * FROM edges"),
        "sql": lambda: db.sql("SELECT id, parent_id FROM TRAVERSE('a', depth => 3)"),
        "many starts": lambda: db.traverse_edges(["a", "f"], depth=2, direction="both", unique="path"),
    }[kind]()
    drawing = rem.draw_graph(frame, layout=arranged, title="What a likes")
    found = [t.get_text() for t in texts(drawing)]
    assert {"e"} <= set(found) and (kind == "cycles" or {"a", "d"} <= set(found))
    assert not overlapping(drawing) and not outside(drawing)
    assert ("knows" in found) == ("edge_type" in frame.columns or "edge_types" in frame.columns)


@needs_matplotlib
@pytest.mark.parametrize("arranged", ["layers", pytest.param("force", marks=pytest.mark.long)])
def test_labels_do_not_overlap_in_large_graphs(arranged):
    """A hundred nodes with long names find their places."""
    chance = random.Random(3)
    rows = [
        (
            f"module.number.{chance.randrange(100):03}",
            f"module.number.{i:03}",
            chance.choice(["calls", "imports", "defines", "tests", "reads"]),
        )
        for i in range(100)
    ]
    frame = pl.DataFrame(rows, schema=["src", "dst", "edge_type"], orient="row")
    groups = {f"module.number.{i:03}": f"package {i % 11}" for i in range(95)}
    drawing = rem.draw_graph(frame, layout=arranged, groups=groups, title="Large")
    assert not overlapping(drawing) and not outside(drawing)
    assert "others" in [t.get_text() for t in texts(drawing)]


@needs_matplotlib
def test_labels_groups_and_direction(db):
    """Labels replace ids, groups make a legend, a $ is a $, and arrows follow the direction."""
    frame = db.traverse_edges("d", direction="in", depth=1)
    drawing = rem.draw_graph(
        frame, labels={"b": "B costs $5 and $6"}, groups={"b": "people", "c": "things"}, direction="in"
    )
    found = [t.get_text() for t in texts(drawing)]
    assert {"people", "things", "start", r"B costs \$5 and \$6"} <= set(found)
    assert rem.draw_graph(frame, direction="both")


@needs_matplotlib
@pytest.mark.parametrize(
    ("arranged", "direction"), some([(a, d) for a in ("layers", "force") for d in ("both", "in", "out")])
)
def test_a_database_draws_names_and_all_edges_between(arranged, direction):
    """Each edge is one arrow with a head, in its own direction: edges against a walk, parallel ones, loops; a name that
    two bear has the id behind it."""
    with rem.connect() as db:
        db.insert("entities", [{"id": n, "name": f"{n.upper()} name"} for n in "abc"] + [{"id": "d", "name": "A name"}])
        edges = [("a", "b", "x"), ("c", "a", "x"), ("b", "c", "x"), ("c", "b", "y"), ("a", "b", "y"), ("b", "b", "x")]
        edges += [("d", "a", "x"), ("e", "f", "x")]
        db.add_edges(pl.DataFrame(edges, schema=["src", "dst", "edge_type"], orient="row"))
        reached = db.traverse_edges("a", depth=1, direction=direction)
        shown = {"a", *reached["id"]}
        drawing = db.draw_graph(reached, layout=arranged, title="Around A")
        names = {"a": "A name (a)", "b": "B name", "c": "C name", "d": "A name (d)"}
        names = {n: "A name" if n == "a" and "d" not in shown else names[n] for n in shown}
        assert {*names.values()} <= {t.get_text() for t in texts(drawing)}
        assert not overlapping(drawing) and not outside(drawing)
        (axes,) = drawing.figure.axes
        arrows = [p for p in axes.patches if type(p).__name__ == "FancyArrowPatch"]
        assert all(a.get_arrowstyle().__class__.__name__ == "CurveFilledB" for a in arrows)
        assert len(arrows) == sum(a in shown and b in shown for a, b, _ in edges)
        labels = db.draw_graph(reached, layout=arranged, labels={"a": "Start"})
        assert "Start" in [t.get_text() for t in texts(labels)]
        lines = {tuple(map(tuple, a.get_path().vertices.round(3).tolist())) for a in arrows}
        assert len(lines) == len(arrows)


@pytest.mark.parametrize(
    ("frame", "options", "message"),
    [
        ("text", {}, "takes a Polars DataFrame, not str"),
        (pl.DataFrame({"id": ["a"], "depth": [1]}), {}, "takes the columns id and parent_id .* got id, depth"),
        (
            pl.DataFrame({"src": [], "dst": []}, schema={"src": pl.String, "dst": pl.String}),
            {},
            "has 0 nodes, and a drawing takes 1 to 120; filter it, or raise nodes_max",
        ),
        (pl.DataFrame({"src": ["a"], "dst": ["b"]}), {"nodes_max": 1}, "has 2 nodes"),
        (pl.DataFrame({"src": ["a"], "dst": ["b"]}), {"direction": "up"}, "direction is 'out', 'in' or 'both'"),
    ],
)
def test_frames_that_are_no_graph(frame, options, message):
    """What cannot be drawn is refused with what would work."""
    with pytest.raises(rem.InputError, match=message):
        rem.draw_graph(frame, **options)


def test_layers_are_distances_and_rows_are_apart():
    """Beside a plain breadth-first search: layers are depths; two nodes of a layer are a row apart at least."""
    chance = random.Random(11)
    for _ in range(30):
        nodes = [str(i) for i in range(chance.randrange(2, 30))]
        edges = [(chance.choice(nodes), chance.choice(nodes)) for _ in range(chance.randrange(1, 50))]
        depth, front = {nodes[0]: 0}, [nodes[0]]
        while front:
            node = front.pop(0)
            for a, b in edges:
                if a == node and b not in depth:
                    depth[b] = depth[a] + 1
                    front.append(b)
        found = layout.layers(nodes, edges, [nodes[0]])
        assert set(found) == set(nodes)
        assert all(found[n][0] == d for n, d in depth.items())
        for a, b in itertools.combinations(nodes, 2):
            assert found[a][0] != found[b][0] or abs(found[a][1] - found[b][1]) > 1 - 1e-6


# --- scores


@needs_matplotlib
def test_scores_are_drawn():
    """The score and the name are found; negative numbers go to the left; what is left out is said."""
    frame = pl.DataFrame({"id": ["x", "y", "z"], "name": ["pen", None, "box"], "_score": [0.9, -0.25, None]})
    drawing = rem.draw_scores(frame, title="Search")
    assert {"pen", "0.9", "-0.25", "_score"} <= {t.get_text() for t in texts(drawing)}
    assert not overlapping(drawing) and not outside(drawing)
    many = rem.draw_scores(pl.DataFrame({"label": [f"row {i}" for i in range(60)], "n": range(60)}), score="n")
    assert "20 more rows are not drawn" in {t.get_text() for t in texts(many)}


@pytest.mark.parametrize(
    ("frame", "options", "message"),
    [
        ([1], {}, "takes a Polars DataFrame, not list"),
        (pl.DataFrame({"a": ["x"]}), {}, "no column of numbers to draw; columns: a"),
        (pl.DataFrame({"a": [1]}), {}, "no column of texts to draw; columns: a"),
        (pl.DataFrame({"a": ["x"], "n": [1]}), {"score": "m"}, "no column 'm' in the frame."),
        (pl.DataFrame({"a": ["x"], "n": [1]}), {"score": "a"}, "the column 'a' holds String, but scores are numbers"),
        (
            pl.DataFrame({"a": ["x"], "n": [None]}, schema={"a": pl.String, "n": pl.Float64}),
            {},
            "no row has a number in 'n'",
        ),
    ],
)
def test_frames_without_scores(frame, options, message):
    """What has no bars is refused."""
    with pytest.raises(rem.InputError, match=message):
        rem.draw_scores(frame, **options)


# --- files and the extra


@needs_matplotlib
def test_a_drawing_is_saved(tmp_path):
    """The ending says the kind of file; others are refused, and so is a folder that is not there."""
    drawing = rem.draw_scores(pl.DataFrame({"id": ["a"], "n": [1]}))
    for suffix, start in (("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")):
        drawing.save(tmp_path / f"a.{suffix}")
        assert (tmp_path / f"a.{suffix}").read_bytes().startswith(start)
    assert repr(drawing).startswith("<rem_arrow drawing, ")
    with pytest.raises(rem.InputError, match=r"saved as .png, .svg, .pdf, not 'a.doc'"):
        drawing.save(tmp_path / "a.doc")
    with pytest.raises(rem.InputError, match="cannot write .*nowhere"):
        drawing.save(tmp_path / "nowhere" / "a.png")


def test_without_matplotlib_the_command_is_said(monkeypatch):
    """The extra is named with the command that installs it."""
    for name in [n for n in sys.modules if n.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(rem.UnsupportedError, match=r"drawing needs matplotlib: pip install 'rem_arrow\[plot\]'"):
        Plan(STEPS).show()


@needs_matplotlib
def test_without_networkx_layers_are_drawn_all_the_same(monkeypatch):
    """Only forces need it; the command that installs it is named."""
    monkeypatch.setitem(sys.modules, "networkx", None)
    frame = pl.DataFrame({"src": ["a"], "dst": ["b"]})
    assert rem.draw_graph(frame, layout="layers")
    with pytest.raises(rem.UnsupportedError, match=r"by forces needs networkx .*: pip install 'rem_arrow\[plot\]'"):
        rem.draw_graph(frame)


@needs_matplotlib
def test_forces_place_a_graph_always_alike():
    """The same places for the same graph, the middle at 0; parts that are not connected stay in sight."""
    edges = np.array([(0, 1), (1, 2), (2, 0), (3, 4)], dtype=np.int64)
    places = layout.forces(6, edges)
    assert places.shape == (6, 2) and np.array_equal(places, layout.forces(6, edges))
    assert np.allclose(places.mean(axis=0), 0) and np.abs(places).max() < 6


def test_numbers_are_short():
    """Numbers of rows fit into a box."""
    assert [figure.counted(n) for n in (0, 999, 9_999, 15_923, 100_000, 1_234_567, 2.5e9)] == [
        "0",
        "999",
        "9,999",
        "15.9 K",
        "100 K",
        "1.2 M",
        "2.5 G",
    ]
