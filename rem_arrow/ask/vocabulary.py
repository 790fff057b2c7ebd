"""The words of a database: its tables, their columns and values, the types of its edges, and how its tables refer to
each other.

Values are read from the rows; they are cached, and read again when the table has changed. Everything else comes from
the catalog.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import Generic, TypeVar

import polars as pl

from rem_arrow.ask import english, thesaurus
from rem_arrow.ask.column_words import Column, stems_of
from rem_arrow.ask.edge_words import edge_columns
from rem_arrow.ask.known_values import NO_VALUES, SAMPLE_ROWS, may_have_values, values_of
from rem_arrow.ask.session import Session, TableState

_CHANGE = 0.05
EDGES_COUNTED, _EDGES_CHANGE = 300_000, 0.01
# The words that a database was taught, each with what it means.
TAUGHT = "taught_words"
# The tables that every database has.
BUILT_IN = ("agents", "entities", "messages", "moments", "resources", "sessions")
_LABELS = ("name", "title", "full_name", "label", "headline", "subject")

T = TypeVar("T")


@dataclass(frozen=True)
class TableWords:
    """A table.

    Attributes:
        embedded: the columns that can be searched by meaning.
        naming: the columns by which people name its rows.
    """

    name: str
    kind: str
    description: str
    rows: int
    columns: tuple[Column, ...]
    embedded: tuple[str, ...]
    naming: tuple[str, ...] = ()

    def column(self, name: str) -> Column | None:
        return next((c for c in self.columns if c.name == name), None)

    @cached_property
    def stems(self) -> tuple[str, ...]:
        return stems_of(self.name)

    @cached_property
    def key(self) -> str | None:
        """The column that tells its rows apart."""
        if any(c.name == "id" for c in self.columns):
            return "id"
        unique = [c for c in self.columns if c.known.is_unique and not c.known.texts]
        named = [c for c in unique if c.parts[-1] in ("id", "key", "code", "no", "number", "sku", "isbn")]
        return next((c.name for c in [*named, *unique]), None)

    @cached_property
    def label(self) -> Column | None:
        """The column that names its rows to people."""
        for name in _LABELS:
            column = self.column(name)
            if column is not None and column.is_text and (column.known.distinct or not self.rows):
                return column
        for column in self.columns:
            if column.is_text and column.parts[-1] in _LABELS:
                return column
        texts = [c for c in self.columns if c.is_text and not c.is_system and c.known.is_unique]
        return texts[0] if texts else self.column("id")

    @cached_property
    def is_people(self) -> bool:
        """Whether its rows are persons."""
        return (
            self.stems[-1] in thesaurus.PERSON_STEMS
            or "person" in english.head_of(self.description)
            or "somebody" in english.head_of(self.description)
        )

    @cached_property
    def index(self) -> dict[str, list[tuple[Column, str]]]:
        """Its values by their normal forms, each with its column."""
        entries: dict[str, list[tuple[Column, str]]] = {}
        for column in self.columns:
            for phrase, values in column.known.phrases.items():
                entries.setdefault(phrase, []).extend((column, value) for value in values)
        return entries

    @cached_property
    def partial(self) -> dict[str, list[tuple[Column, str]]]:
        """Its values of several words, by each of their words."""
        entries: dict[str, list[tuple[Column, str]]] = {}
        for column in self.columns:
            is_label = self.label is not None and column.name == self.label.name
            if column.known.words_mean > (7 if is_label else 3.5):
                continue
            for phrase, values in column.known.phrases.items():
                words = phrase.split()
                if len(words) > 1:
                    for word in words:
                        entries.setdefault(word, []).append((column, values[0]))
        return entries


@dataclass(frozen=True, slots=True)
class EdgeKind:
    """Edges of one type between two tables; None is the table of ends that dangle.

    Attributes:
        columns: their properties.
    """

    type: str
    src_table: str | None
    dst_table: str | None
    count: int
    stems: tuple[str, ...]
    columns: tuple[Column, ...] = ()


@dataclass(frozen=True)
class Vocabulary:
    """All that questions may name."""

    tables: dict[str, TableWords]
    edges: tuple[EdgeKind, ...]
    taught: dict[str, str] = field(default_factory=dict)

    @cached_property
    def filled(self) -> tuple[TableWords, ...]:
        """The tables that questions are likely to be about: those with rows, and those of the user."""
        return tuple(t for t in self.tables.values() if t.rows or t.name not in BUILT_IN)


@dataclass(frozen=True, slots=True)
class _Cached(Generic[T]):
    """Words that were made of a table as it was."""

    state: TableState
    words: T

    def is_current(self, state: TableState, rows_large: int, change: float) -> bool:
        """Return whether the words are those of the table now. A table of more than `rows_large` rows may have changed
        by a share of its rows."""
        if self.state.table != state.table:
            return False
        has_little_change = abs(state.rows - self.state.rows) <= change * self.state.rows
        return self.state.stamp is state.stamp or (state.rows > rows_large and has_little_change)


class Vocabularies:
    """Makes the vocabulary of a session, and caches what has not changed. Safe for use by many threads."""

    def __init__(self) -> None:
        self._tables: dict[str, _Cached[TableWords]] = {}
        self._edges: _Cached[tuple[EdgeKind, ...]] | None = None
        self._taught: _Cached[dict[str, str]] | None = None
        self._whole: tuple[tuple[object, ...], Vocabulary] | None = None
        self._lock = threading.Lock()

    def of(self, session: Session) -> Vocabulary:
        with self._lock:
            states = session.tables()
            tables = {
                s.table.name: self._table(session, s)
                for s in states
                if s.table.kind in ("entity", "plain") and s.table.name != TAUGHT
            }
            edges = next((s for s in states if s.table.name == "edges"), None)
            kinds = () if edges is None else self._edge_kinds(session, edges)
            words = next((s for s in states if s.table.name == TAUGHT), None)
            taught = {} if words is None else self._taught_words(session, words)
            made_of = (*tables.values(), kinds, tuple(taught.items()))
            if self._whole is None or not _same(self._whole[0], made_of):
                self._whole = (made_of, Vocabulary(tables, kinds, taught))
            return self._whole[1]

    def _table(self, session: Session, state: TableState) -> TableWords:
        cached = self._tables.get(state.table.name)
        if cached is None or not cached.is_current(state, SAMPLE_ROWS, _CHANGE):
            cached = self._tables[state.table.name] = _Cached(state, _described(session, state))
        return cached.words

    def _taught_words(self, session: Session, state: TableState) -> dict[str, str]:
        cached = self._taught
        if cached is None or not cached.is_current(state, SAMPLE_ROWS, 0.0):
            rows = session.query(f"SELECT word, means FROM {TAUGHT}", {}, None).rows()
            cached = self._taught = _Cached(state, {str(word).casefold(): str(means) for word, means in rows})
        return cached.words

    def _edge_kinds(self, session: Session, state: TableState) -> tuple[EdgeKind, ...]:
        cached = self._edges
        if cached is None or not cached.is_current(state, EDGES_COUNTED, _EDGES_CHANGE):
            text = (
                "SELECT edge_type, src_table, dst_table, count(*) AS n FROM edges GROUP BY ALL ORDER BY n DESC, "
                "edge_type, src_table, dst_table LIMIT 500"
            )
            rows = session.query(text, {}, None).rows()
            columns = edge_columns(session) if rows else {}
            kinds = tuple(EdgeKind(t, s, d, n, stems_of(t), columns.get((t, s, d), ())) for t, s, d, n in rows)
            cached = self._edges = _Cached(state, kinds)
        return cached.words


def _same(before: tuple[object, ...], now: tuple[object, ...]) -> bool:
    return len(before) == len(now) and all(
        a is b or (isinstance(a, tuple) and a == b) for a, b in zip(before, now, strict=True)
    )


def _described(session: Session, state: TableState) -> TableWords:
    table = state.table
    fields = [f for f in table.fields if f.name != "deleted_at"]
    read = [f.name for f in fields if may_have_values(f)]
    sample = session.sample(table.name, read, SAMPLE_ROWS) if read and state.rows else pl.DataFrame()
    columns = []
    for f in fields:
        known = values_of(sample[f.name], is_key=f.name == "id") if f.name in sample.columns else NO_VALUES
        columns.append(
            Column(table.name, f.name, f.dtype, f.description, f.nullable, stems_of(f.name), known.kinds, known)
        )
    return TableWords(
        table.name,
        table.kind,
        table.description,
        state.rows,
        tuple(columns),
        tuple(session.searchable(table.name)),
        tuple(table.name_fields),
    )
