"""Star expressions: `*`, `t.*`, `s.*` of a struct, COLUMNS(...), and `* LIKE 'x%'`, to the columns that they stand for.

An expression that holds one is written out once for each column; `*COLUMNS(...)` becomes the arguments of its function.
A column stands in the tree by its unique name (scope.reference), for another may have its name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import polars as pl
from sqlglot import exp

from rem_arrow.base.errors import suggest
from rem_arrow.plan import nested_functions as nested
from rem_arrow.sql.bind.binder import ExprBinder
from rem_arrow.sql.bind.scope import Scope, reference
from rem_arrow.sql.text.read_marks import take
from rem_arrow.sql.text.rendered import rendered
from rem_arrow.sql.text.trees import own_nodes

_FILTERS = (exp.Like, exp.ILike, exp.SimilarTo, exp.Glob, exp.RegexpLike, exp.RegexpILike, exp.RegexpFullMatch)


@dataclass(frozen=True, slots=True)
class Shown:
    """A column that a star stands for: its name, what computes it, whether that is a column or a field as it is, and
    what the groups of a regular expression matched."""

    name: str
    tree: exp.Expression
    is_column: bool
    groups: tuple[str, ...] = ()


def expanded(binder: ExprBinder, tree: exp.Expression) -> list[Shown] | None:
    """Return the expression once for each column of the stars in it; None when it holds none."""
    tree = unpacked(binder, tree)
    stars = list(_stars(tree))
    if not stars:
        return None
    if len({rendered(s) for s in stars}) > 1:
        raise binder.error(
            "an expression holds one star, or the same one several times",
            tree,
            "Write the columns of the others by their names.",
        )
    columns = _columns(binder, stars[0])
    for other in stars[1:]:
        # It says the same.
        take(other)
    if tree is stars[0]:
        return columns
    written = []
    for column in columns:
        copy = tree.copy()
        for star in list(_stars(copy)):
            star.replace(column.tree.copy())
        written.append(replace(column, tree=copy, is_column=False))
    return written


def written_out(binder: ExprBinder, tree: exp.Expression) -> exp.Expression:
    """Return a condition that holds where it does for every column of its stars."""
    shown = expanded(binder, tree)
    if shown is None:
        return unpacked(binder, tree)
    return exp.and_(*(column.tree for column in shown), copy=False)


def alias_of(alias: str, column: Shown) -> str:
    r"""Return the name of one column of `COLUMNS('(\w)x') AS 'y_\1'`."""
    groups = column.groups or (column.name,)
    return re.sub(r"\\(\d)", lambda hit: groups[int(hit[1])] if int(hit[1]) < len(groups) else hit[0], alias)


def _is_star(tree: object) -> bool:
    return isinstance(tree, exp.Star) or (isinstance(tree, exp.Column) and isinstance(tree.this, exp.Star))


def _is_filtered(tree: exp.Expression) -> bool:
    return (isinstance(tree, _FILTERS) and _is_star(tree.this)) or (
        isinstance(tree, exp.Not) and _is_filtered(tree.this)
    )


def _stars(tree: exp.Expression) -> Iterator[exp.Expression]:
    """Yield the stars in a tree; the one of count(*) is none, nor that of count(DISTINCT *), which is refused."""
    match tree:
        case exp.Columns():
            if not tree.args.get("unpack"):
                yield tree
        case exp.Query() | exp.Count(this=exp.Star()) | exp.Count(this=exp.Column(this=exp.Star())):
            return
        case exp.Count(this=exp.Distinct(expressions=counted)) if any(isinstance(e, exp.Star) for e in counted):
            return
        case _ if _is_star(tree) or _is_filtered(tree):
            yield tree
        case _:
            for child in tree.iter_expressions():
                yield from _stars(child)


def unpacked(binder: ExprBinder, tree: exp.Expression) -> exp.Expression:
    """Return the tree with the columns of `*COLUMNS(...)` in its place among the arguments."""
    if not any(isinstance(node, exp.Columns) and node.args.get("unpack") for node in own_nodes(tree)):
        return tree
    tree = tree.copy()
    for node in list(tree.find_all(exp.Columns)):
        if not node.args.get("unpack"):
            continue
        parent, columns = node.parent, _columns(binder, node)
        trees = [c.tree for c in columns]
        if isinstance(parent, exp.Struct):
            trees = [exp.PropertyEQ(this=exp.to_identifier(c.name), expression=c.tree) for c in columns]
        if parent is None:
            raise binder.error(
                "*COLUMNS stands among the arguments of a function", tree, "Write COLUMNS(...) for one column each."
            )
        if node.arg_key == "expressions":
            listed = list(parent.expressions)
            place = next(i for i, e in enumerate(listed) if e is node)
            parent.set("expressions", [*listed[:place], *trees, *listed[place + 1 :]])
        elif "expressions" in parent.arg_types:
            parent.set("this", trees[0])
            parent.set("expressions", [*trees[1:], *parent.expressions])
        else:
            for key, value in zip(parent.arg_types, trees, strict=False):
                parent.set(key, value)
    return tree


# --- what one star stands for


def _columns(binder: ExprBinder, star: exp.Expression) -> list[Shown]:
    inner = star.this if isinstance(star, exp.Columns) else star
    if isinstance(inner, exp.Star) and inner.args.get("ilike") is not None:
        pattern = inner.args["ilike"]
        inner = exp.ILike(this=exp.Star(), expression=pattern)
    if _is_star(inner):
        return _all(binder, inner)
    columns = _all(binder, next(n for n in inner.walk() if _is_star(n)) if _is_filtered(inner) else exp.Star())
    chosen = _chosen(binder, inner, columns)
    if chosen is None:
        raise binder.error("COLUMNS takes *, a regular expression, a list of names or a lambda", star)
    if not chosen:
        raise binder.error("no column matches here", star, f"Columns: {', '.join(c.name for c in columns)}.")
    return chosen


def _chosen(binder: ExprBinder, choice: exp.Expression, columns: list[Shown]) -> list[Shown] | None:
    """Return the columns that COLUMNS, or the condition on a star, chooses; None where it is no choice."""
    match choice:
        case exp.Literal() if choice.is_string:
            return _matching(binder, choice, columns)
        case exp.Array():
            return _named(binder, choice.expressions, columns)
        case exp.Column() if not choice.table:
            return _named(binder, [choice], columns)
        case exp.Lambda():
            parameter = choice.expressions[0].name.casefold()

            def is_parameter(node: exp.Expression) -> bool:
                return isinstance(node, (exp.Column, exp.Identifier)) and node.name.casefold() == parameter

            return _fulfilling(binder, choice, choice.this, is_parameter, columns)
        case _ if _is_filtered(choice):
            return _fulfilling(binder, choice, choice, _is_star, columns)
        case _:
            return None


def _all(binder: ExprBinder, tree: exp.Expression) -> list[Shown]:
    """Return the columns of `*` or `t.*`, with its EXCLUDE, REPLACE and RENAME."""
    qualified = tree if isinstance(tree, exp.Column) else None
    binder.scope.tell_apart(None if qualified is None else qualified.table, binder.place(tree))
    columns = (
        [(c.name, reference(c.name, c)) for c in binder.scope.all_columns()]
        if qualified is None
        else _parts(binder, qualified)
    )
    if not columns:
        raise binder.error("* needs a FROM", tree)
    star = tree if qualified is None else tree.this
    excluded = _modified(binder, star.args.get("except_") or star.args.get("except") or (), columns, "exclude")
    replaced = _modified(binder, star.args.get("replace") or (), columns, "replace")
    renamed = _modified(binder, star.args.get("rename") or (), columns, "rename")
    shown = []
    for name, column in columns:
        keys = (name.casefold(), _unique(column))
        if any(key in excluded for key in keys):
            continue
        label = next((renamed[key].alias for key in keys if key in renamed), name)
        if keys[0] in replaced:
            value = replaced[keys[0]].this
            shown.append(Shown(label, value, isinstance(value, exp.Column)))
        else:
            shown.append(Shown(label, column, is_column=True))
    if not shown:
        raise binder.error("EXCLUDE leaves no column", tree)
    return shown


def _parts(binder: ExprBinder, tree: exp.Column) -> list[tuple[str, exp.Expression]]:
    """Return the columns of a table, or the fields of a struct."""
    scope = binder.scope
    if not scope.is_relation(tree.table) and scope.knows(tree.table):
        base = exp.column(tree.args["table"].copy())
        dtype = binder.bind(base).dtype
        if isinstance(dtype, pl.Struct):
            return [
                (name, exp.Dot(this=base.copy(), expression=exp.to_identifier(name, quoted=True)))
                for name in nested.fields_of(dtype)
            ]
    return [(c.name, reference(c.name, c)) for c in scope.of(tree.table, binder.place(tree))]


def _unique(tree: exp.Expression) -> str:
    """Return what tells a column of a table from all others; nothing of a field."""
    return tree.table if isinstance(tree, exp.Column) else ""


def _modified(
    binder: ExprBinder,
    trees: list[exp.Expression] | tuple[()],
    columns: list[tuple[str, exp.Expression]],
    verb: str,
) -> dict[str, exp.Expression]:
    """Return what EXCLUDE, REPLACE or RENAME says, by the column's name, casefolded; by what is unique of one that is
    named with its table."""
    by_name: dict[str, exp.Expression] = {}
    known = {key for name, column in columns for key in (name.casefold(), _unique(column))} if trees else set()
    for tree in trees:
        if verb == "rename" and not isinstance(tree.this, exp.Expression):
            raise binder.error("RENAME takes columns and their new names: * RENAME (a AS b)", tree)
        named = tree.this if verb == "rename" else tree
        name = tree.alias if isinstance(tree, exp.Alias) and verb != "rename" else named.name
        key = name.casefold()
        if isinstance(named, exp.Column) and named.table:
            key = _unique(reference(name, binder.scope.visible(name, named.table, binder.place(tree))))
        if key not in known:
            raise binder.error(f'no column "{name}" to {verb}', tree, suggest(name, [n for n, _ in columns], "Columns"))
        by_name[key] = tree
    return by_name


def _matching(binder: ExprBinder, tree: exp.Expression, columns: list[Shown]) -> list[Shown]:
    """Return the columns that a regular expression matches, of the same kind as in the functions of texts."""
    names = pl.Series("0", [c.name for c in columns], dtype=pl.String())
    try:
        groups = names.str.extract_groups(tree.this).struct.unnest()
        whole = names.str.extract(tree.this, 0)
    except pl.exceptions.PolarsError as error:
        raise binder.error(f"{tree.this} is not a regular expression: {error}", tree) from error
    hits = zip(columns, groups.insert_column(0, whole).rows(), strict=True)
    return [replace(c, groups=tuple(g or "" for g in hit)) for c, hit in hits if hit[0] is not None]


def _named(binder: ExprBinder, trees: list[exp.Expression], columns: list[Shown]) -> list[Shown]:
    by_name = {tree.name.casefold(): tree for tree in trees}
    for name, tree in by_name.items():
        if name not in {c.name.casefold() for c in columns}:
            raise binder.error(
                f'no column "{tree.name}"', tree, suggest(tree.name, [c.name for c in columns], "Columns")
            )
    return [c for c in columns if c.name.casefold() in by_name]


def _fulfilling(
    binder: ExprBinder,
    tree: exp.Expression,
    condition: exp.Expression,
    is_name: Callable[[exp.Expression], bool],
    columns: list[Shown],
) -> list[Shown]:
    """Return those for whose name the condition in a tree holds: a SELECT of constants says which. `is_name` says what
    stands for the name."""
    evaluate = binder.context.evaluate
    if evaluate is None:
        raise binder.unsupported("a condition on the names of columns cannot stand in this statement", tree)
    items = []
    for column in columns:
        root = exp.Paren(this=condition.copy())
        for node in list(root.walk()):
            if is_name(node) and node.parent is not None:
                text = exp.Literal.string(column.name)
                # SQLGlot has counted the index of `c[1]` from 0, as it does where it knows no type.
                text.type = exp.DataType.build("unknown")
                node.replace(text)
        items.append(root)
    (row,) = evaluate(binder.subquery(exp.Select(expressions=items), Scope()))
    return [column for column, holds in zip(columns, row, strict=True) if holds]
