"""Compare texts by their collation: what has one in its type is replaced, wherever values are compared, grouped or
ordered, by what it compares by. Behind this rule no type says how anything compares.

A group shows the text of its first row, and so do min, max and DISTINCT among texts that are equal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import polars as pl

from rem_arrow.base.logical_types import is_collated
from rem_arrow.optimize.tools import NO_TOOLS, Tools
from rem_arrow.plan import types
from rem_arrow.plan.collations import compared, folded, is_collating, joint
from rem_arrow.plan.names import Names
from rem_arrow.plan.nodes import (
    Aggregate,
    AggregateCall,
    Apply,
    Call,
    Column,
    Expr,
    Frame,
    InList,
    Join,
    Literal,
    Project,
    Relation,
    Shared,
    Sort,
    SortKey,
    Window,
    WindowCall,
)
from rem_arrow.plan.walk import all_names, conjunction, every_expr, map_exprs, passed, rebuild, rebuild_expr

# Functions that compare their arguments with each other.
_COMPARING = frozenset(
    ("=", "<>", "<", "<=", ">", ">=", "is_distinct", "like", "ilike", "glob", "contains", "starts_with", "strpos")
    + ("list_contains", "list_position")
)
# The aggregates that show a text, by what they are of a text and a key; and those of a value and a key.
_BY_KEY = {"min": "arg_min", "max": "arg_max"}
_BY = ("arg_min", "arg_max", "arg_min_null", "arg_max_null")
_INT = pl.Int64()


def collate(plan: Relation, tools: Tools = NO_TOOLS) -> Relation:
    """Return the plan with every comparison of collated texts by their collation."""
    if not any(is_collating(e.dtype) for e in every_expr(plan)):
        return plan
    return _Collating(Names(all_names(plan)).fresh).plan(plan)


class _Collating:
    """One run of the rule."""

    def __init__(self, fresh: Callable[[str], str]) -> None:
        self._fresh = fresh
        self._shared: dict[int, Shared] = {}

    def plan(self, plan: Relation) -> Relation:
        if isinstance(plan, Shared) and plan.number in self._shared:
            return self._shared[plan.number]
        node = map_exprs(rebuild(plan, self.plan), self._expr)
        match node:
            case Shared():
                self._shared[node.number] = node
            case Join():
                return replace(node, equals=tuple((self._key(a), self._key(b)) for a, b in node.equals))
            case Apply(kind="in", operand=operand) if operand is not None and is_collating(operand.dtype):
                return self._contained(node, operand)
            case Sort():
                return replace(node, keys=self._order(node.keys))
            case Window():
                return self._window(node)
            case Aggregate():
                return self._groups(node)
        return node

    def _key(self, expr: Expr) -> Expr:
        return compared(expr, self._fresh)

    def _order(self, keys: tuple[SortKey, ...]) -> tuple[SortKey, ...]:
        return tuple(replace(k, expr=self._key(k.expr)) for k in keys)

    def _expr(self, expr: Expr) -> Expr:
        """Return an expression whose comparisons, at any depth, are of what their operands compare by."""
        expr = rebuild_expr(expr, self._expr)
        if isinstance(expr, InList):
            operand, *options = self._alike((expr.operand, *expr.options))
            return replace(expr, operand=operand, options=tuple(options))
        if isinstance(expr, Call) and expr.function in _COMPARING:
            return replace(expr, args=self._alike(expr.args))
        return expr

    def _alike(self, operands: tuple[Expr, ...]) -> tuple[Expr, ...]:
        """Return what the operands of one comparison compare by: one collation says it for all texts."""
        collation = next(iter(joint([o.dtype for o in operands])), None)
        if collation is None:
            return tuple(map(self._key, operands))
        return tuple(folded(o, collation) if types.is_text(o.dtype) else o for o in operands)

    def _contained(self, node: Apply, operand: Expr) -> Relation:
        ((name, dtype),) = node.subquery.schema.items()
        key = (self._fresh("key"), self._key(Column(name, dtype)))
        return replace(node, operand=self._key(operand), subquery=Project(node.subquery, (key,)))

    def _window(self, node: Window) -> Relation:
        calls = []
        for name, call in node.calls:
            function, args = self._called(call.function, call.args, distinct=call.distinct)
            partition = tuple(map(self._key, call.partition))
            order, inner = self._order(call.order), self._order(call.inner)
            frame = None if call.frame is None else self._frame(call.frame)
            new = replace(
                call, function=function, args=args, partition=partition, order=order, inner=inner, frame=frame
            )
            calls.append((name, new))
        return replace(node, calls=tuple(calls))

    def _frame(self, frame: Frame) -> Frame:
        """Return a frame whose current row is where its key is."""
        start, end = (
            b if b.offset is None else replace(b, offset=self._key(b.offset)) for b in (frame.start, frame.end)
        )
        return replace(frame, start=start, end=end)

    def _called(self, function: str, args: tuple[Expr, ...], *, distinct: bool) -> tuple[str, tuple[Expr, ...]]:
        """Return the aggregate, and its arguments, that compares as one of these does."""
        if not args:
            return function, args
        first, *rest = args
        if function in _BY_KEY and is_collated(first.dtype):
            return _BY_KEY[function], (first, self._key(first), *rest)
        if function in _BY and is_collated(rest[0].dtype):
            return function, (first, self._key(rest[0]), *rest[1:])
        if function == "count" and distinct:
            return function, (self._key(first),)
        return function, args

    def _groups(self, node: Aggregate) -> Relation:
        shown = tuple((n, AggregateCall("first", e, e.dtype)) for n, e in node.keys if is_collating(e.dtype))
        keys = tuple((self._fresh("key") if is_collating(e.dtype) else n, self._key(e)) for n, e in node.keys)
        flags: dict[str, WindowCall] = {}
        calls = tuple((n, self._aggregate(c, keys, flags)) for n, c in node.aggregates)
        rows = Window(node.input, tuple(flags.items())) if flags else node.input
        groups = Aggregate(rows, keys, (*shown, *calls))
        return Project(groups, passed(node)) if shown else groups

    def _aggregate(
        self, call: AggregateCall, keys: tuple[tuple[str, Expr], ...], flags: dict[str, WindowCall]
    ) -> AggregateCall:
        """Return the call; what numbers the rows whose arguments are equal goes into `flags`, if it takes the first of
        them only."""
        given = () if call.argument is None else (call.argument, *call.extra)
        function, args = self._called(call.function, given, distinct=call.distinct)
        if given:
            call = replace(call, function=function, argument=args[0], extra=args[1:], order=self._order(call.order))
        if not call.distinct or not any(is_collating(e.dtype) for e in args):
            return call
        where = () if call.where is None else (call.where,)
        among = (*(e for _, e in keys), *map(self._key, args), *where)
        number = Column(self._fresh("row"), _INT)
        flags[number.name] = WindowCall("row_number", (), _INT, among)
        is_first = Call("=", (number, Literal(1, _INT)), pl.Boolean())
        return replace(call, distinct=False, where=conjunction([*where, is_first]))
