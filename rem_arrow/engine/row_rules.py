"""The rules of plain tables at work: defaults, generated columns, CHECK and keys.

What the catalog keeps as SQL is bound and optimized once for each description of a table, and run over the rows of
each write.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import NamedTuple

import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.access.indexes import Indexes
from rem_arrow.access.key_rows import PLACE
from rem_arrow.base.constraints import Constraint
from rem_arrow.base.errors import ConflictError, ConstraintError, InputError
from rem_arrow.base.schema import Field, Table
from rem_arrow.catalog.frame_table import rows_of
from rem_arrow.catalog.snapshot import Snapshot
from rem_arrow.engine.engine import Engine
from rem_arrow.plan.nodes import Literal, Project, Query
from rem_arrow.running.lru_cache import LruCache
from rem_arrow.sql.bind.row_expressions import ROWS, RowExpressions, parsed
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.store import Store
from rem_arrow.write import loader
from rem_arrow.write.key_checks import check_keys, shown
from rem_arrow.write.references import ReferenceChecks
from rem_arrow.write.written_rows import written_rows

_QUERIES_MAX = 256
_reader: ContextVar[Callable[[], Access] | None] = ContextVar("reader of a transaction", default=None)


@contextmanager
def reading(reader: Callable[[], Access]) -> Iterator[None]:
    """Let the expressions of tables read what a transaction sees: a sequence that it has created, say."""
    before = _reader.set(reader)
    try:
        yield
    finally:
        _reader.reset(before)


class _Compiled(NamedTuple):
    """An optimized query over the rows of a table of that description; `constant` is what it gives for each row, where
    that is always the same."""

    table: Table
    query: Query
    constant: pl.DataFrame | None


class RowRules:
    """The rules of the tables of one store. Safe in many threads."""

    def __init__(self, store: Store, indexes: Indexes, engine: Engine) -> None:
        self._store, self._engine = store, engine
        self._reader: Callable[[], Access] = lambda: Access(indexes, store.version)
        self._compiled: LruCache[object, _Compiled] = LruCache(_QUERIES_MAX)
        self._references = ReferenceChecks(store)

    def read_from(self, reader: Callable[[], Access]) -> None:
        """Read what expressions name, a sequence say, from another database: that to which temporary tables belong."""
        self._reader = reader

    def fitted(self, frame: pl.DataFrame, table: Table, now: dt.datetime | None = None) -> pl.DataFrame:
        """Return rows as the table stores them; see `Rules`."""
        given = table.given
        if len(given) < len(table.fields):
            brought = next((f.name for f in table.fields if f.generated and f.name in frame.columns), None)
            if brought is not None:
                raise InputError(f'"{brought}" of {table.name} is generated; leave it out of the data')
        missing = [f for f in given if f.default_sql is not None and f.name not in frame.columns]
        if missing:
            frame = frame.with_columns(self.defaults(table, missing, frame.height, now))
        if len(given) == len(table.fields):
            return loader.fitted(frame, table)
        rows = loader.fitted(frame, replace(table, fields=given, constraints=()))
        generated = [f for f in table.fields if f.generated]
        computed = self._rows(("generated",), table, rows, generated).get_columns()
        by_name = {s.name: s for s in (*rows.get_columns(), *computed)}
        return loader.fitted(pl.DataFrame([by_name[f.name] for f in table.fields]), table)

    def defaults(
        self, table: Table, fields: Sequence[Field], rows: int, now: dt.datetime | None = None
    ) -> list[pl.Series]:
        """Return the columns of so many rows that name no values for these fields, which have a DEFAULT each."""
        frame = pl.select(pl.int_range(rows).alias(PLACE))
        return self._rows(("default", *(f.number for f in fields)), table, frame, fields, now).get_columns()

    def check(self, access: Access, changes: Changes) -> None:
        """Raise ConstraintError where a row that changes bring breaks a constraint."""
        for number in changes.written:
            tv = access.version.tables.get(number)
            table = changes.tables.get(number) or (None if tv is None else tv.table)
            if table is None or not table.constraints:
                continue
            checks = [c for c in table.constraints if c.kind == "CHECK"]
            if not checks:
                continue
            names = {c for check in checks for c in check.columns}
            fields = [f for f in table.fields if f.name in names]
            for rows in written_rows(self._store, changes, table, fields):
                self.check_conditions(table, checks, rows)
        check_keys(self._store, access, changes)
        self._references.check(access, changes)

    def check_again(self, access: Access, changes: Changes) -> None:
        """Raise ConflictError where rows that others have written meanwhile have the keys of new ones, or refer to what
        goes; and where those are gone to which new ones refer."""
        try:
            check_keys(self._store, access, changes)
            self._references.check(access, changes)
        except ConstraintError as error:
            raise ConflictError(
                f"{error}: another writer has made it so since this transaction began; nothing was stored, run it again"
            ) from error

    def check_conditions(self, table: Table, checks: Sequence[Constraint], rows: pl.DataFrame) -> None:
        """Raise ConstraintError for a row for which a condition is false."""
        broken = self._rows(("check", *(c.name for c in checks)), table, rows, checks)
        for check, column in zip(checks, broken.get_columns(), strict=True):
            if column.any():
                row = rows[int(column.fill_null(value=False).arg_max() or 0)]
                raise ConstraintError(
                    f"{table.name}: a row breaks {check.text}, named {check.name}: {shown(row.select(check.columns))}"
                )

    # --- inside

    def _rows(
        self,
        key: tuple[object, ...],
        table: Table,
        rows: pl.DataFrame,
        asked: Sequence[Field] | Sequence[Constraint],
        now: dt.datetime | None = None,
    ) -> pl.DataFrame:
        """Return what each of `asked` is for each of the rows: its value, or whether a condition is false."""
        snapshot = Snapshot((_reader.get() or self._reader)(), {ROWS: rows_of(table, rows)}, now=now)
        compiled = self._compiled.get((table.number, *key))
        if compiled is None or compiled.table is not table:
            compiled = self._compile(table, asked, snapshot)
            self._compiled.put((table.number, *key), compiled)
        if compiled.constant is not None:
            return pl.DataFrame([c.new_from_index(0, rows.height) for c in compiled.constant.get_columns()])
        result = self._engine.run(compiled.query, snapshot, {}, to_store=True)
        result.columns = [item.name for item in asked]
        return result

    def _compile(self, table: Table, asked: Sequence[Field] | Sequence[Constraint], snapshot: Snapshot) -> _Compiled:
        query = self._engine.optimized(_bound(table, asked, snapshot), snapshot)
        plan = query.plan
        if not isinstance(plan, Project) or not all(isinstance(e, Literal) for _, e in plan.outputs):
            return _Compiled(table, query, None)
        one = Snapshot(snapshot.access, {ROWS: pl.DataFrame({PLACE: [0]})})
        constant = self._engine.run(query, one, {}, to_store=True)
        constant.columns = [item.name for item in asked]
        return _Compiled(table, query, constant)


def _bound(table: Table, asked: Sequence[Field] | Sequence[Constraint], snapshot: Snapshot) -> Query:
    expressions = RowExpressions("", snapshot, table)
    conditions = [parsed(c.condition) for c in asked if isinstance(c, Constraint)]
    if conditions:
        return expressions.violations(conditions)
    generated = expressions.generated()
    fields = [f for f in asked if isinstance(f, Field)]
    return expressions.values(
        [generated[f.name] if f.generated else parsed(f.default_sql or "NULL") for f in fields], fields
    )
