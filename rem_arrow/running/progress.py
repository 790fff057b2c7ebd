"""A progress bar for what takes long: by rich in a terminal, of HTML in a notebook, and lines elsewhere, if asked for.

A bar of its own accord comes after a second, and on the main thread only: services that work on threads are not written
over. Whoever tells of progress also learns that the work is to be stopped.
"""

from __future__ import annotations

import contextvars
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import Any, Protocol

from rem_arrow.base.printable import printable
from rem_arrow.running.cancellation import check_stopped

_DELAY_S = 1.0
_REDRAWN_S = 0.2
# A line comes for each tenth of the whole, at most one in a second, and where that takes long, after half a minute.
_TENTHS, _TENTH_S, _LINE_S = 10, 1.0, 30.0


class _Bar(Protocol):
    def start(self) -> None: ...
    def advance(self, count: int) -> None: ...
    def stop(self) -> None: ...


@contextmanager
def progress_bar(title: str, total: int | None, wanted: bool | None) -> Iterator[Callable[[int], None]]:
    """Yield a function that is told of each number of rows, or steps, done.

    Args:
        total: how many there will be; None shows that something moves.
        wanted: True shows a bar at once, or lines where the output is no terminal; False never; None after a second
            in a terminal or notebook.
    """
    kind = _kind(wanted)
    if kind is None:
        yield lambda _: check_stopped()
        return
    bar = kind(printable(title), total)

    def advance(count: int) -> None:
        check_stopped()
        bar.advance(count)

    # On a thread, since the first piece may take long; a notebook knows by the context which cell it belongs to.
    starting = threading.Timer(_DELAY_S, contextvars.copy_context().run, (bar.start,))
    starting.daemon = True
    if wanted:
        bar.start()
    else:
        starting.start()
    try:
        yield advance
    finally:
        if not wanted:
            starting.cancel()
            starting.join()
        bar.stop()


def _kind(wanted: bool | None) -> Callable[[str, int | None], _Bar] | None:
    """Return what draws the bar; None when there is to be none."""
    if wanted is False or (wanted is None and threading.current_thread() is not threading.main_thread()):
        return None
    if _in_notebook():
        return _NotebookBar
    if sys.stderr.isatty():
        return _TerminalBar
    return _Lines if wanted else None


def _in_notebook() -> bool:
    if "ipykernel" not in sys.modules:
        return False
    from IPython import get_ipython

    return get_ipython() is not None


class _TerminalBar:
    """A bar of rich, on standard error; it goes when the work is done."""

    def __init__(self, title: str, total: int | None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        self._drawn = Progress(*columns, console=Console(file=sys.stderr), transient=True)
        self._task = self._drawn.add_task(title, total=total)

    def start(self) -> None:
        self._drawn.start()

    def advance(self, count: int) -> None:
        self._drawn.advance(self._task, count)

    def stop(self) -> None:
        self._drawn.stop()


class _NotebookBar:
    """A bar in the output of a cell; it goes when the work is done. The bars of rich and tqdm need ipywidgets there."""

    def __init__(self, title: str, total: int | None) -> None:
        self._title, self._total, self._done, self._drawn_at = title, total, 0, 0.0
        self._handle: Any = None

    def start(self) -> None:
        from IPython.display import HTML, display

        self._handle = display(HTML(self._html()), display_id=True)

    def advance(self, count: int) -> None:
        self._done += count
        if self._handle is not None and time.monotonic() - self._drawn_at > _REDRAWN_S:
            self._drawn_at = time.monotonic()
            self._show(self._html())

    def stop(self) -> None:
        if self._handle is not None:
            self._show("")

    def _show(self, text: str) -> None:
        from IPython.display import HTML

        self._handle.update(HTML(text))

    def _html(self) -> str:
        value = "" if self._total is None else f" value='{min(self._done, self._total)}' max='{max(1, self._total)}'"
        return f"{escape(self._title)} <progress{value}></progress> {_counted(self._done, self._total)}"


class _Lines:
    """Lines on standard error, which may be a file: what is written stays."""

    def __init__(self, title: str, total: int | None) -> None:
        self._title, self._total, self._done = title, total, 0
        self._told, self._told_at = 0, 0.0

    def start(self) -> None:
        self._tell()

    def advance(self, count: int) -> None:
        self._done += count
        is_tenth = self._total is not None and (self._done - self._told) * _TENTHS >= self._total
        if time.monotonic() - self._told_at >= (_TENTH_S if is_tenth else _LINE_S):
            self._tell()

    def stop(self) -> None:
        if self._told != self._done:
            self._tell()

    def _tell(self) -> None:
        self._told, self._told_at = self._done, time.monotonic()
        is_known = self._done or self._total is not None
        text = f"{self._title}: {_counted(self._done, self._total)}" if is_known else self._title
        print(text, file=sys.stderr, flush=True)


def _counted(done: int, total: int | None) -> str:
    return f"{done:,}" if total is None else f"{done:,} of {total:,}"
