"""python -m benchmarks.tpc.peak --suite tpch --home DIR [--scale 1] [--memory-limit 256MB]: the largest memory of a
process that runs a whole suite once, for each engine, and how many queries it answers.

DIR holds the loaded databases, as `python -m benchmarks.tpc --home DIR` leaves them.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
from pathlib import Path

import duckdb

import rem_arrow as rem
from benchmarks.tpc.data import SUITES, tables
from benchmarks.tpc.engines import DuckDB, Rem
from benchmarks.tpc.queries import texts

_ENGINES: dict[str, type[Rem | DuckDB]] = {"rem": Rem, "duckdb": DuckDB}
_FAILURES = (rem.ExecuteError, duckdb.Error)
_NAMES = tuple(_ENGINES)


def main() -> int:
    """Print the MiB of each engine, and their ratio."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tpc.peak")
    parser.add_argument("--suite", choices=SUITES, default="tpch")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--engine", choices=_NAMES, help=argparse.SUPPRESS)
    parser.add_argument("--memory-limit", metavar="SIZE", help="of both engines; default is that of the benchmarks")
    options = parser.parse_args()
    if options.engine is not None:
        print(*_peak(options.suite, options.scale, options.home, options.engine, options.memory_limit))
        return 0
    peaks = {}
    for name in _NAMES:
        command = [sys.executable, "-m", "benchmarks.tpc.peak", *sys.argv[1:], "--engine", name]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        peaks[name], answered, asked = float(printed[0]), int(printed[1]), int(printed[2])
        print(
            f"{options.suite} scale {options.scale:g}, {name}: {peaks[name]:,.0f} MiB, {answered} of {asked} answered"
        )
    print(f"ratio {peaks['rem'] / peaks['duckdb']:.2f}")
    return 0


def _peak(suite: str, scale: float, home: Path, name: str, memory_limit: str | None) -> tuple[float, int, int]:
    """Run every query of a suite once; return the largest resident memory of this process in MiB, the libraries with
    it, how many queries were answered, and how many there are."""
    engine = _ENGINES[name](tables(suite, scale), home, memory_limit)  # type: ignore[arg-type]
    queries, answered = texts(suite).values(), 0  # type: ignore[arg-type]
    for text in queries:
        try:
            engine.answer(text, timeout_s=None)
        except _FAILURES as error:
            print(f"{name}: {error}", file=sys.stderr)
        else:
            answered += 1
    engine.close()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, answered, len(queries)


if __name__ == "__main__":
    sys.exit(main())
