"""The soak itself: a few seeds hold, what is wrong is found, made small and found again.

More seeds run in make test-all, and for hours in make soak.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import pytest

from tests.children import run_python
from tests.soak import findings
from tests.soak.contents import differing, expected
from tests.soak.sequences import program
from tests.soak.state import Entities, Plain, State, after
from tests.soak.steps import Steps
from tests.soak.tally import add_to_summary

linux = pytest.mark.skipif(sys.platform != "linux", reason="forks a process that has imported all")


def soaked(out: Path, *arguments: object) -> str:
    """Soak in a process of its own; return what it prints."""
    code = "import sys; from tests.soak.__main__ import main; sys.exit(main())"
    done = run_python(code, "--out", out, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@linux
@pytest.mark.parametrize(
    ("kinds", "kills", "recoveries_min"),
    [
        (["kills"], 2, 1),
        pytest.param(["queries", "texts", "queries", "writes", "kills"], 6, 4, marks=pytest.mark.long),
    ],
)
def test_a_few_seeds_of_each_kind_hold(tmp_path, kinds, kills, recoveries_min):
    told = soaked(tmp_path, "--seed", 7, "--seeds", len(kinds), "--kills", kills, "--kinds", ",".join({*kinds}))
    assert [line.split()[2] for line in told.splitlines()[: len(kinds)]] == kinds
    (counts,) = json.loads((tmp_path / "summary.json").read_text()).values()
    assert counts["recoveries"] >= recoveries_min
    assert {f"seeds: {kind}": kinds.count(kind) for kind in kinds}.items() <= counts.items()


@linux
@pytest.mark.long
def test_many_seeds_hold(tmp_path):
    soaked(tmp_path, "--seed", 3_000, "--seeds", 80)


@linux
def test_a_finding_is_written_and_runs_again(tmp_path):
    """A program whose model is told something wrong."""
    made = program(3)
    lie = ["create", "p9", [["id", "i64"]], [["1"], ["1"]]]
    path = findings.write(tmp_path, "writes", 3, {"detail": "", "program": {**made, "steps": [lie, ["check", 1]]}})
    code = "import sys; from tests.soak.__main__ import main; sys.exit(main())"
    done = run_python(code, "--again", path)
    assert done.returncode == 1
    assert "p9: lost 0 rows [], extra 1 rows [(1,)]" in done.stdout


def test_a_seed_makes_the_same_program_again():
    assert program(5) == program(5) != program(6)
    assert program(5) == json.loads(json.dumps(program(5)))


def test_a_list_is_made_small():
    assert findings.smallest(list(range(50)), lambda part: {7, 31} <= set(part)) == [7, 31]
    assert findings.smallest([1], lambda part: True) == [1]


def test_a_finding_does_not_overwrite_another(tmp_path):
    assert findings.write(tmp_path, "kills", 1, {}) != findings.write(tmp_path, "kills", 1, {})


def test_counters_add_up_by_commit(tmp_path):
    for name in ("a", "b", "a"):
        add_to_summary(tmp_path / "summary.json", name, {"kills": 2})
    assert json.loads((tmp_path / "summary.json").read_text()) == {"a": {"kills": 4}, "b": {"kills": 2}}


def test_what_is_lost_and_what_is_extra_is_told():
    state = State({}, {"p0": Plain((("id", "i64"),), {1: ("1",)})}, {})
    more = after(state, ["put", "p0", [["id", "i64"]], [["2"]]])
    assert differing(expected(state, {}), expected(more, {})) == "p0: lost 1 rows [(2,)], extra 0 rows []"
    assert differing(expected(State(), {}), expected(state, {})) == "p0 is missing"
    assert differing(expected(state, {}), expected(State(), {})) == "p0 is there, and should not be"
    assert differing(expected(state, {}), expected(state, {})) == ""


def test_a_step_leaves_the_state_before_it_as_it_was():
    rng = random.Random(1)
    steps, state = Steps(rng, 0), State()
    for step in steps.first():
        state = after(state, step)
    for _ in range(300):
        held = repr(state)
        following = after(state, steps.step(state))
        assert repr(state) == held
        state = following
    assert state.rows() > 20


def test_a_purge_takes_the_edges_along_and_a_delete_does_not():
    state = State(
        {"e0": Entities(("name",), {"a": {"name": "x"}, "b": {"name": "y"}})}, {}, {("a", "b", "likes"): None}
    )
    assert after(state, ["delete", "e0", ["a"]]).edges == state.edges
    assert after(state, ["purge", "e0", ["a"]]).edges == {}
