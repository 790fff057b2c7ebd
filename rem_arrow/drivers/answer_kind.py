"""What the statements of a text answer with, by the text alone: rows, a count of rows, or nothing; or that they begin
or end a transaction."""

from __future__ import annotations

from typing import Literal, TypeAlias

from rem_arrow.face.database import Database
from rem_arrow.running.lru_cache import LruCache
from rem_arrow.sql.statement.classifier import classify
from rem_arrow.sql.statement.session_kinds import Execute
from rem_arrow.sql.statement.statement import (
    Control,
    CopyFrom,
    CopyTo,
    CreateTableAs,
    Delete,
    Explain,
    Insert,
    Merge,
    Select,
    Statement,
    Update,
    WritingCtes,
)
from rem_arrow.sql.text.parser import parse_all, tokens
from rem_arrow.sql.text.token_lists import mention

AnswerKind: TypeAlias = Literal["rows", "count", "nothing", "BEGIN", "COMMIT", "ROLLBACK"]

_TEXTS_MAX, _TEXT_CHARACTERS_MAX = 256, 100_000
_KINDS: LruCache[str, tuple[AnswerKind, ...]] = LruCache(_TEXTS_MAX)


def answer_kinds(text: str, database: Database) -> tuple[AnswerKind, ...]:
    """Return what each statement of a text answers with that the database is to run. Raises ParseError and
    UnsupportedError."""
    kinds = _KINDS.get(text)
    if kinds is None:
        kinds = tuple(map(_kind, _statements(text, database)))
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
        case CopyFrom() | CopyTo() | CreateTableAs():
            return "count"
        case _:
            return "nothing"


def only_reads(text: str, database: Database) -> bool:
    """Say whether the statements of a text change nothing. Raises ParseError and UnsupportedError."""
    reads = all(isinstance(s, Select | Explain) for s in _statements(text, database))
    return reads and not mention(tokens(text), "NEXTVAL")


def _statements(text: str, database: Database) -> list[Statement]:
    """Return the statements of a text: from the engine that runs them next, or read here where a server does."""
    if isinstance(database, Database):
        return [parsed.statement for parsed in database._instance.engine.statements(text)]
    return [classify(tree, text).statement for tree in parse_all(text)]
