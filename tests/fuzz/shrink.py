"""A finding made small: parts of its tree go, one after another, for as long as the same kind of finding stays."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from tests.fuzz.oracle import Finding

_TIME_S = 20
_PARTS = ("where", "having", "qualify", "order", "limit", "offset", "distinct", "with_", "joins", "group")


def shrink(finding: Finding, again: Callable[[str], Finding | None], time_s: float = _TIME_S) -> Finding:
    """Return the smallest text found within the time that has a finding of the same kind."""
    deadline = time.monotonic() + time_s
    smallest = finding
    progress = True
    while progress and time.monotonic() < deadline:
        progress = False
        for text in _smaller(smallest.text):
            if time.monotonic() > deadline:
                break
            if not text or len(text) >= len(smallest.text):
                continue
            found = again(text)
            if found is not None and found.cause == finding.cause:
                smallest, progress = found, True
                break
    return smallest


def _smaller(text: str) -> Iterator[str]:
    try:
        tree = sqlglot.parse_one(text, dialect="duckdb")
    except SqlglotError:
        return
    count = len(list(tree.walk()))
    for i in range(count):
        yield from _without(tree, i)


def _without(tree: exp.Expression, place: int) -> Iterator[str]:
    """Yield the tree with its node at `place` made smaller in each way."""
    node = list(tree.walk())[place]
    for part in _PARTS:
        if node.args.get(part) and isinstance(node, (exp.Select, exp.SetOperation)):
            yield _text(tree, place, lambda n, p=part: n.set(p, None))
    if isinstance(node, exp.SetOperation):
        yield _text(tree, place, lambda n: n.replace(n.this.copy()), node.this)
        yield _text(tree, place, lambda n: n.replace(n.expression.copy()), node.expression)
    if isinstance(node, exp.Select):
        for i in range(len(node.expressions) if len(node.expressions) > 1 else 0):
            yield _text(tree, place, lambda n, i=i: n.expressions[i].pop())
        for i in range(len(node.args.get("joins") or [])):
            yield _text(tree, place, lambda n, i=i: n.args["joins"][i].pop())
    elif isinstance(node, exp.Condition) and not isinstance(node, (exp.Column, exp.Literal, exp.Identifier)):
        for child in [
            c
            for c in node.iter_expressions()
            if isinstance(c, exp.Condition) and not isinstance(c, (exp.Identifier, exp.If))
        ]:
            yield _text(tree, place, lambda n, c=child: n.replace(c.copy()), child)
        for plain in ("NULL", "1", "TRUE"):
            yield _text(tree, place, lambda n, p=plain: n.replace(sqlglot.parse_one(p)), exp.Null())


def _text(
    tree: exp.Expression, place: int, edit: Callable[[exp.Expression], object], root: exp.Expression | None = None
) -> str:
    copy = tree.copy()
    node = list(copy.walk())[place]
    try:
        if node is copy and root is not None:
            return root.sql(dialect="duckdb")
        edit(node)
        return copy.sql(dialect="duckdb")
    except (SqlglotError, ValueError, TypeError, AttributeError, KeyError):
        # The edit made a tree that is no query.
        return ""
