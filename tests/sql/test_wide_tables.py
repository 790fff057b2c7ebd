"""Tables of many columns are planned in time that grows with their number, not with its square."""

from __future__ import annotations

import time

import polars as pl
import pytest

import rem_arrow as rem


@pytest.mark.parametrize("listed", [False, True])
def test_all_of_many_columns_are_shown_soon(listed: bool) -> None:
    """Four times the columns take far less than 16 times the time."""
    took = []
    with rem.connect(background=False) as db:
        for width in (100, 1_000, 4_000):
            names = [f"c{i}" for i in range(width)]
            frame = pl.DataFrame({name: [1] for name in names})
            text = f"SELECT {', '.join(names) if listed else '*'} FROM wide"
            took.append(min(_seconds(db, text, frame) for _ in range(3)))
    assert took[2] < 10 * took[1]


def _seconds(db: rem.Database, text: str, frame: pl.DataFrame) -> float:
    started = time.process_time()
    assert db.sql(text, frames={"wide": frame}).width == frame.width
    return time.process_time() - started
