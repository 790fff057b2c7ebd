"""Expressions over one row of a table that the catalog keeps as SQL: DEFAULT, CHECK and generated columns.

They are bound over a relation ROWS with the columns of the table, and give one row for each of its rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl
from sqlglot import exp

from rem_arrow.base.datatypes import sql_name
from rem_arrow.base.errors import BindError, RemError
from rem_arrow.base.schema import Field, Table
from rem_arrow.base.source import Catalog
from rem_arrow.plan.nodes import Query
from rem_arrow.sql.bind.query import Binder
from rem_arrow.sql.bind.write_queries import Target, WriteBinder, rows_query
from rem_arrow.sql.text.parser import parse
from rem_arrow.sql.text.position import Place

# No table of a user can have this name.
ROWS = "\x00rows"


class RowExpressions:
    """Binds expressions over the rows of one table. Raises BindError and UnsupportedError, with the place in `text` of
    trees that come from there."""

    def __init__(self, text: str, catalog: Catalog, table: Table) -> None:
        self._text, self._table, self._catalog = text, table, catalog

    def values(self, trees: Sequence[exp.Expression], fields: Sequence[Field]) -> Query:
        """Bind one value for each of `fields`, in its type."""
        binder = WriteBinder(self._text, self._catalog, {}, Target(self._table, own_name(self._table.name), ROWS))
        return binder.computed(ROWS, trees, fields)

    def violations(self, trees: Sequence[exp.Expression]) -> Query:
        """Bind for each condition whether it is false."""
        conditions = [exp.Not(this=exp.Paren(this=t.copy())) for t in trees]
        return self._binder().query(rows_query(ROWS, own_name(self._table.name), conditions))

    def dtype(self, tree: exp.Expression) -> pl.DataType:
        """Return the type of an expression."""
        return next(
            iter(
                self._binder()
                .statement(rows_query(ROWS, own_name(self._table.name), [tree.copy()]))
                .plan.schema.values()
            )
        )

    def generated(self) -> dict[str, exp.Expression]:
        """Return what each generated column is computed from, in columns that rows bring. Raises BindError for one that
        is computed from itself."""
        trees = {
            f.name.casefold(): parsed(f"CAST(({f.generated}) AS {sql_name(f.dtype)})")
            for f in self._table.fields
            if f.generated
        }
        return {f.name: self._inlined(f.name, trees, ()) for f in self._table.fields if f.generated}

    def columns(self, tree: exp.Expression) -> tuple[str, ...]:
        """Return the columns of the table that an expression may read, in their order."""
        named = {part.name.casefold() for node in tree.find_all(exp.Column) for part in node.parts}
        return tuple(f.name for f in self._table.fields if f.name.casefold() in named)

    def checked(self, tree: exp.Expression, what: str) -> exp.Expression:
        """Return an expression without the table's name before its columns, once it is known to be one of a row."""
        place = Place(self._text, tree)
        if tree.find(exp.Query) is not None:
            raise place.error(f"{what} holds no subquery: it is computed from one row")
        if tree.find(exp.AggFunc, exp.Window) is not None:
            raise place.error(f"{what} holds no aggregate and no window function: it is computed from one row")
        if tree.find(exp.Parameter, exp.Placeholder) is not None:
            raise place.error(f"{what} is kept with the table, and has no parameters")
        return tree.transform(self._without_table)

    # --- inside

    def _binder(self) -> Binder:
        return Binder(self._text, self._catalog, {})

    def _inlined(self, name: str, trees: Mapping[str, exp.Expression], above: tuple[str, ...]) -> exp.Expression:
        if name.casefold() in above:
            raise BindError(f'the generated column "{name}" of {self._table.name} is computed from itself')
        inner = (*above, name.casefold())

        def inline(node: exp.Expression) -> exp.Expression:
            if isinstance(node, exp.Column) and not node.table and node.name.casefold() in trees:
                return self._inlined(node.name, trees, inner)
            return node

        return trees[name.casefold()].transform(inline)

    def _without_table(self, node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.Column) and node.table.casefold() == own_name(self._table.name).casefold():
            return exp.Column(this=node.this)
        return node


def parsed(sql: str) -> exp.Expression:
    """Return the tree of an expression that the catalog keeps, without places."""
    tree: exp.Expression = parse(f"SELECT {sql}").expressions[0]
    for node in tree.walk():
        node.meta.clear()
    return tree


def own_name(full_name: str) -> str:
    """Return the name of a table without its schema."""
    return full_name.rpartition(".")[2]


def column(name: str) -> exp.Expression:
    """Return the column of a row."""
    return exp.column(exp.to_identifier(name, quoted=True))


def written(tree: exp.Expression) -> str:
    """Return an expression as the catalog keeps it."""
    sql = str(tree.sql(dialect="duckdb", comments=False))
    try:
        parsed(sql)
    except RemError as error:
        raise BindError(f"this expression cannot be kept with a table: {sql}") from error
    return sql


def sequences_in(sql: str) -> set[str]:
    """Return the sequences, casefolded, that an expression that the catalog keeps takes numbers from."""
    calls = (node for node in parsed(sql).find_all(exp.Anonymous) if node.name.casefold() in ("nextval", "currval"))
    return {argument.name.casefold() for call in calls for argument in call.expressions}


def renamed(sql: str, old: str, new: str) -> str:
    """Return an expression that the catalog keeps with a column under another name."""

    def rename(node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.Column) and node.parts[0].name.casefold() == old.casefold():
            node.parts[0].replace(exp.to_identifier(new, quoted=True))
        return node

    return written(parsed(sql).transform(rename))
