"""CREATE MACRO and DROP MACRO: a macro is checked once, and kept as text."""

from __future__ import annotations

from rem_arrow.access.access import Access
from rem_arrow.base.schema import Table, check_name
from rem_arrow.sql.bind.macro_checks import macro_fault
from rem_arrow.sql.statement.statement import CreateMacro, DropMacro
from rem_arrow.statements import named_entries
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
            raise named_entries.exists_already(context, "macro", name)
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
    return named_entries.drop(context, "macro", statement.kind, statement.macro, if_exists=statement.if_exists)
