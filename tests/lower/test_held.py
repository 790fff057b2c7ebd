"""Rows that are few and in memory take a way of their own: it gives what Polars gives, row by row and type by type."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from pydantic import BaseModel, ConfigDict

import rem_arrow as rem
from rem_arrow.lower import held
from rem_arrow.plan.nodes import BOOLEAN, And, Call, Column, Literal, SortKey
from tests.effort import examples

COLUMNS = {"id": "VARCHAR", "grp": "VARCHAR", "n": "BIGINT", "x": "DOUBLE", "b": "BOOLEAN", "t": "VARCHAR"}
TEXTS = ("", "a", "B", "ä", "zz", "longer than twelve bytes")
VALUES: dict[str, tuple[object, ...]] = {
    "id": tuple(f"i{i}" for i in range(0, 60, 7)),
    "grp": ("g0", "g1", "none"),
    "n": (-3, 0, 2, 5),
    "x": (-0.5, 0.0, 2.5),
    "b": (True, False),
    "t": TEXTS,
}


class Thing(BaseModel):
    model_config = ConfigDict(json_schema_extra={"indexed_fields": ["grp"]})

    id: str
    grp: str
    n: int | None
    x: float | None
    b: bool | None
    t: str | None


@pytest.fixture(scope="module")
def db() -> Iterator[rem.Database]:
    database = rem.connect()
    database.register(Thing)
    rows = [
        {
            "id": f"i{i}",
            "grp": f"g{i % 3}",
            "n": None if i % 5 == 0 else i % 7 - 3,
            "x": None if i % 4 == 0 else (i % 6) / 2 - 0.5,
            "b": None if i % 7 == 0 else i % 2 == 0,
            "t": None if i % 6 == 0 else TEXTS[i % len(TEXTS)],
        }
        for i in range(60)
    ]
    database.insert("things", rows[:40])
    database.compact()
    database.insert("things", rows[40:])
    yield database
    database.close()


@st.composite
def statements(draw: st.DrawFn) -> tuple[str, list[object]]:
    """A read by an indexed column, what else it asks of the rows, and the values of its parameters."""
    column = draw(st.sampled_from(["id", "grp"]))
    values = [draw(st.sampled_from(VALUES[column]))]
    terms = [f"{column} = $1"]
    for other in draw(st.lists(st.sampled_from(list(COLUMNS)), max_size=2)):
        operator = draw(st.sampled_from(["=", "<>", "<", "<=", ">", ">="]))
        value = draw(st.sampled_from([*VALUES[other], None]))
        if value is None:
            terms.append(f"{other} {operator} CAST(NULL AS {COLUMNS[other]})")
        else:
            values.append(value)
            terms.append(
                draw(st.sampled_from([f"{other} {operator} ${len(values)}", f"${len(values)} {operator} {other}"]))
            )
    outputs = draw(
        st.lists(st.sampled_from([*COLUMNS, "n + 1 AS m", "1 AS one", "upper(t) AS u"]), min_size=1, max_size=4)
    )
    text = f"SELECT {draw(st.sampled_from(['*', ', '.join(outputs)]))} FROM things WHERE {' AND '.join(terms)}"
    keys = draw(st.lists(st.sampled_from(["n", "x", "b", "t", "-n"]), max_size=2))
    orders = [
        f"{k} {draw(st.sampled_from(['', 'DESC']))} NULLS {draw(st.sampled_from(['FIRST', 'LAST']))}" for k in keys
    ]
    text += f" ORDER BY {', '.join([*orders, 'id'])}" if orders else ""
    return text + draw(st.sampled_from(["", " LIMIT 3", " LIMIT 4 OFFSET 2", " LIMIT 0"])), values


@settings(max_examples=examples(60), deadline=None)
@given(statement=statements())
def test_held_rows_and_a_query_of_polars_give_the_same_frame(
    db: rem.Database, statement: tuple[str, list[object]]
) -> None:
    text, values = statement
    few = db.sql(text, values)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(held, "_ROWS_MAX", -1)
        query = db.sql(text, values)
    assert_frame_equal(few, query)


def test_what_is_left_to_polars_is_none() -> None:
    """Order of NaN, comparisons of floats, and conditions and outputs beyond columns and constants."""
    rows = pl.DataFrame({"x": [1.0, float("nan")], "d": [1, 2]}, schema={"x": pl.Float64, "d": pl.Int128})
    x, d, one = Column("x", pl.Float64()), Column("d", pl.Int128()), Literal(1.0, pl.Float64())
    assert held.ordered(rows, [SortKey(x)]) is None
    assert held.ordered(rows, [SortKey(d)]) is None
    assert held.filtered(rows, Call("=", (x, one), BOOLEAN), {}) is None
    assert held.filtered(rows, And((Call("is_null", (x,), BOOLEAN), Call("=", (x, x), BOOLEAN))), {}) is None
    assert held.projected(rows, [("one", one), ("x", x)]) is None


def test_many_rows_are_not_held() -> None:
    assert isinstance(held.held(pl.DataFrame({"x": range(2_000)})), pl.DataFrame)
    assert isinstance(held.held(pl.DataFrame({"x": range(2_001)})), pl.LazyFrame)
