"""The common part of the benchmarks: interleaved medians, rows of figures, checksums.

A benchmark is a module with `run(*, smoke: bool) -> list[Row]`. Rows with the same `what` and `rows` come from engines
that did the same work, so their checksums must be equal.
"""

from __future__ import annotations

import gc
import hashlib
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

Checksums = Mapping[str, str] | str


@dataclass(frozen=True, slots=True)
class Target:
    """A bound on the figure itself, or on its ratio to the reference."""

    sign: Literal["<=", ">="]
    bound: float
    of: Literal["value", "ratio"] = "value"

    def met(self, value: float, ratio: float | None) -> bool | None:
        """Return whether the figure meets the bound; None without a reference to compare with."""
        figure = value if self.of == "value" else ratio
        if figure is None:
            return None
        return figure <= self.bound if self.sign == "<=" else figure >= self.bound

    def __str__(self) -> str:
        return f"{self.sign} {self.bound:,g}{'x' if self.of == 'ratio' else ''}"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `ratio` is value / the reference engine's value."""

    what: str
    engine: str
    value: float
    unit: str
    rows: int
    reference: str | None = None
    ratio: float | None = None
    target: str | None = None
    met: bool | None = None
    checksum: str = ""


def compare(
    what: str,
    values: Mapping[str, float],
    unit: str,
    *,
    rows: int | Mapping[str, int],
    checksums: Checksums = "",
    reference: str | None = None,
    target: Target | None = None,
) -> list[Row]:
    """Return a row for each engine; the target holds for the first engine."""
    first = next(iter(values))
    base = values.get(reference) if reference is not None else None
    figures = []
    for engine, value in values.items():
        ratio = value / base if base else None
        bound = target if engine == first else None
        checksum = checksums if isinstance(checksums, str) else checksums.get(engine, "")
        count = rows if isinstance(rows, int) else rows[engine]
        figures.append(
            Row(
                what,
                engine,
                value,
                unit,
                count,
                reference,
                ratio,
                str(bound) if bound else None,
                bound.met(value, ratio) if bound else None,
                checksum,
            )
        )
    return figures


def interleaved(runs: Mapping[str, Callable[[], float]], *, rounds: int) -> dict[str, float]:
    """Return the median of the results of each run; every round runs all, and starts with another one."""
    samples: dict[str, list[float]] = {name: [] for name in runs}
    names = list(runs)
    # Existing objects are the data of the benchmark: garbage collections during the runs must not traverse them.
    gc.collect()
    gc.freeze()
    for turn in range(rounds):
        at = turn % len(names)
        for name in names[at:] + names[:at]:
            samples[name].append(runs[name]())
    gc.unfreeze()
    return {name: statistics.median(values) for name, values in samples.items()}


def seconds(action: Callable[[], object]) -> float:
    """Return how long the action takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def checksum(rows: Iterable[Sequence[object]]) -> str:
    """Return a hash of rows that depends neither on their order nor on an engine's form of booleans and decimals."""
    lines = sorted(repr(tuple(_plain(v) for v in row)) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]


def _plain(value: object) -> object:
    match value:
        case bool():
            return int(value)
        case Decimal():
            return f"{value:.4f}"
        case _:
            return value


def installed(engine: str) -> bool:
    """Return whether an engine's library is installed; sqlite3 always is."""
    return find_spec(engine) is not None


def folder_bytes(path: Path) -> int:
    """Return the size of a file, or of all files below a folder."""
    return path.stat().st_size if path.is_file() else sum(f.stat().st_size for f in path.rglob("*") if f.is_file())


@contextmanager
def scratch() -> Iterator[Path]:
    """Yield a temporary folder, removed at the end."""
    path = Path(tempfile.mkdtemp(prefix="rem-bench-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
