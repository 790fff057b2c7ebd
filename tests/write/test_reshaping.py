"""Models that change: narrower ones are checked against the rows, `evolve` renames, drops and converts."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, create_model

import rem_arrow as rem


def task(**fields: object) -> type[BaseModel]:
    """A model of tasks with these fields, of which the first is embedded."""
    config = ConfigDict(json_schema_extra={"embedding_fields": [next(iter(fields))], "indexed_fields": ["state"]})
    return create_model("Task", __config__=config, **fields)  # type: ignore[call-overload,no-any-return]


FIRST = task(title=(str, ...), state=(str, "open"), points=(int, 1), note=(str | None, None))


@pytest.fixture(params=[pytest.param(False, marks=pytest.mark.long), True], ids=["tail", "sealed"])
def db(request: pytest.FixtureRequest):
    with rem.connect(background=False) as database:
        database.register(FIRST)
        database.insert("tasks", [{"id": f"t{i}", "title": f"Task {i}", "points": i, "note": "n"} for i in range(4)])
        database.insert("tasks", {"id": "odd", "title": "Odd", "state": "lost", "points": 99})
        database.insert("tasks", {"id": "gone", "title": "Gone", "state": "lost", "points": 99})
        database.delete("tasks", "gone")
        if request.param:
            database.compact()
        yield database


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"state": (Literal["open", "closed"], "open")}, "1 rows of tasks do not fit the model.*'odd'.*\"state\""),
        ({"points": (int, Field(default=1, le=10))}, "1 rows of tasks do not fit the model.*'odd'.*\"points\""),
        ({"note": (str, "none")}, "1 rows of tasks do not fit the model.*'odd'.*\"note\""),
        ({"note": (str, ...)}, "1 rows of tasks do not fit the model.*'odd'.*\"note\""),
    ],
)
def test_a_narrower_model_is_registered_only_where_the_rows_fit(db: rem.Database, fields, message: str) -> None:
    """Deleted rows are no obstacle."""
    own = {"title": (str, ...), "state": (str, "open"), "points": (int, 1), "note": (str | None, None)}
    model = task(**{**own, **fields})
    before = db.schema("tasks")
    with pytest.raises(rem.InputError, match=message):
        db.register(model)
    assert db.schema("tasks").equals(before)
    db.insert("tasks", {"title": "still the old model", "state": "anything", "id": "x"})
    db.delete("tasks", ["odd", "x"])
    db.register(model)
    assert db.sql("SELECT count(*) FROM tasks").item() == 4


SECOND = task(heading=(str, ...), state=(Literal["open", "closed"], "open"), points=(str, "1"), due=(int, 7))


def test_evolve_shows_first_then_renames_drops_and_converts(db: rem.Database) -> None:
    arguments = {"renames": {"title": "heading"}, "drops": ["note"]}
    report = db.evolve(SECOND, **arguments, dry_run=True)
    assert report.filter(report["change"] != "misfit").select("change", "column", "detail").rows() == [
        ("rename", "title", "to heading"),
        ("convert", "points", "BIGINT to VARCHAR"),
        ("add", "due", "BIGINT"),
        ("drop", "note", "VARCHAR"),
        ("check", "", "the rows that exist against the model"),
    ]
    misfits = report.filter(report["change"] == "misfit")
    assert "odd" in misfits["id"].to_list()
    assert 'field "state"' in misfits.filter(misfits["id"] == "odd")["detail"][0]
    before = db.sql("SELECT * FROM tasks ORDER BY id")
    with pytest.raises(rem.InputError, match="rows of tasks do not fit the model, and nothing was changed"):
        db.evolve(SECOND, **arguments)
    assert db.sql("SELECT * FROM tasks ORDER BY id").equals(before)


def test_evolve_converts_rows_that_fit_and_goes_back(db: rem.Database) -> None:
    wide = task(heading=(str, ...), state=(str, "open"), points=(float, 1.0), due=(int, 7))
    db.evolve(wide, renames={"title": "heading"}, drops=["note"])
    assert db.sql("SELECT id, heading, state, points, due FROM tasks ORDER BY id").rows() == [
        ("odd", "Odd", "lost", 99.0, 7),
        *((f"t{i}", f"Task {i}", "open", float(i), 7) for i in range(4)),
    ]
    assert db.get("tasks", "gone") is None
    assert db.get("tasks", "gone", include_deleted=True)["points"] == 99.0
    assert db.sql("SELECT count(*) FROM tasks WHERE state = 'lost'").item() == 1
    db.insert("tasks", {"id": "new", "heading": "New"})
    assert db.search("tasks", "Task 2", k=1)["heading"].to_list() == ["Task 2"]
    back = db.evolve(FIRST, renames={"heading": "title"}, drops=["due"])
    assert back["change"].to_list() == ["rename", "convert", "add", "drop", "check"]
    assert db.sql("SELECT id, title, points, note FROM tasks ORDER BY id").rows() == [
        ("new", "New", 1, None),
        ("odd", "Odd", 99, None),
        *((f"t{i}", f"Task {i}", i, None) for i in range(4)),
    ]
    db.compact()
    assert db.sql("SELECT sum(points) FROM tasks").item() == 106
    assert db.verify().height == 0


@pytest.mark.parametrize(
    ("model", "arguments", "message"),
    [
        (SECOND, {}, 'has a column "title" that the model lacks; name it in renames'),
        (SECOND, {"renames": {"titel": "heading"}}, 'no field "titel" of tasks to rename or drop. Did you mean title'),
        (SECOND, {"drops": ["id"]}, 'no field "id" of tasks to rename or drop'),
        (SECOND, {"renames": {"title": "state"}}, 'tasks has a column "state" already'),
    ],
)
def test_evolve_loses_nothing_that_is_not_named(db: rem.Database, model, arguments, message: str) -> None:
    with pytest.raises(rem.InputError, match=message):
        db.evolve(model, **arguments)


def test_evolve_is_for_entity_tables(db: rem.Database) -> None:
    with pytest.raises(rem.InputError, match="there is a system table edges"):
        db.evolve(FIRST, name="edges")
    with pytest.raises(rem.InputError, match='no table "task"'):
        db.evolve(FIRST, name="task")
