"""What a statement may make is asked for before it is made, in pieces, and by all its threads together."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event, Thread

import polars as pl
import pytest

import rem_arrow as rem
from rem_arrow.running.allowance import PIECE_BYTES, Allowance, allowing, current_allowance
from rem_arrow.running.watchdog import Watch


def _doubled(seen: list[int]) -> Callable[[pl.DataFrame], pl.Series]:
    def compute(rows: pl.DataFrame) -> pl.Series:
        seen.append(rows.height)
        return rows["n"] * 2

    return compute


def test_rows_are_taken_in_pieces():
    """A piece has as many rows as PIECE_BYTES allow, one at least; their results stand in the rows' order."""
    rows, seen = pl.DataFrame({"n": range(10)}), []
    sizes = pl.Series([float(PIECE_BYTES) / 2] * 9 + [PIECE_BYTES * 3.0])
    made = Allowance(PIECE_BYTES * 8).in_pieces("this", rows, sizes, _doubled(seen))
    assert made.to_list() == [n * 2 for n in range(10)]
    assert seen == [2, 2, 2, 2, 1, 1]


def test_little_is_made_at_once():
    """What fits one piece is one, no rows too."""
    for height in (0, 3):
        seen: list[int] = []
        rows = pl.DataFrame({"n": list(range(height))}, schema={"n": pl.Int64})
        Allowance().in_pieces("this", rows, pl.Series([8.0] * height, dtype=pl.Float64), _doubled(seen))
        assert seen == [height]


def test_what_is_too_much_is_refused_before_it_is_made():
    """The error names what asked, how much, and the limit."""
    seen: list[int] = []
    rows, sizes = pl.DataFrame({"n": [1, 2]}), pl.Series([1.0, 3e9])
    with pytest.raises(rem.ExecuteError, match=r"repeat would make 3\.0 GB at once, and memory_limit \(4096 MiB\)"):
        Allowance(4 << 30).in_pieces("repeat", rows, sizes, _doubled(seen))
    assert seen == [1]


def test_what_pieces_have_made_counts():
    """Each piece is small, and all together are too much."""
    rows = pl.DataFrame({"n": range(100)})
    sizes = pl.Series([float(PIECE_BYTES)] * 100)
    with pytest.raises(rem.ExecuteError, match="more in this statement"):
        Allowance(PIECE_BYTES * 8).in_pieces(
            "this", rows, sizes, lambda piece: pl.Series(["x" * PIECE_BYTES] * piece.height)
        )


def test_threads_share_what_they_may_make():
    """While one makes 60 of 100 MB no other gets so many; then it does."""
    allowance, holding, done = Allowance(200_000_000), Event(), Event()

    def hold() -> None:
        with allowance.asked("one", 6e7):
            holding.set()
            done.wait(60)

    thread = Thread(target=hold)
    thread.start()
    assert holding.wait(60)
    with pytest.raises(rem.ExecuteError, match=r"other would make 60\.0 MB"), allowance.asked("other", 6e7):
        pass
    done.set()
    thread.join()
    with allowance.asked("other", 6e7):
        pass


def test_an_abandoned_statement_ends_at_its_next_piece():
    """The check passes the watch's error on."""
    watch = Watch(0.0, time.monotonic() - 1, None)
    with pytest.raises(rem.ExecuteError, match="ran longer"):
        watch.run(lambda: Event().wait(0.1))
    with pytest.raises(rem.ExecuteError, match="ran longer"):
        Allowance(None, watch).in_pieces("this", pl.DataFrame({"n": [1]}), pl.Series([1.0]), _doubled([]))


def test_the_allowance_is_that_of_the_block():
    """Without one it is that of a database by default."""
    outer, inner = current_allowance(), Allowance(1 << 20)
    assert outer.limit == 2 << 30
    with allowing(inner):
        assert current_allowance() is inner
    assert current_allowance() is outer
