"""The log of a Delta table, as far as a publication needs it: which files make up each version.

    _delta_log/00000000000000000000.json      one JSON object a line
    {"commitInfo": {"timestamp": 1767225600000, "operation": "WRITE", "engineInfo": "rem_arrow"}}
    {"protocol": {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": [...], "writerFeatures": [...]}}
    {"metaData": {"id": "...", "format": {...}, "schemaString": "...", "partitionColumns": [], ...}}
    {"remove": {"path": "part-a.parquet", "deletionTimestamp": ..., "dataChange": true, "deletionVector": ...}}
    {"add": {"path": "part-b.parquet", "partitionValues": {}, "size": ..., "modificationTime": ..., "dataChange": true,
             "stats": "{\"numRecords\": 3}", "deletionVector": ...}}

Rows that died after their file was written are named by a deletion vector within the entry: a roaring bitmap of their
places in the file, in base 85. The format is that of the Delta protocol, reader 3 and writer 7.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from rem_arrow.base.datatypes import Json

if TYPE_CHECKING:
    import numpy.typing as npt

LOG = "_delta_log"
_FEATURES: list[Json] = ["deletionVectors", "timestampNtz"]
_MAGIC = 1681511377
# The portable form of roaring bitmaps, without containers of runs.
_COOKIE = 12346
_ARRAY_MAX = 4096
_Z85 = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"


class LoggedFile(NamedTuple):
    """A file of a version: its rows are those in it without the `dead` ones, places in the file, ascending."""

    path: str
    bytes: int
    rows: int
    dead: tuple[int, ...] = ()

    @property
    def key(self) -> tuple[str, tuple[int, ...]]:
        return self.path, self.dead


def delta_log_name(version: int) -> str:
    """Return the name of the file that holds the commit of a version."""
    return f"{version:020}.json"


def commit_text(
    old: Iterable[LoggedFile], new: Iterable[LoggedFile], schema: Json | None, *, table: str, at_ms: int
) -> str:
    """Return the text of the commit that makes the files `new` of `old`.

    Args:
        schema: in the JSON of Delta, where it is another than before; None leaves it.
        table: an identity for the table, the same in all its commits.
        at_ms: the time, in milliseconds since 1970.
    """
    before, after = {f.key: f for f in old}, {f.key: f for f in new}
    info: dict[str, Json] = {"timestamp": at_ms, "operation": "WRITE", "engineInfo": "rem_arrow"}
    lines: list[dict[str, Json]] = [{"commitInfo": info}]
    if schema is not None:
        lines += [
            {
                "protocol": {
                    "minReaderVersion": 3,
                    "minWriterVersion": 7,
                    "readerFeatures": _FEATURES,
                    "writerFeatures": _FEATURES,
                }
            },
            {
                "metaData": {
                    "id": table,
                    "format": {"provider": "parquet", "options": {}},
                    "schemaString": json.dumps(schema),
                    "partitionColumns": [],
                    "configuration": {"delta.enableDeletionVectors": "true"},
                    "createdTime": at_ms,
                }
            },
        ]
    lines += [{"remove": _removed(f, at_ms)} for key, f in before.items() if key not in after]
    lines += [{"add": _added(f, at_ms)} for key, f in after.items() if key not in before]
    return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)


def _added(file: LoggedFile, at_ms: int) -> Json:
    return {
        "path": file.path,
        "partitionValues": {},
        "size": file.bytes,
        "modificationTime": at_ms,
        "dataChange": True,
        # With a vector the count is that of all rows in the file, and its bounds, of which none are told, are wide.
        "stats": json.dumps({"numRecords": file.rows, "tightBounds": not file.dead}),
        **_vector(file),
    }


def _removed(file: LoggedFile, at_ms: int) -> Json:
    return {
        "path": file.path,
        "deletionTimestamp": at_ms,
        "dataChange": True,
        "extendedFileMetadata": True,
        "partitionValues": {},
        "size": file.bytes,
        **_vector(file),
    }


def _vector(file: LoggedFile) -> dict[str, Json]:
    if not file.dead:
        return {}
    data = bitmap(np.array(file.dead, dtype=np.uint32))
    text = base85(data)
    return {
        "deletionVector": {
            "storageType": "i",
            "pathOrInlineDv": text,
            "sizeInBytes": len(data),
            "cardinality": len(file.dead),
        }
    }


def commits_after(texts: Iterable[str], files: Mapping[str, LoggedFile]) -> dict[str, LoggedFile]:
    """Return the files of a table by path after further commits of this program, of these texts."""
    files = dict(files)
    for text in texts:
        for line in text.splitlines():
            entry = cast("dict[str, dict[str, Json]]", json.loads(line))
            if "remove" in entry:
                files.pop(str(entry["remove"]["path"]), None)
            if "add" in entry:
                add = entry["add"]
                stats = cast("dict[str, int]", json.loads(str(add["stats"])))
                dead = _dead(cast("dict[str, Json] | None", add.get("deletionVector")))
                path = str(add["path"])
                files[path] = LoggedFile(path, cast(int, add["size"]), stats["numRecords"], dead)
    return files


def _dead(vector: Mapping[str, Json] | None) -> tuple[int, ...]:
    if vector is None:
        return ()
    size = cast(int, vector["sizeInBytes"])
    return tuple(bitmap_values(from_base85(str(vector["pathOrInlineDv"]))[:size]).tolist())


# --- deletion vectors


def bitmap(values: npt.NDArray[np.uint32]) -> bytes:
    """Return an array of ascending numbers as Delta's array of roaring bitmaps, of which it needs one."""
    keys, starts = np.unique(values >> 16, return_index=True)
    groups = np.split((values & 0xFFFF).astype("<u2"), starts[1:])
    header = struct.pack("<II", _COOKIE, len(keys))
    header += b"".join(struct.pack("<HH", k, len(g) - 1) for k, g in zip(keys.tolist(), groups, strict=True))
    containers = [_container(group) for group in groups]
    offset = len(header) + 4 * len(containers)
    offsets = b""
    for container in containers:
        offsets += struct.pack("<I", offset)
        offset += len(container)
    return struct.pack("<IQI", _MAGIC, 1, 0) + header + offsets + b"".join(containers)


