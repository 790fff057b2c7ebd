"""The context in which a statement is executed: its text, its parameters, and how it reads and writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.base.errors import BindError, UnsupportedError, suggest
from rem_arrow.catalog.snapshot import Snapshot
from rem_arrow.engine.instance import Instance
from rem_arrow.engine.run import Limits
from rem_arrow.plan.nodes import Query
from rem_arrow.sql.bind.binder import Evaluate
from rem_arrow.sql.statement.statement import Name
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.version import TableVersion, Version
from rem_arrow.write.path import Compute

Frames: TypeAlias = "Mapping[str, pl.DataFrame | pl.LazyFrame]"
Result: TypeAlias = pl.DataFrame


@dataclass(frozen=True, slots=True)
class Context:
    """What the execution of one statement needs.

    Attributes:
        place: which statement of the text it is, from 0.
        version: pins the version to read.
        write: runs a computation under the writers' lock, from the version that is current there, and takes over
            its changes.
        define: the same for a computation that changes the set of tables; it holds `rewriting` too.
        control: begins or ends the transaction of BEGIN.
        bulk: many rows may go to segments at once; false in a transaction.
    """

    instance: Instance
    text: str
    place: int
    values: Mapping[str, object]
    dtypes: Mapping[str, pl.DataType]
    frames: Frames
    limits: Limits
    include_deleted: bool
    version: Callable[[], Version]
    write: Callable[[Compute[Result]], Result]
    define: Callable[[Compute[Result]], Result]
    control: Callable[[str], None]
    bulk: bool

    def snapshot(
        self, access: Access | None = None, *, frames: Frames | None = None, target: TableVersion | None = None
    ) -> Snapshot:
        """Return the catalog at a version; by default the one that is pinned now."""
        tables = self.frames if frames is None else frames
        reader = self.instance.access(self.version()) if access is None else access
        return Snapshot(
            reader, tables, include_deleted=self.include_deleted, target=target, session=self.instance.session
        )

    def evaluate(self, snapshot: Snapshot) -> Evaluate:
        """Return a function that runs a query whose rows the binder needs."""
        return lambda query: self.rows(query, snapshot).rows()

    def rows(self, query: Query, snapshot: Snapshot, *, to_store: bool = False) -> pl.DataFrame:
        """Run a bound query, for the user or for a table."""
        return self.instance.engine.run_bound(query, snapshot, self.values, self.limits, to_store=to_store)


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
