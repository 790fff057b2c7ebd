"""Numbers for parts of a plan that several readers share."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from rem_arrow.plan.nodes import Relation, Shared
from rem_arrow.plan.walk import children


def fresh_numbers(plan: Relation) -> Iterator[int]:
    """Return numbers that no Shared in a plan has."""
    last, todo = 0, [plan]
    while todo:
        node = todo.pop()
        last = max(last, node.number) if isinstance(node, Shared) else last
        todo += children(node)
    return count(last + 1)
