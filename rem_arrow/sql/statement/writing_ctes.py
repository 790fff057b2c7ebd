"""WITH whose CTEs write: `WITH x AS (INSERT ... RETURNING ...) ...` to the writes and the statement after them.

Each such CTE keeps its name and place in WITH, and reads a frame that holds the rows that its statement returned. So
every statement sees the CTEs before its own, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from sqlglot import exp

from rem_arrow.sql.statement.identifiers import refuse
from rem_arrow.sql.statement.statement import RowWriting, Select, Statement, WritingCtes

_WRITES = (exp.Insert, exp.Update, exp.Delete, exp.Merge)
# No name of a user has this character.
_FRAME = "\x00written"


def writes_in_with(tree: exp.Expression) -> bool:
    """Say whether a CTE of the WITH of a statement writes."""
    clause = tree.args.get("with_")
    return clause is not None and any(isinstance(cte.this, _WRITES) for cte in clause.expressions)


def writing_ctes(tree: exp.Expression, text: str, classify: Callable[[exp.Expression, str], Statement]) -> WritingCtes:
    """Return the writes, and the statement after them. Raises UnsupportedError with the position."""
    clause = tree.args["with_"]
    writes: list[tuple[str, RowWriting]] = []
    before: list[exp.Expression] = []
    for cte in clause.expressions:
        cte = cte.copy()
        if isinstance(cte.this, _WRITES):
            if clause.args.get("recursive"):
                raise refuse("a CTE that writes cannot stand in WITH RECURSIVE", cte.this, text)
            frame = f"{_FRAME}{len(writes)}"
            writes.append((frame, cast(RowWriting, classify(_after(cte.this, before), text))))
            cte.set("this", exp.select("*").from_(exp.Table(this=exp.to_identifier(frame, quoted=True))))
        before.append(cte)
    tree = tree.copy()
    tree.set("with_", exp.With(expressions=before, recursive=clause.args.get("recursive")))
    return WritingCtes(tuple(writes), cast("Select | RowWriting", classify(tree, text)))


def _after(tree: exp.Expression, ctes: list[exp.Expression]) -> exp.Expression:
    """Return the statement of a CTE after the CTEs before it, and its own."""
    own = tree.args.get("with_")
    tree = tree.copy()
    if ctes or own is not None:
        inner = [] if own is None else own.expressions
        recursive = own is not None and own.args.get("recursive")
        tree.set("with_", exp.With(expressions=[c.copy() for c in (*ctes, *inner)], recursive=recursive))
    return tree
