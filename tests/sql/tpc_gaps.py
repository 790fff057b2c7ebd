"""The queries of TPC-H and TPC-DS that are not answered yet, by what is missing first. Empty it as they are mended.

A query that is answered rightly and still stands here fails the tests. `python -m benchmarks.tpc --suite tpcds --scale 0.01
--check` prints the lists as they are.
"""

from __future__ import annotations

GAPS: dict[str, dict[str, tuple[int, ...]]] = {
    "tpch": {
        "UnsupportedError: a subquery in an expression is not supported yet": (2, 4, 11, 15, 17, 21, 22),
        "UnsupportedError: IN with a subquery or a list column is not supported yet": (16, 18, 20),
    },
    "tpcds": {
        "UnsupportedError: a subquery in an expression is not supported yet": (1, 6, 9, 10, 16, 24, 30, 32, 35, 41, 44, 54, 69, 81, 92, 94),
        "UnsupportedError: IN with a subquery or a list column is not supported yet": (14, 33, 45, 56, 58, 60, 70, 83, 95),
        "UnsupportedError: window functions (OVER) are not supported yet": (12, 20, 36, 47, 49, 51, 53, 57, 63, 89, 98),
        "UnsupportedError: ROLLUP is not supported yet": (5, 18, 22, 67, 77, 80),
        "BindError: no function grouping": (86,),
        "UnsupportedError: INTERSECT is not supported yet": (8, 38),
        "UnsupportedError: EXCEPT is not supported yet": (87,),
        "ExecuteError: the query failed: filter predicate length of 2 doesn't match that of the DataFrame": (4, 11, 74),
    },
}
COUNTS = {"tpch": 22, "tpcds": 99}


def gap(suite: str, number: int) -> str:
    """Return why a query is not answered, nothing when it is."""
    return next((reason for reason, numbers in GAPS[suite].items() if number in numbers), "")
