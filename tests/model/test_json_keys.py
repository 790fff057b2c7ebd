"""What JSON would lose: keys that it does not keep apart are refused, numbers that are not finite are kept."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import BaseModel, create_model

import rem_arrow as rem


class Anything(BaseModel):
    v: Any = None


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({(1, 2): 3}, "the key \\(1, 2\\) cannot be stored as JSON"),
        ({"a": [{None: 1}]}, "the key None cannot be stored"),
        ({1: 2, "1": 3}, "two keys of a dict are '1' in JSON"),
    ],
)
def test_a_key_that_would_be_lost_is_refused(value: object, said: str) -> None:
    with rem.connect() as db:
        db.register(Anything)
        with pytest.raises(rem.InputError, match=said):
            db.insert("anythings", {"v": value})
        kept = db.insert("anythings", {"v": {1: {"a": float("inf")}}})
        assert db.get("anythings", kept)["v"] == {"1": {"a": float("inf")}}


class Point(BaseModel):
    score: float | None = None
    by_day: dict[str, float] = {}


POINTS: dict[str, tuple[Any, Any]] = {
    "a model in a dict": (dict[str, Point], {"p": {"score": math.inf}}),
    "models in lists of a dict": (dict[str, list[Point]], {"p": [{"score": -math.inf}, {"by_day": {"d": math.nan}}]}),
    "a model of dicts": (Point, {"score": math.inf, "by_day": {"d": -math.inf}}),
    "a list of such models": (list[Point], [{"score": math.nan}, {"score": 1.0}]),
    "a union": (Point | int, {"score": math.inf}),
    "anything": (Any, {"a": [math.inf, {"b": math.nan}]}),
    "a model as anything": (Any, [Point(score=math.inf)]),
}


@pytest.mark.parametrize("kind", POINTS)
def test_numbers_that_are_not_finite_are_kept_at_any_depth(kind: str) -> None:
    annotation, value = POINTS[kind]
    model = create_model("Thing", v=(annotation, ...))
    expected = model(v=value).model_dump()["v"]
    with rem.connect(background=False) as db:
        db.register(model, name="things")
        one, *many = db.insert("things", {"v": value}), *db.insert("things", [{"v": value}] * 3)
        db.insert("things", {"id": "changed", "v": model(v=value).v})
        db.update("things", "changed", {"v": value})
        for id_ in (one, *many, "changed"):
            # As texts: a NaN is not equal to itself.
            assert repr(model(v=db.get("things", id_)["v"]).model_dump()["v"]) == repr(expected)
            assert repr(db.get("things", id_, as_model=True).model_dump()["v"]) == repr(expected)  # type: ignore[attr-defined]
