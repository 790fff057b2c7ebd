"""A lock on a file that ends with the process that holds it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import BinaryIO


def locked(path: Path, *, create: bool = True) -> BinaryIO | None:
    """Return the open file, locked until it is closed; None where another holds it, or it is not there."""
    try:
        file = open(path, "ab" if create else "r+b")  # noqa: SIM115
    except OSError:
        if create:
            raise
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Who held it before may have deleted it.
        if os.path.samestat(os.fstat(file.fileno()), os.stat(path)):
            return file
    except OSError:
        pass
    file.close()
    return None
