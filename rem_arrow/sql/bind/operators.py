"""Operators: logic, comparisons, IN, BETWEEN, LIKE, CASE, CAST."""

from __future__ import annotations

import polars as pl
from sqlglot import exp

from rem_arrow.base.datatypes import sql_name
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan import types
from rem_arrow.plan.comparable import comparable
from rem_arrow.plan.nodes import And, Call, Case, Expr, InList, Literal, Or
from rem_arrow.sql.bind import list_functions, subqueries
from rem_arrow.sql.bind.binder import ExprBinder, Operator
from rem_arrow.sql.bind.collation import collate
from rem_arrow.sql.bind.conversions import cast_to, castable, common_type, equal_to_texts, from_texts
from rem_arrow.sql.bind.intervals import interval_from
from rem_arrow.sql.bind.scalar_calls import call
from rem_arrow.sql.text.rendered import rendered
from rem_arrow.sql.text.type_names import polars_type

_QUANTIFIERS: dict[str, type[exp.Expression]] = {"ALL": exp.All, "SOME": exp.Any}
_PATTERNS: dict[type[exp.Expression], str] = {exp.Like: "like", exp.ILike: "ilike"}
_COMPARISONS: dict[type[exp.Expression], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}


def _and(binder: ExprBinder, tree: exp.Expression) -> Expr:
    return And(tuple(binder.boolean(t, "AND") for t in _flat(tree, exp.And)))


def _or(binder: ExprBinder, tree: exp.Expression) -> Expr:
    return Or(tuple(binder.boolean(t, "OR") for t in _flat(tree, exp.Or)))


def _not(binder: ExprBinder, tree: exp.Expression) -> Expr:
    return negated(binder.boolean(tree.this, "NOT"))


def negated(expr: Expr) -> Expr:
    return Call("not", (expr,), pl.Boolean())


def _is(binder: ExprBinder, tree: exp.Expression) -> Expr:
    operand, right = binder.bind(tree.this), tree.expression
    match right:
        case exp.Null():
            return Call("is_null", (operand,), pl.Boolean())
        case exp.Boolean():
            pair = (binder.as_boolean(operand, tree, "IS"), Literal(bool(right.this), pl.Boolean()))
            return negated(Call("is_distinct", pair, pl.Boolean()))
        case _:
            raise binder.unsupported(f"IS {rendered(right)} is not supported", tree)


def _distinct_from(binder: ExprBinder, tree: exp.Expression) -> Expr:
    differs = Call("is_distinct", _pair(binder, tree, equality=True), pl.Boolean())
    return differs if isinstance(tree, exp.NullSafeNEQ) else negated(differs)


def _comparison(binder: ExprBinder, tree: exp.Expression) -> Expr:
    name = _COMPARISONS[type(tree)]
    quantifier = _QUANTIFIERS.get(tree.expression.name.upper()) if isinstance(tree.expression, exp.Anonymous) else None
    if quantifier is not None and len(tree.expression.expressions) == 1:
        # Over a list SQLGlot takes ALL and SOME for functions.
        return list_functions.quantified(binder, name, tree.this, quantifier(this=tree.expression.expressions[0]))
    if isinstance(tree.expression, (exp.Any, exp.All)):
        if subqueries.is_query(tree.expression.this):
            return subqueries.quantified(binder, tree, name)
        return list_functions.quantified(binder, name, tree.this, tree.expression)
    return Call(name, _pair(binder, tree, equality=name in ("=", "<>")), pl.Boolean())


def _pair(binder: ExprBinder, tree: exp.Expression, *, equality: bool) -> tuple[Expr, Expr]:
    operands = [binder.bind(t) for t in (tree.this, tree.expression)]
    left, right = map(comparable, _alike(binder, operands, tree, equality=equality))
    return left, right


def _alike(binder: ExprBinder, operands: list[Expr], tree: exp.Expression, *, equality: bool = False) -> list[Expr]:
    """Return the operands of a comparison in one type; decimals keep all their places, where a result would lose
    some."""
    operands = from_texts(operands)
    operands = equal_to_texts(operands) if equality else operands
    scales = [o.dtype.scale for o in operands if isinstance(o.dtype, pl.Decimal)]
    joint = common_type(operands)
    if isinstance(joint, pl.Decimal) and scales and joint.scale < max(scales):
        return [binder.converted(o, pl.Decimal(types.PRECISION_MAX, max(scales)), tree) for o in operands]
    return binder.same(operands, tree)


