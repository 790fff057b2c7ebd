"""The score of a search as a number: `r.v.cosine(q)`, `t.text.bm25(q)`.

`q` is a text (embedded as the column is), a vector, a parameter of either, or a subquery that gives a vector.
"""

from __future__ import annotations

from typing import Literal as Literal_
from typing import TypeAlias

import polars as pl
from sqlglot import exp

from rem_arrow.base.datatypes import sql_name
from rem_arrow.base.errors import BindError
from rem_arrow.base.source import Metric, Ranking
from rem_arrow.plan import embedded, text_scores, types
from rem_arrow.plan.nodes import Call, Cast, Column, Expr, Literal, Parameter
from rem_arrow.sql.bind.binder import ExprBinder
from rem_arrow.sql.bind.scope import Scope, Visible
from rem_arrow.sql.text.trees import named_argument

METRICS: tuple[Metric, ...] = ("cosine", "inner_product", "l2")
RANKINGS: tuple[Ranking, ...] = (*METRICS, "bm25")
# What a term of WHERE may ask for beside: both rankings, and whichever fits the table.
Asked: TypeAlias = Ranking | Literal_["hybrid", "search"]
ASKED: tuple[Asked, ...] = (*RANKINGS, "hybrid", "search")

OPTIONS = ("k", "min_score", "rerank")

_FLOAT = pl.Float64()
_NOT_EMBEDDED = (
    "Nothing of it is embedded. Rank its texts by words, such as text.bm25('...'); or register a model whose "
    "embedding_fields say what is embedded, and load the rows into its table."
)


def metric_of(tree: exp.Expression) -> Asked | None:
    """Return the ranking of `x.cosine(...)`, `x.bm25(...)` and the like; None for anything else."""
    if not (isinstance(tree, exp.Dot) and isinstance(tree.expression, exp.Anonymous)):
        return None
    name = str(tree.expression.this).casefold()
    return next((m for m in ASKED if m == name), None)


def score(binder: ExprBinder, tree: exp.Dot) -> Expr:
    """Bind a score as a number."""
    metric = metric_of(tree)
    assert metric is not None, "the caller looked"
    if metric in ("hybrid", "search"):
        raise binder.error(
            f"{metric} finds rows, and is no number",
            tree,
            "Write rrf(embedding.cosine('x'), content.bm25('x')), or read _score FROM SEARCH(t, 'x').",
        )
    column, arguments = searched_column(binder, tree.this, metric), search_arguments(binder, tree)
    if len(arguments) > 1:
        name = next(n for n in arguments if n != "query")
        raise binder.error(
            f"{name} belongs to a search in WHERE; as a number a score has no {name}",
            tree,
            "Write ORDER BY the score and LIMIT.",
        )
    if metric == "bm25":
        rowid, words = _rowid_beside(binder, column, tree), query_words(binder, arguments["query"])
        text = words.value if isinstance(words, Literal) else None
        scores = text_scores.parameter(
            column.source,
            column.origin,
            text=None if text is None else str(text),
            parameter=words.name if isinstance(words, Parameter) else None,
        )
        return Call(text_scores.FUNCTION, (Column(rowid.unique, rowid.dtype), scores), _FLOAT)
    vectors, query = Column(column.unique, column.dtype), query_vector(binder, arguments["query"], column)
    return Call(f"vector_{metric}", (vectors, query), _FLOAT)


def searched_column(binder: ExprBinder, tree: exp.Expression, metric: Asked) -> Visible:
    """Return the column of vectors, or of texts, that stands before the dot."""
    names = _parts(tree)
    if not 1 <= len(names) <= 2:
        raise binder.error("a score is written table.column.cosine(query)", tree)
    name, place = names[-1], binder.place(tree)
    try:
        resolved = binder.scope.resolve(name, names[0] if len(names) == 2 else None, place)
    except BindError as error:
        if name.casefold() not in ("embedding", "embedding_alt"):
            raise
        raise place.error(error.message, _NOT_EMBEDDED) from error
    column = binder.scope.find(resolved.name) or Visible(name, resolved.name, resolved.dtype)
    if metric == "bm25":
        if not types.is_text(resolved.dtype):
            raise binder.error(f"{name} is {sql_name(resolved.dtype)}; bm25 ranks texts", tree)
        return column
    inner = getattr(resolved.dtype, "inner", None)
    if column.vector is None and inner not in (pl.Float32(), pl.Float64(), pl.Float32, pl.Float64):
        raise binder.error(f"{name} is {sql_name(resolved.dtype)}; only vectors (FLOAT[n]) have a score", tree)
    return column


