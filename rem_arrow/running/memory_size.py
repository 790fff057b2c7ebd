"""Sizes, as bytes or as a text such as 512MB."""

from __future__ import annotations

import re

from rem_arrow.base import checks
from rem_arrow.base.errors import InputError

_MEMORY_BYTES_MIN = 64 << 20
_NO_SIZE = "{} {!r} is not a size; write bytes, or a text such as '512MB' or '4GB'"


def memory_bytes(limit: str | int) -> int:
    """Return the bytes of a memory limit."""
    size = size_bytes(limit, "memory_limit")
    if size < _MEMORY_BYTES_MIN:
        raise InputError(f"memory_limit {limit!r} is less than 64MB, the least that a database needs")
    return size


def size_bytes(size: str | int, name: str) -> int:
    """Return the bytes of a size such as 512MB, the argument `name`. Units are powers of 1,024, written as MB, MiB or
    M."""
    if isinstance(size, str):
        return _parsed_size(size, name)
    checks.whole(size, name, least=0)
    return size


def _parsed_size(text: str, name: str) -> int:
    # Imported here, since pydantic is loaded when a database is opened, and not before.
    from pydantic import ByteSize, TypeAdapter, ValidationError

    # ByteSize takes MB for a million.
    binary = re.sub("(?<=[KMGTPE])(I?B)?$", "IB", text.strip().upper())
    try:
        # It ignores a text behind the unit (pydantic 2.14).
        if re.fullmatch(r"[0-9.]+\s*[A-Z]*", binary) is None:
            raise InputError(_NO_SIZE.format(name, text))
        return TypeAdapter(ByteSize).validate_python(binary)
    except ValidationError as error:
        raise InputError(_NO_SIZE.format(name, text)) from error


def shown_size(size: int) -> str:
    """Return bytes as DuckDB shows them: 3.7 GiB."""
    amount, unit = float(size), "bytes"
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB"):
        if amount < 1024 or unit == "TiB":
            break
        amount /= 1024
    return f"{size} bytes" if unit == "bytes" else f"{amount:.1f} {unit}"
