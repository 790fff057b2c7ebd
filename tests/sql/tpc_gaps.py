"""The queries of TPC-H and TPC-DS that are not answered yet, by what is missing first. Empty it as they are mended.

A query that is answered rightly and still stands here fails the tests. `python -m benchmarks.tpc --suite tpcds --scale 0.01
--check` prints the lists as they are.
"""

from __future__ import annotations

GAPS: dict[str, dict[str, tuple[int, ...]]] = {"tpch": {}, "tpcds": {}}
COUNTS = {"tpch": 22, "tpcds": 99}


def gap(suite: str, number: int) -> str:
    """Return why a query is not answered, nothing when it is."""
    return next((reason for reason, numbers in GAPS[suite].items() if number in numbers), "")
