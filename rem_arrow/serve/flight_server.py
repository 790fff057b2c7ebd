"""The door for Arrow Flight: verbs for the client of this package, and Flight SQL for drivers.

A call without a token that the file of tokens holds is refused before any of it is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyarrow import flight

from rem_arrow.base.errors import InputError
from rem_arrow.face.wire_values import PROTOCOL
from rem_arrow.serve import flight_calls
from rem_arrow.serve.access_tokens import Grant
from rem_arrow.serve.service import Service

_AUTHORIZATION = "authorization"


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
