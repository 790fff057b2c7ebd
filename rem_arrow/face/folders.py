"""The folder of a database, and those of its tenants below `tenants`, checked and with links resolved.

    memory.rem/                 the database
    memory.rem/tenants/acme/    the tenant "acme", a database of its own

A tenant's folder is its name with everything but a-z, 0-9, "-" and "_" escaped as %XX: no two names share a folder, not
even on case-insensitive file systems, and no name leads out of `tenants`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rem_arrow.base.errors import ConflictError, InputError
from rem_arrow.base.real_files import check_real_files
from rem_arrow.base.schema import check_name
from rem_arrow.running.file_lock import locked
from rem_arrow.running.file_sync import make_folder

TENANTS = "tenants"
# While a process serves a database, it holds this file locked; it holds the address.
SERVING = "serving"
_ADDRESS_CHARACTERS_MAX = 300
_FOLDER_BYTES_MAX = 255
_PLAIN = re.compile(rb"[a-z0-9_-]")
# What RocksDB writes before CURRENT when it makes a database: a process that is killed then leaves no row behind.
_UNFINISHED = re.compile(r"rocksdict-config\.json|LOG(\.old\.[0-9]+)?|LOCK|IDENTITY|MANIFEST-000001|[0-9]{6}\.dbtmp")


def database_folder(path: str | Path, tenant: str | None) -> Path:
    """Return the folder of a database, or of a tenant of it. Raises InputError for a tenant that cannot have one."""
    folder = Path(os.path.realpath(path))
    if tenant is None:
        return folder
    tenant_path = folder / TENANTS / _escaped(tenant)
    for place in (tenant_path.parent, tenant_path):
        if place.is_symlink():
            raise InputError(f"{place} is a link, and tenants are not kept behind links; put the folder itself there")
    former = folder / tenant
    if former.parent == folder and former.name != ".." and (former / "CURRENT").is_file() and not tenant_path.exists():
        raise InputError(
            f"the tenant {tenant!r} lies in {former}, where it was kept before; move that folder to {tenant_path}"
        )
    return tenant_path


def _is_foreign(name: str) -> bool:
    """Say whether a file of a folder without a database tells that it is no place for one."""
    return name != TENANTS and not _UNFINISHED.fullmatch(name)


def check_folder(folder: Path, *, read_only: bool) -> None:
    """Create the folder of a database. Raises InputError if it is not a database and cannot become one."""
    if folder.is_file():
        raise InputError(f"{folder} is a file; a database is a folder")
    if (folder / "CURRENT").is_file():
        check_real_files(folder, apart_from=(TENANTS,))
    if read_only:
        if not (folder / "CURRENT").is_file():
            raise InputError(f"{folder} is not a database; a read-only connection cannot make one")
        return
    if (folder / "repair.tmp" / "ready").is_file():
        raise InputError(f"the repair of {folder} was interrupted; run it again: rem-arrow repair {folder}")
    if folder.is_dir() and not (folder / "CURRENT").is_file() and any(_is_foreign(p.name) for p in folder.iterdir()):
        raise InputError(f"{folder} holds other files and no database; name a new or empty folder")
    try:
        if not (folder / "CURRENT").is_file():
            make_folder(folder)
    except OSError as error:
        raise InputError(f"cannot make the folder {folder}: {error.strerror or error}") from error
    if not os.access(folder, os.W_OK):
        raise InputError(
            f"the folder {folder} cannot be written. Check its permissions, or use connect(path, read_only=True)"
        )


@contextmanager
def telling_server(folder: Path) -> Iterator[None]:
    """Open a folder; where another process serves its database, the ConflictError says at which address."""
    try:
        yield
    except ConflictError as error:
        address = _served_at(folder)
        if address is None:
            raise
        raise ConflictError(f"{folder} is served at {address}: connect({address!r}, token=...)") from error


def _served_at(folder: Path) -> str | None:
    """Return the address at which another process serves the database of a folder; None where none does."""
    path = folder / SERVING
    if not path.is_file():
        return None
    file = locked(path, create=False)
    if file is not None:
        file.close()
        return None
    return path.read_text(encoding="utf-8", errors="replace")[:_ADDRESS_CHARACTERS_MAX] or None


def _escaped(tenant: str) -> str:
    check_name(tenant, "tenant")
    try:
        name = "".join(chr(b) if _PLAIN.match(bytes([b])) else f"%{b:02X}" for b in tenant.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise InputError(f"the tenant {tenant!r} holds half a surrogate pair, which is no text") from error
    if len(name) > _FOLDER_BYTES_MAX:
        raise InputError(f"the tenant {tenant[:20]!r}... has a folder name of {len(name)} bytes; 255 is the most")
    return name
