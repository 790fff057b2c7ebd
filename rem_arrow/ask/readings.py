"""The readings of a question, the best first.

An item may name several things: "surgery" the specialty of a vet and the reason of a visit, "author" a table, a column
and an edge. Each choice is composed; that which explains the most at the least cost is the reading.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from rem_arrow.ask.compose import compose, record_of
from rem_arrow.ask.draft import Draft
from rem_arrow.ask.items import Item
from rem_arrow.ask.lexicon import Link
from rem_arrow.ask.record import Record, Selection
from rem_arrow.ask.vocabulary import Vocabulary

CHOICES_MAX, _PER_ITEM_MAX, _QUALITY_MIN = 60, 5, 0.35


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of a question."""

    draft: Draft
    record: Record

    @property
    def cost(self) -> float:
        return self.draft.total


def readings(
    items: Sequence[Item],
    vocabulary: Vocabulary,
    now: datetime,
    *,
    table: str | None = None,
    before: Selection | None = None,
) -> list[Reading]:
    """Return the readings of linked items, the cheapest first; equal records once.

    Args:
        table: the table that the question is about where no noun names one.
        before: the rows that pronouns refer to.
    """
    made: list[Reading] = []
    for choice in _choices(items):
        draft = compose(Draft(items, choice, vocabulary, now), table=table, before=before)
        if draft is not None:
            record = record_of(draft)
            made.append(Reading(draft, record))
    made.sort(key=lambda r: r.cost)
    distinct: list[Reading] = []
    for reading in made:
        if not any(reading.record == other.record for other in distinct):
            distinct.append(reading)
    return distinct


def _choices(items: Sequence[Item]) -> Iterator[list[Link | None]]:
    """Yield what each item may name, the surest choices first, within a bound."""
    options = [_options(item) for item in items]
    start = tuple(0 for _ in options)
    heap: list[tuple[float, tuple[int, ...]]] = [(0.0, start)]
    seen = {start}
    count = 0
    while heap and count < CHOICES_MAX:
        loss, picks = heapq.heappop(heap)
        yield [o[p] if o else None for o, p in zip(options, picks, strict=True)]
        count += 1
        for at, option in enumerate(options):
            if picks[at] + 1 < len(option):
                following = (*picks[:at], picks[at] + 1, *picks[at + 1 :])
                if following not in seen:
                    seen.add(following)
                    first, second = option[picks[at]], option[picks[at] + 1]
                    step = (first.quality if first else 0.0) - (second.quality if second else 0.0)
                    heapq.heappush(heap, (loss + max(step, 0.02), following))


def _options(item: Item) -> list[Link | None]:
    """Return what an item may name: of tables each, of columns, values and verbs all together."""
    links = [x for x in item.links if x.quality >= _QUALITY_MIN] if item.operator is None else []
    options: list[Link | None] = list(links[:_PER_ITEM_MAX])
    if any(x.is_partial for x in links):
        # It may also be a word in a text.
        options.append(None)
    return options
