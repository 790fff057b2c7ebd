"""python -m benchmarks.tpc.peak --suite tpch --home DIR [--scale 1]: the largest memory of a process that runs a whole
suite once, for each engine.

DIR holds the loaded databases, as `python -m benchmarks.tpc --home DIR` leaves them.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
from pathlib import Path

from benchmarks.tpc.data import SUITES, tables
from benchmarks.tpc.engines import ENGINES
from benchmarks.tpc.queries import texts

_NAMES = ("rem", "duckdb")


def main() -> int:
    """Print the MiB of each engine, and their ratio."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tpc.peak")
    parser.add_argument("--suite", choices=SUITES, default="tpch")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--engine", choices=_NAMES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.engine is not None:
        print(_peak_mib(options.suite, options.scale, options.home, options.engine))
        return 0
    peaks = {}
    for name in _NAMES:
        command = [
            sys.executable,
            "-m",
            "benchmarks.tpc.peak",
            "--suite",
            options.suite,
            "--scale",
            str(options.scale),
            "--home",
            str(options.home),
            "--engine",
            name,
        ]
        peaks[name] = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        print(f"{options.suite} scale {options.scale:g}, {name}: {peaks[name]:,.0f} MiB")
    print(f"ratio {peaks['rem'] / peaks['duckdb']:.2f}")
    return 0


def _peak_mib(suite: str, scale: float, home: Path, name: str) -> float:
    """Run every query of a suite once; return the largest resident memory of this process, the libraries with it."""
    engine = ENGINES[name](tables(suite, scale), home)  # type: ignore[arg-type]
    for text in texts(suite).values():  # type: ignore[arg-type]
        engine.answer(text, timeout_s=None)
    engine.close()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
