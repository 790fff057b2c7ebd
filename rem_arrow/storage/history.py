"""Older states of a database that are kept: for a time, up to a size, or under a name, a tag.

What a state consists of is noted in the batch of the commit that makes it (`history_notes`). Parts that compaction
replaced, or that a dropped table had, lie on under the number of their table with the highest bit set
(`keys.retained`); their pages stay where they are. An index may name rows of kept states; its entries are hints, as for
any reader. Without tags and without a retention nothing is noted and nothing is kept.
"""

from __future__ import annotations

import bisect
import datetime as dt
import time
from collections.abc import Iterable, Mapping
from typing import TypeAlias, cast
from weakref import WeakValueDictionary

from pydantic_core import from_json, to_json

from rem_arrow.base.datatypes import Json
from rem_arrow.base.errors import CorruptionError, InputError, suggest
from rem_arrow.base.schema import Table
from rem_arrow.running.lru_cache import LruCache
from rem_arrow.storage import history_notes as notes
from rem_arrow.storage import keys, recovery
from rem_arrow.storage.cache import ColumnCache
from rem_arrow.storage.history_notes import Note, Retention, State, seen_of
from rem_arrow.storage.kv import KV, Op
from rem_arrow.storage.pins import Pins
from rem_arrow.storage.segment import Segment
from rem_arrow.storage.tail import Run
from rem_arrow.storage.version import PartView, TableVersion, Version, names_of

_FAMILIES = ("tail", "manifest", "dead")
_VERSIONS_MAX = 4

# A version by its number, its tag, or a time at which it was the newest.
Kept: TypeAlias = "int | str | dt.datetime"


