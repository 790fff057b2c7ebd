"""Questions for numbers: how many, averages, totals, groupings, and which one has the most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rem_arrow.ask import conditions, english
from rem_arrow.ask.question import Reading
from rem_arrow.ask.staged_plan import Plan, Stage
from rem_arrow.ask.subject import noun, subject_of
from rem_arrow.ask.vocabulary import Column, TableWords
from rem_arrow.quoting import readable

if TYPE_CHECKING:
    from rem_arrow.ask.rules import Asked

OF_NUMBERS = {
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
_SIGNS = {
    "more": ">",
    "over": ">",
    "fewer": "<",
    "less": "<",
    "under": "<",
    "least": ">=",
    "most": "<=",
    "exactly": "=",
}
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


def plan(asked: Asked, reading: Reading) -> Plan | None:
    """Return a plan for a question that wants a number or a grouping; None for another."""
    having = _having(asked, reading)
    if having is not None:
        return having
    distinct = _distinct(asked, reading)
    if distinct is not None:
        return distinct
    function = _function(reading)
    extreme = _extreme(reading)
    if function is None and extreme is None:
        return None
    asks = _group_before(asked, reading) if extreme is not None else None
    subject = subject_of(asked, reading)
    if subject is None:
        return None
    table = subject.table
    group = _column_of(asks, table) if asks is not None else _group(reading, table)
    if extreme is not None and group is None and function is None:
        return None
    of = measured(reading, table) if function not in (None, "COUNT") else None
    if function not in (None, "COUNT") and of is None:
        when = _when(reading, table, function)
        if when is None:
            return None
        of = when
    value = f"{function}({readable(of.name)})" if of is not None else "COUNT(*)"
    where = [*conditions.found(reading, table), *subject.conditions]
    time = conditions.time_condition(reading, table)
    where += [time[0]] if time else []
    doubt = [
        reading.tokens[i].text
        for i in reading.left()
        if reading.low(i) not in _VAGUE
        and reading.tokens[i].stem not in english.VAGUE_STEMS
        and reading.tokens[i].stem not in english.TIME_STEMS
    ]
    if len(doubt) > 2:
        return None
    label = "count" if value == "COUNT(*)" else f"{function.lower()}_{of.name}" if function and of else "value"
    text = f" FROM {readable(table.name)}" + (f" WHERE {' AND '.join(where)}" if where else "")
    if group is None:
        sql = f"SELECT {value} AS {label}{text}"
    else:
        limit = f" LIMIT {extreme[1]}" if extreme is not None else ""
        if extreme is not None and group.nullable:
            # Which one has the most: no one is none of them.
            text += f"{' AND' if where else ' WHERE'} {readable(group.name)} IS NOT NULL"
        order = "ASC" if extreme is not None and not extreme[0] else "DESC"
        sql = (
            f"SELECT {readable(group.name)}, {value} AS {label}{text} GROUP BY {readable(group.name)} ORDER BY {label} "
            f"{order}, {readable(group.name)}{limit}"
        )
    return Plan(
        query_type="aggregate",
        confidence=0.9 if not doubt else 0.65,
        explanation=f"{value} over {table.name}"
        + (f" where {' AND '.join(where)}" if where else "")
        + (f" for each {group.name}" if group else "")
        + "."
        + (f" Not understood: {', '.join(doubt)}." if doubt else ""),
        stages=[
            Stage(
                name="answer",
                sql=sql,
                purpose="the number that is asked for" if group is None else "the numbers by group",
            )
        ],
        fallbacks=[],
    )


def _distinct(asked: Asked, reading: Reading) -> Plan | None:
    """how many different people have reported critical bugs: the values of a column that a word names"""
    lows = [t.low for t in reading.tokens]
    if "many" not in lows or not {"different", "distinct", "unique"} & set(lows):
        return None
    tables = asked.vocabulary.tables
    for place in range(len(reading.tokens)):
        thing = noun(asked, reading, place)
        if thing is None or thing.place is None:
            return None
        named_ = next(
            (
                c
                for t in reading.tokens
                if t.is_word and t.low not in english.STOP
                for c in thing.table.columns
                if c.name != "id" and conditions.alike(t.stem, c.stems[0])
            ),
            None,
        )
        if named_ is None or thing.table.name == asked.vocabulary.person_table():
            reading.used.clear()
            continue
        where = [*conditions.found(reading, tables[thing.table.name]), *thing.conditions]
        time = conditions.time_condition(reading, thing.table)
        where += [time[0]] if time else []
        sql = f"SELECT COUNT(DISTINCT {readable(named_.name)}) AS count FROM {readable(thing.table.name)}" + (
            f" WHERE {' AND '.join(where)}" if where else ""
        )
        said = f"How many different {named_.name} {thing.table.name} have" + (
            f", where {' AND '.join(where)}." if where else "."
        )
        return Plan(
            query_type="aggregate",
            confidence=0.8,
            explanation=said,
            stages=[Stage(name="answer", sql=sql, purpose="how many different ones")],
            fallbacks=[],
        )
    return None


def _having(asked: Asked, reading: Reading) -> Plan | None:
    """authors with more than 50 commits: the groups of a table that have so many rows"""
    words_ = [t.low for t in reading.tokens]
    sign = next((i for i, w in enumerate(words_) if w in _SIGNS and i >= 1), None)
    if sign is None or not any(w in ("with", "have", "has", "having", "who") for w in words_[:sign]):
        return None
    at = sign + (2 if reading.low(sign + 1) in ("than",) else 1)
    count = english.number(reading.tokens[at].text) if at < len(reading.tokens) else None
    thing = noun(asked, reading, at + 1) if count is not None else None
    if thing is None or thing.place is None or count is None:
        return None
    group = next(
        (
            c
            for i in range(sign)
            if reading.tokens[i].is_word and words_[i] not in english.STOP
            for c in thing.table.columns
            if english.stem(words_[i]) == c.stems[0] and not c.is_number
        ),
        None,
    )
    if group is None:
        return None
    reading.use(0, at + 1)
    where = [*conditions.found(reading, thing.table), *thing.conditions]
    time = conditions.time_condition(reading, thing.table)
    where += [time[0]] if time else []
    text = f" WHERE {' AND '.join(where)}" if where else ""
    column, than = (
        readable(group.name),
        {"at least": ">=", "at most": "<="}.get(f"{reading.low(sign - 1)} {words_[sign]}", _SIGNS[words_[sign]]),
    )
    sql = (
        f"SELECT {column}, COUNT(*) AS count FROM {readable(thing.table.name)}{text} GROUP BY {column} HAVING COUNT(*) "
        f"{than} {count:g} ORDER BY count DESC, {column}"
    )
    said = f"Each {group.name} of {thing.table.name} with {than} {count:g} rows."
    return Plan(
        query_type="aggregate",
        confidence=0.85,
        explanation=said,
        stages=[Stage(name="groups", sql=sql, purpose="the groups with so many rows")],
        fallbacks=[],
    )


def _function(reading: Reading) -> str | None:
    """Return the aggregate that a question asks for, and account for its words."""
    for place, token in enumerate(reading.tokens):
        if token.low == "how" and reading.low(place + 1) in ("many", "often"):
            reading.use(place, place + 2)
            return "COUNT"
        if token.low in OF_NUMBERS and place not in reading.used:
            reading.use(place, place + 1)
            # "maximum number of lines": the number is the column's.
            if reading.low(place + 1) in ("number", "count", "amount"):
                reading.use(place + 1, place + 2)
            return OF_NUMBERS[token.low]
        if token.low in ("add", "sum") and reading.low(place + 1) == "up":
            reading.use(place, place + 2)
            return "SUM"
        if token.low in ("count", "tally") or (token.low == "number" and reading.low(place + 1) == "of"):
            reading.use(place, place + 1)
            return "COUNT"
        if token.low == "when" and any(t.low in english.NEWEST for t in reading.tokens):
            reading.use(place, place + 1)
            return "MAX" if any(english.NEWEST.get(t.low) for t in reading.tokens) else "MIN"
    return None


def _extreme(reading: Reading) -> tuple[bool, int] | None:
    """which component has the most bugs: most, and how many of them"""
    for place, token in enumerate(reading.tokens):
        if (
            token.low in ("most", "fewest", "least")
            and reading.low(place - 1) != "at"
            and place
            and reading.low(0) in ("which", "what", "who", "name", "show", "list", "the", "top")
        ):
            reading.use(place, place + 1)
            count = next((int(n) for t in reading.tokens[:place] if (n := english.number(t.text)) is not None), 1)
            return token.low == "most", max(1, count)
    return None


def _group_before(asked: Asked, reading: Reading) -> str | None:
    """Return the word behind which/what: what is asked for is a group of the rows that are counted."""
    for place, token in enumerate(reading.tokens[:6]):
        if token.low in ("which", "what"):
            at = place + 1
            while reading.low(at) in ("the", "is") or english.number(reading.low(at)) is not None:
                at += 1
            if any(
                english.stem(reading.low(at)) in c.stems for t in asked.vocabulary.tables.values() for c in t.columns
            ):
                reading.use(at, at + 1)
                return reading.low(at)
    return None


def _column_of(word: str, table: TableWords) -> Column | None:
    stem = english.stem(word)
    hits = [c for c in table.columns if stem in c.stems and not c.is_list]
    return min(hits, key=lambda c: len(c.stems)) if hits else None


def _group(reading: Reading, table: TableWords) -> Column | None:
    """per author; by status; in each team; for every language"""
    for place, token in enumerate(reading.tokens):
        if token.low not in _GROUPS or place in reading.used:
            continue
        at = place + 1
        while reading.low(at) in ("the", "each"):
            at += 1
        hit = conditions.column_at(reading, table, at) if at < len(reading.tokens) else None
        if hit is not None and not hit[0].is_list:
            reading.use(place, hit[1])
            return hit[0]
    return None


def measured(reading: Reading, table: TableWords) -> Column | None:
    for place in range(len(reading.tokens)):
        if place in reading.used or not reading.tokens[place].is_word:
            continue
        hit = conditions.measure(reading, table, place)
        if hit is not None:
            reading.use(place, hit[1])
            return hit[0]
    return None


def _when(reading: Reading, table: TableWords, function: str | None) -> Column | None:
    """Return the column of time of `when was the oldest ... created`."""
    if function not in ("MIN", "MAX") or not any(t.low in english.NEWEST for t in reading.tokens):
        return None
    for place, token in enumerate(reading.tokens):
        if token.low in english.NEWEST:
            reading.use(place, place + 1)
    return conditions.time_column(reading, table)
