"""What a statement that writes reads: INSERT, UPDATE, DELETE and RETURNING to bound queries.

An UPDATE reads its target under the name that the catalog gives it (`target`), with the rowids in the column `rowid`;
the query's columns are the rowid and columns of the new rows. Values take the type of the column that they go into.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import polars as pl
from sqlglot import exp

from rem_arrow.base.datatypes import sql_name
from rem_arrow.base.errors import BindError, TextError, suggest
from rem_arrow.base.logical_types import TextType
from rem_arrow.base.schema import Field, Table
from rem_arrow.base.source import Catalog
from rem_arrow.plan import types
from rem_arrow.plan.nodes import Column, Expr, Literal, Project, Query, Relation, Values
from rem_arrow.sql.bind.binder import Evaluate, ExprBinder
from rem_arrow.sql.bind.conversions import cast_to, castable, settled
from rem_arrow.sql.bind.query import Binder
from rem_arrow.sql.bind.scope import Scope
from rem_arrow.sql.statement.statement_names import Assignments, Name
from rem_arrow.sql.text.trees import members

EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True)
class Target:
    """The table that a statement changes, as the statement's queries see it.

    Attributes:
        source, rowid: the names of the table and its rowid in the catalog; `rowid` "" when it has none there.
        defaults: what columns are that are DEFAULT: values, or trees of expressions.
    """

    table: Table
    alias: str
    source: str
    rowid: str = ""
    defaults: Mapping[str, object] | None = None

    def field(self, name: Name, text: str) -> Field:
        """Return the field that a name means. Raises BindError with a suggestion."""
        field = next((f for f in self.table.fields if f.name.casefold() == name.text.casefold()), None)
        if field is None:
            raise BindError(
                f'no column "{name.text}" in {self.table.name}',
                text,
                name.start,
                name.end,
                hint=suggest(name.text, self.table.names, "Columns"),
            )
        return field


class WriteBinder:
    """Binds the queries of one statement that writes."""

    def __init__(
        self,
        text: str,
        catalog: Catalog,
        parameters: Mapping[str, pl.DataType],
        target: Target,
        evaluate: Evaluate | None = None,
    ) -> None:
        self._target = target
        self._binder = Binder(text, catalog, parameters, evaluate)
        self._context, self._names = self._binder.context, self._binder.context.names

    # --- INSERT

    def insert(self, source: exp.Expression, fields: Sequence[Field]) -> tuple[Query, list[Field]]:
        """Bind the rows of an INSERT into `fields`. Returns the query, and the fields that its columns are for.

        A column that is DEFAULT in every row of an entity table is left out: its model knows the default.
        """
        if isinstance(source, exp.Values) and not any(
            source.args.get(k) for k in ("order", "limit", "offset", "with_", "alias")
        ):
            return self._values(source, fields)
        query = self._binder.query(source)
        self.check_count(len(query.names), fields, source)
        return self._assigned(query, fields, [source] * len(fields)), list(fields)

    def by_name(self, source: exp.Expression, fields: Sequence[Field]) -> tuple[Query, list[Field]]:
        """Bind INSERT ... BY NAME: each column of the query goes into the column of its name."""
        query = self._binder.query(source)
        by_name = {f.name.casefold(): f for f in fields}
        chosen = []
        for name in query.names:
            field = by_name.pop(name.casefold(), None)
            if field is None:
                raise self._context.error(
                    f'no column "{name}" in {self._target.table.name}',
                    source,
                    suggest(name, [f.name for f in fields], "Columns"),
                )
            chosen.append(field)
        return self._assigned(query, chosen, [source] * len(chosen)), chosen

    def copied(self, source: str, columns: Sequence[str], fields: Sequence[Field]) -> Query:
        """Bind the columns of a frame into `fields`."""
        return self.computed(source, [exp.column(exp.to_identifier(c, quoted=True)) for c in columns], fields)

    def computed(self, source: str, trees: Sequence[exp.Expression], fields: Sequence[Field]) -> Query:
        """Bind expressions over the rows of a frame, each as a value of one of `fields`."""
        query = self._binder.statement(rows_query(source, self._target.alias, [t.copy() for t in trees]))
        return self._assigned(query, fields, trees)

    def rows(self, source: exp.Expression) -> Query:
        """Bind any query."""
        return self._binder.statement(source)

    def width(self, source: exp.Expression) -> int:
        """Return the number of columns of the rows of an INSERT."""
        if isinstance(source, exp.Values):
            return len(members(source.expressions[0]))
        return len(self._binder.statement(source).names)

    def _values(self, source: exp.Values, fields: Sequence[Field]) -> tuple[Query, list[Field]]:
        rows = [members(row) for row in source.expressions]
        for row, tree in zip(rows, source.expressions, strict=True):
            self.check_count(len(row), fields, tree)
        left_out = self._left_out(source, rows, fields) if self._target.defaults is None else set()
        places = [i for i in range(len(fields)) if i not in left_out]
        filled = [fields[i] for i in places]
        binder = ExprBinder(self._context, Scope())
        cells = tuple(tuple(self._cell(binder, row[i], fields[i]) for i in places) for row in rows)
        columns = tuple((self._names.fresh(f.name), computed_type(f.dtype)) for f in filled)
        return Query(Values(columns, cells), tuple(f.name for f in filled)), filled

    def _left_out(
        self, source: exp.Values, rows: Sequence[Sequence[exp.Expression]], fields: Sequence[Field]
    ) -> set[int]:
        """Return the places of the columns that are DEFAULT in every row."""
        left_out: set[int] = set()
        for i, field in enumerate(fields):
            count = sum(is_default(row[i]) for row in rows)
            if 0 < count < len(rows):
                raise self._context.unsupported(
                    f'DEFAULT beside values in the column "{field.name}" of an entity table; insert these rows by '
                    "a statement of their own",
                    source,
                )
            if count:
                left_out.add(i)
        return left_out

    def _cell(self, binder: ExprBinder, tree: exp.Expression, field: Field) -> Expr:
        if is_default(tree):
            return self._default(field)
        return self._cast(binder.bind(tree), field, tree)

    def check_count(self, count: int, fields: Sequence[Field], tree: exp.Expression) -> None:
        """Raise BindError when there are more or fewer values than columns."""
        if count != len(fields):
            table = self._target.table.name
            raise self._context.error(
                f"{len(fields)} columns of {table} are to be filled, and {count} values are given",
                tree,
                f"Columns: {', '.join(f.name for f in fields)}.",
            )

    # --- UPDATE, DELETE

    def update(
        self,
        assignments: Assignments,
        others: Sequence[exp.Expression],
        where: exp.Expression | None,
        ctes: exp.Expression | None,
        fields: Sequence[Field] | None = None,
    ) -> Query:
        """Bind the new rows of an UPDATE: the rowid, if the target has one, and these columns, by default all."""
        fields = self._target.table.fields if fields is None else fields
        values = {self._target.field(name, self._context.text).name: value for name, value in assignments}
        trees = [values.get(f.name) for f in fields]
        shown = [self._own(f.name) if t is None or is_default(t) else t for f, t in zip(fields, trees, strict=True)]
        query = self._bound([*self._rowid(), *shown], others, where, ctes)
        extra = len(self._rowid())
        columns = [Column(n, t) for n, t in query.plan.schema.items()]
        outputs: list[tuple[str, Expr]] = [(c.name, c) for c in columns[:extra]]
        for field, tree, column in zip(fields, trees, columns[extra:], strict=True):
            name = self._names.fresh(field.name)
            value: Expr = column
            if tree is not None:
                value = self._default(field) if is_default(tree) else self._cast(column, field, tree)
            outputs.append((name, value))
        return Query(Project(query.plan, tuple(outputs)), (*query.names[:extra], *(f.name for f in fields)))

    def upsert(self, assignments: Assignments, where: exp.Expression | None, key: Sequence[str]) -> Query:
        """Bind DO UPDATE SET: the target holds the rows that exist, the table `excluded` those that were given."""
        same = [exp.EQ(this=self._own(k), expression=excluded(k)) for k in key]
        return self.update(
            assignments,
            (exp.Table(this=exp.to_identifier(EXCLUDED)),),
            exp.and_(*same, *([where] if where is not None else [])),
            None,
        )

    def delete(
        self,
        columns: Sequence[str],
        others: Sequence[exp.Expression],
        where: exp.Expression | None,
        ctes: exp.Expression | None,
    ) -> Query:
        """Bind the rows of a DELETE: the rowid and these columns."""
        return self._bound([*self._rowid(), *(self._own(c) for c in columns)], others, where, ctes)

    def returning(self, clause: exp.Expression) -> Query:
        """Bind RETURNING over the rows that a statement wrote."""
        return self._settled(self._bound([e.copy() for e in clause.expressions], (), None, None))

    def constant(self, tree: exp.Expression, field: Field) -> Query:
        """Bind an expression without columns, such as a DEFAULT, as a value of `field`."""
        binder = ExprBinder(self._context, Scope())
        value = self._cast(binder.bind(tree), field, tree)
        return Query(Project(Values((), ((),)), ((field.name, value),)), (field.name,))

    # --- inside

    def _bound(
        self,
        columns: list[exp.Expression],
        others: Sequence[exp.Expression],
        where: exp.Expression | None,
        ctes: exp.Expression | None,
    ) -> Query:
        tree = rows_query(self._target.source, self._target.alias, columns)
        tree.set("joins", [o if isinstance(o, exp.Join) else exp.Join(this=o) for o in others])
        if where is not None:
            tree.set("where", exp.Where(this=where))
        if ctes is not None:
            tree.set("with_", ctes)
        try:
            return self._binder.query(tree)
        except TextError as error:
            raise self._without_rowid(error, columns) from error

    def _without_rowid(self, error: TextError, columns: list[exp.Expression]) -> TextError:
        """Return the error without the rowid, a column that nobody can name."""
        if not self._target.rowid or self._target.rowid not in str(error):
            return error
        if self._target.rowid in error.message:
            call = next((c for t in columns for c in t.find_all(exp.AggFunc)), columns[-1])
            return self._context.error(
                "an aggregate cannot stand in SET, which works on one row at a time",
                call,
                "Aggregate in a query after FROM.",
            )
        return type(error)(
            error.message, error.text, error.start, error.end, hint=error.hint.replace(f", {self._target.rowid}", "")
        )

    def _settled(self, query: Query) -> Query:
        """Give the columns that are only NULL a type."""
        columns = tuple((self._names.fresh(n), settled(Column(n, t))) for n, t in query.plan.schema.items())
        return Query(Project(query.plan, columns), query.names)

    def _rowid(self) -> list[exp.Expression]:
        return [self._own(self._target.rowid)] if self._target.rowid else []

    def _own(self, name: str) -> exp.Expression:
        return exp.column(
            exp.to_identifier(name, quoted=True), table=exp.to_identifier(self._target.alias, quoted=True)
        )

    def _assigned(self, query: Query, fields: Sequence[Field], trees: Sequence[exp.Expression]) -> Query:
        columns = [Column(n, t) for n, t in query.plan.schema.items()]
        outputs = [
            (self._names.fresh(f.name), self._cast(c, f, t)) for f, c, t in zip(fields, columns, trees, strict=True)
        ]
        return Query(Project(query.plan, tuple(outputs)), tuple(f.name for f in fields))

    def _cast(self, value: Expr, field: Field, tree: exp.Expression) -> Expr:
        dtype = computed_type(field.dtype)
        if value.dtype == field.dtype:
            return value
        if not castable(value.dtype, dtype):
            table = self._target.table.name
            raise self._context.error(
                f'the column "{field.name}" of {table} is {sql_name(field.dtype)}, and the value is '
                f"{sql_name(value.dtype)}",
                tree,
            )
        try:
            return cast_to(value, dtype)
        except ValueError as error:
            raise self._context.error(
                f'the column "{field.name}" of {self._target.table.name}: {error}', tree
            ) from error

    def _default(self, field: Field) -> Expr:
        default = (self._target.defaults or {}).get(field.name)
        if isinstance(default, exp.Expression):
            return self._cast(ExprBinder(self._context, Scope()).bind(default.copy()), field, default)
        return Literal(default, computed_type(field.dtype))


def excluded(column: str) -> exp.Expression:
    """Return a column of the row that an INSERT brings."""
    return exp.column(exp.to_identifier(column, quoted=True), table=EXCLUDED)


def literal_rows(plan: Relation) -> list[tuple[object, ...]] | None:
    """Return the rows of a plan that is nothing but literals; None for any other."""
    if (
        not isinstance(plan, Values)
        or not plan.columns
        or not all(isinstance(c, Literal) for row in plan.rows for c in row)
    ):
        return None
    return [tuple(cast(Literal, c).value for c in row) for row in plan.rows]


def rows_query(source: str, alias: str, trees: Sequence[exp.Expression]) -> exp.Select:
    """Return a SELECT of expressions over the rows of a source."""
    named = exp.TableAlias(this=exp.to_identifier(alias, quoted=True))
    table = exp.Table(this=exp.to_identifier(source, quoted=True), alias=named)
    return exp.Select(expressions=list(trees), from_=exp.From(this=table))


def computed_type(dtype: pl.DataType) -> pl.DataType:
    """Return the type in which SQL computes the values of a column: categories are texts until they are stored."""
    return pl.String() if types.is_text(dtype) and not isinstance(dtype, TextType) else dtype


def is_default(tree: exp.Expression) -> bool:
    """Say whether a value is the word DEFAULT."""
    bare = isinstance(tree, exp.Var) or (
        isinstance(tree, exp.Column)
        and not tree.table
        and isinstance(tree.this, exp.Identifier)
        and not tree.this.args.get("quoted")
    )
    return bare and tree.name.upper() == "DEFAULT"
