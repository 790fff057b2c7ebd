"""Compute what is constant, simplify what that decides, and cut off what can have no rows."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from rem_arrow.optimize.tools import NO_TOOLS, Tools
from rem_arrow.plan.nodes import (
    FALSE,
    TRUE,
    Aggregate,
    And,
    Apply,
    Call,
    Case,
    Cast,
    Column,
    Expr,
    Filter,
    InList,
    Join,
    Limit,
    Literal,
    Or,
    Parameter,
    Project,
    Relation,
    Sort,
    Union,
    Unnest,
    Values,
    Window,
)
from rem_arrow.plan.volatility import is_volatile
from rem_arrow.plan.walk import conjunction, conjuncts, disjunction, expr_children, map_exprs, rebuild, rebuild_expr

# NULL if an argument is, whatever the others: they are not computed, and do not fail.
_NULL_OF_NULL = frozenset(
    {
        "+",
        "-",
        "*",
        "/",
        "//",
        "%",
        "=",
        "<>",
        "<",
        "<=",
        ">",
        ">=",
        "negate",
        "abs",
        "&",
        "|",
        "xor",
        "<<",
        ">>",
        "gcd",
        "lcm",
    }
)


def fold(plan: Relation, tools: Tools = NO_TOOLS) -> Relation:
    """Return the plan with constants computed and branches without rows removed."""
    plan = rebuild(plan, lambda p: fold(p, tools))
    return _without_empty(map_exprs(plan, lambda e: fold_expr(e, tools)))


def fold_expr(expr: Expr, tools: Tools) -> Expr:
    """Return the expression with its constant parts computed."""
    if isinstance(expr, (Column, Literal, Parameter)):
        return expr
    expr = rebuild_expr(expr, lambda e: fold_expr(e, tools))
    match expr:
        case And():
            return _and(expr)
        case Or():
            return _or(expr)
        case Case():
            return _case(expr)
        case Call(function="coalesce", args=(Literal(value=value) as first, *_)) if value is not None:
            return first
        case Call(function=function) if function in _NULL_OF_NULL and any(
            isinstance(a, Literal) and a.value is None for a in expr.args
        ):
            return Literal(None, expr.dtype)
        case Call() | Cast() | InList() if all(_is_constant(c) for c in expr_children(expr)):
            return _constant(expr, tools)
        case _:
            return expr


def _constant(expr: Expr, tools: Tools) -> Expr:
    if (
        (isinstance(expr, Call) and not expr.args)
        or is_volatile(expr)
        or expr.dtype.is_nested()
        or isinstance(expr.dtype, pl.Null)
    ):
        return expr
    value = tools.evaluate(expr)
    return expr if value is None else value


def _is_constant(expr: Expr) -> bool:
    """Say whether an expression is a literal, or a list or struct of literals, which has no literal of its own."""
    nested = isinstance(expr, Call) and not is_volatile(expr) and expr.dtype.is_nested()
    return isinstance(expr, Literal) or (nested and all(_is_constant(c) for c in expr_children(expr)))


def _and(expr: And) -> Expr:
    operands = [o for o in dict.fromkeys(expr.operands) if o != TRUE]
    if FALSE in operands:
        return FALSE
    if len(operands) == len(expr.operands):
        return expr
    return TRUE if not operands else operands[0] if len(operands) == 1 else replace(expr, operands=tuple(operands))


def _or(expr: Or) -> Expr:
    operands = [o for o in dict.fromkeys(expr.operands) if o != FALSE]
    if TRUE in operands:
        return TRUE
    return FALSE if not operands else operands[0] if len(operands) == 1 else _factored(expr, operands)


def _factored(whole: Or, operands: list[Expr]) -> Expr:
    """`(a AND b) OR (a AND c)` is `a AND (b OR c)`: what holds in every branch can move on, or become the key of a
    join."""
    branches = [conjuncts(o) for o in operands]
    common = [c for c in branches[0] if all(c in b for b in branches[1:])]
    if not common:
        joined = disjunction(operands)
        return whole if joined == whole else joined
    rest = [[c for c in b if c not in common] for b in branches]
    if not all(rest):
        return conjunction(common)
    return And((*common, disjunction([conjunction(r) for r in rest])))


def _case(expr: Case) -> Expr:
    branches: list[tuple[Expr, Expr]] = []
    for condition, value in expr.branches:
        if condition == TRUE:
            return value if not branches else replace(expr, branches=tuple(branches), otherwise=value)
        if not (isinstance(condition, Literal) and not condition.value):
            branches.append((condition, value))
    if len(branches) == len(expr.branches):
        return expr
    return replace(expr, branches=tuple(branches)) if branches else expr.otherwise


def _without_empty(plan: Relation) -> Relation:
    """Return a plan of no rows as Values without rows."""
    match plan:
        case Filter() if plan.condition == TRUE:
            return plan.input
        case Filter() if isinstance(plan.condition, Literal):
            return _nothing(plan)
        case Limit() if isinstance(plan.count, Literal) and plan.count.value == 0:
            return _nothing(plan)
        case Filter() | Project() | Sort() | Limit() | Window() | Unnest() if is_empty(plan.input):
            return _nothing(plan)
        case Aggregate() if plan.keys and is_empty(plan.input):
            return _nothing(plan)
        case Join():
            return _join(plan)
        case Apply() if is_empty(plan.input):
            return _nothing(plan)
        case Union():
            return _union(plan)
        case _:
            return plan


def _join(plan: Join) -> Relation:
    left, right = is_empty(plan.left), is_empty(plan.right)
    both = left and right
    gone = {
        "inner": left or right,
        "left": left,
        "right": right,
        "full": both,
        "semi": left or right,
        "anti": left,
        "asof": left,
        "positional": both,
    }[plan.kind]
    if gone:
        return _nothing(plan)
    return plan.left if plan.kind == "anti" and right else plan


def _union(plan: Union) -> Relation:
    inputs = [i for i in plan.inputs if not is_empty(i)]
    if len(inputs) == len(plan.inputs):
        return plan
    if not inputs:
        return _nothing(plan)
    if len(inputs) > 1:
        # The columns are named as in the first input.
        first = _named(inputs[0], plan)
        return Union((first, *inputs[1:]))
    return _named(inputs[0], plan)


def _named(branch: Relation, plan: Union) -> Relation:
    if list(branch.schema) == list(plan.schema):
        return branch
    return Project(
        branch, tuple((o, Column(n, t)) for o, (n, t) in zip(plan.schema, branch.schema.items(), strict=True))
    )


def is_empty(plan: Relation) -> bool:
    """Say whether a plan is known to have no rows."""
    return isinstance(plan, Values) and not plan.rows


def _nothing(plan: Relation) -> Values:
    return Values(tuple(plan.schema.items()), ())
