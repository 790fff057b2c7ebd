"""After a power cut at any moment nothing is there that was not written, and what was promised is."""

from __future__ import annotations

from pathlib import Path

import pytest

from rem_arrow.storage import last_commit
from tests.disk.power_cut import check_cuts, other_boot, real_files, record
from tests.disk.recording import MODELS, Disk, Model
from tests.disk.shim import needs_shim
from tests.effort import examples

pytestmark = needs_shim


@pytest.fixture(autouse=True)
def power_came_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_commit, "current_boot", other_boot)


@pytest.mark.parametrize(("durability", "seed"), [("sync", 1), pytest.param("wal", 3, marks=pytest.mark.long)])
def test_a_few_power_cuts(tmp_path: Path, durability: str, seed: int) -> None:
    """A few cuts each, in both models; and what was written down is what is on disk, so that no call was missed.
    No folder is synced before its own name is: what lies in it would be lost with it."""
    run = record(tmp_path, durability, seed, 60)
    disk = Disk(run.root, "strict")
    for call in run.calls:
        disk.play(call)
        if call.operation == "S":
            assert disk.is_named(call), f"a folder is synced whose own name is not: {call}"
    assert disk.whole() == real_files(run.root)
    wrong = [line for model in MODELS for line in check_cuts(run, model, examples(5), seed, tmp_path)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.long
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("durability", ["sync", "wal"])
@pytest.mark.parametrize("seed", range(10))
def test_a_thousand_power_cuts(tmp_path: Path, durability: str, model: Model, seed: int) -> None:
    """Twenty-five cuts of each run."""
    run = record(tmp_path, durability, 100 + seed, 100)
    wrong = check_cuts(run, model, 25, seed, tmp_path)
    assert not wrong, "\n".join(wrong)