class History:
    """The kept states of one store. REQUIRES, where nothing else is said: the store's lock.

    Attributes:
        newest: in a reader, the newest version that it has opened, whichever it reads.
    """

    def __init__(self, kv: KV, cache: ColumnCache, newest: Version | None = None) -> None:
        self._kv, self._cache, self.newest = kv, cache, newest
        stored = kv.get(keys.CATALOG, notes.SETTING)
        self.retention = None if stored is None else Retention(**from_json(stored))
        self.tags = {k[len(notes.TAG) :].decode(): notes.number(v) for k, v in kv.scan(keys.CATALOG, notes.TAG)}
        self.states = notes.states(kv)
        self._named = {(t, seen.part) for t, _, parts in notes.all_of(self._kv) for seen in parts}
        self._versions: LruCache[int, Version] = LruCache(_VERSIONS_MAX)
        # Parts that lie on, as long as a version that was read has them.
        self._opened: WeakValueDictionary[tuple[int, int], Segment | Run] = WeakValueDictionary()
        self._bytes = sum(self._sizes().values())
        # A pinned version alone keeps parts from going.
        self._is_read = False

    # --- what is kept

    @property
    def records(self) -> bool:
        """Whether every commit is noted."""
        return self.retention is not None

    def holds(self, table: int, part: int) -> bool:
        """Say whether a kept state names a part."""
        return (table, part) in self._named

    def holds_of(self, table: int) -> bool:
        """Say whether a kept state names a part of a table."""
        return any(number == table for number, _ in self._named)

    @property
    def kept_bytes(self) -> int:
        """The bytes of parts that lie on for kept states alone."""
        return self._bytes

    def oldest(self, current: int) -> int:
        """Return the commit of the oldest kept state, or `current` where that is older."""
        return min(current, self.states[0].commit) if self.states else current

    # --- what a commit writes

    def published(self, ops: Iterable[Op]) -> None:
        """Take over what `noted` and `retained` returned, once it is stored."""
        for family, key, value in ops:
            assert value is not None, "nothing is deleted"
            if family == "tail":
                self._bytes += len(value)
            elif family == "manifest":
                self._bytes += self._segment(key, value).bytes
            elif key.startswith(notes.WHEN):
                self.states.append(notes.state(key, value))
            elif key.startswith(notes.PAST):
                table, _ = notes.split(key[len(notes.PAST) :])
                self._named.update((table, seen.part) for seen in notes.unpacked(value))

    def retained(self, table: int, parts: Iterable[Segment | Run]) -> list[Op]:
        """Return the operations that let parts lie on which a commit takes away, if kept states name them."""
        under = keys.table_prefix(keys.retained(table))
        return [
            (family, under + key[len(under) :], value)
            for part in parts
            if self.holds(table, part.number)
            for family in _FAMILIES
            for key, value in self._kv.scan(family, keys.part_key(table, part.number))
        ]

    def base(self, version: Version) -> list[Op]:
        """Return the operations that keep a state as a whole; none where it is kept already."""
        if self.states and self.states[-1].commit == version.commit:
            return []
        sound = {n: Note(seen_of(tv.parts), tv.table) for n, tv in version.tables.items() if tv.damage is None}
        return self.noted(version.commit, sound, made=False)

    def noted(self, commit: int, tables: Mapping[int, Note], *, made: bool = True) -> list[Op]:
        """Return the operations that keep the state of a commit, which is `made` by them or was before; `published`
        follows when they are stored."""
        # Never before the last state, whatever the clock says.
        now = max(time.time_ns() // 1_000, self.states[-1].time if self.states else 0)
        return notes.noted(State(commit, now, made), tables)

    # --- tags and retention

    def keep(self, retention: Retention | None, version: Version) -> None:
        """Begin to keep states, or change for how long; with None stop, and let go of those without a tag."""
        if retention is None:
            self._kv.write([(keys.CATALOG, notes.SETTING, None)])
        else:
            ops = self.base(version)
            self._kv.write([*ops, (keys.CATALOG, notes.SETTING, to_json(retention._asdict()))])
            self.published(ops)
        self.retention = retention

    def resume(self, version: Version) -> None:
        """Note the newest state if it is not kept: commits were made by a program that keeps none."""
        if self.records and (ops := self.base(version)):
            self._kv.write(ops)
            self.published(ops)

    def tag(self, name: str, version: Version) -> None:
        """Keep a state under a name. Raises InputError where another has it."""
        if self.tags.get(name, version.commit) != version.commit:
            raise InputError(
                f"the tag {name!r} names version {self.tags[name]} already; delete it with db.untag, or choose another"
            )
        ops = self.base(version)
        self._kv.write([*ops, (keys.CATALOG, notes.TAG + name.encode(), keys.U64.pack(version.commit))], sync=True)
        self.published(ops)
        self.tags[name] = version.commit

    def untag(self, name: str) -> None:
        """Let go of a name. Raises InputError where there is none."""
        self._tagged(name)
        self._kv.write([(keys.CATALOG, notes.TAG + name.encode(), None)])
        del self.tags[name]

    def _tagged(self, name: str) -> int:
        """Return the commit that a tag names. Raises InputError where there is no such tag."""
        if name not in self.tags:
            raise InputError(f"there is no tag {name!r}. {suggest(name, list(self.tags), 'Tags')}")
        return self.tags[name]

    # --- reading

    def resolve(self, which: Kept, current: int) -> int:
        """Return the commit that a number, a tag or a time means. Raises InputError where its state is not kept.

        Args:
            current: the newest commit.
        """
        if isinstance(which, str):
            return self._tagged(which)
        if isinstance(which, dt.datetime):
            return self._at_time(which, current)
        if which != current and not any(state.commit == which for state in self.states):
            raise InputError(f"version {which} is not kept. {self._kept(current)}")
        return which

    def _at_time(self, moment: dt.datetime, current: int) -> int:
        micros = (moment - dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)) // dt.timedelta(microseconds=1)
        place = bisect.bisect_right(self.states, micros, key=lambda state: state.time)
        state = self.states[place - 1] if place else None
        follower = self.states[place] if place < len(self.states) else None
        # Between a state and one that was not made right behind it others were not kept.
        known = state is not None and (
            state.commit == current if follower is None else follower.made and follower.commit == state.commit + 1
        )
        if state is None or not known:
            raise InputError(f"no version of {moment.isoformat(' ')} is kept. {self._kept(current)}")
        return state.commit

    def _kept(self, current: int) -> str:
        if not self.states:
            return f"The newest is {current}; connect(path, history='7d') keeps older ones from then on"
        first = dt.datetime.fromtimestamp(self.states[0].time / 1e6, dt.timezone.utc)
        return (
            f"{len(self.states):,} are kept, {self.states[0].commit} ({first:%Y-%m-%d %H:%M:%S} UTC) to {current}: "
            "see db.versions()"
        )

    def version(self, commit: int, current: Version) -> Version:
        """Return the state of a commit that `resolve` has returned."""
        if commit == current.commit:
            return current
        known = self._versions.get(commit)
        if known is None:
            tables = {n: tv for n in notes.tables_of(self._kv) if (tv := self._table(n, commit, current)) is not None}
            known = Version(current.kv, commit, tables, names_of(tables))
            self._versions.put(commit, known)
        return known

    def _table(self, number: int, commit: int, current: Version) -> TableVersion | None:
        described = notes.latest(self._kv, notes.WAS, number, commit)
        if not described:
            return None
        table = Table.from_json(cast("dict[str, Json]", from_json(described)))
        now = current.tables.get(number)
        living = {} if now is None or now.damage is not None else {view.part.number: view.part for view in now.parts}
        views = []
        for seen in notes.unpacked(notes.latest(self._kv, notes.PAST, number, commit) or b""):
            part = living.get(seen.part) or self._retained_part(table, seen.part)
            views.append(PartView(part, seen.length, seen.kills))
        return TableVersion(table, tuple(views))

    def _retained_part(self, table: Table, number: int) -> Segment | Run:
        key = (table.number, number)
        part = self._opened.get(key)
        if part is None:
            prefix = keys.part_key(keys.retained(table.number), number)
            found = recovery.parts_of(self._kv, self._cache, table, prefix)
            if number not in found:
                raise CorruptionError(f"the table {table.name}: part {number} of an older version is missing")
            part = self._opened[key] = found[number]
        return part

    # --- letting go

    def is_over(self) -> bool:
        """Say whether states may be let go of."""
        retention = self.retention
        if self._is_read:
            return True
        if retention is None:
            return len(self.states) > len(set(self.tags.values()))
        too_old = len(self.states) > 1 and self.states[1].time <= self._cutoff(retention)
        return too_old or (retention.bytes is not None and self._bytes > retention.bytes)

    def _cutoff(self, retention: Retention) -> int:
        """Return the time in microseconds before which a state is too old."""
        return 0 if retention.seconds is None else time.time_ns() // 1_000 - int(retention.seconds * 1_000_000)

    def let_go_if_due(self, current: Version, pins: Pins) -> None:
        """Let go of the states that nothing keeps: they are older than is asked, or parts take more bytes."""
        if self.is_over():
            # What is remembered here alone is read by nobody.
            self._versions.clear()
            self._let_go(current, pins)

    def _let_go(self, current: Version, pins: Pins) -> None:
        alone = {*self.tags.values(), *(v.commit for v in pins.all())} & {state.commit for state in self.states}
        floor = self._floor(alone)
        kept = [s for s in self.states if s.commit in alone or (floor is not None and s.commit >= floor)]
        wanted = sorted(s.commit for s in kept)
        ops: list[Op] = [(keys.CATALOG, notes.key_of(s), None) for s in self.states if s not in kept]
        for kind in (notes.PAST, notes.WAS):
            ops += [(keys.CATALOG, key, None) for key in notes.needless(self._kv, kind, wanted)]
        self._kv.write(ops)
        self.states = kept
        before, self._named = self._named, {(t, seen.part) for t, _, parts in notes.all_of(self._kv) for seen in parts}
        read = pins.parts()
        needless = self._sizes().keys() - self._named
        self._is_read = bool(needless & read)
        for table, part in needless - read:
            for family in _FAMILIES:
                self._kv.delete_prefix(family, keys.part_key(keys.retained(table), part))
            self._kv.delete_prefix("pages", keys.part_key(table, part))
        gone = {t for t, _ in before} - {t for t, _ in self._named} - current.tables.keys()
        for table in gone - {t for t, _ in read}:
            for family in ("ids", "index"):
                self._kv.delete_prefix(family, keys.table_prefix(table))
        self._bytes = sum(self._sizes().values())

    def _floor(self, alone: set[int]) -> int | None:
        """Return the oldest state to keep for its age; None where none is."""
        retention = self.retention
        if retention is None or not self.states:
            return None
        place = max(1, bisect.bisect_right(self.states, self._cutoff(retention), key=lambda state: state.time))
        floor = self.states[place - 1].commit
        if retention.bytes is None or self._bytes <= retention.bytes:
            return floor
        sizes, gone = self._sizes(), {}
        last: dict[int, set[int]] = {}
        for table, commit, parts in sorted(notes.all_of(self._kv), key=lambda note: note[1]):
            now = {seen.part for seen in parts}
            gone.update({(table, part): commit for part in last.get(table, set()) - now})
            last[table] = now
        left, first_alone = sum(sizes.values()), min(alone, default=notes.LAST)
        for key, commit in sorted(gone.items(), key=lambda item: item[1]):
            if left <= retention.bytes:
                break
            # What a tag names lies on all the same.
            if commit <= first_alone:
                left -= sizes.get(key, 0)
            floor = max(floor, commit)
        return floor

    def _sizes(self) -> dict[tuple[int, int], int]:
        """Return the bytes of each part that lies on, by table and part."""
        found: dict[tuple[int, int], int] = {}
        for key, value in recovery.retained(self._kv, "manifest"):
            segment = self._segment(key, value)
            found[segment.table, segment.number] = segment.bytes
        for key, value in recovery.retained(self._kv, "tail"):
            table, part = keys.split_part(key)
            name = (keys.living(table), part)
            found[name] = found.get(name, 0) + len(value)
        return found

    def _segment(self, key: bytes, manifest: bytes) -> Segment:
        table, part = keys.split_part(key)
        return Segment(self._kv, self._cache, keys.living(table), part, manifest)
