"""Vectors that were not computed when their rows were stored are made up for."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

import rem_arrow as rem
from rem_arrow.write.embeddings import Embeddings
from tests.children import run_python
from tests.patience import PATIENCE_S

KILLED = """
    import os, sys, rem_arrow as rem
    from rem_arrow.write.embeddings import Embeddings
    db = rem.connect(sys.argv[1], background=False)
    Embeddings.fill = lambda *_, **__: os._exit(0)
    db.insert("resources", {"id": "a", "name": "A", "content": "the red fox"})
"""


def nearest(db: rem.Database) -> list[str]:
    return db.search("resources", "the red fox", k=5, mode="vector")["id"].to_list()


@pytest.mark.parametrize("background", [True, pytest.param(False, marks=pytest.mark.long)])
def test_a_killed_process_loses_no_vectors(tmp_path: Path, background: bool) -> None:
    """The rows were stored; the next connection computes what is missing."""
    assert run_python(KILLED, tmp_path / "db").returncode == 0
    with rem.connect(tmp_path / "db", read_only=True) as reader:
        assert reader.get("resources", "a")["name"] == "A"
        assert nearest(reader) == []
    with rem.connect(tmp_path / "db", background=background) as db:
        if background:
            db.wait(PATIENCE_S)
        assert nearest(db) == ["a"]


def test_the_insert_after_a_failure_makes_up_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all rows of its table, not of its own only."""
    with rem.connect(tmp_path / "db", background=False) as db:

        def full(*_: object) -> int:
            raise rem.ExecuteError("the disk is full")

        with monkeypatch.context() as patch:
            patch.setattr(Embeddings, "_filled", full)
            with pytest.warns(UserWarning, match="not embedded yet: the disk is full"):
                db.insert("resources", {"id": "a", "name": "A", "content": "the red fox"})
        assert nearest(db) == []
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            db.insert("resources", {"id": "b", "name": "B", "content": "a blue dog"})
        assert nearest(db)[0] == "a"
        assert db.stats()["embedding_failure"] is None
