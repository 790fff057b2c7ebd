"""A progress bar for what takes long: in a terminal or notebook, and silent elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_ROWS_MIN = 200_000


@contextmanager
def progress_bar(title: str, total: int | None, wanted: bool | None) -> Iterator[Callable[[int], None]]:
    """Yield a function that is told of each number of rows done. `wanted` None shows a bar on long work only."""
    shown = wanted if wanted is not None else ((total is None or total >= _ROWS_MIN) and sys.stderr.isatty())
    if not shown:
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda rows: bar.advance(task, rows)