def _in(binder: ExprBinder, tree: exp.Expression) -> Expr:
    query = tree.args.get("query") or next(
        (e for e in tree.expressions if len(tree.expressions) == 1 and subqueries.is_query(e)), None
    )
    if query is not None:
        return subqueries.contained(binder, tree.this, query, tree)
    values = tree.args.get("field") or tree.args.get("unnest")
    if values is not None:
        values = values.expressions[0] if isinstance(values, exp.Unnest) else values
        return list_functions.in_list_value(binder, binder.bind(tree.this), values, tree)
    operand, trees = binder.bind(tree.this), tree.expressions
    if not trees:
        # Nothing is in an empty list; what is not known stays so.
        unknown = (Call("is_null", (operand,), pl.Boolean()), Literal(None, pl.Boolean()))
        return Case((unknown,), Literal(value=False, dtype=pl.Boolean()), pl.Boolean())
    options = [binder.bind(t) for t in trees]
    if len(options) == 1 and nested.is_list(options[0].dtype) and not nested.is_list(operand.dtype):
        return list_functions.in_list_value(binder, operand, tree.expressions[0], tree)
    operand, *options = map(comparable, _alike(binder, [operand, *options], tree, equality=True))
    return InList(operand, tuple(options))


def _between(binder: ExprBinder, tree: exp.Expression) -> Expr:
    trees = (tree.this, tree.args["low"], tree.args["high"])
    x, low, high = map(comparable, _alike(binder, [binder.bind(t) for t in trees], tree))
    inside = And((Call(">=", (x, low), pl.Boolean()), Call("<=", (x, high), pl.Boolean())))
    if not tree.args.get("symmetric"):
        return inside
    return Or((inside, And((Call(">=", (x, high), pl.Boolean()), Call("<=", (x, low), pl.Boolean())))))


def _like(binder: ExprBinder, tree: exp.Expression) -> Expr:
    return _pattern(binder, tree, [tree.this, tree.expression])


def _escape(binder: ExprBinder, tree: exp.Expression) -> Expr:
    """`x LIKE y ESCAPE z`."""
    like = tree.this
    if type(like) not in _PATTERNS:
        raise binder.unsupported(f"ESCAPE behind {like.key.upper()} is not supported", like)
    return _pattern(binder, like, [like.this, like.expression, tree.expression])


def _pattern(binder: ExprBinder, tree: exp.Expression, trees: list[exp.Expression]) -> Expr:
    matches = call(binder, _PATTERNS[type(tree)], trees, tree)
    return negated(matches) if tree.args.get("negate") else matches


def _case(binder: ExprBinder, tree: exp.Expression) -> Expr:
    subject, branches = tree.this, tree.args["ifs"]
    if subject is None:
        conditions = [binder.boolean(branch.this, "CASE WHEN") for branch in branches]
    else:
        conditions = [
            _comparison(binder, exp.EQ(this=subject.copy(), expression=branch.this.copy())) for branch in branches
        ]
    default = tree.args.get("default")
    results = [binder.bind(b.args["true"]) for b in branches] + [
        binder.bind(default) if default is not None else Literal(None, pl.Null())
    ]
    results = binder.same(results, tree)
    return Case(tuple(zip(conditions, results[:-1], strict=True)), results[-1], results[-1].dtype)


def _if(binder: ExprBinder, tree: exp.Expression) -> Expr:
    default = tree.args.get("false") or exp.Null()
    results = binder.same([binder.bind(tree.args["true"]), binder.bind(default)], tree)
    return Case(((binder.boolean(tree.this, "IF"), results[0]),), results[1], results[1].dtype)


def _cast(binder: ExprBinder, tree: exp.Expression) -> Expr:
    safe = isinstance(tree, exp.TryCast)
    dtype = polars_type(tree.args["to"], binder.text, binder.context.catalog.named_type)
    operand = binder.bind(tree.this)
    if dtype == types.CALENDAR and not safe:
        return interval_from(binder, operand, tree)
    if not castable(operand.dtype, dtype):
        if safe or (isinstance(operand, Literal) and operand.value is None):
            return cast_to(Literal(None, pl.Null()), dtype)
        raise binder.error(f"{sql_name(operand.dtype)} cannot be cast to {sql_name(dtype)}", tree)
    try:
        converted = cast_to(operand, dtype, safe=safe, explicit=True)
    except ValueError as error:
        raise binder.error(str(error), tree) from error
    # Polars has no type for whole seconds.
    return Call("whole_seconds", (converted,), dtype) if "TIMESTAMP_S" in str(tree.args["to"].this) else converted


def _flat(tree: exp.Expression, kind: type[exp.Expression]) -> list[exp.Expression]:
    """Return the operands of nested ANDs or ORs, in order, without recursion: texts may hold thousands."""
    operands, todo = [], [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, kind):
            todo += [node.expression, node.this]
        elif isinstance(node, exp.Paren) and isinstance(node.this, kind):
            todo.append(node.this)
        else:
            operands.append(node)
    return operands


OPERATORS: dict[type[exp.Expression], Operator] = {
    exp.And: _and,
    exp.Or: _or,
    exp.Not: _not,
    exp.Is: _is,
    exp.NullSafeEQ: _distinct_from,
    exp.NullSafeNEQ: _distinct_from,
    **dict.fromkeys(_COMPARISONS, _comparison),
    exp.In: _in,
    exp.Between: _between,
    **dict.fromkeys(_PATTERNS, _like),
    exp.Escape: _escape,
    exp.Case: _case,
    exp.If: _if,
    exp.Collate: collate,
    exp.Cast: _cast,
    exp.TryCast: _cast,
}
