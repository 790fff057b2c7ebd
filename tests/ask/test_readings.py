"""Questions as people ask them, over tables that refer to each other by keys, names and edges; the answers are those of
SQL by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from pydantic import BaseModel, Field

import rem_arrow as rem
from tests.ask.conftest import NOW


class Vet(BaseModel):
    """A veterinarian."""

    name: str
    city: str
    salary: int = Field(description="Yearly salary in euros")
    hired_on: date


class Animal(BaseModel):
    """An animal that is treated here."""

    name: str
    species: str
    weight_kg: float
    born_on: date
    insured: bool
    chip: str | None = None


class Visit(BaseModel):
    """A visit of an animal."""

    animal_id: str
    vet: str
    reason: str
    fee: float
    visited_on: date
    paid_on: date | None = None
    notes: str = ""


class Walk(BaseModel):
    """A walk with a dog."""

    name: str
    minutes: int
    target_minutes: int


@pytest.fixture(scope="module")
def clinic() -> Iterator[rem.Database]:
    with rem.connect() as db:
        for name, model in (("vets", Vet), ("animals", Animal), ("visits", Visit), ("walks", Walk)):
            db.register(model, name=name)
        db.insert("vets", [
            {"id": "v1", "name": "Ruth Ashford", "city": "Graz", "salary": 88000, "hired_on": "2009-04-01"},
            {"id": "v2", "name": "Omar Haddad", "city": "Linz", "salary": 66000, "hired_on": "2023-06-12"},
            {"id": "v3", "name": "Yuki Tanaka", "city": "Graz", "salary": 79500, "hired_on": "2020-11-01"},
        ])  # fmt: skip
        animals = [
            ("a1", "Storm", "dog", 41.2, "2018-03-01", True, "c1"),
            ("a2", "Rocky", "dog", 33.9, "2020-05-05", False, None),
            ("a3", "Luna", "cat", 4.1, "2016-01-09", True, None),
            ("a4", "Coco", "parrot", 0.4, "2021-07-07", False, "c2"),
            ("a5", "Bandit", "cat", 5.2, "2012-02-02", False, None),
        ]  # fmt: skip
        columns = ("id", "name", "species", "weight_kg", "born_on", "insured", "chip")
        db.insert("animals", [dict(zip(columns, a, strict=True)) for a in animals])
        visits = [
            ("a1", "Ruth Ashford", "surgery", 620, "2026-05-02", "2026-05-20", "Broken leg fixed with a plate."),
            ("a1", "Omar Haddad", "checkup", 55, "2026-06-10", None, "Heart murmur heard."),
            ("a2", "Ruth Ashford", "checkup", 60, "2026-06-12", "2026-06-12", "Healthy."),
            ("a3", "Ruth Ashford", "vaccination", 48, "2025-11-03", None, "No reaction."),
            ("a5", "Omar Haddad", "dental", 240, "2026-01-15", "2026-02-01", "Two teeth extracted."),
        ]
        columns = ("animal_id", "vet", "reason", "fee", "visited_on", "paid_on", "notes")
        db.insert("visits", [{"id": f"w{i}"} | dict(zip(columns, v, strict=True)) for i, v in enumerate(visits, 1)])
        db.insert("walks", [{"id": "k1", "name": "walk", "minutes": 30, "target_minutes": 20},
                            {"id": "k2", "name": "river", "minutes": 10, "target_minutes": 45}])  # fmt: skip
        db.add_edge("v3", "a4", "owns")
        yield db


ROWS = [
    ("who lives in Graz?", "SELECT name FROM vets WHERE city = 'Graz'"),
    ("the cat Luna", "SELECT name FROM animals WHERE name = 'Luna'"),
    ("salary of Yuki Tanaka", "SELECT salary FROM vets WHERE name = 'Yuki Tanaka'"),
    ("when was Ruth Ashford hired?", "SELECT hired_on FROM vets WHERE name = 'Ruth Ashford'"),
    ("how much does Coco weigh", "SELECT weight_kg FROM animals WHERE name = 'Coco'"),
    ("which vet has the highest salary?", "SELECT name FROM vets ORDER BY salary DESC LIMIT 1"),
    ("what is the highest salary?", "SELECT max(salary) FROM vets"),
    ("the two heaviest dogs", "SELECT name FROM animals WHERE species = 'dog' ORDER BY weight_kg DESC LIMIT 2"),
    ("which vet has the most visits?", "SELECT vet FROM visits GROUP BY vet ORDER BY count(*) DESC LIMIT 1"),
    ("oldest cat", "SELECT name FROM animals WHERE species = 'cat' ORDER BY born_on LIMIT 1"),
    ("animals without a chip", "SELECT name FROM animals WHERE chip IS NULL"),
    ("animals that are not insured", "SELECT name FROM animals WHERE NOT insured"),
    ("animals that are neither cats nor dogs", "SELECT name FROM animals WHERE species NOT IN ('cat', 'dog')"),
    ("animals that never had a visit", "SELECT name FROM animals WHERE id NOT IN (SELECT animal_id FROM visits)"),
    ("visits that were not paid", "SELECT id FROM visits WHERE paid_on IS NULL"),
    ("animals with more than one visit", "SELECT name FROM animals WHERE id IN "
     "(SELECT animal_id FROM visits GROUP BY 1 HAVING count(*) > 1)"),
    ("visits of dogs", "SELECT v.id FROM visits v JOIN animals a ON a.id = v.animal_id WHERE species = 'dog'"),
    ("animals with visits by Omar Haddad", "SELECT name FROM animals WHERE id IN "
     "(SELECT animal_id FROM visits WHERE vet = 'Omar Haddad')"),
    ("what does Yuki Tanaka own?", "SELECT 'Coco'"),
    ("is Storm insured?", "SELECT true"),
    ("is Rocky insured?", "SELECT false"),
    ("are there any parrots without a chip?", "SELECT false"),
    ("how many pets do we have?", "SELECT count(*) FROM animals"),
    ("how many different reasons do visits have?", "SELECT count(DISTINCT reason) FROM visits"),
    ("total fee of the visits in June 2026", "SELECT sum(fee) FROM visits "
     "WHERE visited_on >= '2026-06-01' AND visited_on < '2026-07-01'"),
    ("visits last month", "SELECT id FROM visits WHERE visited_on >= '2026-05-01' AND visited_on < '2026-06-01'"),
    ("visits since May", "SELECT id FROM visits WHERE visited_on >= '2026-05-01'"),
    ("visits in the week before 2026-06-13", "SELECT id FROM visits "
     "WHERE visited_on >= '2026-06-06' AND visited_on < '2026-06-13'"),
    ("vets hired before 2010", "SELECT name FROM vets WHERE hired_on < '2010-01-01'"),
    ("animals older than 9 years", "SELECT name FROM animals WHERE born_on < '2017-06-15'"),
    ("visits with a fee over 100 euros", "SELECT id FROM visits WHERE fee > 100"),
    ("visits with a fee above average", "SELECT id FROM visits WHERE fee > (SELECT avg(fee) FROM visits)"),
    ("walks whose minutes exceed the target minutes", "SELECT name FROM walks WHERE minutes > target_minutes"),
    ("walks called walk", "SELECT name FROM walks WHERE name = 'walk'"),
    ("checkups where a heart murmur was heard", "SELECT id FROM visits "
     "WHERE reason = 'checkup' AND notes ILIKE '%heart murmur%'"),
    ("vists by Omar Hadad", "SELECT id FROM visits WHERE vet = 'Omar Haddad'"),
    ("Hi, could you please list all the dogs? Thanks!", "SELECT name FROM animals WHERE species = 'dog'"),
]  # fmt: skip


@pytest.mark.parametrize(("question", "sql"), ROWS, ids=[r[0] for r in ROWS])
def test_the_rows_are_right(clinic, question, sql):
    """Some column of the answer holds what the statement gives, and nothing else."""
    answer = clinic.ask(question, now=NOW)
    right = sorted(map(str, clinic.sql(sql).to_series().to_list()))
    assert not answer.declined, answer
    assert right in [sorted(map(str, answer.results[c].to_list())) for c in answer.results.columns], answer


@pytest.mark.parametrize(
    ("question", "groups"),
    [
        ("visits per reason", {("surgery",): 1, ("checkup",): 2, ("vaccination",): 1, ("dental",): 1}),
        ("how many animals by species and insured", None),
        ("visits per month in 2026", {("2026-01",): 1, ("2026-05",): 1, ("2026-06",): 2}),
        ("average fee per vet", {("Ruth Ashford",): 242.66666666666666, ("Omar Haddad",): 147.5}),
        ("number of visits for each species", {("dog",): 3, ("cat",): 2}),
    ],
)
def test_groups(clinic, question, groups):
    answer = clinic.ask(question, now=NOW)
    if groups is None:
        assert answer.results.width == 3 and answer.results.height == 5, answer
    else:
        assert {row[:-1]: row[-1] for row in answer.results.iter_rows()} == groups, answer


@pytest.mark.parametrize(
    "question",
    [
        "what colour is Storm?",
        "which vet is the friendliest?",
        "how old is Ruth Ashford?",
        "will Storm recover?",
        "capital of Australia",
        "who won the Champions League in 2023?",
        "which nurse was on duty yesterday?",
    ],
)
def test_what_the_data_cannot_say_is_declined(clinic, question):
    answer = clinic.ask(question, now=NOW)
    assert answer.declined and answer.results.is_empty() and answer.confidence < 0.5, answer


def test_a_conversation_goes_on(clinic):
    """Conditions are added, replaced, and referred to; another conversation knows nothing of them."""
    assert clinic.ask("visits of Ruth Ashford", session="a", now=NOW).results.height == 3
    assert clinic.ask("only the checkups", session="a", now=NOW).results["id"].to_list() == ["w3"]
    assert clinic.ask("and the surgery ones?", session="a", now=NOW).results["id"].to_list() == ["w1"]
    assert clinic.ask("animals that are dogs", session="b", now=NOW).results.height == 2
    assert clinic.ask("what about cats?", session="b", now=NOW).results["name"].to_list() == ["Luna", "Bandit"]
    assert clinic.ask("how many are they?", session="b", now=NOW).results.item() == 2
    assert clinic.ask("only the insured ones", session="c", now=NOW).results.height != 1
    with pytest.raises(rem.InputError, match="the name of a conversation"):
        clinic.ask("dogs", session="")


def test_a_taught_word_counts_from_then_on(tmp_path):
    """It is stored with the database, and may be taught anew."""
    with rem.connect(tmp_path / "db") as db:
        db.load("animals", [{"name": "Rex", "kind": "dog"}, {"name": "Tom", "kind": "cat"}])
        db.load("machines", [{"title": "Mill", "power": 3}])
        assert db.ask("how many gizmos are there?").declined
        db.teach("gizmos", "animals")
        db.teach("Tomcats", "cat")
        assert db.ask("how many gizmos are there?").results.item() == 2
        assert db.ask("animals that are tomcats").results["name"].to_list() == ["Tom"]
        db.teach("gizmos", "machines")
    with rem.connect(tmp_path / "db") as db:
        assert db.ask("how many gizmos are there?").results.item() == 1
        assert sorted(db.sql("SELECT word FROM taught_words").to_series()) == ["gizmos", "tomcats"]
        with pytest.raises(rem.InputError, match="its meaning"):
            db.teach("x", " ")


def test_the_plan_is_drawn(clinic, capsys):
    """A tree, each stage with those that it reads."""
    answer = clinic.ask("visits of dogs", now=NOW)
    answer.show()
    assert capsys.readouterr().out.startswith("rows: the rows of visits that are asked for (3 rows)\n├─ SELECT")
    assert answer.sql == answer.query and "animals_found" in answer.drawn()
