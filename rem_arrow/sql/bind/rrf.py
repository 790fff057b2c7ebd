"""`rrf(a, b, ...)`: scores of several searches as one.

The sum of the shares that `plan.rank_fusion` gives to a row for its ranks among the rows of the query. A row without a
score gets nothing for it; without any its rrf is NULL.
"""

from __future__ import annotations

from sqlglot import exp

from rem_arrow.plan import rank_fusion
from rem_arrow.plan.nodes import Expr
from rem_arrow.sql.bind import search_scores
from rem_arrow.sql.bind.binder import ExprBinder


def rrf(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """Bind the fusion of scores, as window functions over the rows of the query."""
    if len(trees) < 2:
        raise binder.error(
            "rrf takes two scores or more", tree, "For example rrf(embedding.cosine('x'), content.bm25('x'))."
        )
    if binder.collected.windows is None:
        raise binder.error(
            "rrf ranks the rows of a query, and cannot stand here", tree, "It belongs in SELECT, ORDER BY or QUALIFY."
        )
    total: exp.Expression | None = None
    for score in trees:
        part = exp.Coalesce(this=_share(score), expressions=[exp.Literal.number("0.0")])
        total = part if total is None else exp.Add(this=total, expression=part)
    assert total is not None, "there are scores"
    return binder.bind(exp.Case(ifs=[exp.If(this=exp.or_(*map(_is_scored, trees)), true=total)]))


def _share(score: exp.Expression) -> exp.Expression:
    """Return what one score gives: NULL where there is none."""
    down = rank_fusion.descends(search_scores.metric_of(score))
    order = exp.Order(expressions=[exp.Ordered(this=score.copy(), desc=down, nulls_first=False)])
    rank = exp.Window(this=exp.Anonymous(this="rank"), order=order, over="OVER")
    place = exp.Add(this=exp.Literal.number(rank_fusion.CONSTANT), expression=rank)
    share = exp.Div(this=exp.Literal.number("1e0"), expression=exp.Paren(this=place))
    return exp.Case(ifs=[exp.If(this=_is_scored(score), true=share)])


def _is_scored(score: exp.Expression) -> exp.Expression:
    return exp.Not(this=exp.Is(this=exp.Paren(this=score.copy()), expression=exp.Null()))
