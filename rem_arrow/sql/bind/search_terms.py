"""Searches: terms of WHERE, ORDER BY a score with LIMIT, and SEARCH(t, q) in FROM.

As a term of WHERE, `r.v.cosine(q, k => n)` keeps of that table the k nearest distinct rows that take part in at least
one row of FROM with the rest of WHERE.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import polars as pl
from sqlglot import exp

from rem_arrow.base.source import Metric
from rem_arrow.plan import text_scores
from rem_arrow.plan.kinds import HitMetric
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
    SortKey,
)
from rem_arrow.plan.walk import children, columns_of
from rem_arrow.sql.bind.binder import Collected, ExprBinder, is_score
from rem_arrow.sql.bind.scope import Scope, Visible
from rem_arrow.sql.bind.search_scores import (
    ASKED,
    OPTIONS,
    RANKINGS,
    Asked,
    embedder_of,
    metric_of,
    search_arguments,
    searched_column,
    vector_of,
)
from rem_arrow.sql.bind.subqueries import NOTHING, applied
from rem_arrow.sql.text.trees import named_argument, own_nodes

K_DEFAULT = 10
SCORE = "_score"
# Marks the term of a SEARCH in FROM, whose query reads nothing of the table that is searched.
_IS_RELATION = "is_relation"

_FLOAT, _INT = pl.Float64(), pl.Int64()


@dataclass(frozen=True, slots=True)
class SearchTerm:
    """One search term of a WHERE; `k` is None when the term does not say."""

    hit: Hit
    k: Expr | None
    rowid: Column

    @property
    def order(self) -> list[SortKey]:
        """Best first; ties by rowid."""
        best_last = self.hit.metric == "l2" and not self.hit.reranker
        return [SortKey(Column(self.hit.score, _FLOAT), descending=not best_last), SortKey(self.rowid)]


def split(condition: exp.Expression | None) -> tuple[list[exp.Dot], exp.Expression | None]:
    """Return the search terms among the AND terms of a WHERE, and the rest."""
    terms = list(_terms(condition)) if condition is not None else []
    searches = [cast(exp.Dot, t) for t in terms if metric_of(t) is not None]
    if not searches:
        return [], condition
    rest = [t for t in terms if metric_of(t) is None]
    return searches, exp.and_(*rest, copy=False) if rest else None


def _terms(tree: exp.Expression) -> list[exp.Expression]:
    match tree:
        case exp.And():
            return [*_terms(tree.this), *_terms(tree.expression)]
        case exp.Paren(this=exp.And() | exp.Paren() | exp.Dot()):
            return _terms(tree.this)
        case _:
            return [tree]


def bound_term(binder: ExprBinder, tree: exp.Dot, plan: Relation) -> SearchTerm:
    """Bind a search term of WHERE; `plan` is what FROM gives. The column `_score` joins the searched table's
    columns."""
    asked = metric_of(tree)
    assert asked is not None, "the caller looked"
    column, arguments = searched_column(binder, tree.this, asked), search_arguments(binder, tree)
    owner, rowid = binder.scope.owner(column.unique), binder.scope.rowid_beside(column.unique)
    if owner is None or rowid is None or not column.origin or (asked != "bm25" and column.vector is None):
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
    metric, provider, query = _ranked(binder, asked, arguments, column, is_relation=_IS_RELATION in tree.meta)
    table, columns = owner
    scored = Visible(SCORE, binder.names.fresh(f"{table}.{SCORE}"), _FLOAT)
    if any(c.name == SCORE for c in columns):
        raise binder.error(
            f"{table} is searched twice", tree, "Search a table once in a WHERE; join it to itself for a second search."
        )
    columns.append(scored)
    k = _count(binder, arguments["k"]) if "k" in arguments else None
    words = (column.origin,) if column.vector is None else column.vector.words
    hit = Hit(
        column.source,
        column.origin,
        rowid.unique,
        metric,
        query,
        Literal(K_DEFAULT, _INT),
        scored.unique,
        words,
        _least(binder, arguments.get("min_score")),
        _reranker(binder, arguments.get("rerank"), words),
        provider,
    )
    return SearchTerm(hit, k, Column(rowid.unique, rowid.dtype))


def _ranked(
    binder: ExprBinder, asked: Asked, arguments: Mapping[str, exp.Expression], column: Visible, *, is_relation: bool
) -> tuple[HitMetric, str, Relation]:
    """Return the ranking that a search asks for, what embeds its texts as they come, and its query: what the ranking
    compares, and the text behind it where words or a reranker need it."""
    tree, vectors = arguments["query"], column.vector
    if not is_relation:
        _refuse_own_columns(binder, tree)
    collected = Collected()
    inner = binder.beside(binder.scope.outer or Scope(), collected)
    expr: Expr = inner.bind(tree)
    provider, is_reranked = "", "rerank" in arguments
    if isinstance(expr.dtype, pl.Null) and not isinstance(expr, Literal):
        expr = Parameter(expr.name, pl.String()) if isinstance(expr, Parameter) else Cast(expr, pl.String())
    is_text = isinstance(expr.dtype, pl.String)
    metric: HitMetric = "cosine" if asked == "search" else asked
    if asked == "bm25" or vectors is None:
        if not is_text:
            raise binder.error("bm25 takes a text", tree)
        metric, values = "bm25", [expr, *([expr] if is_reranked else [])]
    else:
        if asked == "hybrid" and not (is_text and vectors.words and vectors.provider):
            raise binder.error(
                f"a hybrid search takes a text, in a column that is embedded from texts, as {column.name} "
                f"{'is' if vectors.words else 'is not'}",
                tree,
                "Write cosine, or bm25 of a column of texts.",
            )
        if asked == "search" and is_text and vectors.is_hybrid:
            metric = "hybrid"
        if is_reranked and not is_text:
            raise binder.error("a reranker reads texts, and this is searched by a vector", arguments["rerank"])
        if is_text and not isinstance(expr, (Literal, Parameter)):
            provider = embedder_of(inner, tree, column)
        values = [
            expr if provider else vector_of(inner, expr, tree, column),
            *([expr] if metric == "hybrid" or is_reranked else []),
        ]
    query = Project(applied(NOTHING, collected.applies), tuple((binder.names.fresh("query"), v) for v in values))
    return metric, provider, query


def _refuse_own_columns(binder: ExprBinder, tree: exp.Expression) -> None:
    """Refuse a query that reads the rows that are searched; it may read those of a query around."""
    own = Scope(binder.scope.relations, binder.scope.merged)
    for column in own_nodes(tree):
        if isinstance(column, exp.Column) and own.reaches(column.name, column.table or None):
            raise binder.error(
                "a search in WHERE has one query for all rows, and this reads a column",
                column,
                "Compare the score of each row: ... > 0.7",
            )


def _least(binder: ExprBinder, tree: exp.Expression | None) -> Expr | None:
    if tree is None:
        return None
    expr = binder.bind(tree)
    if not (isinstance(expr, (Literal, Parameter)) and (expr.dtype.is_numeric())):
        raise binder.error("min_score is a number, or a parameter", tree)
    return expr


def _reranker(binder: ExprBinder, tree: exp.Expression | None, words: tuple[str, ...]) -> str:
    if tree is None:
        return ""
    if not (isinstance(tree, exp.Literal) and tree.is_string):
        raise binder.error("rerank is the name of a reranker, as a text: rerank => 'name'", tree)
    if not words:
        raise binder.error("a reranker reads texts, and nothing of this table is embedded from texts", tree)
    return str(tree.this)


def hits(terms: Sequence[SearchTerm], rows: Expr | None) -> tuple[Hit, ...]:
    """Return the searches with their k; `rows` is the k of those that do not say."""
    default = rows if rows is not None else Literal(K_DEFAULT, _INT)
    return tuple(replace(term.hit, k=term.k if term.k is not None else default) for term in terms)


# --- ORDER BY score LIMIT k


def nearest(plan: Relation, key: SortKey, rows: Expr, scope: Scope, name: str) -> Hit | None:
    """Return the search that ORDER BY score LIMIT k asks for; None when that is no search of a table's column. `name`
    begins the names of its columns."""
    call = key.expr
    if not (isinstance(call, Call) and is_score(call) and isinstance(call.args[0], Column)) or columns_of(call.args[1]):
        return None
    if call.function == text_scores.FUNCTION:
        return _best_texts(plan, key, call, rows, name)
    metric = cast(Metric, call.function.removeprefix("vector_"))
    column, rowid = scope.find(call.args[0].name), scope.rowid_beside(call.args[0].name)
    best_first = key.descending == (metric != "l2")
    if column is None or column.vector is None or rowid is None or not best_first:
        return None
    if not _is_kept(plan, key, rowid.unique):
        return None
    query = Project(NOTHING, ((f"{name} query", call.args[1]),))
    return Hit(column.source, column.origin, rowid.unique, metric, query, rows, f"{name} score")


def _best_texts(plan: Relation, key: SortKey, call: Call, rows: Expr, name: str) -> Hit | None:
    rowid, scores = call.args
    assert isinstance(rowid, Column) and isinstance(scores, Parameter), "score made it"
    if not key.descending or not _is_kept(plan, key, rowid.name):
        return None
    asked = text_scores.meant(scores)
    words: Expr = (
        Literal(asked.text, pl.String()) if asked.parameter is None else Parameter(asked.parameter, pl.String())
    )
    query = Project(NOTHING, ((f"{name} query", words),))
    return Hit(asked.source, asked.column, rowid.name, "bm25", query, rows, f"{name} score")


def _is_kept(plan: Relation, key: SortKey, rowid: str) -> bool:
    """Say whether rows without a score come last, and every row of FROM is one of the table's."""
    return key.nulls_last and rowid in plan.schema and not _may_be_null(plan, rowid)


