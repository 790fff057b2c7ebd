"""Options in SQL text, such as HEADER true or types = {'a': 'INTEGER'}, as values of Python."""

from __future__ import annotations

from sqlglot import exp

from rem_arrow.base.errors import UnsupportedError
from rem_arrow.sql.text.position import position


def option_value(tree: exp.Expression | None, text: str) -> object:
    """Return a bool, number, text, list or dict; an option without a value is True. Raises UnsupportedError."""
    match tree:
        case None:
            return True
        case exp.Boolean():
            return bool(tree.this)
        case exp.Null():
            return None
        case exp.Literal() if tree.is_string:
            return str(tree.this)
        case exp.Literal():
            return int(tree.this) if str(tree.this).isdigit() else float(tree.this)
        case exp.Neg():
            value = option_value(tree.this, text)
            return -value if isinstance(value, (int, float)) else value
        case exp.Paren():
            return option_value(tree.this, text)
        case exp.Array() | exp.Tuple():
            return [option_value(e, text) for e in tree.expressions]
        case exp.Struct():
            return {str(e.this.name): option_value(e.expression, text) for e in tree.expressions}
        case exp.Map() | exp.ToMap() if isinstance(tree.this, exp.Struct):
            return option_value(tree.this, text)
        case exp.Star():
            return "*"
        case exp.Var() | exp.Identifier() | exp.Column():
            return str(tree.name)
        case _:
            raise UnsupportedError(
                f"{tree.sql('duckdb')[:60]} is no value of an option; write a text, a number, true, false, a list or a "
                "struct of these",
                text,
                *position(tree),
            )
