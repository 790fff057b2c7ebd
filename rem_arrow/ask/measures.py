"""What is counted, summed or averaged."""

from __future__ import annotations

from rem_arrow.ask import quantities
from rem_arrow.ask.column_words import Column
from rem_arrow.ask.draft import Draft, Frame
from rem_arrow.ask.group_keys import _by_verbs
from rem_arrow.ask.question_operators import Operator
from rem_arrow.ask.record import Attribute, Measure, Path
from rem_arrow.ask.table_relations import paths


def measured(draft: Draft, *, grouped: bool) -> None:
    """Read what is counted, summed, averaged; the measure of groups is their count where nothing else is said."""
    target = draft.target
    assert target is not None, "there is a target"
    for place, item in enumerate(draft.items):
        operator = item.operator
        if operator is None or place in draft.used or operator.kind not in ("count", "function"):
            continue
        draft.use(place)
        if operator.kind == "count":
            _count(draft, place, target, grouped=grouped)
        elif not (draft.measure is not None and draft.measure.function not in ("count",)):
            _function(draft, place, operator, target, grouped=grouped)
    if draft.measure is None and grouped:
        column = _free_number(draft, target)
        draft.measure = Measure("count") if column is None else Measure("sum", Attribute(*column))
        draft.shape = "measure"


def _free_number(draft: Draft, target: Frame, *, after: int = -1) -> tuple[Column, Path] | None:
    """Return the first column of numbers that is named and not used: of the target, or of what it leads to."""
    for place in list(draft.free("column")):
        if place <= after:
            continue
        link = draft.link(place, "column")
        assert link is not None, "it is a column"
        numbers = [(c, q) for c, q in link.columns if c.is_number]
        for column, quality in numbers:
            if column.table == target.table.name:
                draft.use(place)
                draft.cost(draft.items[place].text, (1 - quality) * 0.8)
                return column, ()
        for column, quality in numbers:
            ways = paths(draft.vocabulary, target.table.name, column.table)
            if ways:
                draft.use(place)
                draft.cost(draft.items[place].text, (1 - quality) * 0.8 + 0.6 * len(ways[0]))
                return column, _by_verbs(draft, ways)
    return None


def _named_like(draft: Draft, target: Frame) -> tuple[Column, Path] | None:
    """Return a column that is called like a function: the total of an order."""
    for place, item in enumerate(draft.items):
        link = item.of("column") if item.operator is not None else None
        column = next((c for c, _ in link.columns if c.table == target.table.name), None) if link is not None else None
        if column is not None:
            draft.use(place)
            return column, ()
    return None


def _count(draft: Draft, place: int, target: Frame, *, grouped: bool) -> None:
    """Read "how many": rows, different values of a column, or what a column of numbers says."""
    following = draft.after(place)
    while following < len(draft.items) and (
        draft.is_operator(following, "distinct")
        or (following in draft.used and draft.link(following, "table") is None and following != target.place)
    ):
        following = draft.after(following)
    is_different = any(draft.is_operator(i, "distinct") for i in range(place, min(following + 1, len(draft.items))))
    link = draft.link(following, "column") if following not in draft.used else None
    if draft.measure is not None:
        return
    own = _free_number(draft, target) if target.is_name and not grouped and len(draft.frames) == 1 else None
    if own is not None and not own[1]:
        draft.columns, draft.shape = [Attribute(*own)], "values"
        return
    if link is not None and following not in draft.used:
        number = _free_number(draft, target) if any(c.is_number for c, _ in link.columns) else None
        if number is not None:
            attribute = Attribute(*number)
            is_one = target.is_name and not number[1] and not grouped
            draft.measure = None if is_one else Measure("sum", attribute)
            draft.columns = [attribute] if is_one else []
            draft.shape = "values" if is_one else "measure"
            draft.distinct = False
            return
        column = next((c for c, _ in link.columns if c.table == target.table.name), None)
        if column is not None:
            draft.use(following)
            draft.measure, draft.shape = Measure("count", Attribute(column), distinct=True), "measure"
            return
    amounts = [c for c in target.table.columns if c.has_unit and "amount" in c.stems]
    if len(amounts) == 1 and "amount" in draft.items[place].low:
        draft.measure, draft.shape = Measure("sum", Attribute(amounts[0])), "measure"
        return
    draft.measure, draft.shape = Measure("count"), "measure"
    if is_different and target.path == ():
        draft.cost("different", 0.05)


def _function(draft: Draft, place: int, operator: Operator, target: Frame, *, grouped: bool) -> None:
    """Read an average, a sum, the least or the most of a column of numbers."""
    number = _free_number(draft, target, after=place) or _free_number(draft, target) or _named_like(draft, target)
    number = number or _number_of_verb(draft, target)
    if number is None and operator.function == "sum" and not draft.columns:
        # The sum of fees is that of their only column of an amount.
        with_unit = [c for c in target.table.columns if c.has_unit and not c.is_system]
        number = (with_unit[0], ()) if len(with_unit) == 1 else None
    if number is None:
        if draft.columns and draft.shape == "values" and operator.function == "sum":
            return
        if operator.word in ("overall", "total", "altogether", "in total", "combined") and draft.measure is not None:
            return
        draft.cost(f"{operator.word} of no number", 2.0 if operator.word != "how much" else 1.0)
        return
    attribute = Attribute(*number)
    if operator.word == "how much" and target.is_name and not number[1] and not grouped:
        draft.columns, draft.shape = [attribute], "values"
        return
    function = "sum" if operator.word == "how much" else operator.function
    draft.measure, draft.shape = Measure(function, attribute), "measure"


def _number_of_verb(draft: Draft, target: Frame) -> tuple[Column, Path] | None:
    """Return the column that a verb asks for: what they cost, weigh, earn."""
    for place, item in enumerate(draft.items):
        if place in draft.used and item.kind != "stop":
            continue
        for stem in quantities.VERB_COLUMNS.get(item.stem, ()):
            column = next((c for c in target.table.columns if c.is_number and stem in c.stems), None)
            if column is not None:
                draft.use(place)
                return column, ()
        word = item.low.removeprefix("how ")
        known = quantities.measure(word) if item.operator is not None and item.low.startswith("how ") else None
        column = next(
            (c for s in (known or (True, ()))[1] for c in target.table.columns if c.is_number and s in c.stems), None
        )
        if column is not None:
            # "How long was the average lesson?"
            draft.use(place)
            return column, ()
    return None
