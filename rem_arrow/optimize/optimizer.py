"""The rules, and the loop that applies them. Each rule is a function plan -> plan in a file of its own name."""

from __future__ import annotations

from rem_arrow.optimize.aggregate_early import aggregate_early
from rem_arrow.optimize.code_keys import code_keys
from rem_arrow.optimize.decorrelate import decorrelate
from rem_arrow.optimize.fold import fold
from rem_arrow.optimize.order_joins import order_joins
from rem_arrow.optimize.prune_columns import prune_columns
from rem_arrow.optimize.push_filter import push_filter
from rem_arrow.optimize.push_semi import push_semi
from rem_arrow.optimize.push_shared import push_shared
from rem_arrow.optimize.restrict_groups import restrict_groups
from rem_arrow.optimize.run_first import run_first
from rem_arrow.optimize.share import share
from rem_arrow.optimize.share_equal import share_equal
from rem_arrow.optimize.strengthen_joins import strengthen_joins
from rem_arrow.optimize.tools import NO_TOOLS, Tools
from rem_arrow.plan.nodes import Relation

# None of these reads data or statistics for correctness: their result may be cached.
RULES = (
    share,
    fold,
    decorrelate,
    strengthen_joins,
    push_filter,
    push_shared,
    fold,
    push_semi,
    order_joins,
    restrict_groups,
    push_filter,
    share_equal,
    aggregate_early,
    prune_columns,
    code_keys,
    run_first,
)


def optimize(plan: Relation, tools: Tools = NO_TOOLS) -> Relation:
    """Apply the rules in order; each must keep the plan's columns, types and order."""
    for rule in RULES:
        rewritten = rule(plan, tools)
        assert list(rewritten.schema.items()) == list(plan.schema.items()), (
            f"{rule.__name__} changed {plan.schema} to {rewritten.schema}"
        )
        plan = rewritten
    return plan
