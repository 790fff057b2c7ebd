"""Statements: a parsed query to a plan. Here are WITH, set operations and VALUES; SELECT is in select.py.

A CTE is bound where it is used. Every column gets a name that is unique in the statement, so that the plan needs no
scopes. A subquery is bound with the scope of the query around it after its own; the names that it takes from there
stay free in its plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import polars as pl
from sqlglot import exp

from rem_arrow.base.source import Catalog
from rem_arrow.plan.nodes import Column, Project, Query, Relation, Shared, Sort, SortKey, Union, Values
from rem_arrow.plan.volatility import is_repeatable
from rem_arrow.plan.walk import free_columns, passed
from rem_arrow.sql.bind import described_columns, expressions, set_operations
from rem_arrow.sql.bind.binder import Evaluate, StatementContext
from rem_arrow.sql.bind.conversions import settled
from rem_arrow.sql.bind.from_clause import FromBinder
from rem_arrow.sql.bind.limit import bound_limit, limited
from rem_arrow.sql.bind.order_by import sort_keys
from rem_arrow.sql.bind.pivot import pivoted
from rem_arrow.sql.bind.recursion import reads_working, recursive
from rem_arrow.sql.bind.scope import Scope, Visible
from rem_arrow.sql.bind.select import SelectBinder
from rem_arrow.sql.bind.select_list import Item
from rem_arrow.sql.bind.subqueries import NOTHING, applied
from rem_arrow.sql.bind.surroundings import Cte, Surroundings
from rem_arrow.sql.text.read_marks import take
from rem_arrow.sql.text.unread import check_read

DEPTH_MAX = 60
# A CTE is bound where it is used, so CTEs that use each other twice double; this bounds them.
QUERIES_MAX = 5_000
_NOTHING_AROUND = Surroundings()


class Binder:
    """Binds one statement against one catalog."""

    def __init__(
        self, text: str, catalog: Catalog, parameters: Mapping[str, pl.DataType], evaluate: Evaluate | None = None
    ) -> None:
        self.context = StatementContext(text, catalog, parameters, evaluate, expressions.bound)
        self._from = FromBinder(self.context, self.query, self._use)
        self._select = SelectBinder(self.context, self._from)
        # Whether the plan follows from rows that were read while it was bound: then it is good for one run.
        self.reads_data = False
        self._depth = self._queries = 0
        # The CTEs that were used, by identity, and how many queries each holds; each is held so that its identity stays
        # its own.
        self._ctes: dict[int, tuple[Cte, Query, int]] = {}
        # The trees of all that were used, by identity too.
        self._named: dict[int, exp.Expression] = {}

    def statement(self, tree: exp.Expression, *, schema: str | None = None) -> Query:
        """Bind a whole statement, or the query of a view in a schema; every column of the result has a type."""
        query = self.query(tree, Surroundings(schema=schema))
        columns, fresh = query.plan.schema, self.context.names.fresh
        if not any(isinstance(t, pl.Null) for t in columns.values()):
            return query
        outputs = tuple((fresh(n), settled(Column(n, t))) for n, t in columns.items())
        return Query(Project(query.plan, outputs), query.names)

    def query(self, tree: exp.Expression, around: Surroundings = _NOTHING_AROUND) -> Query:
        """Bind a SELECT, a set operation, VALUES, or one of these in parentheses."""
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise self.context.unsupported(f"queries are nested more than {DEPTH_MAX} deep", tree)
        self._count(1, tree)
        around = self._with(tree, around)
        if tree.args.get("sample") and not isinstance(tree, exp.Select):
            raise self.context.error("USING SAMPLE follows the FROM of a SELECT", tree)
        try:
            query = self._bound(tree, around)
        finally:
            self._depth -= 1
        clause = tree.args.get("with_")
        for cte in () if clause is None else clause.expressions:
            if id(cte) not in self._named:
                take(cte)
        while self._depth == 0 and self.context.expanded:
            check_read(self.context.expanded.pop(), self.context.text)
        return query

    def _bound(self, tree: exp.Expression, around: Surroundings) -> Query:
        match tree:
            case exp.Select():
                return self._select.bind(tree, around)
            case exp.Table():
                return self._select.bind(cast(exp.Select, exp.select("*").from_(tree)), around)
            case _:
                return self._ordered(tree, self._unordered(tree, around), around)

    def _unordered(self, tree: exp.Expression, around: Surroundings) -> Query:
        """Bind what is no SELECT, without the ORDER BY and LIMIT after it."""
        match tree:
            case exp.SetOperation():
                sides = [self.query(side, around) for side in set_operations.sides(tree)]
                return set_operations.combined(tree, sides, self.context.names, self.context.text)
            case exp.Subquery() | exp.Paren():
                return self.query(tree.this, around)
            case exp.Describe():
                return self._described(tree, around)
            case exp.Summarize():
                return self._summarized(tree, around)
            case exp.Pivot():
                query, reads_data = pivoted(self._from, tree, around)
                self.reads_data = self.reads_data or reads_data
                return query
            case exp.Values():
                return self._values(tree, around)
            case exp.Insert() | exp.Update() | exp.Delete() | exp.Merge():
                raise self.context.error(
                    f"{tree.key.upper()} cannot stand here",
                    tree,
                    "A CTE that writes stands in the WITH of the whole statement: a query, INSERT, UPDATE, DELETE or "
                    "MERGE.",
                )
            case _:
                raise self.context.unsupported(f"{tree.key.upper()} is not supported where a query must stand", tree)

    def _described(self, tree: exp.Describe, around: Surroundings) -> Query:
        return described_columns.described(self.context, self.query(described_columns.relation(tree.this), around))

    def _summarized(self, tree: exp.Summarize, around: Surroundings) -> Query:
        """Bind the source twice: once for its columns, once for its rows."""
        # Whether TABLE stands before the name.
        tree.args.get("table")
        source = described_columns.relation(tree.this)
        if isinstance(source, exp.Table):
            source = exp.select("*").from_(source)
        columns = self.query(source, around)
        names = [exp.to_identifier(f"c{i}") for i in range(len(columns.names))]
        alias = exp.TableAlias(this=exp.to_identifier(described_columns.SOURCE), columns=names)
        inner = around.with_cte(described_columns.SOURCE, Cte(exp.CTE(this=source, alias=alias), around))
        return self.query(described_columns.summary(columns), inner)

    def _count(self, queries: int, tree: exp.Expression) -> None:
        self._queries += queries
        if self._queries > QUERIES_MAX:
            raise self.context.unsupported(
                f"the statement holds more than {QUERIES_MAX:,} queries, each use of a CTE counted", tree
            )

    # --- WITH

    def _with(self, tree: exp.Expression, around: Surroundings) -> Surroundings:
        clause = tree.args.get("with_")
        if clause is None:
            return around
        names: set[str] = set()
        for cte in clause.expressions:
            name = cte.alias.casefold()
            if name in names:
                raise self.context.error(f'two CTEs have the name "{cte.alias}"', cte.args["alias"])
            names.add(name)
            # Whether it is kept is up to the plan: MATERIALIZED says nothing about its rows.
            cte.args.get("materialized")
            # What a CTE sees are the CTEs before it: bound with them where it is used.
            around = around.with_cte(name, Cte(cte, around, recursive=bool(clause.args.get("recursive"))))
        return around

    def _use(self, cte: Cte) -> Query:
        """Bind one use of a CTE: the first time its query, then the same rows under other names."""
        self._named[id(cte.tree)] = cte.tree
        used = self._ctes.get(id(cte))
        if used is None:
            before = self._queries
            query = self._cte(cte)
            if is_repeatable(query.plan) and (free_columns(query.plan) or reads_working(query.plan)):
                return query
            query = Query(Shared(query.plan, len(self._ctes)), query.names)
            self._ctes[id(cte)] = (cte, query, self._queries - before)
            return query
        _, query, queries = used
        # The plan grows by the CTE at every use, and by all that the CTE uses.
        self._count(queries, cte.tree)
        outputs = tuple((self.context.names.fresh(n), Column(n, t)) for n, t in query.plan.schema.items())
        return Query(Project(query.plan, outputs), query.names)

    def _cte(self, cte: Cte) -> Query:
        if cte.recursive and isinstance(cte.tree.this, exp.Union):
            query = recursive(self.context, cte, self.query)
            if query is not None:
                return query
        return self.query(cte.tree.this, cte.around)

    # --- what stands after a set operation, a parenthesis or VALUES

    def _ordered(self, tree: exp.Expression, query: Query, around: Surroundings) -> Query:
        """Apply ORDER BY and LIMIT."""
        if not any(tree.args.get(k) for k in ("order", "limit", "offset")):
            return query
        visible = [Visible(n, u, t) for n, (u, t) in zip(query.names, query.plan.schema.items(), strict=True)]
        binder = self._from.binder(Scope([("result", visible)], outer=around.outer), around)
        items = [Item(v.name, Column(v.unique, v.dtype), tree) for v in visible]
        by_name = {item.name.casefold(): item.expr for item in reversed(items)}
        if isinstance(tree, exp.SetOperation):
            tree = set_operations.with_ordinals(tree, query.names, self.context.text)
        keys = [k for k, _ in sort_keys(tree, items, by_name, binder)]
        plan, limit = applied(query.plan, binder.collected.applies), bound_limit(tree, binder)
        if keys:
            plan = self._sorted(plan, [cast(Column, item.expr) for item in items], keys)
        plan = limited(plan, limit, self.context.names)
        if keys and list(plan.schema) != list(query.plan.schema):
            plan = Project(plan, passed(query.plan))
        return Query(plan, query.names)

    def _sorted(self, plan: Relation, columns: list[Column], keys: list[SortKey]) -> Relation:
        """Return the rows in order; a key that is none of these columns is computed beside them."""
        hidden = {
            key: Column(self.context.names.fresh("order"), key.expr.dtype) for key in keys if key.expr not in columns
        }
        keys = [replace(key, expr=hidden.get(key, key.expr)) for key in keys]
        if hidden:
            outputs = ((column.name, key.expr) for key, column in hidden.items())
            plan = Project(plan, (*((c.name, c) for c in columns), *outputs))
        return Sort(plan, tuple(keys))

    # --- VALUES

    def _values(self, tree: exp.Values, around: Surroundings) -> Query:
        binders = [self._from.binder(Scope(outer=around.outer), around) for _ in tree.expressions]
        rows = [
            [binder.bind(e) for e in (row.expressions if isinstance(row, exp.Tuple) else [row])]
            for binder, row in zip(binders, tree.expressions, strict=True)
        ]
        if not all(rows):
            raise self.context.error("a row of VALUES has at least one column", tree)
        if len({len(r) for r in rows}) > 1:
            raise self.context.error("the rows of VALUES have different numbers of columns", tree)
        columns = [binders[0].same([row[i] for row in rows], tree) for i in range(len(rows[0]))]
        named = tuple((self.context.names.fresh(f"col{i}"), c[0].dtype) for i, c in enumerate(columns))
        values = Values(named, tuple(zip(*columns, strict=True)))
        names = tuple(f"col{i}" for i in range(len(columns)))
        if not any(binder.collected.applies for binder in binders):
            return Query(values, names)
        return Query(self._rows_of_queries(values, [applied(NOTHING, b.collected.applies) for b in binders]), names)

    def _rows_of_queries(self, values: Values, sources: list[Relation]) -> Relation:
        """VALUES with subqueries: each row computed beside its own."""
        fresh = self.context.names.fresh
        rows: list[Relation] = []
        for i, (row, source) in enumerate(zip(values.rows, sources, strict=True)):
            columns = zip(values.columns, row, strict=True)
            rows.append(Project(source, tuple((fresh(n) if i else n, e) for (n, _), e in columns)))
        return rows[0] if len(rows) == 1 else Union(tuple(rows))
