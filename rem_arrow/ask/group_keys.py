"""The groups of a question: "per month", "by status and priority", "for each vet"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from rem_arrow.ask import english, quantities
from rem_arrow.ask.attach_times import main_time
from rem_arrow.ask.column_words import Column
from rem_arrow.ask.draft import Draft, Frame
from rem_arrow.ask.record import Attribute, Path, TimeUnit
from rem_arrow.ask.table_relations import paths, reference_of

_UNITS: dict[str, TimeUnit] = {u: u for u in get_args(TimeUnit)} | {
    "daily": "day",
    "weekly": "week",
    "monthly": "month",
    "quarterly": "quarter",
    "yearly": "year",
    "annual": "year",
    "annually": "year",
}  # type: ignore[dict-item]


def take_groups(draft: Draft) -> list[tuple[int, str]]:
    """Account for the words of groups, "per month", "by status and priority"; return the places of their keys, each
    with "key" or "unit"."""
    keys: list[tuple[int, str]] = []
    for place, item in enumerate(draft.items):
        is_group = draft.is_operator(place, "group") or (item.low == "by" and _is_grouping_by(draft, place))
        if (
            item.low in _UNITS
            and item.low.endswith(("ly", "al"))
            and place not in draft.used
            and draft.choice[place] is None
        ):
            keys.append((place, "unit"))
            draft.use(place)
        if not is_group or place in draft.used:
            continue
        at = draft.after(place)
        taken = False
        if (
            draft.link(at, "table") is not None
            and at + 1 < len(draft.items)
            and draft.link(at + 1, "column") is not None
        ):
            # "Per experiment status" is per status.
            draft.use(at)
            at += 1
        while at < len(draft.items) and (kind := _key_kind(draft, at)) is not None:
            keys.append((at, kind))
            draft.use(at)
            taken = True
            following = at + 1
            joined = [draft.low(i) for i in range(following, draft.after(at))]
            if (
                not joined
                or not set(joined) <= {"and", ",", "the", "by", "per", "their", "each"}
                or not set(joined) & {"and", ","}
            ):
                break
            at = draft.after(at)
        if taken:
            draft.use(place)
    return keys


def _key_kind(draft: Draft, at: int) -> str | None:
    if at in draft.used:
        return None
    if english.singular(draft.low(at)) in _UNITS and draft.link(at, "value") is None:
        return "unit"
    return "key" if any(draft.link(at, k) for k in ("column", "table", "verb")) else None


def _is_grouping_by(draft: Draft, place: int) -> bool:
    """Return whether "by" is followed by what things are grouped by."""
    at = draft.after(place)
    if (
        at >= len(draft.items)
        or any(draft.low(i) in ("a", "an", "the") for i in range(place + 1, at))
        or _key_kind(draft, at) is None
    ):
        return False
    if any(draft.is_operator(i, "superlative", "order") for i in range(place)):
        return False
    preceding = draft.before(place)
    return (
        draft.link(preceding, "verb") is None
        or draft.link(preceding, "table") is not None
        or _key_kind(draft, at) == "unit"
    )


def group_by(draft: Draft, keys: Sequence[tuple[int, str]]) -> None:
    """Make the attributes of the groups."""
    target = draft.target
    assert target is not None, "there is a target"
    for place, kind in keys:
        attribute = _unit_key(draft, target, place) if kind == "unit" else _key(draft, target, place)
        if attribute is None:
            draft.cost(f"no group by {draft.items[place].text}", 3.0)
            continue
        draft.groups.append(attribute)
        named = _label_of(draft, attribute)
        if named is not None:
            draft.groups.append(named)


def _label_of(draft: Draft, attribute: Attribute) -> Attribute | None:
    """Return the name of the row that a key refers to by its id: groups are told by both."""
    if attribute.path:
        # Rows of one name are told apart by their key.
        table = draft.vocabulary.tables[attribute.path[-1].target]
        key = table.column(table.key) if table.key is not None else None
        is_name = attribute.column == table.label and not attribute.column.known.is_unique
        return Attribute(key, attribute.path) if is_name and key is not None and key != table.label else None
    relation = reference_of(draft.vocabulary, attribute.column)
    if relation is None or relation.key != "id" or relation.is_list:
        return None
    label = draft.vocabulary.tables[relation.target].label
    return None if label is None or label.name == "id" else Attribute(label, (relation,))


def _unit_key(draft: Draft, target: Frame, place: int) -> Attribute | None:
    unit = _UNITS[english.singular(draft.low(place)) if draft.low(place) not in _UNITS else draft.low(place)]
    column = next((c.column for c in target.conditions if hasattr(c, "low") and hasattr(c, "column")), None)
    column = column or _time_of_verbs(draft, target) or main_time(target.table)
    return None if column is None else Attribute(column, unit=unit)


def _time_of_verbs(draft: Draft, target: Frame) -> Column | None:
    for place, item in enumerate(draft.items):
        link = item.of("column")
        if link is not None and (
            draft.link(place, "column") or draft.link(place, "value") or draft.choice[place] is None
        ):
            named = next((c for c, _ in link.columns if c.is_time and c.table == target.table.name), None)
            if named is not None:
                draft.use(place)
                return named
        words = quantities.VERB_TIMES.get(item.stem, ())
        for word in words:
            column = next((c for c in target.table.columns if c.is_time and not c.is_system and word in c.stems), None)
            if column is not None:
                if item.kind == "unknown":
                    draft.use(place)
                return column
    return None


def _key(draft: Draft, target: Frame, place: int) -> Attribute | None:
    link = draft.choice[place]
    assert link is not None, "a key names something"
    if link.kind == "column":
        for column, quality in link.columns:
            if column.table == target.table.name:
                draft.cost(draft.items[place].text, (1 - quality) * 0.8)
                return Attribute(column)
        for column, quality in link.columns:
            ways = paths(draft.vocabulary, target.table.name, column.table)
            if ways:
                draft.cost(draft.items[place].text, (1 - quality) * 0.8 + 0.3 * len(ways[0]))
                return Attribute(column, _by_verbs(draft, ways))
        return None
    tables = (
        [link.table]
        if link.table is not None
        else [draft.vocabulary.tables[r.target] for r in link.relations if r.source == target.table.name]
    )
    for table in tables:
        if table is None or table.label is None:
            continue
        if link.kind == "verb":
            path: Path = (next(r for r in link.relations if r.source == target.table.name and r.target == table.name),)
        else:
            ways = paths(draft.vocabulary, target.table.name, table.name)
            if not ways:
                continue
            path = _by_verbs(draft, ways)
        draft.cost(draft.items[place].text, (1 - link.quality) * 0.6 + 0.1 * (len(path) - 1))
        return Attribute(table.label, path)
    return None


def _by_verbs(draft: Draft, ways: Sequence[Path]) -> Path:
    """Return the way that the verbs of the question name, else the first."""
    best, chosen, verb = -1.0, ways[0], -1
    for way in ways:
        for place in draft.free("verb"):
            link = draft.link(place, "verb")
            if link is not None and any(r in link.relations for r in way) and link.quality > best:
                best, chosen, verb = link.quality, way, place
    if verb >= 0:
        draft.use(verb)
    return chosen
