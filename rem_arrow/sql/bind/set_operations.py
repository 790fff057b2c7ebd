"""UNION, INTERSECT and EXCEPT, with ALL and BY NAME."""

from __future__ import annotations

from typing import cast

import polars as pl
from sqlglot import exp

from rem_arrow.base.logical_types import UUID, is_collated, is_uuid
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan import types
from rem_arrow.plan.comparable import comparable
from rem_arrow.plan.kinds import JoinKind
from rem_arrow.plan.names import Names
from rem_arrow.plan.nodes import (
    Aggregate,
    Column,
    Expr,
    Join,
    Literal,
    Project,
    Query,
    Relation,
    Union,
    Window,
    WindowCall,
)
from rem_arrow.sql.bind.conversions import cast_to
from rem_arrow.sql.text.position import Place
from rem_arrow.sql.text.read_marks import take
from rem_arrow.sql.text.rendered import rendered

_KINDS: dict[type[exp.Expression], JoinKind] = {exp.Intersect: "semi", exp.Except: "anti"}


def combined(tree: exp.SetOperation, queries: list[Query], fresh: Names, text: str) -> Query:
    """Return a set operation over the bound queries of its `sides`, without what stands after it."""
    if tree.args.get("by_name"):
        queries = _by_name(queries, fresh)
    joint = joint_types([list(q.plan.schema.values()) for q in queries], text, tree)
    inputs = [_cast(q, queries[0].names, joint, fresh) for q in queries]
    if isinstance(tree, exp.Union):
        first = list(inputs[0].schema)
        renamed = [
            Project(i, tuple((o, Column(n, t)) for o, (n, t) in zip(first, i.schema.items(), strict=True)))
            if i is not inputs[0]
            else i
            for i in inputs
        ]
        plan: Relation = Union(tuple(renamed))
        return Query(distinct(plan, fresh) if tree.args.get("distinct") else plan, queries[0].names)
    kind = _KINDS[type(tree)]
    plan = inputs[0]
    for other in inputs[1:]:
        plan = _matched(kind, plan, other, fresh, every=not tree.args.get("distinct"))
    return Query(plan, queries[0].names)


def with_ordinals(tree: exp.SetOperation, names: tuple[str, ...], text: str) -> exp.SetOperation:
    """Return the tree, in its ORDER BY the place of what is an expression or alias of a SELECT list of any side, and no
    name of the result."""
    if tree.args.get("order") is None:
        return tree
    by_name = bool(tree.args.get("by_name"))
    places = {} if by_name else _places(tree)
    shown = {n.casefold() for n in names}
    copy = tree.copy()
    for ordered in copy.args["order"].expressions:
        target = ordered.this
        if isinstance(target, exp.Column) and target.table and by_name and target.name.casefold() in shown:
            ordered.set("this", exp.column(target.name, quoted=True))
            continue
        is_name = isinstance(target, exp.Column) and not target.table
        own = places.get((target.name if is_name else rendered(target)).casefold())
        if own is None or (is_name and target.name.casefold() in shown) or isinstance(target, exp.Literal):
            continue
        if len(own) > 1:
            raise Place(text, ordered).error(
                f"{rendered(target)} is ambiguous: the sides have it in several columns",
                "Write the position of the column: ORDER BY 1.",
            )
        take(target)
        ordered.set("this", exp.Literal.number(min(own)))
    return copy


def _places(tree: exp.SetOperation) -> dict[str, set[int]]:
    """Return the places of the expressions and aliases in the SELECT lists of all sides."""
    places: dict[str, set[int]] = {}
    for side in sides(tree):
        for place, item in enumerate(side.expressions if isinstance(side, exp.Select) else (), 1):
            names = (item.alias, rendered(item.unalias())) if isinstance(item, exp.Alias) else (rendered(item),)
            for name in names:
                places.setdefault(name.casefold(), set()).add(place)
    return places


def sides(tree: exp.SetOperation) -> list[exp.Expression]:
    """Return the sides of a set operation; a long chain of one UNION is flat."""
    if not isinstance(tree, exp.Union) or tree.args.get("by_name"):
        return [tree.this, tree.expression]
    flat: list[exp.Expression] = []
    todo: list[exp.Expression] = [tree]
    while todo:
        node = todo.pop()
        same = (
            isinstance(node, exp.Union)
            and bool(node.args.get("distinct")) == bool(tree.args.get("distinct"))
            and not node.args.get("by_name")
        )
        if same and (node is tree or not any(node.args.get(k) for k in ("order", "limit", "offset", "with_"))):
            todo += [node.args["expression"], node.this]
        else:
            flat.append(node)
    return flat


