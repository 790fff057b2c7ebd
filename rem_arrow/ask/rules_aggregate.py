"""Questions for numbers: how many, averages, totals, groups, and which one has the most."""

from __future__ import annotations

from dataclasses import dataclass

from rem_arrow.ask import english, rules_count
from rem_arrow.ask.asked import Asked
from rem_arrow.ask.columns import column_at, measure, time_column
from rem_arrow.ask.question import Reading
from rem_arrow.ask.selection import Selection, selection_of
from rem_arrow.ask.staged_plan import Plan, Stage
from rem_arrow.ask.subject import subject_of
from rem_arrow.ask.vocabulary import Column, TableWords
from rem_arrow.base.quoting import readable

FUNCTIONS = {
    "average": "AVG",
    "avg": "AVG",
    "mean": "AVG",
    "total": "SUM",
    "sum": "SUM",
    "maximum": "MAX",
    "max": "MAX",
    "highest": "MAX",
    "minimum": "MIN",
    "min": "MIN",
    "lowest": "MIN",
    "median": "MEDIAN",
}
_GROUPS = ("per", "by", "each", "every")
_ASKING = ("which", "what", "who", "name", "show", "list", "the", "top")
_VAGUE = frozenset(
    [
        "work",
        "works",
        "working",
        "people",
        "made",
        "make",
        "makes",
        "number",
        "count",
        "there",
        "in",
        "total",
        "altogether",
        "times",
        "often",
        "exist",
        "were",
        "written",
    ]
)
# A question with more words that no rule understands is not read as one for a number.
_DOUBT_MAX = 2


@dataclass(frozen=True, slots=True)
class _Extreme:
    """Which groups have the most rows, or the fewest: "which 3 components have the most bugs"."""

    most: bool
    groups: int


@dataclass(frozen=True, slots=True)
class _Aggregate:
    """A number of the rows that are selected, or one for each group of them.

    Attributes:
        function: an aggregate of SQL.
        of: the column that it is computed over; None is the rows themselves.
        extreme: which groups are asked for; None is all.
        doubt: words that are not understood.
    """

    selection: Selection
    function: str
    of: Column | None
    group: Column | None
    extreme: _Extreme | None
    doubt: tuple[str, ...]

    @property
    def value(self) -> str:
        return f"{self.function}({'*' if self.of is None else readable(self.of.name)})"

    @property
    def label(self) -> str:
        return self.function.lower() if self.of is None else f"{self.function.lower()}_{self.of.name}"


def plan(asked: Asked, reading: Reading) -> Plan | None:
    """Return a plan for a question that wants a number or a grouping; None for another."""
    plans = (rule(asked, reading) for rule in (rules_count.large_groups, rules_count.distinct_values, _aggregated))
    return next((p for p in plans if p is not None), None)


def _aggregated(asked: Asked, reading: Reading) -> Plan | None:
    aggregate = _read(asked, reading)
    if aggregate is None:
        return None
    purpose = "the number that is asked for" if aggregate.group is None else "the numbers by group"
    return Plan(
        query_type="aggregate",
        confidence=0.65 if aggregate.doubt else 0.9,
        explanation=_explained(aggregate),
        stages=[Stage(name="answer", sql=_sql(aggregate), purpose=purpose)],
        fallbacks=[],
    )


def _read(asked: Asked, reading: Reading) -> _Aggregate | None:
    """Return the aggregate that a question asks for, and account for its words."""
    function, extreme = _function(reading), _extreme(reading)
    if function is None and extreme is None:
        return None
    noun = None if extreme is None else _group_noun(asked, reading)
    subject = subject_of(asked, reading)
    if subject is None:
        return None
    table = subject.table
    group = _group(reading, table) if noun is None else _column_of(noun, table)
    if function is None and group is None:
        return None
    of = None
    if function is not None and function != "COUNT":
        of = measured(reading, table) or _event_time(reading, table, function)
        if of is None:
            return None
    selection = selection_of(reading, subject)
    doubt = tuple(
        reading.tokens[i].text
        for i in reading.left()
        if reading.low(i) not in _VAGUE
        and reading.tokens[i].stem not in english.VAGUE_STEMS
        and reading.tokens[i].stem not in english.TIME_STEMS
    )
    return None if len(doubt) > _DOUBT_MAX else _Aggregate(selection, function or "COUNT", of, group, extreme, doubt)


