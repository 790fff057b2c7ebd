"""The planner by rules: from a question in English to a plan, by the words of the database and general grammar. It
reads nothing of the database but its vocabulary and the names that LOOKUP finds.

The surest rule comes first: a name that is asked for; edges between things that are named; numbers and groups; rows by
their columns and times. What no rule plans is searched by meaning.
"""

from __future__ import annotations

from rem_arrow.ask import rules_aggregate, rules_graph, rules_lookup, rules_rows, rules_search
from rem_arrow.ask.asked import Asked
from rem_arrow.ask.question import Reading, read
from rem_arrow.ask.staged_plan import Plan

RULES = (rules_lookup.plan, rules_graph.plan, rules_aggregate.plan, rules_rows.plan)


def plan(asked: Asked) -> Plan:
    """Return the plan for a question. Every question has one: a search by meaning where no rule applies."""
    return by_rule(asked) or rules_search.plan(asked, reading(asked))


def by_rule(asked: Asked) -> Plan | None:
    """Return the plan of the first rule that applies to a question."""
    # Each rule reads the question anew: words that one rule accounts for are free for the next.
    plans = (rule(asked, reading(asked)) for rule in RULES)
    return next((p for p in plans if p is not None), None)


def reading(asked: Asked) -> Reading:
    """Return a question that no rule has read yet."""
    return read(asked.text, asked.session, asked.vocabulary, asked.now)
