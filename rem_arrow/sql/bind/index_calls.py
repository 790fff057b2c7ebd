"""A function in FROM that an index answers: `LOOKUP('a', 'b')`, `FUZZY((SELECT name FROM t), k => 5)`. What each takes
is in plan.index_functions.

An input is a text, a list of texts, or a subquery whose first column is text. It may read the relations before it in
FROM and those of a query around, as anything after LATERAL may: then there is one call for each of their values.
Options are constants or parameters, and relations by name read nothing around.
"""

from __future__ import annotations

from collections.abc import Container
from decimal import Decimal

import polars as pl
from sqlglot import exp

from rem_arrow.base.datatypes import instance, sql_name
from rem_arrow.base.errors import TextError, suggest
from rem_arrow.plan.index_functions import INDEX_FUNCTIONS, Given, IndexFunction, Option
from rem_arrow.plan.nodes import Column, Expr, Index, Literal, Project, Query, Relation, Union, Unnest, Values
from rem_arrow.plan.walk import columns_of, free_columns
from rem_arrow.sql.bind.binder import ExprBinder
from rem_arrow.sql.bind.subqueries import is_query, opened
from rem_arrow.sql.text.position import position
from rem_arrow.sql.text.trees import named_argument

_TEXT = pl.String()
_ONE_ROW = Values((), ((),))


def function_of(tree: object) -> IndexFunction | None:
    """Return the function that a call in FROM means; None when it is another."""
    return INDEX_FUNCTIONS.get(tree.name.casefold()) if isinstance(tree, exp.Anonymous) else None


def query(binder: ExprBinder, relation: exp.Table | exp.Lateral) -> Query:
    """Bind a call in FROM: all columns of its rows, by their names."""
    tree = relation.this
    if relation.args.get("ordinality"):
        raise binder.unsupported(
            "WITH ORDINALITY of a function that an index answers is not supported; number its rows by row_number() "
            "OVER ()",
            relation,
        )
    try:
        return _bound(binder, tree)
    except TextError as error:
        if error.start is not None:
            raise
        # A NULL, for example, does not know its place: the function does.
        raise type(error)(error.message, binder.text, *position(tree), hint=error.hint) from error


def _bound(binder: ExprBinder, tree: exp.Expression) -> Query:
    spec = function_of(tree)
    assert spec is not None, "the caller looked"
    options: dict[str, Expr] = {}
    inputs: list[Relation] = []
    relations: dict[str, Relation] = {}
    for argument in tree.expressions:
        named = named_argument(argument)
        if named is None:
            _check_place(binder, spec, argument, len(inputs), after_options=bool(options or relations))
            inputs.append(_input(binder, spec, argument))
            continue
        relation, value = spec.relation(named[0]), named[1]
        if relation is not None:
            _check_once(binder, relation.name, relations, argument)
            relations[relation.name] = _relation(binder, spec, relation, value)
        else:
            option = _option(binder, spec, argument)
            _check_once(binder, option.name, options, argument)
            options[option.name] = _option_value(binder, spec, option, value)
    if len(inputs) < len(spec.inputs) - spec.optional:
        raise binder.error(f"{spec.name.upper()} needs {spec.inputs[len(inputs)]}", tree, f"Write {spec.signature}.")
    columns = tuple((binder.names.fresh(f"{spec.name}.{name}"), name, dtype) for name, dtype in spec.columns)
    plan = Index(
        spec.name, (*_joined(spec, inputs), *relations.values()), tuple(options.items()), columns, tuple(relations)
    )
    return Query(plan, tuple(name for name, _ in spec.columns))


def _check_place(
    binder: ExprBinder, spec: IndexFunction, argument: exp.Expression, before: int, *, after_options: bool
) -> None:
    """Refuse an input after options, and one more than the function takes."""
    if after_options:
        raise binder.error(f"{spec.name.upper()} takes its options last", argument, f"Write {spec.signature}.")
    if before >= len(spec.inputs) and not spec.repeats:
        raise binder.error(
            f"{spec.name.upper()} takes {len(spec.inputs)} argument{'s' if len(spec.inputs) != 1 else ''} and "
            "options by name",
            argument,
            f"Write {spec.signature}.",
        )


def _check_once(binder: ExprBinder, name: str, before: Container[str], argument: exp.Expression) -> None:
    if name in before:
        raise binder.error(f"{name} is given twice", argument)


def _joined(spec: IndexFunction, inputs: list[Relation]) -> tuple[Relation, ...]:
    """Return an input for each name: those that repeat the last are one."""
    last = len(spec.inputs) - 1
    return (*inputs[:last], Union(tuple(inputs[last:]))) if len(inputs) > len(spec.inputs) else tuple(inputs)


