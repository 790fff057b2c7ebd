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
from rem_arrow.plan.nodes import Aggregate, AggregateCall, Column, Expr, Filter, Limit, Literal, Parameter, Project, Query, Relation, Sort, SortKey, Union, Values
from rem_arrow.plan.walk import columns_of, rebuild_expr
from rem_arrow.source import Catalog
from rem_arrow.sql.bind_expr import ExprBinder
from rem_arrow.sql.bind_from import Cte, FromBinder, settled
from rem_arrow.sql.convert import cast_to
from rem_arrow.sql.parse import position
from rem_arrow.sql.scope import Names, Scope, Visible

DEPTH_MAX = 60
# A CTE is bound where it is used, so CTEs that use each other twice double; this bounds them.
QUERIES_MAX = 5_000

_GROUPINGS = {exp.Cube: "CUBE", exp.Rollup: "ROLLUP", exp.GroupingSets: "GROUPING SETS"}
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
        self._from = FromBinder(text, catalog, self.names, parameters, self.query)
        self._depth = self._queries = 0

    def statement(self, tree: exp.Expression) -> Query:
        """Bind a whole statement; every column of the result has a type."""
        query = self.query(tree)
        if not any(isinstance(t, pl.Null) for t in query.plan.schema.values()):
            return query
        return Query(Project(query.plan, tuple((self.names.fresh(n), settled(Column(n, t))) for n, t in query.plan.schema.items())), query.names)

    def query(self, tree: exp.Expression, ctes: Mapping[str, Cte] | None = None) -> Query:
        """Bind a SELECT, a set operation, VALUES, or one of these in parentheses."""
        self._depth += 1
        self._queries += 1
        if self._depth > DEPTH_MAX:
            raise UnsupportedError(f"queries are nested more than {DEPTH_MAX} deep", self.text, *position(tree))
        if self._queries > QUERIES_MAX:
            raise UnsupportedError(f"the statement holds more than {QUERIES_MAX:,} queries, each use of a CTE counted", self.text, *position(tree))
        known = self._with(tree, dict(ctes or {}))
        try:
            match tree:
                case exp.Select():
                    return self._select(tree, known)
                case exp.SetOperation():
                    return self._set_operation(tree, known)
                case exp.Subquery():
                    inner = self.query(tree.this, known)
                    return self._ordered(tree, inner, known)
                case exp.Values():
                    return self._ordered(tree, self._values(tree), known)
                case exp.Table():
                    return self._select(cast(exp.Select, exp.select("*").from_(tree)), known)
                case _:
                    raise UnsupportedError(f"{tree.key.upper()} is not supported; this version runs queries (SELECT)", self.text, *position(tree))
        finally:
            self._depth -= 1

    def _with(self, tree: exp.Expression, known: dict[str, Cte]) -> dict[str, Cte]:
        clause = tree.args.get("with_")
        if clause is None:
            return known
        if clause.args.get("recursive"):
            raise UnsupportedError("WITH RECURSIVE is not supported yet", self.text, *position(clause))
        named: set[str] = set()
        for cte in clause.expressions:
            if cte.alias.casefold() in named:
                raise BindError(f'two CTEs have the name "{cte.alias}"', self.text, *position(cte.args["alias"]))
            named.add(cte.alias.casefold())
            # What a CTE sees are the CTEs before it: bound with them where it is used.
            known = {**known, cte.alias.casefold(): Cte(cte, known)}
        return known

    # --- SELECT

    def _select(self, tree: exp.Select, ctes: Mapping[str, Cte]) -> Query:
        for key, name in _UNSUPPORTED.items():
            if tree.args.get(key):
                raise UnsupportedError(f"{name} is not supported yet", self.text, *position(tree))
        if not tree.expressions:
            raise BindError("SELECT names no columns", self.text, *position(tree), hint="Write SELECT * for all of them.")
        plan, scope = self._from.bind(tree, ctes)
        aliases = _aliases(tree)
        where = tree.args.get("where")
        if where is not None:
            plan = Filter(plan, self._binder(scope, aliases).boolean(where.this, "WHERE"))
        return self._projected(tree, plan, scope, aliases)

    def _binder(self, scope: Scope, aliases: Mapping[str, exp.Expression] | None = None, aggregates: dict[str, AggregateCall] | None = None) -> ExprBinder:
        return ExprBinder(self.text, scope, self.names, self.parameters, aggregates=aggregates, aliases=aliases)

    def _projected(self, tree: exp.Select, plan: Relation, scope: Scope, aliases: Mapping[str, exp.Expression]) -> Query:
        aggregates: dict[str, AggregateCall] = {}
        binder = self._binder(scope, aliases, aggregates)
        items = self._select_list(tree, scope, self._binder(scope, None, aggregates))
        group, having = tree.args.get("group"), tree.args.get("having")
        keys = self._group_keys(group, items, self._binder(scope, aliases), aggregates) if group is not None else []
        condition = self._having(having.this, scope, binder, keys) if having is not None else None
        distinct = tree.args.get("distinct")
        if distinct is not None and distinct.args.get("on") is not None:
            raise UnsupportedError("DISTINCT ON is not supported yet", self.text, *position(distinct))
        by_alias = {name.casefold(): expr for name, expr, t in reversed(items) if name.casefold() in aliases and aliases[name.casefold()] is t}
        order = self._order_keys(tree, items, by_alias, binder)
        if keys or aggregates or group is not None or having is not None:
            plan, rewrite = self._aggregated(plan, keys, aggregates)
            items = [(name, rewrite(expr, t), t) for name, expr, t in items]
            order = [(replace(key, expr=rewrite(key.expr, t)), t) for key, t in order]
            if condition is not None:
                plan = Filter(plan, rewrite(condition, having))
        return self._finished(tree, plan, items, [key for key, _ in order], distinct is not None)

    def _having(self, tree: exp.Expression, scope: Scope, binder: ExprBinder, keys: list[Expr]) -> Expr:
        """Bind HAVING: a name is a key of GROUP BY, else an alias of the SELECT list, else a column."""
        key_names = {k.name for k in keys if isinstance(k, Column)}
        hidden = {n for n in binder.aliases if scope.knows(n) and not any(c.name.casefold() == n and c.unique in key_names for c in scope.all_columns())}
        return binder.preferring(hidden).boolean(tree, "HAVING")

    def _select_list(self, tree: exp.Select, scope: Scope, binder: ExprBinder) -> list[tuple[str, Expr, exp.Expression]]:
        items: list[tuple[str, Expr, exp.Expression]] = []
        # An item sees the names that the items before it give.
        seen: dict[str, exp.Expression] = {}
        binder.aliases = seen
        for item in tree.expressions:
            if isinstance(item, exp.Star) or (isinstance(item, exp.Column) and isinstance(item.this, exp.Star)):
                items += [(v.name, Column(v.unique, v.dtype), item) for v in self._star(item, scope)]
            elif isinstance(item, exp.Alias):
                items.append((item.alias, binder.bind(item.this), item.this))
                seen.setdefault(item.alias.casefold(), item.this)
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

    def _group_keys(self, group: exp.Expression, items: list[tuple[str, Expr, exp.Expression]], binder: ExprBinder, aggregates: Mapping[str, AggregateCall]) -> list[Expr]:
        for tree in (*group.expressions, *(t for key in ("cube", "rollup", "grouping_sets") for t in group.args.get(key) or ())):
            if isinstance(tree, (exp.Cube, exp.Rollup, exp.GroupingSets)):
                raise UnsupportedError(f"{_GROUPINGS[type(tree)]} is not supported yet", self.text, *position(tree))
        if group.args.get("all"):
            return list(dict.fromkeys(e for _, e, _ in items if not columns_of(e) & aggregates.keys()))
        keys = []
        for tree in group.expressions:
            ordinal = self._ordinal(tree, len(items), "GROUP BY")
            key = binder.bind(tree) if ordinal is None else items[ordinal][1]
            if columns_of(key) & aggregates.keys():
                raise BindError("GROUP BY cannot hold an aggregate", self.text, *position(tree), hint="Group by what the aggregate is taken of, or by another column.")
            keys.append(key)
        return list(dict.fromkeys(keys))

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

    def _order_keys(
        self, tree: exp.Expression, items: list[tuple[str, Expr, exp.Expression]], by_alias: Mapping[str, Expr], binder: ExprBinder
    ) -> list[tuple[SortKey, exp.Expression]]:
        order = tree.args.get("order")
        keys: list[tuple[SortKey, exp.Expression]] = []
        for ordered in order.expressions if order is not None else ():
            target = ordered.this
            if isinstance(target, exp.Var) or (isinstance(target, exp.Column) and target.name.upper() == "ALL" and not target.table):
                keys += [(_sort_key(ordered, e), t) for _, e, t in items]
                continue
            ordinal = self._ordinal(target, len(items), "ORDER BY")
            named = by_alias.get(target.name.casefold()) if isinstance(target, exp.Column) and not target.table else None
            expr = items[ordinal][1] if ordinal is not None else named if named is not None else binder.bind(target)
            keys.append((_sort_key(ordered, expr), target))
        return keys

    def _finished(self, tree: exp.Expression, plan: Relation, items: list[tuple[str, Expr, exp.Expression]], order: list[SortKey], distinct: bool) -> Query:
        outputs = [(self.names.fresh(name), expr) for name, expr, _ in items]
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
        expr = self._binder(Scope()).bind(tree)
        if isinstance(expr, Literal) and expr.value is None:
            return None
        if isinstance(expr, (Literal, Parameter)) and expr.dtype.is_integer() and not (isinstance(expr, Literal) and cast(int, expr.value) < 0):
            return expr
        raise BindError(f"{clause} takes a whole number that is not negative, or a parameter", self.text, *position(tree))

    # --- set operations, VALUES

    def _set_operation(self, tree: exp.SetOperation, ctes: Mapping[str, Cte]) -> Query:
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

    def _ordered(self, tree: exp.Expression, query: Query, ctes: Mapping[str, Cte]) -> Query:
        """Apply ORDER BY and LIMIT that stand behind a set operation or a parenthesis."""
        if not any(tree.args.get(k) for k in ("order", "limit", "offset")):
            return query
        scope = Scope()
        visible = [Visible(n, u, t) for n, (u, t) in zip(query.names, query.plan.schema.items(), strict=True)]
        scope.add("result", visible)
        items: list[tuple[str, Expr, exp.Expression]] = [(v.name, Column(v.unique, v.dtype), tree) for v in visible]
        by_name = {name.casefold(): expr for name, expr, _ in reversed(items)}
        keys = [k for k, _ in self._order_keys(tree, items, by_name, self._binder(scope))]
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

    def _values(self, tree: exp.Values) -> Query:
        binder = self._binder(Scope())
        rows = [[binder.bind(e) for e in (row.expressions if isinstance(row, exp.Tuple) else [row])] for row in tree.expressions]
        if len({len(r) for r in rows}) > 1:
            raise BindError("the rows of VALUES have different numbers of columns", self.text, *position(tree))
        columns = [binder.same([row[i] for row in rows], tree) for i in range(len(rows[0]))]
        named = tuple((self.names.fresh(f"col{i}"), c[0].dtype) for i, c in enumerate(columns))
        plan = Values(named, tuple(zip(*columns, strict=True)))
        return Query(plan, tuple(f"col{i}" for i in range(len(columns))))


def _sort_key(ordered: exp.Ordered, expr: Expr) -> SortKey:
    return SortKey(expr, bool(ordered.args.get("desc")), not ordered.args.get("nulls_first"))


def _aliases(tree: exp.Select) -> dict[str, exp.Expression]:
    """Return the names that the SELECT list gives, the first of each, and what they stand for."""
    return {item.alias.casefold(): item.this for item in reversed(tree.expressions) if isinstance(item, exp.Alias)}


def _has_tail(tree: exp.Expression) -> bool:
    return any(tree.args.get(k) for k in ("order", "limit", "offset", "with_"))


def _output_name(tree: exp.Expression) -> str:
    if isinstance(tree, exp.Column):
        return str(tree.name)
    if isinstance(tree, exp.Count) and isinstance(tree.this, exp.Star):
        return "count_star()"
    shown = str(tree.sql("duckdb"))
    return shown.lower() if isinstance(tree, exp.AggFunc) else shown
