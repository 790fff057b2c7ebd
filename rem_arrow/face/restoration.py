"""Databases that nobody has open: from a backup, and after damage."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from rem_arrow.base import checks
from rem_arrow.face.folders import database_folder
from rem_arrow.write import maintenance
from rem_arrow.write import repair as repairing


def restore(backup: str | Path, path: str | Path, *, progress: bool | None = None) -> None:
    """Copy a backup to a new folder, as a database that can be opened.

    Args:
        backup: a folder that `Database.backup` wrote.
        path: a folder that does not exist, or is empty.
        progress: show a progress bar, as in `Database.load`.

    Raises:
        InputError: the backup holds no database, or the folder is not empty.
        ExecuteError: the disk is full, or fails.

    Example:
        >>> db.backup("backup")
        >>> rem.restore("backup", "restored.rem")
    """
    maintenance.restore(checks.path(backup), checks.path(path), progress=progress)


def repair(
    path: str | Path, *, tenant: str | None = None, dry_run: bool = False, progress: bool | None = None
) -> pl.DataFrame:
    """Save what is sound of a damaged database that nobody has open, and say exactly what is gone.

    Rows that can be read are kept, and what is derived from rows (indexes) is made anew. The files that were there
    before go into the folder `damaged` inside the database's; none is deleted, so it takes as much space again. What
    `verify` lists afterwards is nothing.

    Args:
        path: the folder.
        tenant: the tenant whose database is meant.
        dry_run: tell what would be done, and change nothing.
        progress: show a progress bar, as in `Database.load`.

    Returns:
        A row for each damage, with the columns table (in parentheses what is no table's), segment (NULL where damage is
        in none), rows (how many are gone; NULL where nobody can know), commits (those that are gone, where a log was
        damaged) and problem. No rows where all is sound; then nothing was done.

    Raises:
        InputError: the folder holds no database, or one of another format.
        ConflictError: the database is open for writing.

    Example:
        >>> rem.connect("memory.rem").close()
        >>> rem.repair("memory.rem").height
        0
    """
    return repairing.repair(database_folder(path, tenant), dry_run=dry_run, progress=progress)
