"""SELECT: its clauses bound, one after the other, to a record that select_plan.py makes a plan of."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from rem_arrow.plan.nodes import Column, Expr, Query, Relation
from rem_arrow.sql.bind import group_by, search_terms, stars, unnest_items
from rem_arrow.sql.bind.binder import Collected, ExprBinder, StatementContext
from rem_arrow.sql.bind.from_clause import FromBinder
from rem_arrow.sql.bind.grouping_sets import Grouping
from rem_arrow.sql.bind.limit import bound_limit
from rem_arrow.sql.bind.order_by import distinct_on, sort_keys
from rem_arrow.sql.bind.search_terms import SearchTerm
from rem_arrow.sql.bind.select_list import aliases_of, bound_items, by_alias
from rem_arrow.sql.bind.select_plan import BoundSelect, Condition, planned
from rem_arrow.sql.bind.surroundings import Surroundings
from rem_arrow.sql.bind.table_sample import sampled

# Clauses that SQLGlot reads and this binder does not know, by the key of their argument.
_UNSUPPORTED = {
    "match": "MATCH_RECOGNIZE",
    "connect": "CONNECT BY",
    "into": "SELECT INTO",
    "locks": "FOR UPDATE",
}


class SelectBinder:
    """Binds SELECTs of one statement."""

    def __init__(self, context: StatementContext, froms: FromBinder) -> None:
        self._context, self._from = context, froms

    def bind(self, tree: exp.Select, around: Surroundings) -> Query:
        """Return the plan of a SELECT. Raises BindError and UnsupportedError with the position."""
        for key, name in _UNSUPPORTED.items():
            if tree.args.get(key):
                raise self._context.unsupported(f"{name} is not supported yet", tree)
        if not tree.expressions:
            raise self._context.error("SELECT names no columns", tree, "Write SELECT * for all of them.")
        return planned(self._bound(tree, around), self._context.names)

    def _bound(self, tree: exp.Select, around: Surroundings) -> BoundSelect:
        """Bind the clauses, each after those whose names and calls it may mean."""
        plan, scope = self._from.bind(tree, around)
        source = sampled(self._context, plan, tree)
        named_windows = {str(w.name).casefold(): w for w in tree.args.get("windows") or ()}
        below, aliases = Collected(), aliases_of(tree)
        above = Collected({}, {}, {}, {}, named_windows, inside=below)
        binder = replace(self._from.binder(scope, around, above), aliases=aliases)
        where, searches = _where(tree, source, binder)
        items = bound_items(binder, tree, aliases)
        keys = group_by.keys(replace(binder, collected=below), tree.args.get("group"), items, above)
        having = _having(tree, keys, binder)
        qualify = tree.args.get("qualify")
        condition = None if qualify is None else binder.boolean(qualify.this, "QUALIFY")
        named = by_alias(items, aliases)
        order = sort_keys(tree, items, named, binder)
        first_of = distinct_on(tree, items, named, binder)
        clause = tree.args.get("distinct")
        group = tree.args.get("group")
        by = group is not None and not group.args.get("all")
        is_grouped = bool(keys.exprs or above.aggregates) or by or having is not None
        if searches and not (order or is_grouped or clause):
            order = [(key, tree) for key in searches[0].order]
        select = BoundSelect(
            source,
            tuple(items),
            where,
            applies_below=tuple(below.applies),
            applies=tuple(above.applies),
            having=having,
            windows=tuple((above.windows or {}).items()),
            qualify=condition,
            distinct_on=tuple(first_of),
            unnests=above.unnests or {},
            distinct=clause is not None and clause.args.get("on") is None,
            order=tuple(order),
        )
        if is_grouped:
            select = _grouped(select, keys, searches, tree, binder)
        _check_order(select, tree, binder)
        select = replace(select, limit=bound_limit(tree, binder))
        return _searched(select, searches, tree, binder)


def _where(tree: exp.Select, source: Relation, binder: ExprBinder) -> tuple[Condition | None, list[SearchTerm]]:
    """Bind WHERE: its searches apart, whose scores are columns of FROM from then."""
    where = tree.args.get("where")
    terms, rest = search_terms.split(None if where is None else where.this)
    condition = None
    if rest is not None:
        inner = replace(binder, collected=Collected())
        expr = inner.boolean(stars.written_out(inner, rest), "WHERE")
        condition = Condition(expr, tuple(inner.collected.applies))
    inner = replace(binder, collected=Collected(), aliases={})
    return condition, [search_terms.bound_term(inner, term, source) for term in terms]


def _having(tree: exp.Select, keys: group_by.Keys, binder: ExprBinder) -> Expr | None:
    """Bind HAVING: a name is a key of GROUP BY, else an alias of the SELECT list, else a column."""
    having, scope = tree.args.get("having"), binder.scope
    if having is None:
        return None
    key_names = {k.name for k in keys.exprs if isinstance(k, Column)}
    hidden = {
        n
        for n in binder.aliases
        if scope.knows(n) and not any(c.name.casefold() == n and c.unique in key_names for c in scope.all_columns())
    }
    inner = replace(binder, collected=replace(binder.collected, windows=None, unnests=None))
    return inner.preferring(hidden).boolean(having.this, "HAVING")


def _grouped(
    select: BoundSelect, keys: group_by.Keys, searches: list[SearchTerm], tree: exp.Select, binder: ExprBinder
) -> BoundSelect:
    """Return the SELECT with its aggregation; the lists that its keys are computed from are laid out below it."""
    fresh, above = binder.names.fresh, binder.collected
    grouping = Grouping(
        tuple((fresh(k.name if isinstance(k, Column) else "key"), k) for k in keys.exprs),
        keys.sets,
        above.aggregates or {},
        above.groupings or {},
        unnest_items.needed_by(keys.exprs, select.unnests),
    )
    columns = {*select.source.schema, *grouping.unnests, *(s.hit.score for s in searches)}
    columns |= {a.name for a in select.applies_below}
    others = {n: e for n, e in select.unnests.items() if n not in grouping.unnests}
    return group_by.over_groups(replace(select, grouping=grouping, unnests=others), columns, tree, binder)


def _check_order(select: BoundSelect, tree: exp.Select, binder: ExprBinder) -> None:
    exprs = {item.expr for item in select.items}
    if select.distinct and not all(key.expr in exprs for key in select.keys):
        raise binder.error("ORDER BY of a SELECT DISTINCT must name columns of its SELECT list", tree.args["order"])


def _searched(select: BoundSelect, searches: list[SearchTerm], tree: exp.Select, binder: ExprBinder) -> BoundSelect:
    """Return the SELECT with the searches of WHERE, or with the one that ORDER BY score LIMIT k means."""
    plain = not (select.grouping is not None or select.windows or select.unnests or tree.args.get("distinct"))
    rows = select.limit.rows if plain and select.limit is not None else None
    if searches:
        return replace(select, hits=search_terms.hits(searches, rows))
    if rows is None or len(select.keys) != 1 or select.applies_below or select.applies:
        return select
    hit = search_terms.nearest(select.source, select.keys[0], rows, binder.scope, binder.names.fresh("search"))
    return select if hit is None else replace(select, hits=(hit,), keeps_all=True)
