"""Entities loaded column by column: the same rows and refusals as row by row.

The oracle is the same table with a validator that sees whole rows, for which every row is made and validated.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any, Literal

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, StringConstraints, model_validator

import rem_arrow as rem
from rem_arrow.write import entity_load, loader
from tests.effort import examples


class Part(BaseModel):
    id: str
    name: str = "none"
    size: int = Field(default=1, ge=0)
    weight: float | None = None
    ready: bool = False
    kind: Literal["a", "b"] = "a"
    tags: list[str] = []
    more: dict[str, Any] = {}
    made: dt.date | None = None
    price: Decimal | None = None
    code: Annotated[str, StringConstraints(to_upper=True)] = ""


class WholePart(Part):
    @model_validator(mode="after")
    def _looked_at(self) -> WholePart:
        return self


COLUMNS: dict[str, list[pl.Series]] = {
    "name": [pl.Series(["x", "y", "z"]), pl.Series(["x", None, "z"]), pl.Series([1, 2, 3])],
    "size": [
        pl.Series([1, 2, 3], dtype=pl.Int8),
        pl.Series([1, -2, 3]),
        pl.Series(["1", "2", "3"]),
        pl.Series([1.0, 2.0, 3.0]),
        pl.Series([1.5, 2.0, 3.0]),
        pl.Series([1, None, 3]),
        pl.Series([2**63, 1, 2], dtype=pl.UInt64),
    ],
    "weight": [pl.Series([1, None, 3]), pl.Series([0.5, float("inf"), None]), pl.Series(["a", "b", "c"])],
    "ready": [pl.Series([True, False, True]), pl.Series([0, 1, 1]), pl.Series([True, None, True])],
    "kind": [pl.Series(["a", "b", "a"]), pl.Series(["a", "c", "a"]), pl.Series(["a", "b", "b"], dtype=pl.Categorical)],
    "tags": [pl.Series([["a"], [], ["b", "c"]]), pl.Series([None, ["x"], []], dtype=pl.List(pl.String))],
    "more": [pl.Series(['{"a": 1}', "{}", '{"b": [null]}']), pl.Series([{"k": 1}, {"k": 2}, {"k": None}])],
    "made": [pl.Series([dt.date(2024, 1, 1), None, dt.date(1, 1, 1)]), pl.Series(["2024-02-01", None, "2024-02-30"])],
    "price": [pl.Series(["1.50", None, "2"]), pl.Series([1, 2, 3]), pl.Series([Decimal("1.5"), None, Decimal(2)])],
    "code": [pl.Series(["aa", "b", "C"])],
    "created_at": [
        pl.Series([dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc)] * 3),
        pl.Series([None, None, dt.datetime(2024, 1, 1)]),
    ],
    "other": [pl.Series([1, 2, 3])],
}


def _shown(model: type[BaseModel], frames: list[pl.DataFrame]) -> list[object]:
    shown: list[object] = []
    with rem.connect(background=False) as db:
        db.register(model, name="parts")
        for frame in frames:
            try:
                shown.append(db.load("parts", frame))
            except rem.RemError as error:
                shown.append(type(error))
            given = "CASE WHEN year(created_at) = 2024 THEN created_at END AS created_at"
            rows = db.sql(f"SELECT * REPLACE ({given}) FROM parts ORDER BY id").drop("modified_at")
            shown.append(str(rows.rows()))
            shown.append(db.lookup_entity("x", "y", "none", "p1").select("id", "matched_on").rows())
        assert db.verify().is_empty()
    return shown


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    names = draw(st.lists(st.sampled_from(sorted(COLUMNS)), max_size=4, unique=True))
    columns = {name: draw(st.sampled_from(COLUMNS[name])) for name in names}
    ids = draw(st.sampled_from([["p1", "p2", "p3"], ["p1", "p4", "P5"], ["p1", "p1", "p2"], ["", "p8", "p9"]]))
    return pl.DataFrame({"id": ids, **columns})


@pytest.mark.parametrize("direct_rows_min", [2, pytest.param(20_000, marks=pytest.mark.long)])
@settings(max_examples=examples(12), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given=st.lists(frames(), min_size=1, max_size=2))
def test_columns_give_what_rows_give(
    monkeypatch: pytest.MonkeyPatch, direct_rows_min: int, given: list[pl.DataFrame]
) -> None:
    monkeypatch.setattr(loader, "DIRECT_ROWS_MIN", direct_rows_min)
    monkeypatch.setattr(entity_load, "_FEW_ROWS", 1)
    assert _shown(Part, given) == _shown(WholePart, given)
