"""The rules, by what they read, and the loop that applies them. Each rule is a function in a file of its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from rem_arrow.base.source import Catalog
from rem_arrow.optimize.aggregate_early import aggregate_early
from rem_arrow.optimize.code_keys import code_keys
from rem_arrow.optimize.collate import collate
from rem_arrow.optimize.decorrelate import decorrelate
from rem_arrow.optimize.defer_failing import defer_failing
from rem_arrow.optimize.fix_decimals import fix_decimals
from rem_arrow.optimize.fold import fold
from rem_arrow.optimize.order_joins import order_joins
from rem_arrow.optimize.place_volatile import place_volatile
from rem_arrow.optimize.prune_columns import prune_columns
from rem_arrow.optimize.prune_segments import prune_segments
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
from rem_arrow.running.allowance import current_allowance

# What rules read beside the plan.
Read = TypeVar("Read")

# Rules that read nothing but the plan and the descriptions of tables, and estimates for costs: their result may be kept
# by the statement's text.
RULES = (
    place_volatile,
    share,
    collate,
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
    defer_failing,
)

# Rules that read the bounds of columns, on which what is correct depends: their result may be kept for as long as the
# tables' parts are the same.
DATA_RULES = (fix_decimals,)

# Rules that read the values of parameters: their result holds for one execution.
VALUE_RULES = (prune_segments,)


def optimize(plan: Relation, tools: Tools = NO_TOOLS) -> Relation:
    """Apply RULES in order; each must keep the plan's columns, types and order."""
    return _applied(RULES, plan, tools)


def optimize_for_data(plan: Relation, catalog: Catalog) -> Relation:
    """Apply DATA_RULES to a plan that is optimized."""
    return _applied(DATA_RULES, plan, catalog)


def optimize_for_values(plan: Relation, values: Mapping[str, object]) -> Relation:
    """Apply VALUE_RULES to a plan that is optimized for the data: at each execution, so only the names are compared."""
    for rule in VALUE_RULES:
        current_allowance().check()
        rewritten = rule(plan, values)
        assert list(rewritten.schema) == list(plan.schema), f"{rule.__name__} changed {plan.schema}"
        plan = rewritten
    return plan


def _applied(rules: Sequence[Callable[[Relation, Read], Relation]], plan: Relation, read: Read) -> Relation:
    for rule in rules:
        current_allowance().check()
        rewritten = rule(plan, read)
        assert list(rewritten.schema.items()) == list(plan.schema.items()), (
            f"{rule.__name__} changed {plan.schema} to {rewritten.schema}"
        )
        plan = rewritten
    return plan
