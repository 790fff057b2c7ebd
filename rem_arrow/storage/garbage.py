"""Pages and index entries that only older versions need: deleted when the last of these is pinned by nobody."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias

from rem_arrow.storage import keys
from rem_arrow.storage.history import History
from rem_arrow.storage.kv import KV
from rem_arrow.storage.segment import Segment
from rem_arrow.storage.tail import Run

# An index entry: its family and key, the table and the rowid that it names.
Entry: TypeAlias = "tuple[str, bytes, int, int]"
# All keys of a family that start so.
Prefix: TypeAlias = "tuple[str, bytes]"


class _Left(NamedTuple):
    """What a commit left behind."""

    commit: int
    entries: list[Entry]
    prefixes: list[Prefix]


class Garbage:
    """What is to be deleted, in the order of commits. REQUIRES: the store's lock."""

    def __init__(self) -> None:
        self._left: deque[_Left] = deque()

    def __len__(self) -> int:
        return len(self._left)

    def add(self, commit: int, *, entries: Iterable[Entry] = (), prefixes: Iterable[Prefix] = ()) -> None:
        """Take what no version from `commit` on needs."""
        self._left.append(_Left(commit, list(entries), list(prefixes)))

    def add_parts(self, commit: int, parts: Iterable[Segment | Run], history: History) -> None:
        """Take the pages of parts that no version from `commit` on has, but for those that the history holds."""
        segments = [part for part in parts if isinstance(part, Segment)]
        for segment in segments:
            segment.cache.drop_part(segment.table, segment.number)
        gone = [s for s in segments if not history.holds(s.table, s.number)]
        self.add(commit, prefixes=[("pages", keys.part_key(s.table, s.number)) for s in gone])

    def delete(self, kv: KV, oldest: int, still_wanted: Callable[[str, bytes, int, int], bool]) -> None:
        """Delete what the version `oldest` and later ones do not need; an entry only if its row does not want it
        again."""
        while self._left and self._left[0].commit <= oldest:
            left = self._left.popleft()
            for family, prefix in left.prefixes:
                kv.delete_prefix(family, prefix)
            kv.write(
                [
                    (family, key, None)
                    for family, key, table, rowid in left.entries
                    if not still_wanted(family, key, table, rowid)
                ]
            )
