"""Conversations on a database: sessions, their messages in order, and moments made from them.

A message's id is the session's id, "#" and the message's ordinal, and an edge `part_of` leads from it to the session.
Ordinals are assigned in the commit of the message, so two writers never get the same one; of two transactions that
would, the second to commit raises ConflictError. The time of a message is its `created_at`, and messages are in the
order of their times; of equal times in that of their ordinals.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.base import checks
from rem_arrow.base.datatypes import Json
from rem_arrow.base.errors import InputError
from rem_arrow.base.instants import Time, instant
from rem_arrow.face.verbs import Verbs
from rem_arrow.model.registry import id_text
from rem_arrow.storage.changes import Changes
from rem_arrow.write.edges import edge_row
from rem_arrow.write.owned_rows import DERIVED, MESSAGES, MOMENTS, SESSIONS, with_owned


class Forgotten(NamedTuple):
    """What was removed of a conversation.

    Attributes:
        sessions: 1, or 0 where there was no row of the session.
        messages: how many there were.
        moments: how many were derived from them.
    """

    sessions: int
    messages: int
    moments: int


class ConversationVerbs(Verbs):
    """The part of a database that keeps conversations."""

    def start_session(
        self,
        name: str | None = None,
        *,
        id: str | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        started_at: Time | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> str:
        """Begin a conversation: a row in `sessions` with the status "open".

        Args:
            name: its title.
            id: default is a time-ordered UUID.
            user_id: who takes part.
            agent_id: the id of the agent.
            started_at: a datetime, a date or an ISO 8601 text, in UTC where it has no zone; default is now.
            metadata: anything else, stored as JSON.

        Returns:
            The id of the session.

        Raises:
            InputError: a session of that id exists, or `started_at` is no time.

        Example:
            >>> db.start_session("Printer", id="s1", user_id="ada")
            's1'
        """
        row = {
            "name": name,
            "user_id": user_id,
            "agent_id": agent_id,
            "status": "open",
            "started_at": _now() if started_at is None else instant(started_at, "started_at"),
            "metadata": checks.mapping(metadata, "metadata"),
        }

        def compute(access: Access) -> tuple[Changes, list[str]]:
            tv = access.table(SESSIONS)
            if id is not None and access.find(tv, id_text(id, SESSIONS)) is not None:
                raise InputError(f"the session {id!r} exists already; give another id, or continue it with add_message")
            return self._instance.writer.put(access, tv, [row if id is None else {**row, "id": id}], many=True)

        return self._write(compute)[0]

    def add_message(
        self,
        session: str,
        role: str,
        content: str,
        *,
        at: Time | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> str:
        """Add the next message to a session, in one commit, with an edge `part_of` to the session.

        Args:
            session: the id of the session.
            role: user, assistant, system or tool.
            content: what was said.
            at: when it was said, as a datetime, a date or an ISO 8601 text, in UTC where it has no zone; default is
                now, or the time of the latest message if that is later. It is the `created_at` of the message, and
                decides its place among the others.
            metadata: anything else, stored as JSON.

        Returns:
            The id of the message: that of the session, "#" and its ordinal, from 0.

        Raises:
            InputError: there is no such session, or `at` is no time.

        Example:
            >>> session = db.start_session("Printer", id="s1")
            >>> db.add_message(session, "user", "It prints nothing.", at="2026-06-15T09:30Z")
            's1#0'
        """
        said_at = None if at is None else instant(at, "at")

        def compute(access: Access) -> tuple[Changes, str]:
            self._check_session(access, session)
            tv, writer = access.table(MESSAGES), self._instance.writer
            ordinal, latest = self._next_place(access, session)
            id_ = f"{session}#{ordinal}"
            row = {
                "id": id_,
                "session_id": session,
                "role": role,
                "content": content,
                "ordinal": ordinal,
                "metadata": checks.mapping(metadata, "metadata"),
                "created_at": said_at or max(_now(), latest or _now()),
            }
            if access.find(tv, id_) is not None:
                raise InputError(f"{MESSAGES} has a row {id_!r} that is not of this session; give it another id")
            changes, _ = writer.put(access, tv, [row], many=True)
            edge = edge_row(id_, session, "part_of", resolve=lambda end, _=None: MESSAGES if end == id_ else SESSIONS)
            changes.merge(writer.put_edges(access, [edge]))
            return changes, id_

        return self._write(compute)

    def messages(self, session: str, *, limit: int | None = None) -> pl.DataFrame:
        """Return the messages of a session in the order of their times.

        Args:
            session: the id of the session.
            limit: only the last so many; None for all.

        Returns:
            The columns of `messages`.

        Raises:
            InputError: there is neither such a session nor a message of one.

        Example:
            >>> session = db.start_session("Printer", id="s1")
            >>> for text in ("It prints nothing.", "It is on."):
            ...     _ = db.add_message(session, "user", text)
            >>> db.messages(session, limit=1).select("ordinal", "content").rows()
            [(1, 'It is on.')]
        """
        access = self._access()
        checks.limit(limit)
        rows = self._messages(access, session, limit)
        if rows.is_empty():
            self._check_session(access, session)
        return rows

    def add_moment(
        self,
        session: str,
        name: str,
        *,
        id: str | None = None,
        first: int = 0,
        last: int | None = None,
        description: str | None = None,
        moment_type: str = "conversation",
        topics: Iterable[str] = (),
        metadata: Mapping[str, Any] | None = None,
    ) -> str:
        """Make a moment of a span of messages, in one commit, with edges `derived_from` to them and to the session.

        It begins and ends with the first and the last message, and the session's user and agent are its participants.

        Args:
            session: the id of the session.
            name: its title.
            id: default is a time-ordered UUID.
            first, last: ordinals of messages, both included; default is all of them.
            description: what happened, such as a summary; default is what was said, a line for each message.
            moment_type: its kind.
            topics: what it was about.
            metadata: anything else, stored as JSON.

        Returns:
            The id of the moment.

        Raises:
            InputError: there is no such session, no message in the span, or a moment of that id exists.

        Example:
            >>> session = db.start_session("Printer", id="s1", user_id="ada")
            >>> for text in ("It prints nothing.", "It is on.", "Hello?"):
            ...     _ = db.add_message(session, "user", text)
            >>> db.add_moment(session, "The printer prints nothing", id="m1", last=1)
            'm1'
            >>> db.get("moments", "m1")["description"]
            'user: It prints nothing.\\nuser: It is on.'
        """
        checks.whole(first, "first, the ordinal of a message,", least=0)
        if last is not None:
            checks.whole(last, "last, the ordinal of a message,", least=0)
        if isinstance(topics, str):
            raise InputError(f"topics are a list of texts, not {topics!r}; give [{topics!r}]")

        def compute(access: Access) -> tuple[Changes, str]:
            tv, writer = access.table(MOMENTS), self._instance.writer
            if id is not None and access.find(tv, id_text(id, MOMENTS)) is not None:
                raise InputError(f"the moment {id!r} exists already; give another id")
            said = self._messages(access, session, None)
            if said.is_empty():
                self._check_session(access, session)
            said = said.filter(pl.col("ordinal") >= first, True if last is None else pl.col("ordinal") <= last)
            if said.is_empty():
                span = f"from {first} on" if last is None else f"from {first} to {last}"
                raise InputError(f"the session {session!r} has no messages {span}; db.messages lists those that it has")
            row = {
                "name": name,
                "description": description or "\n".join(f"{r}: {c}" for r, c in said.select("role", "content").rows()),
                "moment_type": moment_type,
                "starts_at": said["created_at"][0],
                "ends_at": said["created_at"][-1],
                "participants": self._participants(access, session),
                "topics": list(topics),
                "metadata": checks.mapping(metadata, "metadata"),
            }
            given = [row if id is None else {**row, "id": id}]
            changes, (moment,) = writer.put(access, tv, given, many=True)
            ends = [(SESSIONS, session), *((MESSAGES, message) for message in said["id"])]
            changes.merge(writer.put_edges(access, [_derivation(moment, *end) for end in ends]))
            return changes, moment

        return self._write(compute)

    def forget(self, session: str) -> Forgotten:
        """Remove a session for good, in one commit: its row, its messages with their vectors, the moments derived from
        them, and every edge at any of these.

        It works where only messages are left. `compact` then frees the space; a `backup` or an `export` that was made
        before keeps what it holds.

        Args:
            session: the id of the session.

        Returns:
            A `Forgotten`: `sessions`, `messages` and `moments`, how many of each were removed.

        Raises:
            InputError: the id is no text.

        Example:
            >>> session = db.start_session("Private", id="s1")
            >>> _ = db.add_message(session, "user", "My address is 5 Elm Street.")
            >>> db.forget(session)
            Forgotten(sessions=1, messages=1, moments=0)
            >>> db.search("messages", "address").height
            0
        """

        def compute(access: Access) -> tuple[Changes, Forgotten]:
            tv, writer = access.table(SESSIONS), self._instance.writer
            id_ = id_text(session, SESSIONS)
            counts = {part.table.name: len(ids) for part, ids in with_owned(access, writer.plain_row, tv, [id_])}
            changes, rows = writer.purge(access, tv, [id_])
            return changes, Forgotten(rows, counts.get(MESSAGES, 0), counts.get(MOMENTS, 0))

        return self._write(compute)

    # --- inside

    def _messages(self, access: Access, session: str, limit: int | None) -> pl.DataFrame:
        text = f"SELECT * FROM {MESSAGES} WHERE session_id = $session ORDER BY created_at DESC, ordinal DESC"
        text = text if limit is None else f"{text} LIMIT {limit}"
        return self._select(access, text, {"session": id_text(session, SESSIONS)}).reverse()

    def _participants(self, access: Access, session: str) -> list[str]:
        row = self._instance.writer.read(access, access.table(SESSIONS), session)
        return [] if row is None else [row[n] for n in ("user_id", "agent_id") if row[n]]

    def _check_session(self, access: Access, session: str) -> None:
        tv = access.table(SESSIONS)
        row = access.find(tv, id_text(session, SESSIONS))
        if row is None or self._instance.writer.plain_row(tv.table, row[1])[-1] is not None:
            raise InputError(f"no session {session!r}; begin one with start_session")

    def _next_place(self, access: Access, session: str) -> tuple[int, dt.datetime | None]:
        """Return one more than the highest ordinal so far, and the latest time; deleted messages count."""
        text = f"SELECT coalesce(MAX(ordinal) + 1, 0), MAX(created_at) FROM {MESSAGES} WHERE session_id = $session"
        ordinal, latest = self._select(access, text, {"session": session}, include_deleted=True).row(0)
        return int(ordinal), latest


def _now() -> dt.datetime:
    return dt.datetime.now(dt.timezone.utc)


def _derivation(moment: str, table: str, id_: str) -> tuple[Json, ...]:
    return edge_row(moment, id_, DERIVED, resolve=lambda end, _=None: table if end == id_ else MOMENTS)
