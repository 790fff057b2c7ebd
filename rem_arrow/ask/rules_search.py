"""Questions by meaning: search of the words that nothing else accounts for, with the conditions that are left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from rem_arrow.ask import conditions, english
from rem_arrow.ask.question import Reading
from rem_arrow.ask.staged_plan import Fallback, Plan, Stage
from rem_arrow.ask.subject import Subject, subject_of
from rem_arrow.ask.vocabulary import TableWords
from rem_arrow.quoting import literal, readable

if TYPE_CHECKING:
    from rem_arrow.ask.rules import Asked

ROWS = 10
_WORDS_MAX = 12
_EVERYWHERE = frozenset({"anything", "everything", "something", "anywhere", "everywhere"})
# Where the answer to "how do I" is looked for first.
_TEXTS = ("resources", "documents", "articles", "pages")


def plan(asked: Asked, reading: Reading) -> Plan:
    """Return a plan that searches by meaning."""
    subject = subject_of(asked, reading)
    if subject is None or not (subject.table.embedded or _texts_of(subject.table)):
        return _everywhere(asked, reading, subject)
    table = subject.table
    at = _marker(reading, subject)
    # What stands behind "about" is the topic, whatever else its words could be; but times are times.
    before = conditions.found(reading, table, within=range(at)) if at is not None else []
    after = _tail_conditions(reading, table, at) if at is not None else conditions.found(reading, table)
    time = conditions.time_condition(reading, table)
    places = [i for i in reading.left() if not (time is not None and reading.tokens[i].stem in english.TIME_STEMS)]
    places = [i for i in places if reading.tokens[i].stem not in english.VAGUE_STEMS] or places
    where = [*before, *after, *([time[0]] if time else [])]
    kind = subject.conditions
    if where and kind:
        where = [*kind, *where]
    elif kind and subject.place is not None:
        # A noun that says a kind, and nothing else: it is part of what is meant.
        reading.used.discard(subject.place)
        places = sorted({*places, subject.place})
    topic = reading.topic(places)
    if not topic:
        return _browse(asked, table, [*kind, *where])
    if not table.embedded:
        return _by_words(asked, table, where, topic)
    text = f" WHERE {' AND '.join(where)}" if where else ""
    sql = f"SEARCH {literal(topic)} IN {readable(table.name)}{text} LIMIT {ROWS}"
    explanation = f"Rows of {table.name} nearest in meaning to {topic!r}" + (
        f", of those where {' AND '.join(where)}." if where else "."
    )
    fallbacks = (
        [
            Fallback(
                sql=f"SEARCH {literal(topic)} IN {readable(table.name)} LIMIT {ROWS}",
                purpose="the same without conditions",
            )
        ]
        if where
        else []
    )
    return Plan(
        query_type="hybrid" if where else "vector",
        confidence=0.75 if where else 0.7,
        explanation=explanation + " Nearness is no proof: read the first rows.",
        stages=[Stage(name="nearest", sql=sql, purpose="the nearest rows")],
        fallbacks=[*fallbacks, *everywhere_fallback(asked, topic)][:2],
    )


def broader(asked: Asked, reading: Reading, subject: Subject) -> list[Fallback]:
    """Return what may be tried when conditions find nothing: a search for the question's words in the same table, then
    everywhere."""
    topic = " ".join(t.text for t in reading.tokens if t.is_word and t.low not in english.STOP)
    own = [
        Fallback(
            sql=f"SEARCH {literal(topic)} IN {readable(subject.table.name)} LIMIT {ROWS}",
            purpose=f"rows of {subject.table.name} near in meaning",
        )
    ]
    return [*(own if subject.table.embedded and topic else []), *everywhere_fallback(asked, topic)][:2]


def everywhere_fallback(asked: Asked, topic: str) -> list[Fallback]:
    """Return the search of all tables, if there is one."""
    sql = everywhere(asked, topic) if topic else None
    return [] if sql is None else [Fallback(sql=sql, purpose="what is near in meaning in any table")]


def everywhere(asked: Asked, topic: str, k: int = ROWS) -> str | None:
    """Return the SQL of a search of every table that has embeddings; None where none has rows."""
    tables = [t for t in asked.vocabulary.tables.values() if t.embedded and t.rows and t.kind == "entity"]
    if not tables:
        return None
    parts = [
        f'SELECT {literal(t.name)} AS "table", id, {_title(t)} AS name, _score FROM SEARCH({readable(t.name)}, '
        f"{literal(topic)}, k => {k})"
        for t in tables
    ]
    return "\nUNION ALL\n".join(parts) + f"\nORDER BY _score DESC LIMIT {k}"


def _everywhere(asked: Asked, reading: Reading, subject: Subject | None) -> Plan:
    places = reading.left()
    if subject is not None and subject.place is not None:
        places = sorted({*places, subject.place})
        reading.used.discard(subject.place)
    topic = reading.topic(places) or asked.text.strip()
    texts = next((asked.vocabulary.tables[t] for t in _TEXTS if t in asked.vocabulary.tables), None)
    widely = any(t.low in _EVERYWHERE for t in reading.tokens)
    if texts is not None and texts.rows and texts.embedded and not widely:
        sql = f"SEARCH {literal(topic)} IN {readable(texts.name)} LIMIT {ROWS}"
        said = f"Texts of {texts.name} nearest in meaning to {topic!r}; the question names no table."
        return _searched(sql, said, everywhere_fallback(asked, topic))
    found = everywhere(asked, topic)
    if found is None:
        found = f"SELECT * FROM FUZZY({literal(topic)}, k => {ROWS})"
        return _searched(found, f"No table has embeddings with rows; names spelled like {topic!r}.", [])
    return _searched(found, f"Rows of any table nearest in meaning to {topic!r}; the question names no table.", [])


def _searched(sql: str, said: str, fallbacks: list[Fallback]) -> Plan:
    return Plan(
        query_type="vector",
        confidence=0.6,
        explanation=said,
        stages=[Stage(name="nearest", sql=sql, purpose="the nearest rows")],
        fallbacks=fallbacks,
    )


def _browse(asked: Asked, table: TableWords, where: list[str]) -> Plan:
    sql = f"SELECT * FROM {readable(table.name)}" + (f" WHERE {' AND '.join(where)}" if where else "")
    return Plan(
        query_type="sql",
        confidence=0.6,
        explanation=f"Rows of {table.name}.",
        stages=[Stage(name="rows", sql=sql, purpose=f"the rows of {table.name}")],
        fallbacks=[],
    )


def _texts_of(table: TableWords) -> list[str]:
    """Return the columns of texts of a table."""
    return [c.name for c in table.columns if isinstance(c.dtype, pl.String) and c.name != "id"]


def _by_words(asked: Asked, table: TableWords, where: list[str], topic: str) -> Plan:
    """Rows of a table without embeddings that hold words of the topic, those with the most first."""
    stems = list(dict.fromkeys(english.stem(w) for w in topic.split() if len(w) > 2 or w.isdigit())) or [topic]
    texts = ", ".join(readable(n) for n in _texts_of(table))
    hits = [
        f"CAST(contains(lower(concat_ws(' ', {texts})), {literal(s.casefold())}) AS INTEGER)"
        for s in stems[:_WORDS_MAX]
    ]
    sql = f"SELECT * FROM (SELECT *, {' + '.join(hits)} AS words FROM {readable(table.name)}" + (
        f" WHERE {' AND '.join(where)}" if where else ""
    )
    sql += (
        f") WHERE words > 0 ORDER BY words DESC, id LIMIT {ROWS}"
        if table.kind == "entity"
        else f") WHERE words > 0 ORDER BY words DESC LIMIT {ROWS}"
    )
    return Plan(
        query_type="sql",
        confidence=0.5,
        explanation=f"{table.name} has no embeddings, so rows whose texts hold words of {topic!r}, those with the "
        "most first.",
        stages=[Stage(name="rows", sql=sql, purpose=f"the rows of {table.name} with these words")],
        fallbacks=everywhere_fallback(asked, topic),
    )


def _marker(reading: Reading, subject: Subject) -> int | None:
    """Return the place of the word that begins the topic, if it stands behind the subject."""
    first = subject.place if subject.place is not None else -1
    for place, token in enumerate(reading.tokens):
        if (
            place > first
            and place not in reading.used
            and (token.low in english.TOPIC_MARKERS or (token.low in ("for", "to") and place == first + 1))
        ):
            return place
    return None


def _tail_conditions(reading: Reading, table: TableWords, at: int) -> list[str]:
    """Return the conditions behind a topic: those that say their column, such as `with the tag asyncio`, `tagged
    class`."""
    found: list[str] = []
    for place in range(at + 2, len(reading.tokens)):
        hit = conditions.column_at(reading, table, place) if place not in reading.used else None
        said = reading.low(place - 1) in ("with", "the", "whose", "where", "in", "of") or reading.low(place).endswith(
            "ed"
        )
        if hit is not None and said:
            found += conditions.found(reading, table, within=range(place, len(reading.tokens)))
    return found


def _title(table: TableWords) -> str:
    names = [n for n in ("name", "title", "subject", "path", "message") if table.column(n) is not None]
    return names[0] if names else "CAST(NULL AS VARCHAR)"
