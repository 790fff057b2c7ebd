"""What the catalog keeps of a model: rows are accepted and refused alike with and without the class."""

from __future__ import annotations

import datetime as dt
import enum
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

import polars as pl
import pytest
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, NaiveDatetime, PastDate

import rem_arrow as rem


class Colour(enum.Enum):
    """Colours."""

    RED = "red"
    BLUE = "blue"


class Part(BaseModel):
    """A nested model."""

    size: int = Field(ge=0)
    note: str | None = None


class Everything(BaseModel):
    """One field for each thing that a schema says, or cannot."""

    model_config = ConfigDict(str_strip_whitespace=True)

    count: int = Field(ge=0, le=9)
    text: str = Field(default="abc", min_length=2, pattern="^a")
    colour: Colour = Colour.RED
    choice: Literal[1, 2] | None = None
    parts: list[Part] = Field(default_factory=list, max_length=3)
    numbers: dict[str, int] = {}
    at: dt.datetime = dt.datetime(2020, 1, 1)
    naive: NaiveDatetime | None = None
    aware: AwareDatetime | None = None
    money: Decimal = Field(default=Decimal("1.5"), max_digits=5, decimal_places=2, ge=0)
    key: UUID | None = None
    born: PastDate | None = None
    data: bytes = b"x"
    pair: tuple[int, str] = (1, "x")
    labels: set[str] = set()
    half: float = Field(1.5, multiple_of=0.5, allow_inf_nan=False)
    anything: Any = None
    part: Part = Part(size=1)
    wait: dt.timedelta = dt.timedelta(hours=1)
    either: int | str = 3
    aliased: Annotated[str, Field(alias="Alias")] = "k"
    flag: bool = Field(True, strict=True)
    vector: list[float] = Field(default=[0, 0], min_length=2, max_length=2)
    itself: Everything | None = None


GIVEN: list[dict[str, Any]] = [
    *({"count": c} for c in (1, 10, -1, "3", 1.5, None)),
    {},
    *(
        {"count": 1, name: value}
        for name, values in {
            "text": ["a", "bcd", " abc ", None],
            "colour": ["blue", "green"],
            "choice": [2, 3, None],
            "parts": [[{"size": 1}], [{"size": -1}], [{"size": 1}] * 4, [{"note": "x"}], None],
            "numbers": [{"k": 1}, {"k": "z"}],
            "at": ["2020-01-01T10:00", "soon"],
            "naive": ["2020-01-01T10:00", "2020-01-01T10:00Z"],
            "aware": ["2020-01-01T10:00", "2020-01-01T10:00Z"],
            "money": ["1.234", -1, "9999.99", "999.99"],
            "key": ["x", str(uuid4())],
            "born": ["3000-01-01", "2000-01-01"],
            "data": [b"zz"],
            "pair": [[1], [2, "y"]],
            "labels": [["b", "b"]],
            "half": [0.7, float("inf"), 2],
            "anything": [{"any": [1]}],
            "part": [{"size": -2}, {"size": 2, "note": "z"}],
            "wait": ["PT2H", "zz"],
            "either": ["text", [1]],
            "aliased": ["al"],
            "Alias": ["al"],
            "flag": [1, False],
            "vector": [[1, 2], [1, 2, 3]],
            "itself": [{"count": 2}],
            "unknown": [1],
        }.items()
        for value in values
    ),
]


def _stored(db: rem.Database) -> list[object]:
    outcomes: list[object] = []
    for number, row in enumerate(GIVEN):
        try:
            db.insert("everythings", {**row, "id": f"r{number}"})
            stored = db.get("everythings", f"r{number}") or {}
            outcomes.append({k: v for k, v in stored.items() if k not in ("created_at", "modified_at")})
        except rem.InputError:
            outcomes.append("refused")
    return outcomes


def test_a_database_that_is_opened_again_accepts_and_stores_the_same_rows(tmp_path: Path) -> None:
    with rem.connect(tmp_path / "db", embedder="hash") as db:
        db.register(Everything)
        with_class = _stored(db)
    with rem.connect(tmp_path / "db", embedder="hash") as db:
        without_class = _stored(db)
    assert list(zip(GIVEN, with_class, strict=True)) == list(zip(GIVEN, without_class, strict=True))
    assert 20 < with_class.count("refused") < len(GIVEN) - 20


class Task(BaseModel):
    """A row of the tests below."""

    model_config = ConfigDict(json_schema_extra={"embedding_fields": []})

    title: str
    priority: int = Field(default=2, ge=0, le=9)
    owner: str | None = "nobody"
    made: UUID = Field(default_factory=uuid4)


def test_sql_keeps_to_the_model_after_reopening(tmp_path: Path) -> None:
    with rem.connect(tmp_path / "db") as db:
        db.register(Task)
    with rem.connect(tmp_path / "db") as db:
        db.sql("INSERT INTO tasks (id, title, made) VALUES ('a', 'x', uuid())")
        assert db.sql("SELECT title, priority, owner FROM tasks").rows() == [("x", 2, "nobody")]
        for text in (
            "INSERT INTO tasks (title, priority, made) VALUES ('y', 99, uuid())",
            "UPDATE tasks SET priority = 99",
        ):
            with pytest.raises(rem.InputError, match='field "priority": Input should be less than or equal to 9'):
                db.sql(text)
        with pytest.raises(rem.InputError, match='field "made": Field required'):
            db.insert("tasks", {"title": "a default that a function makes is not kept"})
        db.register(Task)
        assert db.get("tasks", db.insert("tasks", {"title": "z"}))["made"] is not None


def test_a_null_is_a_null_however_it_comes(tmp_path: Path) -> None:
    """In a field that may be NULL it stays, else it is refused; what is missing takes the default, and a frame, which
    cannot leave out a value of one row, says so by NULL."""
    with rem.connect(tmp_path / "db") as db:
        db.register(Task)
        row = {"title": "x", "owner": None, "made": str(uuid4())}
        db.insert("tasks", {**row, "id": "insert"})
        db.load("tasks", pl.DataFrame([{**row, "id": "load"}], schema_overrides={"owner": pl.String}))
        db.sql("INSERT INTO tasks (id, title, owner, made) VALUES ('sql', 'x', NULL, uuid())")
        assert db.sql("SELECT DISTINCT owner, priority FROM tasks").rows() == [(None, 2)]
        bad = {"title": "x", "priority": None, "made": str(uuid4())}
        for write in (
            lambda: db.insert("tasks", bad),
            lambda: db.sql("INSERT INTO tasks (title, priority, made) VALUES ('x', NULL, uuid())"),
        ):
            with pytest.raises(rem.InputError, match='field "priority": Input should be a valid integer'):
                write()
        db.load("tasks", pl.DataFrame([{**bad, "id": "frame"}], schema_overrides={"priority": pl.Int64}))
        assert db.sql("SELECT priority FROM tasks WHERE id = 'frame'").item() == 2
