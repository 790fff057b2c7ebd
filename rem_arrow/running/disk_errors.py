"""What a disk that fails says, in one wording: every library under us reports it in its own, most of them as text."""

from __future__ import annotations

from rem_arrow.base.errors import ExecuteError, InputError, RemError

_FULL = ("no space", "file too large", "disk quota", "storage full", "storagefull")
_READ_ONLY = ("read-only file system", "permission denied")
_BROKEN = ("input/output error",)


def disk_error(error: BaseException, what: str, *, or_else: str = "") -> RemError | None:
    """Return our error for one that a disk caused while `what` was done; None where no disk did.

    Args:
        or_else: what else to do where files may only be read.
    """
    text = str(error)
    lowered = text.lower()
    if any(sign in lowered for sign in _FULL):
        return ExecuteError(f"{what}: the disk is full; nothing was stored. Free some space, and try again. ({text})")
    if any(sign in lowered for sign in _READ_ONLY):
        return InputError(f"{what}: the folder cannot be written. Check its permissions{or_else}. ({text})")
    if any(sign in lowered for sign in _BROKEN):
        return ExecuteError(f"{what}: the disk failed. Check it; where it works again, try again. ({text})")
    return None
