"""Statements: a parsed SELECT to a plan, in the order in which SQL means it.

FROM, WHERE, GROUP BY with its aggregates, HAVING, SELECT, DISTINCT, ORDER BY, LIMIT. A CTE is bound where it is used. Every
column gets a name that is unique in the statement, so that the plan needs no scopes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import polars as pl
from sqlglot import exp

from rem_arrow.errors import BindError, UnsupportedError, suggest
from rem_arrow.plan import types
from rem_arrow.plan.nodes import (
    Aggregate,
    AggregateCall,
    Call,
    Column,
    Expr,
    Filter,
    Join,
    JoinKind,
    Limit,
    Literal,
    Parameter,
    Project,
    Query,
    Relation,
    Scan,
    Sort,
    SortKey,
    Union,
    Values,
)
from rem_arrow.plan.walk import columns_of, conjunction, conjuncts, equality, rebuild_expr
from rem_arrow.source import Catalog
from rem_arrow.sql.bind_expr import ExprBinder, cast_to
from rem_arrow.sql.parse import position
from rem_arrow.sql.scope import Names, Scope, Visible

DEPTH_MAX = 60

# Clauses that SQLGlot reads and this binder does not know yet, by the key of their argument.
_UNSUPPORTED = {
    "windows": "WINDOW",
    "qualify": "QUALIFY",
    "laterals": "LATERAL",
    "pivots": "PIVOT",
    "sample": "TABLESAMPLE",
    "match": "MATCH_RECOGNIZE",
    "connect": "CONNECT BY",
    "into": "SELECT INTO",
    "locks": "FOR UPDATE",
}


class Binder:
    """Binds one statement against one catalog."""

    def __init__(self, text: str, catalog: Catalog, parameters: Mapping[str, pl.DataType]) -> None:
        self.text, self.catalog, self.parameters = text, catalog, parameters
        self.names = Names()
        self._depth = 0

    def query(self, tree: exp.Expression, ctes: Mapping[str, _Cte] | None = None) -> Query:
        """Bind a SELECT, a set operation, VALUES, or one of these in parentheses."""
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise UnsupportedError(f"queries are nested more than {DEPTH_MAX} deep", self.text, *position(tree))
        known = self._with(tree, dict(ctes or {}))
        try:
            match tree:
                case exp.Select():
                    return self._select(tree, known)
                case exp.SetOperation():
                    return self._set_operation(tree, known)
                case exp.Subquery():
                    inner = self.query(tree.this, known)
                    return self._ordered(tree, inner, known) if tree.args.get("order") or tree.args.get("limit") or tree.args.get("offset") else inner
                case exp.Values():
                    return self._values(tree, known)
                case exp.Table():
                    return self._select(cast(exp.Select, exp.select("*").from_(tree)), known)
                case _:
                    raise UnsupportedError(f"{tree.key.upper()} is not supported; this version runs queries (SELECT)", self.text, *position(tree))
        finally:
            self._depth -= 1

    def _with(self, tree: exp.Expression, known: dict[str, _Cte]) -> dict[str, _Cte]:
        clause = tree.args.get("with_")
        if clause is None:
            return known
        if clause.args.get("recursive"):
            raise UnsupportedError("WITH RECURSIVE is not supported yet", self.text, *position(clause))
        for cte in clause.expressions:
            # What a CTE sees are the CTEs before it: bound with them where it is used.
            known = {**known, cte.alias.casefold(): _Cte(cte, known)}
        return known

    # --- SELECT

    def _select(self, tree: exp.Select, ctes: Mapping[str, _Cte]) -> Query:
        for key, name in _UNSUPPORTED.items():
            if tree.args.get(key):
                raise UnsupportedError(f"{name} is not supported yet", self.text, *position(tree))
        scope = Scope()
        plan = self._from(tree, scope, ctes)
        binder = ExprBinder(self.text, scope, self.names, self.parameters)
        where = tree.args.get("where")
        if where is not None:
            plan = Filter(plan, binder.boolean(where.this, "WHERE"))
        return self._projected(tree, plan, scope)

    def _projected(self, tree: exp.Select, plan: Relation, scope: Scope) -> Query:
        aggregates: dict[str, AggregateCall] = {}
        binder = ExprBinder(self.text, scope, self.names, self.parameters, aggregates=aggregates)
        items = self._select_list(tree, scope, binder)
        group, having = tree.args.get("group"), tree.args.get("having")
        keys = self._group_keys(group, items, scope) if group is not None else []
        condition = binder.boolean(having.this, "HAVING") if having is not None else None
        distinct = tree.args.get("distinct")
        if distinct is not None and distinct.args.get("on") is not None:
            raise UnsupportedError("DISTINCT ON is not supported yet", self.text, *position(distinct))
        order = self._order_keys(tree, items, binder)
        if keys or aggregates or group is not None or having is not None:
            plan, rewrite = self._aggregated(plan, keys, aggregates)
            items = [(name, rewrite(expr, t), t) for name, expr, t in items]
            order = [replace(key, expr=rewrite(key.expr, t)) if isinstance(key, SortKey) else key for key, t in order]
            if condition is not None:
                plan = Filter(plan, rewrite(condition, having))
        else:
            order = [key for key, _ in order]
        return self._finished(tree, plan, items, order, distinct is not None)

    def _select_list(self, tree: exp.Select, scope: Scope, binder: ExprBinder) -> list[tuple[str, Expr, exp.Expression]]:
        items: list[tuple[str, Expr, exp.Expression]] = []
        for item in tree.expressions:
            if isinstance(item, exp.Star) or (isinstance(item, exp.Column) and isinstance(item.this, exp.Star)):
                items += [(v.name, Column(v.unique, v.dtype), item) for v in self._star(item, scope)]
            elif isinstance(item, exp.Alias):
                items.append((item.alias, binder.bind(item.this), item.this))
            else:
                items.append((_output_name(item), binder.bind(item), item))
        return items

    def _star(self, item: exp.Expression, scope: Scope) -> list[Visible]:
        star = item.this if isinstance(item, exp.Column) else item
        if star.args.get("replace") or star.args.get("rename"):
            raise UnsupportedError("* REPLACE and * RENAME are not supported yet", self.text, *position(item))
        columns = scope.of(item.table, self.text, *position(item)) if isinstance(item, exp.Column) else scope.all_columns()
        if not scope.relations:
            raise BindError("* needs a FROM", self.text, *position(item))
        excluded = {e.name.casefold(): e for e in star.args.get("except_") or star.args.get("except") or ()}
        for name, e in excluded.items():
            if name not in {c.name.casefold() for c in columns}:
                raise BindError(f'no column "{e.name}" to exclude', self.text, *position(e), hint=suggest(e.name, [c.name for c in columns], "Columns"))
        return [c for c in columns if c.name.casefold() not in excluded]

    # --- GROUP BY

    def _group_keys(self, group: exp.Expression, items: list[tuple[str, Expr, exp.Expression]], scope: Scope) -> list[Expr]:
        for key in ("cube", "rollup", "grouping_sets"):
            if group.args.get(key):
                raise UnsupportedError(f"{key.upper().replace('_', ' ')} is not supported yet", self.text, *position(group))
        plain = ExprBinder(self.text, scope, self.names, self.parameters)
        if group.args.get("all"):
            return [e for _, e, t in items if not t.find(exp.AggFunc)]
        keys = []
        for tree in group.expressions:
            ordinal = self._ordinal(tree, len(items), "GROUP BY")
            if ordinal is not None:
                keys.append(items[ordinal][1])
            else:
                keys.append(self._alias_or(tree, items, plain))
        return list(dict.fromkeys(keys))

    def _alias_or(self, tree: exp.Expression, items: list[tuple[str, Expr, exp.Expression]], binder: ExprBinder) -> Expr:
        """Bind a key; a bare name is a column of FROM, else an alias of the SELECT list."""
        if isinstance(tree, exp.Column) and not tree.table:
            try:
                return binder.bind(tree)
            except BindError:
                for name, expr, _ in items:
                    if name.casefold() == tree.name.casefold():
                        return expr
                raise
        return binder.bind(tree)

    def _ordinal(self, tree: exp.Expression, count: int, clause: str) -> int | None:
        if not (isinstance(tree, exp.Literal) and not tree.is_string):
            return None
        if not tree.this.isdigit() or not 1 <= int(tree.this) <= count:
            raise BindError(f"{clause} {tree.this} is not the number of a column; there are {count}", self.text, *position(tree))
        return int(tree.this) - 1

    def _aggregated(self, plan: Relation, keys: list[Expr], aggregates: dict[str, AggregateCall]):  # type: ignore[no-untyped-def]
        """Return the aggregation, and the function that rewrites expressions over its input to ones over its output."""
        named = [(self.names.fresh(k.name if isinstance(k, Column) else "key"), k) for k in keys]
        by_expr = {k: Column(n, k.dtype) for n, k in named}
        outputs = set(aggregates) | {n for n, _ in named}

        def swap(expr: Expr) -> Expr:
            return by_expr.get(expr) or rebuild_expr(expr, swap)

        def rewrite(expr: Expr, tree: exp.Expression) -> Expr:
            swapped = swap(expr)
            loose = columns_of(swapped) - outputs
            if loose:
                column = next(iter(sorted(loose))).rsplit(".", 1)[-1]
                raise BindError(
                    f'the column "{column}" must appear in GROUP BY or in an aggregate function',
                    self.text,
                    *position(tree),
                    hint=f"Add it to GROUP BY, or write ANY_VALUE({column}).",
                )
            return swapped

        return Aggregate(plan, tuple(named), tuple(aggregates.items())), rewrite

    # --- SELECT list, DISTINCT, ORDER BY, LIMIT

    def _order_keys(self, tree: exp.Expression, items: list[tuple[str, Expr, exp.Expression]], binder: ExprBinder) -> list[tuple[SortKey, exp.Expression]]:
        order = tree.args.get("order")
        keys: list[tuple[SortKey, exp.Expression]] = []
        for ordered in order.expressions if order is not None else ():
            target = ordered.this
            if isinstance(target, exp.Var) or (isinstance(target, exp.Column) and target.name.upper() == "ALL" and not target.table):
                keys += [(_sort_key(ordered, e), t) for _, e, t in items]
                continue
            ordinal = self._ordinal(target, len(items), "ORDER BY")
            by_alias = next((e for n, e, _ in items if isinstance(target, exp.Column) and not target.table and n.casefold() == target.name.casefold()), None)
            expr = items[ordinal][1] if ordinal is not None else by_alias if by_alias is not None else binder.bind(target)
            keys.append((_sort_key(ordered, expr), target))
        return keys

    def _finished(self, tree: exp.Expression, plan: Relation, items: list[tuple[str, Expr, exp.Expression]], order: list[SortKey], distinct: bool) -> Query:
        outputs = [(self.names.fresh(name), _typed(expr)) for name, expr, _ in items]
        place = {e: n for (n, _), (_, e, _) in zip(outputs, items, strict=True)}
        hidden: list[tuple[str, Expr]] = []
        keys = []
        for key in order:
            name = place.get(key.expr)
            if name is None:
                if distinct:
                    raise BindError("ORDER BY of a SELECT DISTINCT must name columns of its SELECT list", self.text, *position(tree.args["order"]))
                name = place[key.expr] = self.names.fresh("order")
                hidden.append((name, key.expr))
            keys.append(replace(key, expr=Column(name, key.expr.dtype)))
        plan = Project(plan, (*outputs, *hidden))
        if distinct:
            plan = self._distinct(plan)
            renamed = dict(zip([n for n, _ in outputs], plan.schema, strict=True))
            outputs = [(renamed[n], e) for n, e in outputs]
            keys = [replace(k, expr=Column(renamed[cast(Column, k.expr).name], k.expr.dtype)) for k in keys]
        plan = self._limited(tree, Sort(plan, tuple(keys)) if keys else plan)
        if hidden:
            plan = Project(plan, tuple((n, Column(n, e.dtype)) for n, e in outputs))
        return Query(plan, tuple(name for name, _, _ in items))

    def _distinct(self, plan: Relation) -> Relation:
        return Aggregate(plan, tuple((self.names.fresh(n), Column(n, t)) for n, t in plan.schema.items()), ())

    def _limited(self, tree: exp.Expression, plan: Relation) -> Relation:
        limit, offset = tree.args.get("limit"), tree.args.get("offset")
        if limit is None and offset is None:
            return plan
        if isinstance(limit, exp.Fetch):
            count = self._count(limit.args.get("count") or exp.Literal.number(1), "FETCH")
        else:
            count = None if limit is None else self._count(limit.expression, "LIMIT")
        return Limit(plan, count, None if offset is None else self._count(offset.expression, "OFFSET"))

    def _count(self, tree: exp.Expression, clause: str) -> Expr | None:
        expr = ExprBinder(self.text, Scope(), self.names, self.parameters).bind(tree)
        if isinstance(expr, Literal) and expr.value is None:
            return None
        if isinstance(expr, (Literal, Parameter)) and expr.dtype.is_integer() and not (isinstance(expr, Literal) and cast(int, expr.value) < 0):
            return expr
        raise BindError(f"{clause} takes a whole number that is not negative, or a parameter", self.text, *position(tree))

    # --- set operations, VALUES

    def _set_operation(self, tree: exp.SetOperation, ctes: Mapping[str, _Cte]) -> Query:
        if not isinstance(tree, exp.Union) or tree.args.get("by_name"):
            raise UnsupportedError(f"{tree.key.upper()}{' BY NAME' if tree.args.get('by_name') else ''} is not supported yet", self.text, *position(tree))
        branches, todo = [], [cast(exp.Expression, tree)]
        while todo:
            node = todo.pop()
            if isinstance(node, exp.Union) and bool(node.args.get("distinct")) == bool(tree.args.get("distinct")) and (node is tree or not _has_tail(node)):
                todo += [node.expression, node.this]
            else:
                branches.append(self.query(node, ctes))
        plan = self._union(branches, tree)
        if tree.args.get("distinct"):
            plan = self._distinct(plan)
        return self._ordered(tree, Query(plan, branches[0].names), ctes)

    def _union(self, branches: list[Query], tree: exp.Expression) -> Relation:
        schemas = [list(b.plan.schema.values()) for b in branches]
        if len({len(s) for s in schemas}) > 1:
            raise BindError(f"the sides of UNION have {' and '.join(str(len(s)) for s in schemas)} columns", self.text, *position(tree))
        wanted = list(schemas[0])
        for schema in schemas[1:]:
            for i, dtype in enumerate(schema):
                joint = types.common(wanted[i], dtype)
                if joint is None:
                    raise BindError(f"column {i + 1} of the sides of UNION has types that do not combine", self.text, *position(tree), hint="Cast one of them.")
                wanted[i] = joint
        outputs = [self.names.fresh(n) for n in branches[0].names]
        inputs = []
        for branch in branches:
            columns = [Column(n, t) for n, t in branch.plan.schema.items()]
            inputs.append(Project(branch.plan, tuple((o, cast_to(c, w)) for o, c, w in zip(outputs, columns, wanted, strict=True))))
        return Union(tuple(inputs))

    def _ordered(self, tree: exp.Expression, query: Query, ctes: Mapping[str, _Cte]) -> Query:
        """Apply ORDER BY and LIMIT that stand behind a set operation or a parenthesis."""
        scope = Scope()
        visible = [Visible(n, u, t) for n, (u, t) in zip(query.names, query.plan.schema.items(), strict=True)]
        scope.add("result", visible, self.text, None, None)
        items: list[tuple[str, Expr, exp.Expression]] = [(v.name, Column(v.unique, v.dtype), tree) for v in visible]
        keys = [k for k, _ in self._order_keys(tree, items, ExprBinder(self.text, scope, self.names, self.parameters))]
        plan = query.plan
        if keys:
            loose = [k for k in keys if not isinstance(k.expr, Column)]
            hidden = [(self.names.fresh("order"), k.expr) for k in loose]
            named = iter(hidden)
            keys = [k if isinstance(k.expr, Column) else replace(k, expr=Column(next(named)[0], k.expr.dtype)) for k in keys]
            columns = tuple((v.unique, cast(Expr, Column(v.unique, v.dtype))) for v in visible)
            plan = Sort(Project(plan, (*columns, *hidden)) if hidden else plan, tuple(keys))
            plan = self._limited(tree, plan)
            return Query(Project(plan, columns) if hidden else plan, query.names)
        return Query(self._limited(tree, plan), query.names)

    def _values(self, tree: exp.Values, ctes: Mapping[str, _Cte]) -> Query:
        binder = ExprBinder(self.text, Scope(), self.names, self.parameters)
        rows = [[binder.bind(e) for e in (row.expressions if isinstance(row, exp.Tuple) else [row])] for row in tree.expressions]
        if len({len(r) for r in rows}) > 1:
            raise BindError("the rows of VALUES have different numbers of columns", self.text, *position(tree))
        columns = [binder.same([row[i] for row in rows], tree) for i in range(len(rows[0]))]
        named = tuple((self.names.fresh(f"col{i}"), c[0].dtype) for i, c in enumerate(columns))
        plan = Values(named, tuple(zip(*columns, strict=True)))
        return Query(plan, tuple(f"col{i}" for i in range(len(columns))))

    # --- FROM

    def _from(self, tree: exp.Select, scope: Scope, ctes: Mapping[str, _Cte]) -> Relation:
        clause = tree.args.get("from_")
        if clause is None:
            return Values((), ((),))
        plan = self._relation(clause.this, scope, ctes)
        for join in [*(clause.this.args.get("joins") or ()), *(tree.args.get("joins") or ())]:
            plan = self._join(plan, join, scope, ctes)
        return plan

    def _relation(self, tree: exp.Expression, scope: Scope, ctes: Mapping[str, _Cte]) -> Relation:
        for key in ("pivots", "sample"):
            if tree.args.get(key):
                raise UnsupportedError(f"{_UNSUPPORTED[key]} is not supported yet", self.text, *position(tree))
        match tree:
            case exp.Table() if isinstance(tree.this, exp.Identifier):
                return self._table(tree, scope, ctes)
            case exp.Subquery() if isinstance(tree.this, exp.Table):
                plan = self._relation(tree.this, scope, ctes)
                for join in tree.this.args.get("joins") or ():
                    plan = self._join(plan, join, scope, ctes)
                return plan
            case exp.Subquery():
                return self._derived(self.query(tree.this, ctes), tree.alias or "subquery", tree, scope)
            case exp.Values():
                return self._derived(self.query(tree, ctes), tree.alias or "valueslist", tree, scope)
            case _:
                raise UnsupportedError(f"{tree.sql('duckdb')[:60]} in FROM is not supported yet", self.text, *position(tree))

    def _table(self, tree: exp.Table, scope: Scope, ctes: Mapping[str, _Cte]) -> Relation:
        name, alias = tree.name, tree.alias or tree.name
        start, end = position(tree.this)
        if tree.args.get("db") is not None:
            raise UnsupportedError("tables have plain names; schemas are not supported", self.text, *position(tree))
        cte = ctes.get(name.casefold())
        if cte is not None:
            return self._derived(self.query(cte.tree.this, cte.known), alias, tree, scope, cte.tree.args["alias"].args.get("columns") or ())
        source = self.catalog.source(name)
        if source is None:
            raise BindError(f'no table "{name}"', self.text, start, end, hint=suggest(name, [*(c for c in ctes), *self.catalog.table_names()], "Tables"))
        renamed = [c.name for c in (tree.args["alias"].args.get("columns") or ())] if tree.args.get("alias") else []
        columns, visible = [], []
        for i, (column, dtype) in enumerate(source.schema.items()):
            shown = renamed[i] if i < len(renamed) else column
            unique = self.names.fresh(f"{alias}.{shown}")
            columns.append((unique, column, dtype))
            visible.append(Visible(shown, unique, dtype))
        scope.add(alias, visible, self.text, start, end)
        return Scan(name, tuple(columns), rows=source.row_count())

    def _derived(self, query: Query, alias: str, tree: exp.Expression, scope: Scope, columns: object = ()) -> Relation:
        given = [c.name for c in cast("list[exp.Identifier]", columns)]
        if tree.args.get("alias") is not None and tree.args["alias"].args.get("columns"):
            given = [c.name for c in tree.args["alias"].args["columns"]]
        if len(given) > len(query.names):
            raise BindError(f'"{alias}" has {len(query.names)} columns, and {len(given)} names are given', self.text, *position(tree))
        names = [*given, *query.names[len(given) :]]
        outputs, visible = [], []
        for name, (inner, dtype) in zip(names, query.plan.schema.items(), strict=True):
            unique = self.names.fresh(f"{alias}.{name}")
            outputs.append((unique, cast(Expr, Column(inner, dtype))))
            visible.append(Visible(name, unique, dtype))
        scope.add(alias, visible, self.text, *position(tree))
        return Project(query.plan, tuple(outputs))

    # --- joins

    def _join(self, left: Relation, tree: exp.Join, scope: Scope, ctes: Mapping[str, _Cte]) -> Relation:
        kind = self._join_kind(tree)
        before = list(scope.relations)
        right = self._relation(tree.this, scope, ctes)
        using = [c.name for c in tree.args.get("using") or ()]
        if tree.method.upper() == "NATURAL":
            left_names = {c.name.casefold() for a in before for c in scope.relations[a]}
            right_columns = [c for a in scope.relations if a not in before for c in scope.relations[a]]
            using = [c.name for c in right_columns if c.name.casefold() in left_names]
            if not using:
                raise BindError("NATURAL JOIN of tables that share no column name", self.text, *position(tree))
        if using:
            return self._using(kind, left, right, using, before, tree, scope)
        on = tree.args.get("on")
        if on is None:
            if kind != "inner" and (tree.kind or "").upper() != "CROSS":
                raise BindError(f"{kind.upper()} JOIN needs ON or USING", self.text, *position(tree))
            return Join("inner", left, right)
        condition = ExprBinder(self.text, scope, self.names, self.parameters).boolean(on, "ON")
        joined = split_condition(kind, left, right, list(conjuncts(condition)))
        if kind in ("semi", "anti"):
            for alias in [a for a in scope.relations if a not in before]:
                del scope.relations[alias]
        return joined

    def _join_kind(self, tree: exp.Join) -> JoinKind:
        side, kind = (tree.side or "").upper(), (tree.kind or "").upper()
        if tree.method.upper() in ("ASOF", "POSITIONAL") or kind == "POSITIONAL":
            raise UnsupportedError(f"{tree.method or kind} JOIN is not supported yet", self.text, *position(tree))
        if kind in ("SEMI", "ANTI"):
            return cast(JoinKind, kind.lower())
        return cast(JoinKind, side.lower()) if side in ("LEFT", "RIGHT", "FULL") else "inner"

    def _using(self, kind: JoinKind, left: Relation, right: Relation, using: list[str], before: list[str], tree: exp.Join, scope: Scope) -> Relation:
        sides = [Scope(), Scope()]
        for alias, columns in scope.relations.items():
            side = sides[0 if alias in before else 1]
            side.relations[alias], side.shown[alias] = columns, scope.shown[alias]
        sides[0].merged = dict(scope.merged)
        pairs, merged = [], {}
        for name in using:
            a, b = (s.resolve(name, None, self.text, *position(tree)) for s in sides)
            binder = ExprBinder(self.text, scope, self.names, self.parameters)
            x, y = binder.same([a, b], tree)
            pairs.append((x, y))
            kept = b if kind == "right" else a
            merged[name.casefold()] = (Visible(name, kept.name, kept.dtype), x, y)
        plan: Relation = Join(kind, left, right, tuple(pairs))
        if kind == "full":
            outputs: list[tuple[str, Expr]] = [(n, Column(n, t)) for n, t in plan.schema.items()]
            for key, (visible, x, y) in merged.items():
                unique = self.names.fresh(visible.name)
                outputs.append((unique, Call("coalesce", (x, y), x.dtype)))
                merged[key] = (Visible(visible.name, unique, x.dtype), x, y)
            plan = Project(plan, tuple(outputs))
        if kind in ("semi", "anti"):
            for alias in [a for a in scope.relations if a not in before]:
                del scope.relations[alias]
        else:
            scope.merged.update({k: v for k, (v, _, _) in merged.items()})
        return plan


class _Cte:
    """A CTE and what it sees: the CTEs before it."""

    def __init__(self, tree: exp.CTE, known: Mapping[str, _Cte]) -> None:
        self.tree, self.known = tree, known


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


def _sort_key(ordered: exp.Ordered, expr: Expr) -> SortKey:
    return SortKey(expr, bool(ordered.args.get("desc")), not ordered.args.get("nulls_first"))


def _typed(expr: Expr) -> Expr:
    """Give an output without a type INTEGER, as DuckDB does."""
    return Literal(None, pl.Int32()) if isinstance(expr, Literal) and isinstance(expr.dtype, pl.Null) else expr


def _has_tail(tree: exp.Expression) -> bool:
    return any(tree.args.get(k) for k in ("order", "limit", "offset", "with_"))


def _output_name(tree: exp.Expression) -> str:
    if isinstance(tree, exp.Column):
        return tree.name
    if isinstance(tree, exp.Count) and isinstance(tree.this, exp.Star):
        return "count_star()"
    return tree.sql("duckdb").lower() if isinstance(tree, exp.AggFunc) else tree.sql("duckdb")
