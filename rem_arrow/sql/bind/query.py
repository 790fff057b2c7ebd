"""Statements: a parsed query to a plan. Here are WITH, set operations and VALUES; SELECT is in select.py.

A CTE is bound where it is used. Every column gets a name that is unique in the statement, so that the plan needs no
scopes. A subquery is bound with the scope of the query around it behind its own; the names that it takes from there
stay free in its plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import polars as pl
from sqlglot import exp

from rem_arrow.errors import BindError, UnsupportedError
from rem_arrow.plan.names import Names
from rem_arrow.plan.nodes import Column, Expr, Project, Query, Recursive, Relation, Shared, Sort, Union, Values, Working
from rem_arrow.plan.walk import children, free_columns, rebuild
from rem_arrow.source import Catalog
from rem_arrow.sql.bind import set_operations
from rem_arrow.sql.bind.binder import Evaluate
from rem_arrow.sql.bind.conversions import cast_to, settled
from rem_arrow.sql.bind.from_clause import Cte, Ctes, FromBinder
from rem_arrow.sql.bind.limit import limited
from rem_arrow.sql.bind.pivot import pivoted
from rem_arrow.sql.bind.scope import Scope, Visible
from rem_arrow.sql.bind.select import SelectBinder, finished_order
from rem_arrow.sql.bind.subqueries import NOTHING, applied
from rem_arrow.sql.text.parser import position

DEPTH_MAX = 60
# A CTE is bound where it is used, so CTEs that use each other twice double; this bounds them.
QUERIES_MAX = 5_000


class Binder:
    """Binds one statement against one catalog."""

    def __init__(
        self, text: str, catalog: Catalog, parameters: Mapping[str, pl.DataType], evaluate: Evaluate | None = None
    ) -> None:
        self.text, self.parameters = text, parameters
        self.names = Names()
        self._from = FromBinder(text, catalog, self.names, parameters, self.query, self._cte, evaluate)
        # Whether the plan follows from rows that were read while it was bound: then it is good for one run.
        self.reads_data = False
        self._select = SelectBinder(text, self.names, self._from)
        self._depth = self._queries = 0
        # The CTEs that were used, by identity, and how many queries each holds; each is held so that its identity stays
        # its own.
        self._ctes: dict[int, tuple[Cte, Query, int]] = {}

    def statement(self, tree: exp.Expression) -> Query:
        """Bind a whole statement; every column of the result has a type."""
        query = self.query(tree)
        if not any(isinstance(t, pl.Null) for t in query.plan.schema.values()):
            return query
        return Query(
            Project(
                query.plan, tuple((self.names.fresh(n), settled(Column(n, t))) for n, t in query.plan.schema.items())
            ),
            query.names,
        )

    def query(self, tree: exp.Expression, ctes: Ctes | None = None, outer: Scope | None = None) -> Query:
        """Bind a SELECT, a set operation, VALUES, or one of these in parentheses."""
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise UnsupportedError(f"queries are nested more than {DEPTH_MAX} deep", self.text, *position(tree))
        self._count(1, tree)
        known = self._with(tree, dict(ctes or {}), outer)
        if tree.args.get("sample") and not isinstance(tree, exp.Select):
            raise BindError("USING SAMPLE stands behind the FROM of a SELECT", self.text, *position(tree))
        try:
            match tree:
                case exp.Select():
                    return self._select.bind(tree, known, outer)
                case exp.SetOperation():
                    sides = [self.query(side, known, outer) for side in set_operations.sides(tree)]
                    query = set_operations.combined(tree, sides, self.names, self.text)
                    return self._ordered(tree, query, known, outer)
                case exp.Subquery() | exp.Paren():
                    return self._ordered(tree, self.query(tree.this, known, outer), known, outer)
                case exp.Pivot():
                    query, reads_data = pivoted(self._from, tree, known, outer)
                    self.reads_data = self.reads_data or reads_data
                    return self._ordered(tree, query, known, outer)
                case exp.Values():
                    return self._ordered(tree, self._values(tree, known, outer), known, outer)
                case exp.Table():
                    return self._select.bind(cast(exp.Select, exp.select("*").from_(tree)), known, outer)
                case _:
                    raise UnsupportedError(
                        f"{tree.key.upper()} is not supported; this version runs queries (SELECT)",
                        self.text,
                        *position(tree),
                    )
        finally:
            self._depth -= 1

    def _count(self, queries: int, tree: exp.Expression) -> None:
        self._queries += queries
        if self._queries > QUERIES_MAX:
            raise UnsupportedError(
                f"the statement holds more than {QUERIES_MAX:,} queries, each use of a CTE counted",
                self.text,
                *position(tree),
            )

    # --- WITH

    def _with(self, tree: exp.Expression, known: dict[str, Cte], outer: Scope | None) -> dict[str, Cte]:
        clause = tree.args.get("with_")
        if clause is None:
            return known
        named: set[str] = set()
        for cte in clause.expressions:
            name = cte.alias.casefold()
            if name in named:
                raise BindError(f'two CTEs have the name "{cte.alias}"', self.text, *position(cte.args["alias"]))
            named.add(name)
            # What a CTE sees are the CTEs before it: bound with them where it is used.
            known = {**known, name: Cte(cte, known, outer, recursive=bool(clause.args.get("recursive")))}
        return known

    def _cte(self, cte: Cte) -> Query:
        """Bind one use of a CTE: the first time its query, then the same rows under other names."""
        known = self._ctes.get(id(cte))
        if known is None:
            before = self._queries
            recursive = cte.recursive and isinstance(cte.tree.this, exp.Union)
            query = (
                self._recursive(cte, cast(exp.Union, cte.tree.this))
                if recursive
                else self.query(cte.tree.this, cte.known, cte.outer)
            )
            if free_columns(query.plan) or _reads_working(query.plan):
                return query
            known = (cte, Query(Shared(query.plan, len(self._ctes)), query.names), self._queries - before)
            self._ctes[id(cte)] = known
            return known[1]
        # The plan grows by the CTE at every use, and by all that the CTE uses.
        self._count(known[2], cte.tree)
        plan = known[1].plan
        return Query(
            Project(plan, tuple((self.names.fresh(n), Column(n, t)) for n, t in plan.schema.items())), known[1].names
        )

    def _recursive(self, cte: Cte, tree: exp.Union) -> Query:
        """`base UNION [ALL] step`: the columns are those of the base, in the types of both."""
        base = self.query(tree.this, cte.known, cte.outer)
        given = [c.name for c in cte.tree.args["alias"].args.get("columns") or ()]
        names = (*given, *base.names[len(given) :])
        wanted = [settled(Column(n, t)).dtype for n, t in base.plan.schema.items()]
        step, joint = self._step(cte, tree, names, wanted)
        if joint != wanted:
            step, joint = self._step(cte, tree, names, joint)
        name = cte.tree.alias.casefold()
        if not _reads(step.plan, name):
            return self.query(tree, cte.known, cte.outer)
        outputs = [self.names.fresh(n) for n in names]
        plans = [
            Project(
                q.plan,
                tuple(
                    (o, cast_to(Column(n, t), w))
                    for o, (n, t), w in zip(columns, q.plan.schema.items(), joint, strict=True)
                ),
            )
            for q, columns in ((base, outputs), (step, [self.names.fresh(n) for n in names]))
        ]
        plan = Recursive(name, plans[0], plans[1], distinct=bool(tree.args.get("distinct")))
        return Query(self._renamed(plan, name, outputs), names)

    def _renamed(self, plan: Recursive, name: str, outputs: list[str]) -> Relation:
        """Let the Working relations read the recursion's own columns."""

        def change(node: Relation) -> Relation:
            if isinstance(node, Working) and node.name == name:
                return replace(
                    node, columns=tuple((n, o, t) for (n, _, t), o in zip(node.columns, outputs, strict=True))
                )
            return rebuild(node, change)

        return replace(plan, step=change(plan.step))

    def _step(
        self, cte: Cte, tree: exp.Union, names: tuple[str, ...], types: list[pl.DataType]
    ) -> tuple[Query, list[pl.DataType]]:
        working = replace(cte, working=tuple((n, n, t) for n, t in zip(names, types, strict=True)))
        step = self.query(tree.expression, {**cte.known, cte.tree.alias.casefold(): working}, cte.outer)
        found = list(step.plan.schema.values())
        if len(found) != len(types):
            raise BindError(
                f"the sides of a recursive UNION have {len(types)} and {len(found)} columns", self.text, *position(tree)
            )
        return step, set_operations.joint_types([types, found], self.text, tree)

    # --- what stands behind a set operation, a parenthesis or VALUES

    def _ordered(self, tree: exp.Expression, query: Query, ctes: Ctes, outer: Scope | None) -> Query:
        """Apply ORDER BY and LIMIT."""
        if not any(tree.args.get(k) for k in ("order", "limit", "offset")):
            return query
        scope = Scope(outer=outer)
        visible = [Visible(n, u, t) for n, (u, t) in zip(query.names, query.plan.schema.items(), strict=True)]
        scope.add("result", visible)
        binder = self._from.binder(scope, ctes)
        items: list[tuple[str, Expr, exp.Expression]] = [(v.name, Column(v.unique, v.dtype), tree) for v in visible]
        by_name = {name.casefold(): expr for name, expr, _ in reversed(items)}
        if isinstance(tree, exp.SetOperation):
            tree = set_operations.with_ordinals(tree, query.names, self.text)
        keys = [k for k, _ in finished_order(tree, items, by_name, binder)]
        plan = applied(query.plan, binder.collected.applies)
        if keys:
            shown = {v.unique for v in visible}
            loose = [k for k in keys if not (isinstance(k.expr, Column) and k.expr.name in shown)]
            hidden = [(self.names.fresh("order"), k.expr) for k in loose]
            named = iter(hidden)
            keys = [replace(k, expr=Column(next(named)[0], k.expr.dtype)) if k in loose else k for k in keys]
            columns = tuple((v.unique, cast(Expr, Column(v.unique, v.dtype))) for v in visible)
            plan = Sort(Project(plan, (*columns, *hidden)) if hidden else plan, tuple(keys))
            plan = limited(tree, plan, binder)
            return Query(Project(plan, columns) if list(plan.schema) != [n for n, _ in columns] else plan, query.names)
        return Query(limited(tree, plan, binder), query.names)

    def _values(self, tree: exp.Values, ctes: Ctes, outer: Scope | None) -> Query:
        binders = [self._from.binder(Scope(outer=outer), ctes) for _ in tree.expressions]
        rows = [
            [binder.bind(e) for e in (row.expressions if isinstance(row, exp.Tuple) else [row])]
            for binder, row in zip(binders, tree.expressions, strict=True)
        ]
        if len({len(r) for r in rows}) > 1:
            raise BindError("the rows of VALUES have different numbers of columns", self.text, *position(tree))
        columns = [binders[0].same([row[i] for row in rows], tree) for i in range(len(rows[0]))]
        named = tuple((self.names.fresh(f"col{i}"), c[0].dtype) for i, c in enumerate(columns))
        values = Values(named, tuple(zip(*columns, strict=True)))
        plan: Relation = values
        if any(binder.collected.applies for binder in binders):
            plan = self._rows_of_queries(values, [applied(NOTHING, binder.collected.applies) for binder in binders])
        return Query(plan, tuple(f"col{i}" for i in range(len(columns))))

    def _rows_of_queries(self, plan: Values, sources: list[Relation]) -> Relation:
        """VALUES with subqueries: each row computed beside its own."""
        rows: list[Relation] = []
        for i, (row, source) in enumerate(zip(plan.rows, sources, strict=True)):
            rows.append(
                Project(
                    source,
                    tuple((self.names.fresh(n) if i else n, e) for (n, _), e in zip(plan.columns, row, strict=True)),
                )
            )
        return rows[0] if len(rows) == 1 else Union(tuple(rows))


def _reads_working(plan: Relation) -> bool:
    return isinstance(plan, Working) or any(
        _reads_working(c) for c in children(plan) if not isinstance(plan, Recursive)
    )


def _reads(plan: Relation, name: str) -> bool:
    return (isinstance(plan, Working) and plan.name == name) or any(_reads(c, name) for c in children(plan))
