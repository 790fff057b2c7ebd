"""A plan as stable text, one node a line, inputs indented below."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, assert_never

from rem_arrow.base.source import ROWID
from rem_arrow.plan.nodes import (
    Aggregate,
    AggregateCall,
    And,
    Apply,
    Bound,
    Call,
    Case,
    Cast,
    Column,
    Expr,
    Filter,
    Hit,
    Index,
    InList,
    Join,
    Lambda,
    Limit,
    Literal,
    Or,
    Parameter,
    Project,
    Recursive,
    Relation,
    Scan,
    Search,
    Shared,
    Sort,
    SortKey,
    Union,
    Unnest,
    Values,
    Variable,
    Window,
    WindowCall,
    Working,
)
from rem_arrow.plan.statement_time import NOW
from rem_arrow.plan.volatility import is_volatile_function
from rem_arrow.plan.walk import children


class Step(NamedTuple):
    """One step of a plan.

    Attributes:
        depth: 0 is the last step, which gives the result; its inputs stand below it, one deeper.
        text: the step in words; the first word is its kind.
        note: remarks, such as how many rows it may give.
        rows: that it gave; None unless the plan was run.
        ms: its own milliseconds, without its inputs'.
        estimate: the rows that it was expected to give; None unless the plan was run.
    """

    depth: int
    text: str
    note: str = ""
    rows: int | None = None
    ms: float | None = None
    estimate: int | None = None


def explain(plan: Relation, note: Callable[[Relation], str] = lambda _: "") -> str:
    """Return the tree as text; `note` adds a remark to a node."""
    return as_text(steps(plan, note))


def as_text(tree: Sequence[Step]) -> str:
    """Return steps as text, one a line."""
    return "\n".join("  " * s.depth + s.text + (f"  [{s.note}]" if s.note else "") for s in tree)


def steps(
    plan: Relation,
    note: Callable[[Relation], str],
    measured: Callable[[Relation], tuple[int, float] | None] = lambda _: None,
    estimate: Callable[[Relation], int | None] = lambda _: None,
) -> list[Step]:
    """Return the nodes, each before its inputs; `measured` gives rows and seconds of one, `estimate` the rows that it
    was expected to give."""
    lines: list[Step] = []

    def visit(node: Relation, depth: int) -> None:
        rows, seconds = measured(node) or (None, None)
        lines.append(
            Step(
                depth,
                describe(node).replace(ROWID, "rowid"),
                note(node),
                rows,
                None if seconds is None else seconds * 1000,
                estimate(node),
            )
        )
        for child in children(node):
            visit(child, depth + 1)

    visit(plan, 0)
    return lines


# Its complexity is the number of nodes: one arm for each, over a closed set.
def describe(plan: Relation) -> str:
    """Return one node as one line."""
    match plan:
        case Scan():
            return _scan(plan)
        case Values():
            return f"Values ({len(plan.rows)} rows)"
        case Filter():
            return f"Filter {text(plan.condition)}"
        case Project():
            return "Project " + ", ".join(
                n if isinstance(e, Column) and e.name == n else f"{text(e)} AS {n}" for n, e in plan.outputs
            )
        case Join():
            return _join(plan)
        case Aggregate():
            calls = [_aggregate(c) for _, c in plan.aggregates]
            keys = ", ".join(text(e) for _, e in plan.keys)
            return f"Aggregate {', '.join(calls)}" + (f" BY {keys}" if keys else "")
        case Sort():
            return "Sort " + ", ".join(map(_sort_key, plan.keys))
        case Limit():
            offset = f" OFFSET {text(plan.offset)}" if plan.offset is not None else ""
            return f"Limit {text(plan.count) if plan.count is not None else 'none'}{offset}"
        case Union():
            return "Union all"
        case Window():
            return "Window " + ", ".join(map(_window, (c for _, c in plan.calls)))
        case Unnest():
            return "Unnest " + ", ".join(text(e) for _, e in plan.outputs)
        case Apply():
            operand = f" {text(plan.operand)}" if plan.operand is not None else ""
            return f"Apply {plan.kind}{operand}" + (f" ON {text(plan.condition)}" if plan.condition is not None else "")
        case Recursive():
            return f"Recursive {plan.name}" + (f" by {', '.join(plan.keys)}" if plan.keys else "")
        case Shared():
            return f"Shared {plan.number}"
        case Search():
            return "Search " + ", ".join(map(_search, plan.hits))
        case Index():
            return _index(plan)
        case Working():
            return f"Working {plan.name}" + (", all rows" if plan.whole else "")
        case _:
            assert_never(plan)


_NUL = "\0"


def _scan(plan: Scan) -> str:
    ranges = "".join(f", {r.column} in [{_shown(r.low)}, {_shown(r.high)}]" for r in plan.skips.ranges)
    columns = ", ".join(f"{c} as codes" if n in plan.coded else c for n, c, _ in plan.columns)
    # What follows a NUL tells sources apart that are not the database's.
    return f"Scan {plan.source.partition(_NUL)[0] or plan.source} ({columns}{ranges})"


def _search(hit: Hit) -> str:
    least = "" if hit.least is None else f", min_score {text(hit.least)}"
    reranked = f", reranked by {hit.reranker}" if hit.reranker else ""
    return f"{hit.source}.{hit.column} by {hit.metric}, k {text(hit.k)}{least}{reranked}"


def _join(plan: Join) -> str:
    same = "IS" if plan.nulls_equal else "="
    conditions = [f"{text(a)} {same} {text(b)}" for a, b in plan.equals]
    if plan.residual is not None:
        conditions.append(text(plan.residual))
    first = f", {plan.first} side first" if plan.first else ""
    return f"Join {plan.kind}{first}" + (f" ON {' AND '.join(conditions)}" if conditions else "")


def _index(plan: Index) -> str:
    columns = ", ".join(column for _, column, _ in plan.columns)
    options = [*(f"{n} => {text(e)}" for n, e in plan.options), *(f"{n} => (query)" for n in plan.named)]
    return f"Index {plan.function} ({columns})" + (f" {', '.join(options)}" if options else "")


def text(expr: Expr) -> str:
    """Return an expression as text, much like the SQL that it came from."""
    match expr:
        case Column() | Variable():
            return expr.name
        case Lambda():
            return f"lambda {', '.join(v.name for v in expr.variables)}: {text(expr.body)}"
        case Literal():
            return _shown(expr.value)
        case Parameter():
            if expr == NOW:
                return expr.name
            # Of what is made of a text or a parameter when the statement runs, that text or parameter.
            shown = re.split("[\x00\x01]", expr.name)[-1]
            return f"${expr.name}" if shown == expr.name else f"${shown[1:]}" if shown[:1] == "p" else f"'{shown[1:]}'"
        case Call():
            args = [text(a) for a in expr.args]
            return (
                f"({args[0]} {expr.function} {args[1]})"
                if not expr.function[0].isalpha() and len(args) == 2
                else f"{expr.function}({', '.join(args)})"
            )
        case Cast():
            return f"CAST({text(expr.operand)} AS {expr.dtype})"
        case Case():
            return (
                "CASE "
                + " ".join(f"WHEN {text(c)} THEN {text(v)}" for c, v in expr.branches)
                + f" ELSE {text(expr.otherwise)} END"
            )
        case InList():
            return f"{text(expr.operand)} IN ({', '.join(map(text, expr.options))})"
        case And():
            return "(" + " AND ".join(map(text, expr.operands)) + ")"
        case Or():
            return "(" + " OR ".join(map(text, expr.operands)) + ")"
        case _:
            assert_never(expr)


def _aggregate(call: AggregateCall) -> str:
    args = "*" if call.argument is None else ", ".join(map(text, (call.argument, *call.extra)))
    where = f" FILTER (WHERE {text(call.where)})" if call.where is not None else ""
    order = f" ORDER BY {', '.join(map(_sort_key, call.order))}" if call.order else ""
    return f"{call.function}({'DISTINCT ' if call.distinct else ''}{args}{order}){where}"


def _sort_key(key: SortKey) -> str:
    return text(key.expr) + (" DESC" if key.descending else "") + ("" if key.nulls_last else " NULLS FIRST")


def _window(call: WindowCall) -> str:
    parts = []
    if call.partition:
        parts.append("PARTITION BY " + ", ".join(map(text, call.partition)))
    if call.order:
        parts.append("ORDER BY " + ", ".join(map(_sort_key, call.order)))
    if call.frame is not None:
        exclude = f" EXCLUDE {call.frame.exclude.upper()}" if call.frame.exclude else ""
        parts.append(
            f"{call.frame.unit.upper()} BETWEEN {_bound(call.frame.start)} AND {_bound(call.frame.end)}{exclude}"
        )
    where = f" FILTER (WHERE {text(call.where)})" if call.where is not None else ""
    inner = f" ORDER BY {', '.join(map(_sort_key, call.inner))}" if call.inner else ""
    shown = f"{call.function}({'DISTINCT ' if call.distinct else ''}{', '.join(map(text, call.args))}{inner}){where}"
    return shown if is_volatile_function(call.function) else f"{shown} OVER ({' '.join(parts)})"


def _bound(bound: Bound) -> str:
    return (
        f"{'UNBOUNDED' if bound.offset is None else text(bound.offset)} "
        f"{'FOLLOWING' if bound.following else 'PRECEDING'}"
    )


def _shown(value: object) -> str:
    return "NULL" if value is None else f"'{value}'" if isinstance(value, str) else str(value)
