"""SET, PREPARE, EXECUTE and DEALLOCATE: the commands of `sql/text/session_tokens.py` to statements."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from sqlglot import exp

from rem_arrow.sql.statement.identifiers import name_of, refuse, table_name
from rem_arrow.sql.statement.parsed import Parsed
from rem_arrow.sql.statement.schema_statements import search_path
from rem_arrow.sql.statement.session_kinds import Comment, Deallocate, Execute, SetSetting, SetVariable, Upkeep, Use
from rem_arrow.sql.statement.statement import Prepare
from rem_arrow.sql.text.trees import named_argument


def setting(tree: exp.Command, text: str) -> SetSetting | SetVariable | Use:
    """Return the statement that a SET or RESET is."""
    target, value, scope = tree.expression.expressions
    name = name_of(target)
    if scope.name == "LOCAL":
        raise refuse("SET LOCAL is not supported; a setting holds for the handle: write SET", target, text)
    if scope.name == "VARIABLE":
        return SetVariable(name, None if isinstance(value, exp.Null) else exp.Select(expressions=[value]))
    path = search_path(name, value)
    if path is not None:
        return path
    match value:
        case exp.Null():
            return SetSetting(name, None)
        case exp.Literal() | exp.Boolean():
            return SetSetting(name, str(value.this).lower() if isinstance(value, exp.Boolean) else value.name)
        case exp.Column() if not value.table:
            return SetSetting(name, value.name)
        case _:
            return SetSetting(name, exp.Select(expressions=[value]))


def prepare(tree: exp.Command, text: str, classify: Callable[[exp.Expression, str], Parsed]) -> Prepare:
    """Return the statement that a PREPARE is."""
    inner, name = tree.expression.this, tree.expression.args["alias"]
    parsed = classify(inner, text)
    if isinstance(parsed.statement, (Prepare, Execute, Deallocate)):
        raise refuse("PREPARE takes a query, or a statement that writes", inner, text)
    nodes = inner.find_all(exp.Parameter, exp.Placeholder)
    names = frozenset(str(n.name or n.args.get("this") or "") for n in nodes)
    return Prepare(name_of(name), parsed.statement, inner, names)


def execute(tree: exp.Command, text: str) -> Execute:
    """Return the statement that an EXECUTE is."""
    call, arguments, numbers = tree.expression, [], count(1)
    for argument in call.expressions:
        named = named_argument(argument)
        name, value = (str(next(numbers)), argument) if named is None else named
        arguments.append((name, exp.Select(expressions=[value])))
    return Execute(name_of(exp.to_identifier(call.name)), tuple(arguments))


def deallocate(tree: exp.Command, text: str) -> Deallocate:
    """Return the statement that a DEALLOCATE is."""
    return Deallocate(name_of(tree.expression))


def upkeep(tree: exp.Command, text: str) -> Upkeep:
    """Return the statement that a CHECKPOINT, VACUUM or ANALYZE is."""
    table = tree.expression
    return Upkeep(tree.this, None if isinstance(table, exp.Null) else table_name(table, text))


def comment(tree: exp.Command, text: str) -> Comment:
    """Return the statement that a COMMENT ON is."""
    table, column, value = tree.expression.expressions
    described = "" if isinstance(value, exp.Null) else value.name
    return Comment(table_name(table, text), None if isinstance(column, exp.Null) else name_of(column), described)
