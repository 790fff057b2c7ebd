"""Finding entities by what they are called: lookup, fuzzy search and completion on a database that changes."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

import rem_arrow as rem
from rem_arrow.index.words import normalise
from tests.effort import examples
from tests.index.test_trigrams import plain_trigrams
from tests.patience import join, started


class Ticket(BaseModel):
    """Something with a key, a title and other names."""

    model_config = ConfigDict(json_schema_extra={"key_field": "code", "embedding_fields": []})

    code: str
    title: str | None = None
    aliases: list[str] = []
    notes: str = ""


FIELDS = ("id", "code", "aliases", "title")


@pytest.fixture
def db() -> Iterator[rem.Database]:
    with rem.connect() as db:
        db.register(Ticket)
        yield db


def texts_of(row: dict, fields: tuple[str, ...] = FIELDS) -> list[tuple[str, str]]:
    found = []
    for field in fields:
        value = row.get(field)
        found += [(field, v) for v in ([value] if isinstance(value, str) else value or [])]
    return found


def brute_force(rows: list[dict], query: str, k: int, threshold: float) -> list[tuple[str, str, float]]:
    """Compare every name of every row; rows are in the order of their first insert."""
    wanted = plain_trigrams(query)
    best = []
    for place, row in enumerate(rows):
        scored = []
        for field, text in texts_of(row):
            shared = len(wanted & plain_trigrams(text))
            if shared:
                scored.append((-(shared / len(wanted | plain_trigrams(text))), FIELDS.index(field), field))
        if scored and -min(scored)[0] >= threshold:
            score, _, field = min(scored)
            best.append((score, place, row["id"], field))
    return [(id_, field, -score) for score, _, id_, field in sorted(best)[:k]]


def found(db, query: str, **options) -> list[tuple[str, str, float]]:
    return db.fuzzy(query, **options).select("id", "matched_on", "score").rows()


NAMES = st.text(alphabet="abcdé -_ß漢1", min_size=1, max_size=8)
ROW = st.fixed_dictionaries({"code": NAMES, "title": st.none() | NAMES, "aliases": st.lists(NAMES, max_size=3)})
STEP = st.one_of(
    st.tuples(st.just("put"), st.integers(0, 5), ROW),
    st.tuples(st.just("delete"), st.integers(0, 5)),
    st.tuples(st.just("purge"), st.integers(0, 5)),
    st.tuples(st.sampled_from(["compact", "refuse", "ask"])),
)


@given(
    steps=st.lists(STEP, max_size=12),
    query=NAMES.filter(str.strip),
    k=st.integers(1, 4),
    threshold=st.sampled_from([0.0, 0.2, 0.3, 0.6]),
)
@settings(max_examples=examples(20), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_fuzzy_finds_what_a_comparison_of_all_rows_finds(steps, query, k, threshold):
    """Through inserts, updates, soft deletes, purges, seals, transactions that are undone, and at the end a second
    look."""
    with rem.connect(background=False) as db:
        db.register(Ticket)
        live: dict[str, dict] = {}
        order: list[str] = []
        for step in steps:
            id_ = f"id {step[1]}" if len(step) > 1 else ""
            if step[0] == "put":
                live[id_] = {"id": id_, **step[2]}
                order += [id_] if id_ not in order else []
                db.insert("tickets", live[id_])
            elif step[0] in ("delete", "purge") and id_ in live:
                (db.delete if step[0] == "delete" else db.purge)("tickets", id_)
                del live[id_]
                # A row that is purged gets a new place when it comes again.
                order = [o for o in order if step[0] == "delete" or o != id_]
            elif step[0] == "compact":
                db.compact()
            elif step[0] == "refuse":
                with db.transaction() as tx:
                    tx.insert("tickets", {"id": "own", "code": query})
                    assert tx.fuzzy(query, k=100, threshold=0.0).height >= (1 if plain_trigrams(query) else 0)
                    tx.rollback()
            elif step[0] == "ask" and query.strip():
                found(db, query)
        rows = [live[o] for o in order if o in live]
        if query.strip():
            assert sorted(found(db, query, k=100, threshold=threshold)) == sorted(
                brute_force(rows, query, 100, threshold)
            )
            scores = [s for *_, s in found(db, query, k=k, threshold=threshold)]
            assert scores == [s for *_, s in brute_force(rows, query, k, threshold)]


@given(rows=st.lists(ROW, min_size=1, max_size=8), prefix=NAMES, k=st.integers(1, 5), sealed=st.booleans())
@settings(max_examples=examples(20))
def test_complete_finds_what_begins_so(rows, prefix, k, sealed):
    """The first texts in order, one for each row, as a scan of all rows gives them."""
    if not prefix.strip():
        return
    with rem.connect(background=False) as db:
        db.register(Ticket)
        rows = [{"id": f"{'abc'[i % 3]}{i}", **row} for i, row in enumerate(rows)]
        db.insert("tickets", rows[: len(rows) // 2])
        if sealed:
            db.compact()
        db.insert("tickets", rows[len(rows) // 2 :])
        folded = normalise(prefix) + (" " if prefix[-1].isspace() else "")
        best = {}
        for row in rows:
            texts = [normalise(t).encode() for _, t in texts_of(row, ("id", "code", "aliases"))]
            good = [t for t in texts if t.startswith(folded.encode())]
            if good:
                best[row["id"]] = min(good)
        got = db.complete(prefix, k=k)
        assert [normalise(t).encode() for t in got["text"]] == sorted(best.values())[:k]
        assert all(best[id_] == normalise(t).encode() for id_, t in got.select("id", "text").rows())


def test_a_reopened_database_finds_the_same(tmp_path):
    """The index is in memory; it is made again."""
    with rem.connect(tmp_path / "a.rem") as db:
        db.register(Ticket)
        db.insert(
            "tickets",
            [
                {"id": "1", "code": "TAP-1", "title": "Login fails"},
                {"id": "2", "code": "TAP-2", "title": "Logout fails"},
            ],
        )
        before = found(db, "login fials")
    with rem.connect(tmp_path / "a.rem", read_only=True) as db:
        assert found(db, "login fials") == before != []
        assert db.complete("tap")["text"].to_list() == ["TAP-1", "TAP-2"]


def test_every_field_that_names_is_searched_and_no_other(db):
    """A title is a name, notes are not; ids that are UUIDs are no words."""
    db.insert(
        "tickets",
        {
            "id": "0190c2a4-7d3b-7a10-8c3e-0123456789ab",
            "code": "TAP-1",
            "title": "Login fails",
            "notes": "secret remark",
        },
    )
    assert found(db, "login fials")[0][1] == "title"
    assert found(db, "secret remark") == []
    assert found(db, "0190c2a4-7d3b-7a10-8c3e-0123456789ab") == []
    assert db.lookup_entity("0190C2A4-7D3B-7A10-8C3E-0123456789AB").height == 1


@given(
    rows=st.lists(ROW, max_size=8),
    queries=st.lists(st.none() | NAMES | st.sampled_from(["ab", "a b"]), max_size=6),
    k=st.integers(1, 3),
    threshold=st.sampled_from([0.0, 0.3, 0.6]),
)
@settings(max_examples=examples(20))
def test_many_names_find_what_each_finds(rows, queries, k, threshold):
    """FUZZY and LOOKUP of a column, and beside a table: for each name, at its place, what a call of its own gives."""
    with rem.connect(background=False) as db:
        db.register(Ticket)
        rows = [{"id": f"id {i}", **row} for i, row in enumerate(rows)]
        db.insert("tickets", rows[: len(rows) // 2])
        db.compact()
        db.insert("tickets", rows[len(rows) // 2 :])
        given_ = [(place, q) for place, q in enumerate(queries, 1) if q is not None and q.strip()]
        alike = [(q, place, *hit) for place, q in given_ for hit in brute_force(rows, q, k, threshold)]
        got = db.fuzzy(queries, k=k, threshold=threshold).select("asked", "position", "id", "matched_on", "score")
        assert [(a, p, s) for a, p, _, _, s in got.rows()] == [(a, p, s) for a, p, _, _, s in alike]
        one_by_one = [(q, place, *row) for place, q in given_ for row in found(db, q, k=k, threshold=threshold)]
        assert got.rows() == one_by_one
        frames = {"q": pl.DataFrame({"n": range(1, len(queries) + 1), "name": queries}, schema={"n": int, "name": str})}
        beside = db.sql(
            "SELECT f.asked, q.n, f.id, f.matched_on, f.score FROM q, "
            "LATERAL FUZZY(q.name, k => $k, threshold => $t) f "
            "ORDER BY q.n, f.score DESC",
            {"k": k, "t": threshold},
            frames=frames,
        )
        assert sorted(beside.rows()) == sorted(got.rows())
        named = [
            (q, place, *row) for place, q in given_ for row in db.lookup_entity(q).select("id", "matched_on").rows()
        ]
        assert db.lookup_entity(queries).select("asked", "position", "id", "matched_on").rows() == named
        text = "SELECT f.asked, q.n, f.id, f.matched_on FROM q, LATERAL LOOKUP(q.name) f"
        assert sorted(db.sql(text, frames=frames).rows()) == sorted(named)


@pytest.mark.parametrize(
    "names",
    [
        ["ada", None, " ", "b"],
        ("ada", None, "", "b"),
        pl.Series(["ada", None, "", "b"]),
        pl.DataFrame({"n": ["ada", None, "", "b"]}),
        pa.array(["ada", None, "", "b"]),
        pa.chunked_array([["ada", None], ["", "b"]]),
        pa.table({"n": ["ada", None, "", "b"]}),
        pd.Series(["ada", None, "", "b"]),
        pd.DataFrame({"n": ["ada", None, "", "b"]}),
        np.array(["ada", None, "", "b"], dtype=object),
    ],
    ids=lambda n: type(n).__module__.split(".")[0] + "." + type(n).__name__,
)
def test_names_come_in_any_column(db, names):
    """What is missing or blank has no rows, and its place counts."""
    db.insert("entities", [{"id": "1", "name": "Ada"}, {"id": "b", "name": "Bob"}])
    assert db.lookup_entity(names).select("id", "asked", "position").rows() == [("1", "ada", 1), ("b", "b", 4)]
    assert db.fuzzy(names, k=1).select("id", "asked", "position").rows() == [("1", "ada", 1), ("b", "b", 4)]


def test_fuzzy_keeps_to_a_table_and_shows_the_entity(db):
    """The columns are those of a lookup, and the score."""
    db.insert("tickets", {"id": "1", "code": "Ada"})
    db.insert("entities", {"id": "2", "name": "Ada"})
    frame = db.fuzzy("ada", table="entities")
    assert frame.columns == ["table", "id", "name", "matched_on", "score", "entity", "asked", "position"]
    assert frame.drop("entity").rows() == [("entities", "2", "Ada", "name", 1.0, "ada", 1)]
    assert '"name":"Ada"' in frame["entity"][0]
    assert db.fuzzy("ada").height == 2
    assert db.fuzzy("?!").height == 0


def test_of_a_name_that_many_bear_the_first_rows_come(db):
    """Ties go by the order of the rows, over segments and tail, whatever field is alike."""
    db.insert("tickets", [{"id": f"{i:03}", "code": "same name", "title": "same name"} for i in range(40)])
    db.compact()
    db.insert(
        "tickets",
        [{"id": f"{i:03}", "code": "same name", "aliases": ["same name", "name same"]} for i in range(40, 80)],
    )
    db.update("tickets", "003", {"code": "other"})
    db.delete("tickets", "001")
    for k in (1, 5, 50, 79, 100):
        assert db.fuzzy("same name", k=k)["id"].to_list() == [f"{i:03}" for i in range(80) if i != 1][:k]


def test_two_threads_search_while_a_third_writes(db):
    """Nobody sees a row half, and all rows are found in the end."""
    failures: list[BaseException] = []
    done = threading.Event()

    def search() -> None:
        try:
            while not done.is_set():
                assert all(s == 1.0 for s in db.fuzzy("needle", k=1_000, threshold=0.99)["score"])
                assert all(t.startswith("needle") for t in db.complete("needle", k=50)["text"])
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    threads = started(search, search)
    try:
        for i in range(200):
            db.insert("tickets", {"id": f"n{i}", "code": "needle" if i % 2 else f"hay {i}"})
            if i % 50 == 49:
                db.compact()
    finally:
        done.set()
    join(threads)
    assert not failures
    assert db.fuzzy("needle", k=1_000, threshold=0.99).height == 100


def test_stats_tell_what_the_index_takes(db):
    """How many texts, how many bytes, and how long it took."""
    assert db.stats()["trigram_index"] == {"texts": 0, "bytes": 0, "build_s": 0.0}
    db.insert("tickets", {"id": "one", "code": "Ada", "aliases": ["Countess", "Lovelace"]})
    db.fuzzy("ada")
    stats = db.stats()["trigram_index"]
    assert stats["texts"] == 4
    assert stats["bytes"] > 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda db: db.fuzzy(""), "the name to compare with is a text that is not empty, not ''"),
        (lambda db: db.fuzzy(None), "the name to compare with is a text that is not empty, not None"),
        (lambda db: db.fuzzy("a", k=0), "k is a whole number of at least 1, not 0"),
        (lambda db: db.fuzzy("a", threshold=1.5), "threshold is a number from 0 to 1, not 1.5"),
        (lambda db: db.fuzzy("a", threshold=float("nan")), "threshold is a number from 0 to 1, not nan"),
        (lambda db: db.fuzzy("a", table="tikets"), "no entity table 'tikets'. Did you mean tickets?"),
        (lambda db: db.fuzzy("a", table="edges"), "no entity table 'edges'"),
        (lambda db: db.complete(" "), "the prefix to complete is a text that is not empty, not ' '"),
        (lambda db: db.complete("a", k=True), "k is a whole number of at least 1, not True"),
        (lambda db: db.fuzzy(["a", 3]), "the name to compare with is a text, and among those that are given is 3"),
        (lambda db: db.fuzzy(3), "the name to compare with is a text that is not empty, not 3"),
        (lambda db: db.lookup_entity(b"a"), "the name to look up is a text that is not empty, not b'a'"),
        (
            lambda db: db.lookup_entity(pl.DataFrame({"a": ["x"], "b": ["y"]})),
            "a frame of names has one column, not 2: a, b",
        ),
        (lambda db: db.lookup_entity(""), "the name to look up is a text that is not empty, not ''"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(db, call, message):
    """In words."""
    with pytest.raises(rem.InputError) as caught:
        call(db)
    assert message in str(caught.value)
