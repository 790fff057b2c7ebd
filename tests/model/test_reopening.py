"""A model that nobody registers again decides as its class does: over generated models, rows and verbs that write."""

from __future__ import annotations

import datetime as dt
import enum
import math
from collections.abc import Callable
from typing import Annotated, Any, Literal

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, create_model

import rem_arrow as rem
from tests.effort import examples


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Part(BaseModel):
    size: int = Field(ge=0, le=9)
    note: str | None = None


class Whole(BaseModel):
    parts: list[Part] = Field(default=[], max_length=2)
    label: Annotated[str, StringConstraints(pattern="^[a-z]+$")] = "x"


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")
    a: int = 1


_INTEGERS = [0, 1, 5, 9, 10, -1, "3", 2.0, 2.5, True, None, "x"]
_FLOATS = [0.0, 1.5, -1, "2.5", math.inf, None, "x"]
_TEXTS = ["", "a", "abc", "ABC", " ab ", "long text", 5, None]
_TIMES = ["2024-01-02", "2024-01-02T03:04:05", "2024-01-02T03:04:05+02:00", dt.date(2024, 1, 2), 0, None, "soon"]
# An annotation, what is known beside it, defaults that fit, and values that fit or do not.
KINDS: list[tuple[Any, dict[str, Any], list[Any], list[Any]]] = [
    (int, {}, [3], _INTEGERS),
    (int, {"ge": 0, "le": 9}, [0, 9], _INTEGERS),
    (int, {"gt": 0, "multiple_of": 5}, [5], _INTEGERS),
    (int | None, {"lt": 9}, [None, 1], _INTEGERS),
    (float, {"ge": 0, "allow_inf_nan": False}, [0.5], _FLOATS),
    (float | None, {}, [None], _FLOATS),
    (bool, {}, [True], [True, False, "yes", 1, 2, None]),
    (str, {"min_length": 1, "max_length": 4}, ["ab"], _TEXTS),
    (str, {"pattern": "^[a-c]*$"}, ["abc"], _TEXTS),
    (Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True)], {}, ["x"], _TEXTS),
    (str | None, {}, [None, "x"], _TEXTS),
    (Literal["a", "abc"], {}, ["a"], _TEXTS),
    (Literal[1, 5] | None, {}, [None], _INTEGERS),
    (Colour, {}, [Colour.RED], ["red", "blue", "green", Colour.BLUE, None]),
    (Level, {}, [Level.LOW], [1, 2, 3, Level.HIGH, None]),
    (list[int], {"max_length": 2}, [[1]], [[], [1, "2"], [1, 2, 3], ["x"], None, 5]),
    (list[Part], {}, [[]], [[{"size": 1}], [{"size": 10}], [{"size": 1, "note": "n"}], [{}], None]),
    (dict[str, int], {}, [{}], [{}, {"a": 1}, {"a": "x"}, None, [1]]),
    (dict[str, Any], {}, [{"k": [1]}], [{}, {"a": {"b": None}}, None, "x"]),
    (Part, {}, [Part(size=1)], [{"size": 1}, {"size": -1}, {"note": "n"}, None, "x"]),
    (Part | None, {}, [None], [{"size": 9}, {"size": 10}, None]),
    (Whole, {}, [Whole()], [{}, {"parts": [{"size": 1}]}, {"parts": [{"size": 1}] * 3}, {"label": "X"}]),
    (Closed, {}, [Closed()], [{}, {"a": 2}, {"b": 2}, {"a": "x"}]),
    (dt.date, {}, [dt.date(2024, 1, 1)], _TIMES),
    (dt.datetime, {}, [dt.datetime(2024, 1, 1)], _TIMES),
    (dt.datetime | None, {}, [None], _TIMES),
    (set[str], {}, [{"a"}], [["a", "a"], [], [1], None]),
    (int | str, {}, [1, "a"], [1, "a", 1.5, None, [1]]),
]  # fmt: skip
_MISSING = object()


