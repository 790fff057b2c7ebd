"""PIVOT whose values come from the rows: its plan is not kept, and a statement that cannot read rows says so."""

from __future__ import annotations

import polars as pl
import pytest

import rem_arrow as rem


def test_a_pivot_without_in_follows_the_rows() -> None:
    """The same text has other columns once the table has other values."""
    with rem.connect(background=False) as db:
        db.load("t", pl.DataFrame({"a": [1, 2], "x": [10, 20]}))
        text = "PIVOT t ON a USING sum(x)"
        assert db.sql(text).columns == ["1", "2"]
        db.sql("INSERT INTO t VALUES (3, 30)")
        assert db.sql(text).columns == ["1", "2", "3"]
        assert db.sql(f"WITH p AS ({text}) SELECT * FROM p").rows() == [(10, 20, 30)]


def test_a_statement_that_writes_follows_the_rows_too() -> None:
    with rem.connect(background=False) as db:
        db.load("t", pl.DataFrame({"a": [1, 2], "x": [10, 20]}))
        db.sql("CREATE TABLE p AS SELECT * FROM (PIVOT t ON a USING sum(x))")
        assert db.sql("SELECT * FROM p").to_dicts() == [{"1": 10, "2": 20}]
        db.sql("CREATE TABLE q AS SELECT COLUMNS(lambda c: c = 'a') FROM t")
        assert db.sql("SELECT * FROM q").columns == ["a"]
        assert db.sql("PIVOT t USING sum(x)").to_dicts() == [{"sum(x)": 30}]


def test_a_view_needs_the_values() -> None:
    """A view is bound when it is made and whenever it is used: its columns cannot follow the rows."""
    with rem.connect(background=False) as db:
        db.load("t", pl.DataFrame({"a": [1, 2], "x": [10, 20]}))
        with pytest.raises(rem.RemError, match="PIVOT needs the values of ON in this statement"):
            db.sql("CREATE VIEW p AS SELECT * FROM (PIVOT t ON a USING sum(x))")
        with pytest.raises(rem.RemError, match="a condition on the names of columns cannot stand in this statement"):
            db.sql("CREATE VIEW p AS SELECT COLUMNS(lambda c: c = 'a') FROM t")
        db.sql("CREATE VIEW p AS SELECT * FROM (PIVOT t ON a IN (1, 2) USING sum(x))")
        assert db.sql("SELECT * FROM p").rows() == [(10, 20)]
