"""What RocksDB logs for one write: a batch of operations on keys of numbered families.

    0   u64  sequence number, little-endian like the rest
    8   u32  operations
    12  ...  each: a tag, the number of the family where the tag says so (a varint), a key, and what belongs to it;
             keys and values behind their lengths (varints)

Source: RocksDB 9.8, db/write_batch.cc, and db/version_edit.h for the families that a manifest names.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from typing import NamedTuple

from rem_arrow.base.errors import CorruptionError

_HEADER_BYTES = 12
_DELETE, _PUT, _FAMILY_DELETE, _FAMILY_PUT = 0, 1, 4, 5
_FAMILY_RANGE, _RANGE, _NOTHING = 14, 15, 13
_WITH_FAMILY = (_FAMILY_DELETE, _FAMILY_PUT, _FAMILY_RANGE)
_COMMIT = re.compile(rb"\x01\x06commit\x08(.{8})", re.DOTALL)
# A manifest's record that adds a family: its number and its name, each behind its own tag.
_FAMILY_ADDED = re.compile(rb"\xc8\x01(.)\xc9\x01(.)([a-z]+)", re.DOTALL)


class Operation(NamedTuple):
    """A key that is stored (`value`) or deleted, or with `end` all keys from `key` to before it deleted."""

    family: int
    key: bytes
    value: bytes | None = None
    end: bytes | None = None


def operations(batch: bytes) -> Iterator[Operation]:
    """Yield the operations of a logged batch, in their order. Raises CorruptionError for what is none of ours."""
    at = _HEADER_BYTES
    while at < len(batch):
        tag, at = batch[at], at + 1
        if tag == _NOTHING:
            continue
        if tag not in (_DELETE, _PUT, _RANGE, *_WITH_FAMILY):
            raise CorruptionError(f"the log holds an operation of kind {tag}, which this version does not know")
        family, at = varint(batch, at) if tag in _WITH_FAMILY else (0, at)
        key, at = _bytes(batch, at)
        if tag in (_DELETE, _FAMILY_DELETE):
            yield Operation(family, key)
            continue
        rest, at = _bytes(batch, at)
        yield Operation(family, key, value=rest) if tag in (_PUT, _FAMILY_PUT) else Operation(family, key, end=rest)


def commit_of(batch: bytes) -> int | None:
    """Return the number of the commit that a batch stores; None for one that is no commit."""
    stored = _COMMIT.search(batch)
    return None if stored is None else int.from_bytes(stored.group(1), "big")


def families_in(manifest_record: bytes) -> dict[int, str]:
    """Return the families that a record of a manifest adds, by number."""
    return {
        added[1][0]: added[3][: added[2][0]].decode()
        for added in _FAMILY_ADDED.finditer(manifest_record)
        if len(added[3]) >= added[2][0]
    }


def varint(data: bytes | mmap.mmap, at: int) -> tuple[int, int]:
    """Return the number that stands at a place, 7 bits a byte, the lowest first, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        value, at = value | (byte & 0x7F) << shift, at + 1
        if byte < 0x80:
            return value, at
        shift += 7


def _bytes(data: bytes, at: int) -> tuple[bytes, int]:
    length, at = varint(data, at)
    return data[at : at + length], at + length
