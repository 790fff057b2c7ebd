"""A database keeps the embedder with which it began, and says how to move."""

from __future__ import annotations

import warnings

import pytest

import rem_arrow as rem
from rem_arrow.write.embeddings import EmbeddingWarning

TEXTS = ["reset your password in the settings", "invoices are sent on Mondays", "salt and pepper"]


def dimensions(db):
    """Return the length of the vectors of each table that has some."""
    return {
        tv.table.name: tv.table.embedding("embedding").dimension
        for tv in db._instance.store.version.tables.values()
        if tv.table.embeddings
    }


def fill(db):
    db.insert("resources", [{"id": str(i), "content": text} for i, text in enumerate(TEXTS)])


def first(db, query):
    return db.search("resources", query, mode="vector", k=1)["id"][0]


def test_a_new_database_knows_the_meaning_of_words(tmp_path):
    """By default, and the next opening neither warns nor changes it."""
    for _ in range(2):
        with warnings.catch_warnings(action="error"), rem.connect(tmp_path / "db") as db:
            if not db.sql("SELECT id FROM resources").height:
                fill(db)
            assert first(db, "I cannot sign in") == "0" and first(db, "when do bills come") == "1"
            assert set(dimensions(db).values()) == {512}


def test_an_old_database_keeps_hash_and_is_told_how_to_move(tmp_path):
    """It warns until it is moved or the embedder is named; new tables get the old embedder too."""
    with rem.connect(tmp_path / "db", embedder="hash") as db:
        fill(db)
    with pytest.warns(EmbeddingWarning, match=r"is hash, which compares .* db.reembed\(provider='wordllama'\)"):
        db = rem.connect(tmp_path / "db")
    with db:
        db.sql("CREATE TABLE notes (id VARCHAR, content VARCHAR)")
        assert set(dimensions(db).values()) == {384} and first(db, "password") == "0"
    with warnings.catch_warnings(action="error"):
        rem.connect(tmp_path / "db", embedder="hash").close()
        rem.connect(tmp_path / "db", read_only=True).close()
    with pytest.warns(EmbeddingWarning):
        db = rem.connect(tmp_path / "db")
    with db:
        assert db.reembed(provider="wordllama") == len(TEXTS)
        assert set(dimensions(db).values()) == {512} and first(db, "I cannot sign in") == "0"
    with warnings.catch_warnings(action="error"), rem.connect(tmp_path / "db") as db:
        assert db._instance.embedder == "wordllama" and first(db, "when do bills come") == "1"


def test_an_embedder_that_is_named_is_that_of_new_tables(tmp_path):
    """Those that are there keep theirs."""
    with rem.connect(tmp_path / "db", embedder="hash:32") as db:
        fill(db)
    with rem.connect(tmp_path / "db") as db:
        assert db._instance.embedder == "hash:32"
        assert set(dimensions(db).values()) == {32} and first(db, "password") == "0"


def test_a_function_is_not_found_by_its_name(tmp_path):
    """Without it the tables are there, and new ones get the default."""
    with rem.connect(tmp_path / "db", embedder=lambda texts: [[1.0, len(t)] for t in texts]) as db:
        fill(db)
    with rem.connect(tmp_path / "db") as db:
        assert db._instance.embedder == "wordllama" and db.sql("SELECT id FROM resources").height == 3


def test_a_title_counts_more_than_as_many_words_of_the_body(tmp_path):
    """The row whose title says it comes before the one whose body does."""
    with rem.connect() as db:
        rest = "The committee met on Tuesday and talked about the weather, the budget and the new carpet"
        db.insert(
            "resources",
            [
                {"id": "body", "name": "weather carpet", "content": f"{rest} bicycle repair"},
                {"id": "title", "name": "bicycle repair", "content": f"{rest} weather carpet"},
            ],
        )
        assert db.search("resources", "mending a bike", mode="vector")["id"].to_list() == ["title", "body"]
