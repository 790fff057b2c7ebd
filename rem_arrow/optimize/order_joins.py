"""Order inner joins by cost: the sum of the rows that they make on the way.

Up to ten tables every order of joins along the conditions is weighed, by dynamic programming over sets of tables;
beyond that the pair that makes the fewest rows is joined again and again. A cross product comes last, where nothing
else is left.

Source: Moerkotte and Neumann, "Analysis of Two Existing and One New Dynamic Programming Algorithm", VLDB 2006.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TypeGuard

from rem_arrow.optimize.estimate import Estimates
from rem_arrow.optimize.tools import NO_TOOLS, Tools
from rem_arrow.plan.nodes import BOOLEAN, Call, Column, Expr, Filter, Join, Project, Relation
from rem_arrow.plan.walk import columns_of, conjunction, conjuncts, equality, passed, rebuild

EXHAUSTIVE_MAX = 10
_PAIRS_MAX = 20_000


def order_joins(plan: Relation, tools: Tools = NO_TOOLS) -> Relation:
    """Return the plan with its chains of inner joins reordered; the columns keep their order."""
    return _order(plan, Estimates(tools.catalog))


def _order(plan: Relation, estimates: Estimates) -> Relation:
    if not _is_plain(plan):
        return rebuild(plan, lambda p: _order(p, estimates))
    leaves: list[Relation] = []
    conditions: list[Expr] = []
    _flatten(plan, leaves, conditions)
    ordered = _Chain([_order(leaf, estimates) for leaf in leaves], conditions, estimates).best()
    if list(ordered.schema) == list(plan.schema):
        return ordered
    return Project(ordered, passed(plan))


def _is_plain(plan: Relation) -> TypeGuard[Join]:
    return isinstance(plan, Join) and plan.kind == "inner" and not plan.nulls_equal


def _flatten(plan: Relation, leaves: list[Relation], conditions: list[Expr]) -> None:
    if _is_plain(plan):
        _flatten(plan.left, leaves, conditions)
        _flatten(plan.right, leaves, conditions)
        conditions += [Call("=", pair, BOOLEAN) for pair in plan.equals]
        if plan.residual is not None:
            conditions += conjuncts(plan.residual)
    elif (
        isinstance(plan, Project)
        and all(isinstance(e, Column) and e.name == n for n, e in plan.outputs)
        and _is_plain(plan.input)
    ):
        # Only drops columns: the projection at the end does so again.
        _flatten(plan.input, leaves, conditions)
    else:
        leaves.append(plan)


@dataclass(slots=True)
class _Tree:
    """A way to join a set of tables: its cost, and its rows."""

    plan: Relation
    rows: float
    cost: float
    applied: frozenset[int]


class _Chain:
    """Tables and the conditions between them."""

    def __init__(self, leaves: list[Relation], conditions: list[Expr], estimates: Estimates) -> None:
        self.leaves, self.conditions, self.estimates = leaves, conditions, estimates
        owner = {name: i for i, leaf in enumerate(leaves) for name in leaf.schema}
        # The tables that each condition needs, as bits.
        self.needs = [sum(1 << i for i in {owner[n] for n in columns_of(c) if n in owner}) for c in conditions]
        self.neighbors = [0] * len(leaves)
        for condition, need in zip(conditions, self.needs, strict=True):
            if isinstance(condition, Call) and condition.function == "=" and need.bit_count() == 2:
                for i in range(len(leaves)):
                    if need >> i & 1:
                        self.neighbors[i] |= need & ~(1 << i)

    def best(self) -> Relation:
        trees = {1 << i: _Tree(leaf, self.estimates.rows(leaf), 0.0, frozenset()) for i, leaf in enumerate(self.leaves)}
        done: list[tuple[int, _Tree]] = []
        for component in self._components():
            if component.bit_count() <= EXHAUSTIVE_MAX:
                done.append((component, self._exhaustive(component, trees)))
            else:
                done.append((component, self._greedy(component, trees)))
        while len(done) > 1:
            # What no equality ties together is multiplied, the smallest first.
            done.sort(key=lambda d: d[1].rows)
            (a, x), (b, y) = done[0], done[1]
            done[:2] = [(a | b, self._join(a, x, b, y))]
        _, tree = done[0]
        rest = [c for i, c in enumerate(self.conditions) if i not in tree.applied]
        return Filter(tree.plan, conjunction(rest)) if rest else tree.plan

    def _components(self) -> list[int]:
        components, left = [], (1 << len(self.leaves)) - 1
        while left:
            component = left & -left
            while (grown := component | self._around(component)) != component:
                component = grown
            components.append(component)
            left &= ~component
        return components

    def _around(self, members: int) -> int:
        around = 0
        for i in range(len(self.leaves)):
            if members >> i & 1:
                around |= self.neighbors[i]
        return around & ~members

    def _exhaustive(self, component: int, trees: dict[int, _Tree]) -> _Tree:
        """Of every connected set the cheapest tree, from the cheapest trees of two connected parts."""
        places = [i for i in range(len(self.leaves)) if component >> i & 1]
        cheapest = {m: t for m, t in trees.items() if m & component}
        for size in range(2, len(places) + 1):
            for chosen in combinations(places, size):
                members = sum(1 << i for i in chosen)
                best = None
                part = (members - 1) & members
                while part:
                    other = members ^ part
                    if part > other and part in cheapest and other in cheapest and self._around(part) & other:
                        best = self._better(best, part, cheapest[part], other, cheapest[other])
                    part = (part - 1) & members
                if best is not None:
                    cheapest[members] = best
        return cheapest[component]

    def _better(self, best: _Tree | None, a: int, x: _Tree, b: int, y: _Tree) -> _Tree:
        if best is not None and x.cost + y.cost >= best.cost:
            return best
        tree = self._join(a, x, b, y)
        return tree if best is None or tree.cost < best.cost else best

    def _greedy(self, component: int, trees: dict[int, _Tree]) -> _Tree:
        parts = [(m, t) for m, t in trees.items() if m & component]
        while len(parts) > 1:
            candidates = [
                (i, j) for i, j in combinations(range(len(parts)), 2) if self._around(parts[i][0]) & parts[j][0]
            ]
            joined = {(i, j): self._join(*parts[i], *parts[j]) for i, j in candidates[:_PAIRS_MAX]}
            i, j = min(joined, key=lambda pair: joined[pair].rows)
            parts = [p for k, p in enumerate(parts) if k not in (i, j)] + [(parts[i][0] | parts[j][0], joined[i, j])]
        return parts[0][1]

    def _join(self, a: int, x: _Tree, b: int, y: _Tree) -> _Tree:
        """Join two trees, the larger on the left, by all conditions that become possible."""
        if x.rows < y.rows:
            a, x, b, y = b, y, a, x
        members = a | b
        applied = x.applied | y.applied
        ready = [i for i, need in enumerate(self.needs) if i not in applied and need & ~members == 0]
        pairs, rest = [], []
        for i in ready:
            pair = equality(self.conditions[i], x.plan, y.plan)
            if pair is None:
                rest.append(self.conditions[i])
            else:
                pairs.append(pair)
        plan = Join("inner", x.plan, y.plan, tuple(pairs), conjunction(rest) if rest else None)
        rows = self.estimates.rows(plan)
        return _Tree(plan, rows, x.cost + y.cost + rows + y.rows, applied | frozenset(ready))
