"""The arguments of `connect`, checked."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl

from rem_arrow import checks
from rem_arrow.errors import InputError
from rem_arrow.schema import check_name

_UNITS = {"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}
_MEMORY_MIN = 64 << 20
_THREADS_DEFAULT_MAX = 8


def tenant_folder(tenant: str) -> str:
    """Return the folder of a tenant below the path."""
    check_name(tenant, "tenant")
    if tenant in (".", "..") or "/" in tenant or "\\" in tenant:
        raise InputError(f"the tenant {tenant!r} cannot be a folder name; leave out / and \\")
    return tenant


def memory_bytes(limit: str | int) -> int:
    """Return the bytes of a size such as 512MB."""
    if isinstance(limit, str):
        text = limit.strip().upper().replace("IB", "B")
        unit = next((u for u in ("KB", "MB", "GB", "TB", "B") if text.endswith(u)), "")
        try:
            size = int(float(text.removesuffix(unit)) * _UNITS.get(unit, 1))
        except ValueError as error:
            raise InputError(
                f"memory_limit {limit!r} is not a size; write bytes, or a text such as '512MB' or '4GB'"
            ) from error
    else:
        size = limit
    if size < _MEMORY_MIN:
        raise InputError(f"memory_limit {limit!r} is less than 64MB, the least that a database needs")
    return size


def thread_count(wanted: int | None) -> int:
    """Return the number of threads. Polars makes its pool when it is imported, so fewer than it runs are refused."""
    cores = os.cpu_count() or 1
    if wanted is None:
        return max(2, min(cores, _THREADS_DEFAULT_MAX))
    checks.whole(wanted, "threads")
    running = pl.thread_pool_size()
    if running > wanted:
        raise InputError(
            f"threads={wanted} asks for less than the {running} threads that Polars runs in this process already; set "
            f"POLARS_MAX_THREADS={wanted} before it starts"
        )
    return wanted


def check_folder(folder: Path, *, read_only: bool) -> None:
    """Refuse what cannot become, or is not, a database; make the folder."""
    if folder.is_file():
        raise InputError(f"{folder} is a file; a database is a folder")
    if read_only:
        if not (folder / "CURRENT").is_file():
            raise InputError(f"{folder} is not a database; a read-only connection cannot make one")
        return
    if folder.is_dir() and not (folder / "CURRENT").is_file() and any(folder.iterdir()):
        raise InputError(f"{folder} holds other files and no database; name a new or empty folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {folder}: {error.strerror or error}") from error
    if not os.access(folder, os.W_OK):
        raise InputError(
            f"the folder {folder} cannot be written. Check its permissions, or use connect(path, read_only=True)"
        )
