"""The file of a vector index: written whole or not at all, and read only when every byte is as it was written.

    graph        what hnswlib's save_index writes (version 0.8, little endian, 64 bits):
      head       96 bytes, `_GRAPH`
      rows       count x (links of level 0: u16 count, u8 deleted, u8, m * 2 x u32; vector: dimension x f32; label: u64)
      links      count x (bytes: u32, then the links of the levels above, level by level: u32 count, m x u32)
    stamp        the caller's bytes: which rows are at which place (`vector_groups`), and the stamp of the index
    trailer      `_TRAILER`: version, dimension, metric, m, ef_construction, count, live, lengths of graph and stamp,
                 CRC-32 of all that comes before it, magic

The trailer stands at the end because save_index takes a path and overwrites it. For the same reason load_index cannot
read this file; the graph is handed to hnswlib in the form in which it is unpickled, as views on the mapped file.

A file is written under a temporary name in its folder, synced, renamed, and the folder synced: a process that is killed
leaves the old file or the new one, and temporary ones that `sweep` removes.
"""

from __future__ import annotations

import itertools
import mmap
import os
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import hnswlib
import numpy as np

from rem_arrow.base.errors import CorruptionError, ExecuteError
from rem_arrow.index.graph_links import check_links
from rem_arrow.index.metrics import METRICS, Metric
from rem_arrow.running.disk_errors import disk_error
from rem_arrow.running.file_sync import sync_file

if TYPE_CHECKING:
    import numpy.typing as npt

    Labels: TypeAlias = "npt.NDArray[np.int64]"
    Flags: TypeAlias = "npt.NDArray[np.bool_]"

# Vectors are normalised here for the cosine, so that it is the inner product there.
SPACES: dict[Metric, str] = {"cosine": "ip", "inner_product": "ip", "l2": "l2"}

_MAGIC = b"rem-hnsw"
_VERSION = 2
_TEMPORARY = ".saving"
_TRAILER = struct.Struct("<IIIIIQQQQI8s")
# offset of level 0, capacity, count, bytes of a row, offsets of label and vector, top level, entry, maxM, maxM0, M,
# mult, ef_construction
_GRAPH = struct.Struct("<6QiI3QdQ")
# The head's fields that depend on dimension and m alone: they must be those of a graph made now.
_SAME = (
    "offset_level0",
    "size_data_per_element",
    "label_offset",
    "offset_data",
    "max_M",
    "max_M0",
    "M",
    "mult",
    "ef_construction",
)
_CHECKED_BYTES = 1 << 20
_ROOM_MIN = 1024
# Beyond these hnswlib would ask for memory without end.
_M_MAX, _DIMENSION_MAX = 1_024, 1 << 20

_temporary_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Header:
    """What the graph in a file is."""

    dimension: int
    metric: Metric
    m: int
    ef_construction: int
    count: int
    live: int


