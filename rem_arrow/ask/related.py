"""What is near to a question in meaning, in any table: shown beside an answer that was declined, never as one."""

from __future__ import annotations

import polars as pl

from rem_arrow.ask import english
from rem_arrow.ask.asked import Asked
from rem_arrow.ask.question_words import tokenize
from rem_arrow.ask.vocabulary import TableWords
from rem_arrow.base.errors import RemError
from rem_arrow.base.quoting import literal, readable

ROWS, _TIMEOUT_S = 10, 5.0


def topic_of(text: str) -> str:
    """Return the words of a question that carry meaning."""
    return " ".join(t.text for t in tokenize(text) if t.is_word and (t.quoted or t.low not in english.STOP))


def related_sql(asked: Asked) -> str | None:
    """Return the search of every table that has embeddings; None where none has rows, or nothing is said."""
    topic = topic_of(asked.text)
    tables = [t for t in asked.vocabulary.tables.values() if t.embedded and t.rows and t.kind == "entity"]
    if not tables or not topic:
        return None
    searches = [
        f'SELECT {literal(t.name)} AS "table", id, {_title(t)} AS name, _score FROM SEARCH({readable(t.name)}, '
        f"{literal(topic)}, k => {ROWS}, metric => 'cosine')"
        for t in tables
    ]
    return "\nUNION ALL\n".join(searches) + f"\nORDER BY _score DESC LIMIT {ROWS}"


def related_rows(asked: Asked) -> pl.DataFrame:
    """Return the rows that are nearest, of any table: table, id, name, _score."""
    sql = related_sql(asked)
    nothing = pl.DataFrame(schema={"table": pl.String, "id": pl.String, "name": pl.String, "_score": pl.Float32})
    if sql is None:
        return nothing
    try:
        return asked.session.query(sql, {}, _TIMEOUT_S)
    except RemError:
        # What is beside the answer does not keep it from being given.
        return nothing


def _title(table: TableWords) -> str:
    label = table.label
    return readable(label.name) if label is not None else "CAST(NULL AS VARCHAR)"
