"""Processes that begin with everything imported: forks of one that has imported it, and has started nothing.

A process that runs Polars or RocksDB has threads, and a fork of it may wait for ever. So the parent imports and never
works: what works is a child, which ends without closing anything, by itself or killed.
"""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any, TypeAlias

Work: TypeAlias = "Callable[[Connection], None]"
# A child that says nothing for longer hangs.
HANG_S = 300.0


class Child:
    """A fork that runs `work` with its end of a pipe, and then ends. An error of it comes as ("raised", text)."""

    def __init__(self, work: Work) -> None:
        self.pipe, theirs = Pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            self.pipe.close()
            _run(work, theirs)
        theirs.close()

    def hear(self) -> tuple[Any, ...]:
        """Return the next message: ("ended",) when the child is gone, ("hangs",) after a long silence."""
        try:
            message = self.pipe.recv() if self.pipe.poll(HANG_S) else ("hangs",)
        except (EOFError, ConnectionResetError):
            return ("ended",)
        assert isinstance(message, tuple)
        return message

    def stacks(self) -> str:
        """Return where the threads of a child that hangs are, in Python."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGUSR1)
        time.sleep(1)
        path = _stacks(self.pid)
        return path.read_text() if path.exists() else ""

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def gone(self) -> int:
        """Return the exit code, negative for a signal, once the child is gone. What it has said can still be heard."""
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        _stacks(self.pid).unlink(missing_ok=True)
        return code

    def wait(self) -> int:
        """The same, and hear it no more."""
        code = self.gone()
        self.pipe.close()
        return code


def _stacks(pid: int) -> Path:
    return Path(tempfile.gettempdir(), f"stacks-{pid}")


def _run(work: Work, pipe: Connection) -> None:
    code = 1
    try:
        faulthandler.register(signal.SIGUSR1, _stacks(os.getpid()).open("w"))
        work(pipe)
        code = 0
    except BaseException:  # noqa: BLE001 - told, and then the child ends
        with contextlib.suppress(OSError):
            pipe.send(("raised", traceback.format_exc()))
    finally:
        os._exit(code)


def result(work: Callable[[], Any]) -> Any:
    """Return what a function gives in a child of its own; an AssertionError says how the child failed."""
    child = Child(lambda pipe: pipe.send(("result", work())))
    message = child.hear()
    child.kill()
    code = child.wait()
    if message[0] == "result":
        return message[1]
    raise AssertionError(f"{message}, exit code {code}")


def preload(work: Callable[[], Any]) -> None:
    """Import what work imports, found by doing it once in a child."""
    known = set(sys.modules)

    def imported() -> list[str]:
        work()
        return [name for name in sys.modules if name not in known]

    for name in result(imported):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    begun = {path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")}
    assert not [name for name in begun if name.startswith("rocksdb")], f"an import has begun threads: {begun}"
