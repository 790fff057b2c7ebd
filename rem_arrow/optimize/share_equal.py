"""Compute equal parts of a plan once: those that differ only in the unique names of their columns become one Shared.

Only parts that read much and give little are worth it: what is shared is held, and nothing from above gets into it any
more. So the rule runs when conditions have moved and joins are ordered, and before columns are pruned, which would make
equal parts differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from rem_arrow.optimize.estimate import Estimates
from rem_arrow.optimize.tools import NO_TOOLS, Tools
from rem_arrow.plan.nodes import (
    Aggregate,
    Column,
    Expr,
    Filter,
    Join,
    Limit,
    Project,
    Relation,
    Scan,
    Shared,
    Sort,
    Window,
)
from rem_arrow.plan.shared_numbers import fresh_numbers
from rem_arrow.plan.volatility import is_volatile_node
from rem_arrow.plan.walk import children, free_columns, map_exprs, rebuild, rebuild_expr

# Rows read below this are read again as fast; more rows than this share of those read are not held.
_ROWS_MIN = 20_000
_SHARE_MAX = 0.5
_SHARED_KINDS = (Scan, Filter, Project, Join, Aggregate, Sort, Limit, Window)


def share_equal(plan: Relation, tools: Tools = NO_TOOLS) -> Relation:
    """Return the plan with its largest equal parts as one Shared each."""
    shapes = Counter(_shape(node) for node in _candidates(plan))
    repeated = {shape for shape, uses in shapes.items() if uses > 1}
    if not repeated:
        return plan
    estimates = Estimates(tools.catalog)
    forms = Counter(
        form for node in _candidates(plan) if _shape(node) in repeated and (form := _form(node)) is not None
    )
    equal = {form for form, uses in forms.items() if uses > 1}
    shared: dict[Relation, Shared] = {}
    numbers = fresh_numbers(plan)

    def rewrite(node: Relation) -> Relation:
        form = _form(node) if isinstance(node, (Aggregate, Join)) and _shape(node) in repeated else None
        if form is None or form not in equal or not _pays(node, estimates):
            return rebuild(node, rewrite)
        first_use = shared.get(form)
        if first_use is None:
            first_use = shared[form] = Shared(node, next(numbers))
            return first_use
        pairs = zip(node.schema.items(), first_use.schema.items(), strict=True)
        return Project(first_use, tuple((name, Column(own, dtype)) for (name, dtype), (own, _) in pairs))

    return rewrite(plan)


def _all(plan: Relation) -> Iterator[Relation]:
    yield plan
    for child in children(plan):
        yield from _all(child)


def _candidates(plan: Relation) -> Iterator[Relation]:
    if isinstance(plan, (Aggregate, Join)):
        yield plan
    if not isinstance(plan, Shared):
        for child in children(plan):
            yield from _candidates(child)


def _shape(plan: Relation) -> object:
    """Return what equal parts have in common and few others have; cheap to compare."""
    return (type(plan), tuple(sorted(node.source for node in _all(plan) if isinstance(node, Scan))), len(plan.schema))


def _pays(plan: Relation, estimates: Estimates) -> bool:
    read = sum(estimates.rows(node) for node in _all(plan) if isinstance(node, Scan))
    return read >= _ROWS_MIN and estimates.rows(plan) <= _SHARE_MAX * read and not free_columns(plan)


def _form(plan: Relation) -> Relation | None:
    """Return the plan with its columns numbered in their order: the same for parts that are equal. None for what is not
    shared."""
    names: dict[str, str] = {}
    numbers = count()

    def named(name: str) -> str:
        names[name] = f"\x00{next(numbers)}"
        return names[name]

    def renamed(expr: Expr) -> Expr:
        if isinstance(expr, Column):
            return Column(names.get(expr.name, expr.name), expr.dtype)
        return rebuild_expr(expr, renamed)

    def form(node: Relation) -> Relation:
        below = [form(child) for child in children(node)]
        if not isinstance(node, _SHARED_KINDS) or is_volatile_node(node):
            raise _NoFormError
        inputs = iter(below)
        node = rebuild(map_exprs(node, renamed), lambda _: next(inputs))
        match node:
            case Scan():
                return replace(node, columns=tuple((named(n), c, t) for n, c, t in node.columns))
            case Project():
                return replace(node, outputs=tuple((named(n), e) for n, e in node.outputs))
            case Aggregate():
                keys = tuple((named(n), e) for n, e in node.keys)
                return replace(node, keys=keys, aggregates=tuple((named(n), c) for n, c in node.aggregates))
            case Window():
                return replace(node, calls=tuple((named(n), c) for n, c in node.calls))
            case _:
                return node

    try:
        return form(plan)
    except _NoFormError:
        return None


class _NoFormError(Exception):
    """A part of a plan that is not shared."""
