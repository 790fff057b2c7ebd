"""What computing twice would change: volatile functions, samples without a seed, and rows that are cut off anywhere.

A function is volatile by its entry in the catalog; expressions and plans that hold one are so too. The rule
`place_volatile` makes a column of each call, before any other rule. So these need not look into expressions: what holds
of a window call holds of it, no condition passes it. A rule that would compute a plan twice asks `is_repeatable`, and
makes a Shared of what is not. The time is no volatile function but a parameter: see statement_time.py.
"""

from __future__ import annotations

from rem_arrow.plan.functions import SCALAR
from rem_arrow.plan.nodes import Call, Expr, Limit, Literal, Relation, Window, WindowCall
from rem_arrow.plan.statement_time import NOW
from rem_arrow.plan.walk import children, expr_children, exprs_of

# Volatile functions of which it is seen for how many rows they were computed.
NUMBERING = frozenset(("nextval", "currval"))


def is_volatile_function(name: str) -> bool:
    """Say whether a scalar function of the catalog is volatile; names that are not in it are not."""
    function = SCALAR.get(name)
    return function is not None and function.volatile


def is_volatile(expr: Expr) -> bool:
    """Say whether computing an expression twice may give two values."""
    return (isinstance(expr, Call) and is_volatile_function(expr.function)) or any(
        map(is_volatile, expr_children(expr))
    )


def varies(expr: Expr) -> bool:
    """Say whether an expression may have another value in another statement: it is volatile, or reads the time."""
    return expr == NOW or is_volatile(expr) or any(map(varies, expr_children(expr)))


def is_volatile_call(call: WindowCall) -> bool:
    """Say whether a window call is one of a volatile function, or a sample without a seed."""
    if call.function == "sampled":
        return isinstance(call.args[-1], Literal) and call.args[-1].value is None
    return is_volatile_function(call.function)


def is_volatile_node(plan: Relation) -> bool:
    """Say whether a node by itself, its inputs left aside, gives other values each time."""
    return (isinstance(plan, Window) and any(is_volatile_call(c) for _, c in plan.calls)) or any(
        map(is_volatile, exprs_of(plan))
    )


def is_repeatable(plan: Relation) -> bool:
    """Say whether a plan gives the same rows each time that it is computed. Which rows a LIMIT leaves is not said
    where the order does not say it."""
    return not isinstance(plan, Limit) and not is_volatile_node(plan) and all(map(is_repeatable, children(plan)))
