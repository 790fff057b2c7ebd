"""The rows of a table that a search asks for, by their vectors, their words, or both, and by a reranker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import polars as pl

from rem_arrow.base.source import Ranking, Reranker, TableSource
from rem_arrow.plan.rank_fusion import descends, summed
from rem_arrow.plan.score_fusion import fused

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Rowids: TypeAlias = "npt.NDArray[np.int64]"

# The number of best rows of each ranking that are fused, and that a reranker orders.
CANDIDATES_MIN, CANDIDATES_PER_ROW = 50, 4

NO_HITS = pl.DataFrame(schema={"query": pl.Int64, "rowid": pl.Int64, "score": pl.Float64})


@dataclass(frozen=True, slots=True)
class Question:
    """What is searched for: `text` as far as words or a reranker ask for it, and `vector` as far as vectors do."""

    text: str = ""
    vector: npt.NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A search of one table.

    Attributes:
        by: the ranking; "hybrid" fuses the words and the cosine of the vectors, or another metric, by standard scores.
        column: of vectors; None where words alone rank.
        words: the columns of texts that are ranked by words, and that a reranker reads.
        k: the most rows for each question.
        least: rows with a lower score are left out; of distances, rows with a greater one.
    """

    by: Literal["vector", "text", "hybrid"]
    metric: Ranking
    k: int
    column: str | None = None
    words: tuple[str, ...] = ()
    least: float | None = None
    reranker: Reranker | None = None


def best_rows(source: TableSource, asked: Asked, questions: Sequence[Question], allowed: Rowids | None) -> pl.DataFrame:
    """Return the best rows among `allowed` (rowids, ascending; None: all) for each question, best first: query (its
    place), rowid, score."""
    wider = max(CANDIDATES_MIN, asked.k * CANDIDATES_PER_ROW)
    vectors_k = wider if asked.by == "hybrid" or asked.reranker is not None else asked.k
    nearest = None if asked.by == "text" else _nearest(source, asked, questions, vectors_k, allowed)
    if asked.by == "vector" and asked.reranker is None:
        assert nearest is not None, "vectors are searched"
        hits = nearest
    else:
        of_each = {} if nearest is None else nearest.partition_by("query", as_dict=True, include_key=False)
        none = NO_HITS.drop("query")
        hits = pl.concat(
            [
                NO_HITS,
                *(
                    _best(source, asked, question, of_each.get((i,), none), allowed, wider).select(
                        pl.lit(i, pl.Int64).alias("query"), "rowid", pl.col("score").cast(pl.Float64)
                    )
                    for i, question in enumerate(questions)
                ),
            ]
        )
    if asked.least is None:
        return hits
    descending = asked.by != "vector" or asked.reranker is not None or descends(asked.metric)
    return hits.filter(pl.col("score") >= asked.least if descending else pl.col("score") <= asked.least)


def _best(
    source: TableSource,
    asked: Asked,
    question: Question,
    nearest: pl.DataFrame,
    allowed: Rowids | None,
    wider: int,
) -> pl.DataFrame:
    """Return the best rows for a question, beside the nearest by its vector."""
    k = asked.k if asked.reranker is None else wider
    hits = nearest if asked.by == "vector" else _fused(source, asked, question, nearest, allowed, k, wider)
    if asked.reranker is None:
        return hits
    texts = source.texts(asked.words, hits["rowid"].to_list())
    scores = pl.Series("score", asked.reranker.scores(question.text, texts), dtype=pl.Float64)
    return hits.with_columns(scores).sort("score", descending=True, maintain_order=True).head(asked.k)


def _fused(
    source: TableSource,
    asked: Asked,
    question: Question,
    nearest: pl.DataFrame,
    allowed: Rowids | None,
    k: int,
    wider: int,
) -> pl.DataFrame:
    """Return the best rows by words, or by words and vectors."""
    one = len(asked.words) == 1
    rows = k if asked.by == "text" else wider
    texts = summed([source.search_text(c, question.text, rows if one else None, allowed) for c in asked.words], rows)
    return texts if asked.by == "text" else fused(texts, nearest, asked.metric, k)


def _nearest(
    source: TableSource, asked: Asked, questions: Sequence[Question], k: int, allowed: Rowids | None
) -> pl.DataFrame:
    assert asked.column is not None and asked.metric != "bm25", "vectors are searched"
    vectors = [question.vector for question in questions if question.vector is not None]
    assert len(vectors) == len(questions) > 0, "each question has a vector"
    return source.search(asked.column, np.stack(vectors), asked.metric, k, allowed)
