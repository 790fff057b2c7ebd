"""python -m benchmarks.tpc --suite tpch|tpcds [--scale 1] [--queries 1,5,9] [--engines rem,duckdb] [--repeat 3]
[--json FILE]

`--check` only compares answers with DuckDB's and prints failures by reason; `--profile N` profiles one query in
rem_arrow. `--home DIR` keeps the loaded databases there for the next run; delete a database of an older storage format
yourself.
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
    """Run queries of a suite. Returns 0, 1 if an answer of rem_arrow is wrong or missing, 2 if there is no data."""
    options = _parser().parse_args(arguments)
    console = Console(width=max(170, Console().width))
    try:
        files, queries = tables(options.suite, options.scale), texts(options.suite)
    except UnavailableError as error:
        console.print(f"[red]{error}[/red]")
        return 2
    numbers = [options.profile] if options.profile is not None else _numbers(options.queries, queries)
    with ExitStack() as stack:
        home = options.home if options.home is not None else stack.enter_context(scratch())
        home.mkdir(parents=True, exist_ok=True)
        if options.profile is not None:
            return _profile(files, home, queries[options.profile], console)
        engines = _opened(_names(options), files, home, console, stack)
        results = _run(options, {n: queries[n] for n in numbers}, engines, console)
    if not options.check:
        console.print(table(f"{options.suite} scale {options.scale:g}", results, list(engines)))
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
    parser.add_argument("--check", action="store_true", help="only compare answers of rem_arrow, without times")
    parser.add_argument("--profile", type=int, metavar="N", help="profile query N in rem_arrow")
    return parser


def _numbers(text: str | None, queries: dict[int, str]) -> list[int]:
    numbers = list(queries) if text is None else [int(n) for n in text.split(",")]
    missing = set(numbers) - set(queries)
    if missing:
        raise SystemExit(f"no query {', '.join(map(str, sorted(missing)))}; there are 1 to {max(queries)}")
    return numbers


def _names(options: argparse.Namespace) -> list[str]:
    """Return the installed engines to run, including the oracle."""
    names = ["rem"] if options.check else options.engines.split(",")
    unknown = set(names) - set(ENGINES)
    if unknown:
        raise SystemExit(f"no engine {', '.join(sorted(unknown))}; there are {', '.join(ENGINES)}")
    return [name for name in ENGINES if (name in names or name == "duckdb") and available(name)]


def _opened(names: Sequence[str], files: Tables, home: Path, console: Console, stack: ExitStack) -> dict[str, Engine]:
    engines: dict[str, Engine] = {}

    def load(name: str) -> None:
        engines[name] = ENGINES[name](files, home)

    for name in names:
        console.print(f"{name}: loaded in {seconds(lambda name=name: load(name)):.1f} s", highlight=False)
        stack.callback(engines[name].close)
    return engines


def _run(
    options: argparse.Namespace, queries: dict[int, str], engines: dict[str, Engine], console: Console
) -> list[Result]:
    results: list[Result] = []
    whole = (
        RESULTS / f"{options.suite}-{options.scale:g}.json" if options.queries is None and not options.check else None
    )
    path = options.json or whole
    settings = {"suite": options.suite, "scale": options.scale, "repeat": options.repeat, "engines": list(engines)}
    for number, text in queries.items():
        with console.status(f"{options.suite} {number}"):
            results.append(
                run_query(
                    options.suite,
                    number,
                    text,
                    engines,
                    repeat=0 if options.check else options.repeat,
                    timeout_s=options.timeout,
                )
            )
        if path is not None:
            write(path, settings, results)
    return results


def _profile(files: Tables, home: Path, text: str, console: Console) -> int:
    engine = Rem(files, home)
    try:
        profile(engine.db, text, console)
    finally:
        engine.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
