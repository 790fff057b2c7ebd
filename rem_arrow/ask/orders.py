"""The most and the least, the newest, the first so many, and "sorted by"."""

from __future__ import annotations

from rem_arrow.ask import quantities, thesaurus
from rem_arrow.ask.attach_numbers import hinted
from rem_arrow.ask.attach_times import main_time
from rem_arrow.ask.column_words import Column
from rem_arrow.ask.draft import Draft, Frame, selection_of
from rem_arrow.ask.group_keys import _time_of_verbs
from rem_arrow.ask.question_operators import Operator
from rem_arrow.ask.record import Attribute, Measure, Order, Path
from rem_arrow.ask.table_relations import paths


def order_by(draft: Draft) -> None:
    """Read the most, the least, the newest, the first so many, and "sorted by"."""
    for place, item in enumerate(draft.items):
        operator = item.operator
        if operator is None or place in draft.used:
            continue
        rest = [i for i in range(place + 1, len(draft.items)) if draft.is_operator(i, "superlative")]
        if operator.kind == "superlative" and operator.word in ("top", "first", "last") and operator.count and rest:
            # "The top 2 with the most reviews": the number is said apart.
            draft.limit = operator.count
            draft.use(place)
        elif operator.kind == "superlative":
            _superlative(draft, place, operator)
        elif operator.kind == "order":
            _sorted_by(draft, place)


def _superlative(draft: Draft, place: int, operator: Operator) -> None:
    target = draft.target
    assert target is not None, "there is a target"
    following = draft.after(place)
    if draft.is_operator(following, "count") and any(
        c.is_number for c, _ in getattr(draft.link(draft.after(following), "column"), "columns", ())
    ):
        # "The maximum number of lines" is that of the lines.
        draft.use(following)
    found = _ordering(draft, place, operator, target)
    if found is None:
        return
    draft.use(place)
    draft.use(*[i for i in range(place, len(draft.items)) if draft.low(i) in ("often", "frequently", "times")])
    by, descending = found
    if isinstance(by, Attribute) and _is_extreme(draft, place, target):
        draft.measure, draft.shape = Measure("max" if descending else "min", by), "measure"
        return
    draft.order = Order(by, descending)
    draft.limit = operator.count or draft.limit


def _is_extreme(draft: Draft, place: int, target: Frame) -> bool:
    """Return whether the value itself is asked for: "what is the highest price", not "which product has it"."""
    operator = draft.items[place].operator
    assert operator is not None, "it is a superlative"
    if draft.items[place].low.split()[-1] not in (
        "highest",
        "lowest",
        "maximum",
        "minimum",
        "max",
        "min",
        "largest",
        "smallest",
        "greatest",
        "top",
        "biggest",
        "longest",
        "shortest",
    ):
        return False
    if draft.groups:
        return True
    if operator.count is not None or (target.place >= 0 and target.place < place and not target.is_name):
        return False
    following = draft.after(place)
    if draft.is_operator(following, "count"):
        following = draft.after(following)
    return (
        following in draft.used
        and draft.items[following].of("column") is not None
        and draft.link(following, "table") is None
        and following != target.place
    )


def _ordering(
    draft: Draft, place: int, operator: Operator, target: Frame
) -> tuple[Attribute | Measure | None, bool] | None:
    """Return what rows are ordered by, and whether the most come first; an order of groups has nothing else to say."""
    headed = _headed(draft, place, target, operator)
    if headed is not None:
        draft.groups, draft.measure, draft.shape = [headed], draft.measure or Measure("count"), "measure"
        return None, operator.descending
    by_count = _by_count(draft, place, target, operator)
    if by_count is not None:
        return by_count, operator.descending
    named = _named_number(draft, place, target)
    # Of a time there is a last and a first, and no most.
    if named is not None and not (named.column.is_time and operator.word in ("most", "least", "fewest")):
        return named, operator.descending
    if operator.hints:
        found = hinted(draft, place, operator.hints, operator)
        if found is not None and found[0] is target:
            return Attribute(found[1]), operator.descending
        draft.cost(f"{operator.word} of what", 1.4)
        return _unhinted(draft, operator, target)
    if operator.newer is not None:
        return _by_time(draft, place, operator, target)
    adjective = _adjective(draft, place, target)
    if adjective is not None:
        return Attribute(adjective), operator.descending
    if draft.groups or operator.word in ("most", "least", "fewest", "top", "bottom"):
        return _unhinted(draft, operator, target)
    return None


