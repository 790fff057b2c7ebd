"""What may stand next in a statement that is being written: for shells and editors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

import polars as pl

from rem_arrow.base import checks
from rem_arrow.base.datatypes import instance, sql_name
from rem_arrow.base.errors import InputError, RemError
from rem_arrow.base.quoting import KEYWORDS, identifier, readable
from rem_arrow.base.schema import MAIN, TEMPORARY
from rem_arrow.catalog.snapshot import Snapshot
from rem_arrow.engine.engine import Engine
from rem_arrow.face.verbs import Verbs
from rem_arrow.plan.index_functions import INDEX_FUNCTIONS
from rem_arrow.sql.bind.file_calls import FUNCTIONS
from rem_arrow.sql.statement.mentions import mentioned
from rem_arrow.sql.text.caret_place import CaretPlace, Reference, Role, caret_place
from rem_arrow.sql.text.parser import TEXT_CHARS_MAX

_BEGINNINGS = """
SELECT FROM WITH INSERT UPDATE DELETE MERGE CREATE ALTER DROP EXPLAIN DESCRIBE SUMMARIZE SHOW SET RESET COPY SEARCH
LOOKUP FUZZY TRAVERSE BEGIN COMMIT ROLLBACK PREPARE EXECUTE VALUES PIVOT UNPIVOT TRUNCATE USE COMMENT"""
_CLAUSES = """
FROM WHERE GROUP ORDER BY HAVING QUALIFY WINDOW LIMIT OFFSET UNION EXCEPT INTERSECT ALL JOIN LEFT RIGHT FULL INNER CROSS
SEMI ANTI ASOF POSITIONAL NATURAL ON USING AS SET VALUES RETURNING INTO DEPTH DIRECTION TYPE TABLESAMPLE"""
_VALUES = """
AND OR NOT IN IS NULL LIKE ILIKE BETWEEN CASE WHEN THEN ELSE END CAST TRY_CAST DISTINCT EXISTS TRUE FALSE ASC DESC NULLS
FIRST LAST OVER PARTITION ROWS RANGE FILTER INTERVAL EXCLUDE REPLACE COLUMNS EXTRACT ANY"""
_TABLE_WORDS = "TABLE VIEW INDEX SCHEMA LATERAL GRAPH_TABLE VALUES"
_WORDS: Mapping[Role, list[str]] = {
    "beginning": _BEGINNINGS.split(),
    "after": _CLAUSES.split(),
    "value": [*_VALUES.split(), *_CLAUSES.split()],
    "relation": _TABLE_WORDS.split(),
}
_NAMED = ("column", "table", "view", "schema")
# What a vector has behind its dot.
_SEARCHES = {"cosine": "similarity", "inner_product": "similarity", "l2": "distance"}
_TABLES = """
SELECT schema_name, table_name AS name, 'table' AS kind FROM system.duckdb_tables
UNION ALL SELECT schema_name, view_name, 'view' FROM system.duckdb_views ORDER BY name"""
_SCHEMAS = "SELECT schema_name AS name FROM system.duckdb_schemas ORDER BY name"
_COLUMNS = "SELECT DISTINCT ON (column_name) column_name, table_name FROM system.duckdb_columns ORDER BY column_name"
_FUNCTIONS = "SELECT function_name, min(function_type) FROM system.duckdb_functions GROUP BY 1 ORDER BY 1"
_SETTINGS = "SELECT name, value FROM system.duckdb_settings ORDER BY name"
_TYPES = "SELECT DISTINCT upper(type_name) FROM system.duckdb_types ORDER BY 1"
_TABLE_FUNCTIONS = sorted(
    {*(name.upper() for name in INDEX_FUNCTIONS), *FUNCTIONS, "range", "generate_series", "unnest"}
)


class _Item(NamedTuple):
    """A completion; `suffix` is what follows a name."""

    text: str
    kind: str
    detail: str = ""
    suffix: str = ""


class CompletionVerbs(Verbs):
    """Statements that are being written."""

    def complete_sql(self, text: str, caret: int | None = None) -> pl.DataFrame:
        """Return what may stand at a place of a statement that is being written, the likeliest first.

        Args:
            text: SQL that need not be whole, one statement or several.
            caret: the place in it, in characters; default is its end.

        Returns:
            `completion` String, `kind` String (column, table, view, function, keyword, setting, type, schema), `detail`
            String (the type of a column, for example), `start` Int64: the completion stands for what is written from
            there to the caret. No row inside of a text or comment.

        Raises:
            InputError: the caret is outside of the text, or the text is too long.

        Example:
            >>> db.complete_sql("SELECT prio FROM issues", 11).rows()
            [('priority', 'column', 'BIGINT', 7)]
            >>> db.complete_sql("SELECT * FROM iss")["completion"].to_list()
            ['issues']
        """
        if not isinstance(text, str) or len(text) > TEXT_CHARS_MAX:
            raise InputError(f"what is completed is a text of at most {TEXT_CHARS_MAX:,} characters")
        at = len(text) if caret is None else checks.whole(caret, "caret", least=0, most=len(text))
        place = caret_place(text, at)
        prefix = place.written.removeprefix('"').casefold()
        catalog = _Catalog(self._instance.engine, self._snapshot())
        items = catalog.after_dot(place) if place.qualifiers else catalog.items(place, prefix)
        found: dict[str, _Item] = {}
        for item in items:
            is_fit = item.kind in _NAMED or not place.written.startswith('"')
            if is_fit and item.text.casefold().startswith(prefix):
                found.setdefault(item.text.casefold(), item)
        rows = [(_written(item, place.written), item.kind, item.detail, place.start) for item in found.values()]
        names = {"completion": pl.String, "kind": pl.String, "detail": pl.String, "start": pl.Int64}
        return pl.DataFrame(rows, schema=names, orient="row")


class _Catalog:
    """What has names at one version."""

    def __init__(self, engine: Engine, snapshot: Snapshot) -> None:
        self._engine, self._snapshot = engine, snapshot

    def items(self, place: CaretPlace, prefix: str) -> Iterator[_Item]:
        """Yield what may stand where no dot is before it; more where a prefix narrows it."""
        match place.role:
            case "nothing":
                return
            case "setting":
                yield from (_Item(name, "setting", value or "") for name, value in self._rows(_SETTINGS))
            case "type":
                yield from (_Item(name, "type") for (name,) in self._rows(_TYPES))
            case "relation":
                yield from self._tables(place)
                yield from (_Item(name, "function", suffix="(") for name in _TABLE_FUNCTIONS if prefix)
            case "value":
                yield from self._columns(place, prefix)
                yield from (_Item(r.name, "table") for r in place.relations if r.name)
                yield from (_Item(name, "function", kind, "(") for name, kind in self._rows(_FUNCTIONS) if prefix)
        yield from (_Item(word, "keyword") for word in _WORDS.get(place.role, ()) if prefix or place.role != "value")

    def after_dot(self, place: CaretPlace) -> Iterator[_Item]:
        """Yield the columns of a relation, the fields of a column, and the tables of a schema."""
        names = [name.casefold() for name in place.qualifiers]
        if place.role == "relation":
            yield from (
                _Item(name, kind) for schema, name, kind in self._rows(_TABLES) if schema.casefold() == names[-1]
            )
            return
        for relation in place.relations:
            columns = self._described(relation, place.ctes)
            path = names[relation.name.casefold() == names[0] :]
            if not path:
                yield from (_Item(name, "column", sql_name(dtype)) for name, dtype in columns.items())
            yield from _parts(columns, path)

    def _tables(self, place: CaretPlace) -> Iterator[_Item]:
        yield from (_Item(cte.name, "table", "WITH") for cte in place.ctes)
        own = self._snapshot.session.setting("schema") or MAIN
        for schema, name, kind in self._rows(_TABLES):
            if schema in (own, MAIN, TEMPORARY):
                yield _Item(name, kind)
        yield from (_Item(name, "schema", suffix=".") for (name,) in self._rows(_SCHEMAS) if name != MAIN)

    def _columns(self, place: CaretPlace, prefix: str) -> Iterator[_Item]:
        for relation in place.relations:
            for name, dtype in self._described(relation, place.ctes).items():
                yield _Item(name, "column", sql_name(dtype))
        if not place.relations and prefix:
            yield from (_Item(name, "column", f"of {table}") for name, table in self._rows(_COLUMNS))

    def _described(self, relation: Reference, ctes: tuple[Reference, ...]) -> dict[str, pl.DataType]:
        """Return the columns of a relation; none where it cannot be read yet."""
        before = f"WITH RECURSIVE {', '.join(cte.sql for cte in ctes)} " if ctes else ""
        try:
            query = self._engine.plan(f"{before}SELECT * FROM {relation.sql}", self._snapshot, {}, {})
        except RemError:
            return {}
        columns = dict(zip(query.names, query.plan.schema.values(), strict=True))
        name = None if not relation.table else self._snapshot.resolve(relation.table)
        source = None if name is None else self._snapshot.source(name)
        if source is None:
            return columns
        # Embeddings are not part of `*`.
        return {**columns, **{name: dtype for name, dtype in source.hidden.items() if name in source.vectors}}

    def _rows(self, query: str) -> list[tuple[str, ...]]:
        return self._engine.execute(query, self._snapshot, {}, {}).rows()


def _parts(columns: dict[str, pl.DataType], path: list[str]) -> Iterator[_Item]:
    """Yield the fields of a struct, and the searches of a vector, at a path of names from a column on."""
    dtype: pl.DataType | None = next((t for name, t in columns.items() if path and name.casefold() == path[0]), None)
    for name in path[1:]:
        fields = dtype.fields if isinstance(dtype, pl.Struct) else []
        dtype = next((instance(f.dtype) for f in fields if f.name.casefold() == name), None)
    if isinstance(dtype, pl.Struct):
        yield from (_Item(f.name, "column", sql_name(instance(f.dtype))) for f in dtype.fields)
    if isinstance(dtype, pl.Array):
        yield from (_Item(name, "function", kind, "(") for name, kind in _SEARCHES.items())


def _written(item: _Item, written: str) -> str:
    """Return a completion as it is inserted: words in the case of what is written, names in quotes where they need
    them."""
    if item.kind == "keyword":
        return item.text.lower() if written and written == written.lower() else item.text
    if item.kind in _NAMED:
        return (identifier(item.text) if written.startswith('"') else _bare(item.text)) + item.suffix
    return item.text + item.suffix


@lru_cache(1_024)
def _bare(name: str) -> str:
    """Return a name in quotes where it is read as none without them."""
    if name.lower() in KEYWORDS:
        try:
            if name in mentioned(f"SELECT {name} FROM {name} WHERE {name} = 1").tables:
                return name
        except RemError:
            return identifier(name)
    return readable(name)