def _parts(tree: exp.Expression) -> list[str]:
    match tree:
        case exp.Identifier():
            return [tree.name]
        case exp.Dot():
            return [tree.this.name, tree.expression.name]
        case exp.Column():
            return [part.name for part in tree.parts]
        case _:
            return []


def _rowid_beside(binder: ExprBinder, column: Visible, tree: exp.Expression) -> Visible:
    """Return the column that numbers the rows of the table that a column is of."""
    scope: Scope | None = binder.scope
    while scope is not None:
        rowid = scope.rowid_beside(column.unique)
        if rowid is not None and column.origin:
            return rowid
        scope = scope.outer
    raise binder.error(
        "bm25 ranks a column of a table in FROM, and this is computed",
        tree,
        "Score inside of the subquery, and give the score a name there.",
    )


def query_words(binder: ExprBinder, tree: exp.Expression) -> Literal | Parameter:
    """Bind the query of bm25."""
    expr = binder.bind(tree)
    if isinstance(expr, Literal) and isinstance(expr.value, str):
        return expr
    if isinstance(expr, Parameter) and isinstance(expr.dtype, (pl.String, pl.Null)):
        return Parameter(expr.name, pl.String())
    raise binder.error("bm25 takes a text, as a literal or a parameter", tree)


def search_arguments(binder: ExprBinder, tree: exp.Dot) -> dict[str, exp.Expression]:
    """Return the query of a search, and what it says of k and the like."""
    arguments: dict[str, exp.Expression] = {}
    for argument in tree.expression.expressions:
        named = named_argument(argument)
        if named is not None and named[0] not in OPTIONS:
            raise binder.error(f"a search takes k => n, not {named[0]}", argument, f"Options: {', '.join(OPTIONS)}.")
        name, value = ("query", argument) if named is None else named
        if named is None and "query" in arguments:
            raise binder.error(f"{tree.expression.name} takes one query, and k => n", argument)
        arguments[name] = value
    if "query" not in arguments:
        raise binder.error(f"{tree.expression.name} needs what to search for: a text, a vector, or a parameter", tree)
    return arguments


def query_vector(binder: ExprBinder, tree: exp.Expression, column: Visible) -> Expr:
    """Bind the query of a score by vectors."""
    return vector_of(binder, binder.bind(tree), tree, column)


def vector_of(binder: ExprBinder, expr: Expr, tree: exp.Expression, column: Visible) -> Expr:
    """Return the vector that a query means."""
    if isinstance(expr.dtype, pl.String):
        provider = embedder_of(binder, tree, column)
        match expr:
            case Literal(value=str() as text):
                return embedded.of_text(provider, text)
            case Parameter():
                return embedded.of_parameter(provider, expr.name)
            case _:
                raise binder.error(
                    "the text of a score is a literal or a parameter",
                    tree,
                    "Search for the text of each row by FROM t, SEARCH(docs, t.text, k => 3).",
                )
    if not isinstance(expr.dtype, (pl.List, pl.Array)) or not _numbers(expr.dtype):
        raise binder.error(f"a query is a text or a vector, not {sql_name(expr.dtype)}", tree)
    return expr if expr.dtype == embedded.VECTOR else Cast(expr, embedded.VECTOR)


def embedder_of(binder: ExprBinder, tree: exp.Expression, column: Visible) -> str:
    """Return the name of what embeds texts for a column."""
    if column.vector is None or not column.vector.provider:
        raise binder.error(
            f"nothing embeds texts for {column.name}",
            tree,
            "Hand over a vector: a list of numbers, or a parameter.",
        )
    return column.vector.provider


def _numbers(dtype: pl.List | pl.Array) -> bool:
    inner = dtype.inner if isinstance(dtype.inner, pl.DataType) else dtype.inner()
    return inner.is_numeric() or isinstance(inner, pl.Null)
