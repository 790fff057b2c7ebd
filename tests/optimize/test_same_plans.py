"""A statement has one plan, in every process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

STATEMENTS = Path(__file__).with_name("statements.sql")
TABLES = "abcdefgh"
SHOW = f"""
import pathlib
import polars as pl
import rem_arrow as rem

rows = pl.DataFrame({{"k": range(200_000)}}).with_columns(
    *((pl.col("k") % n).alias(c) for c, n in (("x", 10), ("y", 7), ("z", 3))),
    (pl.col("k") % 5).cast(pl.String).alias("w"),
)
with rem.connect() as db:
    for name in "{TABLES}":
        db.load(name, rows.head(1000))
    db.load("big", rows)
    db.load("big2", rows)
    for text in pathlib.Path({str(STATEMENTS)!r}).read_text().splitlines()[1:]:
        print(db.explain(text))
"""


def test_a_plan_does_not_depend_on_the_order_of_sets():
    """Python orders sets of texts by a seed of each process."""
    shown = []
    for seed in "0", "7":
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run([sys.executable, "-c", SHOW], env=environment, capture_output=True, text=True, check=True)
        shown.append(done.stdout)
    assert shown[0] == shown[1]
    assert len(shown[0].splitlines()) > 100
