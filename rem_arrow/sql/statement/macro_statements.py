"""CREATE MACRO and DROP MACRO: trees to statements."""

from __future__ import annotations

from sqlglot import exp

from rem_arrow.base.errors import BindError
from rem_arrow.base.macro import MacroParameter, Overload
from rem_arrow.sql.statement.identifiers import refuse, table_name
from rem_arrow.sql.statement.schema_statements import placed
from rem_arrow.sql.statement.statement import CreateMacro, DropMacro
from rem_arrow.sql.statement.statement_names import Name


def create_macro(tree: exp.Create, text: str) -> CreateMacro:
    """Return the statement that a CREATE MACRO is."""
    name = placed(table_name(tree.this, text), tree, text)
    if tree.args.get("replace") and tree.args.get("exists"):
        raise refuse("OR REPLACE and IF NOT EXISTS exclude each other", tree, text)
    read = tree.expression.expressions
    if len({bool(o.args.get("is_table")) for o in read}) > 1:
        raise refuse("the overloads of a macro are all expressions, or all queries after TABLE", tree, text)
    return CreateMacro(
        name,
        "table macro" if read[0].args.get("is_table") else "macro",
        tuple(_overload(o, name, text) for o in read),
        bool(tree.args.get("replace")),
        bool(tree.args.get("exists")),
    )


def drop_macro(tree: exp.Drop, text: str) -> DropMacro:
    """Return the statement that a DROP MACRO is."""
    kind = "table macro" if str(tree.args["kind"]).endswith("TABLE") else "macro"
    return DropMacro(table_name(tree.args["tables"][0], text), kind, bool(tree.args.get("exists")))  # type: ignore[arg-type]


def _overload(tree: exp.Expression, name: Name, text: str) -> Overload:
    parameters = tuple(MacroParameter(*(t.name for t in p.expressions)) for p in tree.expressions)
    names = [p.name.casefold() for p in parameters]
    twice = next((n for i, n in enumerate(names) if n in names[:i]), None)
    if twice is not None:
        raise BindError(f"the parameter {twice} of {name.text} is named twice", text, name.start, name.end)
    with_default = [bool(p.default) for p in parameters]
    if with_default != sorted(with_default):
        raise BindError(
            f"a parameter of {name.text} without a default stands after one that has one", text, name.start, name.end
        )
    return Overload(parameters, tree.this.name)
