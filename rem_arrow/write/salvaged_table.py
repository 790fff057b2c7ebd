"""The rows of one table that can be saved from a damaged database, and the words for those that cannot.

Segments whose pages are all sound are copied byte for byte. Of a segment with a damaged page the rows of that page are
lost, in all columns; of the others a new segment is made under the same number. Of a tail the writes that decode are
kept. A row that comes twice, since the tombstone of its former version is lost, is kept in its newest version.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from rem_arrow.base.errors import CorruptionError
from rem_arrow.base.schema import ROWID_COLUMN, Field, Table
from rem_arrow.storage import copies, keys, new_segment, tail
from rem_arrow.storage.cache import ColumnCache
from rem_arrow.storage.kv import KV, Op
from rem_arrow.storage.salvage import Gap
from rem_arrow.storage.segment import Segment
from rem_arrow.storage.tail import Append

if TYPE_CHECKING:
    import numpy.typing as npt

    Mask = npt.NDArray[np.bool_]

_CACHE_BYTES = 64 << 20
# Where the pages cannot be walked, copies of manifests are looked for under so many numbers.
_PARTS_TRIED_MAX = 4_096


class Loss(NamedTuple):
    """What is gone, or was made anew: rows of a table and the segment that they were in, as far as that is known."""

    table: str
    segment: int | None
    rows: int | None
    commits: str | None
    problem: str


class Stored(NamedTuple):
    """What could be read of the families that hold rows, and the ranges of keys that could not."""

    kv: KV
    manifests: Mapping[bytes, bytes]
    tails: Mapping[bytes, bytes]
    dead: Mapping[bytes, bytes]
    gaps: Mapping[str, list[Gap]]


@dataclass(slots=True)
class _Part:
    """A part: its rowids, which of its rows are sound and alive, and whether it is to be written anew."""

    number: int
    rowids: npt.NDArray[np.int64]
    keep: Mask
    changed: bool = False
    segment: Segment | None = None
    manifest: bytes = b""
    writes: list[Append] = field(default_factory=list)


class SalvagedTable:
    """A table of a damaged database: what is lost of it, and the writing of the rest."""

    def __init__(self, stored: Stored, table: Table) -> None:
        self.table, self._stored = table, stored
        self.losses: list[Loss] = []
        self._prefix = keys.table_prefix(table.number)
        self._dead = self._tombstones()
        self._parts = sorted([*self._segments(), *self._runs()], key=lambda p: (p.segment is None, p.number))
        self._drop_former_versions()

    @property
    def changed(self) -> bool:
        """Whether anything but a copy is needed."""
        return bool(self.losses) or any(p.changed for p in self._parts)

    @property
    def rowid_high(self) -> int:
        """The highest rowid that is known to have been given out."""
        return max((int(p.rowids.max()) for p in self._parts if len(p.rowids)), default=0)

    @property
    def part_high(self) -> int:
        """The highest number of a part that is known to have been given out."""
        return max((p.number for p in self._parts), default=0)

    def live_rowids(self) -> npt.NDArray[np.int64]:
        """Return the rowids of the rows that are kept."""
        return np.concatenate([np.empty(0, dtype=np.int64), *(p.rowids[p.keep] for p in self._parts)])

    def keep_only(self, rowids: npt.NDArray[np.int64], *, of: str) -> None:
        """Drop the vectors of rows that are not among those kept of their table."""
        for part in self._parts:
            keep = part.keep & np.isin(part.rowids, rowids)
            if (keep != part.keep).any():
                part.keep, part.changed = keep, True
        gone = sum(loss.rows or 0 for loss in self.losses)
        if gone:
            self._lost(None, 0, f"the vectors can be computed again: db.reembed({of!r})")

    # --- reading

    def _lost(self, segment_: int | None, rows: int | None, problem: str) -> None:
        self.losses.append(Loss(self.table.name, segment_, rows, None, problem))

    def _own(self, family: Mapping[bytes, bytes]) -> Iterator[tuple[bytes, bytes]]:
        return ((key, value) for key, value in family.items() if key.startswith(self._prefix))

    def _gaps(self, family: str) -> list[Gap]:
        return [gap for gap in self._stored.gaps[family] if gap.meets(self._prefix)]

    def _tombstones(self) -> dict[int, set[int]]:
        """Return the dead rows of each part."""
        dead: dict[int, set[int]] = {}
        for key, value in self._own(self._stored.dead):
            offsets = np.frombuffer(value[: len(value) // 4 * 4], dtype="<u4").tolist()
            dead.setdefault(keys.split_dead(key)[1], set()).update(offsets)
        for gap in self._gaps("dead"):
            self._lost(None, None, f"tombstones may be lost, and rows that were deleted be back: {gap.problem}")
        return dead

    def _segments(self) -> Iterator[_Part]:
        kv, cache, number = self._stored.kv, ColumnCache(_CACHE_BYTES), self.table.number
        manifests = {keys.split_part(key)[1]: value for key, value in self._own(self._stored.manifests)}
        for gap in self._gaps("manifest"):
            copies = dict(self._copies(gap))
            manifests = copies | manifests
            self._lost(None, None, f"manifests may be lost; {len(copies)} were found beside their pages: {gap.problem}")
        for part, manifest in sorted(manifests.items()):
            try:
                yield self._segment(Segment(kv, cache, number, part, manifest, table_name=self.table.name), manifest)
            except CorruptionError as error:
                self._lost(part, None, str(error))

    def _copies(self, gap: Gap) -> Iterator[tuple[int, bytes]]:
        """Yield the manifests of a gap, by part, from their copies beside the pages."""
        kv, low, end = self._stored.kv, self._prefix, keys.after(self._prefix)
        while True:
            try:
                first = next(kv.scan_between("pages", low, end), None)
            except CorruptionError:
                # What lies behind can be found only by number.
                yield from self._copies_by_number(gap)
                return
            if first is None:
                return
            part = keys.split_part(first[0])[1]
            yield from self._copy(gap, part)
            low = keys.part_key(self.table.number, part + 1)

    def _copies_by_number(self, gap: Gap) -> Iterator[tuple[int, bytes]]:
        for part in range(1, _PARTS_TRIED_MAX):
            yield from self._copy(gap, part)

    def _copy(self, gap: Gap, part: int) -> Iterator[tuple[int, bytes]]:
        try:
            copy = copies.manifest(self._stored.kv, self.table.number, part)
        except CorruptionError as error:
            self._lost(part, None, f"the manifest and its copy are lost: {error}")
            return
        older = keys.part_key(keys.retained(self.table.number), part) in self._stored.manifests
        if copy is not None and not older and gap.meets(keys.part_key(self.table.number, part)):
            yield part, copy

    def _segment(self, part: Segment, manifest: bytes) -> _Part:
        """Return what is sound of a segment."""
        wanted = {f.number for f in self.table.fields} | {ROWID_COLUMN}
        damages = list(part.damages())
        sound = np.ones(part.rows, dtype=np.bool_)
        for column, page, _ in damages:
            pages = part.columns.get(column)
            if column in wanted and pages is not None and page < pages.pages:
                sound[page * pages.page_rows : (page + 1) * pages.page_rows] = False
        alive = np.ones(part.rows, dtype=np.bool_)
        dead = [o for o in self._dead.get(part.number, ()) if o < part.rows]
        alive[dead] = False
        gone = int((alive & ~sound).sum())
        if gone:
            self._lost(part.number, gone, damages[0][2])
        elif damages:
            self._lost(part.number, 0, f"made anew: {damages[0][2]}")
        if part.dense:
            rowids = np.arange(part.rowid_low, part.rowid_high + 1, dtype=np.int64)
        else:
            rowids = part.readable(ROWID_COLUMN, pl.Int64())[0].fill_null(-1).to_numpy()
        return _Part(part.number, rowids, sound & alive, bool(damages), segment=part, manifest=manifest)

    def _runs(self) -> Iterator[_Part]:
        writes: dict[int, list[tuple[int, Append]]] = {}
        for key, value in self._own(self._stored.tails):
            _, part, base = keys.split_tail(key)
            try:
                writes.setdefault(part, []).append((base, tail.decode(value, self.table.fields)))
            except CorruptionError as error:
                self._lost(part, None, f"tail, from row {base}: {error}")
        for gap in self._gaps("tail"):
            self._lost(None, None, f"writes in the tail may be lost: {gap.problem}")
        for part, appends in sorted(writes.items()):
            yield self._run(part, appends)

    def _run(self, number: int, appends: list[tuple[int, Append]]) -> _Part:
        """Return what is left of a tail: the writes that decode, under the offsets that they had."""
        dead = self._dead.get(number, set())
        rowids: list[int] = []
        keep: list[bool] = []
        end, changed = 0, False
        for base, append in appends:
            if base != end:
                self._lost(number, base - end, f"tail: the writes of rows {end} to {base - 1} are missing")
                changed = True
            rowids += append.rowids
            keep += [o not in dead for o in range(base, base + len(append))]
            end = base + len(append)
        changed = changed or any(o >= end for o in dead)
        return _Part(
            number,
            np.array(rowids, dtype=np.int64),
            np.array(keep, dtype=np.bool_),
            changed,
            writes=[append for _, append in appends],
        )

    def _drop_former_versions(self) -> None:
        """Of rows that are alive twice keep the newest version: the parts are in the order in which rows replace each
        other."""
        seen = np.empty(0, dtype=np.int64)
        for part in reversed(self._parts):
            # Within a tail a later write replaces an earlier one.
            newest = np.zeros(len(part.rowids), dtype=np.bool_)
            live = np.flatnonzero(part.keep)[::-1]
            newest[live[np.unique(part.rowids[live], return_index=True)[1]]] = True
            keep = newest & ~np.isin(part.rowids, seen)
            if (keep != part.keep).any():
                part.keep, part.changed = keep, True
            seen = np.concatenate([seen, part.rowids[keep]])

    # --- writing

    def write(self, target: KV, commit: int, executor: Executor) -> None:
        """Write the rows to a new store."""
        for part in self._parts:
            if part.segment is None:
                self._write_run(target, part, commit)
            elif part.changed:
                self._write_anew(target, part, part.segment, executor)
            else:
                self._copy_segment(target, part, part.segment, commit)

    def _copy_segment(self, target: KV, part: _Part, old: Segment, commit: int) -> None:
        number = self.table.number
        for column, pages in old.columns.items():
            names = [keys.page_key(number, part.number, column, page) for page in range(pages.pages)]
            target.write_bulk("pages", ((k, self._stored.kv.get("pages", k) or b"") for k in names))
        target.flush("pages")
        self._write_with_dead(target, part, [copies.manifest_op(target, number, part.number, part.manifest)], commit)

    def _write_anew(self, target: KV, part: _Part, old: Segment, executor: Executor) -> None:
        kept = np.flatnonzero(part.keep)
        if not len(kept):
            return

        def column_of(wanted: Field) -> pl.Series:
            if wanted.number not in old.columns:
                return old.column(wanted).gather(kept)
            return old.readable(wanted.number, wanted.dtype)[0].gather(kept).alias(wanted.name)

        op = new_segment.build(
            target, self.table.number, part.number, self.table.fields, part.rowids[kept], column_of, executor
        )
        target.flush("pages")
        target.write([op])

    def _write_run(self, target: KV, part: _Part, commit: int) -> None:
        """Write a tail: as it was, or without the rows that are dead."""
        ops: list[Op] = []
        base = place = 0
        for append in part.writes:
            rows = np.flatnonzero(part.keep[place : place + len(append)])
            place += len(append)
            kept = _some_of(append, rows) if part.changed else append
            if len(kept):
                ops.append(("tail", keys.tail_key(self.table.number, part.number, base), tail.encode(kept)))
                base += len(kept)
        if part.changed:
            target.write(ops)
        else:
            self._write_with_dead(target, part, ops, commit)

    def _write_with_dead(self, target: KV, part: _Part, ops: list[Op], commit: int) -> None:
        dead = np.flatnonzero(~part.keep)
        if len(dead):
            ops.append(("dead", keys.dead_key(self.table.number, part.number, commit), dead.astype("<u4").tobytes()))
        target.write(ops)


def _some_of(append: Append, rows: npt.NDArray[np.intp]) -> Append:
    rowids = [append.rowids[int(i)] for i in rows]
    if append.rows is not None:
        return Append(rowids, [append.rows[int(i)] for i in rows])
    assert append.frame is not None, "an append holds rows or a frame"
    return replace(append, rowids=rowids, frame=append.frame[rows])
