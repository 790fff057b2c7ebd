"""Conversations are stored in order, found again and searched."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

import pytest

import rem_arrow as rem


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
    with pytest.raises(rem.InputError, match=message):
        call(db)
    assert db.sql("SELECT COUNT(*) FROM messages").item() == 1
