"""Pieces of Spark's SQL as trees of SQLGlot. Functions are written under the names that are given: SQLGlot translates
nothing here."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from sqlglot import exp

from rem_arrow.publish.published_types import spark_name


def identifier(name: str) -> exp.Identifier:
    return exp.Identifier(this=name, quoted=True)


def column(name: str) -> exp.Expression:
    return exp.Column(this=identifier(name))


def call(function: str, *args: exp.Expression) -> exp.Expression:
    return exp.Anonymous(this=function, expressions=list(args))


def cast(operand: exp.Expression, dtype: pl.DataType) -> exp.Expression:
    """Return a CAST to the type that holds values of `dtype`."""
    return cast_to(operand, spark_name(dtype))


def cast_to(operand: exp.Expression, spark_type: str) -> exp.Expression:
    return exp.Cast(this=operand, to=exp.DataType.build(spark_type, dialect="spark"))


def operation(kind: type[exp.Expression], left: exp.Expression, right: exp.Expression) -> exp.Expression:
    """Return `left kind right` in parentheses."""
    return exp.Paren(this=kind(this=left, expression=right))


def chained(kind: type[exp.Expression], operands: Sequence[exp.Expression]) -> exp.Expression:
    """Return operands joined by AND or OR, balanced: a parser goes down each level of them."""
    if len(operands) == 1:
        return operands[0]
    middle = len(operands) // 2
    return operation(kind, chained(kind, operands[:middle]), chained(kind, operands[middle:]))


def negated(operand: exp.Expression) -> exp.Expression:
    return exp.Paren(this=exp.Not(this=operand))


def is_null(operand: exp.Expression) -> exp.Expression:
    return exp.Paren(this=exp.Is(this=operand, expression=exp.Null()))


def text(value: str) -> exp.Expression:
    """Return a literal; Spark's writer of SQLGlot escapes by backslashes."""
    return exp.Literal.string(value)


def number(value: int) -> exp.Expression:
    return exp.Literal.number(value)


def aliased(value: exp.Expression, name: str) -> exp.Expression:
    return exp.Alias(this=value, alias=identifier(name))


def ordered(value: exp.Expression, *, descending: bool, nulls_last: bool) -> exp.Expression:
    """Return a key of ORDER BY, the place of NULLs said."""
    return exp.Ordered(this=value, desc=descending, nulls_first=not nulls_last)


def case(branches: Sequence[tuple[exp.Expression, exp.Expression]], otherwise: exp.Expression) -> exp.Expression:
    return exp.Case(ifs=[exp.If(this=c, true=v) for c, v in branches], default=otherwise)


def written(tree: exp.Expression, *, pretty: bool = False) -> str:
    """Return the text of a tree."""
    return str(tree.sql(dialect="spark", pretty=pretty, comments=False))
