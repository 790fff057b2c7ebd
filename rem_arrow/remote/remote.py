"""A published database on an engine of many machines: statements in our SQL, answers in our types."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Protocol

import polars as pl
import pyarrow as pa

from rem_arrow.base.errors import ExecuteError, InputError, UnsupportedError
from rem_arrow.base.parameters import Parameters, typed_parameters
from rem_arrow.base.telemetry import Activity
from rem_arrow.catalog.published_catalog import PublishedSnapshot
from rem_arrow.catalog.snapshot import Snapshot
from rem_arrow.engine.engine import Engine
from rem_arrow.engine.instance import Instance
from rem_arrow.engine.prepared import prepare
from rem_arrow.engine.results import named
from rem_arrow.lower.context import Environment, Lowering
from rem_arrow.lower.relation import lower
from rem_arrow.lower_spark.arrow_functions import arrow_type
from rem_arrow.lower_spark.spark_lowering import SparkLowering
from rem_arrow.lower_spark.spark_relations import statement_text
from rem_arrow.plan.embedded import embedded_in
from rem_arrow.plan.explain import steps
from rem_arrow.plan.nodes import Query, Relation
from rem_arrow.plan.statement_time import with_time
from rem_arrow.plan.text_scores import scored_in
from rem_arrow.publish.publication import Publication, PublishedTable, read_publication
from rem_arrow.publish.published_types import decoded
from rem_arrow.publish.target import Target
from rem_arrow.remote.spark_session import SparkSession
from rem_arrow.running.scratch import Scratch
from rem_arrow.sql.statement.statement import Select

_GIVE = "give it to rem.distributed, as database="


class LocalDatabase(Protocol):
    """What a Remote needs of the database that was published, for what is computed here."""

    _instance: Instance

    def _snapshot(self) -> Snapshot: ...


def distributed(url: str, *, published: str | Path, database: LocalDatabase | None = None) -> Remote:
    """Open a publication on an engine that speaks Spark Connect: Sail, Apache Spark, Databricks.

    Args:
        url: of the engine, such as sc://localhost:50051; the extra `distributed` has its client.
        published: the folder or address that was given to `Database.publish`, as the engine reaches it too.
        database: the database that was published, unchanged since: searches, lookups and walks are computed in it.

    Returns:
        A `Remote`.

    Raises:
        InputError: nothing is published there, or no engine answers.
        UnsupportedError: the client is not installed.

    Example:
        >>> remote = rem.distributed("sc://localhost:50051", published="published")  # doctest: +SKIP
        >>> remote.sql("SELECT count(*) FROM sales").item()  # doctest: +SKIP
        3
    """
    target = Target(published)
    publication = read_publication(target)
    if publication is None:
        raise InputError(f"{target.address} holds no publication; db.publish makes one")
    return Remote(SparkSession(url), target, publication, database)


class Remote:
    """A publication on an engine, made by `distributed`; as a context manager it closes itself.

    It shows the version that was published when it was opened. Statements of several threads run one after another.
    """

    def __init__(
        self, session: SparkSession, target: Target, publication: Publication, database: LocalDatabase | None
    ) -> None:
        self._session, self._target, self._publication, self._database = session, target, publication, database
        self._engine = Engine(_no_vectors, _no_vectors, Scratch(None), lambda: 0, Activity())
        # The tables by the names of the views that are known there.
        self._shown: dict[str, PublishedTable] = {}
        self._lock = threading.Lock()

    def sql(self, text: str, parameters: Parameters = None) -> pl.DataFrame:
        """Run one query there, and return its rows, typed as `Database.sql` types them.

        The text is parsed, bound and optimized here; what the engine gets is made from the plan. What it lacks, or
        means otherwise, its workers compute by rem_arrow, which must be installed there.

        Args:
            text: one SELECT, in the SQL of `Database.sql`.
            parameters: values of $name by name, or of $1, $2 by position.

        Returns:
            The rows.

        Raises:
            ParseError, BindError: the text is wrong; the error shows the place.
            UnsupportedError: what has no equal there; the error names it.
            ExecuteError: the engine failed, or is gone.

        Example:
            >>> remote.sql("SELECT region, sum(amount) FROM sales GROUP BY ALL")  # doctest: +SKIP
        """
        query, context, statement = self._lowered(text, parameters)
        with self._lock:
            self._bring(context)
            answer = self._session.answer(statement)
        return named(_typed(answer, query.plan), query.names)

    def explain(self, text: str, parameters: Parameters = None) -> str:
        """Return what runs where: the plan, what is computed here and goes along, the functions that workers compute,
        and the statement that the engine gets.

        Args:
            text: as for `sql`.
            parameters: as for `sql`.

        Returns:
            The text.

        Raises:
            ParseError, BindError, UnsupportedError: as `sql` does.

        Example:
            >>> print(remote.explain("SELECT count(*) FROM sales"))  # doctest: +SKIP
        """
        query, context, statement = self._lowered(text, parameters, pretty=True)
        lines = ["-- plan", *(f"-- {'  ' * s.depth}{s.text}" for s in steps(query.plan, lambda _: ""))]
        lines += ["", "-- read there"]
        for view, table in context.tables.items():
            lines.append(f"-- {view}: {table.table.name}, version {table.delta_version}, {table.rows:,} rows")
        lines += [f"-- {view}: {rows.height:,} rows, computed here" for view, (rows, _) in context.shipped.items()]
        lines += [f"-- {name}: computed by workers: {f}" for name, f in context.functions.items()]
        return "\n".join([*lines, "", statement])

    def close(self) -> None:
        """End the session.

        Example:
            >>> remote.close()  # doctest: +SKIP
        """
        self._session.close()

    def __enter__(self) -> Remote:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- inside

    def _lowered(self, text: str, parameters: Parameters, *, pretty: bool = False) -> tuple[Query, SparkLowering, str]:
        snapshot = PublishedSnapshot(self._publication, now=dt.datetime.now(dt.timezone.utc))
        statements = self._engine.statements(text)
        if len(statements) != 1 or not isinstance(statements[0].statement, Select):
            raise UnsupportedError(
                "an engine elsewhere runs one SELECT at a time; write in the database, and publish", text
            )
        values, dtypes = typed_parameters(parameters)
        query = self._engine.plan(text, snapshot, dtypes, values)
        given = self._given(query.plan, values, snapshot)
        context = SparkLowering(
            given,
            self._publication.find,
            lambda plan: self._computed(plan, snapshot, given),
        )
        try:
            return query, context, statement_text(query.plan, context, pretty=pretty)
        except RecursionError as error:
            raise UnsupportedError("the statement is nested too deeply", text) from error

    def _given(self, plan: Relation, values: Mapping[str, object], snapshot: PublishedSnapshot) -> Mapping[str, object]:
        """Return the values of the parameters, the time, and what becomes of the texts that are searched for."""
        if not embedded_in(plan) and not scored_in(plan):
            return with_time(values, snapshot.now)
        if self._database is None:
            raise UnsupportedError(f"texts are searched for in a database; {_GIVE}")
        here = self._here(self._database)
        return self._database._instance.engine.with_searched(prepare(plan, here), values, here)

    def _computed(self, plan: Relation, snapshot: PublishedSnapshot, values: Mapping[str, object]) -> pl.DataFrame:
        """Return the rows of a part of the plan, computed here at the version that is published."""
        if self._database is None:
            context = Lowering(Environment(snapshot, values))
            return context.collect(lower(plan, context))
        query = Query(plan, tuple(plan.schema))
        return self._database._instance.engine.run(query, self._here(self._database), values, to_store=True)

    def _here(self, database: LocalDatabase) -> Snapshot:
        """Return the database at the version that is published. Raises InputError where it shows another."""
        here = database._snapshot()
        if here.version.commit != self._publication.commit:
            raise InputError(
                f"the database is at commit {here.version.commit}, and commit {self._publication.commit} is published; "
                "publish again, and open the publication anew"
            )
        return here

    def _bring(self, context: SparkLowering) -> None:
        """Make what the statement names known there. REQUIRES: the lock."""
        for view, table in context.tables.items():
            if self._shown.get(view) is not table:
                self._session.show_table(view, self._target.url(table.folder), table.delta_version)
                self._shown[view] = table
        for view, (rows, types) in context.shipped.items():
            self._session.show_rows(view, rows, types)
        for name, function in context.functions.items():
            self._session.register(name, function)


def _typed(answer: pa.Table, plan: Relation) -> pl.DataFrame:
    """Return an answer in the types of the plan. Raises ExecuteError where the engine answers in others than it was
    asked for."""
    columns = []
    for i, (name, dtype) in enumerate(plan.schema.items()):
        held = answer.column(i)
        try:
            cast = held.cast(arrow_type(dtype)) if not dtype.is_nested() else held
            columns.append(decoded(pl.Series(name, pl.from_arrow(cast)), dtype))
        except (pa.ArrowException, pl.exceptions.PolarsError) as error:
            raise ExecuteError(f"the engine answers in {held.type}, where {arrow_type(dtype)} was asked for") from error
    return pl.DataFrame(columns)


def _no_vectors(provider: str, texts: Sequence[str]) -> NoReturn:
    raise UnsupportedError(f"{provider} embeds texts in a database; {_GIVE}")
