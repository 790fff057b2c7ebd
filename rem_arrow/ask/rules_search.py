"""Questions by meaning: a search for the words that nothing else accounts for, with the conditions that the other words
state."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from rem_arrow.ask import conditions, english
from rem_arrow.ask.asked import Asked
from rem_arrow.ask.columns import column_at
from rem_arrow.ask.question import Reading, Token
from rem_arrow.ask.selection import Selection
from rem_arrow.ask.staged_plan import FALLBACKS_MAX, Fallback, Plan, Stage
from rem_arrow.ask.subject import Subject, subject_of
from rem_arrow.ask.vocabulary import TableWords
from rem_arrow.base.quoting import literal, readable

ROWS = 10
_WORDS_MAX = 12
_EVERYWHERE = frozenset({"anything", "everything", "something", "anywhere", "everywhere"})
# Where the answer to "how do I" is looked for first.
_TEXTS = ("resources", "documents", "articles", "pages")


@dataclass(frozen=True, slots=True)
class _Search:
    """Rows of a table that are near to a topic in meaning; those that meet the conditions, if there are any."""

    selection: Selection
    topic: str


def plan(asked: Asked, reading: Reading) -> Plan:
    """Return a plan that searches by meaning."""
    subject = subject_of(asked, reading)
    if subject is None or not (subject.table.embedded or _text_columns(subject.table)):
        return _everywhere(asked, reading, subject)
    search = _read(reading, subject)
    if not search.topic:
        return _browse(search.selection)
    return _nearest(asked, search) if subject.table.embedded else _by_words(asked, search)


def _read(reading: Reading, subject: Subject) -> _Search:
    """Return the search that a question asks for in the table of its subject."""
    table, at = subject.table, _marker(reading, subject)
    if at is None:
        stated = conditions.read(reading, table)
    else:
        # What follows "about" is the topic, whatever else its words could be; but times are times.
        stated = [*conditions.read(reading, table, within=range(at)), *_tail_conditions(reading, table, at)]
    time = conditions.time_condition(reading, table)
    places = [i for i in reading.left() if time is None or reading.tokens[i].stem not in english.TIME_STEMS]
    places = [i for i in places if reading.tokens[i].stem not in english.VAGUE_STEMS] or places
    kind = subject.conditions
    if kind and subject.place is not None and not stated and time is None:
        # A noun that says a kind, and nothing else: it is part of the topic.
        reading.used.discard(subject.place)
        return _Search(Selection(table), reading.topic(sorted({*places, subject.place})))
    return _Search(Selection(table, (*kind, *stated), time), reading.topic(places))


def _nearest(asked: Asked, search: _Search) -> Plan:
    """Return the plan of a search in a table that has embeddings, with broader ones as fallbacks."""
    name, selection = readable(search.selection.table.name), search.selection
    explanation = f"Rows of {selection.table.name} nearest in meaning to {search.topic!r}"
    fallbacks = everywhere_fallback(asked, search.topic)
    if selection.condition:
        explanation += f", of those where {selection.condition}"
        everything = f"SEARCH {literal(search.topic)} IN {name} LIMIT {ROWS}"
        fallbacks = [Fallback(sql=everything, purpose="the same without conditions"), *fallbacks]
    sql = f"SEARCH {literal(search.topic)} IN {name}{selection.where} LIMIT {ROWS}"
    return Plan(
        query_type="hybrid" if selection.condition else "vector",
        confidence=0.75 if selection.condition else 0.7,
        explanation=f"{explanation}. Nearness is no proof: read the first rows.",
        stages=[Stage(name="nearest", sql=sql, purpose="the nearest rows")],
        fallbacks=fallbacks[:FALLBACKS_MAX],
    )


def broader(asked: Asked, reading: Reading, subject: Subject) -> list[Fallback]:
    """Return what may be tried when conditions find nothing: a search for the question's words in the same table, then
    in all."""
    topic, fallbacks = topic_of(reading.tokens), []
    if subject.table.embedded and topic:
        sql = f"SEARCH {literal(topic)} IN {readable(subject.table.name)} LIMIT {ROWS}"
        fallbacks = [Fallback(sql=sql, purpose=f"rows of {subject.table.name} near in meaning")]
    return [*fallbacks, *everywhere_fallback(asked, topic)][:FALLBACKS_MAX]


def topic_of(tokens: Iterable[Token]) -> str:
    """Return the words of a question that say something, as a text to search for."""
    return " ".join(t.text for t in tokens if t.is_word and t.low not in english.STOP)


def everywhere_fallback(asked: Asked, topic: str) -> list[Fallback]:
    """Return the search of all tables; nothing if there is no topic, or no table to search."""
    sql = _union(asked, topic) if topic else None
    return [] if sql is None else [Fallback(sql=sql, purpose="what is near in meaning in any table")]


def _union(asked: Asked, topic: str) -> str | None:
    """Return the SQL of a search of every table that has embeddings; None where none has rows."""
    tables = [t for t in asked.vocabulary.tables.values() if t.embedded and t.rows and t.kind == "entity"]
    if not tables:
        return None
    searches = [
        f'SELECT {literal(t.name)} AS "table", id, {_title(t)} AS name, _score FROM SEARCH({readable(t.name)}, '
        f"{literal(topic)}, k => {ROWS})"
        for t in tables
    ]
    return "\nUNION ALL\n".join(searches) + f"\nORDER BY _score DESC LIMIT {ROWS}"


def _title(table: TableWords) -> str:
    names = [n for n in ("name", "title", "subject", "path", "message") if table.column(n) is not None]
    return names[0] if names else "CAST(NULL AS VARCHAR)"


def _everywhere(asked: Asked, reading: Reading, subject: Subject | None) -> Plan:
    """Return the plan of a search that no table is named for: of texts where there are such, else of all tables."""
    places = reading.left()
    if subject is not None and subject.place is not None:
        places = sorted({*places, subject.place})
        reading.used.discard(subject.place)
    topic = reading.topic(places) or asked.text.strip()
    texts = next((asked.vocabulary.tables[t] for t in _TEXTS if t in asked.vocabulary.tables), None)
    is_wide = any(t.low in _EVERYWHERE for t in reading.tokens)
    if texts is not None and texts.rows and texts.embedded and not is_wide:
        sql = f"SEARCH {literal(topic)} IN {readable(texts.name)} LIMIT {ROWS}"
        said = f"Texts of {texts.name} nearest in meaning to {topic!r}; the question names no table."
        return _searched(sql, said, everywhere_fallback(asked, topic))
    union = _union(asked, topic)
    if union is None:
        sql = f"SELECT * FROM FUZZY({literal(topic)}, k => {ROWS})"
        return _searched(sql, f"No table has embeddings with rows; names spelled like {topic!r}.", [])
    return _searched(union, f"Rows of any table nearest in meaning to {topic!r}; the question names no table.", [])


def _searched(sql: str, said: str, fallbacks: list[Fallback]) -> Plan:
    return Plan(
        query_type="vector",
        confidence=0.6,
        explanation=said,
        stages=[Stage(name="nearest", sql=sql, purpose="the nearest rows")],
        fallbacks=fallbacks,
    )


def _browse(selection: Selection) -> Plan:
    """Return the plan of a question without a topic: the rows that meet its conditions."""
    name = selection.table.name
    sql = f"SELECT * FROM {readable(name)}{selection.where}"
    return Plan(
        query_type="sql",
        confidence=0.6,
        explanation=f"Rows of {name}.",
        stages=[Stage(name="rows", sql=sql, purpose=f"the rows of {name}")],
        fallbacks=[],
    )


def _text_columns(table: TableWords) -> list[str]:
    return [c.name for c in table.columns if isinstance(c.dtype, pl.String) and c.name != "id"]


def _by_words(asked: Asked, search: _Search) -> Plan:
    """Return the plan of a search in a table without embeddings: rows with words of the topic, those with the most
    first."""
    table, topic = search.selection.table, search.topic
    stems = list(dict.fromkeys(english.stem(w) for w in topic.split() if len(w) > 2 or w.isdigit())) or [topic]
    text = f"lower(concat_ws(' ', {', '.join(map(readable, _text_columns(table)))}))"
    words = " + ".join(f"CAST(contains({text}, {literal(s.casefold())}) AS INTEGER)" for s in stems[:_WORDS_MAX])
    rows = f"SELECT *, {words} AS words FROM {readable(table.name)}{search.selection.where}"
    order = "words DESC, id" if table.kind == "entity" else "words DESC"
    return Plan(
        query_type="sql",
        confidence=0.5,
        explanation=f"{table.name} has no embeddings, so rows whose texts hold words of {topic!r}, those with the "
        "most first.",
        stages=[
            Stage(
                name="rows",
                sql=f"SELECT * FROM ({rows}) WHERE words > 0 ORDER BY {order} LIMIT {ROWS}",
                purpose=f"the rows of {table.name} with these words",
            )
        ],
        fallbacks=everywhere_fallback(asked, topic),
    )


def _marker(reading: Reading, subject: Subject) -> int | None:
    """Return the place of the word that begins the topic, if it stands after the subject."""
    first = subject.place if subject.place is not None else -1
    for place, token in enumerate(reading.tokens):
        if place <= first or place in reading.used:
            continue
        if token.low in english.TOPIC_MARKERS or (token.low in ("for", "to") and place == first + 1):
            return place
    return None


def _tail_conditions(reading: Reading, table: TableWords, at: int) -> list[str]:
    """Return the conditions after a topic: those that say their column, such as `with the tag asyncio`, `tagged
    class`."""
    stated: list[str] = []
    for place in range(at + 2, len(reading.tokens)):
        is_said = reading.low(place - 1) in english.BEFORE_COLUMN or reading.low(place).endswith("ed")
        if is_said and place not in reading.used and column_at(reading, table, place) is not None:
            stated += conditions.read(reading, table, within=range(place, len(reading.tokens)))
    return stated
