"""The words of a database: its tables, columns and their values, and the types of its edges, as questions speak of
them.

Values are read from the columns of texts that have few; they are kept, and read again only when the table has changed.
Everything else comes from the catalog.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import polars as pl

from rem_arrow.ask import english
from rem_arrow.ask.read_session import Known, Session
from rem_arrow.schema import Field

# Rows that are read for values, and how many different ones a column may have to be kept.
SAMPLE_ROWS, VALUES_MAX, ITEMS_MAX = 20_000, 300, 3_000
_VALUE_CHARS_MAX = 40
_CHANGE_MIN = 0.05
EDGES_COUNTED, _EDGES_CHANGE_MIN = 300_000, 0.01
_SYSTEM_COLUMNS = ("id", "created_at", "modified_at", "deleted_at")


_VERBS = tuple({english.stem(w) for w in group} | set(group) for group in english.VERB_GROUPS)
_KINDS = ("type", "category", "kind", "class")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its stems, and by the normal form of each value that value, where they are few."""

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
    """A table, by what it is called."""

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
    """Edges of one type between two tables; None is an end that dangles."""

    type: str
    src_table: str | None
    dst_table: str | None
    count: int
    stems: tuple[str, ...]


@dataclass(frozen=True)
class Vocabulary:
    """All that questions may name, but for entities, which LOOKUP finds."""

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


class Vocabularies:
    """Makes the vocabulary of a session, and keeps what has not changed. Safe in many threads."""

    def __init__(self) -> None:
        self._tables: dict[str, tuple[object, int, object, TableWords]] = {}
        self._edges: tuple[object, int, tuple[EdgeKind, ...]] | None = None
        self._lock = threading.Lock()

    def of(self, session: Session) -> Vocabulary:
        with self._lock:
            known = [k for k in session.tables() if k.table.kind in ("entity", "plain")]
            tables = {k.table.name: self._table(session, k) for k in known}
            edges = next((k for k in session.tables() if k.table.name == "edges"), None)
            kinds = () if edges is None else self._edge_kinds(session, edges)
        return Vocabulary(tables, kinds, _nouns(list(tables.values())))

    def _table(self, session: Session, known: Known) -> TableWords:
        kept = self._tables.get(known.table.name)
        if kept is not None and kept[0] == known.table:
            small = known.rows <= SAMPLE_ROWS
            if kept[2] is known.stamp or (not small and abs(known.rows - kept[1]) <= _CHANGE_MIN * kept[1]):
                return kept[3]
        made = _described(session, known)
        self._tables[known.table.name] = (known.table, known.rows, known.stamp, made)
        return made

    def _edge_kinds(self, session: Session, known: Known) -> tuple[EdgeKind, ...]:
        kept = self._edges
        # Of very many edges a few more are not counted at once.
        little = (
            kept is not None and known.rows > EDGES_COUNTED and abs(known.rows - kept[1]) <= _EDGES_CHANGE_MIN * kept[1]
        )
        if kept is None or (kept[0] is not known.stamp and not little):
            text = (
                "SELECT edge_type, src_table, dst_table, count(*) AS n FROM edges GROUP BY ALL ORDER BY n DESC, "
                "edge_type, src_table, dst_table LIMIT 500"
            )
            rows = session.query(text, {}, None).rows()
            kept = self._edges = (
                known.stamp,
                known.rows,
                tuple(EdgeKind(t, s, d, n, stems_of(t)) for t, s, d, n in rows),
            )
        return kept[2]


def _described(session: Session, known: Known) -> TableWords:
    table = known.table
    fields = [f for f in table.fields if f.name != "deleted_at"]
    texts = [f for f in fields if _may_have_values(f)]
    sample = (
        session.sample(table.name, [f.name for f in texts], SAMPLE_ROWS) if texts and known.rows else pl.DataFrame()
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
        table.name, table.kind, table.description, known.rows, columns, tuple(session.searchable(table.name))
    )


def _may_have_values(f: Field) -> bool:
    inner = f.dtype.inner if isinstance(f.dtype, pl.List) else f.dtype
    return (
        f.encoding != "json"
        and f.name not in _SYSTEM_COLUMNS
        and isinstance(inner, (pl.String, pl.Enum, pl.Categorical))
    )


def _values(column: pl.Series) -> dict[str, str]:
    """Return the different values by their normal forms; none where they are many or long."""
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
    """Return a phrase in singular words without case and punctuation: "In_Progress" and "in progress" are one."""
    return " ".join(
        english.singular(w) for w in re.findall(r"[\w+#.]+", text.replace("_", " ").replace("-", " ").casefold())
    )


def stems_of(name: str) -> tuple[str, ...]:
    """Return the stems of the words of a name: "assigned_to" is ("assign", "to")."""
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name)
    return tuple(english.stem(p) for p in parts)


def _nouns(tables: Sequence[TableWords]) -> dict[str, str]:
    """Return the table by each of its names in normal form: in singular, by initials, and by what other databases call
    it."""
    found: dict[str, str] = {}
    names = {t.name for t in tables}
    for stem, options in english.TABLE_SYNONYMS.items():
        table = next((o for o in options if o in names), None)
        if table is not None:
            found[stem] = table
    for word in english.PERSON_WORDS - {"who", "whom"}:
        person = next((t for t in english.PERSON_TABLES if t in names), None)
        if person is not None:
            found[normal(word)] = person
    for known in tables:
        parts = normal(known.name).split()
        if len(parts) > 1:
            found.setdefault("".join(p[0] for p in parts), known.name)
    # A table's own name wins.
    found.update({normal(t.name): t.name for t in tables})
    return found


def phrases(tokens: Sequence[object], longest: int) -> Iterable[tuple[int, int]]:
    """Yield the places of phrases of up to that many tokens, the longest first."""
    for size in range(min(longest, len(tokens)), 0, -1):
        yield from ((at, at + size) for at in range(len(tokens) - size + 1))
