"""UNPIVOT: lists of the columns, and of their names, laid out as rows."""

from __future__ import annotations

import polars as pl
from sqlglot import exp

from rem_arrow.base.datatypes import sql_name
from rem_arrow.plan import types
from rem_arrow.plan.nodes import Call, Column, Expr, Filter, Literal, Project, Query, Relation, Unnest
from rem_arrow.plan.walk import conjunction
from rem_arrow.sql.bind import stars
from rem_arrow.sql.bind.binder import ExprBinder
from rem_arrow.sql.bind.conversions import cast_to
from rem_arrow.sql.bind.from_clause import FromBinder
from rem_arrow.sql.bind.surroundings import Surroundings
from rem_arrow.sql.text.trees import members

_TEXT = pl.String()


def unpivoted(froms: FromBinder, tree: exp.Pivot, table: exp.Table, around: Surroundings) -> Query:
    """Return the rows of `table`, each once for every element of ON that has a value."""
    plan, scope = froms.bind(exp.Select(expressions=[exp.Star()], from_=exp.From(this=table)), around)
    binder, names = froms.binder(scope, around), froms.context.names
    entries = _entries(binder, tree)
    label_name, value_names = _into(tree)
    if not entries:
        raise binder.error("UNPIVOT needs at least one column in ON", tree)
    if any(len(trees) != len(value_names) for _, trees in entries):
        raise binder.error(
            f"UNPIVOT makes {len(value_names)} value column(s), and another number of columns stands in ON", tree
        )
    used = {c.name.casefold() for _, trees in entries for t in trees for c in t.find_all(exp.Column)}
    others = [c for c in scope.all_columns() if c.name.casefold() not in used]
    lists = [_listed(binder, [binder.bind(trees[i]) for _, trees in entries], tree) for i in range(len(value_names))]
    labels = Call("list_value", tuple(Literal(label, _TEXT) for label, _ in entries), pl.List(_TEXT))
    outputs = [(names.fresh(n), e) for n, e in zip([label_name, *value_names], [labels, *lists], strict=True)]
    rows: Relation = Unnest(plan, tuple(outputs))
    made = [Column(n, rows.schema[n]) for n, _ in outputs]
    if not tree.args.get("include_nulls"):
        rows = Filter(rows, conjunction([_is_not_null(c) for c in made[1:]]))
    columns = [*(Column(c.unique, c.dtype) for c in others), *made]
    shown = [*(c.name for c in others), label_name, *value_names]
    return Query(Project(rows, tuple((names.fresh(n), c) for n, c in zip(shown, columns, strict=True))), tuple(shown))


def _is_not_null(value: Expr) -> Expr:
    return Call("not", (Call("is_null", (value,), pl.Boolean()),), pl.Boolean())


def _into(tree: exp.Pivot) -> tuple[str, list[str]]:
    """Return what the column of names is called, and those of values."""
    fields, into = tree.args.get("fields"), tree.args.get("into")
    if fields:
        values = tree.expressions
        columns = values[0].expressions if isinstance(values[0], exp.Tuple) else values
        return fields[0].this.name, [c.name for c in columns]
    return (into.this.name, [e.name for e in into.expressions]) if into is not None else ("name", ["value"])


def _entries(binder: ExprBinder, tree: exp.Pivot) -> list[tuple[str, list[exp.Expression]]]:
    """Return the label and the values of each row that ON makes."""
    fields = tree.args.get("fields")
    elements = fields[0].expressions if fields else tree.expressions
    return [entry for element in elements for entry in _element(binder, element)]


def _element(binder: ExprBinder, tree: exp.Expression) -> list[tuple[str, list[exp.Expression]]]:
    alias = tree.args.get("alias") if isinstance(tree, (exp.Alias, exp.PivotAlias)) else None
    value = tree.this if alias is not None else tree
    value = value.this if isinstance(value, exp.Paren) else value
    trees = members(value)
    shown = stars.expanded(binder, value) if not isinstance(value, exp.Tuple) else None
    if shown is not None:
        return [(c.name, [c.tree]) for c in shown]
    names = [next((c.name for c in t.find_all(exp.Column, exp.Identifier)), "value") for t in trees]
    label = "_".join(names) if alias is None else alias if isinstance(alias, str) else alias.name
    return [(label, [exp.column(t.copy()) if isinstance(t, exp.Identifier) else t for t in trees])]


def _listed(binder: ExprBinder, items: list[Expr], tree: exp.Expression) -> Expr:
    """Return the items as a list; they need a type in common that is no text for their sake."""
    dtype = items[0].dtype
    for item in items[1:]:
        joint = types.common(dtype, item.dtype)
        if joint is None:
            raise binder.error(
                f"UNPIVOT puts {sql_name(dtype)} and {sql_name(item.dtype)} into one column",
                tree,
                "Cast one of them: CAST(x AS ...).",
            )
        dtype = joint
    return Call("list_value", tuple(cast_to(i, dtype) for i in items), pl.List(dtype))
