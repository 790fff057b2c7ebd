"""The three metrics, as users see their scores.

metric          score                                   better
cosine          similarity in [-1, 1]                   higher
inner_product   dot product                             higher
l2              Euclidean distance, not squared         lower
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

Metric: TypeAlias = Literal["cosine", "inner_product", "l2"]

METRICS: tuple[Metric, ...] = get_args(Metric)


def higher_is_better(metric: Metric) -> bool:
    """Return whether the best score is the greatest one."""
    return metric != "l2"
