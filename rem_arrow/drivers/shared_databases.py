"""Databases that connections of one process share: a folder is opened once, and closed with its last connection."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rem_arrow.base.errors import InputError
from rem_arrow.face.connection import connect
from rem_arrow.face.database import Database


@dataclass(slots=True)
class _Opened:
    database: Database
    options: dict[str, Any]
    users: int


_LOCK = threading.Lock()
_OPEN: dict[str, _Opened] = {}


def acquire(path: str | Path | None, options: dict[str, Any]) -> Database:
    """Return the database of a folder, opened if nobody in this process uses it yet; each call needs a `release`.

    Without a path, and of a server, each call gives a database of its own. Raises InputError where the folder is open
    with other options, and what `connect` raises.
    """
    if path is None or "://" in str(path):
        return connect(path, **options)
    place = f"{os.path.realpath(path)}\0{options.get('tenant')}"
    with _LOCK:
        opened = _OPEN.get(place)
        if opened is None or opened.database.closed:
            opened = _OPEN[place] = _Opened(connect(path, **options), options, 0)
        elif opened.options != options:
            raise InputError(
                f"{path} is open in this process with the options {opened.options}, and is asked for with {options}; "
                "close the other connections first, or use the same options"
            )
        opened.users += 1
        return opened.database


def release(database: Database) -> None:
    """Give a database back; the last user closes it."""
    with _LOCK:
        for place, opened in _OPEN.items():
            if opened.database is database:
                opened.users -= 1
                if opened.users:
                    return
                del _OPEN[place]
                break
        database.close()
