"""The base of every part of the public class: one instance, a version to read, one way to write, and `sql`."""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import partial
from typing import Any, TypeVar

import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.base import checks
from rem_arrow.base.errors import InputError
from rem_arrow.base.parameters import Parameters, typed_parameters
from rem_arrow.catalog.snapshot import Snapshot
from rem_arrow.engine.instance import Instance
from rem_arrow.engine.run import Limits
from rem_arrow.interop.readers import from_arrow, from_pandas, plain_frame
from rem_arrow.running.cancellation import check_stopped
from rem_arrow.statements.dispatch import run
from rem_arrow.statements.environment import Context, Side, checking
from rem_arrow.storage.version import Version
from rem_arrow.write.path import Compute

T = TypeVar("T")


class Verbs(ABC):
    """The base of the parts. `Database` and `Transaction` define which version is read, and where changes go."""

    _instance: Instance

    @abstractmethod
    def _version(self) -> Version:
        """Return the version to read, pinned."""

    @abstractmethod
    def _now(self) -> dt.datetime:
        """Return the time of a statement that begins now."""

    @abstractmethod
    def _write(self, compute: Compute[T]) -> T:
        """Compute changes from the newest version that a write may start from, and apply them."""

    @abstractmethod
    def _define(self, compute: Compute[T]) -> T:
        """The same as `_write`, for changes to the definitions of tables."""

    @abstractmethod
    def _control(self, kind: str) -> None:
        """Run BEGIN, COMMIT or ROLLBACK."""

    @abstractmethod
    def _temporary(self, create: bool) -> Side | None:
        """Return the temporary tables of the handle; None where there are none, unless they are to be made."""

    @abstractmethod
    def _writes_segments(self) -> bool:
        """Return whether a write may put many rows into segments directly."""

    # --- queries

    def sql(
        self,
        text: str,
        parameters: Parameters = None,
        *,
        frames: Mapping[str, Any] | None = None,
        timeout_s: float | None = None,
        include_deleted: bool = False,
    ) -> pl.DataFrame:
        """Run one statement, or several separated by semicolons, and return the result of the last one.

        Each statement is atomic. Between BEGIN and COMMIT they become visible together; BEGIN holds for the thread that
        ran it.

        Args:
            text: SQL in DuckDB's dialect, with searches and graph queries; see the guide to SQL.
            parameters: values of $name by name, or of $1, $2 by position; they never become part of the text.
            frames: Polars, pandas or Arrow tables that the text reads by these names.
            timeout_s: seconds after which a query, or the reading part of another statement, is stopped.
            include_deleted: see deleted entities too.

        Returns:
            The rows of a query, or of a RETURNING. INSERT, UPDATE, DELETE, MERGE, TRUNCATE, COPY and CREATE TABLE AS
            give one row, `count` Int64; other statements one row, `status` String; EXPLAIN the column `plan`.

        Raises:
            ParseError, BindError, UnsupportedError: the text is wrong; the error shows the place.
            ExecuteError: an overflow, a failed cast, the time or memory limit.
            InputError: a value does not fit its column or model, or the connection is read-only; nothing was stored.
            ConflictError: at COMMIT, another writer changed the same rows first; nothing was stored.

        Example:
            >>> db.sql("SELECT title FROM issues WHERE priority > $least", {"least": 2}).rows()
            [('Login fails with a wrong password',)]
            >>> db.sql("UPDATE issues SET status = 'closed' WHERE id = 'docs'").item()
            1
        """
        instance = self._instance
        tables = {name: as_frame(name, frame) for name, frame in checks.mapping(frames, "frames").items()}
        self._version()
        values, dtypes = typed_parameters(parameters)
        rows = pl.DataFrame()
        for place, parsed in enumerate(instance.engine.statements(text)):
            check_stopped()
            limits = instance.limits if timeout_s is None else Limits(timeout_s, instance.limits.memory_bytes)
            context = Context(
                instance,
                text,
                place,
                parsed,
                values,
                dtypes,
                tables,
                limits,
                include_deleted,
                self._now(),
                self._version,
                checking(parsed, self._write),
                checking(parsed, self._define),
                self._control,
                self._writes_segments(),
                self._temporary,
            )
            rows = instance.log.run(type(parsed.statement).__name__, text, dtypes, partial(run, context))
        return _in_zone(rows, instance.session.setting("timezone") or "UTC")

    # --- inside

    def _access(self) -> Access:
        return self._instance.access(self._version())

    def _snapshot(self, frames: Mapping[str, Any] | None = None, *, include_deleted: bool = False) -> Snapshot:
        tables = {name: as_frame(name, frame) for name, frame in checks.mapping(frames, "frames").items()}
        side = self._temporary(False)
        temporary = None if side is None else side.instance.access(side.version())
        return self._instance.snapshot(
            self._version(), tables, include_deleted=include_deleted, temporary=temporary, now=self._now()
        )

    def _select(
        self, access: Access, text: str, parameters: Parameters, *, include_deleted: bool = False
    ) -> pl.DataFrame:
        """Run a query written by rem_arrow at one version."""
        snapshot, instance = Snapshot(access, include_deleted=include_deleted), self._instance
        values, dtypes = typed_parameters(parameters)
        return instance.log.run(
            "Select",
            text,
            dtypes,
            lambda: instance.engine.execute(text, snapshot, values, dtypes, instance.limits),
        )


def _in_zone(rows: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Return a result whose instants are shown in the time zone of the session."""
    if zone in ("UTC", "Etc/UTC") or not any(isinstance(t, pl.Datetime) and t.time_zone for t in rows.dtypes):
        return rows
    return rows.with_columns(
        pl.col(name).dt.convert_time_zone(zone)
        for name, dtype in rows.schema.items()
        if isinstance(dtype, pl.Datetime) and dtype.time_zone
    )


def as_frame(name: str, frame: Any) -> pl.DataFrame | pl.LazyFrame:
    if isinstance(frame, pl.LazyFrame):
        return plain_frame(frame)
    if isinstance(frame, pl.DataFrame):
        return plain_frame(frame)
    try:
        if type(frame).__module__.split(".")[0] == "pandas":
            return from_pandas(frame)
        if hasattr(frame, "__arrow_c_stream__") or hasattr(frame, "__arrow_c_array__"):
            return from_arrow(frame, f"the frame {name!r}")
    except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
        raise InputError(f"the frame {name!r} cannot be read as a table: {error}") from error
    raise InputError(f"the frame {name!r} is a {type(frame).__name__}; frames are Polars, pandas or Arrow tables")
