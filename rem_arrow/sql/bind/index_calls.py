"""A function in FROM that an index answers: `LOOKUP('a', 'b')`, `FUZZY((SELECT name FROM t), k => 5)`. What each takes
is in plan.index_functions.

An input is a text, a list of texts, a parameter of either, or a subquery whose first column is text. Inputs and options
stand for
themselves: they read nothing of the relations beside them, nor of a query around.
"""

from __future__ import annotations

from decimal import Decimal

import polars as pl
from sqlglot import exp

from rem_arrow.datatypes import instance, sql_name
from rem_arrow.errors import TextError, suggest
from rem_arrow.plan.index_functions import INDEX_FUNCTIONS, Given, IndexFunction, Option
from rem_arrow.plan.nodes import Column, Expr, Index, Literal, Project, Query, Relation, Union, Unnest, Values
from rem_arrow.plan.walk import columns_of, free_columns
from rem_arrow.sql.bind.binder import ExprBinder
from rem_arrow.sql.bind.subqueries import is_query
from rem_arrow.sql.text.position import position

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
    named: dict[str, Relation] = {}
    for argument in tree.expressions:
        if (
            isinstance(argument, (exp.Kwarg, exp.PropertyEQ))
            and (given := spec.relation(argument.this.name.casefold())) is not None
        ):
            if given.name in named:
                raise binder.error(f"{given.name} is given twice", argument)
            named[given.name] = _given(binder, spec, given, argument.expression)
        elif isinstance(argument, (exp.Kwarg, exp.PropertyEQ)):
            option = _option(binder, spec, argument)
            if option.name in options:
                raise binder.error(f"{option.name} is given twice", argument)
            options[option.name] = _option_value(binder, spec, option, argument.expression)
        elif options or named:
            raise binder.error(f"{spec.name.upper()} takes its options last", argument, f"Write {spec.signature}.")
        elif len(inputs) >= len(spec.inputs) and not spec.repeats:
            raise binder.error(
                f"{spec.name.upper()} takes {len(spec.inputs)} argument{'s' if len(spec.inputs) != 1 else ''} and "
                "options by name",
                argument,
                f"Write {spec.signature}.",
            )
        else:
            inputs.append(_input(binder, spec, argument))
    if len(inputs) < len(spec.inputs) - spec.optional:
        raise binder.error(f"{spec.name.upper()} needs {spec.inputs[len(inputs)]}", tree, f"Write {spec.signature}.")
    columns = tuple((binder.names.fresh(f"{spec.name}.{name}"), name, dtype) for name, dtype in spec.columns)
    plan = Index(spec.name, (*_joined(spec, inputs), *named.values()), tuple(options.items()), columns, tuple(named))
    return Query(plan, tuple(name for name, _ in spec.columns))


def _joined(spec: IndexFunction, inputs: list[Relation]) -> tuple[Relation, ...]:
    """Return an input for each name: those that repeat the last are one."""
    last = len(spec.inputs) - 1
    return (*inputs[:last], Union(tuple(inputs[last:]))) if len(inputs) > len(spec.inputs) else tuple(inputs)


def _input(binder: ExprBinder, spec: IndexFunction, tree: exp.Expression) -> Relation:
    name = f"{spec.name.upper()}'s {spec.inputs[-1] if len(spec.inputs) == 1 else 'argument'}"
    fresh = binder.names.fresh(spec.name)
    if is_query(tree):
        asked, first, dtype = _asked(binder, spec, tree)
        if not isinstance(dtype, (pl.String, pl.Null)):
            raise binder.error(
                f"{name} is a subquery whose first column is text, and this is {sql_name(dtype)}",
                tree,
                "Cast it: CAST(x AS VARCHAR).",
            )
        return Project(asked, ((fresh, binder.converted(Column(first, dtype), _TEXT, tree)),))
    value = _constant(binder, spec, tree)
    if isinstance(value.dtype, (pl.List, pl.Array)):
        texts = binder.converted(value, pl.List(_TEXT), tree) if _is_text(value.dtype) else None
        if texts is not None:
            return Unnest(_ONE_ROW, ((fresh, texts),))
    elif isinstance(value.dtype, (pl.String, pl.Null)):
        return Project(_ONE_ROW, ((fresh, binder.converted(value, _TEXT, tree)),))
    raise binder.error(f"{name} is a text, a list of texts or a subquery, not {sql_name(value.dtype)}", tree)


