"""The peak of memory that an action adds to this process. Linux only; elsewhere None."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

_SELF = Path("/proc/self")


def added_mib(action: Callable[[], object]) -> float | None:
    """Run an action; return how far the resident memory rose over where it was."""
    try:
        (_SELF / "clear_refs").write_text("5", encoding="ascii")
        before = _status("VmRSS")
    except OSError:
        return None
    action()
    return max(0, _status("VmHWM") - before) / 1024


def _status(field: str) -> int:
    """Return a field of /proc/self/status in KiB."""
    lines = (_SELF / "status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field + ":"))
