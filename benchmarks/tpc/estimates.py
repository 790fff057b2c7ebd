"""python -m benchmarks.tpc.estimates --suite tpch --home DIR [--scale 1] [--worst 10]: how far the estimated rows of
the filters, joins and groups of a suite's plans are from their true ones.

The q-error is the larger of the two numbers over the smaller one, both at least 1. DIR holds the loaded database, as
`python -m benchmarks.tpc --home DIR` leaves it. A plan is run node by node, none of its sides first: so the rows of a
node are those that it is estimated to have.
"""

from __future__ import annotations

import argparse
import statistics
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import rem_arrow as rem
from benchmarks.tpc.data import SUITES, tables
from benchmarks.tpc.engines import Rem
from benchmarks.tpc.queries import texts
from rem_arrow.engine.prepared import prepare
from rem_arrow.engine.run import lowered
from rem_arrow.lower.context import NodeKey, node_key
from rem_arrow.optimize.estimate import Estimates
from rem_arrow.plan.explain import describe
from rem_arrow.plan.nodes import Aggregate, Filter, Join, Relation
from rem_arrow.plan.statement_time import with_time
from rem_arrow.plan.walk import children, rebuild

_TEXT_CHARS_MAX = 90


class Estimate(NamedTuple):
    """Of one node of a query's plan."""

    query: int
    node: str
    estimated: float
    rows: int

    @property
    def error(self) -> float:
        """The q-error."""
        fewer, more = sorted((max(1.0, self.estimated), max(1.0, float(self.rows))))
        return more / fewer


def main() -> int:
    """Print the median, the 95th percentile and the worst of the q-errors."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tpc.estimates")
    parser.add_argument("--suite", choices=SUITES, default="tpch")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--worst", type=int, default=10, help="print so many of the worst estimates")
    options = parser.parse_args()
    engine = Rem(tables(options.suite, options.scale), options.home)
    found: list[Estimate] = []
    for number, text in texts(options.suite).items():
        found += estimates(engine.db, number, text)
    for estimate in sorted(found, key=lambda e: -e.error)[: options.worst]:
        print(
            f"{estimate.error:12,.1f}  q{estimate.query}  about {estimate.estimated:,.0f}, {estimate.rows:,} rows: "
            f"{estimate.node[:_TEXT_CHARS_MAX]}"
        )
    middle, high, worst = summary([e.error for e in found])
    print(
        f"{options.suite} scale {options.scale:g}: {len(found)} nodes, q-error {middle:.2f} in the median, "
        f"{high:.1f} at the 95th percentile, {worst:,.0f} at most"
    )
    return 0


def summary(errors: list[float]) -> tuple[float, float, float]:
    """Return the median, the 95th percentile, and the largest."""
    return statistics.median(errors), statistics.quantiles(errors, n=20)[-1], max(errors)


def estimates(db: rem.Database, number: int, text: str) -> Iterator[Estimate]:
    """Yield the estimate of each filter, join and grouping of a query's plan, and its true rows."""
    engine, snapshot = db._instance.engine, db._snapshot()
    query = engine.plan(text, snapshot, {})
    prepared = prepare(_nothing_first(query.plan), snapshot)
    measured: dict[NodeKey, tuple[int, float]] = {}
    _, plan, _ = lowered(prepared, snapshot, with_time({}, snapshot.now), measured=measured)
    known = Estimates(snapshot)
    nodes = list(_every(plan))
    times = Counter(map(node_key, nodes))
    for node in nodes:
        # Of two nodes with the same columns only one is measured.
        if isinstance(node, (Filter, Join, Aggregate)) and times[node_key(node)] == 1 and node_key(node) in measured:
            yield Estimate(number, describe(node), known.rows(node), measured[node_key(node)][0])


def _nothing_first(plan: Relation) -> Relation:
    plan = rebuild(plan, _nothing_first)
    return replace(plan, first="") if isinstance(plan, Join) else plan


def _every(plan: Relation) -> Iterator[Relation]:
    yield plan
    for child in children(plan):
        yield from _every(child)


if __name__ == "__main__":
    raise SystemExit(main())
