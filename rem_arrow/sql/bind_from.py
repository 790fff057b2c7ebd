"""FROM: tables, derived tables, CTEs and joins, to a plan and the scope that it opens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, cast

import polars as pl
from sqlglot import exp

from rem_arrow.errors import BindError, UnsupportedError, suggest
from rem_arrow.plan.nodes import Call, Column, Expr, Join, JoinKind, Literal, Project, Query, Relation, Scan, Values
from rem_arrow.plan.walk import conjunction, conjuncts, equality
from rem_arrow.source import Catalog
from rem_arrow.sql.bind_expr import ExprBinder
from rem_arrow.sql.convert import cast_to
from rem_arrow.sql.parse import position
from rem_arrow.sql.scope import Names, Scope, Visible
from rem_arrow.sql.view import Views

Bound: TypeAlias = "tuple[Relation, Scope]"


@dataclass(frozen=True, slots=True)
class Cte:
    """A CTE and what it sees: the CTEs before it."""

    tree: exp.Expression
    known: Mapping[str, Cte]


Ctes: TypeAlias = Mapping[str, Cte]


class FromBinder:
    """Binds FROM clauses of one statement; `bind_query` binds what stands in parentheses."""

    def __init__(self, text: str, catalog: Catalog, names: Names, parameters: Mapping[str, pl.DataType], bind_query: Callable[[exp.Expression, Ctes], Query]) -> None:
        self.text, self.catalog, self.names, self.parameters, self.bind_query = text, catalog, names, parameters, bind_query
        self._views = Views(text, lambda view: bind_query(view, {}))

    def bind(self, tree: exp.Select, ctes: Ctes) -> Bound:
        """Return the plan of FROM and its scope; without a FROM one row of no columns."""
        clause = tree.args.get("from_")
        if clause is None:
            return Values((), ((),)), Scope()
        return self._joined(self._relation(clause.this, ctes), tree.args.get("joins") or (), ctes)

    def _joined(self, first: Bound, joins: list[exp.Join] | tuple[()], ctes: Ctes) -> Bound:
        """Join in order. A comma binds less than any JOIN: what stands between two commas is joined first."""
        groups = [first]
        for join in joins:
            if _is_comma(join):
                groups.append(self._relation(join.this, ctes))
            else:
                groups[-1] = self._join(groups[-1], join, ctes)
        plan, scope = groups[0]
        for other, other_scope in groups[1:]:
            plan, scope = Join("inner", plan, other), scope.beside(other_scope)
        return plan, scope

    def _relation(self, tree: exp.Expression, ctes: Ctes) -> Bound:
        for key, name in (("pivots", "PIVOT"), ("sample", "TABLESAMPLE"), ("laterals", "LATERAL")):
            if tree.args.get(key):
                raise UnsupportedError(f"{name} is not supported yet", self.text, *position(tree))
        match tree:
            case exp.Table() if isinstance(tree.this, exp.Identifier):
                bound = self._table(tree, ctes)
            case exp.Subquery() if isinstance(tree.this, (exp.Table, exp.Subquery, exp.Values)):
                bound = self._relation(tree.this, ctes)
                if tree.alias:
                    bound = self._renamed(bound, tree)
            case exp.Subquery():
                bound = self._derived(self.bind_query(tree.this, ctes), tree.alias or "subquery", tree)
            case exp.Values():
                bound = self._derived(self.bind_query(tree, ctes), tree.alias or "valueslist", tree)
            case _:
                raise UnsupportedError(f"{tree.sql('duckdb')[:60]} in FROM is not supported yet", self.text, *position(tree))
        return self._joined(bound, tree.args.get("joins") or (), ctes)

    def _table(self, tree: exp.Table, ctes: Ctes) -> Bound:
        name, alias = tree.name, tree.alias or tree.name
        start, end = position(tree.this)
        if tree.args.get("db") is not None:
            raise UnsupportedError("tables have plain names; schemas are not supported", self.text, *position(tree))
        cte = ctes.get(name.casefold())
        if cte is not None:
            return self._derived(self.bind_query(cte.tree.this, cte.known), alias, tree, cte.tree.args["alias"].args.get("columns") or ())
        view = self.catalog.view(name)
        if view is not None:
            return self._derived(self._views.query(name, view, tree), alias, tree)
        source = self.catalog.source(name)
        if source is None:
            raise BindError(f'no table "{name}"', self.text, start, end, hint=suggest(name, [*(c for c in ctes), *self.catalog.table_names()], "Tables"))
        shown = self._column_names(alias, list(source.schema), tree)
        columns, visible = [], []
        for label, (column, dtype) in zip(shown, source.schema.items(), strict=True):
            unique = self.names.fresh(f"{alias}.{label}")
            columns.append((unique, column, dtype))
            visible.append(Visible(label, unique, dtype))
        scope = Scope()
        scope.add(alias, visible)
        return Scan(name, tuple(columns), rows=source.row_count()), scope

    def _derived(self, query: Query, alias: str, tree: exp.Expression, columns: object = ()) -> Bound:
        defined = [c.name for c in cast("list[exp.Identifier]", columns)]
        if len(defined) > len(query.names):
            raise BindError(f'"{alias}" has {len(query.names)} columns, and {len(defined)} names are given', self.text, *position(tree))
        names = self._column_names(alias, [*defined, *query.names[len(defined) :]], tree)
        outputs, visible = [], []
        for name, (inner, dtype) in zip(names, query.plan.schema.items(), strict=True):
            column = settled(Column(inner, dtype))
            unique = self.names.fresh(f"{alias}.{name}")
            outputs.append((unique, column))
            visible.append(Visible(name, unique, column.dtype))
        scope = Scope()
        scope.add(alias, visible)
        return Project(query.plan, tuple(outputs)), scope

    def _renamed(self, bound: Bound, tree: exp.Expression) -> Bound:
        """A join in parentheses with an alias: one relation of all its columns."""
        plan, inner = bound
        columns = inner.all_columns()
        names = self._column_names(tree.alias, [c.name for c in columns], tree)
        scope = Scope()
        scope.add(tree.alias, [Visible(n, c.unique, c.dtype) for n, c in zip(names, columns, strict=True)])
        return plan, scope

    def _column_names(self, alias: str, names: list[str], tree: exp.Expression) -> list[str]:
        """Return the names of a relation's columns; `AS t(a, b)` renames the first of them."""
        given = [c.name for c in tree.args["alias"].args.get("columns") or ()] if tree.args.get("alias") else []
        if len(given) > len(names):
            raise BindError(f'"{alias}" has {len(names)} columns, and {len(given)} names are given', self.text, *position(tree))
        return [*given, *names[len(given) :]]

    # --- joins

    def _join(self, left: Bound, tree: exp.Join, ctes: Ctes) -> Bound:
        kind = self._join_kind(tree)
        right = self._relation(tree.this, ctes)
        using = [c.name for c in tree.args.get("using") or ()]
        if tree.method.upper() == "NATURAL":
            using = self._shared(left[1], right[1], tree)
        if using:
            return self._using(kind, left, right, using, tree)
        both = left[1].beside(right[1])
        on = tree.args.get("on")
        if on is None:
            if (tree.kind or "").upper() != "CROSS":
                raise BindError(f"{kind.upper()} JOIN needs ON or USING", self.text, *position(tree))
            return Join("inner", left[0], right[0]), both
        condition = ExprBinder(self.text, both, self.names, self.parameters).boolean(on, "ON")
        joined = split_condition(kind, left[0], right[0], list(conjuncts(condition)))
        return joined, left[1] if kind in ("semi", "anti") else both

    def _join_kind(self, tree: exp.Join) -> JoinKind:
        side, kind = (tree.side or "").upper(), (tree.kind or "").upper()
        if tree.method.upper() in ("ASOF", "POSITIONAL") or kind == "POSITIONAL":
            raise UnsupportedError(f"{tree.method or kind} JOIN is not supported yet", self.text, *position(tree))
        if kind in ("SEMI", "ANTI"):
            return cast(JoinKind, kind.lower())
        return cast(JoinKind, side.lower()) if side in ("LEFT", "RIGHT", "FULL") else "inner"

    def _shared(self, left: Scope, right: Scope, tree: exp.Join) -> list[str]:
        known = {c.name.casefold() for c in left.all_columns()}
        shared = [c.name for c in right.all_columns() if c.name.casefold() in known]
        if not shared:
            raise BindError("NATURAL JOIN of tables that share no column name", self.text, *position(tree))
        return shared

    def _using(self, kind: JoinKind, left: Bound, right: Bound, using: list[str], tree: exp.Join) -> Bound:
        both = left[1].beside(right[1])
        binder = ExprBinder(self.text, both, self.names, self.parameters)
        pairs: list[tuple[Expr, Expr]] = []
        merged: list[Visible] = []
        computed: list[tuple[str, Expr]] = []
        for name in using:
            a, b = (scope.resolve(name, None, self.text, *position(tree)) for scope in (left[1], right[1]))
            x, y = binder.same([a, b], tree)
            pairs.append((x, y))
            kept = b if kind == "right" else a
            if kind == "full":
                kept = Column(self.names.fresh(name), x.dtype)
                computed.append((kept.name, Call("coalesce", (x, y), x.dtype)))
            merged.append(Visible(name, kept.name, kept.dtype))
        plan: Relation = Join(kind, left[0], right[0], tuple(pairs))
        if kind in ("semi", "anti"):
            return plan, left[1]
        if computed:
            plan = Project(plan, (*((n, cast(Expr, Column(n, t))) for n, t in plan.schema.items()), *computed))
        for column in merged:
            both.with_merged(column)
        return plan, both


def split_condition(kind: JoinKind, left: Relation, right: Relation, conditions: list[Expr]) -> Join:
    """Return the join whose equalities between the sides are `equals`, and the rest `residual`."""
    equals, rest = [], []
    for condition in conditions:
        pair = equality(condition, left, right)
        if pair is None:
            rest.append(condition)
        else:
            equals.append(pair)
    return Join(kind, left, right, tuple(equals), conjunction(rest) if rest else None)


def settled(expr: Expr) -> Expr:
    """Give an output that is only NULL the type INTEGER, as DuckDB does."""
    if not isinstance(expr.dtype, pl.Null):
        return expr
    return Literal(None, pl.Int32()) if isinstance(expr, Literal) else cast_to(expr, pl.Int32())


def _is_comma(join: exp.Join) -> bool:
    return not (join.kind or join.side or join.method or join.args.get("on") is not None or join.args.get("using"))
