"""Questions that are only names, and words that ask for what they name: `Tell me about DHL`."""

from __future__ import annotations

from rem_arrow.ask import english
from rem_arrow.ask.asked import Asked
from rem_arrow.ask.question import Reading, is_identifier
from rem_arrow.ask.staged_plan import Fallback, Plan, Stage
from rem_arrow.base.quoting import literal


def plan(asked: Asked, reading: Reading) -> Plan | None:
    """Return a plan that looks names up; None for a question that says more than names."""
    names = _names(asked, reading)
    if not names or reading.time is not None or _says_edges(asked, reading):
        return None
    tables = _tables_before_names(asked, reading)
    if tables is None:
        return None
    table = tables[0] if tables else asked.table
    texts = ", ".join(map(literal, names))
    is_sure = set(names) <= {entity.text for entity in reading.entities}
    said = "the question names " + " and ".join(map(repr, names))
    return Plan(
        query_type="entity_lookup",
        confidence=0.95 if is_sure else 0.5,
        explanation=f"{said}, so it is looked up."
        if is_sure
        else f"{said}, which no entity is called exactly; names spelled much alike, and search, come next.",
        stages=[
            Stage(
                name="found",
                sql=f"SELECT * FROM LOOKUP({texts}{f', table => {literal(table)}' if table else ''})",
                purpose="the entities of that name",
            )
        ],
        fallbacks=[Fallback(sql=f"SELECT * FROM FUZZY({texts}, k => 10)", purpose="names that are spelled much alike")],
    )


def _names(asked: Asked, reading: Reading) -> list[str]:
    """Return the names in a question in their order, those of no entity too, and account for them."""
    names = [(entity.first, entity.text) for entity in reading.entities]
    for entity in reading.entities:
        reading.use(entity.first, entity.last)
    for place, token in enumerate(reading.tokens):
        if place in reading.used or not token.is_word or asked.vocabulary.table_of(token.text) is not None:
            continue
        if token.quoted or is_identifier(token.text, place):
            names.append((place, token.text))
            reading.use(place, place + 1)
    return [text for _, text in sorted(names)]


def _says_edges(asked: Asked, reading: Reading) -> bool:
    """Return whether a question has a word for edges."""
    if any(t.stem in english.ANY_STEMS for t in reading.tokens):
        return True
    return any(
        place not in reading.used
        and (token.low not in english.STOP or token.low == "called")
        and asked.vocabulary.edge_types(token.stem)
        for place, token in enumerate(reading.tokens)
    )


def _tables_before_names(asked: Asked, reading: Reading) -> list[str] | None:
    """Return the tables in front of names, as in "the file x"; None if the question has other words, or the names are
    of other tables."""
    words = [reading.low(i) for i in reading.left() if reading.low(i) not in english.LOOKUP_WORDS]
    tables = [t for word in words if (t := asked.vocabulary.table_of(word)) is not None]
    of_names = {table for entity in reading.entities for table, _, _ in entity.hits}
    return None if len(tables) < len(words) or (tables and of_names.isdisjoint(tables)) else tables
