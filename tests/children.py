"""Processes of the tests: Python that imports this tree, wherever it was started; run to the end, or killed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path

from tests.patience import PATIENCE_S, until

ROOT = Path(__file__).parents[1]


def run_python(code: str, *arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run code to its end; return its exit code and what it printed.

    Args:
        variables: of the environment, beside those of this process.
    """
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.run(
        command, env=_environment(variables), capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )


@dataclass(frozen=True, slots=True)
class Killed:
    """What a process printed before it was killed: the lines that it finished, and all on standard error."""

    lines: list[str]
    errors: str


def killed(*command: object, after_s: float) -> Killed:
    """Start Python with a command line, and kill it `after_s` after its first line. When that is decides no test: what
    must hold holds at any time."""
    # To files: a pipe would hold the child up once it is full, and lines read ahead from it are easily lost.
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        with out.open("w") as stdout, err.open("w") as stderr:
            child = subprocess.Popen(
                [sys.executable, *map(str, command)], env=_environment({}), stdout=stdout, stderr=stderr
            )
        try:
            until(lambda: out.stat().st_size or child.poll() is not None, "the first line of a process")
            time.sleep(after_s)
        finally:
            child.kill()
            child.wait()
        lines, errors = out.read_text().split("\n")[:-1], err.read_text()
    assert lines, errors
    return Killed(lines, errors)


def _environment(variables: dict[str, str]) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **variables}
