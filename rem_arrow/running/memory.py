"""The memory of this process, as the system sees it."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress


def resident_bytes() -> int:
    """Return the resident memory of this process; 0 on systems without /proc."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * 4096
    except OSError:
        return 0


def give_back() -> None:
    """Return to the system what the C library keeps of freed memory. Does nothing where it has no such call."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL("libc.so.6").malloc_trim(0)
