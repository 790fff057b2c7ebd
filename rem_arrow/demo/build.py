"""Builds the demo database, and opens one that is there.

A demo database is complete when it holds the table `demo_info`, which is written last. It is built in a folder of its
own beside the wanted path and moved there when it is complete:

    rem-demo.rem.building/          the build; a run that finds it begins again
        made-by-rem-arrow-demo      says that the folder may be removed
        database/                   becomes rem-demo.rem

So what stands at the wanted path is a whole demo or not the demo's at all, and nothing there is ever removed.
"""

from __future__ import annotations

import platform
import shutil
import sysconfig
import time
from datetime import datetime, timezone
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from rem_arrow.demo import stdlib
from rem_arrow.demo.models import Class, Function, Module
from rem_arrow.errors import InputError
from rem_arrow.face.database import Database, connect

INFO_TABLE = "demo_info"
_MARKER = "made-by-rem-arrow-demo"


def open_demo(path: Path, *, console: Console) -> Database:
    """Return the demo database at `path`, built first if nothing is there. Raises InputError if something else is
    there."""
    if not path.exists():
        _build_beside(path, console=console)
    elif not path.is_dir() or not any(path.iterdir()):
        raise InputError(f"{path} exists and is not a database; give a path that does not exist yet")
    db = connect(path)
    if not is_complete(db):
        db.close()
        raise InputError(f"{path} is a database that the demo did not build; give a path that does not exist yet")
    return db


def is_complete(db: Database) -> bool:
    """Say whether `build` has finished in this database."""
    return INFO_TABLE in db.tables()["name"].to_list()


def build(db: Database, *, console: Console) -> None:
    """Fill an empty database from the Python installation that runs this; `demo_info` comes last.

    Raises InputError if the installation has no Python source.
    """
    started = time.perf_counter()
    for model, name in ((Module, "modules"), (Class, "classes"), (Function, "functions")):
        db.register(model, name=name)
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=40), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        library = _read(progress)
        _load(db, library, progress)
    seconds = time.perf_counter() - started
    info = {"python": platform.python_version(), "built_at": datetime.now(timezone.utc), "seconds": round(seconds, 3)}
    db.load(INFO_TABLE, pl.DataFrame([info]), progress=False)


def _build_beside(path: Path, *, console: Console) -> None:
    work = path.with_name(path.name + ".building")
    _remove(work)
    work.mkdir(parents=True)
    (work / _MARKER).touch()
    with connect(work / "database") as db:
        build(db, console=console)
    (work / "database").rename(path)
    _remove(work)


def _remove(work: Path) -> None:
    """Remove what a build left. Raises InputError for a folder that no build made."""
    if not work.exists():
        return
    if not (work / _MARKER).is_file():
        raise InputError(f"{work} exists, and the demo did not create it; move it away, or give another path")
    # The marker goes last, so that a removal that is cut short can be taken up again.
    for entry in work.iterdir():
        if entry.name != _MARKER:
            shutil.rmtree(entry)
    shutil.rmtree(work)


def _read(progress: Progress) -> stdlib.Library:
    root = Path(sysconfig.get_path("stdlib"))
    task = progress.add_task("Reading source files", total=None)
    library = stdlib.read(root, on_file=lambda done, total: progress.update(task, completed=done, total=total))
    if library.functions.is_empty():
        raise InputError(f"no Python source in {root}; run the demo with a Python that has its library as .py files")
    return library


def _load(db: Database, library: stdlib.Library, progress: Progress) -> None:
    tables = {
        "modules": library.modules,
        "classes": library.classes,
        "functions": library.functions,
        "resources": library.resources,
    }
    task = progress.add_task("Writing rows", total=sum(f.height for f in tables.values()) + library.edges.height)
    for name, frame in tables.items():
        db.load(name, frame, progress=False)
        progress.advance(task, frame.height)
    db.add_edges(library.edges)
    progress.advance(task, library.edges.height)
