"""Builds the demo database, and opens one that is there.

A demo database is complete when it holds the table `demo_info`, which is written last. It is built in a folder of its
own beside the path of the demo and moved there when it is complete:

    rem-demo.rem.building/          the build; a run that finds it begins again
        made-by-rem-arrow-demo      says that the folder may be removed
        database/                   becomes rem-demo.rem

So what exists at the path is a complete demo or nothing of the demo, and is never removed.
"""

from __future__ import annotations

import platform
import shutil
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import TypeAlias

import polars as pl
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from rem_arrow.base.errors import InputError
from rem_arrow.demo import stdlib
from rem_arrow.demo.library_models import Class, Function, Module
from rem_arrow.face.connection import connect
from rem_arrow.face.database import Database

INFO_TABLE = "demo_info"
_MARKER = "made-by-rem-arrow-demo"

Report: TypeAlias = Callable[[str, int, int], None]
"""Called with the name of a step, how much of it is done, and how much there is."""


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
    """Return whether `build` has finished in this database."""
    return INFO_TABLE in db.tables()["name"].to_list()


def build(db: Database, *, console: Console) -> None:
    """Fill an empty database from the Python installation that runs this; `demo_info` comes last.

    Raises InputError if the installation has no Python source.
    """
    started = time.perf_counter()
    for model, name in ((Module, "modules"), (Class, "classes"), (Function, "functions")):
        db.register(model, name=name)
    with _progress(console) as report:
        library = _read(report)
        _load(db, library, report)
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


@contextmanager
def _progress(console: Console) -> Iterator[Report]:
    """Show how far the steps are: as bars in a terminal, elsewhere as lines."""
    if not console.is_terminal:
        yield _lines(console)
        return
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=40), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield _bars(progress)


def _bars(progress: Progress) -> Report:
    """Draw a bar for each step."""
    bars: dict[str, TaskID] = {}

    def draw(step: str, done: int, total: int) -> None:
        if step not in bars:
            bars[step] = progress.add_task(step, total=total)
        progress.update(bars[step], completed=done)

    return draw


def _lines(console: Console) -> Report:
    """Print a line at the first report of a step, and at each quarter of it."""
    quarters: dict[str, int] = {}

    def print_line(step: str, done: int, total: int) -> None:
        quarter = 4 * done // max(total, 1)
        if quarter > quarters.get(step, -1):
            quarters[step] = quarter
            console.print(Text(f"{step}: {done:,} of {total:,}"))

    return print_line


def _read(report: Report) -> stdlib.Library:
    root = Path(sysconfig.get_path("stdlib"))
    library = stdlib.read(root, on_file=partial(report, "Reading source files"))
    if library.functions.is_empty():
        raise InputError(f"no Python source in {root}; run the demo with a Python that has its library as .py files")
    return library


def _load(db: Database, library: stdlib.Library, report: Report) -> None:
    tables = {
        "modules": library.modules,
        "classes": library.classes,
        "functions": library.functions,
        "resources": library.resources,
    }
    done, total = 0, sum(frame.height for frame in tables.values()) + library.edges.height
    step = "Writing rows"
    report(step, done, total)
    for name, frame in tables.items():
        db.load(name, frame, progress=False)
        done += frame.height
        report(step, done, total)
    db.add_edges(library.edges)
    report(step, total, total)
