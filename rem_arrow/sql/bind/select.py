"""SELECT: a parsed query to a plan, in the order in which SQL means it.

FROM, WHERE, GROUP BY with its aggregates, HAVING, windows, QUALIFY, DISTINCT ON, lists laid out as rows, SELECT,
DISTINCT, ORDER BY, LIMIT. The subqueries of a clause are computed right below it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias, cast

import polars as pl
from sqlglot import exp
from sqlglot.errors import SqlglotError

from rem_arrow.errors import BindError, UnsupportedError
from rem_arrow.plan.names import Names
from rem_arrow.plan.nodes import (
    Call,
    Cast,
    Column,
    Expr,
    Filter,
    Literal,
    Parameter,
    Project,
    Query,
    Relation,
    Sort,
    SortKey,
    Window,
    WindowCall,
)
from rem_arrow.plan.walk import map_window
from rem_arrow.sql.bind import group_by, search_terms, stars, unnest
from rem_arrow.sql.bind.binder import Collected
from rem_arrow.sql.bind.expressions import ExprBinder
from rem_arrow.sql.bind.from_clause import Ctes, FromBinder
from rem_arrow.sql.bind.limit import limited
from rem_arrow.sql.bind.scope import Scope
from rem_arrow.sql.bind.set_operations import distinct as distinct_rows
from rem_arrow.sql.bind.subqueries import applied
from rem_arrow.sql.bind.table_sample import sampled
from rem_arrow.sql.text.parser import position

_INT, _FLOAT = pl.Int64(), pl.Float64()

Item: TypeAlias = "tuple[str, Expr, exp.Expression]"

# Clauses that SQLGlot reads and this binder does not know, by the key of their argument.
_UNSUPPORTED = {
    "match": "MATCH_RECOGNIZE",
    "connect": "CONNECT BY",
    "into": "SELECT INTO",
    "locks": "FOR UPDATE",
}


@dataclass(slots=True)
class _Select:
    """One SELECT while it is bound: what is computed below its aggregation, and above."""

    tree: exp.Select
    scope: Scope
    ctes: Ctes
    aliases: dict[str, exp.Expression]
    searches: list[search_terms.Wanted] = field(default_factory=list)
    below: Collected = field(default_factory=Collected)
    above: Collected = field(default_factory=Collected)


class SelectBinder:
    """Binds SELECTs of one statement."""

    def __init__(self, text: str, names: Names, froms: FromBinder) -> None:
        self.text, self.names, self._from = text, names, froms

    def bind(self, tree: exp.Select, ctes: Ctes, outer: Scope | None) -> Query:
        for key, name in _UNSUPPORTED.items():
            if tree.args.get(key):
                raise UnsupportedError(f"{name} is not supported yet", self.text, *position(tree))
        if not tree.expressions:
            raise BindError(
                "SELECT names no columns", self.text, *position(tree), hint="Write SELECT * for all of them."
            )
        plan, scope = self._from.bind(tree, ctes, outer)
        plan = sampled(plan, tree, self.names, self.text)
        named = {str(w.name).casefold(): w for w in tree.args.get("windows") or ()}
        select = _Select(tree, scope, ctes, _aliases(tree))
        select.above = Collected({}, {}, {}, {}, named, inside=select.below)
        where = tree.args.get("where")
        terms, rest = search_terms.parted(None if where is None else where.this)
        if rest is not None:
            collected = Collected()
            binder = self._binder(select, collected, select.aliases)
            condition = binder.boolean(stars.written_out(binder, rest), "WHERE")
            plan = Filter(applied(plan, collected.applies), condition)
        select.searches = [search_terms.wanted(self._binder(select, Collected()), term, plan) for term in terms]
        return self._projected(select, plan)

    def _binder(
        self, select: _Select, collected: Collected, aliases: Mapping[str, exp.Expression] | None = None
    ) -> ExprBinder:
        binder = self._from.binder(select.scope, select.ctes, collected)
        binder.aliases = aliases or {}
        return binder

    def _projected(self, select: _Select, plan: Relation) -> Query:
        tree, above = select.tree, select.above
        binder = self._binder(select, above, select.aliases)
        items = self._select_list(select)
        grouping = group_by.grouping(
            self._binder(select, select.below, select.aliases), tree.args.get("group"), items, above
        )
        condition = self._having(select, binder, grouping.keys)
        qualify = binder.boolean(tree.args["qualify"].this, "QUALIFY") if tree.args.get("qualify") is not None else None
        by_alias = {
            n.casefold(): e
            for n, e, t in reversed(items)
            if n.casefold() in select.aliases and select.aliases[n.casefold()] is t
        }
        order = finished_order(tree, items, by_alias, binder)
        first_of = self._distinct_on(select, items, by_alias, binder)
        aggregated = (
            bool(grouping.keys or above.aggregates) or tree.args.get("group") is not None or condition is not None
        )
        plain = not (aggregated or above.windows or above.unnests or tree.args.get("distinct"))
        if select.searches:
            plan = search_terms.searched(plan, select.searches, self._rows_asked(tree) if plain else None)
            if not order and not aggregated and not tree.args.get("distinct"):
                order = [(key, tree) for key in select.searches[0].order]
        elif (
            plain
            and len(order) == 1
            and (asked := self._rows_asked(tree)) is not None
            and not (select.below.applies or above.applies)
        ):
            plan = search_terms.nearest(plan, order[0][0], asked, select.scope, self.names.fresh("search")) or plan
        plan = applied(plan, select.below.applies)
        if aggregated:
            plan, above.unnests = unnest.of_keys(plan, grouping.keys, above.unnests or {})
            plan, swap = group_by.aggregated(plan, grouping, above, self.names, self.text)
            items = [(name, swap(expr, t), t) for name, expr, t in items]
            order = [(replace(key, expr=swap(key.expr, t)), t) for key, t in order]
            first_of = [swap(e, tree) for e in first_of]
            condition = None if condition is None else swap(condition, tree.args.get("having") or tree)
            qualify = None if qualify is None else swap(qualify, tree.args["qualify"])
            above.windows = {n: map_window(c, lambda e: swap(e, tree)) for n, c in (above.windows or {}).items()}
            above.unnests = {n: swap(e, tree) for n, e in (above.unnests or {}).items()}
            above.applies = group_by.swapped(above.applies, swap, tree)
        plan = applied(plan, above.applies)
        if condition is not None:
            plan = Filter(plan, condition)
        if above.windows:
            plan = Window(plan, tuple(above.windows.items()))
        if qualify is not None:
            plan = Filter(plan, qualify)
        keys = [key for key, _ in order]
        if first_of:
            plan = self._first_of_each(plan, first_of, keys)
        if above.unnests:
            plan = unnest.laid_out(plan, above.unnests)
        return self._finished(select, plan, items, keys)

    def _having(self, select: _Select, binder: ExprBinder, keys: list[Expr]) -> Expr | None:
        """Bind HAVING: a name is a key of GROUP BY, else an alias of the SELECT list, else a column."""
        having, scope = select.tree.args.get("having"), select.scope
        if having is None:
            return None
        key_names = {k.name for k in keys if isinstance(k, Column)}
        hidden = {
            n
            for n in binder.aliases
            if scope.knows(n) and not any(c.name.casefold() == n and c.unique in key_names for c in scope.all_columns())
        }
        plain = self._binder(select, replace(select.above, windows=None, unnests=None), select.aliases)
        return plain.preferring(hidden).boolean(having.this, "HAVING")

    # --- the SELECT list

    def _select_list(self, select: _Select) -> list[Item]:
        items: list[Item] = []
        # An item sees the names that the items before it give.
        seen: dict[str, exp.Expression] = {}
        binder = self._binder(select, select.above)
        binder.aliases = seen
        for item in select.tree.expressions:
            shown = stars.expanded(binder, item)
            if shown is not None:
                named = isinstance(item, exp.Alias)
                trees = [c.tree.this if isinstance(c.tree, exp.Alias) else c.tree for c in shown]
                items += [
                    (stars.alias_of(item.alias, c) if named else c.name, binder.bind(t), t)
                    for c, t in zip(shown, trees, strict=True)
                ]
                continue
            unpacked = stars.written_out(binder, item)
            if (
                unpacked is not item
                and isinstance(item, exp.Alias)
                and select.aliases.get(item.alias.casefold()) is item.this
            ):
                select.aliases[item.alias.casefold()] = unpacked.this
            item = unpacked
            if (columns := unnest.items(binder, item)) is not None:
                items += self._unnested(select, item, columns)
                if isinstance(item, exp.Alias) and columns[0][0] is None:
                    seen.setdefault(item.alias.casefold(), item.this)
            elif isinstance(item, exp.Alias):
                items.append((item.alias, binder.bind(item.this), item.this))
                seen.setdefault(item.alias.casefold(), item.this)
            else:
                items.append((output_name(item), binder.bind(item), item))
        return items

    def _unnested(self, select: _Select, item: exp.Expression, columns: list[tuple[str | None, Expr]]) -> list[Item]:
        group = select.tree.args.get("group")
        if columns[0][0] is not None and group is not None and group.args.get("all"):
            raise BindError("GROUP BY ALL cannot stand with UNNEST of a struct", self.text, *position(item))
        inner = item.this if isinstance(item, exp.Alias) else item
        return [(name if name is not None else item.alias or output_name(item), expr, inner) for name, expr in columns]

    def _rows_asked(self, tree: exp.Select) -> Expr | None:
        """Return LIMIT + OFFSET; None without a LIMIT that is a number or a parameter."""
        found = []
        for key in ("limit", "offset"):
            clause = tree.args.get(key)
            if clause is None:
                if key == "limit":
                    return None
                continue
            if not isinstance(clause, (exp.Limit, exp.Offset)) or clause.args.get("limit_options") is not None:
                return None
            if not isinstance(clause.expression, (exp.Literal, exp.Placeholder, exp.Parameter)):
                return None
            expr = ExprBinder(self.text, Scope(), self.names, self._from.parameters).bind(clause.expression)
            if (
                not isinstance(expr, (Literal, Parameter))
                or not expr.dtype.is_integer()
                or (isinstance(expr, Literal) and expr.value is None)
            ):
                return None
            found.append(expr)
        return found[0] if len(found) == 1 else Call("+", (Cast(found[0], _INT), Cast(found[1], _INT)), _INT)

    # --- DISTINCT ON

    def _distinct_on(
        self, select: _Select, items: list[Item], by_alias: Mapping[str, Expr], binder: ExprBinder
    ) -> list[Expr]:
        clause = select.tree.args.get("distinct")
        on = clause.args.get("on") if clause is not None else None
        if on is None:
            return []
        trees = on.expressions if isinstance(on, exp.Tuple) else [on]
        found = []
        for tree in trees:
            ordinal = group_by.ordinal(tree, len(items), "DISTINCT ON", self.text)
            named = by_alias.get(tree.name.casefold()) if isinstance(tree, exp.Column) and not tree.table else None
            found.append(
                items[ordinal][1]
                if ordinal is not None
                else named
                if named is not None
                else binder.bind(tree.this if isinstance(tree, exp.Paren) else tree)
            )
        return found

    def _first_of_each(self, plan: Relation, keys: list[Expr], order: list[SortKey]) -> Relation:
        """DISTINCT ON: of the rows that agree in `keys`, the first in the order of the query."""
        number = self.names.fresh("row")
        numbered = Window(plan, ((number, WindowCall("row_number", (), pl.Int64(), tuple(keys), tuple(order))),))
        return Filter(numbered, group_by.equals_one(number))

    # --- DISTINCT, ORDER BY, LIMIT

    def _finished(self, select: _Select, plan: Relation, items: list[Item], order: list[SortKey]) -> Query:
        tree = select.tree
        clause = tree.args.get("distinct")
        distinct = clause is not None and clause.args.get("on") is None
        outputs = [(self.names.fresh(name), expr) for name, expr, _ in items]
        place = {e: n for (n, _), (_, e, _) in zip(outputs, items, strict=True)}
        hidden: list[tuple[str, Expr]] = []
        keys = []
        for key in order:
            name = place.get(key.expr)
            if name is None:
                if distinct:
                    raise BindError(
                        "ORDER BY of a SELECT DISTINCT must name columns of its SELECT list",
                        self.text,
                        *position(tree.args["order"]),
                    )
                name = place[key.expr] = self.names.fresh("order")
                hidden.append((name, key.expr))
            keys.append(replace(key, expr=Column(name, key.expr.dtype)))
        plan = Project(plan, (*outputs, *hidden))
        if distinct:
            plan = distinct_rows(plan, self.names)
            renamed = dict(zip([n for n, _ in outputs], plan.schema, strict=True))
            outputs = [(renamed[n], e) for n, e in outputs]
            keys = [replace(k, expr=Column(renamed[cast(Column, k.expr).name], k.expr.dtype)) for k in keys]
        plan = limited(tree, Sort(plan, tuple(keys)) if keys else plan, self._binder(select, Collected()))
        if hidden:
            plan = Project(plan, tuple((n, Column(n, e.dtype)) for n, e in outputs))
        return Query(plan, tuple(name for name, _, _ in items))


def finished_order(
    tree: exp.Expression, items: list[Item], by_alias: Mapping[str, Expr], binder: ExprBinder
) -> list[tuple[SortKey, exp.Expression]]:
    """Bind ORDER BY: a number or a name of the SELECT list, else an expression."""
    order = tree.args.get("order")
    keys: list[tuple[SortKey, exp.Expression]] = []
    for ordered in order.expressions if order is not None else ():
        target = ordered.this
        if isinstance(target, exp.Var) or (
            isinstance(target, exp.Column) and target.name.upper() == "ALL" and not target.table
        ):
            keys += [(_sort_key(ordered, e), t) for _, e, t in items]
            continue
        shown = stars.expanded(binder, target)
        if shown is not None:
            keys += [(_sort_key(ordered, binder.bind(c.tree)), c.tree) for c in shown]
            continue
        ordinal = group_by.ordinal(target, len(items), "ORDER BY", binder.text)
        named = by_alias.get(target.name.casefold()) if isinstance(target, exp.Column) and not target.table else None
        if named is None and isinstance(target, exp.Column) and not target.table:
            # A name of the result goes before those of FROM, where it may be ambiguous.
            named = next(
                (e for n, e, t in items if isinstance(t, exp.Column) and n.casefold() == target.name.casefold()), None
            )
        expr = items[ordinal][1] if ordinal is not None else named if named is not None else binder.bind(target)
        keys.append((_sort_key(ordered, expr), target))
    return keys


def _sort_key(ordered: exp.Ordered, expr: Expr) -> SortKey:
    return SortKey(expr, bool(ordered.args.get("desc")), not ordered.args.get("nulls_first"))


def _aliases(tree: exp.Select) -> dict[str, exp.Expression]:
    """Return the names that the SELECT list gives, the first of each, and what they stand for."""
    return {item.alias.casefold(): item.this for item in reversed(tree.expressions) if isinstance(item, exp.Alias)}


def output_name(tree: exp.Expression) -> str:
    if isinstance(tree, exp.Column):
        return str(tree.name)
    if isinstance(tree, exp.Count) and isinstance(tree.this, exp.Star):
        return "count_star()"
    try:
        shown = str(tree.sql("duckdb"))
    except (SqlglotError, ValueError):
        shown = tree.key
    return shown.lower() if isinstance(tree, exp.AggFunc) else shown
