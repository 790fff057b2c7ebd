"""How the rows of tables refer to each other: by edges, and by columns that hold keys or names of other tables' rows.

A column refers to another table where nearly all of its values are keys or labels of that table's rows; numbers only
where the column's name says so too, for small numbers are everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import polars as pl

from rem_arrow.ask import thesaurus
from rem_arrow.ask.column_words import SYSTEM_COLUMNS, Column
from rem_arrow.ask.vocabulary import BUILT_IN, TableWords, Vocabulary

_SHARE_MIN = 0.9
_NUMBER_PARTS = ("id", "no", "number", "key", "ref", "code")


@dataclass(frozen=True, slots=True)
class Relation:
    """A way from the rows of a table to those of another, or of the same.

    Attributes:
        kind: "edge": along edges of a type; "key": by a column that holds the other's key.
        edge_types: of edges.
        direction: of edges, seen from the source.
        column: the column that refers; it belongs to the source if `from_holder`, else to the target.
        key: the column of the other table whose values it holds.
        is_list: whether the column holds several keys.
        stems: of the words that name the relation.
    """

    source: str
    target: str
    kind: Literal["edge", "key"]
    edge_types: tuple[str, ...] = ()
    direction: Literal["out", "in", "both"] = "out"
    column: str = ""
    key: str = ""
    is_list: bool = False
    from_holder: bool = True
    stems: tuple[str, ...] = ()
    depth: int = 1


# What edges lead to, whatever its table.
ANYTHING = TableWords(
    "all_entities",
    "system",
    "",
    1,
    tuple(Column("all_entities", n, pl.String(), "", True, (n,)) for n in ("table", "id", "name")),
    (),
)


def relations_of(vocabulary: Vocabulary) -> tuple[Relation, ...]:
    """Return all relations between tables, in both directions."""
    return _relations(_Identity(vocabulary))


class _Identity:
    """A vocabulary as the key of a cache, by what it is and not by what it holds."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and other.vocabulary is self.vocabulary

    def __hash__(self) -> int:
        return id(self.vocabulary)


@lru_cache(maxsize=8)
def _relations(of: _Identity) -> tuple[Relation, ...]:
    return (*_edges(of.vocabulary), *_references(of.vocabulary))


def _edges(vocabulary: Vocabulary) -> Iterator[Relation]:
    for kind in vocabulary.edges:
        if kind.src_table in vocabulary.tables and kind.dst_table in vocabulary.tables:
            assert kind.src_table is not None and kind.dst_table is not None, "both are tables"
            yield Relation(kind.src_table, kind.dst_table, "edge", (kind.type,), "out", stems=kind.stems)
            yield Relation(kind.dst_table, kind.src_table, "edge", (kind.type,), "in", stems=kind.stems)


def _references(vocabulary: Vocabulary) -> Iterator[Relation]:
    filled = [t for t in vocabulary.filled if t.rows]
    for table in filled:
        for column in table.columns:
            target = _target(column, table, filled)
            if target is not None:
                other, key = target
                yield Relation(
                    table.name, other.name, "key", column=column.name, key=key, is_list=column.is_list,
                    from_holder=True, stems=column.stems,
                )  # fmt: skip
                yield Relation(
                    other.name, table.name, "key", column=column.name, key=key, is_list=column.is_list,
                    from_holder=False, stems=column.stems,
                )  # fmt: skip


def _target(column: Column, table: TableWords, tables: list[TableWords]) -> tuple[TableWords, str] | None:
    """Return the table whose rows a column's values name, and the column of their keys; None without one."""
    present = column.known.present
    if not present or column.name in SYSTEM_COLUMNS or (column.known.texts and column.known.is_unique):
        return None
    if table.label is not None and column.name == table.label.name:
        return None
    candidates = []
    for other in tables:
        named = _names(column, other)
        if (column.is_number or column.is_list) and not named:
            continue
        for key in dict.fromkeys([other.key, other.label.name if other.label is not None else None]):
            if key is None or (other is table and key == column.name):
                continue
            keys = other.column(key)
            if keys is None or not keys.known.present or not _same_kind(column, keys):
                continue
            share = len(present & keys.known.present) / len(present)
            if share >= _SHARE_MIN or (named and share >= 0.5):
                fits = share + named + (0.2 if key == "id" else 0) - (0.5 if other.name in BUILT_IN else 0)
                candidates.append((fits, other, key))
    if not candidates:
        return None
    _, other, key = max(candidates, key=lambda c: c[0])
    return other, key


def _names(column: Column, other: TableWords) -> float:
    """Return whether a column is named after a table: 1 if so, less where by words of the same meaning."""
    stems = [s for s in column.stems if s not in _NUMBER_PARTS]
    if other.stems[-1] in stems or (stems and tuple(stems) == other.stems):
        return 1.0
    if other.is_people and any(s in thesaurus.PERSON_STEMS for s in stems):
        return 0.6
    return 0.5 if any(other.stems[-1] in thesaurus.synonyms(s) for s in stems) else 0.0


def _same_kind(column: Column, key: Column) -> bool:
    inner = column.dtype.inner if isinstance(column.dtype, pl.List) else column.dtype
    return bool(inner.is_integer()) == bool(key.dtype.is_integer())  # type: ignore[union-attr]


def between(vocabulary: Vocabulary, source: str, target: str) -> list[Relation]:
    """Return the relations from one table to another."""
    return [r for r in relations_of(vocabulary) if r.source == source and r.target == target]


def paths(vocabulary: Vocabulary, source: str, target: str) -> list[tuple[Relation, ...]]:
    """Return the ways of one or two relations from one table to another, the direct ones first."""
    everything = relations_of(vocabulary)
    direct: list[tuple[Relation, ...]] = [(r,) for r in everything if r.source == source and r.target == target]
    if direct:
        return direct
    first = [r for r in everything if r.source == source and r.target not in (source, target)]
    return [(a, b) for a in first for b in everything if b.source == a.target and b.target == target]


def reference_of(vocabulary: Vocabulary, column: Column) -> Relation | None:
    """Return the relation by which a column refers to another table's rows; None where it does not."""
    return next(
        (
            r
            for r in relations_of(vocabulary)
            if r.kind == "key" and r.from_holder and r.source == column.table and r.column == column.name
        ),
        None,
    )


def key_column(table: TableWords) -> str | None:
    """Return the column by which rows of a table are told apart."""
    return table.key
