"""Half of a surrogate pair, as cut texts and JSON escapes bring it, at every door: an answer or a RemError."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import rem_arrow as rem

HALF = "cut \ud83d"
# Values of the arguments that a verb cannot do without.
NEEDED: Mapping[str, Any] = {
    "table": "entities",
    "query": "e",
    "id": "e",
    "ids": ["e"],
    "rows": {"id": "n", "name": "n"},
    "values": {"name": "E"},
    "text": "SELECT 1",
    "source": "entities",
    "session": "s",
    "name": "n",
    "role": "user",
    "content": "hello",
    "src": "e",
    "dst": "f",
    "edge_type": "knows",
    "a": "e",
    "b": "f",
    "column": "name",
    "data": pl.DataFrame({"a": [1]}),
    "document": "some text",
    "documents": [{"content": "some text"}],
    "prefix": "e",
    "question": "who is e",
    "path": "nowhere",
}
# Verbs without a text, and those that end what the others need, or write where the test would have to look.
LEFT_OUT = {"add_edges", "backup", "close", "duckdb", "evolve", "export", "register", "refresh", "transaction", "wait"}


def doors() -> Iterator[tuple[str, str]]:
    """Yield each public verb with each of its arguments that may be a text, or hold texts."""
    for verb, function in inspect.getmembers(rem.Database, inspect.isfunction):
        if verb.startswith("_") or verb in LEFT_OUT:
            continue
        for name, argument in inspect.signature(function).parameters.items():
            if any(word in str(argument.annotation) for word in ("str", "object", "Any", "Where", "EdgeTypes", "Time")):
                yield verb, name


def halves(value: Any) -> list[Any]:
    """Return what holds half of a pair in the place of a value: as it is, in a list, a dict, a statement, a
    condition."""
    inside = [{**value, key: HALF} for key in value] if isinstance(value, Mapping) else []
    return [HALF, [HALF], {"x": HALF}, {HALF: "x"}, f"SELECT '{HALF}'", f"name = '{HALF}'", *inside]


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[rem.Database]:
    with rem.connect(tmp_path_factory.mktemp("halves") / "db", background=False) as opened:
        opened.insert("entities", [{"id": "e", "name": "E"}, {"id": "f", "name": "F"}])
        opened.add_edge("e", "f", "knows")
        opened.start_session("chat", id="s")
        yield opened


@pytest.mark.parametrize(("verb", "argument"), list(doors()))
def test_no_door_lets_it_through(
    db: rem.Database, verb: str, argument: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    function = getattr(db, verb)
    parameters = inspect.signature(function).parameters
    given = [n for n, p in parameters.items() if p.default is p.empty and p.kind is not p.VAR_POSITIONAL]
    needed = {name: NEEDED.get(name, "e") for name in given}
    for value in halves(needed.get(argument)):
        positional = parameters[argument].kind is inspect.Parameter.VAR_POSITIONAL
        with contextlib.suppress(rem.RemError):
            function(value) if positional else function(**{**needed, argument: value})


@pytest.mark.parametrize("mode", ["text", "vector", "hybrid"])
def test_a_search_refuses_it(db: rem.Database, mode: Any) -> None:
    with pytest.raises(rem.InputError, match="half of a surrogate pair at character 4"):
        db.search("entities", HALF, mode=mode)


def test_what_would_write_it_is_refused_and_writes_nothing(db: rem.Database) -> None:
    """Ids, names and nested texts, by every verb that writes."""
    before = {t: db.sql(f"SELECT * FROM {t}").rows() for t in ("entities", "edges", "messages")}
    for call in (
        lambda: db.insert("entities", {"id": HALF, "name": "n"}),
        lambda: db.insert("entities", {"name": HALF}),
        lambda: db.insert("entities", [{"name": "good"}, {"name": "n", "properties": {"a": [HALF]}}]),
        lambda: db.insert("entities", [{"name": "n", "aliases": [HALF]}] * 100),
        lambda: db.update("entities", "e", {"name": HALF}),
        lambda: db.update("entities", "e", {"properties": {HALF: 1}}),
        lambda: db.add_edge("e", HALF, "t"),
        lambda: db.add_edge("e", "f", HALF),
        lambda: db.add_edge("e", "f", "t", properties={"a": HALF}),
        lambda: db.add_message("s", "user", HALF),
        lambda: db.sql("UPDATE entities SET name = $n", {"n": HALF}),
        lambda: db.sql(f"INSERT INTO entities (name) VALUES ('{HALF}')"),
        lambda: db.delete("entities", HALF),
    ):
        with pytest.raises(rem.InputError):
            call()
    assert {t: db.sql(f"SELECT * FROM {t}").rows() for t in before} == before
