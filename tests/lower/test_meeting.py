"""A join that makes many rows of few is found out before they are made, and runs on the engine that makes some at a
time."""

from __future__ import annotations

from itertools import product

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rem_arrow as rem
from rem_arrow.lower import meeting
from rem_arrow.lower.meeting import Meeting, MultipliesError
from tests.children import run_python

_KEYS = st.lists(st.tuples(st.sampled_from([None, 0, 1, 2, 7]), st.sampled_from([None, "", "a"])), max_size=12)


@given(left=_KEYS, right=_KEYS, columns=st.sampled_from([(), ("k",), ("k", "s")]), same=st.booleans())
def test_the_rows_that_meet_are_counted(left, right, columns, same):
    """Collecting a join in memory raises exactly if more pairs meet than the bound and twice the longer side; on the
    other engine it never does."""
    frames = [
        pl.DataFrame(rows, schema={"k": pl.Int64, "s": pl.String}, orient="row").select(columns or ("k", "s"))
        for rows in (left, right)
    ]

    def meet(a: tuple[object, ...], b: tuple[object, ...]) -> bool:
        return not columns or (a == b and (same or None not in a))

    made = sum(meet(a, b) for a, b in product(*(f.rows() for f in frames)))
    met = Meeting((columns, columns), nulls_equal=same)
    sides = [met.side(f.lazy(), i) for i, f in enumerate(frames)]
    how = {"on": list(columns), "nulls_equal": same} if columns else {"how": "cross"}
    joined = sides[0].join(sides[1], **how).select(pl.len())
    met.begin(in_memory=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(meeting, "_ROWS_MAX", 5)
        patch.setattr(meeting, "_STRAY_PAIRS_MAX", 1)
        if made > 5 + 2 * max(len(left), len(right)):
            with pytest.raises(MultipliesError):
                joined.collect(engine="in-memory")
        else:
            assert joined.collect(engine="in-memory").item() == made
        met.begin(in_memory=False)
        assert joined.collect(engine="streaming").item() == made


HUB = pl.DataFrame({"k": [0] * 1_500 + list(range(1_500)), "v": range(3_000)})


@pytest.mark.parametrize(
    "query",
    [
        "SELECT count(*), sum(a.v + b.v) FROM hub a JOIN hub b ON a.k = b.k",
        "SELECT count(*), sum(a.v) FROM hub a LEFT JOIN hub b ON a.k = b.k AND a.v + b.v < 0",
        "SELECT count(*), sum(b.v) FROM hub a JOIN hub b ON a.k = b.k JOIN hub c ON b.v = c.v AND b.k = c.k",
        "SELECT count(*), sum(b.v) FROM hub a, hub b WHERE a.v + b.v = 77 OR a.v < b.k",
        "SELECT k, count(*) FROM (SELECT k FROM hub a JOIN hub b USING (k)) GROUP BY k HAVING count(*) > 1 ORDER BY k",
    ],
)
def test_joins_that_multiply_have_duckdbs_answer(query):
    """Whichever engine runs them."""
    hub = HUB  # noqa: F841 - DuckDB reads it
    with rem.connect(memory_limit="256MB") as db:
        db.load("hub", HUB)
        assert db.sql(query).rows() == duckdb.sql(query).fetchall()


def test_a_process_stays_within_the_memory_limit():
    """A join that makes 16 million rows, and products whose rows are counted, filtered or wanted, keep the process
    below the limit and a fifth; what does not fit ends with our error, and leaves nothing running."""
    code = """
        import os, threading, time
        import polars as pl, rem_arrow as rem
        from rem_arrow.running.memory import resident_bytes
        start, peak, n = 0, 0, 4_000
        db = rem.connect(memory_limit="256MB", background=False)
        db.load("t", pl.DataFrame({"k": [0] * n + list(range(n)), "v": range(2 * n)}))
        db.load("u", pl.DataFrame({"a": range(200_000)}))
        db.sql("SELECT count(*), sum(a.v) FROM t a JOIN t b USING (v) JOIN u ON u.a = b.v")
        start = resident_bytes()
        def watch():
            global peak
            while True:
                peak = max(peak, resident_bytes())
                time.sleep(0.002)
        threading.Thread(target=watch, daemon=True).start()
        for query in (
            "SELECT a.v AS x, b.v AS y, a.v + b.v AS z FROM t a JOIN t b ON a.k = b.k",
            "SELECT count(*) FROM t a JOIN t b ON a.k = b.k",
            "SELECT count(*) FROM t a JOIN t b ON a.k = b.k JOIN t c ON b.v = c.v",
            "SELECT * FROM t a, t b",
            "SELECT count(*) FROM t a, t b WHERE a.v + b.v = -1",
        ):
            try:
                print(db.sql(query).item())
            except rem.ExecuteError as error:
                print("memory_limit" in str(error))
        print(peak - start < 1.2 * (256 << 20), (peak - start) >> 20)
    """
    done = run_python(code)
    *answers, within = done.stdout.split("\n")[:-1] or [done.stderr]
    assert answers == ["True", "16012000", "16012000", "True", "0"], done.stderr
    assert within.startswith("True"), within
