"""The checksums of the files in the folder of a full-text index, which its library reads without any check."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path

from pydantic_core import from_json

# The list of segments. The files of a segment bear its name, and never change.
_META = "meta.json"


def folder_checksums(folder: Path, known: Mapping[str, int] | None = None) -> dict[str, int]:
    """Return the CRC-32 of meta.json and of the files of the segments that it names; `known` spares reading those.

    Raises:
        OSError: the folder or a file cannot be read.
        ValueError, KeyError: meta.json is damaged.
    """
    meta = (folder / _META).read_bytes()
    segments = {str(segment["segment_id"]).replace("-", "") for segment in from_json(meta)["segments"]}
    files = [p.name for p in folder.iterdir() if p.name.partition(".")[0] in segments]
    had = known or {}
    return {_META: zlib.crc32(meta)} | {
        name: had[name] if name in had else zlib.crc32((folder / name).read_bytes()) for name in files
    }
