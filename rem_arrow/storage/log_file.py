"""RocksDB's logs (the write-ahead logs and the manifest), looked at before RocksDB opens them.

A log is blocks of 32 KiB; records do not cross blocks:

    0   u32  CRC-32C of the type and the data, rotated and offset ("masked"); little-endian like the rest
    4   u16  bytes of data
    6   u8   type: 1 whole, 2 first, 3 middle, 4 last piece of what is logged; 0 with no bytes: nothing follows
    7   ...  the data

RocksDB finds a record whose bytes differ from its checksum. It takes a record that reaches beyond the end of the file
for one that a crash tore, and some types for the end of the log: where such a length or type is damage, everything
behind it would be lost without a word. `check` tells both apart; `check(whole=True)` computes every checksum too.

Source: RocksDB's wiki, "Write Ahead Log File Format"; RFC 3720 for CRC-32C.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rem_arrow.base.errors import CorruptionError

if TYPE_CHECKING:
    import numpy.typing as npt

    Bytes = npt.NDArray[np.uint8]
    Places = npt.NDArray[np.int64]

BLOCK_BYTES = 32_768
HEADER_BYTES = 7
_TYPES = _WHOLE, _FIRST, _MIDDLE, _LAST = (1, 2, 3, 4)
_POLYNOMIAL = 0x82F63B78
_MASK_DELTA = 0xA282EAD8


class Record(NamedTuple):
    """Where a record is: the offset of its header, the bytes of its data, and its type."""

    at: int
    length: int
    type: int


def logs_of(folder: Path) -> list[Path]:
    """Return the manifest in use and the write-ahead logs of a database's folder, oldest first."""
    try:
        manifest = [folder / (folder / "CURRENT").read_text(encoding="ascii").strip()]
    except (OSError, ValueError):
        manifest = []
    return [p for p in (*manifest, *sorted(folder.glob("*.log"))) if p.is_file()]


def check_logs(folder: Path, *, whole: bool = False, of_writes: bool = True) -> None:
    """Raise CorruptionError where a log would not be read to its end; with `whole` where any byte of it is damaged.

    Args:
        of_writes: the write-ahead logs too, not the list of files alone: after a power cut they may end anywhere.
    """
    for path in logs_of(folder):
        if of_writes or path.suffix != ".log":
            check(path, whole=whole)


def check(path: Path, *, whole: bool = False) -> None:
    """Raise CorruptionError where the log is damaged, rather than torn at its end by a crash."""
    data = _bytes(path)
    records, stopped = _walk(data)
    for at in stopped:
        if not _is_torn(data, int(at)):
            raise _damaged(path, int(at), "its header is damaged, and what was logged behind it would be lost")
    if whole:
        wrong = np.flatnonzero(_checksums(data, records) != _stored(data, records[0]))
        if len(wrong):
            raise _damaged(path, int(records[0][wrong[0]]), "its checksum differs")


def sound_records(path: Path) -> tuple[list[Record], list[int]]:
    """Return the records that are as they were written, in their order, and the offsets of those that are damaged."""
    data = _bytes(path)
    records, stopped = _walk(data)
    right = _checksums(data, records) == _stored(data, records[0])
    damaged = [*records[0][~right].tolist(), *(int(at) for at in stopped if not _is_torn(data, int(at)))]
    sound = [Record(*map(int, r)) for r in zip(*(column[right] for column in records), strict=True)]
    return sorted(sound), sorted(damaged)


def sound_entries(path: Path) -> Iterator[bytes | None]:
    """Yield what was logged, in its order; None where some of it is damaged. What a crash tore ends the log."""
    data = path.read_bytes()
    records, damaged = sound_records(path)
    pieces: list[bytes] = []
    gap, end, broken = 0, 0, iter([*damaged, len(data)])
    next_broken = next(broken)
    for record in records:
        while next_broken < record.at:
            gap, pieces, next_broken = gap + 1, [], next(broken)
        if gap:
            yield None
            gap = 0
        begins = record.type in (_WHOLE, _FIRST)
        if begins or (pieces and record.at - end < HEADER_BYTES):
            pieces = [
                *([] if begins else pieces),
                data[record.at + HEADER_BYTES : record.at + HEADER_BYTES + record.length],
            ]
        end = record.at + HEADER_BYTES + record.length
        if record.type in (_WHOLE, _LAST) and pieces:
            yield b"".join(pieces)
            pieces = []
    if gap or next_broken < len(data):
        yield None


def write(path: Path, entries: Iterable[bytes]) -> None:
    """Write a log of these entries."""
    written = bytearray()
    for entry in entries:
        rest, kind = entry, _WHOLE
        while True:
            room = BLOCK_BYTES - len(written) % BLOCK_BYTES
            if room < HEADER_BYTES:
                written += bytes(room)
                continue
            piece, rest = rest[: room - HEADER_BYTES], rest[room - HEADER_BYTES :]
            first = kind == _WHOLE
            kind = (_FIRST if first else _MIDDLE) if rest else (_WHOLE if first else _LAST)
            written += bytes(4) + len(piece).to_bytes(2, "little") + bytes([kind]) + piece
            if not rest:
                break
    data = np.frombuffer(written, dtype=np.uint8).copy()
    records, _ = _walk(data)
    for i, byte in enumerate(_checksums(data, records).view(np.uint8).reshape(-1, 4).T):
        data[records[0] + i] = byte
    data.tofile(path)


