"""The planner by rules: a question in English to a plan, by the words of the database and general grammar. Pure, but
for lookups of names.

The order of the rules is the order of what is surest: a name that is asked for; edges between things that are named;
counts and groupings; rows by their columns and times; search by meaning for what is left.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rem_arrow.ask import conditions, english, rules_aggregate, rules_graph, rules_search
from rem_arrow.ask.question import Reading, is_identifier, read
from rem_arrow.ask.session import Session
from rem_arrow.ask.staged_plan import Fallback, Plan, Stage
from rem_arrow.ask.subject import Subject, subject_of
from rem_arrow.ask.vocabulary import Vocabulary
from rem_arrow.quoting import literal, readable


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and what it is read by."""

    text: str
    vocabulary: Vocabulary
    session: Session
    now: datetime
    table: str | None = None


def plan(asked: Asked) -> Plan:
    """Return the plan for a question. Every question has one: at the least a search by meaning."""
    for rule in (_lookup, rules_graph.plan, rules_aggregate.plan, _rows):
        # Each rule reads anew: what one has accounted for is not the next one's concern.
        found = rule(asked, read(asked.text, asked.session, asked.vocabulary, asked.now))
        if found is not None:
            return found
    return rules_search.plan(asked, read(asked.text, asked.session, asked.vocabulary, asked.now))


def _lookup(asked: Asked, reading: Reading) -> Plan | None:
    """Only names, and words that ask for what they name: `Tell me about DHL`."""
    names: list[tuple[int, str]] = []
    for entity in reading.entities:
        reading.use(entity.first, entity.last)
        names.append((entity.first, entity.text))
    for place, token in enumerate(reading.tokens):
        if (
            place not in reading.used
            and (token.quoted or is_identifier(token.text, place))
            and token.is_word
            and asked.vocabulary.table_of(token.text) is None
        ):
            names.append((place, token.text))
            reading.use(place, place + 1)
    rest = [i for i in reading.left() if reading.low(i) not in english.LOOKUP_WORDS]
    verbs = [
        i
        for i, t in enumerate(reading.tokens)
        if i not in reading.used
        and (t.low not in english.STOP or t.low == "called")
        and asked.vocabulary.edge_types(t.stem)
    ]
    if verbs or any(t.stem in english.ANY_STEMS for t in reading.tokens):
        return None
    tables = [t for i in rest if (t := asked.vocabulary.table_of(reading.low(i))) is not None]
    known = {table for e in reading.entities for table, _, _ in e.hits}
    # "the file x", "issue TAP-1": the kind of thing before its name.
    if not names or len(tables) < len(rest) or (tables and not set(tables) & known) or reading.time is not None:
        return None
    texts = [t for _, t in sorted(names)]
    table = tables[0] if tables else asked.table
    sql = f"SELECT * FROM LOOKUP({', '.join(map(literal, texts))}{f', table => {literal(table)}' if table else ''})"
    sure = all(any(e.text == t for e in reading.entities) for t in texts)
    broader = [
        Fallback(
            sql=f"SELECT * FROM FUZZY({', '.join(map(literal, texts))}, k => 10)",
            purpose="names that are spelled much alike",
        )
    ]
    said = "the question names " + " and ".join(repr(t) for t in texts)
    return Plan(
        query_type="entity_lookup",
        confidence=0.95 if sure else 0.5,
        explanation=f"{said}, so it is looked up."
        if sure
        else f"{said}, which no entity is called exactly; names spelled much alike, and search, come next.",
        stages=[Stage(name="found", sql=sql, purpose="the entities of that name")],
        fallbacks=broader,
    )


def _rows(asked: Asked, reading: Reading) -> Plan | None:
    """Rows of one table by its columns and times: `open issues with priority critical`."""
    subject = subject_of(asked, reading)
    if subject is None:
        return None
    table = subject.table
    if any(t.low in english.ABOUT for t in reading.tokens):
        return None
    order = _order(reading, subject)
    where = [*conditions.found(reading, table), *subject.conditions]
    time = conditions.time_condition(reading, table)
    rest = reading.left()
    said = {
        english.stem(w)
        for c in table.columns
        if any(readable(c.name) in w for w in where)
        for w in c.description.split()
    }
    rest = [i for i in rest if reading.tokens[i].stem not in english.VAGUE_STEMS and reading.tokens[i].stem not in said]
    if time is not None:
        rest = [
            i for i in rest if reading.tokens[i].stem not in english.TIME_STEMS and reading.low(i) not in english.FUTURE
        ]
    if rest or (not where and time is None and order is None and len(reading.left()) > 0):
        return None
    text = " AND ".join([*where, *([time[0]] if time else [])])
    sql = f"SELECT * FROM {readable(table.name)}" + (f" WHERE {text}" if text else "")
    if order is None and time is not None:
        order = f" ORDER BY {readable(time[1].name)} DESC"
    event = time is not None and time[1].name not in ("created_at", "modified_at")
    return Plan(
        query_type="temporal" if event else "sql",
        confidence=0.9 if (where or time or order) else 0.8,
        explanation=f"Rows of {table.name}" + (f" where {text}." if text else "."),
        stages=[Stage(name="rows", sql=sql + (order or ""), purpose=f"the rows of {table.name} that are asked for")],
        fallbacks=rules_search.broader(asked, reading, subject),
    )


def _order(reading: Reading, subject: Subject) -> str | None:
    """the 5 largest; ten longest; newest"""
    table = subject.table
    for place, token in enumerate(reading.tokens):
        if place in reading.used:
            continue
        column = descending = None
        if token.low in english.SIZES and token.low.endswith(("est", "expensive")):
            column, descending = conditions.sized(token.low, table), english.SIZES[token.low][0]
        elif token.low in english.NEWEST and token.low not in ("first", "last"):
            column, descending = conditions.time_column(reading, table), english.NEWEST[token.low]
        if column is None or descending is None:
            continue
        counts = [
            (i, n)
            for i, t in enumerate(reading.tokens)
            if i not in reading.used and (n := english.number(t.text)) is not None and 1 <= n <= 1_000
        ]
        reading.use(place, place + 1)
        for at, _ in counts:
            reading.use(at, at + 1)
        superlative = token.low.endswith("est")
        limit = int(counts[0][1]) if counts else (1 if superlative and not subject.plural else 10)
        return f" ORDER BY {readable(column.name)} {'DESC' if descending else 'ASC'} NULLS LAST LIMIT {max(1, limit)}"
    return None
