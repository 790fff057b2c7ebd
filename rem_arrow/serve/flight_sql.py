"""Arrow Flight SQL over a service: what drivers such as ADBC and JDBC speak.

A query is planned when a driver asks for its FlightInfo, on the version of that moment, and its rows are computed as
the driver reads them. Any other statement runs at once, and its rows are kept until they are read. Parameters are by
position. A driver has no session: what would last beyond a call, such as SET, is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import polars as pl
import pyarrow as pa
from pyarrow import flight

from rem_arrow.base.errors import InputError, RemError, UnsupportedError
from rem_arrow.face.database import Database
from rem_arrow.face.transaction import Transaction
from rem_arrow.interop.arrow import stream
from rem_arrow.interop.readers import from_arrow
from rem_arrow.serve import flight_sql_catalog, flight_sql_ingest
from rem_arrow.serve.access_tokens import Grant
from rem_arrow.serve.flight_sql_messages import (
    CANCELLED,
    COMMIT,
    NOT_CANCELLABLE,
    ROLLBACK,
    packed,
    parsed,
    serialized,
    unpacked,
)
from rem_arrow.serve.kept import KeptThings
from rem_arrow.serve.service import Call, Service
from rem_arrow.serve.statement_runs import IsGone, RunningStatement
from rem_arrow.sql.statement import session_kinds
from rem_arrow.sql.statement.statement import Control, Prepare, Select

_OF_SESSIONS = (
    session_kinds.SetSetting,
    session_kinds.SetVariable,
    session_kinds.Use,
    session_kinds.Execute,
    session_kinds.Deallocate,
    Prepare,
    Control,
)


@dataclass(slots=True)
class PreparedQuery:
    """A statement that a driver has prepared, in a transaction where it named one, and the rows of its parameters."""

    query: str
    transaction: str | None
    parameters: list[tuple[Any, ...]] | None = None


class FlightSql:
    """Answers the calls of Flight SQL. Safe in many threads."""

    def __init__(self, service: Service) -> None:
        self._service = service
        most, idle_s = service.limits.kept_max, service.limits.idle_s
        self.prepared = KeptThings[PreparedQuery]("prepared statement", most, idle_s)
        self.results = KeptThings[pa.RecordBatchReader]("result", most, idle_s)
        service.kept += [self.prepared, self.results]
        # What is read now, by the handle of its result.
        self._read: dict[str, RunningStatement] = {}

    # --- queries

    def info(self, grant: Grant, descriptor: flight.FlightDescriptor, is_gone: IsGone) -> flight.FlightInfo:
        """Return what a command will answer, and the ticket for it."""
        name, command = unpacked(descriptor.command or b"")
        if name in flight_sql_catalog.ANSWERS:
            schema = flight_sql_catalog.columns(name, command)
            return flight.FlightInfo(schema, descriptor, [_endpoint(descriptor.command)])
        query = self._query(grant, name, command)
        reader = self._run(grant, query, is_gone, partial(_opened, query))
        key = self.results.keep(reader, grant.name, _forget)
        ticket = packed("TicketStatementQuery", statement_handle=key.encode())
        return flight.FlightInfo(reader.schema, descriptor, [_endpoint(ticket)])

    def rows(self, grant: Grant, ticket: flight.Ticket, is_gone: IsGone) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        """Return the columns and the rows that a ticket is for."""
        name, command = unpacked(ticket.ticket)
        if name in flight_sql_catalog.ANSWERS:
            table = self._catalog(grant, name, command, is_gone)
            return table.schema, iter(table.to_batches())
        if name != "TicketStatementQuery":
            raise InputError(f"{name} is no ticket; ask for the FlightInfo of a command first")
        key = _text(command.statement_handle)
        reader = self.results.take(key, grant.name)
        return reader.schema, self._batches(grant, key, reader, is_gone)

    def _batches(
        self, grant: Grant, key: str, reader: pa.RecordBatchReader, is_gone: IsGone
    ) -> Iterator[pa.RecordBatch]:
        with self._service.stream(grant, "statement", is_gone, lambda: reader) as batches:
            self._read[key] = batches.running
            try:
                while (batch := batches.next()) is not None:
                    yield batch
            finally:
                self._read.pop(key, None)

    def _catalog(self, grant: Grant, name: str, command: Any, is_gone: IsGone) -> pa.Table:
        with self._service.runs.request(grant.name, name, is_gone) as running, self._service.handle(grant) as handle:
            return self._service.runs.run(running, lambda: flight_sql_catalog.answer(handle, name, command))

    def _query(self, grant: Grant, name: str, command: Any) -> PreparedQuery:
        match name:
            case "CommandStatementQuery" | "CommandStatementUpdate":
                return PreparedQuery(command.query, _transaction(command))
            case "CommandPreparedStatementQuery" | "CommandPreparedStatementUpdate":
                with self.prepared.using(_text(command.prepared_statement_handle), grant.name) as query:
                    return query
        raise InputError(f"this server has no command {name}")

    def _run(
        self,
        grant: Grant,
        query: PreparedQuery,
        is_gone: IsGone,
        work: Callable[[Database | Transaction], Any],
        *,
        reads_caller: bool = False,
    ) -> Any:
        """Return what some work on a handle, or on the transaction of a query, returns."""
        with (
            self._service.runs.request(grant.name, "statement", is_gone) as running,
            self._target(grant, query.transaction) as target,
        ):
            _check_without_session(target, query.query)
            made = self._service.runs.run(running, lambda: work(target), reads_caller=reads_caller)
            if target._instance.differs(self._service.database._instance):
                raise UnsupportedError("a driver's calls have no session, so that temporary tables would not last")
            return made

    @contextmanager
    def _target(self, grant: Grant, transaction: str | None) -> Iterator[Database | Transaction]:
        if transaction is None:
            with self._service.handle(grant) as handle:
                yield handle
        else:
            with self._service.transactions.using(transaction, grant.name) as begun:
                yield begun.transaction

    # --- what is sent

    def put(
        self,
        grant: Grant,
        descriptor: flight.FlightDescriptor,
        reader: flight.MetadataRecordBatchReader,
        writer: flight.FlightMetadataWriter,
        is_gone: IsGone,
    ) -> None:
        """Run an update, take parameters, or take rows for a table."""
        name, command = unpacked(descriptor.command or b"")
        if name == "CommandStatementIngest":
            ingest = flight_sql_ingest.Ingest(command, _transaction(command))
            query = PreparedQuery("", ingest.transaction)
            if not grant.allows("write"):
                raise InputError(f"ingest needs a token for write, and this one is for {grant.scope}")
            work = partial(ingest.run, reader=reader, limits=self._service.limits, is_gone=is_gone)
            count = self._run(grant, query, is_gone, work, reads_caller=True)
        elif name == "CommandPreparedStatementQuery":
            key = _text(command.prepared_statement_handle)
            with self.prepared.using(key, grant.name) as prepared:
                prepared.parameters = self._parameters(reader)
            writer.write(serialized("DoPutPreparedStatementResult", prepared_statement_handle=key.encode()))
            return
        else:
            query = self._query(grant, name, command)
            if name == "CommandPreparedStatementUpdate":
                query = PreparedQuery(query.query, query.transaction, self._parameters(reader))
            count = self._run(grant, query, is_gone, partial(_updated, query))
        writer.write(serialized("DoPutUpdateResult", record_count=count))

    def _parameters(self, reader: flight.MetadataRecordBatchReader) -> list[tuple[Any, ...]]:
        """Return the rows of parameters that a driver binds. Raises InputError."""
        batches, size = [], 0
        for chunk in reader:
            if chunk.data is not None:
                size += chunk.data.nbytes
                self._service.limits.check_bytes(size)
                batches.append(chunk.data)
        if not batches:
            return []
        frame = from_arrow(pa.Table.from_batches(batches), "the parameters")
        return frame.rows()

    # --- actions

    def act(self, grant: Grant, action: flight.Action, is_gone: IsGone) -> Iterator[bytes]:
        """Run an action, and yield its results."""
        body = action.body.to_pybytes()
        match action.type:
            case "CreatePreparedStatement":
                yield self._prepare(grant, _body("ActionCreatePreparedStatementRequest", body), is_gone)
            case "ClosePreparedStatement":
                request = _body("ActionClosePreparedStatementRequest", body)
                self.prepared.end(_text(request.prepared_statement_handle), grant.name)
            case "BeginTransaction":
                _body("ActionBeginTransactionRequest", body)
                with self._service.handle(grant) as handle:
                    key = self._service.begin(grant, handle)
                yield packed("ActionBeginTransactionResult", transaction_id=key.encode())
            case "EndTransaction":
                request = _body("ActionEndTransactionRequest", body)
                verb = {COMMIT: "commit", ROLLBACK: "rollback"}.get(request.action)
                if verb is None:
                    raise InputError("a transaction ends by commit (1) or rollback (2)")
                self._service.call(grant, Call(verb, {}, transaction=_text(request.transaction_id)), is_gone)
            case "CancelFlightInfo":
                request = parsed("CancelFlightInfoRequest", body)
                yield serialized("CancelFlightInfoResult", status=self._cancelled(grant, request.info))
            case _:
                raise UnsupportedError(f"this server has no action {action.type:.80}")

    def _prepare(self, grant: Grant, request: Any, is_gone: IsGone) -> bytes:
        query = PreparedQuery(request.query, _transaction(request))
        schema = self._run(grant, query, is_gone, partial(_described, query))
        key = self.prepared.keep(query, grant.name, lambda prepared: None)
        return packed(
            "ActionCreatePreparedStatementResult", prepared_statement_handle=key.encode(), dataset_schema=schema
        )

    def _cancelled(self, grant: Grant, info: Any) -> int:
        """Stop the statements of a FlightInfo."""
        status = NOT_CANCELLABLE
        for endpoint in info.endpoint:
            name, command = unpacked(endpoint.ticket.ticket)
            key = _text(command.statement_handle) if name == "TicketStatementQuery" else ""
            running = self._read.get(key)
            if running is not None and running.owner == grant.name:
                running.stop.set()
                status = CANCELLED
            elif key in self.results:
                self.results.end(key, grant.name)
                status = CANCELLED
        return status


def _opened(query: PreparedQuery, target: Database | Transaction) -> pa.RecordBatchReader:
    """Return the rows of a statement: of a query as they are read, of another one that has run."""
    statements = target._instance.engine.statements(query.query)
    rows = query.parameters or [()]
    is_query = len(statements) == 1 and isinstance(statements[0].statement, Select)
    if is_query and len(rows) == 1 and isinstance(target, Database) and len(query.query.split()) > 1:
        return target.reader(query.query, rows[0], string_views=False)
    frame = pl.concat([target.sql(query.query, row) for row in rows])
    return stream(frame.schema, [frame], string_views=False)


def _updated(query: PreparedQuery, target: Database | Transaction) -> int:
    """Run a statement, once for each row of its parameters, all of them or none; return how many rows it changed, or -1
    where that is not known."""
    if not query.parameters or len(query.parameters) == 1 or isinstance(target, Transaction):
        return sum(_count(target.sql(query.query, row)) for row in query.parameters or [()])
    with target.transaction() as transaction:
        return sum(_count(transaction.sql(query.query, row)) for row in query.parameters)


def _count(rows: pl.DataFrame) -> int:
    if rows.columns == ["count"] and rows.height == 1:
        return int(rows.item())
    return rows.height if rows.columns != ["status"] else 0


def _described(query: PreparedQuery, target: Database | Transaction) -> bytes:
    """Return the columns of a statement that is prepared, as a message of Arrow IPC; nothing where they follow from the
    parameters, or where it is no query. Raises RemError for a text that is none."""
    statements = target._instance.engine.statements(query.query)
    if len(statements) != 1 or not isinstance(statements[0].statement, Select) or isinstance(target, Transaction):
        return b""
    try:
        schema: bytes = target.reader(query.query, string_views=False).schema.serialize().to_pybytes()
    except RemError:
        # It wants its parameters; what else is wrong with it is said when it runs.
        return b""
    return schema


def _check_without_session(target: Database | Transaction, text: str) -> None:
    """Raise UnsupportedError for statements whose effect would not outlive the call."""
    for parsed_statement in target._instance.engine.statements(text) if text else ():
        if isinstance(parsed_statement.statement, _OF_SESSIONS):
            raise UnsupportedError(
                "a driver's calls have no session, so that SET, USE, PREPARE and BEGIN would have no effect; use the "
                "driver's own transactions and prepared statements"
            )


def _transaction(command: Any) -> str | None:
    return _text(command.transaction_id) if command.transaction_id else None


def _text(handle: bytes) -> str:
    """Return a handle that came from outside; what is none names nothing."""
    return handle.decode("ascii", errors="replace")


def _body(name: str, body: bytes) -> Any:
    kind, request = unpacked(body)
    if kind != name:
        raise InputError(f"the action holds a {kind}, not a {name}")
    return request


def _endpoint(ticket: bytes) -> flight.FlightEndpoint:
    return flight.FlightEndpoint(ticket, [])


def _forget(reader: pa.RecordBatchReader) -> None:
    """What the reader would have read is let go of with it."""
