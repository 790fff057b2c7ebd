"""The links of a graph of hnswlib, checked before it is handed over: hnswlib follows them without looking, and one that
leads to no row would have it read and write outside of its memory. A checksum only shows damage; whoever wrote the file
may have written any links.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_BLOCK_ROWS = 65_536
_COUNT = 0xFFFF


def check_links(
    level0: npt.NDArray[np.uint8],
    upper: npt.NDArray[np.uint32],
    levels: npt.NDArray[np.int32],
    *,
    m: int,
    max_level: int,
    entry: int,
) -> None:
    """Raise ValueError for a link to no row, or to a row that does not reach its level, and for a wrong entry point.

    Args:
        level0: shape (rows, bytes of a row); a row begins with a count and 2 m links.
        upper: for each row, level by level: a count and m links.
        levels: the top level of each row.
    """
    count = len(level0)
    if count == 0:
        return
    if max_level != int(levels.max()) or not 0 <= entry < count or int(levels[entry]) != max_level:
        raise ValueError("its entry point is not a row of its top level")
    for start in range(0, count, _BLOCK_ROWS):
        words = np.ascontiguousarray(level0[start : start + _BLOCK_ROWS, : 4 + 8 * m]).view(np.uint32)
        _check(words, np.zeros(len(words), dtype=np.int32), levels)
    blocks = upper.reshape(-1, 1 + m)
    above = np.flatnonzero(levels)
    reached = levels[above]
    first = np.repeat(np.cumsum(reached) - reached, reached)
    _check(blocks, np.arange(len(blocks), dtype=np.int32) - first + 1, levels)


def _check(blocks: npt.NDArray[np.uint32], at: npt.NDArray[np.int32], levels: npt.NDArray[np.int32]) -> None:
    """Check lists of links, each a count and the links, of which those at the level `at` lead to rows that reach it."""
    counts, links = blocks[:, 0] & _COUNT, blocks[:, 1:]
    if (counts > links.shape[1]).any():
        raise ValueError("a row has more links than there is room for")
    used = np.arange(links.shape[1]) < counts[:, None]
    targets = links[used]
    if (targets >= len(levels)).any():
        raise ValueError("a link leads to no row")
    if (levels[targets] < np.broadcast_to(at[:, None], links.shape)[used]).any():
        raise ValueError("a link leads to a row that does not reach its level")