def joint_types(schemas: list[list[pl.DataType]], text: str, tree: exp.Expression) -> list[pl.DataType]:
    """Return the common type of each column. Raises BindError."""
    if len({len(s) for s in schemas}) > 1:
        counts = " and ".join(str(len(s)) for s in schemas)
        raise Place(text, tree).error(f"the sides of {tree.key.upper()} have {counts} columns")
    joined = list(schemas[0])
    for schema in schemas[1:]:
        for i, dtype in enumerate(schema):
            joint = _common(joined[i], dtype)
            if joint is None:
                raise Place(text, tree).error(
                    f"column {i + 1} of the sides of {tree.key.upper()} has types that do not combine",
                    "Cast one of them.",
                )
            joined[i] = joint
    return joined


def _common(a: pl.DataType, b: pl.DataType) -> pl.DataType | None:
    """Return the type of a column of a set operation: a text beside anything that is no list, struct or blob makes it
    VARCHAR."""
    joint = types.common(a, b)
    if is_collated(a) and is_collated(b):
        return joint
    if joint is None and is_uuid(a) != is_uuid(b) and types.is_text(a) and types.is_text(b):
        return UUID
    if joint is None and isinstance(a, pl.Struct) and isinstance(b, pl.Struct):
        return _common_rows(a, b)
    if (
        joint is None
        and (types.is_text(a) or types.is_text(b))
        and not any(t.is_nested() or isinstance(t, pl.Binary) for t in (a, b))
    ):
        return pl.String()
    return joint


def _common_rows(a: pl.Struct, b: pl.Struct) -> pl.DataType | None:
    """Return the type of a column of rows, whose fields meet by their names as columns do."""
    fields = dict(nested.fields_of(a))
    by_folded = {name.casefold(): name for name in fields}
    for name, dtype in nested.fields_of(b).items():
        own = by_folded.get(name.casefold())
        joint = dtype if own is None else _common(fields[own], dtype)
        if joint is None:
            return None
        fields[own if own is not None else name] = joint
    return nested.struct_of(fields)


def _cast(query: Query, names: tuple[str, ...], joint: list[pl.DataType], fresh: Names) -> Relation:
    outputs = tuple(
        (fresh.fresh(name), cast_to(Column(n, t), w))
        for name, (n, t), w in zip(names, query.plan.schema.items(), joint, strict=True)
    )
    return Project(query.plan, outputs)


def _by_name(queries: list[Query], fresh: Names) -> list[Query]:
    """Give each side all columns, by name, with NULLs for those that it lacks."""
    names: dict[str, str] = {}
    for query in queries:
        for name in query.names:
            names.setdefault(name.casefold(), name)
    widened = []
    for query in queries:
        own = {
            name.casefold(): Column(n, t) for name, (n, t) in zip(query.names, query.plan.schema.items(), strict=True)
        }
        outputs = tuple(
            (fresh.fresh(shown), cast(Expr, own.get(folded) or Literal(None, pl.Null())))
            for folded, shown in names.items()
        )
        widened.append(Query(Project(query.plan, outputs), tuple(names.values())))
    return widened


def distinct(plan: Relation, fresh: Names) -> Relation:
    """Return every row once."""
    return Aggregate(plan, tuple((fresh.fresh(n), Column(n, t)) for n, t in plan.schema.items()), ())


def _matched(kind: JoinKind, left: Relation, right: Relation, fresh: Names, *, every: bool) -> Relation:
    """INTERSECT and EXCEPT: rows that occur, or do not, on the right; with ALL the n-th of equal rows meets the
    n-th."""
    if every:
        left, right = _numbered(left, fresh), _numbered(right, fresh)
    else:
        left = distinct(left, fresh)
    pairs = tuple(
        (comparable(Column(a, t)), comparable(Column(b, u)))
        for (a, t), (b, u) in zip(left.schema.items(), right.schema.items(), strict=True)
    )
    joined: Relation = Join(kind, left, right, pairs, nulls_equal=True)
    if not every:
        return joined
    columns = list(left.schema.items())[:-1]
    return Project(joined, tuple((n, Column(n, t)) for n, t in columns))


def _numbered(plan: Relation, fresh: Names) -> Relation:
    columns = tuple(Column(n, t) for n, t in plan.schema.items())
    return Window(plan, ((fresh.fresh("row"), WindowCall("row_number", (), pl.Int64(), columns)),))
