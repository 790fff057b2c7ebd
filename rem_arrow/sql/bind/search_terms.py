"""Search by vector in SQL: `r.v.cosine(q)` as a number, and as a term of WHERE that keeps the nearest rows.

As a term of WHERE, `r.v.cosine(q, k => n)` keeps of that table the k nearest distinct rows that take part in at least
one row of FROM with the rest of WHERE. `q` is a text (embedded as the column is), a vector, a parameter of either, or a
subquery that gives a vector.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import polars as pl
from sqlglot import exp

from rem_arrow.datatypes import sql_name
from rem_arrow.errors import BindError
from rem_arrow.plan import embedded, text_scores, types
from rem_arrow.plan.nodes import (
    Apply,
    Call,
    Cast,
    Column,
    Expr,
    Hit,
    Join,
    Literal,
    Parameter,
    Project,
    Relation,
    Search,
    SortKey,
)
from rem_arrow.plan.walk import children, columns_of
from rem_arrow.source import ROWID, Metric, Ranking
from rem_arrow.sql.bind.binder import Collected, ExprBinder, is_score
from rem_arrow.sql.bind.scope import Scope, Visible
from rem_arrow.sql.bind.subqueries import NOTHING, applied

METRICS: tuple[Metric, ...] = ("cosine", "inner_product", "l2")
RANKINGS: tuple[Ranking, ...] = (*METRICS, "bm25")
K_DEFAULT = 10
SCORE = "_score"

_FLOAT, _INT = pl.Float64(), pl.Int64()


@dataclass(frozen=True, slots=True)
class Wanted:
    """One search term of a WHERE; `k` is None when the term does not say."""

    hit: Hit
    k: Expr | None
    table: str
    rowid: Column

    @property
    def order(self) -> list[SortKey]:
        """Best first; ties by rowid."""
        return [SortKey(Column(self.hit.score, _FLOAT), descending=self.hit.metric != "l2"), SortKey(self.rowid)]


def metric_of(tree: exp.Expression) -> Ranking | None:
    """Return the ranking of `x.cosine(...)`, `x.bm25(...)` and the like; None for anything else."""
    if not (isinstance(tree, exp.Dot) and isinstance(tree.expression, exp.Anonymous)):
        return None
    name = str(tree.expression.this).casefold()
    return next((m for m in RANKINGS if m == name), None)


def parted(condition: exp.Expression | None) -> tuple[list[exp.Dot], exp.Expression | None]:
    """Return the search terms among the AND terms of a WHERE, and the rest."""
    terms = list(_terms(condition)) if condition is not None else []
    found = [cast(exp.Dot, t) for t in terms if metric_of(t) is not None]
    if not found:
        return [], condition
    rest = [t for t in terms if metric_of(t) is None]
    return found, exp.and_(*rest, copy=False) if rest else None


def _terms(tree: exp.Expression) -> list[exp.Expression]:
    if isinstance(tree, exp.And):
        return [*_terms(tree.this), *_terms(tree.expression)]
    if isinstance(tree, exp.Paren) and isinstance(tree.this, (exp.And, exp.Paren, exp.Dot)):
        return _terms(tree.this)
    return [tree]


def score(binder: ExprBinder, tree: exp.Dot) -> Expr:
    """Bind a score as a number."""
    metric = metric_of(tree)
    assert metric is not None, "the caller looked"
    column, given = _searched(binder, tree.this, metric), _arguments(binder, tree)
    if "k" in given:
        raise binder.error(
            "k belongs to a search in WHERE; as a number a score has no k", tree, "Write ORDER BY the score and LIMIT."
        )
    if metric == "bm25":
        rowid, words = _rowid_beside(binder, column, tree), _words(binder, given["query"])
        text = words.value if isinstance(words, Literal) else None
        scores = text_scores.parameter(
            column.source,
            column.origin,
            text=None if text is None else str(text),
            parameter=words.name if isinstance(words, Parameter) else None,
        )
        return Call(text_scores.FUNCTION, (Column(rowid.unique, rowid.dtype), scores), _FLOAT)
    return Call(
        f"vector_{metric}", (Column(column.unique, column.dtype), _vector(binder, given["query"], column)), _FLOAT
    )


def wanted(binder: ExprBinder, tree: exp.Dot, plan: Relation) -> Wanted:
    """Bind a search term of WHERE; `plan` is what FROM gives. The column `_score` joins the searched table's
    columns."""
    metric = metric_of(tree)
    assert metric is not None, "the caller looked"
    column, given = _searched(binder, tree.this, metric), _arguments(binder, tree)
    owner = next(
        (
            (name, columns)
            for name, columns in binder.scope.relations
            if any(c.unique == column.unique for c in columns)
        ),
        None,
    )
    rowid = None if owner is None else next((c for c in owner[1] if c.name == ROWID), None)
    if owner is None or rowid is None or not column.source or (metric != "bm25" and column.vector is None):
        raise binder.error(
            "only a column of a table in this FROM can be searched",
            tree,
            "Search inside of the subquery, or compare the score: ... > 0.7",
        )
    if _may_be_null(plan, rowid.unique):
        raise binder.error(
            "a search cannot keep rows of the side of an outer join that may be NULL",
            tree,
            "Search in a subquery, and join that.",
        )
    read = next(
        (n for n in given["query"].walk(prune=lambda n: isinstance(n, exp.Query)) if isinstance(n, exp.Column)), None
    )
    if read is not None:
        raise binder.error(
            "a search in WHERE has one query for all rows, and this reads a column",
            read,
            "Compare the score of each row: ... > 0.7",
        )
    collected = Collected()
    inner = binder.beside(Scope(), collected)
    wanted_ = _words(inner, given["query"]) if metric == "bm25" else _vector(inner, given["query"], column)
    query = Project(applied(NOTHING, collected.applies), ((binder.names.fresh("query"), wanted_),))
    scored = Visible(SCORE, binder.names.fresh(f"{owner[0]}.{SCORE}"), _FLOAT)
    if any(c.name == SCORE for c in owner[1]):
        raise binder.error(
            f"{owner[0]} is searched twice",
            tree,
            "Search a table once in a WHERE; join it to itself for a second search.",
        )
    owner[1].append(scored)
    k = _count(binder, given["k"]) if "k" in given else None
    hit = Hit(column.source, column.origin, rowid.unique, metric, query, Literal(K_DEFAULT, _INT), scored.unique)
    return Wanted(hit, k, owner[0], Column(rowid.unique, rowid.dtype))


def searched(plan: Relation, found: list[Wanted], limit: Expr | None) -> Relation:
    """Return the rows of `plan` that the searches keep; `limit` is the k of those that do not say."""
    default = limit if limit is not None else Literal(K_DEFAULT, _INT)
    return Search(plan, tuple(replace(w.hit, k=w.k if w.k is not None else default) for w in found)) if found else plan


def nearest(plan: Relation, key: SortKey, limit: Expr, scope: Scope, names: str) -> Relation | None:
    """Return `plan` with what ORDER BY score LIMIT k needs of it; None when that is no search of a table's column."""
    call = key.expr
    if not (isinstance(call, Call) and is_score(call) and isinstance(call.args[0], Column)) or columns_of(call.args[1]):
        return None
    if call.function == text_scores.FUNCTION:
        return _best_texts(plan, key, call, limit, names)
    metric = cast(Metric, call.function.removeprefix("vector_"))
    column = scope.find(call.args[0].name)
    owner = next((columns for _, columns in scope.relations if column in columns), None)
    rowid = None if owner is None else next((c for c in owner if c.name == ROWID), None)
    best_first = key.descending if metric != "l2" else not key.descending
    if (
        column is None
        or column.vector is None
        or rowid is None
        or not best_first
        or not key.nulls_last
        or rowid.unique not in plan.schema
        or _may_be_null(plan, rowid.unique)
    ):
        return None
    query = Project(NOTHING, ((f"{names} query", call.args[1]),))
    return Search(
        plan, (Hit(column.source, column.origin, rowid.unique, metric, query, limit, f"{names} score"),), keep_all=True
    )


