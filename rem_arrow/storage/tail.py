"""The tail: rows as they were written, not yet a segment.

One write (a row or a batch) is one RocksDB value:

    0   u32  CRC-32 of all that follows, little-endian like the rest
    4   u8   kind: 0 JSON, a list of rows of plain values; 1 a Polars IPC stream
    5   u8   rowids: 0 ascending by one from the first; 1 listed
    6   u16  0
    8   u32  rows
    12  u64  the first rowid, or one for each row
    ..  ...  the rows

JSON is for rows that come as Python values: encoding one takes 0.3 us, an Arrow message 110 us. A `Run` holds the same
rows in memory, grows by appending, and turns them into columns when a query first asks, so that writes pay nothing for
it.
"""

from __future__ import annotations

import bisect
import struct
import threading
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl
from pydantic_core import from_json, to_json

from rem_arrow.base.datatypes import Json, physical
from rem_arrow.base.errors import CorruptionError, InputError
from rem_arrow.base.schema import Field
from rem_arrow.storage import statistics, values
from rem_arrow.storage.codec import CODED, unscaled
from rem_arrow.storage.kills import Kills
from rem_arrow.storage.statistics import ZoneMap

if TYPE_CHECKING:
    import numpy.typing as npt

_HEADER = struct.Struct("<IBBHI")
_JSON, _IPC = 0, 1
_ROW_OVERHEAD_BYTES = 200
WRITE_BYTES_MAX = 1 << 30


@dataclass(slots=True)
class Append:
    """Rows to add to a table: plain rows in the order of its fields, or a frame of its columns."""

    rowids: Sequence[int]
    rows: list[tuple[Json, ...]] | None
    frame: pl.DataFrame | None = None

    def __len__(self) -> int:
        return len(self.rowids)


def encode(append: Append) -> bytes:
    """Return the tail value of a write. Raises InputError for a text that is not UTF-8."""
    if append.rows is not None:
        try:
            payload = to_json(append.rows, inf_nan_mode="constants")
        except ValueError as error:
            raise InputError(f"a value cannot be stored; a text must hold valid Unicode characters: {error}") from error
        kind = _JSON
    else:
        assert append.frame is not None, "an append holds rows or a frame"
        sink = BytesIO()
        append.frame.write_ipc_stream(sink, compression="lz4")
        payload, kind = sink.getvalue(), _IPC
    if len(payload) > WRITE_BYTES_MAX:
        raise InputError(
            f"one write holds {len(payload):,} bytes; a value, and all rows of one insert together, may take 1 GiB: "
            "insert in smaller batches, or use load"
        )
    rowids = append.rowids
    dense = isinstance(rowids, range) or len(rowids) == 1
    ids = struct.pack("<Q", rowids[0]) if dense else np.asarray(rowids, dtype="<u8").tobytes()
    body = _HEADER.pack(0, kind, 0 if dense else 1, 0, len(rowids))[4:] + ids + payload
    return struct.pack("<I", zlib.crc32(body)) + body


def is_sound(value: bytes) -> bool:
    """Say whether a write is as `encode` stored it."""
    return len(value) >= _HEADER.size + 8 and zlib.crc32(memoryview(value)[4:]) == struct.unpack_from("<I", value)[0]


def decode(value: bytes, fields: tuple[Field, ...]) -> Append:
    """Return the write that `encode` stored. Raises CorruptionError."""
    if not is_sound(value):
        raise CorruptionError(f"a write of {len(value)} bytes in the tail fails its checksum")
    _, kind, listed, _, count = _HEADER.unpack_from(value)
    start = _HEADER.size + 8 * (count if listed else 1)
    ids = np.frombuffer(value, dtype="<u8", count=count if listed else 1, offset=_HEADER.size).tolist()
    rowids: Sequence[int] = ids if listed else range(ids[0], ids[0] + count)
    if kind == _JSON:
        rows = [tuple(row) for row in from_json(value[start:])]
        if len(rows) != count or any(len(row) != len(fields) for row in rows):
            raise CorruptionError("a write in the tail does not hold the rows and columns that it should")
        return Append(rowids, rows)
    frame = pl.read_ipc_stream(BytesIO(value[start:]), use_pyarrow=False)
    if frame.height != count or frame.schema != pl.Schema({f.name: physical(f.dtype) for f in fields}):
        raise CorruptionError("a write in the tail does not hold the rows and columns that it should")
    return Append(rowids, None, frame)