def _sql(aggregate: _Aggregate) -> str:
    source, where = readable(aggregate.selection.table.name), aggregate.selection.where
    if aggregate.group is None:
        return f"SELECT {aggregate.value} AS {aggregate.label} FROM {source}{where}"
    column, order, limit = readable(aggregate.group.name), "DESC", ""
    if aggregate.extreme is not None:
        order = "DESC" if aggregate.extreme.most else "ASC"
        limit = f" LIMIT {aggregate.extreme.groups}"
        if aggregate.group.nullable:
            # Rows without a group are no group that could have the most.
            where += f" {'AND' if where else 'WHERE'} {column} IS NOT NULL"
    return (
        f"SELECT {column}, {aggregate.value} AS {aggregate.label} FROM {source}{where} GROUP BY {column} "
        f"ORDER BY {aggregate.label} {order}, {column}{limit}"
    )


def _explained(aggregate: _Aggregate) -> str:
    selection = aggregate.selection
    text = f"{aggregate.value} over {selection.table.name}"
    text += f" where {selection.condition}" if selection.condition else ""
    text += f" for each {aggregate.group.name}" if aggregate.group is not None else ""
    return f"{text}." + (f" Not understood: {', '.join(aggregate.doubt)}." if aggregate.doubt else "")


# --- what the words say


def _function(reading: Reading) -> str | None:
    """Return the aggregate function that a question names, and account for its words."""
    for place, token in enumerate(reading.tokens):
        following = reading.low(place + 1)
        if token.low == "how" and following in ("many", "often"):
            reading.use(place, place + 2)
            return "COUNT"
        if token.low in FUNCTIONS and place not in reading.used:
            # "maximum number of lines": the number is the column's.
            reading.use(place, place + (2 if following in ("number", "count", "amount") else 1))
            return FUNCTIONS[token.low]
        if token.low in ("add", "sum") and following == "up":
            reading.use(place, place + 2)
            return "SUM"
        if token.low in ("count", "tally") or (token.low == "number" and following == "of"):
            reading.use(place, place + 1)
            return "COUNT"
        if token.low == "when" and any(t.low in english.NEWEST for t in reading.tokens):
            reading.use(place, place + 1)
            return "MAX" if any(english.NEWEST.get(t.low) for t in reading.tokens) else "MIN"
    return None


def _extreme(reading: Reading) -> _Extreme | None:
    """Read "which component has the most bugs", and account for "most"."""
    if reading.low(0) not in _ASKING:
        return None
    for place, token in enumerate(reading.tokens[1:], start=1):
        if token.low in ("most", "fewest", "least") and reading.low(place - 1) != "at":
            reading.use(place, place + 1)
            groups = next((int(n) for i in range(place) if (n := reading.number(i)) is not None), 1)
            return _Extreme(token.low == "most", max(1, groups))
    return None


def _group_noun(asked: Asked, reading: Reading) -> str | None:
    """Return the noun after "which" or "what", by which counted rows are grouped, and account for it."""
    for place, token in enumerate(reading.tokens[:6]):
        if token.low not in ("which", "what"):
            continue
        at = place + 1
        while reading.low(at) in ("the", "is") or english.number(reading.low(at)) is not None:
            at += 1
        stem = english.stem(reading.low(at))
        if any(stem in c.stems for t in asked.vocabulary.tables.values() for c in t.columns):
            reading.use(at, at + 1)
            return reading.low(at)
    return None


def _column_of(noun: str, table: TableWords) -> Column | None:
    stem = english.stem(noun)
    columns = [c for c in table.columns if stem in c.stems and not c.is_list]
    return min(columns, key=lambda c: len(c.stems)) if columns else None


def _group(reading: Reading, table: TableWords) -> Column | None:
    """Read "per author", "by status", "in each team", "for every language"."""
    for place, token in enumerate(reading.tokens):
        if token.low not in _GROUPS or place in reading.used:
            continue
        at = place + 1
        while reading.low(at) in ("the", "each"):
            at += 1
        hit = column_at(reading, table, at)
        if hit is not None and not hit[0].is_list:
            reading.use(place, hit[1])
            return hit[0]
    return None


def measured(reading: Reading, table: TableWords) -> Column | None:
    """Return the first column of numbers that a question names, and account for its words."""
    for place, token in enumerate(reading.tokens):
        hit = measure(reading, table, place) if place not in reading.used and token.is_word else None
        if hit is not None:
            reading.use(place, hit[1])
            return hit[0]
    return None


def _event_time(reading: Reading, table: TableWords, function: str) -> Column | None:
    """Return the column of times of "when was the oldest issue created", and account for "oldest"."""
    if function not in ("MIN", "MAX") or not any(t.low in english.NEWEST for t in reading.tokens):
        return None
    for place, token in enumerate(reading.tokens):
        if token.low in english.NEWEST:
            reading.use(place, place + 1)
    return time_column(reading, table)