def _given(binder: ExprBinder, spec: IndexFunction, given: Given, tree: exp.Expression) -> Relation:
    """Bind a relation that is given by name."""
    if not is_query(tree):
        raise binder.error(f"{given.name} of {spec.name.upper()} is a query in parentheses: {given.doc}", tree)
    asked, first, dtype = _asked(binder, spec, tree)
    fits = isinstance(dtype, pl.Null) or (dtype.is_integer() if given.dtype.is_integer() else dtype == given.dtype)
    if not fits:
        raise binder.error(
            f"{given.name} of {spec.name.upper()} is a query whose first column is {sql_name(given.dtype)}, and this "
            f"is {sql_name(dtype)}",
            tree,
        )
    return Project(
        asked, ((binder.names.fresh(given.name), binder.converted(Column(first, dtype), given.dtype, tree)),)
    )


def _asked(binder: ExprBinder, spec: IndexFunction, tree: exp.Expression) -> tuple[Relation, str, pl.DataType]:
    """Bind a subquery that reads nothing around it; return its plan and its first column."""
    asked = binder.subquery(_opened(tree), binder.scope)
    if free_columns(asked.plan):
        raise binder.error(
            f"a subquery in {spec.name.upper()} cannot read columns of the relations around it",
            tree,
            "Join the rows that it gives instead.",
        )
    return asked.plan, *next(iter(asked.plan.schema.items()))


def _is_text(dtype: pl.List | pl.Array) -> bool:
    return isinstance(instance(dtype.inner), (pl.String, pl.Null))


def _opened(tree: exp.Expression) -> exp.Expression:
    while isinstance(tree, (exp.Subquery, exp.Paren)) and not any(
        tree.args.get(k) for k in ("order", "limit", "offset", "with_")
    ):
        tree = tree.this
    return tree


def _constant(binder: ExprBinder, spec: IndexFunction, tree: exp.Expression) -> Expr:
    """Bind what reads no column."""
    read = next((n for n in tree.walk() if isinstance(n, exp.Column)), None)
    if read is not None:
        raise binder.error(
            f"{spec.name.upper()} cannot read the column {read.name}: it runs once, before the relations beside it",
            read,
            f"Write {spec.name.upper()}((SELECT {read.name} FROM ...)), and join its rows.",
        )
    if any(is_query(n) for n in tree.walk()):
        raise binder.error(
            f"a subquery in {spec.name.upper()} is an argument of its own",
            tree,
            f"Write {spec.name.upper()}((SELECT ...)).",
        )
    value = binder.bind(tree)
    assert not columns_of(value), "what has no column reads none"
    return value


def _option(binder: ExprBinder, spec: IndexFunction, tree: exp.Expression) -> Option:
    found = spec.option(tree.this.name.casefold())
    if found is None:
        raise binder.error(
            f"{spec.name.upper()} has no option {tree.this.name}",
            tree,
            suggest(tree.this.name, [*(o.name for o in spec.options), *(r.name for r in spec.relations)], "Options"),
        )
    return found


def _option_value(binder: ExprBinder, spec: IndexFunction, option: Option, tree: exp.Expression) -> Expr:
    if isinstance(tree, exp.Column) and not tree.table and option.choices:
        tree_value: Expr = Literal(tree.name.casefold(), _TEXT)
    else:
        tree_value = _constant(binder, spec, tree)
    value = _fitted(binder, spec, option, tree_value, tree)
    problem = None
    if isinstance(value, Literal):
        plain = value.value.to_list() if isinstance(value.value, pl.Series) else value.value
        problem = option.problem(plain)
    if problem is not None:
        raise binder.error(f"{spec.name.upper()}: {problem}", tree)
    return value


def _fitted(binder: ExprBinder, spec: IndexFunction, option: Option, value: Expr, tree: exp.Expression) -> Expr:
    """Return the value in the option's type; of a list that of its items."""
    wanted, given = option.dtype, value.dtype
    if isinstance(wanted, pl.List) and isinstance(given, (pl.List, pl.Array)):
        fits = _is_text(given) if _is_text(wanted) else given == wanted
    else:
        wanted = instance(wanted.inner) if isinstance(wanted, pl.List) else wanted
        fits = (
            given == wanted
            or isinstance(given, pl.Null)
            or (wanted.is_float() and given.is_numeric())
            or (wanted.is_integer() and given.is_integer())
        )
    if not fits:
        raise binder.error(
            f"the option {option.name} of {spec.name.upper()} is {sql_name(option.dtype)}, not {sql_name(given)}", tree
        )
    if isinstance(value, Literal) and isinstance(value.value, (int, Decimal)) and wanted.is_float():
        return Literal(float(value.value), wanted)
    return binder.converted(value, wanted, tree)
