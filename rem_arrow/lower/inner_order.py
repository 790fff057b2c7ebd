"""Window functions that take the rows of their frame in an order of their own: `rank(ORDER BY y) OVER (...)`.

The rows of each frame are laid out one after the other, with a number for each row that says where `y` puts it among
all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from rem_arrow.base.errors import ExecuteError
from rem_arrow.plan.nodes import WindowCall

if TYPE_CHECKING:
    import numpy.typing as npt

    from rem_arrow.lower.frame_bounds import Layout, Places
    from rem_arrow.lower.window_functions import Inputs

FUNCTIONS = ("row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile", "lag", "lead", "nth_value")

_LAID_OUT_MAX = 8_000_000


def compute(call: WindowCall, inputs: Inputs, ordinal: Places) -> pl.Series:
    """Return the value of each row, in window order; `ordinal` is the same for rows that the order does not tell
    apart."""
    exclude = call.frame.exclude if call.frame is not None else ""
    if call.function in ("lag", "lead", "nth_value"):
        return pl.concat([_picked(call, inputs, ordinal, piece) for piece in _pieces(inputs, exclude)])
    return pl.Series("", np.concatenate([_ranked(call, inputs, ordinal, piece) for piece in _pieces(inputs, exclude)]))


class _Piece:
    """The frames of some rows: for each place in a frame the row that it is the frame of."""

    def __init__(self, begin: int, stop: int, row: Places, place: Places) -> None:
        self.begin, self.rows = begin, stop - begin
        self.row, self.place = row, place

    def count(self, which: npt.NDArray[np.bool_]) -> Places:
        """Return for each row how many places of its frame are chosen."""
        return np.bincount(self.row - self.begin, weights=which, minlength=self.rows).astype(np.int64)


def _pieces(inputs: Inputs, exclude: str) -> Iterator[_Piece]:
    sizes = inputs.end - inputs.start
    edges, begin = np.cumsum(sizes), 0
    while begin < inputs.layout.rows:
        inputs.allowance.check()
        before = int(edges[begin - 1]) if begin else 0
        stop = min(
            max(begin + 1, int(np.searchsorted(edges, before + _LAID_OUT_MAX, side="right"))), inputs.layout.rows
        )
        own = sizes[begin:stop]
        row = np.repeat(np.arange(begin, stop, dtype=np.int64), own)
        place = (
            np.arange(len(row), dtype=np.int64)
            - np.repeat(np.cumsum(own) - own, own)
            + np.repeat(inputs.start[begin:stop], own)
        )
        dropped = _excluded(inputs.layout, exclude, row, place)
        yield _Piece(begin, stop, row[~dropped], place[~dropped])
        begin = stop


def _excluded(layout: Layout, exclude: str, row: Places, place: Places) -> npt.NDArray[np.bool_]:
    peers: npt.NDArray[np.bool_] = (place >= layout.peer_start[row]) & (place < layout.peer_end[row])
    match exclude:
        case "current row":
            same: npt.NDArray[np.bool_] = place == row
            return same
        case "group":
            return peers
        case "ties":
            return np.asarray(peers & (place != row))
        case _:
            return np.zeros(len(row), dtype=np.bool_)


def _ranked(call: WindowCall, inputs: Inputs, ordinal: Places, piece: _Piece) -> Places:
    mine, theirs = ordinal[piece.row], ordinal[piece.place]
    less, size = piece.count(theirs < mine), piece.count(np.ones(len(piece.row), dtype=np.bool_))
    match call.function:
        case "rank":
            return less + 1
        case "percent_rank":
            return np.asarray(np.where(size > 1, less / np.maximum(size - 1, 1), 0.0))
        case "cume_dist":
            return np.asarray(np.where(size > 0, piece.count(theirs <= mine) / np.maximum(size, 1), 0.0))
        case "dense_rank":
            pairs = (
                np.unique(np.stack([piece.row, theirs, mine])[:, theirs < mine], axis=1)
                if len(piece.row)
                else np.empty((3, 0), dtype=np.int64)
            )
            return np.bincount(pairs[0] - piece.begin, minlength=piece.rows).astype(np.int64) + 1
        case _:
            number = less + piece.count((theirs == mine) & (piece.place < piece.row)) + 1
            return number if call.function == "row_number" else _tile(inputs, piece, number, size)


def _tile(inputs: Inputs, piece: _Piece, number: Places, size: Places) -> Places:
    tiles = inputs.args[0].cast(pl.Int64).fill_null(0).to_numpy()[piece.begin : piece.begin + piece.rows]
    if len(tiles) and tiles.min() < 1:
        raise ExecuteError("NTILE takes a number above zero")
    small, larger, place = size // tiles, size % tiles, number - 1
    edge = larger * (small + 1)
    return np.asarray(np.where(place < edge, place // (small + 1), larger + (place - edge) // np.maximum(small, 1)) + 1)


def _picked(call: WindowCall, inputs: Inputs, ordinal: Places, piece: _Piece) -> pl.Series:
    """The value at a place of the frame in its own order: counted from its begin, or from the row itself."""
    values = inputs.args[0]
    row, place = piece.row, piece.place
    if call.ignore_nulls:
        counted = values.is_not_null().to_numpy()[place]
        row, place = row[counted], place[counted]
    order = np.lexsort((place, ordinal[place], row))
    row, place = row[order], place[order]
    every = np.arange(piece.begin, piece.begin + piece.rows, dtype=np.int64)
    first, last = np.searchsorted(row, every, side="left"), np.searchsorted(row, every, side="right")
    distance = (
        inputs.args[1].cast(pl.Int64).fill_null(0).to_numpy()[every]
        if len(inputs.args) > 1
        else np.ones(piece.rows, dtype=np.int64)
    )
    if call.function == "nth_value":
        target, there = first + distance - 1, distance > 0
    else:
        own = np.full(piece.rows, -1, dtype=np.int64)
        at_row = np.flatnonzero(row == place)
        own[row[at_row] - piece.begin] = at_row
        target, there = own + (distance if call.function == "lead" else -distance), own >= 0
    inside = there & (target >= first) & (target < last)
    chosen = place[np.clip(target, 0, max(len(place) - 1, 0))] if len(place) else np.zeros(piece.rows, dtype=np.int64)
    picked = (
        values.gather(pl.Series("", np.where(inside, chosen, 0)).set(pl.Series(~inside), None))
        if len(values)
        else values
    )
    if call.function != "nth_value" and len(inputs.args) > 2:
        picked = picked.zip_with(pl.Series(inside), inputs.args[2].gather(every).cast(picked.dtype))
    return picked
