"""What was done to a thing, where the deeds are rows of a table; what has run out; what is due to end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timezone

import pytest
from pydantic import BaseModel

import rem_arrow as rem

NOW = datetime(2026, 3, 15, 12, tzinfo=timezone.utc)


class Book(BaseModel):
    """A book."""

    title: str
    stock: int
    price_eur: float
    weight_kg: float = 0.3


class Loan(BaseModel):
    """A book that somebody has taken."""

    book: str
    borrowed_on: date
    fine_amount_eur: float = 0.0


class Contract(BaseModel):
    """A contract."""

    name: str
    starts_on: date
    ends_on: date


@pytest.fixture(scope="module")
def db() -> Iterator[rem.Database]:
    with rem.connect() as db:
        for model in (Book, Loan, Contract):
            db.register(model)
        db.insert("books", {"id": "sea", "title": "The Sea", "stock": 0, "price_eur": 12.0})
        db.insert("books", {"id": "owl", "title": "The Owl", "stock": 3, "price_eur": 31.0, "weight_kg": 2.5})
        for n, (book, day) in enumerate((("sea", 1), ("sea", 2), ("owl", 9))):
            db.insert(
                "loans", {"id": f"l{n}", "book": book, "borrowed_on": date(2026, 1 + n // 2, day), "fine_amount_eur": n}
            )
        db.insert("contracts", {"id": "a", "name": "Heat", "starts_on": date(2026, 1, 1), "ends_on": date(2027, 1, 5)})
        db.insert("contracts", {"id": "b", "name": "Light", "starts_on": date(2020, 1, 1), "ends_on": date(2026, 5, 5)})
        yield db


@pytest.mark.parametrize(
    ("question", "ids"),
    [
        ("what's the most borrowed book", ["sea"]),
        ("which books are out of stock?", ["sea"]),
        ("books in stock", ["owl"]),
        ("books over 20 euros that weigh more than 2 kg", ["owl"]),
        ("which contracts expire this year?", ["b"]),
    ],
)
def test_the_rows_are_right(db: rem.Database, question: str, ids: list[str]) -> None:
    answer = db.ask(question, now=NOW)
    assert answer.results["id"].to_list() == ids, answer.query
    assert answer.confidence >= 0.8


def test_who_does_it_may_be_no_person(db: rem.Database) -> None:
    db.insert("entities", {"id": "brew", "name": "Brewery", "entity_type": "sponsor"})
    db.add_edge("brew", "sea", "promotes")
    assert db.ask("who promotes The Sea?").results["id"].to_list() == ["brew"]


def test_what_is_not_known_is_declined(db: rem.Database) -> None:
    assert db.ask("will it snow during Heat?").confidence < 0.5


def test_a_total_amount_is_a_sum(db: rem.Database) -> None:
    assert db.ask("total amount of loans each month", now=NOW).results.rows() == [("2026-01", 1.0), ("2026-02", 2.0)]
