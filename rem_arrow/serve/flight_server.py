"""The door for Arrow Flight: verbs for the client of this package, and Flight SQL for drivers.

A call without a token that the file of tokens holds is refused before any of it is read.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import flight

from rem_arrow.base.errors import InputError, RemError, UnsupportedError
from rem_arrow.face.wire_values import PROTOCOL
from rem_arrow.serve import flight_calls
from rem_arrow.serve.access_tokens import Grant
from rem_arrow.serve.service import Service

if TYPE_CHECKING:
    from rem_arrow.serve.flight_sql import FlightSql

_AUTHORIZATION = "authorization"
_ACTIONS = {
    "CreatePreparedStatement": "Prepare a statement",
    "ClosePreparedStatement": "Let go of a prepared statement",
    "BeginTransaction": "Begin a transaction",
    "EndTransaction": "Commit or roll back a transaction",
    "CancelFlightInfo": "Stop the statement of a FlightInfo",
}


class _Caller(flight.ServerMiddleware):  # type: ignore[misc]
    """Who makes a call."""

    def __init__(self, grant: Grant) -> None:
        self.grant = grant


class _Callers(flight.ServerMiddlewareFactory):  # type: ignore[misc]
    """Lets in who has a token."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def start_call(self, info: flight.CallInfo, headers: Mapping[str, list[Any]]) -> _Caller:
        try:
            return _Caller(self._service.grant(_token(headers)))
        except InputError as error:
            raise flight.FlightUnauthenticatedError(str(error)) from None


class FlightDoor(flight.FlightServerBase):  # type: ignore[misc]
    """Serves a database over Flight; begins with its creation.

    Args:
        location: an address of gRPC, as `grpc+tcp://127.0.0.1:0`; port 0 is one that is free.
        certificates: the certificate chain and the private key of TLS, as PEM.
    """

    def __init__(self, service: Service, location: str, certificates: tuple[bytes, bytes] | None = None) -> None:
        self._service = service
        self._flight_sql: FlightSql | None = None
        self._making = threading.Lock()
        super().__init__(
            location,
            middleware={"caller": _Callers(service)},
            tls_certificates=None if certificates is None else [certificates],
        )

    def do_exchange(
        self,
        context: flight.ServerCallContext,
        descriptor: flight.FlightDescriptor,
        reader: flight.MetadataRecordBatchReader,
        writer: flight.MetadataRecordBatchWriter,
    ) -> None:
        """Run a verb."""
        if descriptor.command != PROTOCOL:
            raise flight.FlightServerError("this server exchanges calls of rem-arrow, version 1, only")
        flight_calls.answer(self._service, _grant(context), reader, writer, context.is_cancelled)

    # --- Flight SQL

    def get_flight_info(
        self, context: flight.ServerCallContext, descriptor: flight.FlightDescriptor
    ) -> flight.FlightInfo:
        """Open a statement, or a question about the catalog."""
        with _told():
            return self._sql().info(_grant(context), descriptor, context.is_cancelled)

    def do_get(self, context: flight.ServerCallContext, ticket: flight.Ticket) -> flight.FlightDataStream:
        """Stream the rows of a ticket."""
        with _told():
            schema, batches = self._sql().rows(_grant(context), ticket, context.is_cancelled)
        return flight.GeneratorStream(schema, _telling(batches))

    def do_put(
        self,
        context: flight.ServerCallContext,
        descriptor: flight.FlightDescriptor,
        reader: flight.MetadataRecordBatchReader,
        writer: flight.FlightMetadataWriter,
    ) -> None:
        """Run an update, take parameters, or take rows."""
        with _told():
            self._sql().put(_grant(context), descriptor, reader, writer, context.is_cancelled)

    def do_action(self, context: flight.ServerCallContext, action: flight.Action) -> list[flight.Result]:
        """Prepare statements, begin and end transactions, cancel."""
        with _told():
            return [flight.Result(r) for r in self._sql().act(_grant(context), action, context.is_cancelled)]

    def list_actions(self, context: flight.ServerCallContext) -> list[flight.ActionType]:
        """List the actions."""
        return [flight.ActionType(name, text) for name, text in _ACTIONS.items()]

    def _sql(self) -> FlightSql:
        """Return what speaks Flight SQL. Raises UnsupportedError without the extra `server`."""
        with self._making:
            if self._flight_sql is None:
                try:
                    from rem_arrow.serve.flight_sql import FlightSql
                except ImportError as error:
                    raise UnsupportedError("Flight SQL needs protobuf: pip install 'rem_arrow[server]'") from error
                self._flight_sql = FlightSql(self._service)
            return self._flight_sql


@contextmanager
def _told() -> Iterator[None]:
    """Raise a RemError as an error of Flight, whose code says the kind."""
    try:
        yield
    except RemError as error:
        raise _flight_error(error) from None


def _telling(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    with _told():
        yield from batches


def _flight_error(error: RemError) -> Exception:
    """Return an error that says the kind and the text. Others than those of Flight would send the stack of calls of the
    server along."""
    made: Exception = flight.FlightServerError(f"{type(error).__name__}: {error}")
    return made


def _grant(context: flight.ServerCallContext) -> Grant:
    grant: Grant = context.get_middleware("caller").grant
    return grant


def _token(headers: Mapping[str, list[Any]]) -> str | None:
    """Return the token of the header `authorization: Bearer TOKEN`."""
    for value in headers.get(_AUTHORIZATION, ()):
        scheme, _, token = (value if isinstance(value, str) else "").partition(" ")
        if scheme.casefold() == "bearer":
            return token.strip()
    return None
