"""The environment that makes TPC data and texts: a folder with a virtual environment of its own.

It holds the generator and a DuckDB whose extensions know the query texts; that DuckDB is older than the one that this
project is tested against, so both cannot be in one environment. Made once in $REM_TPC_DIR, else in the user's cache
folder. Neither texts nor data are part of the repository.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

REQUIREMENTS = ("duckdb==1.5.5", "duckdb-extension-tpch==1.5.5", "duckdb-extension-tpcds==1.5.5", "tpcgen-cli==4.0.0")
INSTALL_TIMEOUT_S = 300
_PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1", "--timeout", "15")


class UnavailableError(RuntimeError):
    """The environment does not exist and cannot be made here; the text says why."""


def folder() -> Path:
    """Return the folder of the environment, texts and data."""
    path = os.environ.get("REM_TPC_DIR")
    return (
        Path(path) if path else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rem_arrow" / "tpc"
    )


def program(name: str) -> Path:
    """Return a program of the environment, which is created if necessary. Raises UnavailableError."""
    home = folder() / "env"
    mark, requirements = home / ".installed", "\n".join(REQUIREMENTS)
    with _alone(home.parent):
        if not mark.is_file() or mark.read_text(encoding="utf-8") != requirements:
            _install(home)
            mark.write_text(requirements, encoding="utf-8")
    return home / ("Scripts" if sys.platform == "win32" else "bin") / name


def run(command: list[str], what: str, *, timeout_s: float) -> str:
    """Return what a command prints. Raises UnavailableError with its last line when it fails."""
    try:
        process = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnavailableError(f"{what} failed: {error}") from error
    if process.returncode != 0:
        lines = (process.stderr or process.stdout).strip().splitlines() or [f"exit code {process.returncode}"]
        raise UnavailableError(f"{what} failed: {lines[-1]}")
    return process.stdout


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Keep other processes from making the environment meanwhile, where the system has locks of files."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = (home / "env.lock").open("w")
    except OSError as error:
        raise UnavailableError(f"cannot make {home}: {error}; name another folder in REM_TPC_DIR") from error
    with lock:
        if fcntl is not None:
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install(home: Path) -> None:
    shutil.rmtree(home, ignore_errors=True)
    run([sys.executable, "-m", "venv", str(home)], "making the TPC environment", timeout_s=INSTALL_TIMEOUT_S)
    python = home / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    run([str(python), *_PIP, *REQUIREMENTS], f"installing {', '.join(REQUIREMENTS)}", timeout_s=INSTALL_TIMEOUT_S)
