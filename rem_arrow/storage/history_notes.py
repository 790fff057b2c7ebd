"""What is noted of older states that are kept: the entries of the catalog that tell of states, tags and parts.

    catalog     "history"                            JSON {"seconds", "bytes"}: how long states are kept; absent: not
                "tag" name                           u64, the commit
                "when" commit:u64                    u64, microseconds since 1970; the commit is kept. u8: whether it
                                                     was made then, 0 if it was the newest then, and made before
                "past" table:u16 ~commit:u64         the parts of a table from then on: part, length, kills, each a u32
                "was" table:u16 ~commit:u64          its description from then on, JSON; empty where it was dropped

`~commit` counts down, so that the first key behind a state is what held in it.
"""

from __future__ import annotations

import bisect
import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from pydantic_core import from_json, to_json

from rem_arrow.base.schema import Table
from rem_arrow.storage import keys
from rem_arrow.storage.kv import KV, Op
from rem_arrow.storage.version import PartView

SETTING, TAG, WHEN, PAST, WAS = b"history", b"tag", b"when", b"past", b"was"
OF_STATES = (TAG, WHEN, PAST, WAS)
LAST = (1 << 64) - 1
_NOTE = struct.Struct(">HQ")


class Retention(NamedTuple):
    """How long states are kept, and how many bytes may lie on for them alone; None: no bound."""

    seconds: float | None
    bytes: int | None = None


class State(NamedTuple):
    """A commit that is kept, and when it was made, in microseconds since 1970; a time at which it was the newest, where
    it was made before."""

    commit: int
    time: int
    made: bool


class Seen(NamedTuple):
    """How much of a part a state sees."""

    part: int
    length: int
    kills: int


class Note(NamedTuple):
    """What a table is from a commit on: its parts, None where it is dropped, and its description if that is another."""

    parts: tuple[Seen, ...] | None
    described: Table | None = None


def noted(at: State, tables: Mapping[int, Note]) -> list[Op]:
    """Return the operations that keep a state."""
    ops: list[Op] = [(keys.CATALOG, key_of(at), keys.U64.pack(at.time) + bytes([at.made]))]
    for table, note in tables.items():
        ops.append((keys.CATALOG, key(PAST, table, at.commit), _packed(note.parts or ())))
        if note.parts is None or note.described is not None:
            described = b"" if note.described is None else to_json(note.described.to_json())
            ops.append((keys.CATALOG, key(WAS, table, at.commit), described))
    return ops


def key_of(state: State) -> bytes:
    """Return the key that says that a commit is kept."""
    return WHEN + keys.U64.pack(state.commit)


def state(place: bytes, value: bytes) -> State:
    """Return the state that an entry tells of."""
    return State(number(place[len(WHEN) :]), number(value), bool(value[-1]))


def states(kv: KV) -> list[State]:
    """Return the kept states, the oldest first."""
    return [state(place, value) for place, value in kv.scan(keys.CATALOG, WHEN)]


def all_of(kv: KV) -> Iterator[tuple[int, int, list[Seen]]]:
    """Yield table, commit and parts of each note, by table, the newest first."""
    for place, value in kv.scan(keys.CATALOG, PAST):
        table, commit = split(place[len(PAST) :])
        yield table, commit, unpacked(value)


def tables_of(kv: KV) -> Iterator[int]:
    """Yield the numbers of the tables that kept states have."""
    low: bytes | None = WAS
    while low is not None:
        first = next(kv.scan_between(keys.CATALOG, low, keys.after(WAS)), None)
        if first is None:
            return
        table, _ = split(first[0][len(WAS) :])
        yield table
        low = keys.after(keys.table_key(WAS, table))


def latest(kv: KV, kind: bytes, table: int, commit: int) -> bytes | None:
    """Return what held of a table at a commit; None where nothing did."""
    end = keys.after(keys.table_key(kind, table))
    first = next(kv.scan_between(keys.CATALOG, key(kind, table, commit), end), None)
    return None if first is None else first[1]


def changed(kv: KV) -> dict[int, list[int]]:
    """Return the numbers of the tables that each kept commit noted."""
    found: dict[int, list[int]] = {}
    for table, commit, _ in all_of(kv):
        found.setdefault(commit, []).append(table)
    return found


def names(kv: KV) -> dict[int, str]:
    """Return the last name of each table that kept states have."""
    found = {}
    for table in tables_of(kv):
        described = (value for _, value in kv.scan(keys.CATALOG, keys.table_key(WAS, table)) if value)
        if (last := next(described, None)) is not None:
            found[table] = str(from_json(last)["name"])
    return found


def needless(kv: KV, kind: bytes, wanted: list[int]) -> Iterator[bytes]:
    """Yield the keys of notes that hold in none of the commits `wanted`, which ascend."""
    held_until: dict[int, int] = {}
    for place, _ in kv.scan(keys.CATALOG, kind):
        table, commit = split(place[len(kind) :])
        # Newest first: this note holds up to before the one seen last.
        until = held_until.get(table, LAST)
        held_until[table] = commit
        at = bisect.bisect_left(wanted, commit)
        if at == len(wanted) or wanted[at] >= until:
            yield place


def seen_of(views: Iterable[PartView]) -> tuple[Seen, ...]:
    """Return how much of its parts a table sees."""
    return tuple(Seen(view.part.number, view.length, view.kills) for view in views)


def key(kind: bytes, table: int, commit: int) -> bytes:
    """Return the key of a note."""
    return keys.table_key(kind, table) + keys.U64.pack(LAST - commit)


def split(key: bytes) -> tuple[int, int]:
    """Return table and commit of the key of a note, without its kind."""
    table, down = _NOTE.unpack(key)
    return int(table), LAST - int(down)


def number(value: bytes) -> int:
    """Return the number that a value is."""
    return int(keys.U64.unpack_from(value)[0])


def _packed(parts: Iterable[Seen]) -> bytes:
    return np.array(list(parts), dtype="<u4").tobytes()


def unpacked(value: bytes) -> list[Seen]:
    """Return the parts that a note names."""
    return [Seen(*row) for row in np.frombuffer(value, dtype="<u4").reshape(-1, 3).tolist()]
