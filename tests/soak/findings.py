"""Findings as files that can be run again, made small first."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
_SHRINK_S = 120.0


def smallest(parts: list[T], fails: Callable[[list[T]], bool], time_s: float = _SHRINK_S) -> list[T]:
    """Return a part of a list that still fails, from which no single part can be left out (ddmin of Zeller and
    Hildebrandt, 2002); the smallest that was found when the time is over."""
    deadline, size = time.monotonic() + time_s, max(1, len(parts) // 2)
    while True:
        place, before = 0, len(parts)
        while place < len(parts) and time.monotonic() < deadline:
            fewer = parts[:place] + parts[place + size :]
            if fewer and fails(fewer):
                parts = fewer
            else:
                place += size
        if time.monotonic() >= deadline or (size == 1 and len(parts) == before):
            return parts
        size = max(1, size // 2)


def write(folder: Path, kind: str, seed: int, found: dict[str, Any]) -> Path:
    """Write a finding; return its file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{kind}-{seed}.json"
    number = 1
    while path.exists():
        number += 1
        path = folder / f"{kind}-{seed}-{number}.json"
    path.write_text(json.dumps({"kind": kind, "seed": seed, **found}, indent=1, ensure_ascii=False) + "\n")
    return path
