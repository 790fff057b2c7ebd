"""Whether a transaction may commit: what it changes must not have changed since the version that it read.

Two transactions conflict when both change one row, or both insert one id. The first to commit wins.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from rem_arrow.base.errors import ConflictError
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.version import Version


class _Commit(NamedTuple):
    """What a commit changed: rowids by table number, and the ids of new rows."""

    number: int
    killed: dict[int, list[int]]
    ids: set[tuple[int, bytes]]


class RecentCommits:
    """What was changed since the oldest version that is pinned. REQUIRES: the store's lock."""

    def __init__(self) -> None:
        self._commits: deque[_Commit] = deque()

    def add(self, number: int, changes: Changes) -> None:
        """Remember what a commit changed."""
        self._commits.append(_Commit(number, changes.killed, changes.ids))

    def forget(self, oldest: int) -> None:
        """Forget the commits that a transaction on the version `oldest`, or a later one, has seen."""
        while self._commits and self._commits[0].number <= oldest:
            self._commits.popleft()

    def clear(self) -> None:
        self._commits.clear()

    def check(self, changes: Changes, base: Version, newest: Version) -> None:
        """Raise ConflictError where `changes`, computed from the version `base`, must not become part of `newest`."""
        for table in {*changes.appends, *changes.killed}:
            now = newest.tables.get(table)
            if now is None or now.table is not base.tables[table].table:
                what = "dropped" if now is None else "changed"
                raise ConflictError(
                    f"the table {base.tables[table].table.name} that this transaction writes was {what} meanwhile; "
                    "nothing was stored, run it again"
                )
        for commit in self._commits:
            if commit.number > base.commit:
                _check(changes, commit, newest)


def _check(changes: Changes, commit: _Commit, newest: Version) -> None:
    for table, rowids in changes.killed.items():
        if not set(rowids).isdisjoint(commit.killed.get(table, ())):
            name = newest.tables[table].table.name if table in newest.tables else str(table)
            raise ConflictError(
                f"rows of {name} that this transaction changes were changed by another one first; nothing was "
                "stored, run it again"
            )
    if not commit.ids.isdisjoint(changes.ids):
        raise ConflictError(
            "an id that this transaction inserts was inserted by another one first; nothing was stored, run it again"
        )
