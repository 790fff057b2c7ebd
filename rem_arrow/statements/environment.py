"""The context in which a statement is executed: its text, its parameters, and how it reads and writes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.base.datatypes import instance
from rem_arrow.base.errors import BindError, UnsupportedError, suggest
from rem_arrow.base.schema import Table
from rem_arrow.catalog.frame_table import FrameTable
from rem_arrow.catalog.snapshot import Snapshot
from rem_arrow.engine.instance import Instance
from rem_arrow.engine.run import Limits
from rem_arrow.plan.nodes import Query
from rem_arrow.sql.bind.binder import Evaluate
from rem_arrow.sql.bind.query import Binder
from rem_arrow.sql.statement.parsed import Parsed
from rem_arrow.sql.statement.statement_names import Name, Tree
from rem_arrow.sql.text.type_names import known
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.version import TableVersion, Version
from rem_arrow.write.evolution import sealed
from rem_arrow.write.path import Compute

Frames: TypeAlias = "Mapping[str, pl.DataFrame | pl.LazyFrame | FrameTable]"
Result: TypeAlias = pl.DataFrame


class Side(NamedTuple):
    """The temporary tables of a handle: as a store of their own, with what a `Context` has for the database."""

    instance: Instance
    version: Callable[[], Version]
    write: Callable[[Compute[Result]], Result]
    define: Callable[[Compute[Result]], Result]


@dataclass(frozen=True, slots=True)
class Context:
    """What the execution of one statement needs.

    Attributes:
        place, parsed: which statement of the text it is, from 0.
        now: the time of the statement.
        version: pins the version to read.
        write: runs a computation under the writers' lock, from the version that is current there, and takes over
            its changes; see `checking`.
        define: the same for a computation that changes the set of tables; outside of a transaction it holds
            `rewriting` too.
        control: begins or ends the transaction of BEGIN.
        bulk: many rows may go to segments at once; false in a transaction.
        temporary: gives the temporary tables; None where there are none, unless told to make room for them.
        main: of a statement that writes a temporary table: the context of the database, which it reads beside.
    """

    instance: Instance
    text: str
    place: int
    parsed: Parsed
    values: Mapping[str, object]
    dtypes: Mapping[str, pl.DataType]
    frames: Frames
    limits: Limits
    include_deleted: bool
    now: dt.datetime
    version: Callable[[], Version]
    write: Callable[[Compute[Result]], Result]
    define: Callable[[Compute[Result]], Result]
    control: Callable[[str], None]
    bulk: bool
    temporary: Callable[[bool], Side | None]
    main: Context | None = None

    def of_temporary(self, side: Side) -> Context:
        """Return the context of a statement that writes a temporary table."""
        return replace(
            self, instance=side.instance, version=side.version, write=side.write, define=side.define, main=self
        )

    def snapshot(
        self, access: Access | None = None, *, frames: Frames | None = None, target: TableVersion | None = None
    ) -> Snapshot:
        """Return the catalog at a version; by default the one that is pinned now."""
        tables = self.frames if frames is None else frames
        own = self.instance.access(self.version()) if access is None else access
        main = self if self.main is None else self.main
        side = self.temporary(False)
        return Snapshot(
            own if self.main is None else main.instance.access(main.version()),
            tables,
            include_deleted=self.include_deleted,
            target=target,
            session=main.instance.session,
            temporary=own if self.main is not None else None if side is None else side.instance.access(side.version()),
            is_temporary=self.main is not None,
            now=self.now,
            files=main.instance.files,
        )

    def settled(self, access: Access, table: Table) -> TableVersion:
        """Return a table whose rows may have other columns soon: its tail is sealed, and outside of a transaction the
        caller holds `rewriting`. In one the tail stays, for the transaction makes a copy of it."""
        return sealed(self.instance.store, table) if self.bulk else access.version.tables[table.number]

    def known_type(self, dtype: pl.DataType) -> pl.DataType:
        """Return a type of the statement with what its names stand for. Raises UnsupportedError."""
        return known(instance(dtype), self.text, self.snapshot().named_type)

    def evaluate(self, snapshot: Snapshot) -> Evaluate:
        """Return a function that runs a query whose rows the binder needs."""
        return lambda query: self.rows(query, snapshot, to_store=True).rows()

    def bound(self, query: Tree, snapshot: Snapshot) -> Query:
        """Bind a query of the statement."""
        return Binder(self.text, snapshot, self.dtypes, self.evaluate(snapshot)).statement(query)

    def rows(self, query: Query, snapshot: Snapshot, *, to_store: bool = False) -> pl.DataFrame:
        """Run a bound query, for the user or for a table."""
        return self.instance.engine.run_bound(query, snapshot, self.values, self.limits, to_store=to_store)


def checking(parsed: Parsed, commit: Callable[[Compute[Result]], Result]) -> Callable[[Compute[Result]], Result]:
    """Return how to commit what a statement changes once all of it is read: a part that nobody read would have no
    effect."""

    def committed(compute: Compute[Result]) -> Result:
        def checked(access: Access) -> tuple[Changes, Result]:
            outcome = compute(access)
            parsed.check_read()
            return outcome

        return commit(checked)

    return committed


@contextmanager
def placed(text: str, name: Name) -> Iterator[None]:
    """Let errors in finding a name point at it."""
    try:
        yield
    except BindError as error:
        raise BindError(error.message, text, name.start, name.end, hint=error.hint) from error


class Outcome(NamedTuple):
    """The changes of a statement to rows.

    Attributes:
        affected: rows that it inserts, changes or deletes.
        rows: these rows as a frame of the table's columns, for RETURNING; None: they are what `changes` appends.
    """

    changes: Changes
    affected: int
    rows: pl.DataFrame | None = None


def counted(rows: int) -> Result:
    """Return the result of a statement that writes rows: one row, `count`."""
    return pl.DataFrame({"count": [rows]}, schema={"count": pl.Int64})


def status(text: str) -> Result:
    """Return the result of a statement that writes no rows: one row, `status`."""
    return pl.DataFrame({"status": [text]}, schema={"status": pl.String})


def table_of(version: Version, name: Name, text: str, *, kind: str = "table") -> TableVersion:
    """Return the table, or view, of a name. Raises BindError with a suggestion."""
    tv = version.find(name.text)
    if tv is None:
        raise BindError(
            f'no {kind} "{name.text}"',
            text,
            name.start,
            name.end,
            hint=suggest(
                name.text, [t.table.name for t in version if kind in ("table", t.table.kind)], f"{kind.title()}s"
            ),
        )
    return tv


def writable(version: Version, name: Name, text: str) -> TableVersion:
    """Return the table of a name whose rows are to be changed. Raises for a view."""
    tv = table_of(version, name, text)
    if tv.table.kind == "view":
        raise UnsupportedError(
            f"{tv.table.name} is a view, and holds no rows to change; change the tables that it reads",
            text,
            name.start,
            name.end,
        )
    return tv