def _headed(draft: Draft, place: int, target: Frame, operator: Operator) -> Attribute | None:
    """Return the column that heads a question for the group with the most rows: "which team has the most people"."""
    if operator.word not in ("most", "fewest", "least", "highest", "lowest") or draft.groups:
        return None
    following = draft.after(place)
    if draft.is_operator(following, "count"):
        following = draft.after(following)
    if following not in draft.used or draft.link(following, "column") is not None:
        return None
    for at in draft.free("column"):
        link = draft.link(at, "column")
        if at > place or link is None:
            continue
        column = next(
            (c for c, q in link.columns if c.table == target.table.name and not c.is_number and q >= 0.5), None
        )
        if column is not None:
            draft.use(at)
            if draft.items[at].of("table") is not None:
                draft.cost(f"{draft.items[at].text} as a column", 0.4)
            return Attribute(column)
    return None


def _unhinted(draft: Draft, operator: Operator, target: Frame) -> tuple[Attribute | Measure | None, bool] | None:
    """Return the order where the adjective names no column: by the only number of the table, if there is one."""
    if draft.groups:
        return None, operator.descending
    numbers = [c for c in target.table.columns if c.has_unit and not c.is_system]
    if len(numbers) == 1:
        draft.cost(f"{operator.word} by {numbers[0].name}", 0.5)
        return Attribute(numbers[0]), operator.descending
    return None


def _by_count(draft: Draft, place: int, target: Frame, operator: Operator) -> Measure | None:
    """Return the number of rows of another frame that belong to each of the target: "the most orders"."""
    if operator.word not in (
        "most",
        "fewest",
        "least",
        "highest",
        "lowest",
        "top",
        "largest",
        "biggest",
        "greatest",
        "smallest",
    ):
        return None
    following = draft.after(place)
    words = [draft.low(i) for i in range(place + 1, following)]
    if draft.is_operator(following, "count") and following in draft.used:
        return None
    if draft.is_operator(following, "count"):
        draft.use(following)
        following = draft.after(following)
    elif operator.word in ("highest", "lowest", "top", "largest", "biggest", "greatest", "smallest"):
        return _by_counted(draft, place, target)
    if draft.is_operator(following, "distinct"):
        following = draft.after(following)
    frame = next((f for f in draft.frames if f.parent is target and not f.is_name and (f.place >= place)), None)
    direct = next((f for f in draft.frames if f is not target and f.place == following and f.parent is not None), None)
    chosen = direct or (frame if frame is not None and (frame.place <= following + 2 or "often" in words) else None)
    if chosen is None and (
        operator.word == "most"
        and (draft.low(place + 1) in ("often", "frequently") or draft.link(following, "verb") is not None)
    ):
        chosen = next((f for f in draft.frames if f.parent is target and not f.is_name), None)
    if (
        chosen is None
        and operator.word == "most"
        and draft.link(following, "column") is None
        and following >= len(draft.items)
    ):
        chosen = next((f for f in draft.frames if f.parent is target and not f.is_name), None)
    if chosen is None:
        return None
    return _count_of(draft, chosen, target)


def _by_counted(draft: Draft, place: int, target: Frame) -> Measure | None:
    """Return the count that "top 5 customers by number of orders" is about."""
    for at in range(place + 1, len(draft.items)):
        if draft.low(at) == "by" or draft.is_operator(at, "order"):
            following = draft.after(at)
            if draft.is_operator(following, "count"):
                frame = next((f for f in draft.frames if f.place == draft.after(following)), None)
                if frame is not None and frame.parent is not None:
                    draft.use(following, *([at] if draft.is_operator(at, "order") else []))
                    return _count_of(draft, frame, target)
            frame = next(
                (f for f in draft.frames if f.place == following and not f.is_name and f.parent is target), None
            )
            if frame is not None:
                return _count_of(draft, frame, target)
    return None


def _count_of(draft: Draft, frame: Frame, target: Frame) -> Measure:
    path: Path = ()
    at: Frame | None = frame
    while at is not None and at is not target:
        path = (*at.path, *path)
        at = at.parent
    frame.is_measured = True
    return Measure("count", None, path, selection_of(draft, frame))


