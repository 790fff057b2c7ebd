"""Lists as rows: UNNEST, and the table functions that are lists: range and generate_series."""

from __future__ import annotations

import polars as pl
from sqlglot import exp

from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan.nodes import Call, Column, Expr, Literal, Project, Query, Relation, Unnest, Values
from rem_arrow.plan.walk import passed
from rem_arrow.sql.bind import json_calls
from rem_arrow.sql.bind.binder import ExprBinder
from rem_arrow.sql.bind.containers import as_list, field
from rem_arrow.sql.bind.scalar_calls import call
from rem_arrow.sql.bind.subqueries import applied
from rem_arrow.sql.text.rendered import shown

_ONE_ROW = Values((), ((),))


def unnested(binder: ExprBinder, trees: list[exp.Expression], place: str | None) -> Query:
    """Return the rows of lists side by side; `place` names a column that counts them from 1."""
    outputs: list[tuple[str, Expr]] = []
    names: list[str] = []
    for tree in trees:
        value = as_list(binder, binder.bind(tree), tree)
        name = binder.names.fresh("unnest")
        outputs.append((name, value))
        names.append("unnest")
    ordinality = None if place is None else binder.names.fresh(place)
    plan = _laid_out(binder, tuple(outputs), ordinality)
    return Query(plan, (*names, *([place] if place is not None else [])))


def _laid_out(binder: ExprBinder, outputs: tuple[tuple[str, Expr], ...], ordinality: str | None) -> Relation:
    """Return the rows of the lists; the subqueries that these are computed from come first."""
    applies = binder.collected.applies
    plan = Unnest(applied(_ONE_ROW, applies), outputs, ordinality=ordinality)
    columns = [c for c in passed(plan) if c[0] not in {a.name for a in applies}]
    return Project(plan, tuple(columns)) if applies else plan


def _function_name(tree: exp.Expression) -> str:
    return str(tree.name if isinstance(tree, exp.Anonymous) else tree.sql_name()).lower()  # type: ignore[attr-defined]


def table_function(binder: ExprBinder, tree: exp.Expression, place: str | None) -> Query:
    """Return the rows of a function in FROM; `place` names a column that counts them from 1."""
    if isinstance(tree, exp.GenerateSeries):
        name = "range" if tree.args.get("is_end_exclusive") else "generate_series"
        trees = [t for t in (tree.args.get("start"), tree.args.get("end"), tree.args.get("step")) if t is not None]
    else:
        name = _function_name(tree)
        trees = list(tree.expressions)
    if name in json_calls.WALKS:
        return _walked(binder, name, trees, tree, place)
    if name not in ("range", "generate_series"):
        raise binder.unsupported(f"{shown(tree)} in FROM is not supported", tree)
    value = _checked_step(binder, series(binder, name, trees, tree), name, tree)
    column = binder.names.fresh(name)
    ordinality = None if place is None else binder.names.fresh(place)
    return Query(_laid_out(binder, ((column, value),), ordinality), (name, *([place] if place is not None else [])))


def _walked(
    binder: ExprBinder, name: str, trees: list[exp.Expression], tree: exp.Expression, place: str | None
) -> Query:
    """json_each and json_tree: a list of rows, whose fields are the columns."""
    value, listed = json_calls.walked(binder, name, trees, tree), binder.names.fresh(name)
    ordinality = None if place is None else binder.names.fresh(place)
    plan = _laid_out(binder, ((listed, value),), ordinality)
    row = Column(listed, nested.item_of(value.dtype))
    fields = nested.fields_of(row.dtype)
    outputs: list[tuple[str, Expr]] = [(binder.names.fresh(n), field(row, n, t)) for n, t in fields.items()]
    if ordinality is not None:
        outputs.append((ordinality, Column(ordinality, plan.schema[ordinality])))
    return Query(Project(plan, tuple(outputs)), (*fields, *([place] if place is not None else [])))


def is_walk(tree: exp.Expression) -> bool:
    """Say whether a function in FROM has columns of its own names."""
    return isinstance(tree, exp.Anonymous) and tree.name.lower() in json_calls.WALKS


def _checked_step(binder: ExprBinder, series: Expr, name: str, tree: exp.Expression) -> Expr:
    """In FROM a series whose step is 0 is an error; elsewhere it has no items."""
    if not isinstance(series, Call) or len(series.args) < 3:
        return series
    step = series.args[2]
    if isinstance(step, Literal) and step.value is not None and not step.value:
        raise binder.error(f"the step of {name} must not be 0", tree)
    return Call(series.function, (*series.args, Literal(value=True, dtype=pl.Boolean())), series.dtype)


def series(binder: ExprBinder, name: str, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """Return `range(stop)`, `range(start, stop, step)` or `generate_series(...)` as a list."""
    trees = [exp.Literal.number(0), *trees] if len(trees) == 1 else trees
    return call(binder, name, trees, tree)
