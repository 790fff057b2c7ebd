"""A WITH whose CTEs write: each write in turn, then the statement after them, and all of it as one.

Each statement sees what those before it have written, as in DuckDB. REQUIRES of `Context.write`: the lock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from rem_arrow.access.access import Access
from rem_arrow.sql.statement.statement import Select, Statement, WritingCtes
from rem_arrow.statements.environment import Context, Result
from rem_arrow.statements.locations import located
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.overlay import Overlay
from rem_arrow.write.path import Compute

Dispatch: TypeAlias = Callable[[Context, Statement], Result]


def run(context: Context, statement: WritingCtes, dispatch: Dispatch) -> Result:
    """Return the result of the last statement."""
    side = context.temporary(False)
    if side is None:
        return _staged(context, statement, dispatch)

    def beside(access: Access) -> tuple[Changes, Result]:
        overlay = Overlay(access.version, statement=True)
        stage = _stage(access, overlay)
        staged = side._replace(version=lambda: overlay.version, write=stage, define=stage)
        result = _staged(replace(context, temporary=lambda _: staged), statement, dispatch)
        return overlay.changes(), result

    return side.write(beside)


def _staged(context: Context, statement: WritingCtes, dispatch: Dispatch) -> Result:
    """Run the statements over a view of the database in which each sees the writes before it."""
    steps = (*(write for _, write in statement.writes), statement.last)
    if all(isinstance(step, Select) or located(context, step)[0].main is not None for step in steps):
        return _in_turn(context, statement, dispatch)

    def compute(access: Access) -> tuple[Changes, Result]:
        overlay = Overlay(access.version, statement=True)
        inside = replace(context, version=lambda: overlay.version, write=_stage(access, overlay), bulk=False)
        result = _in_turn(inside, statement, dispatch)
        return overlay.changes(), result

    return context.write(compute)


def _in_turn(context: Context, statement: WritingCtes, dispatch: Dispatch) -> Result:
    frames = dict(context.frames)
    inside = replace(context, frames=frames)
    for name, write in statement.writes:
        frames[name] = dispatch(inside, write)
    return dispatch(inside, statement.last)


def _stage(access: Access, overlay: Overlay) -> Callable[[Compute[Result]], Result]:
    def stage(step: Compute[Result]) -> Result:
        changes, result = step(access.at(overlay.version))
        overlay.apply(changes)
        return result

    return stage