# What was written: the graph, and the bytes that go before the stamp.
Written: TypeAlias = tuple[Header, bytes]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A graph that was read: its labels in the order of its rows, and which of them are marked deleted."""

    header: Header
    stamp: bytes
    graph: Any
    labels: Labels
    deleted: Flags


def write(path: Path, stamp: bytes, save_graph: Callable[[Path], Written]) -> int:
    """Write a file; return its bytes.

    Args:
        save_graph: has hnswlib write the graph to the path that it is given, and says what it wrote, and which bytes
            go before the stamp.

    Raises:
        ExecuteError: the file cannot be written; what it held before is still in it.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}-{next(_temporary_numbers)}{_TEMPORARY}")
    try:
        header, groups = save_graph(temporary)
        length = _finish(temporary, header, groups + stamp)
        temporary.replace(path)
        sync_file(path.parent)
    except (OSError, RuntimeError) as error:
        what = f"the vector index {path} cannot be written"
        raise disk_error(error, what) or ExecuteError(f"{what}: {error}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return length


def sweep(folder: Path) -> int:
    """Remove the temporary files that killed processes left; return how many. REQUIRES: nothing is being saved
    there."""
    left = list(folder.glob(f"*{_TEMPORARY}"))
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


def read(path: Path) -> Loaded:
    """Read a file, checking every byte of it.

    Raises:
        CorruptionError: it is missing, cannot be read, or is not what `write` left.
    """
    data = _mapped(path)
    header, graph_bytes, stamp = _checked(path, data)
    try:
        state, labels, deleted = _state(np.frombuffer(data, dtype=np.uint8, count=graph_bytes), header)
        graph = hnswlib.Index(params=state)
    except (ValueError, IndexError, KeyError, struct.error, RuntimeError) as error:
        raise _damaged(path, f"its graph is not one of hnswlib's: {error}") from error
    if header.count - int(deleted.sum()) != header.live:
        raise _damaged(path, "its counts differ")
    return Loaded(header, stamp, graph, labels, deleted)


def check(path: Path) -> None:
    """Raise CorruptionError unless every byte of a file is as it was written."""
    with _mapped(path) as data:
        _checked(path, data)


def _mapped(path: Path) -> mmap.mmap:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size < _TRAILER.size:
                raise _damaged(path, "it is too short")
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise _damaged(path, error.strerror or str(error)) from error


def _finish(path: Path, header: Header, stamp: bytes) -> int:
    """Put stamp and trailer behind the graph, and sync the file; return its length."""
    with path.open("r+b") as file:
        graph_bytes = file.seek(0, os.SEEK_END)
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            crc = _crc(data, graph_bytes)
        fields = (
            _VERSION,
            header.dimension,
            METRICS.index(header.metric),
            header.m,
            header.ef_construction,
            header.count,
            header.live,
            graph_bytes,
            len(stamp),
        )
        crc = zlib.crc32(_TRAILER.pack(*fields, 0, _MAGIC)[:-12], zlib.crc32(stamp, crc))
        file.write(stamp + _TRAILER.pack(*fields, crc, _MAGIC))
        file.flush()
        os.fsync(file.fileno())
        return file.tell()


def _checked(path: Path, data: mmap.mmap) -> tuple[Header, int, bytes]:
    """Return what the trailer says, the length of the graph, and the stamp."""
    start = len(data) - _TRAILER.size
    version, dimension, metric, m, ef_construction, count, live, graph_bytes, stamp_bytes, crc, magic = (
        _TRAILER.unpack_from(data, start)
    )
    if magic != _MAGIC:
        raise _damaged(path, "it does not end as a vector index does")
    if version != _VERSION:
        raise _damaged(path, f"its version is {version}, not {_VERSION}")
    if graph_bytes + stamp_bytes != start:
        raise _damaged(path, f"it has {len(data)} bytes, not {graph_bytes + stamp_bytes + _TRAILER.size}")
    if _crc(data, len(data) - 12) != crc:
        raise _damaged(path, "its checksum differs")
    if metric >= len(METRICS) or not 0 < dimension <= _DIMENSION_MAX or not 1 < m <= _M_MAX:
        raise _damaged(path, f"it has {dimension} dimensions, {m} links a row and the metric {metric}")
    return Header(dimension, METRICS[metric], m, ef_construction, count, live), graph_bytes, data[graph_bytes:start]


def _state(data: npt.NDArray[np.uint8], header: Header) -> tuple[dict[str, Any], Labels, Flags]:
    """Return the graph in the form that hnswlib unpickles, its labels, and which are deleted; arrays are views where
    they can be."""
    fresh = hnswlib.Index(space=SPACES[header.metric], dim=header.dimension)
    fresh.init_index(max_elements=1, M=header.m, ef_construction=header.ef_construction)
    (state,) = fresh.__getstate__()
    head = _GRAPH.unpack(data[: _GRAPH.size].tobytes())
    names = (
        "offset_level0",
        "max_elements",
        "cur_element_count",
        "size_data_per_element",
        "label_offset",
        "offset_data",
        "max_level",
        "enterpoint_node",
    )
    said = dict(zip((*names, "max_M", "max_M0", "M", "mult", "ef_construction"), head, strict=True))
    count, size = said["cur_element_count"], said["size_data_per_element"]
    wrong = [name for name in _SAME if said[name] != state[name]]
    if wrong or count != header.count:
        raise ValueError(f"{', '.join(wrong) or 'count'} differs")
    rows_end = _GRAPH.size + count * size
    level0 = data[_GRAPH.size : rows_end]
    rows = level0.reshape(count, size)
    labels = rows[:, said["label_offset"] : said["label_offset"] + 8].copy().view(np.int64).ravel()
    deleted = (rows[:, 2] & 1).astype(np.bool_)
    levels, links = _links(data[rows_end:], count, state["size_links_per_element"])
    check_links(rows, links, levels, m=header.m, max_level=said["max_level"], entry=said["enterpoint_node"])
    state |= said
    state |= {
        "max_elements": count + max(count // 16, _ROOM_MIN),
        "ep_added": True,
        "ef": 1,
        # The levels of new rows begin a sequence of their own, not that of the first rows again.
        "seed": 100 + count,
        "has_deletions": bool(deleted.any()),
        "label_lookup_external": labels.view(np.uint64),
        "label_lookup_internal": np.arange(count, dtype=np.uint32),
        "element_levels": levels,
        "data_level0": level0.view(np.int8),
        "link_lists": links.view(np.int8),
    }
    return state, labels, deleted


def _links(
    data: npt.NDArray[np.uint8], count: int, level_bytes: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint32]]:
    """Return each row's top level, and the links above level 0 without the lengths between them."""
    words = data.view(np.uint32)
    lengths = words.tolist()
    levels: list[int] = []
    places: list[int] = []
    at = 0
    for _ in range(count):
        length = lengths[at]
        if length % level_bytes:
            raise ValueError("the links of a row are no whole number of levels")
        levels.append(length)
        places.append(at)
        at += 1 + length // 4
    if at != len(lengths):
        raise ValueError("links and rows do not end together")
    is_link = np.ones(len(words), dtype=np.bool_)
    is_link[places] = False
    return np.array(levels, dtype=np.int32) // level_bytes, words[is_link]


def _crc(data: mmap.mmap, stop: int) -> int:
    """Return the CRC-32 of the first bytes, in blocks: between them other threads run, and a block is gone from the
    cache but once."""
    view = memoryview(data)
    crc = 0
    try:
        for start in range(0, stop, _CHECKED_BYTES):
            with view[start : min(start + _CHECKED_BYTES, stop)] as block:
                crc = zlib.crc32(block, crc)
    finally:
        view.release()
    return crc


def _damaged(path: Path, why: str) -> CorruptionError:
    return CorruptionError(f"the vector index {path} is damaged: {why}")
