"""What is embedded of a row, by one rule for every model; and again where the rule or the model says otherwise."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, create_model

import rem_arrow as rem
from rem_arrow.model.builtin import BUILTIN
from rem_arrow.write.embedded_fields import TEXTS, TITLES
from rem_arrow.write.embeddings import Embeddings, EmbeddingWarning
from tests.effort import examples
from tests.patience import PATIENCE_S

WORDS = "a heron at the lake"


def model(fields: list[str], embedded: list[str] | None = None) -> Any:
    extra = {} if embedded is None else {"embedding_fields": embedded}
    columns: Any = dict.fromkeys(fields, (str | None, None))
    return create_model("Note", __config__=ConfigDict(json_schema_extra=extra), **columns)


def found(db: rem.Database, table: str, **options: Any) -> list[Any]:
    return db.search(table, WORDS, k=1, **options)["id"].to_list()


@pytest.mark.parametrize("mode", ["vector", "text", "hybrid"])
@pytest.mark.parametrize("table", list(BUILTIN))
def test_a_row_is_found_by_each_text_that_it_may_have_alone(table: str, mode: Any) -> None:
    builtin = BUILTIN[table]
    needed = {n: "x" for n, f in builtin.model_fields.items() if f.is_required()}
    with rem.connect(background=False) as db:
        for field in builtin.model_fields.keys() & {*TITLES, *TEXTS}:
            db.insert(table, [{**needed, "id": field, field: WORDS}, {**needed, "id": "other", field: "gravel"}])
            assert found(db, table, mode=mode) == [field]
            db.purge(table, [field, "other"])


@settings(max_examples=examples(15), deadline=None)
@given(
    fields=st.lists(st.sampled_from([*TITLES, *TEXTS, "owner", "path"]), min_size=1, max_size=5, unique=True),
    data=st.data(),
)
def test_a_row_of_any_model_is_found_by_what_it_has(fields: list[str], data: st.DataObject) -> None:
    embedded = [f for f in (*TITLES, *TEXTS) if f in fields]
    own = data.draw(st.sampled_from(fields))
    with rem.connect(background=False) as db:
        db.register(model(fields), name="notes")
        db.insert("notes", [{"id": "it", own: WORDS}, {"id": "other", fields[0]: "gravel"}])
        if own in embedded:
            assert found(db, "notes") == ["it"]
            return
        if embedded:
            assert "it" not in db.search("notes", WORDS, mode="vector")["id"].to_list()
            return
        with pytest.raises(rem.BindError, match="embedding_fields"):
            db.search("notes", WORDS, mode="vector")


def test_other_fields_are_embedded_again(tmp_path: Path) -> None:
    with rem.connect(tmp_path / "db") as db:
        db.register(model(["title", "text"], []), name="notes")
        db.insert("notes", [{"id": "it", "title": WORDS, "text": "gravel"}, {"id": "b", "title": "c", "text": "d"}])
        for embedded, query in ((["title"], WORDS), (["text"], "gravel"), (["title", "text"], WORDS)):
            with pytest.warns(EmbeddingWarning, match=f"is {', '.join(embedded)} now: its 2 rows are embedded again"):
                db.register(model(["title", "text"], embedded), name="notes")
            hits = db.search("notes", query, mode="vector", k=1)
            assert hits["id"].to_list() == ["it"]
            assert hits["_score"][0] == pytest.approx(1.0, abs=0.01) or len(embedded) > 1
        db.wait(PATIENCE_S)
        assert found(db, "notes") == ["it"]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            db.register(model(["title", "text"], ["title", "text"]), name="notes")
            db.register(model(["title", "text"], []), name="notes")
        with pytest.raises(rem.BindError):
            db.search("notes", WORDS, mode="vector")
        assert db.verify().height == 0


def test_what_a_closed_database_had_still_to_embed_is_embedded_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with rem.connect(tmp_path / "db", background=False) as db:
        db.register(model(["title", "text"], ["text"]), name="notes")
        db.insert("notes", [{"id": "it", "title": WORDS}, {"id": "b", "text": "gravel"}])
        monkeypatch.setattr(Embeddings, "fill", lambda *_, **__: 0)
        with pytest.warns(EmbeddingWarning):
            db.register(model(["title", "text"], ["title"]), name="notes")
        monkeypatch.undo()
    with rem.connect(tmp_path / "db") as db:
        db.wait(PATIENCE_S)
        assert found(db, "notes", mode="vector") == ["it"]


def test_a_field_that_gets_another_name_is_not_embedded_again(tmp_path: Path) -> None:
    class Before(BaseModel):
        title: str

    class After(BaseModel):
        headline: str

    with rem.connect(tmp_path / "db") as db, warnings.catch_warnings():
        warnings.simplefilter("error")
        db.register(Before, name="notes")
        db.insert("notes", {"id": "it", "title": WORDS})
        db.evolve(After, name="notes", renames={"title": "headline"})
        assert db.reembed("notes") == 0
        assert found(db, "notes") == ["it"]
