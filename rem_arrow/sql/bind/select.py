"""SELECT: a parsed query to a plan, in the order in which SQL means it.

FROM, WHERE, GROUP BY with its aggregates, HAVING, windows, QUALIFY, DISTINCT ON, lists laid out as rows, SELECT,
DISTINCT, ORDER BY, LIMIT. The subqueries of a clause are computed right below it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import cast

import polars as pl
from sqlglot import exp

from rem_arrow.errors import BindError, UnsupportedError
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
from rem_arrow.sql.bind.binder import Collected, ExprBinder, StatementContext
from rem_arrow.sql.bind.from_clause import FromBinder
from rem_arrow.sql.bind.limit import limited
from rem_arrow.sql.bind.order_by import distinct_on, sort_keys
from rem_arrow.sql.bind.scope import Scope
from rem_arrow.sql.bind.select_list import Item, aliases_of, bound_items, by_alias
from rem_arrow.sql.bind.set_operations import distinct as distinct_rows
from rem_arrow.sql.bind.subqueries import applied
from rem_arrow.sql.bind.surroundings import Surroundings
from rem_arrow.sql.bind.table_sample import sampled
from rem_arrow.sql.text.position import position

_INT, _FLOAT = pl.Int64(), pl.Float64()

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
    around: Surroundings
    aliases: dict[str, exp.Expression]
    searches: list[search_terms.Wanted] = field(default_factory=list)
    below: Collected = field(default_factory=Collected)
    above: Collected = field(default_factory=Collected)


class SelectBinder:
    """Binds SELECTs of one statement."""

    def __init__(self, context: StatementContext, froms: FromBinder) -> None:
        self.context, self._from = context, froms
        self.text, self.names = context.text, context.names

    def bind(self, tree: exp.Select, around: Surroundings) -> Query:
        for key, name in _UNSUPPORTED.items():
            if tree.args.get(key):
                raise UnsupportedError(f"{name} is not supported yet", self.text, *position(tree))
        if not tree.expressions:
            raise BindError(
                "SELECT names no columns", self.text, *position(tree), hint="Write SELECT * for all of them."
            )
        plan, scope = self._from.bind(tree, around)
        plan = sampled(self.context, plan, tree)
        named = {str(w.name).casefold(): w for w in tree.args.get("windows") or ()}
        select = _Select(tree, scope, around, aliases_of(tree))
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
        return replace(self._from.binder(select.scope, select.around, collected), aliases=aliases or {})

    def _projected(self, select: _Select, plan: Relation) -> Query:
        tree, above = select.tree, select.above
        binder = self._binder(select, above, select.aliases)
        items = bound_items(self._binder(select, above), tree, select.aliases)
        grouping = group_by.grouping(
            self._binder(select, select.below, select.aliases), tree.args.get("group"), items, above
        )
        condition = self._having(select, binder, grouping.keys)
        qualify = binder.boolean(tree.args["qualify"].this, "QUALIFY") if tree.args.get("qualify") is not None else None
        named = by_alias(items, select.aliases)
        order = sort_keys(tree, items, named, binder)
        first_of = distinct_on(tree, items, named, binder)
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
            items = [item._replace(expr=swap(item.expr, item.tree)) for item in items]
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
            expr = ExprBinder(self.context, Scope()).bind(clause.expression)
            if (
                not isinstance(expr, (Literal, Parameter))
                or not expr.dtype.is_integer()
                or (isinstance(expr, Literal) and expr.value is None)
            ):
                return None
            found.append(expr)
        return found[0] if len(found) == 1 else Call("+", (Cast(found[0], _INT), Cast(found[1], _INT)), _INT)

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
        outputs = [(self.names.fresh(item.name), item.expr) for item in items]
        place = {e: n for n, e in outputs}
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
        return Query(plan, tuple(item.name for item in items))
