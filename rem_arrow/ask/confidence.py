"""How sure a reading is: the probability that its rows are right, by what it explains and what it guesses.

A logistic function of few features. Its weights are set by hand, so that readings of questions whose right answers are
known come out as sure as they are right: of those at 0.8 or more, nine of ten.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp

from rem_arrow.ask.items import Item, says_nothing
from rem_arrow.ask.readings import Reading

# Below this a question is declined.
ANSWERED_MIN = 0.5
_BASE, _COST, _LEFT, _CLOSE, _TOPIC = 3.4, -1.9, -1.2, -0.5, -2.2
_CLOSE_MARGIN = 0.12


def features(best: Reading, second: Reading | None, items: Sequence[Item]) -> tuple[float, float, float, float]:
    """Return the cost of a reading, the share of words that it leaves, whether another is about as good, and whether it
    searches by meaning."""
    said = [i for i in items if not says_nothing(i)]
    left = len(best.draft.leftovers()) / max(len(said), 1)
    close = float(second is not None and second.cost - best.cost < _CLOSE_MARGIN)
    return max(best.cost, 0.0), left, close, float(bool(best.record.selection.topic))


def confidence_of(best: Reading, second: Reading | None, items: Sequence[Item]) -> float:
    """Return how sure a reading is, from 0 to 1."""
    cost, left, close, topic = features(best, second, items)
    return 1 / (1 + exp(-(_BASE + _COST * cost + _LEFT * left + _CLOSE * close + _TOPIC * topic)))
