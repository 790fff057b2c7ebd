"""What the statements of a text answer with, by the text alone: rows, a count of rows, or nothing; or that they define
what the catalog holds, or begin or end a transaction."""

from __future__ import annotations

from typing import Literal, TypeAlias

from rem_arrow.running.lru_cache import LruCache
from rem_arrow.sql.statement.classifier import classify
from rem_arrow.sql.statement.session_kinds import Deallocate, Execute, SetSetting, SetVariable, Upkeep, Use
from rem_arrow.sql.statement.statement import (
    Control,
    CopyFrom,
    CopyTo,
    Delete,
    Explain,
    Insert,
    Merge,
    Prepare,
    Select,
    Statement,
    Update,
    WritingCtes,
)
from rem_arrow.sql.text.parser import parse_all

AnswerKind: TypeAlias = Literal["rows", "count", "nothing", "definition", "BEGIN", "COMMIT", "ROLLBACK"]

_TEXTS_MAX, _TEXT_CHARACTERS_MAX = 256, 100_000
_KINDS: LruCache[str, tuple[AnswerKind, ...]] = LruCache(_TEXTS_MAX)


def answer_kinds(text: str) -> tuple[AnswerKind, ...]:
    """Return what each statement of a text answers with. Raises ParseError and UnsupportedError."""
    kinds = _KINDS.get(text)
    if kinds is None:
        kinds = tuple(_kind(classify(tree, text).statement) for tree in parse_all(text))
        if len(text) <= _TEXT_CHARACTERS_MAX:
            _KINDS.put(text, kinds)
    return kinds


def _kind(statement: Statement) -> AnswerKind:
    match statement:
        case Control():
            return statement.kind
        case WritingCtes():
            return _kind(statement.last)
        case Select() | Explain() | Execute():
            return "rows"
        case Insert() | Update() | Delete() | Merge():
            return "count" if statement.returning is None else "rows"
        case CopyFrom() | CopyTo():
            return "count"
        case SetSetting() | SetVariable() | Use() | Prepare() | Deallocate() | Upkeep():
            return "nothing"
        case _:
            return "definition"
