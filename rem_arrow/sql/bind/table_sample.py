"""TABLESAMPLE and USING SAMPLE: some of the rows of a relation, by a mark on each row and a filter on the mark.

The mark is a window call, `sampled`, since a sample depends on all rows and nothing above may filter them before. Its
arguments are constants: the method, how many rows or percent, and the seed or NULL. Without a method a number of rows
is a reservoir's, and percent are the system's: whole blocks of rows are in or out.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import polars as pl
from sqlglot import exp

from rem_arrow.errors import BindError, UnsupportedError
from rem_arrow.plan.names import Names
from rem_arrow.plan.nodes import BOOLEAN, Column, Filter, Literal, Relation, Window, WindowCall
from rem_arrow.sql.text.parser import position

ROWS_MAX = 1_000_000_000
_METHODS = ("RESERVOIR", "BERNOULLI", "SYSTEM")


def sampled(plan: Relation, holder: exp.Expression, names: Names, text: str) -> Relation:
    """Return `plan`, or what the sample clause of the tree keeps of it. Raises BindError, UnsupportedError."""
    tree = holder.args.get("sample")
    if tree is None:
        return plan
    place = position(tree) if position(tree)[0] is not None else position(holder)
    named = tree.args.get("method")
    method = str(named.name).upper() if isinstance(named, exp.Var) else "RESERVOIR"
    if method not in _METHODS:
        raise UnsupportedError(
            f"the method of sampling {method} is not supported; there are {', '.join(_METHODS)}", text, *place
        )
    rows, percent = tree.args.get("size"), tree.args.get("percent")
    size = _number(rows if percent is None else percent)
    if size is None:
        raise BindError("a sample takes a number of rows or percent that stands here as such", text, *place)
    if percent is not None and size > 100:
        raise BindError(f"a sample takes from 0 to 100 percent, not {size}", text, *place)
    if percent is None and size > ROWS_MAX:
        raise BindError(f"a sample takes at most {ROWS_MAX:,} rows, not {size:,}", text, *place)
    if percent is None and method == "BERNOULLI":
        raise BindError(
            "BERNOULLI decides for each row alone: it takes percent, not a number of rows",
            text,
            *place,
            hint="Write RESERVOIR instead.",
        )
    seed = tree.args.get("seed")
    number = _number(seed) if seed else None
    if seed and (number is None or number != int(number)):
        raise BindError("the seed of a sample is a whole number", text, *place)
    kind = "ROWS" if percent is None else method
    size = size.quantize(Decimal(1), rounding=ROUND_HALF_UP) if percent is None else size
    args = (
        Literal(kind, pl.String()),
        Literal(float(size), pl.Float64()),
        Literal(None if number is None else int(number), pl.Int64()),
    )
    mark = names.fresh("sampled")
    return Filter(Window(plan, ((mark, WindowCall("sampled", args, BOOLEAN)),)), Column(mark, BOOLEAN))


def _number(tree: exp.Expression | None) -> Decimal | None:
    return Decimal(tree.name) if isinstance(tree, exp.Literal) and not tree.is_string else None
