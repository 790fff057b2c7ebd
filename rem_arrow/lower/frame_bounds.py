"""The rows in the order of a window: where partitions and peers begin and end, and where each row's frame does.

Places count from 0 in that order; ends are exclusive. A frame that holds nothing has its end at its start.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from rem_arrow.base.errors import ExecuteError
from rem_arrow.lower.packed_sort import packed_order
from rem_arrow.plan.nodes import Bound, Frame, SortKey

if TYPE_CHECKING:
    from typing import Any, TypeAlias

    import numpy.typing as npt

    Places: TypeAlias = npt.NDArray[np.int64]

# Decimals of as many digits are told apart as floats.
_FLOAT_DIGITS_MAX = 15


@dataclass(frozen=True, slots=True)
class Layout:
    """Of each row, in window order: its partition and its peers, from and to; `order` says which row stands where
    (None: as they came)."""

    rows: int
    order: Places | None
    partition: Places
    partition_start: Places
    partition_end: Places
    group: Places
    peer_start: Places
    peer_end: Places
    # Where each group of peers, of all partitions, begins; one more at the end.
    group_starts: Places

    @staticmethod
    def of(rows: pl.DataFrame, partition: tuple[str, ...], order: tuple[str, ...], keys: tuple[SortKey, ...]) -> Layout:
        places = _order(rows, partition, order, keys)
        new_partition = _changes(rows, partition, places)
        new_peer = new_partition | _changes(rows, order, places) if order else new_partition
        starts, part = _groups(new_partition)
        peers, group = _groups(new_peer)
        return Layout(
            rows.height, places, part, starts[part], starts[part + 1], group, peers[group], peers[group + 1], peers
        )

    def sorted(self, column: pl.Series) -> pl.Series:
        return column if self.order is None else column.gather(self.order)

    @property
    def place(self) -> Places:
        return np.arange(self.rows, dtype=np.int64)


def _order(
    rows: pl.DataFrame, partition: tuple[str, ...], order: tuple[str, ...], keys: tuple[SortKey, ...]
) -> Places | None:
    by = [*partition, *order]
    if not by or not rows.height:
        return None
    packed = packed_order(
        [rows[n] for n in partition], [(rows[n], k.descending, k.nulls_last) for n, k in zip(order, keys, strict=True)]
    )
    if packed is not None:
        return packed
    descending = [False] * len(partition) + [k.descending for k in keys]
    nulls_last = [True] * len(partition) + [k.nulls_last for k in keys]
    sortable = [pl.col(n).rank("dense") if rows.schema[n].is_nested() else pl.col(n) for n in by]
    return (
        rows.select(pl.arg_sort_by(sortable, descending=descending, nulls_last=nulls_last, maintain_order=True))
        .to_series()
        .to_numpy()
        .astype(np.int64)
    )


def _changes(rows: pl.DataFrame, names: tuple[str, ...], order: Places | None) -> npt.NDArray[np.bool_]:
    """Return where a row, in order, differs from the one before."""
    changed = np.zeros(rows.height, dtype=np.bool_)
    if rows.height:
        changed[0] = True
    for name in names:
        column = rows[name] if order is None else rows[name].gather(order)
        changed |= column.ne_missing(column.shift(1)).to_numpy()
    return changed


def _groups(new: npt.NDArray[np.bool_]) -> tuple[Places, Places]:
    """Return where groups begin, with the number of rows behind the last, and the group of each row."""
    starts = np.append(np.flatnonzero(new), len(new)).astype(np.int64)
    return starts, np.cumsum(new).astype(np.int64) - 1


def bounds(
    frame: Frame | None,
    layout: Layout,
    start: pl.Series | None,
    end: pl.Series | None,
    key: pl.Series | None,
    keys: tuple[SortKey, ...],
) -> tuple[Places, Places]:
    """Return the frames: first place and the place behind the last.

    Args:
        start, end: the offsets of ROWS and GROUPS as numbers; of RANGE, the value of the order key where the frame
            begins or ends.
        key: the one order key, sorted.
    """
    if frame is None:
        # With an order, up to the last peer; without, all rows are peers.
        return layout.partition_start, layout.peer_end if keys else layout.partition_end
    low = _bound(frame, frame.start, layout, start, key, keys, first=True)
    high = _bound(frame, frame.end, layout, end, key, keys, first=False)
    low = np.clip(low, layout.partition_start, layout.partition_end)
    high = np.clip(high, layout.partition_start, layout.partition_end)
    return low, np.maximum(low, high)


def _bound(
    frame: Frame,
    bound: Bound,
    layout: Layout,
    offsets: pl.Series | None,
    key: pl.Series | None,
    keys: tuple[SortKey, ...],
    *,
    first: bool,
) -> Places:
    if offsets is None:
        return layout.partition_end if bound.following else layout.partition_start
    if frame.unit == "range":
        return _range(bound, layout, offsets, key, keys, first=first)
    distance = _distance(offsets)
    if frame.unit == "rows":
        place = layout.place + (distance if bound.following else -distance)
        return np.asarray(place if first else place + 1)
    target = layout.group + (distance if bound.following else -distance) + (0 if first else 1)
    groups = len(layout.group_starts) - 1
    return np.asarray(layout.group_starts[np.clip(target, 0, groups)])


def _distance(offsets: pl.Series) -> Places:
    distance = offsets.cast(pl.Int64).fill_null(-1).to_numpy()
    if len(distance) and distance.min() < 0:
        raise ExecuteError("the offset of a window frame must not be negative or NULL")
    # Far beyond any partition is as good as farther.
    return np.asarray(np.minimum(distance, 1 << 48))


def _range(
    bound: Bound, layout: Layout, targets: pl.Series, key: pl.Series | None, keys: tuple[SortKey, ...], *, first: bool
) -> Places:
    """Search each partition for the first or last key within reach. A NULL's frame are its peers."""
    if key is None:
        # CURRENT ROW of an order of several keys, or of none.
        return layout.peer_start if first else layout.peer_end
    fitting = targets if key.dtype.is_numeric() or targets.dtype == key.dtype else targets.cast(key.dtype)
    own, sought = _comparable(key, fitting)
    if keys[0].descending:
        # The negative of the least integer is none.
        whole = own.dtype.kind == sought.dtype.kind == "i"
        own, sought = (~own, ~sought) if whole else (-own, -sought)
    places = np.where(key.is_null().to_numpy(), layout.peer_start if first else layout.peer_end, 0)
    not_null = ~key.is_null().to_numpy()
    for begin in np.unique(layout.partition_start):
        stop = int(layout.partition_end[begin])
        inside = np.flatnonzero(not_null[begin:stop]) + begin
        if len(inside):
            # The NULLs stand together at one end, so what is left is one ascending run.
            low = int(inside[0])
            places[inside] = low + np.searchsorted(own[inside], sought[inside], side="left" if first else "right")
    return np.asarray(places)


