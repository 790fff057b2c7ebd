"""Leave out the rows of frames whose keys are not in given sets, on all cores."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from math import prod
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import polars as pl

from rem_arrow.storage import codec

if TYPE_CHECKING:
    import numpy.typing as npt

    from rem_arrow.base.source import KeySet

    Values: TypeAlias = "npt.NDArray[np.integer]"
    Offsets: TypeAlias = "npt.NDArray[np.intp]"

# When more than this share of a frame's rows stays they are left to the join: taking them out would cost as much.
_SHARE_MAX = 0.12
# A set that keeps more than this share is not worth the look.
_KEY_SHARE_MAX = 0.7
_SAMPLE_STEP = 509
_FEW_ROWS = 1_000
_ROWS_PER_THREAD_MIN = 200_000


def kept(frames: Sequence[pl.DataFrame], keys: Sequence[KeySet]) -> list[pl.DataFrame]:
    """Return at least the rows whose values are in all of the sets, in their order."""
    # What lies in the place of a NULL may be in a set: some rows too many are taken then.
    values = [[codec.integers(frame[key.column]) for key in keys] for frame in frames]
    offsets = _on_all_cores(values, keys, sum(f.height for f in frames))
    rows: list[pl.DataFrame] = []
    few: list[tuple[pl.DataFrame, Offsets]] = []
    for frame, taken in zip(frames, offsets, strict=True):
        if taken is not None and len(taken) <= _FEW_ROWS:
            few.append((frame, taken))
            continue
        rows += [*_gathered(few), frame if taken is None else frame[pl.Series(taken.astype(np.uint32))]]
        few = []
    return [*rows, *_gathered(few)]


def _on_all_cores(values: list[list[Values]], keys: Sequence[KeySet], rows: int) -> list[Offsets | None]:
    """Return the offsets of each frame. A thread takes frames that follow each other: by turns they would wait for the
    interpreter."""
    threads = max(1, min(pl.thread_pool_size(), len(values), rows // _ROWS_PER_THREAD_MIN))
    if threads == 1:
        return [_offsets(v, keys) for v in values]
    ends = [len(values) * i // threads for i in range(threads + 1)]
    with ThreadPoolExecutor(threads) as pool:
        groups = pool.map(lambda i: [_offsets(v, keys) for v in values[ends[i] : ends[i + 1]]], range(threads))
        return [offsets for group in groups for offsets in group]


def _offsets(values: list[Values], keys: Sequence[KeySet]) -> Offsets | None:
    """Return where all keys are in their sets, looking at the rarest first; None is everywhere, or not worth while."""
    shares = [
        float(_present(numbers[::_SAMPLE_STEP], key).mean()) if len(numbers) else 1.0
        for numbers, key in zip(values, keys, strict=True)
    ]
    if prod(shares) > _SHARE_MAX:
        return None
    offsets: Offsets | None = None
    for share, numbers, key in sorted(zip(shares, values, keys, strict=True), key=lambda c: c[0]):
        if share <= _KEY_SHARE_MAX:
            hits = _present(numbers if offsets is None else numbers[offsets], key)
            offsets = np.flatnonzero(hits) if offsets is None else offsets[hits]
    return offsets


def _present(values: Values, key: KeySet) -> npt.NDArray[np.bool_]:
    places = values if key.low == 0 else values.astype(np.int64, copy=False) - key.low
    # What lies beyond an end is cut to it, where False stands. This is also faster than indexing, which would check the
    # places.
    present: npt.NDArray[np.bool_] = key.present.take(places, mode="clip")
    return present


def _gathered(few: list[tuple[pl.DataFrame, Offsets]]) -> list[pl.DataFrame]:
    """Take few rows of each of many frames at once."""
    if not few:
        return []
    starts = np.cumsum([0, *(frame.height for frame, _ in few[:-1])])
    places = np.concatenate([offsets + start for (_, offsets), start in zip(few, starts, strict=True)])
    return [pl.concat([frame for frame, _ in few], rechunk=False)[pl.Series(places.astype(np.uint32))]]
