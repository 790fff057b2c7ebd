"""FROM: tables, derived tables, CTEs and joins, to a plan and the scope that it opens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath
from typing import TypeAlias, cast

import polars as pl
from sqlglot import exp

from rem_arrow.base.errors import InputError, suggest
from rem_arrow.base.source import FileRequest
from rem_arrow.plan.kinds import JoinKind
from rem_arrow.plan.nodes import Literal, Query, Values, Working
from rem_arrow.sql.bind import file_calls, index_calls, list_rows, macros, query_calls, search_terms, system_functions
from rem_arrow.sql.bind.binder import Collected, ExprBinder, StatementContext
from rem_arrow.sql.bind.join_clause import beside, is_apply, is_comma, joined
from rem_arrow.sql.bind.named_relations import BoundRelation, called, derived, renamed, scanned
from rem_arrow.sql.bind.past_tables import asked_version, number_of
from rem_arrow.sql.bind.scope import Scope
from rem_arrow.sql.bind.surroundings import Cte, Surroundings
from rem_arrow.sql.bind.table_sample import sampled
from rem_arrow.sql.bind.view import Views
from rem_arrow.sql.text import search_tokens
from rem_arrow.sql.text.position import written_name
from rem_arrow.sql.text.rendered import shown
from rem_arrow.sql.text.trees import parts_of

BindQuery: TypeAlias = Callable[[exp.Expression, Surroundings], Query]

# The schema in which the step of a recursion reads all of its rows.
_WHOLE = "recurring"


class FromBinder:
    """Binds FROM clauses of one statement; `bind_query` binds what stands in parentheses."""

    def __init__(self, context: StatementContext, bind_query: BindQuery, bind_cte: Callable[[Cte], Query]) -> None:
        self.context, self.bind_query, self._bind_cte = context, bind_query, bind_cte
        # How many subqueries without a name each FROM has, of those that are being bound.
        self._unnamed = [0]
        self._views = Views(context.text, lambda view, schema: bind_query(view, Surroundings(schema=schema)))

    def bind(self, tree: exp.Select, around: Surroundings) -> BoundRelation:
        """Return the plan of FROM and its scope; without a FROM one row of no columns."""
        clause = tree.args.get("from_")
        if clause is None:
            return BoundRelation(Values((), ((),)), Scope(outer=around.outer))
        self._unnamed.append(0)
        bound = self._with_joins(self._relation(clause.this, around), tree, around)
        self._unnamed.pop()
        bound.scope.outer = around.outer
        return bound

    def binder(self, scope: Scope, around: Surroundings, collected: Collected | None = None) -> ExprBinder:
        """Return what binds expressions over a scope."""
        return ExprBinder(
            self.context,
            scope,
            Collected() if collected is None else collected,
            subquery=lambda tree, outer: self.bind_query(tree, around.seeing(outer)),
        )

    def _with_joins(self, first: BoundRelation, tree: exp.Expression, around: Surroundings) -> BoundRelation:
        """Join in order. A comma binds less than any JOIN: what stands between two commas is joined first."""
        groups = [first]
        for join in (*(tree.args.get("joins") or ()), *(tree.args.get("laterals") or ())):
            if is_comma(join) and not is_apply(join):
                relation = join.this if isinstance(join, exp.Join) else join
                groups.append(self._relation(relation, _seeing(groups, around)))
            elif is_apply(join):
                groups[-1] = self._apply(groups[-1], join.this, _seeing(groups[:-1], around))
            else:
                groups[-1] = self._join(groups[-1], join, _seeing(groups[:-1], around))
        plan, scope = groups[0]
        for other in groups[1:]:
            plan, scope = beside("inner", plan, other.plan), scope.beside(other.scope)
        return BoundRelation(plan, scope)

    def _join(self, left: BoundRelation, tree: exp.Join, around: Surroundings) -> BoundRelation:
        right = self._relation(tree.this, _seeing([left], around))
        both = left.scope.beside(right.scope)
        return joined(left, right, tree, self.binder(Scope(both.relations, both.merged, around.outer), around))

    def _apply(self, left: BoundRelation, tree: exp.Lateral, around: Surroundings) -> BoundRelation:
        """`t CROSS APPLY q`, and `t OUTER APPLY q`, which keeps the rows of t without any of q."""
        right = self._relation(tree, _seeing([left], around))
        kind: JoinKind = "inner" if tree.args.get("cross_apply") else "left"
        always = Literal(value=True, dtype=pl.Boolean())
        return BoundRelation(beside(kind, left.plan, right.plan, [always]), left.scope.beside(right.scope))

    def _relation(self, tree: exp.Expression, around: Surroundings) -> BoundRelation:
        """Bind one relation, which sees the relations before it and the query around."""
        plan, scope = self._pivoted(tree, around) if tree.args.get("pivots") else self._plain(tree, around)
        return self._with_joins(BoundRelation(sampled(self.context, plan, tree), scope), tree, around)

    def _plain(self, tree: exp.Expression, around: Surroundings) -> BoundRelation:
        """Bind a relation without the joins and pivots after it."""
        if self.context.catalog.has_macros and isinstance(tree, (exp.Table, exp.Lateral)):
            query = macros.query_of(self.binder(Scope(outer=around.outer), around), tree)
            if query is not None:
                name = written_name(self.context.text, tree.this) or "macro"
                return self._derived(self.bind_query(query, around), tree.alias or name, tree)
        match tree:
            case exp.Table(this=exp.Identifier()):
                return self._table(tree, around)
            case exp.Subquery(this=exp.Table() | exp.Subquery() | exp.Values()):
                bound = self._relation(tree.this, around)
                return renamed(self.context, bound, tree) if tree.alias else bound
            case exp.Table(this=exp.Values()) | exp.Subquery():
                # A VALUES with a name is a table where it stands first in parentheses around joins.
                return self._derived_or_unnamed(tree.this, tree, around)
            case exp.Values():
                return self._derived_or_unnamed(tree, tree, around)
            case exp.Lateral(this=exp.Subquery()):
                return self._derived_or_unnamed(tree.this.this, tree, around)
            case exp.Lateral(this=exp.Unnest()):
                unnest = tree.this.copy()
                unnest.set("alias", tree.args.get("alias"))
                return self._unnest(unnest, around)
            case exp.Unnest():
                return self._unnest(tree, around)
            case (
                exp.Table(this=exp.Anonymous(this=search_tokens.FUNCTION))
                | exp.Lateral(this=exp.Anonymous(this=search_tokens.FUNCTION))
            ):
                select = search_terms.relation(self.binder(Scope(outer=around.outer), around), tree.this)
                return self._derived(self.bind_query(select, around), tree.alias or "search", tree)
            case exp.Table() | exp.Lateral() if index_calls.function_of(tree.this) is not None:
                query = index_calls.query(self.binder(Scope(outer=around.outer), around), tree)
                return self._derived(query, tree.alias or tree.this.name.lower(), tree)
            case exp.Table() if file_calls.format_of_call(tree.this) is not None:
                request = file_calls.called(self.context, tree.this, lambda value: self._value(value, around))
                return self._files(request, file_calls.name_of(tree.this), tree)
            case exp.Table(this=exp.Func()) | exp.Lateral(this=exp.Func()):
                asked = query_calls.query_of(self.context, tree)
                if asked is not None:
                    return self._derived(self.bind_query(asked, around), tree.alias or tree.this.name.lower(), tree)
                full = system_functions.full_name_of(self.context, tree)
                if full is not None and isinstance(tree, exp.Table):
                    return self._named(full, tree, around)
                return self._table_function(tree, around)
            case exp.Lateral():
                raise self.context.unsupported(f"LATERAL {shown(tree.this)} is not supported", tree)
            case _:
                raise self.context.unsupported(f"{shown(tree)} in FROM is not supported yet", tree)

    # --- kinds of relations

    def _table(self, tree: exp.Table, around: Surroundings) -> BoundRelation:
        name, parts = tree.name, parts_of(tree)
        if tree.args.get("when") is not None:
            return self._past(tree, around)
        cte = around.ctes.get(name.casefold()) if len(parts) == 1 else None
        whole = len(parts) == 2 and parts[0].casefold() == _WHOLE
        working = around.ctes.get(name.casefold()) if whole else cte
        if working is not None and working.working:
            columns = tuple((self.context.names.fresh(n), n, t) for n, t in working.working)
            query = Query(Working(name.casefold(), columns, whole), tuple(n for n, _ in working.working))
            return self._derived(query, tree.alias or name, tree)
        if cte is not None:
            defined = cte.tree.args["alias"].args.get("columns") or ()
            return derived(self.context, self._bind_cte(cte), tree.alias or name, tree, defined)
        full = self.context.resolved(parts, tree, around.schema)
        if full is None and len(parts) == 1 and file_calls.is_file_name(name):
            return self._files(file_calls.named(self.context, name, tree), PurePath(name).stem.split(".")[0], tree)
        return self._named(full, tree, around)

    def _past(self, tree: exp.Table, around: Surroundings) -> BoundRelation:
        """Bind a table of an older version."""
        asked = asked_version(self.context, tree.args["when"], lambda value: self._value(value, around))
        parts = parts_of(tree)
        try:
            found = self.context.catalog.open_past(parts, asked, always=number_of(tree.args["when"]) is not None)
        except InputError as error:
            raise self.context.error(str(error), tree) from error
        if found is None:
            raise self.context.error(f'no table "{".".join(parts)}" in version {asked}', tree.this)
        return scanned(self.context, *found, tree, alias=tree.alias or tree.name)

    def _named(self, full: str | None, tree: exp.Table, around: Surroundings) -> BoundRelation:
        """Bind a table or view by its full name."""
        name, parts = tree.name, parts_of(tree)
        if full is None:
            names, shown = [*around.ctes, *self.context.catalog.table_names()], ".".join(parts)
            raise self.context.error(f'no table "{shown}"', tree.this, suggest(shown, names, "Tables"))
        view = self.context.catalog.view(full)
        if view is not None:
            schema = self.context.catalog.schema_of(full)
            query = self._views.query(full, view, schema, tree)
            return derived(self.context, query, tree.alias or name, tree, source=full)
        source = self.context.catalog.source(full)
        assert source is not None, "what has a name and is no view is a source"
        return scanned(self.context, full, source, tree, alias=tree.alias or name)

    def _files(self, request: FileRequest, alias: str, tree: exp.Table) -> BoundRelation:
        name, source = self.context.catalog.open_files(request)
        if not source.schema:
            raise self.context.error(f"{', '.join(request.names)} has no columns", tree)
        return scanned(self.context, name, source, tree, alias=tree.alias or alias)

    def _value(self, tree: exp.Expression, around: Surroundings) -> object:
        """Return the value of a constant expression, such as a parameter."""
        if isinstance(tree, exp.Literal):
            return tree.to_py()
        if self.context.evaluate is None:
            raise self.context.unsupported("a value here is a text or a number in this statement", tree)
        ((value,),) = self.context.evaluate(self.bind_query(exp.Select(expressions=[tree.copy()]), Surroundings()))
        return value

    def _derived(self, query: Query, alias: str, tree: exp.Expression) -> BoundRelation:
        return derived(self.context, query, alias, tree)

    def _derived_or_unnamed(self, query: exp.Expression, tree: exp.Expression, around: Surroundings) -> BoundRelation:
        """Bind a query whose alias, if it has one, stands at `tree`."""
        name = tree.alias
        if not name:
            self._unnamed[-1] += 1
            name = f"unnamed_subquery{self._unnamed[-1]}" if self._unnamed[-1] > 1 else "unnamed_subquery"
        return self._derived(self.bind_query(query, around), name, tree)

    def _pivoted(self, tree: exp.Expression, around: Surroundings) -> BoundRelation:
        """`t PIVOT (...) UNPIVOT (...)`: the last of them of what is before it."""
        source, last = tree.copy(), tree.args["pivots"][-1].copy()
        source.set("pivots", tree.args["pivots"][:-1])
        source.set("joins", None)
        source.set("laterals", None)
        last.set("this", source)
        return self._derived(self.bind_query(last, around), last.alias or tree.alias_or_name or "pivot", last)

    def _unnest(self, tree: exp.Unnest, around: Surroundings) -> BoundRelation:
        offset = tree.args.get("offset")
        place = offset.name if isinstance(offset, exp.Expression) else "ordinality" if offset else None
        query = list_rows.unnested(self.binder(Scope(outer=around.outer), around), tree.expressions, place)
        return called(self._derived(query, tree.alias or "unnest", tree), tree)

    def _table_function(self, tree: exp.Table | exp.Lateral, around: Surroundings) -> BoundRelation:
        place = "ordinality" if tree.args.get("ordinality") else None
        binder = self.binder(Scope(outer=around.outer), around)
        query = list_rows.table_function(binder, cast(exp.Expression, tree.this), place)
        if list_rows.is_walk(tree.this):
            return self._derived(query, tree.alias or tree.this.name.lower(), tree)
        return called(self._derived(query, tree.alias or query.names[0], tree), tree)


def _seeing(before: list[BoundRelation], around: Surroundings) -> Surroundings:
    """Return what a relation in FROM sees: the relations before it, and the query around."""
    if not before:
        return around
    scope = before[0].scope
    for other in before[1:]:
        scope = scope.beside(other.scope)
    return around.seeing(Scope(scope.relations, scope.merged, around.outer))
