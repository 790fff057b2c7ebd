"""The state of the whole database at one commit: immutable, published by one assignment, pinned by whoever reads.

A table is a tuple of parts, oldest first: segments, and runs that are not sealed yet. A `PartView` says how much of a
part this version sees: its first `length` rows, without the first `kills` that died, and without `hidden`, the rows
that a transaction of its own has killed and not committed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import numpy as np
import polars as pl

from rem_arrow.base.errors import CorruptionError
from rem_arrow.base.macro import KINDS
from rem_arrow.base.schema import Field, Table, catalog_key
from rem_arrow.storage.kills import Numbers
from rem_arrow.storage.kv import KV
from rem_arrow.storage.segment import Segment
from rem_arrow.storage.tail import Run
from rem_arrow.storage.values import Offsets, joined

if TYPE_CHECKING:
    import numpy.typing as npt

_FEW_ROWS = 64


class PartView(NamedTuple):
    part: Segment | Run
    length: int
    kills: int
    hidden: frozenset[int] = frozenset()

    @property
    def live_rows(self) -> int:
        return self.length - self.kills - len(self.hidden)

    def locate(self, rowid: int) -> int | None:
        """Return the offset of the live version of the row in this part, or None."""
        part = self.part
        if not part.rowid_low <= rowid <= part.rowid_high:
            return None
        offset = part.locate(rowid, self.length, self.kills)
        return None if offset is None or offset in self.hidden else offset

    def live_mask(self) -> npt.NDArray[np.bool_] | None:
        """Return which rows are alive; None when all are."""
        if not self.kills and not self.hidden:
            return None
        mask = self.part.kills.live_mask(self.length, self.kills)
        if self.hidden:
            mask = mask.copy()
            mask[list(self.hidden)] = False
        return mask


class Place(NamedTuple):
    view: PartView
    offset: int


def columns_at(places: Sequence[Place], fields: Sequence[Field]) -> list[pl.Series]:
    """Return columns of the rows that stand at some places, in their order."""
    if not places:
        return [pl.Series(f.name, [], dtype=f.dtype) for f in fields]
    parts: dict[int, Segment | Run] = {}
    numbers: dict[int, list[int]] = {}
    order: dict[int, list[int]] = {}
    for i, (view, offset) in enumerate(places):
        parts[id(view.part)] = view.part
        numbers.setdefault(id(view.part), []).append(offset)
        order.setdefault(id(view.part), []).append(i)
    pieces = [(part, Offsets(numbers[key])) for key, part in parts.items()]
    columns = [joined([part.cells(field, offsets) for part, offsets in pieces]) for field in fields]
    rows = [i for key in parts for i in order[key]]
    if len(pieces) == 1 or rows == list(range(len(rows))):
        return columns
    back = pl.Series("", np.argsort(rows).astype(np.uint32))
    return [column[back] for column in columns]


class UnreadableParts(tuple[PartView, ...]):
    """The parts of a table that is damaged: whoever asks for any of them, or how many there are, gets the error."""

    def __new__(cls, why: str) -> UnreadableParts:
        parts = super().__new__(cls)
        parts.why = why
        return parts

    why: str

    def _refused(self, *_: object) -> NoReturn:
        raise CorruptionError(self.why)

    __iter__ = __len__ = __bool__ = __getitem__ = __contains__ = __add__ = __reversed__ = _refused  # type: ignore[assignment]


class TableVersion(NamedTuple):
    table: Table
    parts: tuple[PartView, ...]

    @property
    def damage(self) -> str | None:
        """What is damaged, where the rows of the table cannot be read."""
        return self.parts.why if isinstance(self.parts, UnreadableParts) else None

    @property
    def rows(self) -> int:
        return sum(view.live_rows for view in self.parts)

    @property
    def runs(self) -> list[Run]:
        return [view.part for view in self.parts if isinstance(view.part, Run)]

    def place(self, rowid: int) -> Place | None:
        """Return where the live version of a row is, or None."""
        for view in reversed(self.parts):
            offset = view.locate(rowid)
            if offset is not None:
                return Place(view, offset)
        return None

    def places(self, rowids: Sequence[int]) -> dict[int, list[int]]:
        """Return the offsets of the live versions of `rowids`, by part number; a rowid that is not live is left out."""
        by_part: dict[int, list[int]] = {}
        if len(rowids) <= _FEW_ROWS:
            for rowid in rowids:
                place = self.place(rowid)
                if place is not None:
                    by_part.setdefault(place.view.part.number, []).append(place.offset)
            return by_part
        return {part: offsets.tolist() for part, offsets in self.offsets(rowids).items()}

    def offsets(self, rowids: Numbers) -> dict[int, npt.NDArray[np.int64]]:
        """Return what `places` does, as arrays."""
        by_part: dict[int, npt.NDArray[np.int64]] = {}
        sought = np.asarray(rowids, dtype=np.int64)
        if not (sought[1:] > sought[:-1]).all():
            sought = np.unique(sought)
        for view in self.parts:
            first = np.searchsorted(sought, view.part.rowid_low)
            inside = sought[first : np.searchsorted(sought, view.part.rowid_high, side="right")]
            if not len(inside) or not view.live_rows:
                continue
            if isinstance(view.part, Segment):
                offsets = view.part.offsets(inside)
            else:
                offsets = np.flatnonzero(np.isin(view.part.rowid_array(view.length), inside))
            mask = view.live_mask()
            offsets = offsets if mask is None else offsets[mask[offsets]]
            if len(offsets):
                by_part[view.part.number] = offsets
        return by_part

    def killed(self, offsets: Mapping[int, Numbers]) -> TableVersion:
        """Return the table with the rows dead that stand at `offsets`, by part number. REQUIRES: the writers' lock."""
        parts = []
        for view in self.parts:
            dead = offsets.get(view.part.number)
            if dead is not None:
                view.part.kills.add(dead)
                view = view._replace(kills=len(view.part.kills.offsets))
            parts.append(view)
        return self._replace(parts=tuple(parts))

    def described(self, table: Table) -> TableVersion:
        """Return the rows under another description. Runs, which have the columns and the index entries of the one that
        they were written under, are copied."""
        if table is self.table:
            return self
        parts = [
            v._replace(part=v.part.described(table.fields, v.length)) if isinstance(v.part, Run) else v
            for v in self.parts
        ]
        return TableVersion(table, tuple(parts) if parts else self.parts)

    def grown(self, run: Run) -> TableVersion:
        """Return the table with all that its last run holds by now; the run may be new."""
        view = PartView(run, len(run.rowids), len(run.kills.offsets))
        last = self.parts and self.parts[-1].part is run
        return self._replace(parts=(*(self.parts[:-1] if last else self.parts), view))

    def with_segment(self, segment: Segment) -> TableVersion:
        """Return the table with a segment behind the others and before the runs."""
        runs = [v for v in self.parts if isinstance(v.part, Run)]
        segments = [v for v in self.parts if isinstance(v.part, Segment)]
        return self._replace(parts=(*segments, PartView(segment, segment.rows, 0), *runs))

    def replaced(self, old: Sequence[Segment | Run], new: Sequence[Segment]) -> TableVersion:
        """Return the table with the segments `new` in the place of the parts `old`."""
        gone = {id(part) for part in old}
        at = next(i for i, v in enumerate(self.parts) if id(v.part) in gone)
        parts = [v for v in self.parts if id(v.part) not in gone]
        parts[at:at] = [PartView(s, s.rows, len(s.kills.offsets)) for s in new]
        return self._replace(parts=tuple(parts))

    def live_rowids(self) -> npt.NDArray[np.int64]:
        """Return the rowids of all live rows, in the order of the parts."""
        arrays = []
        for view in self.parts:
            rowids, mask = view.part.rowid_array(view.length), view.live_mask()
            arrays.append(rowids if mask is None else rowids[mask])
        return np.concatenate(arrays) if arrays else np.empty(0, dtype=np.int64)