# --- SEARCH in FROM


def relation(binder: ExprBinder, tree: exp.Anonymous) -> exp.Select:
    """`SEARCH(t, query, k => 10, column => embedding, metric => 'cosine', ...)` in FROM: the SELECT that it means."""
    arguments = tree.expressions
    plain = [a for a in arguments if named_argument(a) is None]
    named = {name_and_value[0]: a for a in arguments if (name_and_value := named_argument(a)) is not None}
    unknown = set(named) - {*OPTIONS, "column", "metric"}
    if len(plain) != 2 or not isinstance(plain[0], (exp.Column, exp.Literal)) or unknown:
        raise binder.error(
            "SEARCH takes a table and what to search for, and k => n, column => name, metric => 'cosine', "
            "min_score => x, rerank => 'name'",
            tree,
        )
    metric = named["metric"].expression.name.casefold() if "metric" in named else "search"
    if metric not in ASKED:
        raise binder.error(f"no metric {metric!r}", named["metric"], f"Metrics: {', '.join((*RANKINGS, 'hybrid'))}.")
    default = "content" if metric == "bm25" else "embedding"
    column = exp.to_identifier(named["column"].expression.name if "column" in named else default, quoted=True)
    call = exp.Anonymous(this=metric, expressions=[plain[1].copy(), *(named[n].copy() for n in OPTIONS if n in named)])
    table = exp.Table(this=exp.to_identifier(plain[0].name, quoted=True))
    table.this.meta.update(plain[0].this.meta if isinstance(plain[0], exp.Column) else {})
    term = exp.Dot(this=column, expression=call)
    term.meta[_IS_RELATION] = True
    return exp.Select(expressions=[exp.Star()], from_=exp.From(this=table), where=exp.Where(this=term))


# --- inside


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
