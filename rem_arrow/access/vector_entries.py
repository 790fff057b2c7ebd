"""The catalog entry of an HNSW index that is kept in a file: the file's name, its stamp, the rows that it holds,
and how far a search goes.

default     "hnsw" table:u16 name           JSON [file, stamp in hex, [near, far, distance, rows]], 0, then
                                            rowids: i64[], fingerprints: u32[]
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, cast

import numpy as np
from pydantic_core import from_json, to_json

from rem_arrow.access.kept_index import HeldRows
from rem_arrow.access.search_effort import UNMEASURED, Effort
from rem_arrow.base.errors import CorruptionError


class VectorEntry(NamedTuple):
    """What makes a file count."""

    file: str
    stamp: bytes
    rows: HeldRows
    effort: Effort = UNMEASURED

    def written(self) -> bytes:
        """Return the entry as it is stored."""
        held = self.rows.rowids.astype("<i8").tobytes() + self.rows.fingerprints.astype("<u4").tobytes()
        return to_json([self.file, self.stamp.hex(), list(self.effort)], inf_nan_mode="constants") + b"\0" + held


def read_entry(stored: bytes) -> VectorEntry:
    """Return a stored entry. Raises CorruptionError."""
    head, _, rest = stored.partition(b"\0")
    try:
        file, stamp, *effort = cast("tuple[str, str, list[float]]", from_json(head))
        near, far, distance, rows = effort[0] if effort else UNMEASURED
        count = len(rest) // 12
        rowids = np.frombuffer(rest, dtype="<i8", count=count).astype(np.int64)
        fingerprints = np.frombuffer(rest, dtype="<u4", offset=8 * count).astype(np.uint32)
        return VectorEntry(
            file,
            bytes.fromhex(stamp),
            HeldRows(rowids, fingerprints),
            Effort(int(near), int(far), float(distance), int(rows)),
        )
    except (ValueError, TypeError) as error:
        raise CorruptionError(f"the entry of a vector index is damaged: {error}") from error


def file_of(stored: bytes) -> str:
    """Return the name of the file that an entry names."""
    return read_entry(stored).file


def check_file(folder: Path, stored: bytes) -> None:
    """Raise CorruptionError unless the file that an entry names is as it was written, every byte of it."""
    from rem_arrow.index import vector_file

    vector_file.check(folder / file_of(stored))
