"""COLLATE NOCASE and NOACCENT, in comparisons and in ORDER BY: the texts are compared without case or marks."""

from __future__ import annotations

from sqlglot import exp

from rem_arrow.plan.nodes import Expr
from rem_arrow.sql.bind.binder import ExprBinder
from rem_arrow.sql.text.read_marks import take
from rem_arrow.sql.text.rendered import rendered

_FOLDS = {"NOCASE": "lower", "NOACCENT": "strip_accents"}
_PLAIN = ("BINARY", "C", "POSIX")


def collate(binder: ExprBinder, tree: exp.Expression) -> Expr:
    """Bind `x COLLATE c`: in ORDER BY what x is ordered by; x itself where a result shows it and no clause goes by its
    collation."""
    names = _names(tree)
    unknown = [n for n in names if n not in _FOLDS and n not in _PLAIN]
    if unknown:
        raise binder.unsupported(
            f"the collation {unknown[0]} is not supported; there are {', '.join((*_FOLDS, *_PLAIN))}", tree
        )
    if isinstance(tree.parent, exp.Ordered):
        return binder.bind(_folded(tree.this, names))
    if all(n in _PLAIN for n in names) or _is_only_shown(tree):
        return binder.bind(tree.this)
    raise binder.place(tree).unsupported(
        "COLLATE is supported in comparisons, in ORDER BY, and in the SELECT list of a whole statement",
        "Write lower(x), or strip_accents(x), where equal texts are to be one.",
    )


def _is_only_shown(tree: exp.Expression) -> bool:
    """Say whether it stands in the SELECT list of a statement in which no clause can mean it."""
    select = tree.parent
    if isinstance(select, exp.Alias):
        if any(c.name.casefold() == select.alias.casefold() for c in select.root().find_all(exp.Column)):
            return False
        select = select.parent
    clauses = ("distinct", "group", "having", "qualify", "order")
    return isinstance(select, exp.Select) and select.parent is None and not any(select.args.get(c) for c in clauses)


def collated(*trees: exp.Expression) -> list[exp.Expression]:
    """Return the sides of a comparison, folded if one of them has a collation."""
    names = next((_names(t) for t in trees if isinstance(t, exp.Collate)), [])
    if not any(n in _FOLDS for n in names):
        return list(trees)
    return [_folded(t.this if isinstance(t, exp.Collate) else t, names) for t in trees]


def _names(tree: exp.Expression) -> list[str]:
    take(tree.expression)
    return rendered(tree.expression).upper().replace('"', "").split(".")


def _folded(tree: exp.Expression, names: list[str]) -> exp.Expression:
    folded = tree.copy()
    for name in names:
        if name in _FOLDS:
            folded = exp.Anonymous(this=_FOLDS[name], expressions=[folded])
    return folded