def _bytes(path: Path) -> Bytes:
    try:
        data: Bytes = np.fromfile(path, dtype=np.uint8)
    except FileNotFoundError:
        # The writer gave it up meanwhile: what it held is in a data file.
        return np.empty(0, dtype=np.uint8)
    return data


def _walk(data: Bytes) -> tuple[tuple[Places, Places, Places], Places]:
    """Return offset, length and type of each record, and where in a block the walk stopped before its end.

    All blocks are walked side by side, a record of each at a time.
    """
    size = len(data)
    at = np.arange(0, size, BLOCK_BYTES, dtype=np.int64)
    end = np.minimum(at + BLOCK_BYTES, size)
    walked: list[tuple[Places, Places, Places]] = []
    stopped: list[Places] = []
    while True:
        room = end - at >= HEADER_BYTES
        at, end = at[room], end[room]
        if not len(at):
            break
        length = data[at + 4].astype(np.int64) | data[at + 5].astype(np.int64) << 8
        kind = data[at + 6].astype(np.int64)
        fits = np.isin(kind, _TYPES) & (at + HEADER_BYTES + length <= end)
        stopped.append(at[~fits])
        walked.append((at[fits], length[fits], kind[fits]))
        at, end = (at + HEADER_BYTES + length)[fits], end[fits]
    empty = np.empty(0, dtype=np.int64)
    columns = [np.concatenate([empty, *column]) for column in zip(*walked, strict=True)] if walked else [empty] * 3
    return (columns[0], columns[1], columns[2]), np.concatenate([empty, *stopped])


def _is_torn(data: Bytes, at: int) -> bool:
    """Say whether a record that is none may be what a crash left: zeros to the end of its block, or the last of the
    file with nothing whole behind it, which is no whole record of another length or type either."""
    end = min(at - at % BLOCK_BYTES + BLOCK_BYTES, len(data))
    if not data[at:end].any():
        return True
    if end < len(data) or end - at > BLOCK_BYTES:
        return False
    return not any(_is_record(data, place, end) for place in range(at, end - HEADER_BYTES)) and not _is_misnamed(
        data, at, end
    )


def _is_record(data: Bytes, at: int, end: int) -> bool:
    length = int(data[at + 4]) | int(data[at + 5]) << 8
    if not length or data[at + 6] not in _TYPES or at + HEADER_BYTES + length > end:
        return False
    return _is_right(data, at, length, int(data[at + 6]))


def _is_misnamed(data: Bytes, at: int, end: int) -> bool:
    """Say whether the last record of a file is whole, with another length or type than its header says."""
    length = int(data[at + 4]) | int(data[at + 5]) << 8
    lengths = {end - at - HEADER_BYTES, length} if at + HEADER_BYTES + length <= end else {end - at - HEADER_BYTES}
    return any(_is_right(data, at, n, kind) for n in lengths for kind in (*_TYPES, int(data[at + 6])))


def _is_right(data: Bytes, at: int, length: int, kind: int) -> bool:
    one = tuple(np.array([n], dtype=np.int64) for n in (at, length, kind))
    return bool(_checksums(data, (one[0], one[1], one[2]))[0] == _stored(data, one[0])[0])


def _stored(data: Bytes, at: Places) -> npt.NDArray[np.uint32]:
    stored = np.zeros(len(at), dtype=np.uint32)
    for i in range(4):
        stored |= data[at + i].astype(np.uint32) << np.uint32(8 * i)
    return stored


def _table() -> npt.NDArray[np.uint32]:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, table >> 1 ^ np.uint32(_POLYNOMIAL), table >> 1).astype(np.uint32)
    return table


_CRC = _table()
_CRC_LIST: list[int] = _CRC.tolist()
# So many records are fewer than pay for an array.
_FEW = 50


def _checksums(data: Bytes, records: tuple[Places, Places, Places]) -> npt.NDArray[np.uint32]:
    """Return the masked CRC-32C of records, a byte of each at a time, longest first; the few longest one by one."""
    at, length, kind = records
    order = np.argsort(-length, kind="stable")
    start, left = at[order] + HEADER_BYTES, length[order]
    crc = np.full(len(order), 0xFFFFFFFF, dtype=np.uint32)
    crc = _CRC[(crc ^ kind[order].astype(np.uint32)) & 0xFF] ^ crc >> np.uint32(8)
    ascending = left[::-1]
    together = int(left[_FEW]) if len(left) > _FEW else 0
    for i in range(together):
        n = len(left) - int(np.searchsorted(ascending, i, side="right"))
        crc[:n] = _CRC[(crc[:n] ^ data[start[:n] + i]) & 0xFF] ^ crc[:n] >> np.uint32(8)
    for i in np.flatnonzero(left > together).tolist():
        crc[i] = _continued(int(crc[i]), data[start[i] + together : start[i] + left[i]].tobytes())
    crc ^= np.uint32(0xFFFFFFFF)
    masked = (crc >> np.uint32(15) | crc << np.uint32(17)) + np.uint32(_MASK_DELTA)
    checksums = np.empty(len(order), dtype=np.uint32)
    checksums[order] = masked
    return checksums


def _continued(crc: int, data: bytes) -> int:
    for byte in data:
        crc = _CRC_LIST[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc


def _damaged(path: Path, at: int, why: str) -> CorruptionError:
    return CorruptionError(
        f"the log {path} is damaged at byte {at}: {why}. Restore a backup, or save what is sound "
        "with `rem-arrow repair`"
    )
