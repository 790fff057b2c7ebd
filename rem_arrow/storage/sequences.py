"""The numbers of sequences: none is given out twice, also after a crash.

    catalog   "sequence" table:u16   the next number as a decimal text, see keys.py

What is next is stored before a number is given out. Numbers that a failed statement has taken are gone.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, cast

from rem_arrow.base.datatypes import Json
from rem_arrow.base.errors import ExecuteError, InputError
from rem_arrow.base.schema import Table
from rem_arrow.storage import keys
from rem_arrow.storage.kv import KV

if TYPE_CHECKING:
    from rem_arrow.storage.store import Store

KIND: Literal["sequence"] = "sequence"
NUMBER_MAX = (1 << 63) - 1
NUMBER_MIN = -(1 << 63)


@dataclass(frozen=True, slots=True)
class SequenceOptions:
    """How a sequence counts: from `start` by `step`, within bounds that are included; one that cycles begins again at
    the bound behind which it started."""

    start: int = 1
    step: int = 1
    least: int = 1
    most: int = NUMBER_MAX
    cycle: bool = False

    def to_json(self) -> Json:
        return cast(Json, asdict(self))

    def sql(self, name: str, latest: int | None) -> str:
        """Return the statement that makes a sequence which goes on after the number that was given out last."""
        start = self.start if latest is None else latest + self.step
        return (
            f"CREATE SEQUENCE {name} INCREMENT BY {self.step} MINVALUE {self.least} MAXVALUE {self.most} "
            f"START {start} {'' if self.cycle else 'NO '}CYCLE;"
        )

    @staticmethod
    def from_json(value: Json) -> SequenceOptions:
        return SequenceOptions(**cast("dict[str, Any]", value))


class Sequences:
    """The sequences of one store, by their numbers in the catalog. Safe in many threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._latest: dict[int, int] = {}
        self._staged: dict[int, Table] = {}
        self._reads_only = store.read_only

    def stage(self, entries: Iterable[Table]) -> None:
        """Give numbers of sequences that a transaction has created and not committed, to whoever knows their own."""
        self._staged.update((entry.number, entry) for entry in entries)

    def for_reading(self) -> Sequences:
        """Return the same sequences, for a handle that may not have a number given out."""
        other = copy.copy(self)
        other._reads_only = True
        return other

    def check_writable(self) -> None:
        """Raise InputError where no number may be given out."""
        if self._reads_only:
            raise InputError(f"{self._store.path} is open for reading only, and nextval writes")

    def take(self, number: int, count: int) -> list[int]:
        """Return the next numbers. Raises ExecuteError where there are not so many left. REQUIRES: it is writable."""
        if not count:
            return []
        with self._lock:
            name, options = self._described(number)
            key = keys.table_key(b"sequence", number)
            stored = self._store.kv.get(keys.CATALOG, key)
            given, following = _numbers(name, options, options.start if stored is None else int(stored), count)
            sync = self._store.settings.durability == "sync"
            self._store.kv.write([(keys.CATALOG, key, b"%d" % following)], sync=sync)
            self._latest[number] = given[-1]
            return given

    def latest(self, number: int) -> int:
        """Return the number that this handle was given last. Raises ExecuteError where it has none yet."""
        with self._lock:
            if number not in self._latest:
                name, _ = self._described(number)
                raise ExecuteError(f"currval('{name}'): nextval has not been called by this handle yet")
            return self._latest[number]

    def _described(self, number: int) -> tuple[str, SequenceOptions]:
        tv = self._store.version.tables.get(number)
        entry = self._staged.get(number) if tv is None else tv.table
        if entry is None:
            raise ExecuteError("a sequence was dropped while a statement used it")
        return entry.name, SequenceOptions.from_json(entry.model)


def latest_number(kv: KV, entry: Table) -> int | None:
    """Return the number that a sequence, an entry of the catalog, gave out last; None before the first."""
    stored = kv.get(keys.CATALOG, keys.table_key(b"sequence", entry.number))
    return None if stored is None else int(stored) - SequenceOptions.from_json(entry.model).step


def continued(kv: KV, entry: Table) -> Table:
    """Return a sequence that begins where this one, an entry of the catalog, goes on."""
    options, latest = SequenceOptions.from_json(entry.model), latest_number(kv, entry)
    start = options.start if latest is None else latest + options.step
    return replace(entry, model=replace(options, start=start).to_json())


def _numbers(name: str, options: SequenceOptions, first: int, count: int) -> tuple[list[int], int]:
    """Return so many numbers from the first, and the one that follows them."""
    given: list[int] = []
    step, low, high = options.step, options.least, options.most
    while len(given) < count:
        if not low <= first <= high:
            if not options.cycle:
                bound, which = (high, "greatest") if step > 0 else (low, "least")
                raise ExecuteError(f"nextval('{name}'): the sequence has reached its {which} number, {bound}")
            first = low if step > 0 else high
        room = (high - first) // step + 1 if step > 0 else (first - low) // -step + 1
        some = min(room, count - len(given))
        given += range(first, first + some * step, step)
        first += some * step
    return given, first
