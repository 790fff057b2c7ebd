"""`x COLLATE c`: the text in a type that says how it compares."""

from __future__ import annotations

from sqlglot import exp

from rem_arrow.base.datatypes import sql_name
from rem_arrow.plan import types
from rem_arrow.plan.nodes import Cast, Expr, Literal
from rem_arrow.sql.bind.binder import ExprBinder
from rem_arrow.sql.text.collation_names import collated_type


def collate(binder: ExprBinder, tree: exp.Expression) -> Expr:
    """Bind COLLATE. Raises BindError for what is no text, UnsupportedError for a name that is unknown."""
    operand, dtype = binder.bind(tree.this), collated_type(tree.expression, binder.text)
    if not types.is_plain_text(operand.dtype):
        raise binder.error(f"COLLATE stands behind a VARCHAR, and this is {sql_name(operand.dtype)}", tree)
    if operand.dtype == dtype:
        return operand
    return Literal(operand.value, dtype) if isinstance(operand, Literal) else Cast(operand, dtype)
