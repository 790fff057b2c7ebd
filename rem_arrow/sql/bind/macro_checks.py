"""What is wrong with a macro before anybody calls it: it is bound with nothing but NULL."""

from __future__ import annotations

from sqlglot import exp

from rem_arrow.base.errors import BindError, TextError
from rem_arrow.base.macro import MacroKind, Overload
from rem_arrow.base.source import Catalog
from rem_arrow.sql.bind.macros import parsed, substituted, within
from rem_arrow.sql.bind.query import Binder

# How errors begin that say what is missing: any other depends on the arguments.
_MISSING = ("no ", "the macro ")


def macro_fault(name: str, kind: MacroKind, overload: Overload, catalog: Catalog) -> TextError | None:
    """Return an error for a macro that cannot be read, that names what does not exist, or whose parameters have the
    names of columns; None where it is sound."""
    names = {p.name.casefold() for p in overload.parameters}
    try:
        body = parsed(overload.text, kind)
        defaults = [p for p in overload.parameters if p.default and parsed(p.default, "macro").find(exp.Column)]
    except TextError as error:
        return error
    if defaults:
        return BindError(f"the default of {defaults[0].name} names a column")
    body = within(body, ((kind, name.casefold()),))
    fault = _bound(body, kind, overload, catalog, names)
    if fault is not None and fault.message.startswith(_MISSING):
        return fault
    if not any(isinstance(node, exp.Query) for node in body.walk()):
        return None
    for parameter in overload.parameters:
        folded = parameter.name.casefold()
        is_named = any(c.name.casefold() == folded for c in body.find_all(exp.Column))
        if is_named and _bound(body, kind, overload, catalog, names - {folded}) is None:
            return BindError(
                f"the parameter {parameter.name} has the name of a column that it reads",
                hint="Give the parameter another name.",
            )
    return None


def _bound(
    body: exp.Expression, kind: MacroKind, overload: Overload, catalog: Catalog, names: set[str]
) -> TextError | None:
    """Bind the text of a macro with NULL for the parameters of these names; return the error that it gives."""
    tree = substituted(body.copy(), dict.fromkeys(names, exp.Null()))
    try:
        Binder(overload.text, catalog, {}).query(tree if kind == "table macro" else exp.Select(expressions=[tree]))
    except TextError as error:
        return error
    return None