class Version:
    """All tables at one commit.

    Attributes:
        kv: where its pages and index entries are; a reader that moves to a newer commit opens another one.
        names: table numbers by `Table.key_in_catalog`.
    """

    __slots__ = ("__weakref__", "commit", "kv", "names", "tables")

    def __init__(self, kv: KV, commit: int, tables: Mapping[int, TableVersion], names: Names) -> None:
        self.kv, self.commit, self.tables, self.names = kv, commit, tables, names

    def find(self, name: str) -> TableVersion | None:
        """Return the table of that name, compared without case."""
        number = self.names.get(name.casefold())
        return None if number is None else self.tables[number]

    def entry(self, kind: str, name: str) -> Table | None:
        """Return what is no relation, a schema say, by its name, compared without case."""
        number = self.names.get(catalog_key(name, kind))
        return None if number is None else self.tables[number].table

    def entries(self, kind: str) -> list[Table]:
        """Return all entries of a kind, by their names."""
        return sorted((tv.table for tv in self.tables.values() if tv.table.kind == kind), key=lambda table: table.name)

    def damage(self) -> list[str]:
        """Return what is known to be damaged: files that were not opened, and tables that cannot be read."""
        files = [] if self.kv.damage is None else [self.kv.damage]
        return files + [tv.damage for tv in self.tables.values() if tv.damage is not None]

    def check_sound(self, tables: Iterable[int]) -> None:
        """Raise CorruptionError where one of the tables, by number, is damaged."""
        for number in tables:
            tv = self.tables.get(number)
            if tv is not None and tv.damage is not None:
                raise CorruptionError(tv.damage)

    def __iter__(self) -> Iterator[TableVersion]:
        """Yield the relations."""
        return (tv for tv in self.tables.values() if tv.table.is_relation)


class Names(dict[str, int]):
    """The numbers of tables by their keys in the catalog; no name comes or goes."""

    @cached_property
    def has_macros(self) -> bool:
        """Whether any of them is a macro, which every call may then mean."""
        prefixes = tuple(catalog_key("", kind) for kind in KINDS)
        return any(key.startswith(prefixes) for key in self)


def names_of(tables: Mapping[int, TableVersion]) -> Names:
    """Return the numbers of tables by their keys in the catalog."""
    keys = ((tv.table.key_in_catalog, number) for number, tv in tables.items())
    return Names((key, number) for key, number in keys if key is not None)
