"""Copies of what a table cannot be read without: its description, and the manifest of each segment.

Each lies in another family than the original, behind its CRC-32 (u32, little-endian): that of a description among the
manifests, under a table number that no table has; that of a manifest among the pages of its segment. Nothing reads them
but the check and the repair of a database, where a file with the originals is damaged.
"""

from __future__ import annotations

import zlib

from rem_arrow.base.errors import CorruptionError
from rem_arrow.storage import keys
from rem_arrow.storage.kv import KV, Op


def of_description(table: int, original: bytes | None) -> Op:
    """Return the operation that stores the copy of a description; None deletes it."""
    return "manifest", keys.part_key(keys.NO_TABLE, table), None if original is None else _written(original)


def of_manifest(table: int, part: int, original: bytes) -> tuple[bytes, bytes]:
    """Return the entry, among the pages, of the copy of a manifest."""
    return keys.manifest_copy_key(table, part), _written(original)


def manifest_op(kv: KV, table: int, number: int, manifest: bytes) -> Op:
    """Write the copy of a manifest, and return the operation that makes the segment exist."""
    kv.write_bulk("pages", [of_manifest(table, number, manifest)])
    return ("manifest", keys.part_key(table, number), manifest)


def manifest(kv: KV, table: int, part: int) -> bytes | None:
    """Return the copy of a manifest; None where there is none. Raises CorruptionError."""
    stored = kv.get("pages", keys.manifest_copy_key(table, part))
    return None if stored is None else original(stored)


def original(stored: bytes) -> bytes:
    """Return what was copied. Raises CorruptionError."""
    if len(stored) < 4 or zlib.crc32(stored[4:]) != int.from_bytes(stored[:4], "little"):
        raise CorruptionError("it fails its checksum")
    return stored[4:]


def _written(copied: bytes) -> bytes:
    return zlib.crc32(copied).to_bytes(4, "little") + copied
