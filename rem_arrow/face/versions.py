"""Older versions: listing, naming, reading and comparing them, and going back to one."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.base import checks
from rem_arrow.base.errors import InputError, suggest
from rem_arrow.base.instants import instant
from rem_arrow.face.verbs import Verbs
from rem_arrow.storage import history_notes, past
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.version import Version
from rem_arrow.write.restoring import changes_between, restored

if TYPE_CHECKING:
    from rem_arrow.storage.history import Kept

_VERSIONS = {
    "version": pl.Int64(),
    "time": pl.Datetime("us", "UTC"),
    "tags": pl.List(pl.String()),
    "tables": pl.List(pl.String()),
}


class VersionVerbs(Verbs):
    """Older versions of the database; `connect(path, history="7d")` keeps them."""

    def versions(self) -> pl.DataFrame:
        """Return the versions that can be read: those of the time that `connect(history=...)` says, those with a tag,
        and the newest.

        Returns:
            A frame, the newest first: `version`, the `time` of its commit (None for the newest, if no history is kept),
            its `tags`, and the `tables` that it changed, or all where the history began.

        Example:
            >>> db.tag("start")
            >>> db.versions()["tags"].to_list()
            [['start']]
        """
        store = self._instance.store
        with store.lock:
            store.check_open()
            history, current = store.history, store.version
            names = {**history_notes.names(store.kv), **{n: tv.table.name for n, tv in current.tables.items()}}
            changed, times = history_notes.changed(store.kv), {state.commit: state.time for state in history.states}
            tags: dict[int, list[str]] = {}
            for tag, commit in sorted(history.tags.items()):
                tags.setdefault(commit, []).append(tag)
        rows = [
            (commit, times.get(commit), tags.get(commit, []), sorted(names[n] for n in changed.get(commit, ())))
            for commit in sorted({*times, current.commit}, reverse=True)
        ]
        return pl.DataFrame(rows, schema=_VERSIONS, orient="row")

    def tag(self, name: str) -> None:
        """Give the newest version a name. It is kept until `untag`, whatever `connect(history=...)` says.

        Args:
            name: what `at`, `restore` and `diff`, and `AT (VERSION => 'name')` in SQL, take.

        Raises:
            InputError: another version has the name, or the database is open for reading only.

        Example:
            >>> db.tag("before-import")
        """
        self._instance.writable()
        checks.text(name, "the name of a tag")
        if not name:
            raise InputError("a tag needs a name")
        store = self._instance.store
        with store.lock:
            store.recover()
            store.history.tag(name, store.version)

    def untag(self, name: str) -> None:
        """Take a name from its version, which goes if nothing else keeps it.

        Args:
            name: as it was given to `tag`.

        Raises:
            InputError: there is no such tag, or the database is open for reading only.

        Example:
            >>> db.tag("before-import")
            >>> db.untag("before-import")
        """
        self._instance.writable()
        checks.text(name, "the name of a tag")
        store = self._instance.store
        with store.lock:
            store.recover()
            store.history.untag(name)
        store.collect_garbage()

    def diff(self, table: str, start: Kept, end: Kept | None = None) -> pl.DataFrame:
        """Return the rows of a table that differ between two versions.

        Args:
            table: its name in one of them.
            start, end: versions by number, tag or time; the end is the newest by default.

        Returns:
            The columns of the table behind `_change`: "insert", "delete", or "update_before" and behind it
            "update_after".

        Raises:
            InputError: a version is not kept, or has no such table.

        Example:
            >>> db.tag("before")
            >>> db.update("issues", "login", {"status": "closed"})
            >>> db.diff("issues", "before").select("_change", "id", "status").rows()
            [('update_before', 'login', 'open'), ('update_after', 'login', 'closed')]
        """
        before = past.pin_past(self._instance.store, which(start))
        after = self._version() if end is None else past.pin_past(self._instance.store, which(end))
        checks.text(table, "the name of a table")
        found = [version.find(table) for version in (before, after)]
        if found == [None, None]:
            names = sorted({tv.table.name for version in (before, after) for tv in version})
            raise InputError(f'no table "{table}" in either version. {suggest(table, names, "Tables")}')
        return changes_between(*found)

    def restore(self, version: Kept) -> int:
        """Make every table what it was in an older version, in one commit: rows, columns, and which tables there are.
        What was committed since stays in the history, if one is kept. The next numbers of sequences stay as they are.

        Args:
            version: by number, tag or time.

        Returns:
            The number of the new version.

        Raises:
            InputError: the version is not kept, or the database is open for reading only.

        Example:
            >>> db.tag("before")
            >>> db.delete("issues", ["login", "docs"])
            2
            >>> _ = db.restore("before")
            >>> db.get("issues", "docs")["id"]
            'docs'
        """
        store = self._instance.store
        old: Version = past.pin_past(store, which(version))

        def compute(access: Access) -> tuple[Changes, None]:
            return restored(store, access, old), None

        self._define(compute)
        return self._version().commit


def which(version: object) -> Kept:
    """Return a version as it was asked for. Raises InputError for what can be none."""
    if isinstance(version, bool) or not isinstance(version, (int, str, dt.date)):
        raise InputError(f"a version is a number, a tag or a time, not {version!r}")
    if isinstance(version, (int, str)):
        return version
    return instant(version, "a version")
