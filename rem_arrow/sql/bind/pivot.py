"""PIVOT and UNPIVOT, as statements and in FROM, to queries of what SELECT has.

PIVOT is a GROUP BY with one filtered aggregate for each value of ON. Values that no IN names are found by a query while
the statement is bound; the plan is then good for one run, and the caller is told so. UNPIVOT lays out lists as rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import polars as pl
from sqlglot import exp

from rem_arrow.datatypes import sql_name
from rem_arrow.errors import BindError, ParseError, UnsupportedError
from rem_arrow.plan import functions, types
from rem_arrow.plan.nodes import Call, Column, Expr, Filter, Literal, Project, Query, Unnest
from rem_arrow.plan.walk import conjunction
from rem_arrow.sql.bind import stars
from rem_arrow.sql.bind.conversions import cast_to
from rem_arrow.sql.bind.expressions import ExprBinder
from rem_arrow.sql.bind.from_clause import Cte, Ctes, FromBinder
from rem_arrow.sql.bind.scope import Scope
from rem_arrow.sql.bind.select import output_name
from rem_arrow.sql.text.parser import position
from rem_arrow.sql.text.pivot_tokens import ALIASED

# No user's CTE has a name with a line break.
_SOURCE = "pivot\nsource"
COLUMNS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class _Value:
    """One value of ON: the name of its columns, and the condition on a row."""

    name: str
    condition: exp.Expression


def pivoted(froms: FromBinder, tree: exp.Pivot, ctes: Ctes, outer: Scope | None) -> tuple[Query, bool]:
    """Return the query, and whether its columns follow from the rows of its source."""
    source = tree.this
    select = (
        source
        if isinstance(source, exp.Select)
        else exp.Select(expressions=[exp.Star()], from_=exp.From(this=source.copy()))
    )
    cte = Cte(exp.CTE(this=select, alias=exp.TableAlias(this=exp.to_identifier(_SOURCE))), ctes, outer)
    table = exp.Table(
        this=exp.to_identifier(_SOURCE, quoted=True),
        alias=exp.TableAlias(this=exp.to_identifier(source.alias_or_name or "pivot", quoted=True)),
    )
    known = {**ctes, _SOURCE: cte}
    if tree.args.get("unpivot"):
        return _unpivoted(froms, tree, table, known, outer), False
    pivot = _Pivot(froms, tree, table, known, outer)
    return froms.bind_query(pivot.select(), known, outer), pivot.reads_data


class _Pivot:
    """One PIVOT while it is written out."""

    def __init__(self, froms: FromBinder, tree: exp.Pivot, table: exp.Table, ctes: Ctes, outer: Scope | None) -> None:
        self._froms, self._tree, self._table, self._ctes, self._outer = froms, tree, table, ctes, outer
        self.reads_data = False
        standard = bool(tree.args.get("fields"))
        self._on = list(tree.args["fields"] if standard else tree.expressions)
        using = tree.expressions if standard else tree.args.get("using") or []
        self._using = list(using) or [exp.Count(this=exp.Star())]

    def select(self) -> exp.Select:
        group = self._tree.args.get("group")
        keys = list(group.expressions) if group is not None else self._other_columns() if self._on else []
        if group is not None and group.args.get("all"):
            raise UnsupportedError(
                "GROUP BY ALL has no meaning in PIVOT; without GROUP BY all other columns are the keys",
                self._froms.text,
                *position(self._tree),
            )
        columns = list(product(*map(self._values, self._on)))
        if len(columns) * len(self._using) > COLUMNS_MAX:
            raise UnsupportedError(
                f"PIVOT makes more than {COLUMNS_MAX:,} columns", self._froms.text, *position(self._tree)
            )
        named = len(self._using) > 1 or isinstance(self._using[0], exp.Alias) or not self._on
        items: list[exp.Expression] = [k.copy() for k in keys]
        for values in columns:
            condition = exp.and_(*(v.condition for v in values)) if values else exp.true()
            for using in self._using:
                call = using.this if isinstance(using, exp.Alias) else using
                suffix = [using.alias or output_name(call)] if named else []
                name = "_".join([*(v.name for v in values), *suffix])
                items.append(exp.alias_(self._filtered(call, condition), name, quoted=True))
        return exp.Select(
            expressions=items,
            from_=exp.From(this=self._table),
            **({"group": exp.Group(expressions=[k.copy() for k in keys])} if keys else {}),
        )

    def _other_columns(self) -> list[exp.Expression]:
        """Return the columns that neither ON nor USING names: the keys where no GROUP BY is given."""
        _, scope = self._froms.bind(
            exp.Select(expressions=[exp.Star()], from_=exp.From(this=self._table.copy())), self._ctes, self._outer
        )
        named = {c.name.casefold() for t in self._using for c in t.find_all(exp.Column)}
        named |= {
            c.name.casefold()
            for t in self._on
            for c in (t.this if isinstance(t, exp.In) else t).find_all(exp.Column, exp.Identifier)
        }
        return [
            exp.column(exp.to_identifier(c.name, quoted=True))
            for c in scope.all_columns()
            if c.name.casefold() not in named
        ]

    def _filtered(self, tree: exp.Expression, condition: exp.Expression) -> exp.Expression:
        """Let every aggregate of USING see the rows of one value."""
        root = exp.Paren(this=tree.copy())
        found = [n for n in root.walk(prune=_is_aggregate) if _is_aggregate(n)]
        if not found:
            raise BindError("USING of PIVOT takes aggregates, like sum(x)", self._froms.text, *position(tree))
        for call in found:
            # DuckDB 2.0 puts the condition in the place of a FILTER of the user's.
            inner = call.this if isinstance(call, exp.Filter) else call
            call.replace(exp.Filter(this=inner.copy(), expression=exp.Where(this=condition.copy())))
        return root.this

    # --- the values of ON

    def _values(self, on: exp.Expression) -> list[_Value]:
        if not isinstance(on, exp.In):
            return self._found(on, self._distinct(on))
        operand = exp.column(on.this.copy()) if isinstance(on.this, exp.Identifier) else on.this
        if on.args.get("query") is not None:
            return self._found(operand, on.args["query"])
        if not on.expressions:
            raise UnsupportedError("IN of PIVOT takes a list of values", self._froms.text, *position(on))
        values = [self._value(operand, e) for e in on.expressions]
        twice = next((v.name for i, v in enumerate(values) if v.name in {w.name for w in values[:i]}), None)
        if twice is not None:
            raise BindError(f'the value "{twice}" stands in IN more than once', self._froms.text, *position(on))
        return values

    def _value(self, operand: exp.Expression, tree: exp.Expression) -> _Value:
        alias = tree.args.get("alias")
        value = tree.this if alias is not None else tree
        if (
            isinstance(operand, exp.Tuple)
            and isinstance(value, exp.Tuple)
            and len(operand.expressions) == len(value.expressions)
        ):
            parts = [self._value(o, v) for o, v in zip(operand.expressions, value.expressions, strict=True)]
            found = _Value("_".join(p.name for p in parts), exp.and_(*(p.condition for p in parts)))
        elif isinstance(value, (exp.Column, exp.Identifier)):
            found = _Value(value.name, exp.EQ(this=_operand(operand), expression=exp.Literal.string(value.name)))
        elif isinstance(value, exp.Null):
            found = _Value("NULL", exp.Is(this=_operand(operand), expression=exp.Null()))
        elif isinstance(value, exp.Anonymous) and value.name == ALIASED:
            if len(value.expressions) != 2:
                raise ParseError(
                    "IN of PIVOT takes values, each with AS and a name after it or without",
                    self._froms.text,
                    *position(tree),
                )
            inner, named = value.expressions
            found = _Value(named.name, self._value(operand, inner).condition)
        else:
            found = _Value(self._text(value), exp.EQ(this=_operand(operand), expression=value.copy()))
        return found if alias is None else _Value(alias if isinstance(alias, str) else alias.name, found.condition)

    def _text(self, value: exp.Expression) -> str:
        if isinstance(value, exp.Literal):
            return str(value.this)
        ((text,),) = self._rows(exp.Select(expressions=[exp.cast(value.copy(), "VARCHAR")]), {}, value)
        return "NULL" if text is None else str(text)

    def _distinct(self, on: exp.Expression) -> exp.Expression:
        text = exp.alias_(exp.cast(_operand(on), "VARCHAR"), "value")
        return exp.Select(expressions=[text], distinct=exp.Distinct(), from_=exp.From(this=self._table.copy()))

    def _found(self, on: exp.Expression, query: exp.Expression) -> list[_Value]:
        self.reads_data = True
        texts = sorted({str(r[0]) for r in self._rows(query, self._ctes, on) if r[0] is not None})
        if len(texts) > COLUMNS_MAX:
            raise UnsupportedError(f"PIVOT makes more than {COLUMNS_MAX:,} columns", self._froms.text, *position(on))
        return [
            _Value(t, exp.EQ(this=exp.cast(_operand(on), "VARCHAR"), expression=exp.Literal.string(t))) for t in texts
        ]

    def _rows(self, query: exp.Expression, ctes: Ctes, tree: exp.Expression) -> list[tuple[object, ...]]:
        if self._froms.evaluate is None:
            raise UnsupportedError(
                "PIVOT needs the values of ON in this statement",
                self._froms.text,
                *position(tree),
                hint="Write ON x IN (value, ...).",
            )
        return self._froms.evaluate(self._froms.bind_query(query, ctes, None))


def _operand(tree: exp.Expression) -> exp.Expression:
    return exp.Paren(this=tree.copy())


def _is_aggregate(tree: exp.Expression) -> bool:
    if isinstance(tree, (exp.Filter, exp.WithinGroup)):
        return True
    return isinstance(tree, exp.AggFunc) or (
        isinstance(tree, exp.Anonymous)
        and functions.ALIASES.get(tree.name.lower(), tree.name.lower()) in functions.AGGREGATES
    )


# --- UNPIVOT


def _unpivoted(froms: FromBinder, tree: exp.Pivot, table: exp.Table, ctes: Ctes, outer: Scope | None) -> Query:
    fields = tree.args.get("fields")
    plan, scope = froms.bind(exp.Select(expressions=[exp.Star()], from_=exp.From(this=table)), ctes, outer)
    binder = froms.binder(scope, ctes)
    entries = [e for t in (fields[0].expressions if fields else tree.expressions) for e in _entries(binder, t)]
    name, values = _into(tree)
    if not entries:
        raise binder.error("UNPIVOT needs at least one column in ON", tree)
    if any(len(trees) != len(values) for _, trees in entries):
        raise binder.error(
            f"UNPIVOT makes {len(values)} value column(s), and another number of columns stands in ON", tree
        )
    used = {c.name.casefold() for _, trees in entries for t in trees for c in t.find_all(exp.Column)}
    kept = [c for c in scope.all_columns() if c.name.casefold() not in used]
    lists = [_listed(binder, [binder.bind(trees[i]) for _, trees in entries], tree) for i in range(len(values))]
    labels = Call("list_value", tuple(Literal(label, pl.String()) for label, _ in entries), pl.List(pl.String()))
    outputs = [(froms.names.fresh(n), e) for n, e in zip([name, *values], [labels, *lists], strict=True)]
    laid = Unnest(plan, tuple(outputs))
    columns = [*(Column(c.unique, c.dtype) for c in kept), *(Column(n, laid.schema[n]) for n, _ in outputs)]
    full = (
        laid
        if tree.args.get("include_nulls")
        else Filter(laid, conjunction([_known(Column(n, laid.schema[n])) for n, _ in outputs[1:]]))
    )
    names = [*(c.name for c in kept), name, *values]
    return Query(
        Project(full, tuple((froms.names.fresh(n), c) for n, c in zip(names, columns, strict=True))), tuple(names)
    )


def _known(value: Expr) -> Expr:
    return Call("not", (Call("is_null", (value,), pl.Boolean()),), pl.Boolean())


def _into(tree: exp.Pivot) -> tuple[str, list[str]]:
    """Return what the column of names is called, and those of values."""
    fields, into = tree.args.get("fields"), tree.args.get("into")
    if fields:
        given = tree.expressions
        return fields[0].this.name, [
            e.name for e in (given[0].expressions if isinstance(given[0], exp.Tuple) else given)
        ]
    return (into.this.name, [e.name for e in into.expressions]) if into is not None else ("name", ["value"])


def _entries(binder: ExprBinder, tree: exp.Expression) -> list[tuple[str, list[exp.Expression]]]:
    """Return the label and the values of each row that an element of ON makes."""
    alias = tree.args.get("alias") if isinstance(tree, (exp.Alias, exp.PivotAlias)) else None
    value = tree.this if alias is not None else tree
    value = value.this if isinstance(value, exp.Paren) else value
    trees = value.expressions if isinstance(value, exp.Tuple) else [value]
    shown = stars.expanded(binder, value) if not isinstance(value, exp.Tuple) else None
    if shown is not None:
        return [(c.name, [c.tree]) for c in shown]
    names = [next((c.name for c in t.find_all(exp.Column, exp.Identifier)), "value") for t in trees]
    label = "_".join(names) if alias is None else alias if isinstance(alias, str) else alias.name
    return [(label, [exp.column(t.copy()) if isinstance(t, exp.Identifier) else t for t in trees])]


def _listed(binder: ExprBinder, items: list[Expr], tree: exp.Expression) -> Expr:
    wanted = items[0].dtype
    for item in items[1:]:
        joint = types.common(wanted, item.dtype)
        if joint is None:
            raise binder.error(
                f"UNPIVOT puts {sql_name(wanted)} and {sql_name(item.dtype)} into one column",
                tree,
                "Cast one of them: CAST(x AS ...).",
            )
        wanted = joint
    return Call("list_value", tuple(cast_to(i, wanted) for i in items), pl.List(wanted))
