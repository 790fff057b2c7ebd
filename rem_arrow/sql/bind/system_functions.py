"""Functions in FROM that show the catalog: duckdb_tables() and the like, and pragma_table_info('t')."""

from __future__ import annotations

from sqlglot import exp

from rem_arrow.sql.bind.binder import StatementContext
from rem_arrow.sql.text.position import written_name
from rem_arrow.sql.text.trees import literal_text, parts_of


def full_name_of(context: StatementContext, tree: exp.Expression) -> str | None:
    """Return the full name of the table or view that a call in FROM stands for; None for any other call."""
    call = tree.this
    name = written_name(context.text, call)
    if name is None:
        return None
    arguments = list(call.expressions) if isinstance(call, exp.Anonymous) else []
    if name.casefold() in ("pragma_table_info", "table_info"):
        return _info(context, name, arguments, tree)
    if arguments or not name.casefold().startswith(("duckdb_", "pragma_", "pg_")):
        return None
    return context.resolved(("system", name), tree)


def _info(context: StatementContext, name: str, arguments: list[exp.Expression], tree: exp.Expression) -> str:
    if len(arguments) != 1:
        raise context.error(f"{name} takes the name of a table", tree)
    parts = _parts(arguments[0])
    full = context.catalog.info(parts) if parts is not None else None
    if full is None:
        shown = name if parts is None else ".".join(parts)
        raise context.error(f'no table "{shown}"' if parts is not None else f"{name} takes a name in quotes", tree)
    return full


def _parts(tree: exp.Expression) -> tuple[str, ...] | None:
    text = literal_text(tree)
    if text is not None:
        return tuple(part.strip().strip('"') for part in text.split("."))
    if isinstance(tree, exp.Column):
        return tuple(part.name for part in tree.parts)
    return parts_of(tree) or None
