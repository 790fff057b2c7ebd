"""Conversations are stored in order, found again and searched."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

import pytest

import rem_arrow as rem
from tests.embed.counting import Counting


@pytest.fixture
def db():
    with rem.connect() as db:
        yield db


def test_a_conversation_is_kept_in_order(db):
    """Ordinals count from 0 in each session, and an edge leads from each message to its session."""
    before = datetime.now(timezone.utc)
    session = db.start_session("Printer", user_id="ada", agent_id="helper", metadata={"channel": "web"})
    other = db.start_session(id="s2")
    said = [("user", "My printer prints nothing."), ("assistant", "Is it switched on?"), ("user", "No.")]
    ids = [db.add_message(session, role, content) for role, content in said]
    assert db.add_message(other, "user", "Hello.", metadata={"mood": "fine"}) == "s2#0"
    assert ids == [f"{session}#{i}" for i in range(3)]
    frame = db.messages(session)
    assert frame.select("id", "role", "content", "ordinal").rows() == [
        (i, *s, n) for n, (i, s) in enumerate(zip(ids, said))
    ]
    assert db.messages(session, limit=2)["ordinal"].to_list() == [1, 2]
    assert db.messages(session, limit=0).is_empty() and db.messages(db.start_session()).is_empty()
    assert sorted(db.traverse_edges(session, direction="in", edge_type="part_of")["id"].to_list()) == ids
    row = db.get("sessions", session)
    assert (row["name"], row["user_id"], row["agent_id"], row["status"], row["metadata"]) == (
        "Printer",
        "ada",
        "helper",
        "open",
        {"channel": "web"},
    )
    assert before <= row["started_at"] <= datetime.now(timezone.utc)


def test_a_conversation_is_searched(db):
    """By meaning, with filters, and within one session."""
    first, second = db.start_session("a"), db.start_session("b")
    for session, text in (
        (first, "How do I reset my password?"),
        (first, "Thank you."),
        (second, "The password page is slow."),
        (second, "What is on the menu?"),
    ):
        db.add_message(session, "user", text)
    assert set(db.search("messages", "forgot the password", k=2)["content"]) == {
        "How do I reset my password?",
        "The password page is slow.",
    }
    assert db.search("messages", "password", k=1, where=rem.Eq("session_id", second))["id"].to_list() == [f"{second}#0"]


def test_an_ordinal_is_never_given_twice(db):
    """Not to threads at the same time, and not again after a message was deleted."""
    session = db.start_session()
    with ThreadPoolExecutor(4) as pool:
        ids = list(pool.map(lambda n: db.add_message(session, "user", f"message {n}"), range(40)))
    assert len(set(ids)) == 40
    assert db.messages(session)["ordinal"].to_list() == list(range(40))
    db.delete("messages", f"{session}#39")
    assert db.add_message(session, "user", "next") == f"{session}#40"


def test_messages_of_a_transaction_come_together(db):
    """Two transactions that would give out the same ordinal conflict."""
    session = db.start_session()
    db.sql("BEGIN")
    db.add_message(session, "user", "one")
    db.add_message(session, "assistant", "two")
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: db.messages(session).height).result() == 0
        pool.submit(lambda: db.add_message(session, "user", "from beside")).result()
    with pytest.raises(rem.ConflictError):
        db.sql("COMMIT")
    assert db.messages(session)["content"].to_list() == ["from beside"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda db: db.add_message("none", "user", "x"), "no session 'none'; begin one with start_session"),
        (lambda db: db.messages("none"), "no session 'none'"),
        (lambda db: db.messages("gone"), "no session 'gone'"),
        (lambda db: db.add_message("gone", "user", "x"), "no session 'gone'"),
        (lambda db: db.messages("s", limit=-1), "limit is a whole number of at least 0, not -1"),
        (
            lambda db: db.start_session(id="s"),
            "the session 's' exists already; give another id, or continue it with add_message",
        ),
        (lambda db: db.add_message("t", None, "x"), 'field "role"'),
        (lambda db: db.add_message(3, "user", "x"), "an id of sessions is 3"),
        (lambda db: db.add_message("t", "user", "x", at="soon"), "at is 'soon', which is not an ISO 8601 time"),
        (lambda db: db.start_session(started_at=5), "started_at is a datetime, a date or an ISO 8601 text, not 5"),
        (lambda db: db.forget(3), "an id of sessions is 3"),
        (lambda db: db.add_moment("none", "x"), "no session 'none'"),
        (lambda db: db.add_moment("t", "x"), "the session 't' has no messages from 0 on"),
        (lambda db: db.add_moment("s", "x", first=1, last=4), "the session 's' has no messages from 1 to 4"),
        (lambda db: db.add_moment("s", "x", first=-1), "first, the ordinal of a message, is a whole number"),
        (lambda db: db.add_moment("s", "x", topics="abc"), r"topics are a list of texts, not 'abc'; give \['abc'\]"),
        (lambda db: db.add_moment("s", "x", id="taken"), "the moment 'taken' exists already"),
        (
            lambda db: db.add_message("s", "user", "x"),
            "messages has a row 's#0' that is not of this session; give it another id",
        ),
    ],
)
def test_what_does_not_fit_is_refused(db, call, message):
    """And nothing is stored."""
    db.start_session(id="s")
    db.start_session(id="t")
    db.delete("sessions", db.start_session(id="gone"))
    db.insert("messages", {"id": "s#0", "role": "user", "content": "mine"})
    db.insert("moments", {"id": "taken", "name": "x"})
    with pytest.raises(rem.InputError, match=message):
        call(db)
    assert db.sql("SELECT COUNT(*) FROM messages").item() == 1


def test_messages_are_in_the_order_of_their_times(db):
    """Also where they come in another one; without a time a message comes last."""
    session = db.start_session("import", id="s", started_at="2026-01-01")
    for at, text in (
        ("2026-01-01T10:00Z", "second"),
        ("2026-01-01T09:00+02:00", "first"),
        (datetime(2026, 1, 2), "third"),
        ("2300-01-01", "far"),
    ):
        db.add_message(session, "user", text, at=at)
    db.add_message(session, "user", "last")
    frame = db.messages(session)
    assert frame["content"].to_list() == ["first", "second", "third", "far", "last"]
    assert frame["ordinal"].to_list() == [1, 0, 2, 3, 4]
    assert frame["created_at"][0] == datetime(2026, 1, 1, 7, tzinfo=timezone.utc)
    assert db.messages(session, limit=2)["content"].to_list() == ["far", "last"]
    assert db.get("sessions", "s")["started_at"] == datetime(2026, 1, 1, tzinfo=timezone.utc)
    timeline = db.timeline("2026-01-01", "2026-01-02", table="messages", column="created_at")
    assert timeline["content"].to_list() == ["first", "second"]


def talk(db, session, texts, **columns):
    db.start_session(id=session, **columns)
    for text in texts:
        db.add_message(session, "user", text, at="2026-06-15T09:30Z")


def contents(db):
    """Everything that a conversation leaves: rows, deleted ones too, edges, and vectors."""
    rows = [
        db.sql(f"SELECT id FROM {t} ORDER BY id", include_deleted=True)["id"].to_list()
        for t in ("sessions", "messages", "moments")
    ]
    vectors = [db.sql(f"SELECT count(embedding) FROM {t}").item() for t in ("messages", "moments")]
    return rows, db.sql("SELECT src, edge_type, dst FROM edges ORDER BY ALL").rows(), vectors


def test_a_session_is_forgotten_whole(tmp_path):
    """Its messages, their vectors, the moments made of them and all edges go in one commit, and stay gone; those of
    others stay."""
    with rem.connect(tmp_path / "db", embedder=Counting()) as db:
        talk(db, "kept", ["hello there"])
        db.add_moment("kept", "Greeting", id="kept moment")
        before = contents(db)
        talk(db, "gone", ["my secret address", "is five elm street"], user_id="ada")
        db.add_moment("gone", "Address", id="m1")
        db.add_moment("gone", "Street", id="m2", first=1)
        db.insert("entities", {"id": "elm", "name": "Elm Street"})
        db.add_edge("gone#1", "elm", "mentions")
        db.insert("moments", {"id": "by hand", "name": "x"}, edges=[{"dst": "gone#0", "edge_type": "derived_from"}])
        db.delete("messages", "gone#0")
        commit = db.stats()["commit"]
        assert db.forget("gone") == (1, 2, 3)
        assert db.stats()["commit"] == commit + 1
        assert contents(db) == before
        assert db.search("messages", "secret address")["id"].to_list() == ["kept#0"]
        assert db.forget("gone") == (0, 0, 0)
        assert db.verify().is_empty()
    with rem.connect(tmp_path / "db", embedder=Counting()) as db:
        assert contents(db) == before


@pytest.mark.parametrize("sealed", [False, True])
def test_a_session_of_messages_only_is_read_and_forgotten(tmp_path, sealed):
    """Where its row never was, or is gone."""
    with rem.connect(tmp_path / "db") as db:
        rows = [
            {"id": f"r{i}", "session_id": "lost", "role": "user", "content": f"word {i}", "ordinal": i}
            for i in range(3)
        ]
        db.insert("messages", rows)
        if sealed:
            db.compact()
        assert db.messages("lost")["id"].to_list() == ["r0", "r1", "r2"]
        moment = db.add_moment("lost", "Words", last=1)
        assert db.get("moments", moment)["description"] == "user: word 0\nuser: word 1"
        assert db.forget("lost") == (0, 3, 1)
        with pytest.raises(rem.InputError, match="no session 'lost'"):
            db.messages("lost")


@pytest.mark.parametrize(
    "remove",
    [
        lambda db: db.purge("sessions", ["s", "none"]),
        lambda db: db.delete("sessions", ["s", "none"]),
        lambda db: db.sql("DELETE FROM sessions WHERE id = 's'").item(),
    ],
)
def test_what_belongs_to_a_session_goes_with_it(db, remove):
    """By every door; the count is of sessions."""
    talk(db, "s", ["my secret address"])
    talk(db, "t", ["another address"])
    db.add_moment("s", "Secret")
    assert remove(db) == 1
    assert db.search("messages", "secret address")["id"].to_list() == ["t#0"]
    assert db.sql("SELECT count(*) FROM moments").item() == 0
    assert db.messages("t").height == 1


def test_a_rollback_forgets_nothing(db):
    talk(db, "s", ["one", "two"])
    before = contents(db)
    db.sql("BEGIN")
    assert db.forget("s") == (1, 2, 0)
    assert db.sql("SELECT count(*) FROM messages").item() == 0
    db.sql("ROLLBACK")
    assert contents(db) == before


def test_a_moment_is_made_of_messages(db):
    """It lasts from the first to the last of the span, says what was said, and leads to them."""
    session = db.start_session("Printer", id="s", user_id="ada", agent_id="helper")
    for minute, (role, text) in enumerate(
        [("user", "It prints nothing."), ("assistant", "Is it on?"), ("user", "No.")]
    ):
        db.add_message(session, role, text, at=datetime(2026, 6, 15, 9, minute))
    moment = db.get("moments", db.add_moment(session, "The printer is off", first=1, topics=["printer"]))
    assert moment["description"] == "assistant: Is it on?\nuser: No."
    assert (moment["starts_at"].minute, moment["ends_at"].minute) == (1, 2)
    assert (moment["participants"], moment["topics"]) == (["ada", "helper"], ["printer"])
    reached = db.traverse_edges(moment["id"], edge_type="derived_from").select("table", "id").rows()
    assert sorted(reached) == [("messages", "s#1"), ("messages", "s#2"), ("sessions", "s")]
    summary = db.add_moment(session, "Off", id="m", description="The printer was off.", moment_type="fault")
    assert db.timeline("2026-06-15", about="s#0")["id"].to_list() == [summary]
    assert db.search("moments", "printer was off", k=1)["id"].to_list() == ["m"]
