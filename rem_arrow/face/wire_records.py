"""The classes of results and predicates that travel: each as the values of which it is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

from rem_arrow.ask.answer import Answer, StageResult
from rem_arrow.base.errors import InputError
from rem_arrow.engine.shown_plan import Plan
from rem_arrow.face.conversations import Forgotten
from rem_arrow.face.documents import AddedDocuments, Document
from rem_arrow.interop.arrow import Vectors
from rem_arrow.model import predicates
from rem_arrow.model.predicates import Predicate
from rem_arrow.plan.explain import Step


class Record(NamedTuple):
    """A class of results: how one is taken apart, and made again."""

    of: type
    write: Callable[[Any], object]
    read: Callable[[Any], object]


def _named(of: type) -> Record:
    names = [f.name for f in fields(of)] if is_dataclass(of) else list(getattr(of, "_fields", ()))
    return Record(of, lambda value: {name: getattr(value, name) for name in names}, lambda content: of(**content))


_COUNTS = ("added", "changed", "unchanged", "removed", "refused")


def _documents(content: Mapping[str, Any]) -> AddedDocuments:
    documents = AddedDocuments()
    documents.extend(content["documents"])
    documents.added, documents.changed, documents.unchanged, documents.removed, documents.refused = (
        content[name] for name in _COUNTS
    )
    return documents


RECORDS: dict[str, Record] = {
    **{of.__name__: _named(of) for of in (Answer, StageResult, Document, Forgotten, Vectors, Step)},
    "Plan": Record(Plan, lambda plan: list(plan.steps), Plan),
    "AddedDocuments": Record(
        AddedDocuments,
        lambda documents: {"documents": list(documents), **{name: getattr(documents, name) for name in _COUNTS}},
        _documents,
    ),
}
_NAMES = {record.of: name for name, record in RECORDS.items()}


def record_of(value: object) -> tuple[str, object] | None:
    """Return the name of a result's class, and its values; None for what is no result."""
    name = _NAMES.get(type(value))
    return None if name is None else (name, RECORDS[name].write(value))


_COMPARISONS: tuple[type[Predicate], ...] = (
    *(predicates.Eq, predicates.Ne, predicates.Gt, predicates.Ge, predicates.Lt, predicates.Le),
    *(predicates.Contains, predicates.StartsWith, predicates.EndsWith),
)
# Each class, and the arguments of which a predicate is made.
_ARGUMENTS: dict[type[Predicate], Callable[[Any], list[object]]] = {
    **dict.fromkeys(_COMPARISONS, lambda compared: [compared.column, compared.value]),
    predicates.Between: lambda between: [between.column, between.low, between.high],
    predicates.In: lambda listed: [listed.column, list(listed.options)],
    predicates.IsNull: lambda null: [null.column],
    predicates.And: lambda joined: list(joined.parts),
    predicates.Or: lambda joined: list(joined.parts),
    predicates.Not: lambda negated: [negated.part],
}
_PREDICATES: dict[str, Callable[..., Predicate]] = {of.__name__: of for of in _ARGUMENTS}


def fields_of(predicate: Predicate) -> tuple[str, list[object]]:
    """Return the name of a predicate's class, and its arguments. Raises InputError for a class of somebody else."""
    name, arguments = type(predicate).__name__, _ARGUMENTS.get(type(predicate))
    if arguments is None:
        raise InputError(f"a predicate {name} does not travel to a served database; use those of rem_arrow")
    return name, arguments(predicate)


def predicate_of(name: str, arguments: list[Any]) -> Predicate:
    """Return the predicate that `fields_of` took apart. Raises InputError."""
    if name not in _PREDICATES:
        raise InputError(f"there is no predicate {name:.80}")
    return _PREDICATES[name](*arguments)
