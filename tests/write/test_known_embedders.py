"""Functions that share a name are told apart by what they give."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

import rem_arrow as rem

Vectors = list[list[float]]
ROWS = [{"id": "a", "content": "a"}, {"id": "b", "content": "b"}]


def sided(texts: list[str], *, flipped: bool = False) -> Vectors:
    return [[1.0, 0.0] if ("a" in t) is not flipped else [0.0, 1.0] for t in texts]


def one() -> Any:
    return lambda texts: sided(texts)


def two() -> Any:
    """Another function of the same name and dimension."""
    return lambda texts: sided(texts, flipped=True)


two.__qualname__ = "one"
LAMBDA = "callable:one.<locals>.<lambda>"


def renamed(function: Any) -> Any:
    function.__qualname__ = LAMBDA.removeprefix("callable:")
    return function


def nearest(db: rem.Database, table: str = "resources") -> list[str]:
    return db.search(table, "a", k=1, mode="vector")["id"].to_list()


@pytest.mark.parametrize("again", [one(), partial(sided, flipped=False)])
def test_a_function_is_known_again(tmp_path: Path, again: Any) -> None:
    with rem.connect(tmp_path / "db", embedder=sided if isinstance(again, partial) else one()) as db:
        db.insert("resources", ROWS)
    with rem.connect(tmp_path / "db", embedder=again) as db:
        assert nearest(db) == ["a"]
        db.insert("resources", {"id": "c", "content": "c"})
        assert db.reembed("resources") == 0


def test_another_function_of_the_name_is_refused_until_all_is_its_own(tmp_path: Path) -> None:
    with rem.connect(tmp_path / "db", embedder=one()) as db:
        db.insert("resources", ROWS)
    other = renamed(two())
    with rem.connect(tmp_path / "db", embedder=other) as db:
        with pytest.raises(rem.InputError, match=r"the vectors of resources are not those .* db.reembed\('resources'"):
            nearest(db)
        with pytest.raises(rem.InputError, match="another function's"):
            db.sql("SELECT id FROM resources r WHERE r.embedding.cosine('a', k => 1)")
        with pytest.warns(UserWarning, match="not embedded yet: the vectors of resources"):
            db.insert("resources", {"id": "c", "content": "c"})
        assert db.reembed("resources", other) == 3
        assert nearest(db) == ["a"]
    with rem.connect(tmp_path / "db", embedder=one()) as db, pytest.raises(rem.InputError, match="another function's"):
        nearest(db)
    with rem.connect(tmp_path / "db", embedder=other) as db:
        assert nearest(db) == ["a"]


def test_two_functions_of_a_name_in_one_database(tmp_path: Path) -> None:
    """Each table is searched by its own."""
    first, second = one(), renamed(two())
    with rem.connect(tmp_path / "db", background=False) as db:
        for table in ("resources", "messages"):
            db.insert(table, [{**row, **({"role": "user"} if table == "messages" else {})} for row in ROWS])
        assert db.reembed("resources", first) == db.reembed("messages", second) == 2
        assert nearest(db) == nearest(db, "messages") == ["a"]
        assert db.reembed("resources", one()) == 0, "it gives the same"
    with rem.connect(tmp_path / "db", embedder=first) as db:
        assert nearest(db) == ["a"]
        assert db.reembed("messages", second) == 0
        assert nearest(db, "messages") == ["a"]


def test_vectors_that_rows_bring_say_nothing_of_the_function(tmp_path: Path) -> None:
    with rem.connect(tmp_path / "db", embedder=one()) as db:
        db.insert("resources", [{"id": "x", "content": "a", "embedding": [0.0, 1.0]}, *ROWS])
    with rem.connect(tmp_path / "db", embedder=one()) as db:
        assert nearest(db) == ["a"]
