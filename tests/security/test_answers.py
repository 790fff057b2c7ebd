"""What an embedder or a language model answers is checked before it is used: nothing of a wrong answer is stored, and
no answer writes."""

from __future__ import annotations

import math
import re
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

import rem_arrow as rem
from rem_arrow.ask.by_language_model import REPAIRS_MAX
from rem_arrow.language.language_model import Reply
from tests.patience import PATIENCE_S

Answer = Callable[[list[str]], Any]

WRONG: dict[str, Answer] = {
    "none": lambda _: None,
    "text": lambda _: "vectors",
    "texts": lambda t: [["1", "2"] for _ in t],
    "nan": lambda t: [[1.0, math.nan] for _ in t],
    "infinite": lambda t: [[1.0, math.inf] for _ in t],
    "too large for float32": lambda t: [[1.0, 1e300] for _ in t],
    "too large for a float": lambda t: [[10**400, 1] for _ in t],
    "complex": lambda t: [[1j, 1j] for _ in t],
    "booleans": lambda t: [[True, False] for _ in t],
    "one too few": lambda t: [[1.0, 0.0] for _ in t[1:]],
    "one too many": lambda t: [[1.0, 0.0] for _ in (*t, 1)],
    "nothing": lambda _: [],
    "one dimension too many": lambda t: [[1.0, 0.0, 0.0] for _ in t],
    "no dimension": lambda t: [[] for _ in t],
    "unequal": lambda t: [[1.0] * (1 + i) for i, _ in enumerate([*t, ""])],
    "nested": lambda t: [[[1.0, 0.0]] for _ in t],
    "huge": lambda t: np.zeros((len(t), 70_000), dtype=np.float32),
    "generator": lambda t: (v for v in [[1.0, 0.0]] * len(t)),
    "error": lambda _: 1 / 0,
    "stop": lambda _: next(iter(())),
    "exits": lambda _: (_ for _ in ()).throw(SystemError("x" * 100_000)),
}


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_vectors_are_never_stored(kind: str) -> None:
    """The rows are stored and stay without a vector, with a warning of bounded length; a search raises; the right
    vectors of later are stored."""
    wrong: list[Answer] = []
    right: Answer = lambda texts: [[1.0, 0.0]] * len(texts)
    with rem.connect(embedder=lambda texts: (wrong or [right])[0](texts)) as db:
        db.insert("resources", {"id": "before", "content": "x"})
        wrong.append(WRONG[kind])
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            db.insert("resources", [{"id": f"r{i}", "content": f"x {i}"} for i in range(3)])
        assert len(warned) == 1
        assert len(str(warned[0].message)) < 1_000
        assert db.sql("SELECT count(*) FROM resources WHERE embedding IS NOT NULL").item() == 1
        with pytest.raises(rem.LanguageError):
            db.search("resources", "x")
        with pytest.raises(rem.LanguageError):
            db.reembed("resources")
        assert db.sql("SELECT count(*) FROM resources WHERE embedding IS NOT NULL").item() == 1
        wrong.clear()
        db.reembed("resources")
        assert db.search("resources", "x").height == 4
        assert db.verify().height == 0


class Strange:
    """An embedder whose attributes are not what they say."""

    name: Any = "strange"
    dimension: Any = 2
    metric: Any = "cosine"
    batch_max: Any = 8

    def __init__(self, **changed: Any) -> None:
        vars(self).update(changed)

    def embed(self, texts: list[str]) -> list[list[float]]:
        return [[1.0, 0.0]] * len(texts)


@pytest.mark.parametrize(
    "changed",
    [
        {"name": None},
        {"name": ""},
        {"metric": "DROP TABLE"},
        {"batch_max": 0},
        {"batch_max": -1},
        {"batch_max": "8"},
        {"dimension": 0},
        {"dimension": -1},
        {"dimension": 10**9},
        {"dimension": "2"},
        {"dimension": 2.5},
        {"dimension": None},
        {"name": "x" * 1_000_000},
        {"name": "a\nb"},
    ],
)
def test_an_embedder_with_strange_attributes_is_refused(changed: dict[str, Any]) -> None:
    """When it is given, or first used; nothing is stored of it."""
    with pytest.raises(rem.RemError), rem.connect(embedder=Strange(**changed)) as db:
        db.insert("resources", {"content": "x"})
        db.search("resources", "x")


class Told:
    """A language model that answers as a test says."""

    name = "told"

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers = iter(answers)
        self.asked = 0

    def answer(self, instructions: str, turns: Any, schema: Any) -> Reply[Any]:
        self.asked += 1
        return Reply(schema.model_validate(next(self.answers)), "", 0)


def plan(sql: str, **changed: Any) -> dict[str, Any]:
    stages = [{"name": "s1", "sql": sql, "purpose": "rows"}]
    return {
        "query_type": "sql",
        "confidence": 0.9,
        "explanation": "",
        "stages": stages,
        "fallbacks": [],
        **changed,
    }


@pytest.fixture
def db() -> Iterator[rem.Database]:
    with rem.connect() as db:
        db.insert("entities", [{"id": "a", "name": "A"}, {"id": "b", "name": "B"}])
        yield db


