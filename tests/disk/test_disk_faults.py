"""Whatever call of the disk fails: the error is ours and says what, the handle works on, nothing acknowledged is lost,
and nothing is left behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.disk import shim
from tests.disk.failing_child import FAULTS

pytestmark = shim.needs_shim

# A little more than the calls that one use of a database makes.
CALLS = 760
# By fault: the first call that fails, the distance of the next, and how many are tried.
FEW = {
    "full": (130, 60, 3),
    "half": (50, 90, 3),
    "broken once": (97, 225, 2),
    "broken": (142, 290, 2),
    "read-only": (187, 1, 1),
}


def trials(folder: Path, fault: str, first: int, stride: int, count: int) -> list[dict[str, object]]:
    """Return what came of each trial."""
    folder = folder.resolve() / "trials"
    folder.mkdir()
    printed = shim.child("failing_child", folder, fault, first, stride, count, root=folder)
    return [json.loads(line) for line in printed.splitlines()]


def check(lines: list[dict[str, object]]) -> None:
    wrong = [line for line in lines if line["wrong"]]
    assert not wrong, json.dumps(wrong, indent=1)


@pytest.mark.parametrize(
    "fault", [f if f in ("full", "broken once") else pytest.param(f, marks=pytest.mark.long) for f in FEW]
)
def test_a_few_calls_that_fail(tmp_path: Path, fault: str) -> None:
    """Calls that once did harm: those that open a database, reopen it, fill an index, make a backup."""
    lines = trials(tmp_path, fault, *FEW[fault])
    check(lines)
    assert all(line["failed"] for line in lines)


@pytest.mark.long
@pytest.mark.parametrize("first", range(20))
@pytest.mark.parametrize("fault", FAULTS)
def test_every_call_that_fails(tmp_path: Path, fault: str, first: int) -> None:
    """Each of a use of a database."""
    check(trials(tmp_path, fault, first, 20, CALLS // 20))
