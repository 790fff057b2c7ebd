"""Names of files by a pattern: `*`, `?` and `[abc]` in a name, `**` for folders of any depth.

Hidden files and folders match only a name that begins with a dot. `**` goes into no folder of a database, and follows
no link.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from rem_arrow.base.errors import InputError

MATCHES_MAX = 10_000
_MAGIC = re.compile(r"[*?\[]")
_DATABASE = "CURRENT"


def is_pattern(name: str) -> bool:
    """Say whether a name has a character of patterns."""
    return _MAGIC.search(name) is not None


def fixed_part(pattern: str) -> str:
    """Return the folder that every match lies below, as the pattern writes it; "" is the current one."""
    parts = pattern.split("/")
    fixed = next(i for i, part in enumerate(parts) if is_pattern(part))
    return "/".join(parts[:fixed]) or ("/" if pattern.startswith("/") else "")


def matches(pattern: str) -> list[str]:
    """Return the files that match, sorted. Raises InputError where they are too many."""
    base = fixed_part(pattern)
    rest = pattern[len(base) :].strip("/").split("/")
    found: list[str] = []
    for name in _below(base, rest):
        found.append(name)
        if len(found) > MATCHES_MAX:
            raise InputError(f"more than {MATCHES_MAX:,} files match {pattern}; read them in several statements")
    return sorted(set(found))


def _below(folder: str, parts: list[str]) -> Iterator[str]:
    """Yield the files below a folder that match the parts of a pattern."""
    part, rest = parts[0], parts[1:]
    if part == "**":
        yield from _below(folder, rest or ["*"])
        for name, is_folder in _entries(folder):
            path = _joined(folder, name)
            if is_folder and not name.startswith(".") and not Path(path).is_symlink() and not _is_database(path):
                yield from _below(path, parts)
        return
    if not is_pattern(part):
        path = _joined(folder, part)
        if rest:
            yield from _below(path, rest)
        elif os.path.isfile(path):
            yield path
        return
    for name, is_folder in _entries(folder):
        if fnmatchcase(name, part) and (part.startswith(".") or not name.startswith(".")):
            path = _joined(folder, name)
            if rest and is_folder:
                yield from _below(path, rest)
            elif not rest and not is_folder and os.path.isfile(path):
                yield path


def _entries(folder: str) -> list[tuple[str, bool]]:
    try:
        with os.scandir(folder or ".") as entries:
            return [(e.name, e.is_dir()) for e in entries]
    except OSError:
        return []


def _joined(folder: str, name: str) -> str:
    return f"{folder.rstrip('/')}/{name}" if folder else name


def _is_database(folder: str) -> bool:
    return os.path.isfile(os.path.join(folder, _DATABASE))
