"""CREATE SEQUENCE and DROP SEQUENCE. REQUIRES of what runs inside `Context.define`: `rewriting` and the lock."""

from __future__ import annotations

from rem_arrow.access.access import Access
from rem_arrow.base.errors import BindError
from rem_arrow.base.schema import Table, check_name
from rem_arrow.sql.bind.row_expressions import sequences_in
from rem_arrow.sql.statement.statement import CreateSequence, DropSequence
from rem_arrow.sql.statement.statement_names import Name
from rem_arrow.statements import named_entries
from rem_arrow.statements.environment import Context, Result, status
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.sequences import KIND, NUMBER_MAX, NUMBER_MIN, SequenceOptions


def create(context: Context, statement: CreateSequence) -> Result:
    """Run a CREATE SEQUENCE."""
    name = statement.sequence
    check_name(name.text, "sequence")
    options = _options(context, statement)

    def compute(access: Access) -> tuple[Changes, Result]:
        changes, old = Changes(), access.version.entry(KIND, name.text)
        if old is not None and statement.if_not_exists:
            return changes, status(f"the sequence {name.text} exists already")
        if old is not None and not statement.replace:
            raise named_entries.exists_already(context, "sequence", name)
        if old is not None:
            changes.tables[old.number] = None
        number = context.instance.store.reserve_table()
        changes.tables[number] = Table(number, name.text, KIND, (), model=options.to_json())
        return changes, status(f"created the sequence {name.text}")

    return context.define(compute)


def drop(context: Context, statement: DropSequence) -> Result:
    """Run a DROP SEQUENCE; one that a DEFAULT takes its numbers from stays."""
    name = statement.sequence

    def check(access: Access, entry: Table) -> None:
        for tv in access.version:
            for field in tv.table.fields:
                if field.default_sql is not None and entry.name.casefold() in sequences_in(field.default_sql):
                    what = f'the DEFAULT of "{field.name}" of {tv.table.name} takes its numbers from {entry.name}'
                    column = f"ALTER TABLE {tv.table.name} ALTER COLUMN {field.name}"
                    raise _error(context, name, what, f"First {column} DROP DEFAULT.")

    return named_entries.drop(context, "sequence", KIND, name, if_exists=statement.if_exists, check=check)


def _options(context: Context, statement: CreateSequence) -> SequenceOptions:
    """Return how a sequence counts: by default from 1 up, or for a negative step from -1 down."""
    name, given = statement.sequence, statement.numbers
    step = given.get("step", 1)
    least, most = (1, NUMBER_MAX) if step > 0 else (NUMBER_MIN, -1)
    least, most = given.get("least", least), given.get("most", most)
    start = given.get("start", least if step > 0 else most)
    options = SequenceOptions(start, step, least, most, statement.cycle)
    wrong = (
        "a sequence needs a step that is not 0"
        if not step
        else "a number of a sequence takes at most 64 bits"
        if not all(NUMBER_MIN <= n <= NUMBER_MAX for n in (options.start, step, options.least, options.most))
        else f"the sequence would start at {options.start}, which is not from {options.least} to {options.most}"
        if not options.least <= options.start <= options.most
        else "the least number of a sequence is below the greatest"
        if options.least >= options.most
        else ""
    )
    if wrong:
        raise _error(context, name, wrong)
    return options


def _error(context: Context, name: Name, message: str, hint: str = "") -> BindError:
    return BindError(message, context.text, name.start, name.end, hint=hint)
