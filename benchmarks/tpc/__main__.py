"""python -m benchmarks.tpc --suite tpch|tpcds [--scale 1] [--queries 1,5,9] [--engines rem,duckdb] [--repeat 3] [--json
F]

`--check` only compares answers with DuckDB's and prints what fails by reason; `--profile N` takes one query of ours
apart. `--home DIR` keeps the loaded databases there for the next run; a database of an older storage format must be
removed by hand.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from benchmarks.measure import scratch, seconds
from benchmarks.tpc.data import SUITES, Tables, tables
from benchmarks.tpc.engines import ENGINES, Engine, Rem, available
from benchmarks.tpc.environment import UnavailableError
from benchmarks.tpc.profile import profile
from benchmarks.tpc.queries import texts
from benchmarks.tpc.report import failures, table, write
from benchmarks.tpc.run import Result, run_query

RESULTS = Path(__file__).parents[1] / "results"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run queries of a suite. Returns 0, 1 when an answer of ours is wrong or missing, 2 when there is no data."""
    given = _parser().parse_args(arguments)
    console = Console(width=max(170, Console().width))
    try:
        found, known = tables(given.suite, given.scale), texts(given.suite)
    except UnavailableError as error:
        console.print(f"[red]{error}[/red]")
        return 2
    numbers = [given.profile] if given.profile is not None else _numbers(given.queries, known)
    with ExitStack() as stack:
        home = given.home if given.home is not None else stack.enter_context(scratch())
        home.mkdir(parents=True, exist_ok=True)
        if given.profile is not None:
            return _profile(found, home, known[given.profile], console)
        engines = _opened(_names(given), found, home, console, stack)
        results = _run(given, {n: known[n] for n in numbers}, engines, console)
    if not given.check:
        console.print(table(f"{given.suite} scale {given.scale:g}", results, list(engines)))
    for name in engines:
        for why, failed in failures(results, name).items():
            console.print(
                f"{name}: {len(failed)} queries, {', '.join(map(str, failed))}: {why}", markup=False, highlight=False
            )
    return 1 if failures(results) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.tpc", description="TPC-H and TPC-DS beside DuckDB, Polars and DataFusion."
    )
    parser.add_argument("--suite", choices=SUITES, default="tpch")
    parser.add_argument("--scale", type=float, default=1.0, help="1 is one GB of text; default 1")
    parser.add_argument("--queries", metavar="1,5,9", help="default is all")
    parser.add_argument(
        "--engines",
        metavar="NAMES",
        default=",".join(ENGINES),
        help=f"of {','.join(ENGINES)}; duckdb, the oracle, always runs",
    )
    parser.add_argument("--repeat", type=int, default=3, help="timed runs of which the median is shown; default 3")
    parser.add_argument(
        "--timeout", type=float, default=60.0, metavar="SECONDS", help="for one run of one query; default 60"
    )
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="default is benchmarks/results/<suite>-<scale>.json for whole runs"
    )
    parser.add_argument(
        "--home", type=Path, metavar="DIR", help="keep the loaded databases here, and use those that are here"
    )
    parser.add_argument("--check", action="store_true", help="compare answers of ours only, no times")
    parser.add_argument("--profile", type=int, metavar="N", help="take query N of ours apart")
    return parser


def _numbers(given: str | None, known: dict[int, str]) -> list[int]:
    numbers = list(known) if given is None else [int(n) for n in given.split(",")]
    missing = set(numbers) - set(known)
    if missing:
        raise SystemExit(f"no query {', '.join(map(str, sorted(missing)))}; there are 1 to {max(known)}")
    return numbers


def _names(given: argparse.Namespace) -> list[str]:
    """Return the engines to run, those that are installed, the oracle among them."""
    wanted = ["rem"] if given.check else given.engines.split(",")
    unknown = set(wanted) - set(ENGINES)
    if unknown:
        raise SystemExit(f"no engine {', '.join(sorted(unknown))}; there are {', '.join(ENGINES)}")
    return [name for name in ENGINES if (name in wanted or name == "duckdb") and available(name)]


def _opened(names: Sequence[str], found: Tables, home: Path, console: Console, stack: ExitStack) -> dict[str, Engine]:
    engines: dict[str, Engine] = {}

    def load(name: str) -> None:
        engines[name] = ENGINES[name](found, home)

    for name in names:
        console.print(f"{name}: loaded in {seconds(lambda name=name: load(name)):.1f} s", highlight=False)
        stack.callback(engines[name].close)
    return engines


def _run(
    given: argparse.Namespace, asked: dict[int, str], engines: dict[str, Engine], console: Console
) -> list[Result]:
    results: list[Result] = []
    whole = RESULTS / f"{given.suite}-{given.scale:g}.json" if given.queries is None and not given.check else None
    path = given.json or whole
    settings = {"suite": given.suite, "scale": given.scale, "repeat": given.repeat, "engines": list(engines)}
    for number, text in asked.items():
        with console.status(f"{given.suite} {number}"):
            results.append(
                run_query(
                    given.suite,
                    number,
                    text,
                    engines,
                    repeat=0 if given.check else given.repeat,
                    timeout_s=given.timeout,
                )
            )
        if path is not None:
            write(path, settings, results)
    return results


def _profile(found: Tables, home: Path, text: str, console: Console) -> int:
    ours = Rem(found, home)
    try:
        profile(ours.db, text, console)
    finally:
        ours.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