def asked(db: rem.Database, *answers: dict[str, Any], **options: Any) -> Any:
    class Model(rem.LanguageModel):
        def __init__(self) -> None:
            self.name, self._told = "told", Told(*answers)

        def answer(self, instructions: str, turns: Any, schema: Any) -> Any:
            return self._told.answer(instructions, turns, schema)

    return db.ask("which entities?", model=Model(), **options)


WRITES = [
    "INSERT INTO entities (id, name) VALUES ('c', 'C')",
    "UPDATE entities SET name = 'X'",
    "DELETE FROM entities",
    "DROP TABLE entities",
    "TRUNCATE entities",
    "ALTER TABLE entities ADD COLUMN x INTEGER",
    "CREATE TABLE u AS SELECT 1 AS x",
    "CREATE VIEW u AS SELECT 1 AS x",
    "MERGE INTO entities USING (SELECT 'a' AS id) AS n ON entities.id = n.id WHEN MATCHED THEN DELETE",
    "COPY entities TO '{0}/x.csv'",
    "COPY entities FROM '{0}/in.csv'",
    "BEGIN",
    "COMMIT",
    "SELECT 1 AS x; DROP TABLE entities",
    "EXPLAIN ANALYZE DELETE FROM entities",
    "EXPLAIN DELETE FROM entities",
    "WITH gone AS (DELETE FROM entities RETURNING *) SELECT * FROM gone",
    "SELECT * FROM (DELETE FROM entities RETURNING *) AS x",
    "SELECT * FROM read_csv('{0}/in.csv')",
    "ATTACH '{0}/x' AS x",
    "SET memory_limit = '1GB'",
    "/* SELECT 1 */ DELETE FROM entities",
    "(SELECT 1); DELETE FROM entities; --",
]


@pytest.mark.parametrize("sql", WRITES)
def test_a_plan_that_writes_never_runs(db: rem.Database, sql: str, tmp_path: Any) -> None:
    """As a stage, and as a fallback: a language model is asked to correct it, and then given up."""
    (tmp_path / "in.csv").write_text("id,name\nd,D\n")
    text = sql.format(tmp_path)
    before = db.sql("SELECT id, name FROM entities ORDER BY id").rows(), db.tables().rows(), db.stats()["commit"]
    with pytest.raises(rem.LanguageError, match="gave no plan that can run"):
        asked(db, *[plan(text)] * (REPAIRS_MAX + 1))
    fallback = [{"sql": text, "purpose": "broader"}]
    answer = asked(db, plan("SELECT * FROM entities WHERE id = 'none'", fallbacks=fallback))
    assert all(f.sql != text for f in answer.fallbacks)
    after = db.sql("SELECT id, name FROM entities ORDER BY id").rows(), db.tables().rows(), db.stats()["commit"]
    assert after == before
    assert [p.name for p in tmp_path.iterdir()] == ["in.csv"]


def test_a_plan_is_bounded(db: rem.Database) -> None:
    """In stages, rows and time, and in the length of what it says."""
    many = [{"name": f"s{i}", "sql": "SELECT 1 AS x", "purpose": ""} for i in range(9)]
    with pytest.raises(rem.LanguageError, match="1 to 3 stages"):
        asked(db, *[plan("", stages=many)] * 3)
    with pytest.raises(rem.LanguageError, match="1 to 3 stages"):
        asked(db, *[plan("", stages=[])] * 3)
    assert asked(db, plan("SELECT * FROM range(1000000) AS r(x)"), rows_max=10).results.height == 10
    endless = "WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r) SELECT count(*) AS n FROM r"
    started = time.monotonic()
    with suppress(rem.LanguageError):
        # Unless the search for when nothing else is found finds something.
        assert "was stopped" in asked(db, plan(endless), timeout_s=0.5).stages[0].error
    assert time.monotonic() - started < PATIENCE_S
    for text in ("SELECT " + "(" * 5_000 + "1" + ")" * 5_000, "SELECT 1 AS x -- " + "x" * 1_100_000, "\x00", "SELECT"):
        with pytest.raises(rem.LanguageError) as caught:
            asked(db, *[plan(text)] * 3)
        assert len(str(caught.value)) < 5_000
    for confidence in (math.nan, math.inf, -1.0, 99.0):
        answer = asked(db, plan("SELECT * FROM entities", confidence=confidence))
        assert 0.0 <= answer.confidence <= 1.0


def test_an_answer_of_another_form_is_no_plan(db: rem.Database) -> None:
    """Names of stages that are those of tables, too long, or twice the same; others become plain names."""
    for name in ("s1; DROP TABLE entities", 's"1', "S1", ""):
        answer = asked(db, plan("", stages=[{"name": name, "sql": "SELECT 1 AS x", "purpose": ""}]))
        assert re.fullmatch("[a-z0-9_]+", answer.stages[0].name)
    for name in ("entities", "Entities", "x" * 60, "edges"):
        with pytest.raises(rem.LanguageError, match="of a stage is taken, or is not"):
            asked(db, *[plan("", stages=[{"name": name, "sql": "SELECT 1 AS x", "purpose": ""}])] * 3)
    twice = [{"name": "s", "sql": "SELECT 1 AS x", "purpose": ""}] * 2
    with pytest.raises(rem.LanguageError, match="of a stage is taken"):
        asked(db, *[plan("", stages=twice)] * 3)
