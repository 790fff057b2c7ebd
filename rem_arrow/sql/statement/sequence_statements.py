"""CREATE SEQUENCE and DROP SEQUENCE: trees to statements."""

from __future__ import annotations

from sqlglot import exp

from rem_arrow.base.errors import BindError
from rem_arrow.sql.statement.identifiers import refuse, table_name
from rem_arrow.sql.statement.statement import CreateSequence, DropSequence
from rem_arrow.sql.text.position import position

_NAMES = {"start": "start", "increment": "step", "minvalue": "least", "maxvalue": "most"}


def create_sequence(tree: exp.Create, text: str) -> CreateSequence:
    """Return the statement that a CREATE SEQUENCE is. Raises BindError and UnsupportedError."""
    if tree.args.get("replace") and tree.args.get("exists"):
        raise refuse("OR REPLACE and IF NOT EXISTS exclude each other", tree, text)
    numbers: dict[str, int] = {}
    cycle = False
    properties = tree.args.get("properties")
    for part in () if properties is None else properties.expressions:
        if not isinstance(part, exp.SequenceProperties) or part.args.get("owned"):
            raise refuse("a sequence is no TEMPORARY one, and has no owner", tree, text)
        cycle = any(option.name.upper() == "CYCLE" for option in part.args.get("options") or ())
        for key, name in _NAMES.items():
            value = part.args.get(key)
            if value is not None and value.name.upper() != "NO":
                numbers[name] = _whole(value, text)
    return CreateSequence(
        table_name(tree.this, text), numbers, cycle, bool(tree.args.get("replace")), bool(tree.args.get("exists"))
    )


def drop_sequence(tree: exp.Drop, text: str) -> DropSequence:
    """Return the statement that a DROP SEQUENCE is."""
    names = tree.args.get("tables") or [tree.this]
    if len(names) != 1 or tree.args.get("cascade"):
        raise refuse("DROP SEQUENCE takes one name, and no CASCADE", tree, text)
    return DropSequence(table_name(names[0], text), bool(tree.args.get("exists")))


def _whole(tree: exp.Expression, text: str) -> int:
    sign, number = (-1, tree.this) if isinstance(tree, exp.Neg) else (1, tree)
    if not isinstance(number, exp.Literal) or number.is_string or not number.name.isdigit():
        raise BindError("a sequence counts in whole numbers", text, *position(tree))
    return sign * int(number.name)
