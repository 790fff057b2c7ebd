"""Entries of the catalog that have a kind and a name, macros, sequences and types: what their CREATE and DROP share."""

from __future__ import annotations

from collections.abc import Callable

from rem_arrow.access.access import Access
from rem_arrow.base.errors import BindError, suggest
from rem_arrow.base.schema import Table
from rem_arrow.sql.statement.statement_names import Name
from rem_arrow.statements.environment import Context, Result, status
from rem_arrow.storage.changes import Changes


def exists_already(context: Context, noun: str, name: Name) -> BindError:
    """Return the error for a CREATE of what is there."""
    return BindError(
        f"the {noun} {name.text} exists already",
        context.text,
        name.start,
        name.end,
        hint=f"Write CREATE OR REPLACE {noun.upper()}, or IF NOT EXISTS.",
    )


def drop(
    context: Context,
    noun: str,
    kind: str,
    name: Name,
    *,
    if_exists: bool,
    check: Callable[[Access, Table], None] = lambda access, entry: None,
    shown: Callable[[str], str] = str,
) -> Result:
    """Drop an entry.

    Args:
        check: raises where the entry must stay.
        shown: the name as the error for one that is not there writes it.
    """

    def compute(access: Access) -> tuple[Changes, Result]:
        changes, entry = Changes(), access.version.entry(kind, name.text)
        if entry is None and if_exists:
            return changes, status(f"there is no {noun} {name.text}")
        if entry is None:
            known = [other.name for other in access.version.entries(kind)]
            hint = suggest(name.text, known, f"{noun.title()}s")
            raise BindError(f"no {noun} {shown(name.text)}", context.text, name.start, name.end, hint=hint)
        check(access, entry)
        changes.tables[entry.number] = None
        return changes, status(f"dropped the {noun} {entry.name}")

    return context.define(compute)
