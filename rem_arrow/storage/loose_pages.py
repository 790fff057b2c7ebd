"""Pages found in a data file that RocksDB cannot read: each carries a checksum of its own.

Pages are not compressed, so they lie in the file as they were written. Entries follow each other in a block:

    varint  bytes that the key shares with the one before; 0 in the first entry of a block
    varint  bytes of the key that follow
    varint  bytes of the value
    ...     the key: ours, then u64: sequence number << 8 | kind, little-endian (1: a value)
    ...     the value: u32 CRC-32 of what follows it, little-endian, see codec.py and copies.py

Source: RocksDB 9.8, table/block_based/block_builder.cc.
"""

from __future__ import annotations

import mmap
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from rem_arrow.storage import keys
from rem_arrow.storage.write_batch import varint

_KEY_BYTES = len(keys.page_key(0, 0, 0, 0))
_STORED_KEY_BYTES = _KEY_BYTES + 8
_VALUE = 1
_VARINT_BYTES_MAX = 15
_FIRST_ENTRY = re.compile(re.escape(bytes([0, _STORED_KEY_BYTES])))


def loose_pages(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """Yield the keys and values in a file whose checksums fit, wherever they lie."""
    if not path.stat().st_size:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        done = 0
        for first in _FIRST_ENTRY.finditer(data):
            if first.start() >= done:
                for key, value, end in _entries(data, first.start()):
                    done = end
                    yield key, value


def _entries(data: mmap.mmap, at: int) -> Iterator[tuple[bytes, bytes, int]]:
    """Yield the entries from a place on, and where each ends, until one does not fit its checksum."""
    stored = b""
    while at + _VARINT_BYTES_MAX < len(data):
        shared, place = varint(data, at)
        rest, place = varint(data, place)
        size, place = varint(data, place)
        start = place + rest
        if shared > len(stored) or shared + rest != _STORED_KEY_BYTES or size < 4 or start + size > len(data):
            return
        stored = stored[:shared] + data[place:start]
        value = data[start : start + size]
        if stored[_KEY_BYTES] != _VALUE or zlib.crc32(value[4:]) != int.from_bytes(value[:4], "little"):
            return
        at = start + size
        yield stored[:_KEY_BYTES], value, at