def _named_number(draft: Draft, place: int, target: Frame) -> Attribute | None:
    """Return the column that is named after a superlative, or after a "by" that follows it."""
    at = draft.after(place)
    later = [i for i in range(place + 1, len(draft.items)) if draft.low(i) == "by" or draft.is_operator(i, "order")]
    places = [*([draft.after(later[0])] if later else []), at]
    places += [i for i in range(place + 1, len(draft.items)) if i not in places]
    for i in places:
        if i in draft.used and draft.link(i, "table") is None:
            continue
        link = draft.link(i, "column") if i < len(draft.items) else None
        if link is None:
            continue
        options = [(c, (1 - q) * 0.8) for c, q in link.columns if c.is_number or c.is_time]
        own = [o for o in options if o[0].table == target.table.name]
        for column, cost in own or options:
            path: Path = ()
            if column.table != target.table.name:
                ways = paths(draft.vocabulary, target.table.name, column.table)
                if not ways or len(ways[0]) > 1:
                    continue
                path = ways[0]
                if not all(r.kind == "key" and r.from_holder for r in path):
                    continue
            draft.use(i, *[x for x in later[:1] if draft.is_operator(x, "order")])
            draft.cost(draft.items[i].text, cost + 0.5 * len(path))
            return Attribute(column, path)
    for i in later:
        following = draft.after(i)
        words = quantities.VERB_COLUMNS.get(draft.items[following].stem, ()) if following < len(draft.items) else ()
        meant = next((c for w in words for c in target.table.columns if w in c.stems and c.is_number), None)
        if meant is not None:
            draft.use(following)
            return Attribute(meant)
    return None


def _adjective(draft: Draft, place: int, target: Frame) -> Column | None:
    """Return the column that an adjective or participle after "most" is about: most reliable, best paid, most read."""
    following = draft.after(place)
    if not 0 <= following < len(draft.items) or following == target.place:
        return None
    item = draft.items[following]
    stems = [*quantities.VERB_COLUMNS.get(item.stem, ()), *thesaurus.synonyms(item.stem), item.stem]
    for stem in stems:
        for column in target.table.columns:
            alike = any(s == stem or (len(s) >= 6 and len(stem) >= 6 and s[:6] == stem[:6]) for s in column.stems)
            if column.is_number and not column.is_system and alike:
                draft.use(following)
                draft.cost(item.text, 0.2)
                return column
    return None


def _by_time(draft: Draft, place: int, operator: Operator, target: Frame) -> tuple[Attribute, bool] | None:
    """Return the time that "oldest" and "latest" are about, and whether the later come first."""
    descending = bool(operator.newer)
    if operator.aged or operator.word in ("oldest", "youngest"):
        for stem in (*quantities.AGE_WORDS, "found", "built", "construct", "establish"):
            column = next((c for c in target.table.columns if stem in (*c.stems, *c.parts) and not c.is_text), None)
            if column is not None:
                is_age = column.is_number and not column.is_year
                return Attribute(column), descending if not is_age else not descending
    column = _time_of_verbs(draft, target)
    if column is None:
        column = main_time(target.table)
        draft.cost(f"{operator.word} by time", 0.15 if operator.word not in ("first", "last") else 0.5)
    if column is None:
        return None
    if target.table.is_people and operator.aged:
        draft.cost(f"{operator.word} by {column.name}", 2.0)
    return Attribute(column), descending


def _sorted_by(draft: Draft, place: int) -> None:
    target = draft.target
    assert target is not None, "there is a target"
    named = _named_number(draft, place, target)
    following = draft.after(place)
    link = draft.link(following, "column")
    if named is None and link is not None:
        column = next((c for c, _ in link.columns if c.table == target.table.name), None)
        if column is not None:
            draft.use(following)
            named = Attribute(column)
    if named is None:
        return
    draft.use(place)
    rest = {draft.low(i) for i in range(place, len(draft.items))}
    downward = bool(rest & {"descending", "desc", "decreasing"})
    draft.use(
        *[
            i
            for i in range(place, len(draft.items))
            if draft.low(i) in ("descending", "desc", "decreasing", "ascending", "asc", "increasing", "order")
        ]
    )
    draft.order = Order(named, downward)
