"""The process that runs queries for __main__.py, which outlives it."""

from __future__ import annotations

import time
from multiprocessing.connection import Connection

from tests.fuzz.run import Totals, database


def work(pipe: Connection, seed: int, seconds: float) -> None:
    """Send ("query", seed, text) before each query, ("finding", ...) and ("done", seed, queries, skipped) after each
    database."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        totals, now = Totals(), seed
        for case in database(seed, deadline, totals, about=lambda text, now=now: pipe.send(("query", now, text))):
            statements = [s for t in case.tables for s in t.statements()]
            pipe.send(("finding", case.seed, case.finding.kind, case.finding.text, case.finding.detail, statements))
        pipe.send(("done", seed, totals.queries, dict(totals.skipped)))
        seed += 1
    pipe.send(("end",))
