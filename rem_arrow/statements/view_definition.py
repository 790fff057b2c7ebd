"""CREATE VIEW: bind its query once, so that a broken or circular one is refused, and store its text in the catalog."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.base.errors import TextError
from rem_arrow.base.macro import MacroKind, Overload
from rem_arrow.base.schema import Field, Table, check_name
from rem_arrow.base.session_state import SessionState
from rem_arrow.base.source import FileRequest, IndexCall, Reranker, Rowids, TableSource
from rem_arrow.catalog.search_path import full_name, schemas
from rem_arrow.catalog.snapshot import Snapshot
from rem_arrow.plan.nodes import Query
from rem_arrow.sql.bind.query import Binder
from rem_arrow.sql.statement.statement import CreateView
from rem_arrow.sql.text.parser import parse
from rem_arrow.sql.text.unread import check_read
from rem_arrow.statements.environment import Context, Result, status
from rem_arrow.statements.table_definition import make_room
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.history import Kept


class _Proposed:
    """A catalog in which the new view exists already, so that one that reads itself is detected."""

    def __init__(self, snapshot: Snapshot, name: str, sql: str) -> None:
        self._snapshot, self._name, self._sql = snapshot, name.casefold(), sql

    @property
    def session(self) -> SessionState:
        return self._snapshot.session

    def sequence(self, parts: Sequence[str]) -> int | None:
        return self._snapshot.sequence(parts)

    def reranker(self, name: str) -> Reranker:
        return self._snapshot.reranker(name)

    def filtered(self, source: str, key: object, compute: Callable[[], Rowids]) -> Rowids:
        return self._snapshot.filtered(source, key, compute)

    def info(self, parts: Sequence[str]) -> str | None:
        return self._snapshot.info(parts)

    @property
    def has_macros(self) -> bool:
        return self._snapshot.has_macros

    def macro(self, kind: MacroKind, parts: Sequence[str]) -> tuple[Overload, ...]:
        return self._snapshot.macro(kind, parts)

    def schema_of(self, name: str) -> str:
        return self._snapshot.schema_of(name)

    def resolve(self, parts: Sequence[str], within: str | None = None) -> str | None:
        *qualifiers, own = parts
        full = self._snapshot.resolve(parts, within)
        for schema in schemas(self._snapshot.version, self.session, qualifiers, within):
            if full_name(schema, own).casefold() == self._name or full_name(schema, own) == full:
                return full_name(schema, own)
        return full

    def table(self, name: str) -> Table | None:
        return self._snapshot.table(name)

    def source(self, name: str) -> TableSource | None:
        return None if name.casefold() == self._name else self._snapshot.source(name)

    def open_files(self, request: FileRequest) -> tuple[str, TableSource]:
        return self._snapshot.open_files(request)

    def open_past(self, parts: Sequence[str], which: Kept, *, always: bool) -> tuple[str, TableSource] | None:
        return self._snapshot.open_past(parts, which, always=always)

    def index(self, function: str, call: IndexCall) -> pl.DataFrame:
        return self._snapshot.index(function, call)

    def view(self, name: str) -> str | None:
        return self._sql if name.casefold() == self._name else self._snapshot.view(name)

    def entity_table(self, name: str) -> str | None:
        return self._snapshot.entity_table(name)

    def named_type(self, name: str) -> pl.DataType | None:
        return self._snapshot.named_type(name)

    def table_names(self) -> list[str]:
        return self._snapshot.table_names()


def create(context: Context, statement: CreateView) -> Result:
    """Run a CREATE VIEW. A view reads no parameters and no frames."""
    name = check_name(statement.view.text, "view")

    def compute(access: Access) -> tuple[Changes, Result]:
        changes = Changes()
        if not make_room(
            context, access, changes, statement.view, "view", replace_=statement.replace, keep=statement.if_not_exists
        ):
            return changes, status(f"the view {name} exists already")
        snapshot = context.snapshot(access, frames={})
        query = _bound(_Proposed(snapshot, name, statement.sql), name, statement.sql)
        number = context.instance.store.reserve_table()
        fields = tuple(
            Field(n, t, i)
            for i, (n, t) in enumerate(zip(_distinct(query.names), query.plan.schema.values(), strict=True))
        )
        changes.tables[number] = Table(number, name, "view", fields, next_column=len(fields), model=statement.sql)
        return changes, status(f"created the view {name}")

    return context.define(compute)


def _bound(catalog: _Proposed, name: str, sql: str) -> Query:
    try:
        tree = parse(sql)
        query = Binder(sql, catalog, {}).statement(tree, schema=catalog.schema_of(name))
        check_read(tree, sql)
    except TextError as error:
        if error.message.startswith("the view "):
            raise
        raise type(error)(
            f"the view {name}: {error.message}", error.text, error.start, error.end, hint=error.hint
        ) from error
    return query


def _distinct(names: tuple[str, ...]) -> list[str]:
    """Return names that differ without regard to case."""
    taken: set[str] = set()
    distinct = []
    for name in names:
        shown, n = name, 0
        while shown.casefold() in taken:
            n += 1
            shown = f"{name}_{n}"
        taken.add(shown.casefold())
        distinct.append(shown)
    return distinct
