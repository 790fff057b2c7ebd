"""The directions of vectors, and which have one."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats: TypeAlias = "npt.NDArray[np.float32]"

_CHECKED_ROWS = 1024
# Sums of squares below this have lost digits to float32's smallest numbers.
_SQUARES_MIN = 1e-30


def not_zero(vectors: Floats) -> npt.NDArray[np.bool_]:
    """Return which vectors have a length; none may hold NaN or an infinity."""
    has_length = np.ones(len(vectors), dtype=np.bool_)
    with np.errstate(all="ignore"):
        for start in range(0, len(vectors), _CHECKED_ROWS):
            part = vectors[start : start + _CHECKED_ROWS]
            squares = np.vecdot(part, part)
            # A sum that is neither zero nor beyond float32 says that the vector is neither.
            odd = np.flatnonzero(~((squares > 0) & (squares < np.inf)))
            assert np.isfinite(part[odd]).all(), "a vector holds NaN or an infinity"
            has_length[start + odd] = part[odd].any(axis=1)
    return has_length


def units(vectors: Floats) -> Floats:
    """Return the vectors' directions; zero for zero."""
    with np.errstate(all="ignore"):
        squares = np.vecdot(vectors, vectors)
        units: Floats = vectors / np.sqrt(squares)[:, None]
        odd = np.flatnonzero(~((squares > _SQUARES_MIN) & (squares < np.inf)))
    if len(odd):
        wide = vectors[odd].astype(np.float64)
        lengths = np.sqrt(np.vecdot(wide, wide))
        lengths[lengths == 0] = 1.0
        units[odd] = wide / lengths[:, None]
    return units
