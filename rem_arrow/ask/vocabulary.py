"""The words of a database: its tables, their columns and values, and the types of its edges, as questions name them.

Values are read from text columns that have few different ones; they are cached, and read again when the table has
changed. Everything else comes from the catalog.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import polars as pl

from rem_arrow.ask import english
from rem_arrow.ask.session import Session, TableState
from rem_arrow.base.schema import Field

# Rows that are read for values, and the most different values that a column, or a column of lists, may have.
SAMPLE_ROWS, VALUES_MAX, ITEMS_MAX = 20_000, 300, 3_000
_VALUE_CHARS_MAX = 40
_CHANGE = 0.05
EDGES_COUNTED, _EDGES_CHANGE = 300_000, 0.01
_SYSTEM_COLUMNS = ("id", "created_at", "modified_at", "deleted_at")


T = TypeVar("T")
_VERBS = tuple({english.stem(w) for w in group} | set(group) for group in english.VERB_GROUPS)
_KINDS = ("type", "category", "kind", "class")


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Attributes:
        stems: of the words of its name.
        values: its values by their normal forms, where they are few.
    """

    table: str
    name: str
    dtype: pl.DataType
    description: str
    nullable: bool
    stems: tuple[str, ...]
    values: dict[str, str] = field(default_factory=dict)

    @property
    def parts(self) -> list[str]:
        return self.name.casefold().split("_")

    @property
    def is_kind(self) -> bool:
        """Whether its values say what kind of thing a row is."""
        return self.parts[-1] in _KINDS

    @property
    def is_list(self) -> bool:
        return isinstance(self.dtype, pl.List)

    @property
    def is_number(self) -> bool:
        return self.dtype.is_numeric()

    @property
    def is_time(self) -> bool:
        return isinstance(self.dtype, (pl.Datetime, pl.Date))

    @property
    def is_flag(self) -> bool:
        return isinstance(self.dtype, pl.Boolean)


@dataclass(frozen=True, slots=True)
class TableWords:
    """A table.

    Attributes:
        embedded: the columns that can be searched by meaning.
    """

    name: str
    kind: str
    description: str
    rows: int
    columns: tuple[Column, ...]
    embedded: tuple[str, ...]

    def column(self, name: str) -> Column | None:
        return next((c for c in self.columns if c.name == name), None)


@dataclass(frozen=True, slots=True)
class EdgeKind:
    """Edges of one type between two tables; None is the table of ends that dangle."""

    type: str
    src_table: str | None
    dst_table: str | None
    count: int
    stems: tuple[str, ...]


@dataclass(frozen=True)
class Vocabulary:
    """All that questions may name, except entities, which LOOKUP finds."""

    tables: dict[str, TableWords]
    edges: tuple[EdgeKind, ...]
    nouns: dict[str, str]

    def table_of(self, word: str) -> str | None:
        """Return the table that a word or phrase names."""
        return self.nouns.get(normal(word))

    def person_table(self) -> str | None:
        return next((t for t in english.PERSON_TABLES if t in self.tables), None)

    def edge_types(self, stem: str) -> list[str]:
        """Return the types of edges that a verb means: those that have its stem, else those of its group."""
        own = list(dict.fromkeys(e.type for e in self.edges if stem in e.stems))
        if own:
            return own
        groups = [g for g in _VERBS if stem in g]
        return list(dict.fromkeys(e.type for e in self.edges for g in groups if set(e.stems) & g))


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
        self._lock = threading.Lock()

    def of(self, session: Session) -> Vocabulary:
        with self._lock:
            states = session.tables()
            tables = {s.table.name: self._table(session, s) for s in states if s.table.kind in ("entity", "plain")}
            edges = next((s for s in states if s.table.name == "edges"), None)
            kinds = () if edges is None else self._edge_kinds(session, edges)
        return Vocabulary(tables, kinds, _nouns(list(tables.values())))

    def _table(self, session: Session, state: TableState) -> TableWords:
        cached = self._tables.get(state.table.name)
        if cached is None or not cached.is_current(state, SAMPLE_ROWS, _CHANGE):
            cached = self._tables[state.table.name] = _Cached(state, _described(session, state))
        return cached.words

    def _edge_kinds(self, session: Session, state: TableState) -> tuple[EdgeKind, ...]:
        cached = self._edges
        if cached is None or not cached.is_current(state, EDGES_COUNTED, _EDGES_CHANGE):
            text = (
                "SELECT edge_type, src_table, dst_table, count(*) AS n FROM edges GROUP BY ALL ORDER BY n DESC, "
                "edge_type, src_table, dst_table LIMIT 500"
            )
            rows = session.query(text, {}, None).rows()
            cached = self._edges = _Cached(state, tuple(EdgeKind(t, s, d, n, stems_of(t)) for t, s, d, n in rows))
        return cached.words


