"""FROM: tables, derived tables, CTEs and joins, to a plan and the scope that it opens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, cast

import polars as pl
from sqlglot import exp

from rem_arrow.errors import BindError, UnsupportedError, suggest
from rem_arrow.plan.names import Names
from rem_arrow.plan.nodes import (
    Apply,
    Call,
    Column,
    Expr,
    Filter,
    Join,
    JoinKind,
    Literal,
    Project,
    Query,
    Relation,
    Scan,
    Union,
    Values,
    Working,
)
from rem_arrow.plan.walk import conjunction, conjuncts, equality, free_columns, passed
from rem_arrow.source import ROWID, Catalog
from rem_arrow.sql.bind import index_calls, list_rows, search_terms
from rem_arrow.sql.bind.asof_joins import AsofBinder
from rem_arrow.sql.bind.binder import Collected, Evaluate
from rem_arrow.sql.bind.conversions import equal_to_texts, settled
from rem_arrow.sql.bind.expressions import ExprBinder
from rem_arrow.sql.bind.scope import Scope, Visible
from rem_arrow.sql.bind.subqueries import applied
from rem_arrow.sql.bind.table_sample import sampled
from rem_arrow.sql.bind.view import Views
from rem_arrow.sql.text.parser import position

Bound: TypeAlias = "tuple[Relation, Scope]"


@dataclass(frozen=True, slots=True)
class Cte:
    """A CTE and what it sees: the CTEs before it, and the query around it.

    `working` is set for the recursive CTE within its own step: the columns of the rows that came last.
    """

    tree: exp.Expression
    known: Mapping[str, Cte]
    outer: Scope | None = None
    recursive: bool = False
    working: tuple[tuple[str, str, pl.DataType], ...] = ()


Ctes: TypeAlias = Mapping[str, Cte]
BindQuery: TypeAlias = Callable[[exp.Expression, Ctes, Scope | None], Query]


class FromBinder:
    """Binds FROM clauses of one statement; `bind_query` binds what stands in parentheses."""

    def __init__(
        self,
        text: str,
        catalog: Catalog,
        names: Names,
        parameters: Mapping[str, pl.DataType],
        bind_query: BindQuery,
        bind_cte: Callable[[Cte], Query],
        evaluate: Evaluate | None,
    ) -> None:
        self.text, self.catalog, self.names, self.parameters = text, catalog, names, parameters
        self.bind_query, self.bind_cte, self.evaluate = bind_query, bind_cte, evaluate
        self._by_order = AsofBinder(text, names)
        # How many subqueries without a name each FROM has, of those that are being bound.
        self._unnamed = [0]
        self._views = Views(text, lambda view: bind_query(view, {}, None))

    def bind(self, tree: exp.Select, ctes: Ctes, outer: Scope | None) -> Bound:
        """Return the plan of FROM and its scope; without a FROM one row of no columns."""
        clause = tree.args.get("from_")
        if clause is None:
            return Values((), ((),)), Scope(outer=outer)
        self._unnamed.append(0)
        plan, scope = self._joined(
            self._relation(clause.this, ctes, outer),
            [*(tree.args.get("joins") or ()), *(tree.args.get("laterals") or ())],
            ctes,
            outer,
        )
        self._unnamed.pop()
        scope.outer = outer
        return plan, scope

    def binder(self, scope: Scope, ctes: Ctes, collected: Collected | None = None) -> ExprBinder:
        """Return what binds expressions in FROM."""
        binder = ExprBinder(
            self.text,
            scope,
            self.names,
            self.parameters,
            collected=collected,
            subquery=lambda tree, inner: self.bind_query(tree, ctes, inner),
        )
        binder.evaluate, binder.entity_table = self.evaluate, self.catalog.entity_table
        return binder

    def _joined(self, first: Bound, joins: list[exp.Expression], ctes: Ctes, outer: Scope | None) -> Bound:
        """Join in order. A comma binds less than any JOIN: what stands between two commas is joined first."""
        groups = [first]
        for join in joins:
            if _is_comma(join):
                groups.append(
                    self._relation(join.this if isinstance(join, exp.Join) else join, ctes, _sees(groups, outer))
                )
            else:
                groups[-1] = self._join(groups[-1], cast(exp.Join, join), ctes, _sees(groups[:-1], outer))
        plan, scope = groups[0]
        for other, other_scope in groups[1:]:
            plan, scope = beside("inner", plan, other), scope.beside(other_scope)
        return plan, scope

    def _relation(self, tree: exp.Expression, ctes: Ctes, outer: Scope | None) -> Bound:
        """Bind one relation. `outer` is what it sees: the relations before it, and the query around."""
        match tree:
            case _ if tree.args.get("pivots"):
                bound = self._pivoted(tree, ctes, outer)
            case exp.Table() if isinstance(tree.this, exp.Identifier):
                bound = self._table(tree, ctes)
            case exp.Subquery() if isinstance(tree.this, (exp.Table, exp.Subquery, exp.Values)):
                bound = self._relation(tree.this, ctes, outer)
                if tree.alias:
                    bound = self._renamed(bound, tree)
            case exp.Table() if isinstance(tree.this, exp.Values):
                # A VALUES with a name, first in parentheses around joins.
                bound = self._derived(self.bind_query(tree.this, ctes, outer), tree.alias or self._unnamed_name(), tree)
            case exp.Subquery() | exp.Values():
                name = tree.alias or self._unnamed_name()
                bound = self._derived(
                    self.bind_query(tree if isinstance(tree, exp.Values) else tree.this, ctes, outer), name, tree
                )
            case exp.Lateral():
                bound = self._lateral(tree, ctes, outer)
            case exp.Unnest():
                bound = self._unnest(tree, ctes, outer)
            case exp.Table() if isinstance(tree.this, exp.Search):
                select = search_terms.relation(self.binder(Scope(outer=outer), ctes), tree.this)
                bound = self._derived(self.bind_query(select, ctes, outer), tree.alias or "search", tree)
            case exp.Table() if index_calls.function_of(tree.this) is not None:
                bound = self._index(tree, ctes, outer)
            case exp.Table() if isinstance(tree.this, exp.Func):
                bound = self._table_function(tree, ctes, outer)
            case _:
                raise UnsupportedError(
                    f"{tree.sql('duckdb')[:60]} in FROM is not supported yet", self.text, *position(tree)
                )
        bound = sampled(bound[0], tree, self.names, self.text), bound[1]
        return self._joined(bound, [*(tree.args.get("joins") or ()), *(tree.args.get("laterals") or ())], ctes, outer)

    def _unnamed_name(self) -> str:
        self._unnamed[-1] += 1
        return f"unnamed_subquery{self._unnamed[-1]}" if self._unnamed[-1] > 1 else "unnamed_subquery"

    def _pivoted(self, tree: exp.Expression, ctes: Ctes, outer: Scope | None) -> Bound:
        """`t PIVOT (...) UNPIVOT (...)`: the last of them of what is before it."""
        source, last = tree.copy(), tree.args["pivots"][-1].copy()
        source.set("pivots", tree.args["pivots"][:-1])
        source.set("joins", None)
        source.set("laterals", None)
        last.set("this", source)
        return self._derived(self.bind_query(last, ctes, outer), last.alias or tree.alias_or_name or "pivot", last)

    def _lateral(self, tree: exp.Lateral, ctes: Ctes, outer: Scope | None) -> Bound:
        inner = tree.this
        if isinstance(inner, exp.Unnest):
            inner = inner.copy()
            inner.set("alias", tree.args.get("alias"))
            return self._unnest(inner, ctes, outer)
        if isinstance(inner, exp.Subquery):
            name = tree.alias or self._unnamed_name()
            return self._derived(self.bind_query(inner.this, ctes, outer), name, tree)
        if index_calls.function_of(inner) is not None:
            return self._index(tree, ctes, outer)
        if isinstance(inner, exp.Func):
            ordinality = "ordinality" if tree.args.get("ordinality") else None
            query = list_rows.table_function(self.binder(Scope(outer=outer), ctes), inner, ordinality)
            return _called(self._derived(query, tree.alias or query.names[0], tree), tree)
        raise UnsupportedError(f"LATERAL {inner.sql('duckdb')[:60]} is not supported", self.text, *position(tree))

    def _unnest(self, tree: exp.Unnest, ctes: Ctes, outer: Scope | None) -> Bound:
        offset = tree.args.get("offset")
        place = offset.name if isinstance(offset, exp.Expression) else "ordinality" if offset else None
        query = list_rows.unnested(self.binder(Scope(outer=outer), ctes), tree.expressions, place)
        return _called(self._derived(query, tree.alias or "unnest", tree), tree)

    def _index(self, tree: exp.Table | exp.Lateral, ctes: Ctes, outer: Scope | None) -> Bound:
        query = index_calls.query(self.binder(Scope(outer=outer), ctes), tree)
        return self._derived(query, tree.alias or tree.this.name.lower(), tree)

    def _table_function(self, tree: exp.Table, ctes: Ctes, outer: Scope | None) -> Bound:
        ordinality = "ordinality" if tree.args.get("ordinality") else None
        query = list_rows.table_function(
            self.binder(Scope(outer=outer), ctes), cast(exp.Expression, tree.this), ordinality
        )
        return _called(self._derived(query, tree.alias or query.names[0], tree), tree)

    def _table(self, tree: exp.Table, ctes: Ctes) -> Bound:
        name, alias = tree.name, tree.alias or tree.name
        start, end = position(tree.this)
        if tree.args.get("db") is not None:
            raise UnsupportedError("tables have plain names; schemas are not supported", self.text, *position(tree))
        cte = ctes.get(name.casefold())
        if cte is not None and cte.working:
            query = Query(
                Working(name.casefold(), tuple((self.names.fresh(n), source, t) for n, source, t in cte.working)),
                tuple(n for n, _, _ in cte.working),
            )
            return self._derived(query, alias, tree)
        if cte is not None:
            return self._derived(self.bind_cte(cte), alias, tree, cte.tree.args["alias"].args.get("columns") or ())
        view = self.catalog.view(name)
        if view is not None:
            return self._derived(self._views.query(name, view, tree), alias, tree)
        source = self.catalog.source(name)
        if source is None:
            raise BindError(
                f'no table "{name}"',
                self.text,
                start,
                end,
                hint=suggest(name, [*(c for c in ctes), *self.catalog.table_names()], "Tables"),
            )
        shown = self._column_names(alias, list(source.schema), tree)
        columns, visible = [], []
        for label, (column, dtype) in zip(shown, source.schema.items(), strict=True):
            unique = self.names.fresh(f"{alias}.{label}")
            columns.append((unique, column, dtype))
            visible.append(Visible(label, unique, dtype, vector=source.vectors.get(column), source=name, origin=column))
        for column, dtype in source.hidden.items():
            unique = self.names.fresh(f"{alias}.{column}")
            columns.append((unique, column, dtype))
            also = "rowid" if column == ROWID else ""
            visible.append(
                Visible(
                    column,
                    unique,
                    dtype,
                    also=also,
                    hidden=True,
                    vector=source.vectors.get(column),
                    source=name,
                    origin=column,
                )
            )
        scope = Scope()
        scope.add(alias, visible)
        return Scan(name, tuple(columns), rows=source.row_count(), indexed=source.indexed), scope

    def _derived(self, query: Query, alias: str, tree: exp.Expression, columns: object = ()) -> Bound:
        defined = [c.name for c in cast("list[exp.Identifier]", columns)]
        if len(defined) > len(query.names):
            raise BindError(
                f'"{alias}" has {len(query.names)} columns, and {len(defined)} names are given',
                self.text,
                *position(tree),
            )
        names = differing(self._column_names(alias, [*defined, *query.names[len(defined) :]], tree))
        outputs, visible = [], []
        for name, (inner, dtype) in zip(names, query.plan.schema.items(), strict=True):
            column = settled(Column(inner, dtype))
            unique = self.names.fresh(f"{alias}.{name}")
            outputs.append((unique, column))
            visible.append(Visible(name, unique, column.dtype, null=isinstance(dtype, pl.Null)))
        scope = Scope()
        scope.add(alias, visible)
        return Project(query.plan, tuple(outputs)), scope

    def _renamed(self, bound: Bound, tree: exp.Expression) -> Bound:
        """A join in parentheses with an alias: one relation of all its columns."""
        plan, inner = bound
        columns = inner.all_columns()
        names = differing(self._column_names(tree.alias, [c.name for c in columns], tree))
        scope = Scope()
        scope.add(tree.alias, [Visible(n, c.unique, c.dtype) for n, c in zip(names, columns, strict=True)])
        return plan, scope

    def _column_names(self, alias: str, names: list[str], tree: exp.Expression) -> list[str]:
        """Return the names of a relation's columns; `AS t(a, b)` renames the first of them."""
        given = [c.name for c in tree.args["alias"].args.get("columns") or ()] if tree.args.get("alias") else []
        if len(given) > len(names):
            raise BindError(
                f'"{alias}" has {len(names)} columns, and {len(given)} names are given', self.text, *position(tree)
            )
        return [*given, *names[len(given) :]]

    # --- joins

    def _join(self, left: Bound, tree: exp.Join, ctes: Ctes, outer: Scope | None) -> Bound:
        kind = self._join_kind(tree)
        right = self._relation(tree.this, ctes, _sees([left], outer))
        using = [c.name for c in tree.args.get("using") or ()]
        if tree.method.upper() == "NATURAL":
            using = self._shared(left[1], right[1], tree)
        both = left[1].beside(right[1])
        if tree.method.upper() == "POSITIONAL":
            return self._by_order.positional(left[0], right[0], tree), both
        if using:
            return self._using(kind, left, right, using, tree)
        on = tree.args.get("on")
        if on is None:
            if (tree.kind or "").upper() != "CROSS":
                raise BindError(f"{kind.upper()} JOIN needs ON or USING", self.text, *position(tree))
            return beside("inner", left[0], right[0]), both
        collected = Collected()
        seen = Scope(both.relations, both.merged, outer)
        condition = self.binder(seen, ctes, collected).boolean(on, "ON")
        if collected.applies and _is_asof(tree):
            raise UnsupportedError("the ON of an ASOF JOIN cannot hold a subquery", self.text, *position(on))
        if collected.applies:
            return self._on_subqueries(kind, left, right, condition, collected, tree)
        conditions = list(conjuncts(condition))
        joined = (
            self._by_order.asof(kind, left[0], right[0], conditions, tree)
            if _is_asof(tree)
            else beside(kind, left[0], right[0], conditions)
        )
        return joined, left[1] if kind in ("semi", "anti") else both

    def _on_subqueries(
        self, kind: JoinKind, left: Bound, right: Bound, condition: Expr, collected: Collected, tree: exp.Join
    ) -> Bound:
        """ON with subqueries: each row of the one side meets a query over the other."""
        both = left[1].beside(right[1])
        if kind == "inner":
            return Filter(applied(beside("inner", left[0], right[0]), collected.applies), condition), both
        if kind in ("semi", "anti"):
            # EXISTS (SELECT ... FROM right WHERE condition)
            mark = self.names.fresh("exists")
            found = Apply("exists", left[0], Filter(applied(right[0], collected.applies), condition), mark)
            holds: Expr = Column(mark, pl.Boolean())
            return Filter(found, holds if kind == "semi" else Call("not", (holds,), pl.Boolean())), left[1]
        if kind == "left":
            return Apply("left", left[0], Filter(applied(right[0], collected.applies), condition)), both
        if kind == "right":
            mirrored = Apply("left", right[0], Filter(applied(left[0], collected.applies), condition))
            columns = {**left[0].schema, **right[0].schema}
            return Project(mirrored, tuple((n, Column(n, t)) for n, t in columns.items())), both
        # A full join: what a left join gives, and the right rows without a partner.
        first = Apply("left", left[0], Filter(applied(right[0], collected.applies), condition))
        mark = self.names.fresh("exists")
        alone = Filter(
            Apply("exists", right[0], Filter(applied(left[0], collected.applies), condition), mark),
            Call("not", (Column(mark, pl.Boolean()),), pl.Boolean()),
        )
        nulls = tuple((n, cast(Expr, Literal(None, t))) for n, t in left[0].schema.items())
        second = Project(alone, (*nulls, *passed(right[0])))
        return Union((first, second)), both

    def _join_kind(self, tree: exp.Join) -> JoinKind:
        side, kind = (tree.side or "").upper(), (tree.kind or "").upper()
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
        if free_columns(right[0]) & left[0].schema.keys():
            raise UnsupportedError(
                "USING and NATURAL cannot join a LATERAL relation; write ON", self.text, *position(tree)
            )
        pairs: list[tuple[Expr, Expr]] = []
        merged: list[Visible] = []
        computed: list[tuple[str, Expr]] = []
        for name in using:
            a, b = (scope.resolve(name, None, self.text, *position(tree)) for scope in (left[1], right[1]))
            x, y = binder.same(equal_to_texts([a, b]), tree)
            pairs.append((x, y))
            kept = b if kind == "right" else a
            if kind == "full":
                kept = Column(self.names.fresh(name), x.dtype)
                computed.append((kept.name, Call("coalesce", (x, y), x.dtype)))
            merged.append(Visible(name, kept.name, kept.dtype))
        if _is_asof(tree):
            # The last of the columns orders.
            conditions: list[Expr] = [
                Call("=" if i < len(pairs) - 1 else ">=", pair, pl.Boolean()) for i, pair in enumerate(pairs)
            ]
            plan = self._by_order.asof(kind, left[0], right[0], conditions, tree)
        else:
            plan = Join(kind, left[0], right[0], tuple(pairs))
        if kind in ("semi", "anti"):
            return plan, left[1]
        if computed:
            plan = Project(plan, (*passed(plan), *computed))
        for column in merged:
            both.with_merged(column)
        return plan, both


