"""The planner by rules: from a question in English to a plan, or to the refusal of one, by the words of the database
and general grammar.

The words are linked to what they may name, the links composed into readings, and the reading that explains the most is
written as SQL. A question of which words that carry meaning stay unexplained is declined.
"""

from __future__ import annotations

from dataclasses import dataclass

from rem_arrow.ask import linker
from rem_arrow.ask.asked import Asked
from rem_arrow.ask.confidence import ANSWERED_MIN, confidence_of
from rem_arrow.ask.description import described
from rem_arrow.ask.document_search import asks_how, searched_alone
from rem_arrow.ask.going_on import followed, follows
from rem_arrow.ask.items import Item, says_nothing
from rem_arrow.ask.query_text import write
from rem_arrow.ask.readings import Reading, readings
from rem_arrow.ask.record import Among, Measure, Reaching, Record, Selection, Within
from rem_arrow.ask.staged_plan import Plan, QueryType, Stage
from rem_arrow.ask.vocabulary import Vocabulary

_DOUBT_MIN, _SUGGESTIONS = 0.3, 2


@dataclass(frozen=True, slots=True)
class Understood:
    """What the rules made of a question.

    Attributes:
        plan: None where nothing of the database is in it.
        record: of the plan.
        is_declined: whether the plan is not to be run.
        words: those that were understood, and the ones that were not.
        suggestions: questions that can be answered.
    """

    plan: Plan | None
    record: Record | None
    is_declined: bool
    words: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    suggestions: tuple[str, ...] = ()


def understood(asked: Asked) -> Understood:
    """Return what the rules make of a question."""
    items = linker.link(asked.text, asked.session, asked.lexicon, asked.now)
    found = _readings(items, asked)
    if not found:
        alone = searched_alone(items, asked)
        if alone is None:
            return Understood(
                None,
                None,
                True,
                ((), tuple(i.text for i in items if not says_nothing(i))),
                suggested(asked.vocabulary, None),
            )
        found = [alone]
    best = found[0]
    sure = confidence_of(best, found[1] if len(found) > 1 else None, items)
    is_unnamed = best.cost > 0.45 and not any(x is not None and x.kind == "table" for x in best.draft.choice)
    alone = searched_alone(items, asked) if sure < ANSWERED_MIN or is_unnamed or asks_how(items) else None
    if alone is not None:
        best, sure = alone, confidence_of(alone, None, items)
    plan = _plan(best, asked, sure)
    declined = sure < ANSWERED_MIN
    return Understood(
        plan, best.record, declined, _words(best, items), suggested(asked.vocabulary, best) if declined else ()
    )


def _readings(items: list[Item], asked: Asked) -> list[Reading]:
    if asked.before is not None and follows(items):
        going_on = followed(items, asked)
        if going_on:
            return going_on
    before = None if asked.before is None else asked.before.selection
    return readings(items, asked.vocabulary, asked.now, table=asked.table, before=before)


def _plan(reading: Reading, asked: Asked, confidence: float) -> Plan:
    record = reading.record
    stages = write(record, asked.vocabulary)
    told = described(record)
    doubts = [why for why, amount in reading.draft.costs if amount >= _DOUBT_MIN and why]
    spelled = [f"{i.spelled} is read as {i.text}" for i in reading.draft.items if i.spelled and i.spelled != i.text]
    if doubts or spelled:
        told += " Doubtful: " + "; ".join([*doubts[:4], *spelled[:3]]) + "."
    return Plan(
        query_type=query_type(record, stages),
        confidence=round(confidence, 2),
        explanation=told,
        stages=stages,
        fallbacks=[],
    )


def query_type(record: Record, stages: list[Stage]) -> QueryType:
    """Return what kind of question a record is."""
    edges = sum(1 for _ in _edges(record.selection))
    has_edges = edges or any(r.kind == "edge" for a in (*record.columns, *record.groups) for r in a.path)
    if isinstance(record.order and record.order.by, Measure):
        return "graph" if any(r.kind == "edge" for r in record.order.by.path) else "aggregate"  # type: ignore[union-attr]
    if len(stages) >= 3 or (len(stages) == 2 and record.shape == "measure" and has_edges):
        return "staged"
    if record.shape == "measure":
        return "aggregate"
    topic = _topic(record.selection)
    if has_edges:
        return "graph"
    if topic:
        # The noun of a search may be a kind: tutorials, bugs.
        is_filtered = any(not (isinstance(c, Among) and c.column.is_kind) for c in record.selection.conditions)
        return "hybrid" if is_filtered else "vector"
    if record.is_lookup:
        return "entity_lookup"
    if any(isinstance(c, Within) and not c.column.is_system for c in record.selection.conditions):
        return "temporal"
    return "sql"


def _edges(selection: Selection):  # type: ignore[no-untyped-def]
    for condition in selection.conditions:
        if isinstance(condition, Reaching):
            yield from (r for r in condition.path if r.kind == "edge")
            yield from _edges(condition.selection)


def _topic(selection: Selection) -> str:
    return selection.topic or next(
        (t for c in selection.conditions if isinstance(c, Reaching) and (t := _topic(c.selection))), ""
    )


def _words(reading: Reading, items: list[Item]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    left = set(reading.draft.leftovers())
    known = tuple(i.text for n, i in enumerate(items) if n not in left and not says_nothing(i))
    return known, tuple(items[n].text for n in sorted(left))


def suggested(vocabulary: Vocabulary, reading: Reading | None) -> tuple[str, ...]:
    """Return questions like one, that can be answered."""
    table = reading.record.selection.table if reading is not None else None
    if table is None or not table.rows:
        tables = sorted((t for t in vocabulary.filled if t.rows), key=lambda t: -t.rows)
        if not tables:
            return ()
        table = tables[0]
    noun = table.name.replace("_", " ")
    kinds = [c for c in table.columns if c.values and not c.is_list and len(c.values) <= 30 and c is not table.label]
    numbers = [c for c in table.columns if c.has_unit and not c.is_system]
    options = []
    if kinds:
        column = kinds[0]
        options += [
            f"how many {noun} per {column.name.replace('_', ' ')}?",
            f"{noun} with {column.name.replace('_', ' ')} {next(iter(column.values.values()))}",
        ]
    if numbers:
        options.insert(1, f"which {noun} have the highest {numbers[0].name.replace('_', ' ')}?")
    options += [f"how many {noun} are there?", f"list all {noun}"]
    return tuple(dict.fromkeys(options))[:_SUGGESTIONS]