def _best_texts(plan: Relation, key: SortKey, call: Call, limit: Expr, names: str) -> Relation | None:
    rowid, given = call.args
    assert isinstance(rowid, Column) and isinstance(given, Parameter), "score made it"
    if not key.descending or not key.nulls_last or rowid.name not in plan.schema or _may_be_null(plan, rowid.name):
        return None
    asked = text_scores.meant(given)
    words: Expr = (
        Literal(asked.text, pl.String()) if asked.parameter is None else Parameter(asked.parameter, pl.String())
    )
    query = Project(NOTHING, ((f"{names} query", words),))
    return Search(
        plan, (Hit(asked.source, asked.column, rowid.name, "bm25", query, limit, f"{names} score"),), keep_all=True
    )


def relation(binder: ExprBinder, tree: exp.Search) -> exp.Select:
    """`SEARCH(t, query, k => 10, column => embedding, metric => 'cosine')` in FROM: the SELECT that it means."""
    given = [v for v in tree.args.values() if isinstance(v, exp.Expression)]
    plain = [v for v in given if not isinstance(v, (exp.Kwarg, exp.PropertyEQ))]
    named = {v.this.name.casefold(): v for v in given if isinstance(v, (exp.Kwarg, exp.PropertyEQ))}
    if len(plain) != 2 or not isinstance(plain[0], (exp.Column, exp.Literal)) or set(named) - {"k", "column", "metric"}:
        raise binder.error(
            "SEARCH takes a table and what to search for, and k => n, column => name, metric => 'cosine'", tree
        )
    metric = named["metric"].expression.name.casefold() if "metric" in named else METRICS[0]
    if metric not in RANKINGS:
        raise binder.error(f"no metric {metric!r}", named["metric"], f"Metrics: {', '.join(RANKINGS)}.")
    column = exp.to_identifier(
        named["column"].expression.name if "column" in named else "content" if metric == "bm25" else "embedding",
        quoted=True,
    )
    call = exp.Anonymous(this=metric, expressions=[plain[1].copy(), *([named["k"].copy()] if "k" in named else [])])
    table = exp.Table(this=exp.to_identifier(plain[0].name, quoted=True))
    table.this.meta.update(plain[0].this.meta if isinstance(plain[0], exp.Column) else {})
    return exp.Select(
        expressions=[exp.Star()],
        from_=exp.From(this=table),
        where=exp.Where(this=exp.Dot(this=column, expression=call)),
    )