def _sees(before: list[Bound], outer: Scope | None) -> Scope | None:
    """Return the scope that a relation in FROM sees: the relations before it, and the query around."""
    if not before:
        return outer
    scope = before[0][1]
    for _, other in before[1:]:
        scope = scope.beside(other)
    return Scope(scope.relations, scope.merged, outer)


def beside(kind: JoinKind, left: Relation, right: Relation, conditions: list[Expr] | None = None) -> Relation:
    """Join two relations; a right one that reads columns of the left is computed for each of its rows."""
    if not free_columns(right) & left.schema.keys():
        return split_condition(kind, left, right, conditions or [])
    condition = conjunction(conditions) if conditions else None
    if kind == "left":
        return Apply("left", left, right, condition=condition)
    if kind != "inner":
        raise UnsupportedError(f"a {kind.upper()} JOIN cannot have a LATERAL relation on its right")
    applied_ = Apply("cross", left, right)
    return applied_ if condition is None else Filter(applied_, condition)


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


def differing(names: list[str]) -> list[str]:
    """Return the names of a derived table's columns: of those that repeat, the second becomes a_1."""
    found: dict[str, str] = {}
    for name in names:
        shown, n = name, 0
        while shown.casefold() in found:
            n += 1
            shown = f"{name}_{n}"
        found[shown.casefold()] = shown
    return list(found.values())


def _called(bound: Bound, tree: exp.Expression) -> Bound:
    """The alias of a function in FROM also names its column, which keeps its own name beside it."""
    alias = tree.args.get("alias")
    if alias is None or not alias.this or alias.args.get("columns"):
        return bound
    ((name, (first, *rest)),) = bound[1].relations
    bound[1].relations[0] = (name, [Visible(alias.name, first.unique, first.dtype, also=first.name), *rest])
    return bound


def _is_asof(join: exp.Join) -> bool:
    return str(join.method).upper() == "ASOF"


def _is_comma(join: exp.Expression) -> bool:
    return not isinstance(join, exp.Join) or not (
        join.kind or join.side or join.method or join.args.get("on") is not None or join.args.get("using")
    )
