"""Recursive CTEs: `base UNION [ALL] step`, the step bound over the rows of the round before; `recurring.t` are all."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import polars as pl
from sqlglot import exp

from rem_arrow.base.datatypes import sql_name
from rem_arrow.base.errors import suggest
from rem_arrow.plan.nodes import Column, Project, Query, Recursive, Relation, Working
from rem_arrow.plan.walk import children, rebuild
from rem_arrow.sql.bind.binder import StatementContext
from rem_arrow.sql.bind.conversions import cast_to, castable, settled
from rem_arrow.sql.bind.from_clause import BindQuery
from rem_arrow.sql.bind.named_relations import check_count
from rem_arrow.sql.bind.surroundings import Cte


def recursive(context: StatementContext, cte: Cte, bind_query: BindQuery) -> Query | None:
    """Return a CTE whose query is a UNION as a recursion: the columns are those of the base, in its types. None where
    its second side does not read it."""
    tree, name = cte.tree.this, cte.tree.alias.casefold()
    base = bind_query(tree.this, cte.around)
    defined = [c.name for c in cte.tree.args["alias"].args.get("columns") or ()]
    check_count(context, cte.tree.alias, len(defined), len(base.names), cte.tree)
    names = (*defined, *base.names[len(defined) :])
    types = [settled(Column(n, t)).dtype for n, t in base.plan.schema.items()]
    step = _step(context, cte, names, types, bind_query)
    if not _reads(step.plan, name):
        return None
    outputs = [context.names.fresh(n) for n in names]
    step_outputs = [context.names.fresh(n) for n in names]
    plan = Recursive(
        name,
        _converted(base.plan, outputs, types),
        _converted(step.plan, step_outputs, types),
        distinct=bool(tree.args.get("distinct")),
        keys=tuple(outputs[place] for place in _keys(context, cte, names)),
    )
    return Query(replace(plan, step=_over_own_columns(plan.step, name, outputs)), names)


def reads_working(plan: Relation) -> bool:
    """Say whether a plan reads the rows of a recursion around it."""
    return isinstance(plan, Working) or any(reads_working(c) for c in children(plan) if not isinstance(plan, Recursive))


def _step(
    context: StatementContext, cte: Cte, names: tuple[str, ...], types: list[pl.DataType], bind_query: BindQuery
) -> Query:
    """Bind the step over rows of these columns, whose types it takes."""
    tree = cast(exp.Union, cte.tree.this)
    working = replace(cte, working=tuple(zip(names, types, strict=True)))
    step = bind_query(tree.expression, cte.around.with_cte(cte.tree.alias.casefold(), working))
    step_types = list(step.plan.schema.values())
    if len(step_types) != len(types):
        raise context.error(f"the sides of a recursive UNION have {len(types)} and {len(step_types)} columns", tree)
    for name, own, dtype in zip(names, step_types, types, strict=True):
        if not castable(own, dtype):
            raise context.error(
                f'the column "{name}" of the recursion is {sql_name(dtype)}, and its second side gives {sql_name(own)}',
                tree.expression,
                "Cast one of them.",
            )
    return step


def _keys(context: StatementContext, cte: Cte, names: tuple[str, ...]) -> list[int]:
    """Return the places of the columns of USING KEY."""
    folded = [n.casefold() for n in names]
    places = []
    for key in cte.tree.args.get("key_expressions") or ():
        if key.name.casefold() not in folded:
            problem = f'the recursion "{cte.tree.alias}" has no column "{key.name}"'
            raise context.error(problem, key, suggest(key.name, names, "Columns"))
        places.append(folded.index(key.name.casefold()))
    return list(dict.fromkeys(places))


def _converted(plan: Relation, names: list[str], types: list[pl.DataType]) -> Project:
    columns = zip(names, plan.schema.items(), types, strict=True)
    return Project(plan, tuple((name, cast_to(Column(n, t), dtype)) for name, (n, t), dtype in columns))


def _over_own_columns(plan: Relation, name: str, outputs: list[str]) -> Relation:
    """Let the Working relations of a step read the recursion's own columns."""
    if isinstance(plan, Working) and plan.name == name:
        columns = zip(plan.columns, outputs, strict=True)
        return replace(plan, columns=tuple((n, output, t) for (n, _, t), output in columns))
    return rebuild(plan, lambda inner: _over_own_columns(inner, name, outputs))


def _reads(plan: Relation, name: str) -> bool:
    return (isinstance(plan, Working) and plan.name == name) or any(_reads(c, name) for c in children(plan))