def _described(session: Session, state: TableState) -> TableWords:
    table = state.table
    fields = [f for f in table.fields if f.name != "deleted_at"]
    texts = [f for f in fields if _may_have_values(f)]
    sample = (
        session.sample(table.name, [f.name for f in texts], SAMPLE_ROWS) if texts and state.rows else pl.DataFrame()
    )
    columns = tuple(
        Column(
            table.name,
            f.name,
            f.dtype,
            f.description,
            f.nullable,
            stems_of(f.name),
            _values(sample[f.name]) if f.name in sample.columns else {},
        )
        for f in fields
    )
    return TableWords(
        table.name, table.kind, table.description, state.rows, columns, tuple(session.searchable(table.name))
    )


def _may_have_values(f: Field) -> bool:
    inner = f.dtype.inner if isinstance(f.dtype, pl.List) else f.dtype
    return (
        f.encoding != "json"
        and f.name not in _SYSTEM_COLUMNS
        and isinstance(inner, (pl.String, pl.Enum, pl.Categorical))
    )


def _values(column: pl.Series) -> dict[str, str]:
    """Return the different values by their normal forms, without long ones; none where they are many."""
    items = column.drop_nulls()
    limit = VALUES_MAX
    if isinstance(column.dtype, pl.List):
        items, limit = items.explode().drop_nulls(), ITEMS_MAX
    distinct = items.cast(pl.String).unique(maintain_order=True)
    if len(distinct) > limit or not len(distinct):
        return {}
    # Names and titles are not kinds: where most rows differ, values do not classify.
    if not isinstance(column.dtype, pl.List) and len(distinct) > max(20, 0.5 * len(items)):
        return {}
    return {normal(v): v for v in distinct.to_list() if v and len(v) <= _VALUE_CHARS_MAX}


def normal(text: str) -> str:
    """Return the normal form of a phrase: singular words without case and punctuation. "In_Progress" and "in progress"
    have the same."""
    return " ".join(
        english.singular(w) for w in re.findall(r"[\w+#.]+", text.replace("_", " ").replace("-", " ").casefold())
    )


def stems_of(name: str) -> tuple[str, ...]:
    """Return the stems of the words of a name, at least one: "assigned_to" is ("assign", "to")."""
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name) or [name]
    return tuple(english.stem(p) for p in parts)


def _nouns(tables: Sequence[TableWords]) -> dict[str, str]:
    """Return the tables by their names in normal form: their own, initials, and what other databases call them."""
    nouns: dict[str, str] = {}
    names = {t.name for t in tables}
    for stem, options in english.TABLE_SYNONYMS.items():
        table = next((o for o in options if o in names), None)
        if table is not None:
            nouns[stem] = table
    for word in english.PERSON_WORDS - {"who", "whom"}:
        person = next((t for t in english.PERSON_TABLES if t in names), None)
        if person is not None:
            nouns[normal(word)] = person
    for table_words in tables:
        parts = normal(table_words.name).split()
        if len(parts) > 1:
            nouns.setdefault("".join(p[0] for p in parts), table_words.name)
    # A table's own name wins.
    nouns.update({normal(t.name): t.name for t in tables})
    return nouns


def phrases(tokens: Sequence[object], longest: int) -> Iterable[tuple[int, int]]:
    """Yield the places of phrases of up to that many tokens, the longest first."""
    for size in range(min(longest, len(tokens)), 0, -1):
        yield from ((at, at + size) for at in range(len(tokens) - size + 1))
