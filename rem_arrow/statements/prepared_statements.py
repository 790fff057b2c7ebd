"""PREPARE, EXECUTE and DEALLOCATE: statements that a handle keeps under a name; their plans are kept by their text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rem_arrow.base.errors import BindError, suggest
from rem_arrow.base.parameters import typed_parameters
from rem_arrow.sql.statement.parsed import Parsed
from rem_arrow.sql.statement.session_kinds import Deallocate, Execute
from rem_arrow.sql.statement.statement import Prepare
from rem_arrow.sql.statement.statement_names import Name
from rem_arrow.statements.environment import Context, Result, checking, status
from rem_arrow.statements.session_settings import value_of


def prepare(context: Context, statement: Prepare) -> Result:
    """Run a PREPARE; another statement of that name is replaced, as in DuckDB."""
    owner = context if context.main is None else context.main
    owner.instance.prepared[statement.name.text.casefold()] = (context.text, context.place, statement)
    return status(f"prepared {statement.name.text}")


def execute(context: Context, statement: Execute, dispatch: Callable[[Context], Result]) -> Result:
    """Run an EXECUTE: the statement with these values of its parameters."""
    text, place, prepared = _known(context, statement.name)
    given = {name: value_of(context, query) for name, query in statement.arguments}
    variables = context.instance.session.variables
    missing = sorted(p for p in prepared.parameters - given.keys() if p.casefold() not in variables)
    unknown = sorted(given.keys() - prepared.parameters)
    if missing or unknown:
        what = f"no value for ${missing[0]}" if missing else f"there is no parameter ${unknown[0]}"
        hint = f"Parameters: {', '.join(f'${p}' for p in sorted(prepared.parameters)) or 'none'}."
        name = statement.name
        raise BindError(f"EXECUTE {name.text}: {what}", context.text, name.start, name.end, hint=hint)
    values, dtypes = typed_parameters(given)
    parsed = Parsed(prepared.statement, prepared.tree, text)
    return dispatch(
        replace(
            context,
            text=text,
            place=place,
            parsed=parsed,
            values=values,
            dtypes=dtypes,
            write=checking(parsed, context.write),
            define=checking(parsed, context.define),
        )
    )


def deallocate(context: Context, statement: Deallocate) -> Result:
    """Run a DEALLOCATE."""
    _known(context, statement.name)
    del context.instance.prepared[statement.name.text.casefold()]
    return status(f"deallocated {statement.name.text}")


def _known(context: Context, name: Name) -> tuple[str, int, Prepare]:
    known = context.instance.prepared.get(name.text.casefold())
    if known is None:
        names = [p.name.text for _, _, p in context.instance.prepared.values()]
        hint = suggest(name.text, names, "Prepared statements")
        raise BindError(f"no prepared statement {name.text}", context.text, name.start, name.end, hint=hint)
    return known
