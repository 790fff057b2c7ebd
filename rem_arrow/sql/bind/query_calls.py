"""query('SELECT ...') and query_table('t') in FROM: what a constant text says, as if it stood there."""

from __future__ import annotations

from sqlglot import exp

from rem_arrow.base.errors import TextError
from rem_arrow.sql.bind.binder import StatementContext
from rem_arrow.sql.text.parser import parse
from rem_arrow.sql.text.position import position
from rem_arrow.sql.text.trees import literal_text, table_of

_NAMES = ("query", "query_table")


def query_of(context: StatementContext, tree: exp.Expression) -> exp.Expression | None:
    """Return the query that a call in FROM means; None for any other call."""
    call = tree.this
    if not isinstance(call, exp.Anonymous) or call.name.casefold() not in _NAMES:
        return None
    return _query(context, call) if call.name.casefold() == "query" else _tables(context, call)


def _query(context: StatementContext, call: exp.Anonymous) -> exp.Expression:
    text = literal_text(call.expressions[0]) if len(call.expressions) == 1 else None
    if text is None:
        raise context.error("query takes the text of a SELECT in quotes", call)
    try:
        written = parse(text)
    except TextError as error:
        raise type(error)(f"in the text of query: {error.message}", context.text, *position(call)) from error
    if not isinstance(written, exp.Query):
        raise context.error("the text of query is one SELECT", call)
    context.expanded.append(written)
    return written


def _tables(context: StatementContext, call: exp.Anonymous) -> exp.Expression:
    """Return the rows of tables, one after the other; by the names of their columns where the second argument says
    so."""
    first = call.expressions[0] if call.expressions else None
    listed = first.expressions if isinstance(first, exp.Array) else [first]
    names = [_name(n) for n in listed]
    by_name = call.expressions[1] if len(call.expressions) == 2 else exp.false()
    if not names or None in names or len(call.expressions) > 2 or not isinstance(by_name, exp.Boolean):
        raise context.error("query_table takes the name of a table in quotes, or a list of names", call)
    tables = [exp.select("*").from_(_table(str(name))) for name in names]
    whole: exp.Expression = tables[0]
    for table in tables[1:]:
        whole = exp.Union(this=whole, expression=table, distinct=False, by_name=bool(by_name.this))
    return whole


def _table(name: str) -> exp.Table:
    """Return a table by its name, which may have those of its schema and database before it."""
    return table_of([exp.to_identifier(part, quoted=True) for part in name.split(".")])


def _name(tree: exp.Expression | None) -> str | None:
    return None if tree is None else tree.name if isinstance(tree, exp.Column) else literal_text(tree)
