"""What make installs, for which command, and when again."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAKE = shutil.which("make")
pytestmark = pytest.mark.skipif(MAKE is None, reason="needs make")


@pytest.fixture
def clone(tmp_path):
    """A folder with what make reads, in which nothing is installed."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
        os.utime(tmp_path / name, (1_000, 1_000))
    return tmp_path


def installed(clone: Path, *targets: str) -> list[str]:
    """Return what make would install for targets, in order: `core`, or the name of optional dependencies."""
    plan = subprocess.run(
        ["make", "--dry-run", *targets], cwd=clone, capture_output=True, text=True, check=True, env=_environment()
    ).stdout.replace("\\\n", " ")
    commands = [line for line in plan.splitlines() if " pip install " in line]
    assert all("-c constraints.txt" in command for command in commands)
    return [
        "core" if command.endswith("-e .") else re.search(r"-r \.venv/\.(\w+)\.txt$", command)[1]
        for command in commands
    ]


def _environment() -> dict[str, str]:
    """Return the environment without what a make around the tests left there."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}


def done(clone: Path, *names: str) -> None:
    """Mark as installed."""
    (clone / ".venv" / "bin").mkdir(parents=True, exist_ok=True)
    for name in ("bin/pip", *(f".{name}" for name in names)):
        (clone / ".venv" / name).touch()
        os.utime(clone / ".venv" / name, (2_000, 2_000))


def test_the_demo_installs_the_database_alone(clone):
    assert installed(clone, "demo") == ["core"]


def test_the_tests_install_their_tools_besides(clone):
    """Each once, also where several commands need it."""
    assert installed(clone, "test") == ["core", "dev"]
    assert installed(clone, "demo", "check", "test-all") == ["core", "dev", "notebooks", "interop", "minilm"]
    assert installed(clone, "bench") == ["core", "dev", "bench"]


def test_what_is_installed_is_not_installed_again(clone):
    done(clone, "core")
    assert installed(clone, "demo") == []
    assert installed(clone, "test") == ["dev"]
    done(clone, "core", "dev")
    assert installed(clone, "demo", "test", "check", "soak", "bench-smoke") == []
    assert installed(clone, "test-all") == ["notebooks", "interop", "minilm"]


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_a_change_of_packages_installs_again(clone, name):
    done(clone, "core", "dev")
    os.utime(clone / name, (3_000, 3_000))
    assert installed(clone, "demo") == ["core"]
    assert installed(clone, "test") == ["core", "dev"]