def _comparable(key: pl.Series, sought: pl.Series) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return keys and what is sought among them as numbers that sort like them."""
    if not (_is_wide(key.dtype) or _is_wide(sought.dtype)):
        return _numbers(key), _numbers(sought)
    both = pl.concat([key.alias("").to_frame(), sought.alias("").to_frame()], how="vertical_relaxed").to_series()
    ranks = both.rank("dense").cast(pl.Int64).fill_null(0).to_numpy()
    return ranks[: len(key)], ranks[len(key) :]


def _is_wide(dtype: pl.DataType) -> bool:
    """Say whether neither 64 bits nor a float tells all values of a type apart."""
    return dtype in (pl.Int128, pl.UInt64) or (isinstance(dtype, pl.Decimal) and dtype.precision > _FLOAT_DIGITS_MAX)


def _numbers(column: pl.Series) -> npt.NDArray[np.float64] | Places:
    """Return a key as numbers that sort like it."""
    if column.dtype.is_float() or column.dtype.is_decimal():
        return column.cast(pl.Float64).fill_null(0.0).to_numpy()
    if column.dtype.is_integer() or column.dtype.is_temporal() or column.dtype == pl.Boolean:
        return column.to_physical().cast(pl.Int64).fill_null(0).to_numpy()
    return column.rank("dense").cast(pl.Int64).fill_null(0).to_numpy()
