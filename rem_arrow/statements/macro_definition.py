"""CREATE MACRO and DROP MACRO: a macro is checked once, and kept as text."""

from __future__ import annotations

from rem_arrow.access.access import Access
from rem_arrow.base.errors import BindError, suggest
from rem_arrow.base.schema import Table, check_name
from rem_arrow.sql.bind.macro_checks import macro_fault
from rem_arrow.sql.statement.statement import CreateMacro, DropMacro
from rem_arrow.statements.environment import Context, Result, status
from rem_arrow.storage.changes import Changes


def create(context: Context, statement: CreateMacro) -> Result:
    """Run a CREATE MACRO."""
    name = statement.macro
    check_name(name.text, "macro")

    def compute(access: Access) -> tuple[Changes, Result]:
        changes, old = Changes(), access.version.entry(statement.kind, name.text)
        if old is not None and statement.if_not_exists:
            return changes, status(f"the macro {name.text} exists already")
        if old is not None and not statement.replace:
            raise BindError(
                f"the macro {name.text} exists already",
                context.text,
                name.start,
                name.end,
                hint="Write CREATE OR REPLACE MACRO, or IF NOT EXISTS.",
            )
        for overload in statement.overloads:
            catalog = context.snapshot(access, frames={})
            fault = macro_fault(name.text, statement.kind, overload, catalog)
            if fault is not None:
                what = f"the macro {name.text}: {fault.message}"
                raise type(fault)(what, context.text, name.start, name.end, hint=fault.hint) from fault
        number = context.instance.store.reserve_table() if old is None else old.number
        model = [o.to_json() for o in statement.overloads]
        changes.tables[number] = Table(number, name.text, statement.kind, (), model=model)
        return changes, status(f"created the macro {name.text}")

    return context.define(compute)


def drop(context: Context, statement: DropMacro) -> Result:
    """Run a DROP MACRO."""
    name = statement.macro

    def compute(access: Access) -> tuple[Changes, Result]:
        changes, entry = Changes(), access.version.entry(statement.kind, name.text)
        if entry is None and statement.if_exists:
            return changes, status(f"there is no macro {name.text}")
        if entry is None:
            known = [m.name for m in access.version.entries(statement.kind)]
            hint = suggest(name.text, known, "Macros")
            raise BindError(f"no macro {name.text}", context.text, name.start, name.end, hint=hint)
        changes.tables[entry.number] = None
        return changes, status(f"dropped the macro {entry.name}")

    return context.define(compute)
