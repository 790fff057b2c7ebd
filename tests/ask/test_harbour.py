"""Questions about ships and harbours: words by their meaning, units, ends of a way, opposites, amounts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from pydantic import BaseModel

import rem_arrow as rem


class Harbour(BaseModel):
    id: str
    name: str
    depth_m: float


class Captain(BaseModel):
    id: str
    name: str
    salary: int


class Ship(BaseModel):
    id: str
    name: str
    length_m: float
    captain_id: str | None = None


class Voyage(BaseModel):
    id: str
    ship_id: str
    origin_id: str
    destination_id: str
    departed_at: dt.datetime


class Fee(BaseModel):
    id: str
    ship_id: str
    amount: float
    paid: bool


class Inspection(BaseModel):
    id: str
    ship_id: str
    passed: bool


@pytest.fixture(scope="module")
def db() -> Iterator[rem.Database]:
    with rem.connect() as db:
        for model in (Harbour, Captain, Ship, Voyage, Fee, Inspection):
            db.register(model, name=model.__name__.lower() + "s")
        db.insert(
            "harbours", [{"id": "h1", "name": "Bergen", "depth_m": 11.5}, {"id": "h2", "name": "Oslo", "depth_m": 9}]
        )
        db.insert(
            "captains", [{"id": "c1", "name": "Olaf Berg", "salary": 10}, {"id": "c2", "name": "Ada Lie", "salary": 9}]
        )
        db.insert(
            "ships",
            [
                {"id": "s1", "name": "Nordlys", "length_m": 140.0, "captain_id": "c1"},
                {"id": "s2", "name": "Polaris", "length_m": 48.0, "captain_id": "c2"},
            ],
        )
        db.insert(
            "voyages",
            [
                {
                    "id": f"v{n}",
                    "ship_id": ship,
                    "origin_id": origin,
                    "destination_id": end,
                    "departed_at": dt.datetime(2026, n, 2, 8),
                }
                for n, ship, origin, end in [(3, "s1", "h1", "h2"), (4, "s1", "h2", "h1"), (5, "s2", "h2", "h1")]
            ],
        )
        db.insert(
            "fees",
            [
                {"id": f"f{n}", "ship_id": ship, "amount": amount, "paid": paid}
                for n, ship, amount, paid in [(1, "s1", 10.0, True), (2, "s1", 20.0, False), (3, "s2", 5.0, False)]
            ],
        )
        db.insert("inspections", [{"id": f"i{n}", "ship_id": "s1", "passed": n > 1} for n in (1, 2, 3)])
        db.add_edge("c1", "c2", "trained_by")
        yield db


QUESTIONS = [
    ("Show the boats", ["s1", "s2"]),
    ("Trips of the Nordlys", ["v3", "v4"]),
    ("Voyages that left in April 2026", ["v4"]),
    ("wages of Olaf Berg", [10]),
    ("voyages to Bergen", ["v4", "v5"]),
    ("voyages from Bergen", ["v3"]),
    ("Ships shorter than 50 m", ["s2"]),
    ("Which harbours are deeper than 10 metres?", ["h1"]),
    ("Failed inspections", ["i1"]),
    ("Total amount of unpaid fees", [25.0]),
    ("Who trained Olaf Berg?", ["c2"]),
]


@pytest.mark.parametrize(("question", "expected"), QUESTIONS)
def test_a_question_is_answered_and_sure(db, question, expected):
    answer = db.ask(question)
    assert answer.confidence >= 0.5
    assert answer.results.to_series(0).sort().to_list() == expected, answer.query


def test_a_sum_for_each_ship_is_that_of_the_only_amount(db):
    assert sorted(db.ask("Sum of fees per ship").results.rows()) == [("Nordlys", 30.0), ("Polaris", 5.0)]


@pytest.mark.parametrize("question", ["How many sailors died?", "What cameras do the ships have?"])
def test_words_of_the_same_field_are_no_synonyms(db, question):
    assert db.ask(question).confidence < 0.5
