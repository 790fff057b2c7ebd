"""UPDATE and DELETE column by column: the same rows, errors, index entries and vectors as row by row.

The oracle is the same table with a validator that sees whole rows, for which every row is made and validated.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

import rem_arrow as rem
from rem_arrow.storage import keys
from rem_arrow.write import loader
from tests.effort import examples

NAMES = ["Ada", "Bo", "Cy", "ÉVA", "dee dee"]


class Person(BaseModel):
    model_config = ConfigDict(json_schema_extra={"indexed_fields": ["age", "level"], "embedding_fields": ["about"]})

    id: str
    name: str
    aliases: list[str] = []
    age: int = Field(default=0, ge=0, le=99)
    level: Literal["low", "high"] = "low"
    score: float | None = None
    about: str | None = None
    code: Annotated[str, StringConstraints(to_upper=True, max_length=5)] = ""
    notes: dict[str, Any] = {}


class WholePerson(Person):
    @model_validator(mode="after")
    def _looked_at(self) -> WholePerson:
        return self


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


NEW_VALUES = st.one_of(
    st.sampled_from(NAMES).map(lambda n: f"name = {_text(n)}"),
    st.just("name = upper(name)"),
    st.integers(-1, 101).map(lambda n: f"age = {n}"),
    st.just("age = age + 40"),
    st.sampled_from(["low", "high", "none"]).map(lambda n: f"level = {_text(n)}"),
    st.sampled_from(["1.5", "NULL", "score * 2", "'nan'::DOUBLE"]).map(lambda n: f"score = {n}"),
    st.sampled_from(["'red wine'", "'blue sea'", "NULL", "about"]).map(lambda n: f"about = {n}"),
    st.sampled_from(["'abc'", "'too long for it'", "lower(code)", "NULL"]).map(lambda n: f"code = {n}"),
    st.sampled_from(["['x', 'Bo']", "[]", "NULL"]).map(lambda n: f"aliases = {n}"),
    st.sampled_from(["'{\"a\": [1, null]}'", "'[1]'", "'{}'"]).map(lambda n: f"notes = {n}"),
)
CONDITIONS = st.sampled_from(["true", "age > 30", "level = 'low'", "name = 'Ada'", "id IN ('p0', 'p3')", "false"])
STATEMENTS = st.one_of(
    st.tuples(st.lists(NEW_VALUES, min_size=1, max_size=3, unique_by=lambda s: s.split()[0]), CONDITIONS).map(
        lambda p: f"UPDATE people SET {', '.join(p[0])} WHERE {p[1]}"
    ),
    CONDITIONS.map(lambda c: f"DELETE FROM people WHERE {c} AND age > 50"),
    st.just("INSERT INTO people (id, name, age) VALUES ('p1', 'Bo', 7), ('p9', 'Ada', 8)"),
    st.sampled_from(["compact", "seal"]),
)


def _rows() -> list[dict[str, Any]]:
    return [
        {"id": f"p{i}", "name": NAMES[i % 5], "age": i * 12, "about": f"text {i}" if i % 3 else None, "notes": {"n": i}}
        for i in range(8)
    ]


def _made(model: type[BaseModel], *, many: bool) -> rem.Database:
    db = rem.connect(background=False)
    db.register(model, name="people")
    db.load("people", pl.DataFrame(_rows(), strict=False)) if many else db.insert("people", _rows())
    return db


def _done(db: rem.Database, statement: str) -> object:
    if statement in ("compact", "seal"):
        db.compact()
        return None
    try:
        return db.sql(statement).rows()
    except rem.RemError as error:
        # Of several wrong values columns name another one first.
        return type(error)


def _state(db: rem.Database) -> list[object]:
    shown = "id, name, aliases, age, level, score, about, code, notes"
    state: list[object] = [
        db.sql(f"SELECT {shown} FROM people ORDER BY id").rows(),
        sorted(db.lookup_entity(*NAMES, "x").select("id", "matched_on").rows()),
        db.sql("SELECT id FROM people WHERE level = 'high' ORDER BY id").rows(),
        sorted(db.search("people", "red wine", k=20, mode="vector")["id"].to_list()),
    ]
    state += [db.find("people", rem.Eq("age", age), order_by="id")["id"].to_list() for age in (7, 12, 40, 52, 99)]
    return state


@pytest.fixture(params=[pytest.param("tail", marks=pytest.mark.long), "segments"])
def bulk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    if request.param == "segments":
        monkeypatch.setattr(loader, "DIRECT_ROWS_MIN", 2)
    return bool(request.param == "segments")


@settings(max_examples=examples(8), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(statements=st.lists(STATEMENTS, min_size=1, max_size=6))
def test_columns_give_what_rows_give(bulk: bool, statements: list[str]) -> None:
    with _made(Person, many=bulk) as columns, _made(WholePerson, many=bulk) as rows:
        for statement in statements:
            assert _done(columns, statement) == _done(rows, statement), statement
            assert str(_state(columns)) == str(_state(rows)), statement
        assert columns.verify().is_empty() and rows.verify().is_empty()


def test_a_transaction_sees_its_updates_and_a_reader_does_not(bulk: bool) -> None:
    with _made(Person, many=bulk) as db:
        with db.transaction() as tx:
            tx.sql("UPDATE people SET name = 'Zoe', age = 1 WHERE age >= 60")
            assert tx.sql("SELECT count(*) FROM people WHERE name = 'Zoe'").item() == 3
            assert db.sql("SELECT count(*) FROM people WHERE name = 'Zoe'").item() == 0
            tx.sql("DELETE FROM people WHERE name = 'Zoe' AND id <> 'p7'")
        assert db.lookup_entity("Zoe")["id"].to_list() == ["p7"]
        assert db.sql("SELECT count(*) FROM people").item() == 6


def test_old_versions_keep_their_rows(bulk: bool) -> None:
    with _made(Person, many=bulk) as db, db.transaction() as before:
        db.sql("UPDATE people SET age = 5, aliases = ['Bo']")
        db.sql("DELETE FROM people WHERE id = 'p2'")
        db.compact()
        assert before.sql("SELECT sum(age) FROM people").item() == sum(i * 12 for i in range(8))
        assert before.lookup_entity("Bo")["id"].sort().to_list() == ["p1", "p6"]
        assert db.lookup_entity("Bo")["id"].sort().to_list() == ["p0", "p1", "p3", "p4", "p5", "p6", "p7"]


def test_an_error_names_the_row_and_the_field() -> None:
    with _made(Person, many=False) as db:
        with pytest.raises(
            rem.InputError, match=r'row 7: people, field "age": Input should be less than or equal to 99'
        ):
            db.sql("UPDATE people SET age = age + 20")
        with pytest.raises(rem.InputError, match=r'field "level".*got \'none\''):
            db.sql("UPDATE people SET level = 'none' WHERE id = 'p3'")
        with pytest.raises(rem.InputError, match=r'field "name"'):
            db.sql("UPDATE people SET name = NULL WHERE id = 'p3'")
        assert db.sql("SELECT sum(age) FROM people").item() == sum(i * 12 for i in range(8))


KEPT = {
    "n": pl.Series([1, None, 3, 4], dtype=pl.Int64),
    "t": pl.Series(["ä", None, "", "long enough to lie outside of a view"]),
    "d": pl.Series(["1.25", None, "-3.50", "0.00"]).cast(pl.Decimal(9, 2)),
    "l": pl.Series([[1, 2], [], None, [3]], dtype=pl.List(pl.Int64)),
    "x": pl.Series([0.5, None, 1.5, -0.0]),
}


@pytest.mark.parametrize("gap", [False, True], ids=["dense", "with-a-gap"])
def test_a_segment_that_is_updated_as_a_whole_keeps_the_pages_of_its_other_columns(
    gap: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that is younger than a column; what the log alone has of it is there after a reopening."""
    monkeypatch.setattr(loader, "DIRECT_ROWS_MIN", 2)
    rows = pl.DataFrame(KEPT)
    with rem.connect(tmp_path / "db", background=False) as db:
        db.load("t", rows)
        if gap:
            db.sql("DELETE FROM t WHERE n = 3")
            db.compact()
            rows = rows.filter(pl.col("n").ne_missing(3))
        db.sql("ALTER TABLE t ADD COLUMN late INTEGER DEFAULT 7")
        (before,) = db._instance.store.version.find("t").parts
        assert db.sql("UPDATE t SET x = x * 2, d = d + 1").item() == rows.height
        after = db._instance.store.version.find("t").parts[-1]
        assert after.part.number != before.part.number and after.part.dense != gap
        numbers = {f.name: f.number for f in db._instance.store.version.find("t").table.fields}
        for name in ("n", "t", "l"):
            assert after.part.raw_page(numbers[name], 0) == before.part.raw_page(numbers[name], 0)
        assert numbers["late"] not in after.part.columns
        expected = rows.with_columns(pl.col("x") * 2, (pl.col("d") + 1).cast(pl.Decimal(9, 2)), late=pl.lit(7))
        assert db.sql("SELECT * FROM t").rows() == expected.rows()
    with rem.connect(tmp_path / "db", background=False) as again:
        assert again.sql("SELECT * FROM t").rows() == expected.rows()
        assert again.verify().is_empty()


def test_a_damaged_page_is_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "DIRECT_ROWS_MIN", 2)
    with rem.connect(background=False) as db:
        db.load("t", pl.DataFrame(KEPT))
        (view,) = db._instance.store.version.find("t").parts
        key = keys.page_key(view.part.table, view.part.number, 1, 0)
        page = view.part.raw_page(1, 0)
        db._instance.store.kv.write([("pages", key, page[:-1] + bytes([page[-1] ^ 1]))])
        with pytest.raises(rem.CorruptionError, match=r"table t, segment \d+, column 1, page 0: .* fails its checksum"):
            db.sql("UPDATE t SET x = 1")
        assert db.sql("SELECT count(x) FROM t WHERE x <> 1").item() == 3