def _container(group: npt.NDArray[np.uint16]) -> bytes:
    if len(group) <= _ARRAY_MAX:
        return group.tobytes()
    bits = np.zeros(1 << 16, dtype=np.bool_)
    bits[group] = True
    return np.packbits(bits, bitorder="little").tobytes()


def bitmap_values(data: bytes) -> npt.NDArray[np.uint32]:
    """Return the numbers in what `bitmap` returned."""
    at = struct.calcsize("<IQI") + 4
    (count,) = struct.unpack_from("<I", data, at)
    described = [struct.unpack_from("<HH", data, at + 4 + 4 * i) for i in range(count)]
    at += 4 + 8 * count
    groups: list[npt.NDArray[np.uint32]] = [np.empty(0, dtype=np.uint32)]
    for key, last in described:
        if last < _ARRAY_MAX:
            group = np.frombuffer(data, dtype="<u2", count=last + 1, offset=at)
            at += 2 * (last + 1)
        else:
            bits = np.unpackbits(np.frombuffer(data, dtype=np.uint8, count=8192, offset=at), bitorder="little")
            group = np.flatnonzero(bits)
            at += 8192
        groups.append(group.astype(np.uint32) + np.uint32(key << 16))
    return np.concatenate(groups)


def base85(data: bytes) -> str:
    """Return bytes in the base 85 of ZeroMQ (RFC 32), filled up with zeros to a multiple of 4."""
    data += b"\0" * (-len(data) % 4)
    words = np.frombuffer(data, dtype=">u4").astype(np.uint64)
    digits = np.stack([words // 85**i % 85 for i in (4, 3, 2, 1, 0)], axis=1).astype(np.intp)
    return np.frombuffer(_Z85, dtype=np.uint8)[digits].tobytes().decode()


def from_base85(text: str) -> bytes:
    """Return what `base85` encoded, with the zeros."""
    digits = np.array([_Z85.index(c) for c in text.encode()], dtype=np.uint64).reshape(-1, 5)
    powers = np.array([85**i for i in (4, 3, 2, 1, 0)], dtype=np.uint64)
    words: npt.NDArray[np.uint64] = (digits * powers).sum(axis=1)
    return words.astype(">u4").tobytes()
