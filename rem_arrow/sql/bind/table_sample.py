"""TABLESAMPLE and USING SAMPLE: some of the rows of a relation, by a mark on each row and a filter on the mark.

The mark is a window call, `sampled`, since a sample depends on all rows and nothing above may filter them before. Its
arguments are constants: the method, how many rows or percent, and the seed or NULL. Without a method a number of rows
is a reservoir's, and percent are the system's: whole blocks of rows are in or out.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import polars as pl
from sqlglot import exp

from rem_arrow.plan.nodes import BOOLEAN, Column, Filter, Literal, Relation, Window, WindowCall
from rem_arrow.sql.bind.binder import StatementContext
from rem_arrow.sql.text.position import Place, position

ROWS_MAX = 1_000_000_000
_METHODS = ("RESERVOIR", "BERNOULLI", "SYSTEM")


def sampled(context: StatementContext, plan: Relation, holder: exp.Expression) -> Relation:
    """Return `plan`, or what the sample clause of the tree keeps of it. Raises BindError, UnsupportedError."""
    tree = holder.args.get("sample")
    if tree is None:
        return plan
    place = Place(context.text, tree if position(tree)[0] is not None else holder)
    named = tree.args.get("method")
    method = str(named.name).upper() if isinstance(named, exp.Var) else "RESERVOIR"
    if method not in _METHODS:
        raise place.unsupported(f"the method of sampling {method} is not supported; there are {', '.join(_METHODS)}")
    rows, percent = tree.args.get("size"), tree.args.get("percent")
    size = _number(rows if percent is None else percent)
    if size is None:
        raise place.error("the size of a sample is a literal number of rows or percent")
    if percent is not None and size > 100:
        raise place.error(f"a sample takes from 0 to 100 percent, not {size}")
    if percent is None and size > ROWS_MAX:
        raise place.error(f"a sample takes at most {ROWS_MAX:,} rows, not {size:,}")
    if percent is None and method == "BERNOULLI":
        raise place.error(
            "BERNOULLI decides for each row alone: it takes percent, not a number of rows", "Write RESERVOIR instead."
        )
    seed = tree.args.get("seed")
    number = _number(seed) if seed else None
    if seed and (number is None or number != int(number)):
        raise place.error("the seed of a sample is a whole number")
    kind = "ROWS" if percent is None else method
    size = size.quantize(Decimal(1), rounding=ROUND_HALF_UP) if percent is None else size
    args = (
        Literal(kind, pl.String()),
        Literal(float(size), pl.Float64()),
        Literal(None if number is None else int(number), pl.Int64()),
    )
    mark = context.names.fresh("sampled")
    return Filter(Window(plan, ((mark, WindowCall("sampled", args, BOOLEAN)),)), Column(mark, BOOLEAN))


def _number(tree: exp.Expression | None) -> Decimal | None:
    return Decimal(tree.name) if isinstance(tree, exp.Literal) and not tree.is_string else None
