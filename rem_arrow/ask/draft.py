"""A reading of a question while it is made: the tables that it is about, what is said of each, what is asked, and what
the reading costs.

A draft is made for one choice of what each item of the question names. Whoever explains an item uses it; what is left
unused at the end counts against the draft, and so do guesses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from rem_arrow.ask.column_words import Column
from rem_arrow.ask.english import word_set
from rem_arrow.ask.items import Item, says_nothing
from rem_arrow.ask.lexicon import Link
from rem_arrow.ask.record import (
    Along,
    Among,
    Attribute,
    Comparator,
    Condition,
    Flag,
    Measure,
    Order,
    Path,
    Reaching,
    Selection,
)
from rem_arrow.ask.vocabulary import TableWords, Vocabulary


@dataclass
class Frame:
    """Rows of one table that a question speaks of.

    Attributes:
        place: the item that names it; -1 for one that nothing names.
        tables: those that it may be of; one in the end.
        is_name: whether it is named by itself, as "Ann Lee", rather than as one of its kind.
        parent, path: the frame that it belongs to, and the way from there.
        negated: whether there must be no such row.
        count: how many such rows there must be.
        along: what is said of the edges that lead to it.
    """

    place: int
    tables: list[TableWords]
    is_name: bool = False
    is_wh: bool = False
    conditions: list[Condition] = field(default_factory=list)
    topic: str = ""
    parent: Frame | None = None
    path: Path = ()
    negated: bool = False
    count: tuple[Comparator, float] | None = None
    along: list[Along] = field(default_factory=list)
    names: dict[str, list[tuple[Column, str]]] = field(default_factory=dict)
    is_measured: bool = False
    is_agent: bool = False
    is_given: bool = False

    @property
    def table(self) -> TableWords:
        return self.tables[0]


@dataclass
class Draft:
    """A reading that is being made."""

    items: Sequence[Item]
    choice: Sequence[Link | None]
    vocabulary: Vocabulary
    now: datetime
    frames: list[Frame] = field(default_factory=list)
    target: Frame | None = None
    used: set[int] = field(default_factory=set)
    costs: list[tuple[str, float]] = field(default_factory=list)
    shape: Literal["rows", "values", "measure", "truth", "lookup"] = "rows"
    columns: list[Attribute] = field(default_factory=list)
    distinct: bool = False
    measure: Measure | None = None
    groups: list[Attribute] = field(default_factory=list)
    order: Order | None = None
    limit: int | None = None
    having: tuple[Comparator, float] | None = None
    names: list[str] = field(default_factory=list)
    is_named: bool = False

    def cost(self, why: str, amount: float) -> None:
        self.costs.append((why, amount))

    def use(self, *places: int) -> None:
        self.used.update(places)

    def free(self, kind: str | None = None) -> Iterator[int]:
        """Yield the places of items that are not used: those that are chosen to name that kind of thing."""
        for place, item in enumerate(self.items):
            link = self.choice[place]
            if (
                place not in self.used
                and (kind is None or (link is not None and link.kind == kind))
                and item.kind != "stop"
            ):
                yield place

    def link(self, place: int, kind: str) -> Link | None:
        """Return what an item is chosen to name, if it is of that kind."""
        link = self.choice[place] if 0 <= place < len(self.choice) else None
        return link if link is not None and link.kind == kind else None

    def is_unread(self, place: int) -> bool:
        """Say whether an item is a word with a meaning that nothing has used, and that names no table."""
        return (
            place >= 0
            and place not in self.used
            and self.items[place].kind in ("content", "unknown")
            and self.link(place, "table") is None
        )

    def is_operator(self, place: int, *kinds: str) -> bool:
        if not 0 <= place < len(self.items):
            return False
        operator = self.items[place].operator
        return operator is not None and operator.kind in kinds

    def low(self, place: int) -> str:
        return self.items[place].low if 0 <= place < len(self.items) else ""

    def after(self, place: int, *, skip: Sequence[str] = ()) -> int:
        """Return the next item that says something, or the number of items."""
        place += 1
        while place < len(self.items) and (
            self.items[place].kind in ("stop", "pronoun") and self.low(place) not in skip
        ):
            place += 1
        return place

    def before(self, place: int) -> int:
        """Return the item before that says something, or -1."""
        place -= 1
        while place >= 0 and self.items[place].kind in ("stop", "pronoun"):
            place -= 1
        return place

    def is_negated(self, place: int, reach: int = 2) -> int | None:
        """Return the place of the negation that is about an item: within a few items before it, nothing but words that
        say little between."""
        at = place - 1
        while at >= 0 and place - at <= reach + 2:
            if self.is_operator(at, "not"):
                return at
            if self.items[at].kind in ("content", "number", "unknown") and self.low(at) not in _BESIDE_NOT:
                return None
            if self.items[at].kind == "operator" and not self.is_operator(at, "distinct"):
                return None
            if self.low(at) in ("but", "and", ",", "which", "that") and self.low(at) != "that":
                return None
            at -= 1
        return None

    def frames_of(self, table: str) -> list[Frame]:
        return [f for f in self.frames if any(t.name == table for t in f.tables)]

    def leftovers(self) -> list[int]:
        """Return the places of items that nothing explains."""
        return [
            i
            for i, item in enumerate(self.items)
            if i not in self.used
            and not says_nothing(item)
            and not (item.operator and (item.operator.kind in ("wh", "distinct") or item.low in _PLACING))
        ]

    @property
    def total(self) -> float:
        return sum(amount for _, amount in self.costs)


# Comparisons without a number are places: under construction, over the bridge.
_PLACING = frozenset(("under", "over", "above", "below", "beyond"))
_BESIDE_NOT = word_set(
    """known other others work works working take takes use uses get gets been be any have has had is are was
    were a an the in of with to yet ever"""
)


def selection_of(draft: Draft, frame: Frame) -> Selection:
    """Return the rows of a frame, with what is said of the frames that belong to it."""
    reached = [
        Reaching(f.path, selection_of(draft, f), f.negated, f.count, tuple(f.along))
        for f in draft.frames
        if f.parent is frame and not f.is_measured
    ]
    # What kind of rows comes before how much and when.
    stated = sorted(frame.conditions, key=lambda c: not isinstance(c, (Among, Flag)))
    return Selection(frame.table, (*stated, *reached), frame.topic)
