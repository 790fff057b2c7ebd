"""What a table looks like: fields, and the description of a table that the catalog stores.

Columns have numbers that are never reused; every byte in storage is keyed by them, so a rename changes only this
description. A `Table` is immutable; a change makes a new one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, cast

import polars as pl

from rem_arrow.base import checks, datatypes
from rem_arrow.base.constraints import Constraint
from rem_arrow.base.datatypes import Json
from rem_arrow.base.errors import InputError, suggest

# The rows of a table of vectors belong to those of another table, by their rowids; it has no name for users. What is no
# relation is described in the same form: it has no fields; the model of a type is what it is a name for.
TableKind: TypeAlias = Literal[
    "entity", "plain", "system", "view", "vectors", "schema", "macro", "table macro", "sequence", "type"
]
RELATIONS: frozenset[TableKind] = frozenset({"entity", "plain", "system", "view"})

# The schema that every database has, and that of tables that belong to a handle. Schemas of these names are no users'.
MAIN, TEMPORARY = "main", "temp"
RESERVED_SCHEMAS = (MAIN, TEMPORARY, "system", "information_schema", "pg_catalog")

ROWID_COLUMN = 0xFFFF
# RocksDB values and HNSW links are sized for vectors; no embedding model comes near.
DIMENSION_MAX = 65_536
NAME_BYTES_MAX = 255
COLUMNS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a table.

    Attributes:
        number: the column's number in storage, below 65,535, unique in the table for ever.
        default: the value, as JSON, of rows written before the column existed.
        encoding: "json" when the values are JSON texts of a dict or of any object; else "plain".
        default_sql: what new rows of a plain table get that name no value, in SQL; None: `default`.
        generated: what the column is computed from, in SQL; "" for one that rows bring.
    """

    name: str
    dtype: pl.DataType
    number: int
    nullable: bool = True
    default: Json = None
    encoding: Literal["plain", "json"] = "plain"
    description: str = ""
    default_sql: str | None = None
    generated: str = ""

    def to_json(self) -> Json:
        return [
            self.name,
            datatypes.to_json(self.dtype),
            self.number,
            self.nullable,
            self.default,
            self.encoding,
            self.description,
        ]

    @staticmethod
    def from_json(value: Json) -> Field:
        name, dtype, number, nullable, default, encoding, description = cast("list[Json]", value)
        return Field(
            str(name),
            datatypes.from_json(dtype),
            cast(int, number),
            bool(nullable),
            default,
            "json" if encoding == "json" else "plain",
            str(description),
        )


@dataclass(frozen=True, slots=True)
class Embedding:
    """A column of vectors computed from texts of its row. They lie in a table of kind "vectors", under the rowids of
    their rows.

    Attributes:
        column: embedding or embedding_alt.
        table: the number of the table of vectors.
        provider: the name of what computes them.
        fields: the columns whose texts are embedded, joined by line breaks.
    """

    column: str
    table: int
    provider: str
    dimension: int
    fields: tuple[str, ...]

    def __post_init__(self) -> None:
        checks.whole(self.dimension, f"the dimension of {self.provider}", most=DIMENSION_MAX)

    @property
    def dtype(self) -> pl.DataType:
        return pl.Array(pl.Float32, self.dimension)

    def to_json(self) -> Json:
        return [self.column, self.table, self.provider, self.dimension, list(self.fields)]

    @staticmethod
    def from_json(value: Json) -> Embedding:
        column, table, provider, dimension, fields = cast("list[Json]", value)
        return Embedding(
            str(column),
            cast(int, table),
            str(provider),
            cast(int, dimension),
            tuple(str(f) for f in cast("list[Json]", fields)),
        )


@dataclass(frozen=True, slots=True)
class VectorIndex:
    """An HNSW index over a column of vectors; `dimension` is that of its vectors."""

    name: str
    column: str
    metric: Literal["cosine", "inner_product", "l2"]
    dimension: int
    m: int = 16
    ef_construction: int = 200

    def to_json(self) -> Json:
        return [self.name, self.column, self.metric, self.dimension, self.m, self.ef_construction]

    @staticmethod
    def from_json(value: Json) -> VectorIndex:
        name, column, metric, dimension, m, ef = cast("list[Json]", value)
        return VectorIndex(
            str(name),
            str(column),
            cast('Literal["cosine", "inner_product", "l2"]', metric),
            cast(int, dimension),
            cast(int, m),
            cast(int, ef),
        )


@dataclass(frozen=True, slots=True)
class TextIndex:
    """A full-text index that is kept over a column of texts."""

    name: str
    column: str


