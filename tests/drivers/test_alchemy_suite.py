"""SQLAlchemy's own tests of dialects, in a process of their own: their plugin changes how pytest collects."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import rem_arrow as rem

ROOT = Path(__file__).parents[2]
OPTIONS = ("--rootdir", ".", "-c", os.devnull, "-o", "python_files=suite.py", "-p", "no:cacheprovider")


@pytest.mark.long
def test_the_tests_of_sqlalchemy_pass(tmp_path):
    """All that the requirements leave on; `alchemy/off.py` says what is off, and why."""
    with rem.connect(tmp_path / "t.rem") as db:
        db.sql("CREATE SCHEMA test_schema")
    _run(f"rem:///{tmp_path}/t.rem")


@pytest.mark.long
def test_they_pass_against_a_server():
    """All but those that reflect many tables at once, of which there are hundreds."""
    db = rem.connect()
    db.sql("CREATE SCHEMA test_schema")
    with rem.start_server(db) as server:
        _run(f"rem://:{server.token}@{server.address.removeprefix('rem://')}", "-k", "not get_multi")


def _run(address, *options):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *OPTIONS, "-q", "--dburi", address, *options, "suite.py"],
        cwd=ROOT / "tests" / "drivers" / "alchemy",
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
