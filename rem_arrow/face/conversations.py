"""Conversations on a database: sessions, and their messages in order.

A message's id is the session's id, "#" and the message's ordinal, and an edge `part_of` leads from it to the session.
Ordinals are assigned in the commit of the message, so two writers never get the same one; of two transactions that
would, the second to commit raises ConflictError.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.base import checks
from rem_arrow.base.errors import InputError
from rem_arrow.face.verbs import Verbs
from rem_arrow.model.registry import id_text
from rem_arrow.storage.changes import Changes
from rem_arrow.write.edges import edge_row

SESSIONS, MESSAGES = "sessions", "messages"


class ConversationVerbs(Verbs):
    """The part of a database that keeps conversations."""

    def start_session(
        self,
        name: str | None = None,
        *,
        id: str | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        started_at: dt.datetime | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> str:
        """Begin a conversation: a row in `sessions` with the status "open".

        Args:
            name: its title.
            id: default is a time-ordered UUID.
            user_id: who takes part.
            agent_id: the id of the agent.
            started_at: default is now.
            metadata: anything else, stored as JSON.

        Returns:
            The id of the session.

        Raises:
            InputError: a session of that id exists.

        Example:
            >>> db.start_session("Printer", id="s1", user_id="ada")
            's1'
        """
        row = {
            "name": name,
            "user_id": user_id,
            "agent_id": agent_id,
            "status": "open",
            "started_at": started_at or dt.datetime.now(dt.timezone.utc),
            "metadata": checks.mapping(metadata, "metadata"),
        }

        def compute(access: Access) -> tuple[Changes, list[str]]:
            tv = access.table(SESSIONS)
            if id is not None and access.find(tv, id_text(id, SESSIONS)) is not None:
                raise InputError(f"the session {id!r} exists already; give another id, or continue it with add_message")
            return self._instance.writer.put(access, tv, [row if id is None else {**row, "id": id}], many=True)

        return self._write(compute)[0]

    def add_message(self, session: str, role: str, content: str, *, metadata: Mapping[str, Any] | None = None) -> str:
        """Add the next message to a session, in one commit, with an edge `part_of` to the session.

        Args:
            session: the id of the session.
            role: user, assistant, system or tool.
            content: what was said.
            metadata: anything else, stored as JSON.

        Returns:
            The id of the message: that of the session, "#" and its place, from 0.

        Raises:
            InputError: there is no such session.

        Example:
            >>> session = db.start_session("Printer", id="s1")
            >>> db.add_message(session, "user", "It prints nothing.")
            's1#0'
        """

        def compute(access: Access) -> tuple[Changes, str]:
            self._check_session(access, session)
            tv, writer = access.table(MESSAGES), self._instance.writer
            ordinal = self._next_ordinal(access, session)
            id_ = f"{session}#{ordinal}"
            row = {
                "id": id_,
                "session_id": session,
                "role": role,
                "content": content,
                "ordinal": ordinal,
                "metadata": checks.mapping(metadata, "metadata"),
            }
            if access.find(tv, id_) is not None:
                raise InputError(f"{MESSAGES} has a row {id_!r} that is not of this session; give it another id")
            changes, _ = writer.put(access, tv, [row], many=True)
            edge = edge_row(id_, session, "part_of", resolve=lambda end, _=None: MESSAGES if end == id_ else SESSIONS)
            changes.merge(writer.put_edges(access, [edge]))
            return changes, id_

        return self._write(compute)

    def messages(self, session: str, *, limit: int | None = None) -> pl.DataFrame:
        """Return the messages of a session in order.

        Args:
            session: the id of the session.
            limit: only the last so many; None for all.

        Returns:
            The columns of `messages`.

        Raises:
            InputError: there is no such session.

        Example:
            >>> session = db.start_session("Printer", id="s1")
            >>> for text in ("It prints nothing.", "It is on."):
            ...     _ = db.add_message(session, "user", text)
            >>> db.messages(session, limit=1).select("ordinal", "content").rows()
            [(1, 'It is on.')]
        """
        access = self._access()
        self._check_session(access, session)
        checks.limit(limit)
        text = f"SELECT * FROM {MESSAGES} WHERE session_id = $session ORDER BY ordinal DESC"
        return self._select(access, text if limit is None else f"{text} LIMIT {limit}", {"session": session}).reverse()

    def _check_session(self, access: Access, session: str) -> None:
        tv = access.table(SESSIONS)
        row = access.find(tv, id_text(session, SESSIONS))
        if row is None or self._instance.writer.plain_row(tv.table, row[1])[-1] is not None:
            raise InputError(f"no session {session!r}; begin one with start_session")

    def _next_ordinal(self, access: Access, session: str) -> int:
        """Return one more than the highest ordinal so far; deleted messages keep theirs."""
        text = f"SELECT coalesce(MAX(ordinal) + 1, 0) FROM {MESSAGES} WHERE session_id = $session"
        return int(self._select(access, text, {"session": session}, include_deleted=True).item())
