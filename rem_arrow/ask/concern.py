"""The tables that a question concerns: those whose values a language model may be shown.

They are found as the rules find them: by the plan of a rule, the nouns of the question, the entities that it names, and
the values of columns in its words. A question that no rule reads concerns what its words name, or nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from rem_arrow.ask import english, rules
from rem_arrow.ask.asked import Asked
from rem_arrow.ask.column_values import WORDS_MAX
from rem_arrow.ask.question import Reading
from rem_arrow.ask.subject import subject_of
from rem_arrow.ask.vocabulary import normal, phrases
from rem_arrow.sql.statement.mentions import mentioned


def concerned(asked: Asked) -> frozenset[str]:
    """Return the names of the tables."""
    reading = rules.reading(asked)
    names = {asked.table} if asked.table is not None else set()
    names.update(table for entity in reading.entities for table, _, _ in entity.hits)
    names.update(_named(asked, reading))
    subject = subject_of(asked, reading)
    if subject is not None:
        names.add(subject.table.name)
    plan = rules.by_rule(asked)
    for stage in plan.stages if plan is not None else ():
        names.update(mentioned(stage.sql).tables)
    return frozenset(names & asked.vocabulary.tables.keys())


def _named(asked: Asked, reading: Reading) -> Iterator[str]:
    """Yield the tables that words of a question name, and those that hold such words as a value."""
    for first, last in phrases(reading.tokens, WORDS_MAX):
        tokens = reading.tokens[first:last]
        if not all(t.is_word for t in tokens) or (last == first + 1 and tokens[0].low in english.STOP):
            continue
        phrase = " ".join(t.text for t in tokens)
        table, value = asked.vocabulary.table_of(phrase), normal(phrase)
        if table is not None:
            yield table
        yield from (t.name for t in asked.vocabulary.tables.values() if any(value in c.values for c in t.columns))
