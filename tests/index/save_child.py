"""The victim of test_vector_file.py: saves an index over and over until it is killed. Each save has one row more, and
the stamp says how many."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from rem_arrow.index.vector import VectorIndex

DIMENSION = 32


def main() -> None:
    """Save for ever; say what was saved."""
    path, start = Path(sys.argv[1]), int(sys.argv[2])
    index = VectorIndex(DIMENSION, "l2")
    index.add(np.arange(start), np.random.default_rng(1).standard_normal((start, DIMENSION), dtype=np.float32))
    for count in range(start + 1, start + 1_000_000):
        index.add(np.array([count - 1]), np.full((1, DIMENSION), count, dtype=np.float32))
        index.save(path, str(count).encode())
        print(count, flush=True)


if __name__ == "__main__":
    main()