_NOT_EMBEDDED = (
    "Nothing of it is embedded. Rank its texts by words, such as text.bm25('...'); or register a model whose "
    "embedding_fields "
    "say what is embedded, and load the rows into its table."
)


def _searched(binder: ExprBinder, tree: exp.Expression, metric: Ranking) -> Visible:
    """Return the column of vectors, or of texts, that stands before the dot."""
    names = [
        p.name
        for p in (
            [tree]
            if isinstance(tree, exp.Identifier)
            else [tree.this, tree.expression]
            if isinstance(tree, exp.Dot)
            else tree.parts
            if isinstance(tree, exp.Column)
            else []
        )
    ]
    if not 1 <= len(names) <= 2:
        raise binder.error("a score is written table.column.cosine(query)", tree)
    place = binder.place(tree)
    try:
        found = binder.scope.resolve(names[-1], names[0] if len(names) == 2 else None, place)
    except BindError as error:
        if names[-1].casefold() not in ("embedding", "embedding_alt"):
            raise
        raise place.error(error.message, _NOT_EMBEDDED) from error
    column = binder.scope.find(found.name) or Visible(names[-1], found.name, found.dtype)
    if metric == "bm25":
        if not types.is_text(found.dtype):
            raise binder.error(f"{names[-1]} is {sql_name(found.dtype)}; bm25 ranks texts", tree)
        return column
    inner = getattr(found.dtype, "inner", None)
    if column.vector is None and inner not in (pl.Float32(), pl.Float64(), pl.Float32, pl.Float64):
        raise binder.error(f"{names[-1]} is {sql_name(found.dtype)}; only vectors (FLOAT[n]) have a score", tree)
    return column


