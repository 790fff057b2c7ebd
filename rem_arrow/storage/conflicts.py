"""Whether a transaction may commit: what it changes must not have changed since the version that it read.

Two transactions conflict when both change one row, or both insert one id. The first to commit wins. One that creates,
changes or drops tables conflicts with every other that does, and with every write to those that it changes or drops.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Set
from typing import NamedTuple

import numpy as np

from rem_arrow.base.errors import ConflictError
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.kills import Numbers
from rem_arrow.storage.version import Version


class _Commit(NamedTuple):
    """What a commit changed: rowids by table number, and the ids of new rows."""

    number: int
    killed: dict[int, Numbers]
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
        for table in {*changes.appends, *changes.killed} & base.tables.keys():
            now = newest.tables.get(table)
            if now is None or now.table is not base.tables[table].table:
                what = "dropped" if now is None else "changed"
                raise ConflictError(
                    f"the table {base.tables[table].table.name} that this transaction writes was {what} meanwhile; "
                    "nothing was stored, run it again"
                )
        since = [commit for commit in self._commits if commit.number > base.commit]
        for commit in since:
            _check(changes, commit, newest)
        if changes.tables:
            _check_tables(changes, base, newest, {number for commit in since for number in commit.killed})


def _check_tables(changes: Changes, base: Version, newest: Version, killed: Set[int]) -> None:
    # Versions have the same names for as long as no description changes.
    if newest.names is not base.names:
        raise ConflictError(
            "tables, or what else the catalog holds, were created, changed or dropped since this transaction began, "
            "which does so too; nothing was stored, run it again"
        )
    for number in changes.tables.keys() & base.tables.keys():
        if number in killed or newest.tables[number].rows != base.tables[number].rows:
            raise ConflictError(
                f"rows of {base.tables[number].table.name}, which this transaction changes or drops, were written "
                "meanwhile; nothing was stored, run it again"
            )


def _check(changes: Changes, commit: _Commit, newest: Version) -> None:
    for table, rowids in changes.killed.items():
        other = commit.killed.get(table)
        if other is not None and np.isin(np.asarray(rowids), np.asarray(other)).any():
            name = newest.tables[table].table.name if table in newest.tables else str(table)
            raise ConflictError(
                f"rows of {name} that this transaction changes were changed by another one first; nothing was "
                "stored, run it again"
            )
    if not commit.ids.isdisjoint(changes.ids):
        raise ConflictError(
            "an id that this transaction inserts was inserted by another one first; nothing was stored, run it again"
        )