@st.composite
def _models(draw: st.DrawFn) -> tuple[type[BaseModel], list[dict[str, Any]]]:
    """A model, and rows for it of which some fit."""
    fields: dict[str, Any] = {}
    pools: dict[str, list[Any]] = {}
    for place, (annotation, known, defaults, values) in enumerate(
        draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=4))
    ):
        default = draw(st.sampled_from([..., *defaults]))
        # A factory that makes an empty list or dict is kept; any other is Python.
        factory = {"list": list, "dict": dict}.get(type(default).__name__) if not default else None
        info = Field(default_factory=factory, **known) if factory else Field(default, **known)
        fields[f"f{place}"] = (annotation, info)
        pools[f"f{place}"] = values
    row = st.fixed_dictionaries({n: st.sampled_from([_MISSING, *v]) for n, v in pools.items()})
    rows = [{n: v for n, v in r.items() if v is not _MISSING} for r in draw(st.lists(row, min_size=1, max_size=5))]
    return create_model("Thing", **fields), rows


def _outcome(db: rem.Database, table: str, act: Callable[[], object]) -> object:
    """What an act leaves: the rows, or what was said."""
    try:
        act()
    except rem.RemError as error:
        return str(error).replace(table, "T")
    rows = db.sql(f"SELECT * EXCLUDE (created_at, modified_at) FROM {table} ORDER BY id").to_dicts()
    return repr(rows)


def _verbs(db: rem.Database, table: str, rows: list[dict[str, Any]]) -> list[tuple[str, Callable[[], object]]]:
    """Every way to write a row."""
    acts: list[tuple[str, Callable[[], object]]] = []
    for place, row in enumerate(rows):
        id_ = f"r{place}"
        parameters = {n: v.value if isinstance(v, enum.Enum) else v for n, v in row.items()}
        columns, values = ", ".join(["id", *row]), ", ".join([f"'{id_}'", *(f"${n}" for n in row)])
        sets = ", ".join(f"{n} = ${n}" for n in row)
        merge = (
            f"MERGE INTO {table} t USING (SELECT '{id_}' AS id) n ON t.id = n.id WHEN MATCHED THEN UPDATE SET {sets}"
        )
        acts += [
            ("insert", lambda row=row, id_=id_: db.insert(table, {**row, "id": id_})),
            ("insert many", lambda row=row, id_=id_: db.insert(table, [{**row, "id": id_ + "m"}, {**row, "id": id_}])),
            ("update", lambda row=row, id_=id_: db.update(table, id_, row)),
            ("load", lambda row=row, id_=id_: db.load(table, [{**row, "id": id_ + "l"}])),
            (
                "INSERT",
                lambda c=columns, v=values, p=parameters: db.sql(f"INSERT INTO {table} ({c}) VALUES ({v})", p),
            ),
        ]
        if row:
            acts += [
                ("UPDATE", lambda s=sets, p=parameters: db.sql(f"UPDATE {table} SET {s}", p)),
                ("MERGE", lambda m=merge, p=parameters: db.sql(m, p)),
            ]
    return acts


@pytest.fixture(scope="module")
def db() -> Any:
    with rem.connect(background=False, embedder="hash") as opened:
        yield opened


@given(_models())
@settings(max_examples=examples(20), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_model_decides_alike_without_its_class(
    db: rem.Database, drawn: tuple[type[BaseModel], list[dict[str, Any]]]
) -> None:
    """By every verb, with the same rows left and the same words; and an insert is refused exactly where the class
    refuses the row."""
    model, rows = drawn
    for table in ("known", "unknown"):
        db.sql(f"DROP TABLE IF EXISTS {table}")
    try:
        for table in ("known", "unknown"):
            db.register(model, name=table)
    except rem.InputError:
        return
    instance = db._instance
    # What opening again does.
    instance.models.forget(instance.store.version.find("unknown").table.number)  # type: ignore[union-attr]
    known, unknown = _verbs(db, "known", rows), _verbs(db, "unknown", rows)
    for place, ((name, with_class), (_, without)) in enumerate(zip(known, unknown, strict=True)):
        expected, actual = _outcome(db, "known", with_class), _outcome(db, "unknown", without)
        assert actual == expected, (name, place, model.model_fields, rows)
    for place, row in enumerate(rows):
        try:
            model.model_validate(row)
            fits = True
        except ValidationError:
            fits = False
        if fits:
            assert db.get("unknown", f"r{place}") is not None, (row, model.model_fields)
        else:
            with pytest.raises(rem.InputError):
                db.insert("unknown", {**row, "id": "no"})