def _rowid_beside(binder: ExprBinder, column: Visible, tree: exp.Expression) -> Visible:
    """Return the column that numbers the rows of the table that a column is of."""
    scope: Scope | None = binder.scope
    while scope is not None:
        owner = next(
            (columns for _, columns in scope.relations if any(c.unique == column.unique for c in columns)), None
        )
        rowid = None if owner is None else next((c for c in owner if c.name == ROWID), None)
        if rowid is not None and column.source:
            return rowid
        scope = scope.outer
    raise binder.error(
        "bm25 ranks a column of a table in FROM, and this is computed",
        tree,
        "Score inside of the subquery, and give the score a name there.",
    )


def _words(binder: ExprBinder, tree: exp.Expression) -> Literal | Parameter:
    expr = binder.bind(tree)
    if isinstance(expr, Literal) and isinstance(expr.value, str):
        return expr
    if isinstance(expr, Parameter) and isinstance(expr.dtype, (pl.String, pl.Null)):
        return Parameter(expr.name, pl.String())
    raise binder.error("bm25 takes a text, as a literal or a parameter", tree)


def _arguments(binder: ExprBinder, tree: exp.Dot) -> dict[str, exp.Expression]:
    given: dict[str, exp.Expression] = {}
    for argument in tree.expression.expressions:
        if isinstance(argument, (exp.Kwarg, exp.PropertyEQ)):
            name = argument.this.name.casefold()
            if name != "k":
                raise binder.error(f"a search takes k => n, not {name}", argument)
            given["k"] = argument.expression
        elif "query" in given:
            raise binder.error(f"{tree.expression.name} takes one query, and k => n", argument)
        else:
            given["query"] = argument
    if "query" not in given:
        raise binder.error(f"{tree.expression.name} needs what to search for: a text, a vector, or a parameter", tree)
    return given


def _vector(binder: ExprBinder, tree: exp.Expression, column: Visible) -> Expr:
    expr = binder.bind(tree)
    if isinstance(expr.dtype, pl.String):
        if column.vector is None or not column.vector.provider:
            raise binder.error(
                f"nothing embeds texts for {column.name}",
                tree,
                "Hand over a vector: a list of numbers, or a parameter.",
            )
        match expr:
            case Literal(value=str() as text):
                return embedded.of_text(column.vector.provider, text)
            case Parameter():
                return embedded.of_parameter(column.vector.provider, expr.name)
            case _:
                raise binder.error("the text of a search is a literal or a parameter", tree)
    if not isinstance(expr.dtype, (pl.List, pl.Array)) or not _numbers(expr.dtype):
        raise binder.error(f"a query is a text or a vector, not {sql_name(expr.dtype)}", tree)
    return expr if expr.dtype == embedded.VECTOR else Cast(expr, embedded.VECTOR)


def _numbers(dtype: pl.List | pl.Array) -> bool:
    inner = dtype.inner if isinstance(dtype.inner, pl.DataType) else dtype.inner()
    return inner.is_numeric() or isinstance(inner, pl.Null)


def _count(binder: ExprBinder, tree: exp.Expression) -> Expr:
    expr = binder.bind(tree)
    good = (
        isinstance(expr, (Literal, Parameter))
        and expr.dtype.is_integer()
        and not (isinstance(expr, Literal) and cast(int, expr.value) < 1)
    )
    if not good:
        raise binder.error("k is a whole number of at least 1, or a parameter", tree)
    return expr


def _may_be_null(plan: Relation, name: str) -> bool:
    """Say whether a column of FROM is on a side of an outer join that is filled with NULLs."""
    match plan:
        case Join():
            left = name in plan.left.schema
            filled = {"left": not left, "right": left, "full": True, "asof": not left, "positional": True}.get(
                plan.kind, False
            )
            return filled or _may_be_null(plan.left if left else plan.right, name)
        case Apply() if name in plan.subquery.schema:
            return plan.kind == "left" or _may_be_null(plan.subquery, name)
        case _:
            return any(_may_be_null(c, name) for c in children(plan) if name in c.schema)
