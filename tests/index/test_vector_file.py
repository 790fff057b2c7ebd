"""A saved index comes back whole, or is refused."""

from __future__ import annotations

import os
import random
import shutil
import signal
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rem_arrow.base.errors import CorruptionError, ExecuteError
from rem_arrow.index import vector_file
from rem_arrow.index.metrics import METRICS
from rem_arrow.index.vector import VectorIndex
from tests.children import killed, run_python
from tests.index.vectors import clustered

CHILD = Path(__file__).with_name("save_child.py")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def saved(tmp_path) -> Path:
    """A small index with live, deleted and replaced rows, and several levels."""
    index = VectorIndex(4, "cosine", m=3, ef_construction=10)
    index.add(np.arange(40) * 1_000, clustered(40, 4, 1))
    index.remove(np.arange(5) * 1_000)
    index.add(np.array([2_000, 7_000]), clustered(2, 4, 2))
    index.save(tmp_path / "index", b"stamp")
    return tmp_path / "index"


@pytest.mark.parametrize("metric", METRICS)
def test_an_index_comes_back_as_it_was(metric, tmp_path):
    """The same rows, counts, options and answers; and it can be written on."""
    matrix = clustered(1_500, 12, 1)
    index = VectorIndex(12, metric, m=7, ef_construction=33)
    index.add(np.arange(1_500), matrix)
    index.remove(np.arange(0, 1_500, 7))
    assert index.save(tmp_path / "an index", b"\0stamp") == (tmp_path / "an index").stat().st_size
    other = VectorIndex.load(tmp_path / "an index", expected_stamp=b"\0stamp", dimension=12, metric=metric)
    assert (other.metric, other.dimension, other.m, other.ef_construction, other.stamp) == (
        metric,
        12,
        7,
        33,
        b"\0stamp",
    )
    assert (other.live, other.deleted) == (index.live, index.deleted)
    np.testing.assert_array_equal(other.held(), index.held())
    for query in clustered(20, 12, 2):
        for ef in (1, 10, 100):
            for a, b in zip(index.search(query, 9, ef=ef), other.search(query, 9, ef=ef), strict=True):
                np.testing.assert_array_equal(a, b)
    other.add(np.arange(0, 3_000, 2), clustered(1_500, 12, 3))
    assert sorted({*index.held().tolist(), *range(0, 3_000, 2)}) == other.held().tolist()
    other.save(tmp_path / "an index", b"")
    assert VectorIndex.load(tmp_path / "an index", expected_stamp=None).live == other.live
    assert os.listdir(tmp_path) == ["an index"]


def test_an_empty_index_comes_back_empty(tmp_path):
    """Also one whose rows were all removed."""
    index = VectorIndex(3, "l2", m=5)
    for _ in range(2):
        index.save(tmp_path / "index", b"")
        other = VectorIndex.load(tmp_path / "index", expected_stamp=b"")
        assert (other.live, other.deleted, other.m) == (0, 0, 5)
        other.add(np.arange(30), clustered(30, 3, 1))
        assert other.live == 30
        index.add(np.arange(3), clustered(3, 3, 1))
        index.remove(np.arange(3))


def test_every_flipped_byte_is_seen(saved):
    """At any place of the file."""
    data = saved.read_bytes()
    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 1 << (place % 8)
        saved.write_bytes(damaged)
        with pytest.raises(CorruptionError, match=r"the vector index .*index is damaged: "):
            VectorIndex.load(saved, expected_stamp=b"stamp")
    saved.write_bytes(data)
    assert VectorIndex.load(saved, expected_stamp=b"stamp").live == 36


def test_every_cut_and_every_addition_is_seen(saved):
    """A file that is shorter or longer than it was."""
    data = saved.read_bytes()
    for length in [*range(0, len(data), 13), *range(len(data) - 80, len(data))]:
        saved.write_bytes(data[:length])
        with pytest.raises(CorruptionError, match="too short|does not end|bytes, not"):
            VectorIndex.load(saved, expected_stamp=b"stamp")
    for more in (data + b"\0", b"\0" + data, data + data):
        saved.write_bytes(more)
        with pytest.raises(CorruptionError, match="does not end|bytes, not|checksum"):
            VectorIndex.load(saved, expected_stamp=b"stamp")


