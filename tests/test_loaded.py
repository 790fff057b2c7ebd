"""Which libraries a process loads, and when: what is not needed is not loaded."""

from __future__ import annotations

import json
from fnmatch import fnmatch

import pytest

from tests.children import run_python

# Each step in one process, after those before it; and what it has not loaded: libraries, or patterns of modules.
STEPS = {
    "rem_arrow.connect": ("IPython", "matplotlib", "asyncio"),
    "import rem_arrow.language.client, rem_arrow.embed.providers as p; p.embedder('openai:text-embedding-3-small')": (
        "openai",
    ),
    "rem_arrow.connect().close()": ("openai", "hnswlib", "pandas", "duckdb", "rich", "typer"),
    "rem_arrow.connect().sql('SELECT 1')": ("opentelemetry*",),
    "import rem_arrow.shell.cli": ("google*", "*flight*"),
}
CODE = """
    import json, sys, rem_arrow
    loaded = []
    for step in json.loads(sys.argv[1]):
        exec(step)
        loaded.append(sorted(sys.modules))
    print(json.dumps(loaded))
"""


@pytest.fixture(scope="module")
def loaded() -> dict[str, list[str]]:
    """The modules that a process holds after each step."""
    done = run_python(CODE, json.dumps(list(STEPS)))
    assert done.returncode == 0, done.stderr
    return dict(zip(STEPS, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("step", STEPS)
def test_what_is_not_needed_is_not_loaded(loaded: dict[str, list[str]], step: str) -> None:
    roots = {module: module.split(".")[0] for module in loaded[step]}
    held = {m for m, root in roots.items() for wanted in STEPS[step] if fnmatch(root, wanted) or fnmatch(m, wanted)}
    assert held == set()


def test_what_is_needed_is_seen(loaded: dict[str, list[str]]) -> None:
    """The command line loads what a database alone does not."""
    assert "typer" in loaded["import rem_arrow.shell.cli"]
    assert "polars" in loaded["rem_arrow.connect().close()"]
