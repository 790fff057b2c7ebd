"""Counters of a run, and the summary file that adds them up by commit."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from tests.children import ROOT


class Tally(Counter[str]):
    """How often each thing was done."""

    def add(self, name: str, count: int = 1) -> None:
        self[name] += count


def commit() -> str:
    """Return the commit of this tree, with a plus where files differ from it; "unknown" outside a repository."""
    try:
        text = subprocess.run(
            ["git", "describe", "--always", "--abbrev=10", "--dirty=+"],
            cwd=ROOT, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return text.strip()


def add_to_summary(path: Path, name: str, counts: Mapping[str, float]) -> None:
    """Add counts to those of a commit in the summary file."""
    summary: dict[str, dict[str, float]] = json.loads(path.read_text()) if path.exists() else {}
    before = summary.get(name, {})
    summary[name] = {key: before.get(key, 0) + counts.get(key, 0) for key in sorted({*before, *counts})}
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(summary, indent=2) + "\n")
    partial.replace(path)
