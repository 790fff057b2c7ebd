"""A WITH whose CTEs write: each write in turn, then the statement after them, and all of it as one.

Each statement sees what those before it have written, as in DuckDB. REQUIRES of `Context.write`: the lock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rem_arrow.access.access import Access
from rem_arrow.sql.statement.statement import Statement, WritingCtes
from rem_arrow.statements.environment import Context, Result
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.overlay import Overlay
from rem_arrow.write.path import Compute


def run(context: Context, statement: WritingCtes, dispatch: Callable[[Context, Statement], Result]) -> Result:
    """Return the result of the last statement."""

    def compute(access: Access) -> tuple[Changes, Result]:
        overlay = Overlay(access.version, statement=True)

        def stage(step: Compute[Result]) -> Result:
            changes, result = step(access.at(overlay.version))
            overlay.apply(changes)
            return result

        frames = dict(context.frames)
        inside = replace(context, version=lambda: overlay.version, write=stage, frames=frames, bulk=False)
        for name, write in statement.writes:
            frames[name] = dispatch(inside, write)
        result = dispatch(inside, statement.last)
        return overlay.changes(), result

    return context.write(compute)