def test_a_missing_file_is_named(tmp_path):
    """As damage: the index is built again."""
    with pytest.raises(CorruptionError, match="none is damaged: No such file"):
        VectorIndex.load(tmp_path / "none", expected_stamp=None)
    with pytest.raises(CorruptionError, match="Is a directory"):
        VectorIndex.load(tmp_path, expected_stamp=None)


def test_another_index_is_refused(saved):
    """With another stamp, dimension or metric; the text says what is there."""
    with pytest.raises(CorruptionError, match=r"another one: its stamp is b'stamp', not b'other'"):
        VectorIndex.load(saved, expected_stamp=b"other")
    with pytest.raises(CorruptionError, match="another one: its dimension is 4, not 5"):
        VectorIndex.load(saved, expected_stamp=b"stamp", dimension=5)
    with pytest.raises(CorruptionError, match="another one: its metric is 'cosine', not 'l2'"):
        VectorIndex.load(saved, expected_stamp=None, metric="l2")


def rewritten(path: Path, change) -> None:
    """Write a file anew with a header that was changed: the checksum is right, the content is not."""
    loaded = vector_file.read(path)
    graph = path.read_bytes()[: -len(loaded.stamp) - vector_file._TRAILER.size]

    def save(temporary: Path):
        temporary.write_bytes(graph)
        fields = {
            name: getattr(loaded.header, name)
            for name in ("dimension", "metric", "m", "ef_construction", "count", "live")
        }
        return vector_file.Header(**(fields | change)), b""

    vector_file.write(path, loaded.stamp, save)


@pytest.mark.parametrize(
    "change", [{"dimension": 5}, {"m": 4}, {"ef_construction": 11}, {"count": 41}, {"live": 35}], ids=str
)
def test_a_header_that_does_not_fit_its_graph_is_refused(saved, change):
    """Though every byte is as it was written."""
    rewritten(saved, change)
    with pytest.raises(CorruptionError, match="its graph is not one of hnswlib's|its counts differ"):
        VectorIndex.load(saved, expected_stamp=b"stamp")


def test_a_file_of_a_later_version_is_refused(saved, monkeypatch):
    """The text says both versions."""
    monkeypatch.setattr(vector_file, "_VERSION", 3)
    with pytest.raises(CorruptionError, match="its version is 2, not 3"):
        VectorIndex.load(saved, expected_stamp=b"stamp")


def test_what_cannot_be_written_leaves_the_old_file(saved, monkeypatch):
    """A folder that is missing, a full disk, a file that is cut short: an error, the old file, no temporary one."""
    before = saved.read_bytes()
    index = VectorIndex.load(saved, expected_stamp=b"stamp")
    with pytest.raises(ExecuteError, match="cannot be written: .*No such file"):
        index.save(saved.parent / "missing" / "index", b"")
    monkeypatch.setattr(VectorIndex, "_new_graph", None)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(vector_file.os, "fsync", full)
        with pytest.raises(ExecuteError, match="cannot be written: the disk is full"):
            index.save(saved, b"")

    class Short:
        def __getattr__(self, name):
            return getattr(graph, name)

        def save_index(self, path):
            Path(path).write_bytes(b"12345")

    graph, index._graph = index._graph, Short()
    with pytest.raises(ExecuteError, match=r"cannot be written: 5 of \d+ bytes were written"):
        index.save(saved, b"")
    assert saved.read_bytes() == before and os.listdir(saved.parent) == ["index"]


def check_kills(folder: Path, kills: int) -> None:
    """Kill the child again and again: what it last acknowledged is there, or what it was saving then."""
    rng, path, done, cut = random.Random(1), folder / "index", 0, 0
    # However many it takes until one has come during a save.
    while done < kills or not cut:
        assert done < 100 * kills, "no kill came during a save: the test shows nothing"
        said = int(killed(CHILD, path, 3000, after_s=rng.uniform(0, 0.1)).lines[-1])
        index = VectorIndex.load(path, expected_stamp=None)
        assert int(index.stamp) in (said, said + 1)
        assert index.held().tolist() == list(range(int(index.stamp)))
        assert index.search(np.full(32, int(index.stamp), dtype=np.float32), 1, ef=100)[0].tolist() == [
            int(index.stamp) - 1
        ]
        cut += vector_file.sweep(folder)
        assert os.listdir(folder) == ["index"]
        done += 1


