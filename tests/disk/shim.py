"""The library of `shim.cpp` built and preloaded: children whose disk is written down, or fails."""

from __future__ import annotations

import ctypes
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from enum import IntFlag
from pathlib import Path

import pytest

from tests.children import ROOT
from tests.patience import PATIENCE_S

SOURCE = Path(__file__).with_name("shim.cpp")
COMPILER = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")

needs_shim = pytest.mark.skipif(
    COMPILER is None or not sys.platform.startswith("linux"), reason="needs Linux and a compiler of C++"
)


class Kind(IntFlag):
    """Kinds of calls, as in `shim.cpp`."""

    WRITE = 1
    SYNC = 2
    OPEN = 4
    RENAME = 8
    ALLOCATE = 16
    UNLINK = 32
    MKDIR = 64
    TRUNCATE = 128
    LINK = 256


@functools.cache
def library() -> Path:
    """Return the library, built once for each text of its source."""
    assert COMPILER is not None
    text = SOURCE.read_bytes()
    name = f"rem-disk-shim-{os.getuid()}-{hash_of(text)}.so"
    built = Path(tempfile.gettempdir(), name)
    if not built.exists():
        fresh = built.with_name(f"{name}.{os.getpid()}")
        subprocess.run(
            [COMPILER, "-O1", "-shared", "-fPIC", "-std=c++17", "-o", str(fresh), str(SOURCE), "-ldl"],
            check=True,
            capture_output=True,
        )
        fresh.replace(built)
    return built


def hash_of(text: bytes) -> str:
    """Return a short name for bytes."""
    import hashlib

    return hashlib.sha256(text).hexdigest()[:16]


def environment(root: Path, log: Path | None = None) -> dict[str, str]:
    """Return the environment of a child whose files below `root` are watched."""
    watched = {**os.environ, "PYTHONPATH": str(ROOT), "LD_PRELOAD": str(library()), "DISK_SHIM_ROOT": str(root)}
    return watched if log is None else {**watched, "DISK_SHIM_LOG": str(log)}


def child(module: str, *arguments: object, root: Path, log: Path | None = None) -> str:
    """Run a module in a child whose files below `root` are watched; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.disk.{module}", *map(str, arguments)],
        env=environment(root, log),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class Shim:
    """The preloaded library, in the child."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(None)
        self._library.disk_shim_mark.argtypes = [ctypes.c_uint64, ctypes.c_uint64]
        self._library.disk_shim_fail.argtypes = [
            ctypes.c_int,
            ctypes.c_long,
            ctypes.c_int,
            ctypes.c_long,
            ctypes.c_int,
        ]
        self._library.disk_shim_seen.restype = ctypes.c_long
        self._library.disk_shim_failed.restype = ctypes.c_long

    def mark(self, kind: str, number: int) -> None:
        """Write down that the child has come so far."""
        self._library.disk_shim_mark(ord(kind), number)

    def fail(self, kinds: Kind, after: int, error: int, *, count: int = -1, shortened: bool = False) -> None:
        """Let `count` calls fail behind the next `after` of these kinds; -1 are all of them.

        Args:
            shortened: the first of them, if it writes, writes half.
        """
        self._library.disk_shim_fail(int(kinds), after, error, count, int(shortened))

    def heal(self) -> int:
        """Let no call fail any more. Returns how many have."""
        failed = int(self._library.disk_shim_failed())
        self._library.disk_shim_fail(0, 0, 0, 0, 0)
        return failed

    def seen(self) -> int:
        """Return how many calls of the kinds there were since `fail`."""
        return int(self._library.disk_shim_seen())