@dataclass(frozen=True, slots=True)
class Table:
    """The description of a table.

    Attributes:
        number: 16-bit table number, never reused.
        key: columns whose values identify a row ("id" for entities); empty for plain tables.
        name_fields: columns whose text the global key index holds, most important first.
        indexed: columns with a secondary index.
        next_column: the number that the next new column gets.
        soft_delete: the column that marks a row as deleted when it is not NULL, or "".
        category: system, public, user or agents.
        model: the JSON of options that a model declared (what is embedded, and the like); of a view its SELECT.
        indexes: names of the indexes that CREATE INDEX made, each with a column, which is among `indexed`; one on
            several columns is there with each.
        embeddings: columns of vectors beside the fields; `SELECT *` leaves them out.
        vector_indexes: HNSW indexes over these, and over fields that are vectors.
        text_indexes: full-text indexes over fields that are texts.
        constraints: keys and conditions that the rows of a plain table meet.
        json_schema: that of the model of an entity table; None in databases of versions that did not keep it.
    """

    number: int
    name: str
    kind: TableKind
    fields: tuple[Field, ...]
    key: tuple[str, ...] = ()
    name_fields: tuple[str, ...] = ()
    indexed: tuple[str, ...] = ()
    next_column: int = 0
    soft_delete: str = ""
    category: str = "user"
    description: str = ""
    model: Json = None
    indexes: tuple[tuple[str, str], ...] = ()
    embeddings: tuple[Embedding, ...] = ()
    vector_indexes: tuple[VectorIndex, ...] = ()
    text_indexes: tuple[TextIndex, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    json_schema: Json = None

    def __post_init__(self) -> None:
        names = [f.name.casefold() for f in self.fields]
        assert len(set(names)) == len(names), f"columns of {self.name} repeat"
        assert all(f.number < self.next_column <= ROWID_COLUMN for f in self.fields), f"column numbers of {self.name}"

    @property
    def names(self) -> list[str]:
        return [f.name for f in self.fields]

    @property
    def is_relation(self) -> bool:
        """Whether a query may read it by its name."""
        return self.kind in RELATIONS

    @property
    def key_in_catalog(self) -> str | None:
        """What it is found by, see `catalog_key`; None for what has no name for users."""
        return None if self.kind == "vectors" else catalog_key(self.name, "" if self.is_relation else self.kind)

    def field(self, name: str) -> Field:
        """Return the field of that exact name. Raises InputError with a suggestion."""
        for field in self.fields:
            if field.name == name:
                return field
        raise InputError(f'no column "{name}" in {self.name}. {suggest(name, self.names, "Columns")}')

    @property
    def keys(self) -> list[Constraint]:
        """The primary key and the unique constraints."""
        return [c for c in self.constraints if c.is_key]

    @property
    def has_entries(self) -> bool:
        """Whether its rows have entries in the key indexes."""
        return bool(self.key or self.indexed or any(c.has_entries for c in self.constraints))

    @property
    def foreign_keys(self) -> list[Constraint]:
        """The constraints by which its rows refer to keys of tables."""
        return [c for c in self.constraints if c.references is not None]

    @property
    def given(self) -> tuple[Field, ...]:
        """The fields that rows bring: those that are not generated."""
        return tuple(f for f in self.fields if not f.generated)

    def embedding(self, column: str) -> Embedding | None:
        """Return the embedding of that column name, or None."""
        return next((e for e in self.embeddings if e.column == column), None)

    @property
    def named_indexes(self) -> list[tuple[str, tuple[str, ...]]]:
        """The indexes that have names, each with its columns."""
        plain: dict[str, tuple[str, ...]] = {}
        for index, column in self.indexes:
            plain[index] = (*plain.get(index, ()), column)
        vectors = ((i.name, (i.column,)) for i in self.vector_indexes)
        words = ((i.name, (i.column,)) for i in self.text_indexes)
        return [*plain.items(), *vectors, *words, *((c.name, c.columns) for c in self.constraints if c.index)]

    def renamed(self, old: str, new: str) -> Table:
        """Return the table with a column under another name, wherever the description names it."""

        def name(column: str) -> str:
            return new if column == old else column

        return replace(
            self,
            fields=tuple(replace(f, name=name(f.name)) for f in self.fields),
            key=tuple(map(name, self.key)),
            name_fields=tuple(map(name, self.name_fields)),
            indexed=tuple(map(name, self.indexed)),
            soft_delete=name(self.soft_delete),
            indexes=tuple((index, name(column)) for index, column in self.indexes),
            embeddings=tuple(replace(e, fields=tuple(map(name, e.fields))) for e in self.embeddings),
            vector_indexes=tuple(replace(i, column=name(i.column)) for i in self.vector_indexes),
            text_indexes=tuple(replace(i, column=name(i.column)) for i in self.text_indexes),
            constraints=tuple(c.renamed(old, new) for c in self.constraints),
        )

    def polars_schema(self) -> pl.Schema:
        return pl.Schema({f.name: f.dtype for f in self.fields})

    def with_fields(self, fields: tuple[Field, ...]) -> Table:
        return replace(self, fields=fields, next_column=max([self.next_column, *(f.number + 1 for f in fields)]))

    def to_json(self) -> dict[str, Json]:
        return {
            "number": self.number,
            "name": self.name,
            "kind": self.kind,
            "fields": [f.to_json() for f in self.fields],
            "key": list(self.key),
            "name_fields": list(self.name_fields),
            "indexed": list(self.indexed),
            "next_column": self.next_column,
            "soft_delete": self.soft_delete,
            "category": self.category,
            "description": self.description,
            "model": self.model,
            "indexes": [list(i) for i in self.indexes],
            "embeddings": [e.to_json() for e in self.embeddings],
            "vector_indexes": [i.to_json() for i in self.vector_indexes],
            "text_indexes": [[i.name, i.column] for i in self.text_indexes],
            "constraints": [c.to_json() for c in self.constraints],
            "json_schema": self.json_schema,
            "expressions": [
                [f.number, f.default_sql, f.generated] for f in self.fields if f.default_sql is not None or f.generated
            ],
        }

    @staticmethod
    def from_json(value: dict[str, Json]) -> Table:
        def texts(name: str) -> tuple[str, ...]:
            return tuple(str(v) for v in cast("list[Json]", value[name]))

        expressions = {
            cast(int, number): (None if default is None else str(default), str(generated))
            for number, default, generated in cast("list[list[Json]]", value.get("expressions", []))
        }
        fields = [Field.from_json(f) for f in cast("list[Json]", value["fields"])]
        for i, (default, generated) in (
            (i, expressions[f.number]) for i, f in enumerate(fields) if f.number in expressions
        ):
            fields[i] = replace(fields[i], default_sql=default, generated=generated)
        return Table(
            number=cast(int, value["number"]),
            name=str(value["name"]),
            kind=cast(TableKind, value["kind"]),
            fields=tuple(fields),
            key=texts("key"),
            name_fields=texts("name_fields"),
            indexed=texts("indexed"),
            next_column=cast(int, value["next_column"]),
            soft_delete=str(value["soft_delete"]),
            category=str(value["category"]),
            description=str(value["description"]),
            model=value["model"],
            indexes=tuple(
                (str(name), str(column)) for name, column in cast("list[list[Json]]", value.get("indexes", []))
            ),
            embeddings=tuple(Embedding.from_json(e) for e in cast("list[Json]", value.get("embeddings", []))),
            vector_indexes=tuple(VectorIndex.from_json(i) for i in cast("list[Json]", value.get("vector_indexes", []))),
            text_indexes=tuple(
                TextIndex(str(name), str(column))
                for name, column in cast("list[list[Json]]", value.get("text_indexes", []))
            ),
            constraints=tuple(Constraint.from_json(c) for c in cast("list[Json]", value.get("constraints", []))),
            json_schema=value.get("json_schema"),
        )


def catalog_key(name: str, kind: str = "") -> str:
    """Return what finds an entry of the catalog: relations share one set of names, each other kind has its own."""
    return f"\0{kind} {name.casefold()}" if kind else name.casefold()


def check_columns(count: int, table: str) -> None:
    """Raise InputError for more columns than a table may have."""
    if count > COLUMNS_MAX:
        raise InputError(
            f"{table} would have {count:,} columns, and a table has at most {COLUMNS_MAX:,}; store the values as rows, "
            "or as lists"
        )


def is_pattern(name: str) -> bool:
    """Say whether Polars takes a name for several: `*`, and what stands between ^ and $."""
    return name == "*" or (name.startswith("^") and name.endswith("$"))


def check_name(name: str, what: str) -> str:
    """Return `name` if SQL can quote it: 1 to 255 bytes of UTF-8, no control characters. Raises InputError."""
    checks.text(name, f"a {what} name")
    if any(ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) < 0xE000 for c in name):
        raise InputError(f"the {what} name {name!r} holds a control character, which SQL cannot quote; rename it")
    if len(name.encode()) > NAME_BYTES_MAX:
        raise InputError(f"the {what} name {name[:40]!r}... is longer than {NAME_BYTES_MAX} bytes")
    prefix, dot, _ = name.casefold().partition(".")
    if what in ("table", "view") and dot and prefix in RESERVED_SCHEMAS:
        raise InputError(f"{name} would be in the schema {prefix}, which is no user's; rename it")
    if what == "column" and is_pattern(name):
        raise InputError(f"the column name {name!r} is a pattern of names to Polars, which runs the queries; rename it")
    return name
