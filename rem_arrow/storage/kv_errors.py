"""Errors of RocksDB in our words: it reports all of them as text."""

from __future__ import annotations

import re
from pathlib import Path

from rem_arrow.base.errors import ConflictError, CorruptionError, ExecuteError, InputError, RemError
from rem_arrow.running.disk_errors import disk_error

# rocksdict 0.3.29 raises bare Exception for every failure of RocksDB; there is nothing narrower to catch.
ROCKSDB_ERROR = Exception
_DAMAGE_WORDS = ("corruption", "checksum mismatch")


def translated(error: Exception, what: str) -> RemError:
    """Return our error for one that RocksDB raised while doing `what`."""
    text = str(error)
    lowered = text.lower()
    if isinstance(error, RemError):
        return error
    if isinstance(error, KeyError):
        return ExecuteError(f"{what}: it was closed or opened again meanwhile; try again")
    if "lock" in lowered and (
        "held" in lowered or "hold" in lowered or "no locks" in lowered or "temporarily unavailable" in lowered
    ):
        return ConflictError(
            f"{what}: another connection has this database open for writing. Close it, or read beside it with "
            f"connect(path, read_only=True). ({text})"
        )
    # Before damage: RocksDB calls some of what a full disk leaves so, and says why.
    failed = disk_error(error, what, or_else=", or use connect(path, read_only=True)")
    if failed is not None:
        return failed
    if any(word in lowered for word in _DAMAGE_WORDS) or ("no such file" in lowered and ".sst" in lowered):
        # RocksDB blames its manifest for whatever does not fit it.
        plain = re.sub(r"\s+The file \S+ may be corrupted\.?", "", text)
        return CorruptionError(
            f"{what}: {plain}. Files of the database are damaged: restore a backup, or save what is sound with "
            "`rem-arrow repair`"
        )
    return ExecuteError(f"{what}: {text}")


def closed_meanwhile(path: Path) -> InputError:
    """Return the error for work that was running when the database was closed."""
    return InputError(f"the database {path} was closed while this ran; connect to it again")
