"""A record in words: how a question was understood."""

from __future__ import annotations

from rem_arrow.ask.record import (
    Among,
    Attribute,
    Compared,
    Condition,
    Containing,
    Either,
    Flag,
    Measure,
    Missing,
    Reaching,
    Record,
    Selection,
    Within,
)
from rem_arrow.base.quoting import literal

_FUNCTIONS = {"count": "number", "sum": "sum", "avg": "average", "min": "least", "max": "most", "median": "median"}


def described(record: Record) -> str:
    """Return a record as a sentence."""
    rows = selected(record.selection)
    match record.shape:
        case "lookup":
            text = f"what is named {', '.join(literal(n) for n in record.names)}, in any table"
        case "truth":
            text = f"whether there are {rows}"
        case "measure":
            assert record.measure is not None, "something is measured"
            text = f"{_measure(record.measure)} of {rows}"
        case "values":
            text = f"{_columns(record.columns)} of {rows}"
        case _:
            text = rows
    if record.groups:
        text += " for each " + " and ".join(_attribute(g) for g in record.groups)
    if record.having is not None:
        text += f" where that is {record.having[0]} {record.having[1]:g}"
    if record.order is not None:
        by = record.order.by
        what = _measure(by) if isinstance(by, Measure) else _attribute(by) if by is not None else "that number"
        first = "the most" if record.order.descending else "the least"
        many = f"the first {record.limit}" if record.limit else "in order" if record.all_ordered else "the first"
        text += f", {many} by {what}, {first} first"
    elif record.limit is not None:
        text += f", {record.limit} of them"
    return text[0].upper() + text[1:] + "."


def selected(selection: Selection) -> str:
    """Return a selection in words."""
    text = f"rows of {selection.table.name}"
    if selection.topic:
        text += f" near in meaning to {literal(selection.topic)}"
    stated = [condition_words(c) for c in selection.conditions]
    return text + (" where " + " AND ".join(stated) if stated else "")


def condition_words(condition: Condition) -> str:
    """Return a condition in words."""
    match condition:
        case Among():
            values = [literal(str(v)) for v in condition.values]
            if len(values) == 1:
                return f"{condition.column.name} {'<>' if condition.negated else '='} {values[0]}"
            listed = ", ".join([*values[:5], *(["..."] if len(values) > 5 else [])])
            return f"{condition.column.name} {'NOT IN' if condition.negated else 'IN'} ({listed})"
        case Compared():
            other = (
                condition.beside.name
                if condition.beside is not None
                else "the average"
                if condition.value is None
                else f"{condition.value:g}"
            )
            return f"{condition.column.name} {condition.comparator} {other}"
        case Within():
            return _within(condition)
        case Containing():
            names = " or ".join(c.name for c in condition.columns)
            return f"{names} {'does not contain' if condition.negated else 'contains'} {literal(condition.text)}"
        case Missing():
            return f"{condition.column.name} is {'not ' if condition.negated else ''}missing"
        case Flag():
            return condition.column.name if condition.value else f"NOT {condition.column.name}"
        case Either():
            return "(" + " OR ".join(condition_words(c) for c in condition.conditions) + ")"
        case Reaching():
            return _reaching(condition)


def _within(condition: Within) -> str:
    name = condition.column.name
    parts = []
    if condition.low is not None:
        parts.append(f"{name} from {condition.low:%Y-%m-%d %H:%M}".removesuffix(" 00:00"))
    if condition.high is not None:
        parts.append(
            f"{name if not parts else ''} before {condition.high:%Y-%m-%d %H:%M}".removesuffix(" 00:00").strip()
        )
    text = " ".join(parts)
    return f"not ({text})" if condition.negated else text


def _reaching(condition: Reaching) -> str:
    by = " and ".join(
        (" or ".join(r.edge_types) or "any edge") if r.kind == "edge" else r.column for r in condition.path
    )
    how_many = (
        "no"
        if condition.negated
        else f"{condition.count[0]} {condition.count[1]:g}"
        if condition.count is not None
        else "some"
    )
    inner = selected(condition.selection).removeprefix("rows of ")
    along = "".join(f" whose {condition_words(c)}" for c in condition.along)
    return f"by {by}{along} there are {how_many} {inner}"


def _columns(columns: tuple[Attribute, ...]) -> str:
    return " and ".join(_attribute(c) for c in columns)


def _attribute(attribute: Attribute) -> str:
    name = attribute.column.name if not attribute.path else f"{attribute.column.name} of {attribute.path[-1].target}"
    return f"{attribute.unit} of {name}" if attribute.unit is not None else name


def _measure(measure: Measure) -> str:
    if measure.selection is not None:
        return f"the number of {selected(measure.selection).removeprefix('rows of ')}"
    if measure.of is None:
        return "the number"
    different = "different " if measure.distinct else ""
    return f"the {_FUNCTIONS[measure.function]} of {different}{_attribute(measure.of)}"