def _input(binder: ExprBinder, spec: IndexFunction, tree: exp.Expression) -> Relation:
    name = f"{spec.name.upper()}'s {spec.inputs[-1] if len(spec.inputs) == 1 else 'argument'}"
    fresh = binder.names.fresh(spec.name)
    if is_query(tree):
        plan, first, dtype = _first_column(binder, tree)
        if not isinstance(dtype, (pl.String, pl.Null)):
            raise binder.error(
                f"{name} is a subquery whose first column is text, and this is {sql_name(dtype)}",
                tree,
                "Cast it: CAST(x AS VARCHAR).",
            )
        return Project(plan, ((fresh, binder.converted(Column(first, dtype), _TEXT, tree)),))
    _refuse_queries_in(binder, spec, tree)
    value = binder.bind(tree)
    if isinstance(value.dtype, (pl.List, pl.Array)):
        texts = binder.converted(value, pl.List(_TEXT), tree) if _is_text(value.dtype) else None
        if texts is not None:
            return Unnest(_ONE_ROW, ((fresh, texts),))
    elif isinstance(value.dtype, (pl.String, pl.Null)):
        return Project(_ONE_ROW, ((fresh, binder.converted(value, _TEXT, tree)),))
    raise binder.error(f"{name} is a text, a list of texts or a subquery, not {sql_name(value.dtype)}", tree)


def _relation(binder: ExprBinder, spec: IndexFunction, relation: Given, tree: exp.Expression) -> Relation:
    """Bind a relation that is given by name."""
    if not is_query(tree):
        raise binder.error(f"{relation.name} of {spec.name.upper()} is a query in parentheses: {relation.doc}", tree)
    plan, first, dtype = _first_column(binder, tree)
    if free_columns(plan):
        raise binder.error(
            f"{relation.name} of {spec.name.upper()} cannot read columns of the relations around it",
            tree,
            "It is the same for every call.",
        )
    fits = isinstance(dtype, pl.Null) or (
        dtype.is_integer() if relation.dtype.is_integer() else dtype == relation.dtype
    )
    if not fits:
        raise binder.error(
            f"{relation.name} of {spec.name.upper()} is a query whose first column is {sql_name(relation.dtype)}, and "
            f"this is {sql_name(dtype)}",
            tree,
        )
    column = binder.converted(Column(first, dtype), relation.dtype, tree)
    return Project(plan, ((binder.names.fresh(relation.name), column),))


def _first_column(binder: ExprBinder, tree: exp.Expression) -> tuple[Relation, str, pl.DataType]:
    """Bind a subquery; return its plan and its first column."""
    query = binder.subquery(opened(tree), binder.scope)
    return query.plan, *next(iter(query.plan.schema.items()))


def _is_text(dtype: pl.List | pl.Array) -> bool:
    return isinstance(instance(dtype.inner), (pl.String, pl.Null))


def _constant(binder: ExprBinder, spec: IndexFunction, tree: exp.Expression) -> Expr:
    """Bind what reads no column."""
    column = next((n for n in tree.walk() if isinstance(n, exp.Column)), None)
    if column is not None:
        raise binder.error(
            f"an option of {spec.name.upper()} is the same for all rows, and this reads the column {column.name}",
            column,
            "Write a constant or a parameter.",
        )
    _refuse_queries_in(binder, spec, tree)
    value = binder.bind(tree)
    assert not columns_of(value), "what has no column reads none"
    return value


def _refuse_queries_in(binder: ExprBinder, spec: IndexFunction, tree: exp.Expression) -> None:
    if any(is_query(n) for n in tree.walk()):
        raise binder.error(
            f"a subquery in {spec.name.upper()} is an argument of its own",
            tree,
            f"Write {spec.name.upper()}((SELECT ...)).",
        )


def _option(binder: ExprBinder, spec: IndexFunction, tree: exp.Expression) -> Option:
    option = spec.option(tree.this.name.casefold())
    if option is None:
        names = [*(o.name for o in spec.options), *(r.name for r in spec.relations)]
        raise binder.error(
            f"{spec.name.upper()} has no option {tree.this.name}", tree, suggest(tree.this.name, names, "Options")
        )
    return option


def _option_value(binder: ExprBinder, spec: IndexFunction, option: Option, tree: exp.Expression) -> Expr:
    is_word = isinstance(tree, exp.Column) and not tree.table and option.choices
    value = Literal(tree.name.casefold(), _TEXT) if is_word else _constant(binder, spec, tree)
    value = _fitted(binder, spec, option, value, tree)
    problem = None
    if isinstance(value, Literal):
        problem = option.problem(value.value.to_list() if isinstance(value.value, pl.Series) else value.value)
    if problem is not None:
        raise binder.error(f"{spec.name.upper()}: {problem}", tree)
    return value


def _fitted(binder: ExprBinder, spec: IndexFunction, option: Option, value: Expr, tree: exp.Expression) -> Expr:
    """Return the value in the option's type; of a list that of its items."""
    dtype = option.dtype
    if isinstance(dtype, pl.List) and isinstance(value.dtype, (pl.List, pl.Array)):
        fits = _is_text(value.dtype) if _is_text(dtype) else value.dtype == dtype
    else:
        dtype = instance(dtype.inner) if isinstance(dtype, pl.List) else dtype
        fits = _fits(value.dtype, dtype)
    if not fits:
        raise binder.error(
            f"the option {option.name} of {spec.name.upper()} is {sql_name(option.dtype)}, not {sql_name(value.dtype)}",
            tree,
        )
    if isinstance(value, Literal) and isinstance(value.value, (int, Decimal)) and dtype.is_float():
        return Literal(float(value.value), dtype)
    return binder.converted(value, dtype, tree)


def _fits(source: pl.DataType, dtype: pl.DataType) -> bool:
    return (
        source == dtype
        or isinstance(source, pl.Null)
        or (dtype.is_float() and source.is_numeric())
        or (dtype.is_integer() and source.is_integer())
    )