class _Seen(NamedTuple):
    """What is known of a column over its first `length` rows, of which the first `whole` were looked at together."""

    length: int
    whole: int
    zone: ZoneMap


class Run:
    """A part of a table that is still rows: the tail, or a piece of it that waits to be sealed.

    REQUIRES: `append` under the writers' lock. Readers use the first `length` rows that their version pins.
    """

    __slots__ = (
        "__weakref__",
        "_chunks",
        "_earlier",
        "_frames",
        "_latest",
        "_lock",
        "_rows",
        "_zones",
        "bytes",
        "fields",
        "kills",
        "number",
        "rowid_high",
        "rowid_low",
        "rowids",
    )

    def __init__(self, number: int, fields: tuple[Field, ...]) -> None:
        self.number, self.fields = number, fields
        self.kills = Kills()
        self.rowids: list[int] = []
        self.rowid_low, self.rowid_high = 1 << 62, -1
        self.bytes = 0
        self._rows: list[tuple[Json, ...] | None] = []
        self._frames: list[tuple[int, pl.DataFrame]] = []
        self._latest: dict[int, int] = {}
        self._earlier: dict[int, int] = {}
        self._chunks: list[pl.DataFrame] = []
        self._zones: dict[int, _Seen] = {}
        self._lock = threading.Lock()

    def append(self, append: Append, size: int) -> None:
        base = len(self.rowids)
        if append.frame is not None:
            self._frames.append((base, append.frame))
            self._rows.extend([None] * len(append))
        else:
            assert append.rows is not None, "an append holds rows or a frame"
            self._rows.extend(append.rows)
        is_new = isinstance(append.rowids, range) and append.rowids.start > self.rowid_high
        if is_new:
            # Rowids that nobody had before.
            self._latest.update(zip(append.rowids, range(base, base + len(append)), strict=True))
        for offset, rowid in () if is_new else enumerate(append.rowids, base):
            before = self._latest.get(rowid)
            if before is not None:
                self._earlier[offset] = before
            self._latest[rowid] = offset
        self.rowids.extend(append.rowids)
        self.rowid_low = min(
            self.rowid_low, append.rowids[0] if isinstance(append.rowids, range) else min(append.rowids)
        )
        self.rowid_high = max(
            self.rowid_high, append.rowids[-1] if isinstance(append.rowids, range) else max(append.rowids)
        )
        self.bytes += size + _ROW_OVERHEAD_BYTES * len(append)

    def locate(self, rowid: int, length: int, kills: int) -> int | None:
        """Return the offset of the row's version that is alive after `kills` deaths, among the first `length` rows."""
        offset = self._latest.get(rowid)
        while offset is not None and (offset >= length or self.kills.is_dead(offset, kills)):
            offset = self._earlier.get(offset)
        return offset

    def rowid_array(self, length: int) -> npt.NDArray[np.int64]:
        return np.array(self.rowids[:length], dtype=np.int64)

    def frame(
        self,
        fields: Sequence[Field],
        length: int,
        coded: frozenset[str] = frozenset(),
        fixed: frozenset[str] = frozenset(),
        *,
        keep: bool = True,
    ) -> pl.DataFrame:
        """Return the first `length` rows, dead ones included; the columns in `coded` as categories, in `fixed` as
        unscaled integers. They are in memory, whether to `keep` or not."""
        frame = self._frame(fields, length)
        if fixed:
            frame = frame.with_columns(unscaled(frame[name]) for name in fixed)
        return frame.with_columns(pl.col(*coded).cast(CODED)) if coded else frame

    def zone(self, field: Field, length: int) -> ZoneMap:
        """Return the zone map of a column over the first `length` rows, of which there are some. What is known of the
        rows before is kept: only those that have come since are looked at, and all of them when they have doubled."""
        known = self._zones.get(field.number)
        if known is not None and known.length == length:
            return known.zone
        column = self.frame([field], length).to_series()
        if known is None or known.length > length or length >= 2 * known.whole:
            seen = _Seen(length, length, statistics.zone_map(column))
        else:
            fresh = statistics.zone_map(column.slice(known.length))
            seen = _Seen(length, known.whole, statistics.merged([known.zone, fresh]))
        if known is None or length > known.length:
            self._zones[field.number] = seen
        return seen.zone

    def _frame(self, fields: Sequence[Field], length: int) -> pl.DataFrame:
        with self._lock:
            decoded = sum(c.height for c in self._chunks)
            if decoded < length:
                self._decode(decoded, len(self._rows))
            chunks = list(self._chunks)
        names = [f.name for f in fields]
        if len(chunks) == 1:
            return chunks[0].select(names).head(length)
        return pl.concat([c.select(names) for c in chunks]).head(length) if chunks else self._empty().select(names)

    def described(self, fields: tuple[Field, ...], length: int) -> Run:
        """Return a copy of the first `length` rows with other columns: one that they lack has its default, as in a
        segment. It has the deaths of the original, those to come too."""
        copy, by_number = Run(self.number, fields), {f.number: f for f in self.fields}
        copy.kills = self.kills
        if length:
            columns = []
            for field in fields:
                old = by_number.get(field.number)
                if old is None:
                    columns.append(values.column(field.name, [field.default], field.dtype).new_from_index(0, length))
                else:
                    column = self._frame([old], length).to_series().alias(field.name)
                    columns.append(column if old.dtype == field.dtype else column.cast(field.dtype))
            copy.append(Append(self.rowids[:length], None, pl.DataFrame(columns)), 0)
        return copy

    def row(self, offset: int, fields: Sequence[Field]) -> list[object]:
        """Return one row as Python values."""
        by_number = {f.number: i for i, f in enumerate(self.fields)}
        plain = self._rows[offset]
        if plain is None:
            base, frame = self._frame_at(offset)
            return [values.item(frame[f.name], offset - base) for f in fields]
        row: list[object] = []
        for field in fields:
            value = plain[by_number[field.number]]
            convert = values.from_plain(field.dtype)
            row.append(value if value is None or convert is None else convert(value))
        return row

    def cells(self, field: Field, offsets: values.Offsets) -> pl.Series:
        """Return some values of a column, exact also where Python has no such value. REQUIRES: there are some."""
        place = next(i for i, f in enumerate(self.fields) if f.number == field.number)
        pieces: list[pl.Series] = []
        for number, some in groupby(offsets.numbers, key=self._frame_number):
            if number is None:
                pieces.append(values.column(field.name, [self.plain(o)[place] for o in some], field.dtype))
            else:
                base, frame = self._frames[number]
                pieces.append(values.picked(frame[field.name], values.Offsets([o - base for o in some])))
        return values.joined(pieces)

    def _frame_number(self, offset: int) -> int | None:
        """Return the number of the frame that brought a row; None where it came as a row."""
        if self._rows[offset] is not None:
            return None
        return bisect.bisect_right(self._frames, offset, key=lambda f: f[0]) - 1

    def _frame_at(self, offset: int) -> tuple[int, pl.DataFrame]:
        """Return the frame that brought a row, and where it begins."""
        number = self._frame_number(offset)
        assert number is not None, "the row came in a frame"
        return self._frames[number]

    @property
    def has_frames(self) -> bool:
        return bool(self._frames)

    def plain(self, offset: int) -> tuple[Json, ...]:
        """Return one row in plain form. REQUIRES: it was appended as a row."""
        row = self._rows[offset]
        assert row is not None, "the row came in a frame"
        return row

    def _empty(self) -> pl.DataFrame:
        return pl.DataFrame(schema={f.name: f.dtype for f in self.fields})

    def _decode(self, start: int, stop: int) -> None:
        """Turn rows `start` to `stop` into columns; neighbours of similar size are merged, so that there are few
        chunks."""
        frames = {base: frame for base, frame in self._frames if start <= base < stop}
        position = start
        while position < stop:
            if position in frames:
                chunk = frames[position]
            else:
                end = min([b for b in frames if b > position], default=stop)
                columns = list(zip(*self._rows[position:end], strict=True))  # type: ignore[arg-type]
                chunk = pl.DataFrame(
                    [values.column(f.name, c, f.dtype) for f, c in zip(self.fields, columns, strict=True)]
                )
            self._chunks.append(chunk)
            position += chunk.height
        while len(self._chunks) > 1 and self._chunks[-2].height <= 2 * self._chunks[-1].height:
            last = self._chunks.pop()
            self._chunks[-1] = pl.concat([self._chunks[-1], last], rechunk=True)
