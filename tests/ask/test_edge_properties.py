"""Questions about the properties of edges: since when, how much, as what."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import pytest
from pydantic import BaseModel

import rem_arrow as rem


class Person(BaseModel):
    """Somebody who works."""

    name: str
    age: int = 30


class Firm(BaseModel):
    """A firm."""

    name: str
    founded: int = 1990


class Film(BaseModel):
    """A film."""

    title: str


@pytest.fixture(scope="module")
def db() -> Iterator[rem.Database]:
    with rem.connect() as db:
        for model in (Person, Firm, Film):
            db.register(model)
        db.insert("persons", [{"id": n[:3].lower(), "name": n} for n in ("Ann Lee", "Bob Ray", "Cid Fox")])
        db.insert("firms", [{"id": "acme", "name": "Acme"}, {"id": "beta", "name": "Beta Corp", "founded": 2005}])
        db.insert("films", [{"id": "night", "title": "Night Train"}, {"id": "red", "title": "Red Sea"}])
        for src, dst, since, role in (("ann", "acme", 2015, "engineer"), ("bob", "acme", 2019, "lead")):
            db.add_edge(src, dst, "works_at", properties={"since": since, "role": role})
        db.add_edge("cid", "beta", "works_at", properties={"since": 2021, "role": "lead", "remote": True})
        for src, dst, stars, day in (("ann", "night", 5, "2024-03-01"), ("bob", "night", 2, "2024-05-01")):
            db.add_edge(src, dst, "rated", properties={"stars": stars, "rated_on": day})
        db.add_edge(
            "bob",
            "red",
            "rated",
            properties={"stars": 4.5, "rated_on": "2025-05-01", "odd": [1], "weight": 7, "DST": 1},
        )
        yield db


@pytest.mark.parametrize(
    ("question", "ids"),
    [
        ("who has worked at Acme since 2018?", ["bob"]),
        ("people who work at Acme since 2015", ["ann", "bob"]),
        ("people who have not worked at Acme since 2018", ["ann", "cid"]),
        ("who works at Acme?", ["ann", "bob"]),
        ("who works as lead?", ["bob", "cid"]),
        ("who works as a lead at Acme", ["bob"]),
        ("films rated with more than 3 stars", ["night", "red"]),
        ("which films did Bob Ray rate with at least 4 stars?", ["red"]),
        ("which films did Ann Lee rate 5 stars?", ["night"]),
        ("who rated Night Train in May 2024?", ["bob"]),
        ("films rated in 2025", ["red"]),
        ("films rated with a weight over 6", ["red"]),
        ("firms founded since 2000", ["beta"]),
    ],
)
def test_an_edge_is_asked_for_by_its_properties(db: rem.Database, question: str, ids: list[str]) -> None:
    answer = db.ask(question)
    assert sorted(answer.results["id"].to_list()) == ids, answer.query
    assert answer.confidence >= 0.8


def test_a_property_that_no_edge_of_the_question_has_is_declined(db: rem.Database) -> None:
    assert db.ask("who works at Acme with more than 3 stars?").confidence < 0.5


def test_texts_of_before_they_were_checked_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rem_arrow.write.edges.from_json_text", lambda text: text)
    with rem.connect() as db:
        db.insert("entities", [{"id": "a", "name": "Ann"}, {"id": "b", "name": "Bob"}])
        db.add_edge("a", "b", "knows", properties="no json")
        assert db.ask("who knows Bob?").results["id"].to_list() == ["a"]


@pytest.mark.parametrize("write", ["verb", "frame", "sql"])
def test_properties_are_json(write: str) -> None:
    with rem.connect() as db, pytest.raises(rem.InputError, match=r"the properties of an edge are JSON, not 'no json'"):
        if write == "verb":
            db.add_edge("a", "b", "knows", properties="no json")
        elif write == "frame":
            db.load("edges", pl.DataFrame({"src": ["a"], "dst": ["b"], "edge_type": ["k"], "properties": ["no json"]}))
        else:
            db.sql("INSERT INTO edges (src, dst, edge_type, properties) VALUES ('a', 'b', 'k', 'no json')")