@pytest.mark.long
def test_many_kills_during_saves(tmp_path):
    """Forty of them."""
    check_kills(tmp_path, 40)


def test_temporary_files_are_swept(saved):
    """And nothing else."""
    other = saved.with_name(f"index.1-2{vector_file._TEMPORARY}")
    shutil.copy(saved, other)
    assert vector_file.sweep(saved.parent) == 1
    assert os.listdir(saved.parent) == ["index"]


def test_a_process_killed_while_it_saves(tmp_path):
    """Once between the writing and the rename, held there: the old file is what loads."""
    path = tmp_path / "index"
    index = VectorIndex(2, "l2")
    index.add(np.arange(3), clustered(3, 2, 1))
    index.save(path, b"old")
    text = f"""
import os, signal
from pathlib import Path
from rem_arrow.index.vector import VectorIndex
index = VectorIndex.load(Path({str(path)!r}), expected_stamp=b"old")
Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
index.save(Path({str(path)!r}), b"new")
"""
    assert run_python(text).returncode == -signal.SIGKILL
    assert len(os.listdir(tmp_path)) == 2
    assert VectorIndex.load(path, expected_stamp=b"old").live == 3
    assert vector_file.sweep(tmp_path) == 1


def resealed(data: bytes, change: Callable[[bytearray], None]) -> bytes:
    """A file with a changed graph and a checksum that fits, as somebody who means harm would write it."""
    changed = bytearray(data)
    change(changed)
    return bytes(changed[:-12]) + zlib.crc32(changed[:-12]).to_bytes(4, "little") + bytes(changed[-8:])


def test_links_that_lead_nowhere_are_seen(saved):
    """With a checksum that fits: hnswlib follows links without looking."""
    data = saved.read_bytes()
    assert resealed(data, lambda _: None) == data
    head, most, upper_most = 96, 6, 3
    size = 4 + 4 * most + 4 * 4 + 8
    count = int.from_bytes(data[16:24], "little")

    def number(place: int) -> int:
        return int.from_bytes(data[place : place + 4], "little")

    def refuse(place: int, value: int) -> None:
        def change(changed: bytearray) -> None:
            changed[place : place + 4] = value.to_bytes(4, "little")

        saved.write_bytes(resealed(data, change))
        with pytest.raises(CorruptionError, match="is damaged: its graph is not one of hnswlib's"):
            VectorIndex.load(saved, expected_stamp=b"stamp")

    levels, at = [], head + count * size
    for row in range(count):
        start = head + row * size
        refuse(start, most + 1)
        for link in range(number(start) & 0xFFFF):
            refuse(start + 4 + 4 * link, count)
        levels.append(number(at) // (4 + 4 * upper_most))
        at += 4 + number(at)
    saved.write_bytes(data)
    assert at == len(data) - 64 - len(vector_file.read(saved).stamp)
    lowest, at = levels.index(0), head + count * size
    for row in range(count):
        refuse(at, number(at) + 4)
        for level in range(levels[row]):
            place = at + 4 + level * (4 + 4 * upper_most)
            refuse(place, upper_most + 1)
            for link in range(number(place)):
                refuse(place + 4 + 4 * link, count)
                refuse(place + 4 + 4 * link, lowest)
        at += 4 + number(at)
    for level in (max(levels) + 1, 0, 2**31 - 1):
        refuse(48, level)
    refuse(52, count)
    refuse(52, lowest)


@pytest.mark.parametrize(("place", "value"), [(-60, 0), (-60, 2**31), (-56, 99), (-52, 0), (-52, 2**31)])
def test_a_header_without_bounds_is_refused(saved, place, value):
    """Dimension, metric and links a row: no memory is asked for by them."""

    def change(changed: bytearray) -> None:
        changed[len(changed) + place : len(changed) + place + 4] = value.to_bytes(4, "little")

    saved.write_bytes(resealed(saved.read_bytes(), change))
    with pytest.raises(CorruptionError, match="dimensions, .* links a row"):
        VectorIndex.load(saved, expected_stamp=b"stamp")
