"""The client's end of calls over Arrow Flight; what travels is said in `face/wire_values.py`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import pyarrow as pa
from pyarrow import flight

from rem_arrow.base.errors import ExecuteError, InputError
from rem_arrow.running.cancellation import check_stopped, when_stopped

_FAILURES = (flight.FlightError, pa.ArrowException, OSError)


class Reply(NamedTuple):
    """What a server answers: its first message, further messages, and rows where the answer is a stream of them."""

    message: bytes
    reader: Any
    # It must live as long as the reader.
    writer: Any

    def pieces(self, count: int) -> Iterator[bytes]:
        """Yield so many further messages. Raises RemError."""
        with _translated():
            for _ in range(count):
                check_stopped()
                yield self.reader.read_chunk().app_metadata.to_pybytes()

    def rows(self, told: Callable[[bytes], object]) -> pa.RecordBatchReader:
        """Return the rows as a stream; `told` is given the messages that stand among them, and may raise."""
        with _translated():
            schema = self.reader.schema
        return pa.RecordBatchReader.from_batches(schema, self._batches(told))

    def _batches(self, told: Callable[[bytes], object]) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._read(told)
        finally:
            _cancel(self.writer, self.reader)

    def _read(self, told: Callable[[bytes], object]) -> Iterator[pa.RecordBatch]:
        with _translated():
            while True:
                try:
                    chunk = self.reader.read_chunk()
                except StopIteration:
                    return
                if chunk.data is not None:
                    yield chunk.data
                if chunk.app_metadata is not None:
                    told(chunk.app_metadata.to_pybytes())


class Channel:
    """A connection to a server. Safe in many threads.

    Args:
        address: host and port, as `127.0.0.1:4711`.
        tls: encrypt, and check the server's certificate against `roots`, as PEM; default are those of the system.
    """

    def __init__(self, address: str, token: str | None, *, tls: bool, roots: bytes | None = None) -> None:
        self._address, self.token, self._tls = address, token, tls
        headers = [] if token is None else [(b"authorization", f"Bearer {token}".encode())]
        self._options = flight.FlightCallOptions(headers=headers)
        scheme = "grpc+tls" if tls else "grpc+tcp"
        with _translated():
            self._client = flight.FlightClient(f"{scheme}://{address}", tls_root_certs=roots)

    def exchange(self, protocol: bytes, messages: Iterable[bytes]) -> Reply:
        """Send the messages of a request; return the answer. Raises RemError, and what the messages raise."""
        with _translated(self._address, tls=self._tls):
            writer, reader = self._client.do_exchange(flight.FlightDescriptor.for_command(protocol), self._options)
            try:
                for message in messages:
                    if not _sent(writer, message):
                        break
                else:
                    with suppress(*_FAILURES):
                        writer.done_writing()
                with when_stopped(reader.cancel):
                    return Reply(reader.read_chunk().app_metadata.to_pybytes(), reader, writer)
            except StopIteration:
                raise InputError(f"the server at {self._address} gave no answer") from None
            except BaseException:
                _cancel(writer, reader)
                raise

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()


def _cancel(writer: Any, reader: Any) -> None:
    """Tell the server that nothing more is sent or read."""
    with suppress(*_FAILURES):
        reader.cancel()
    with suppress(*_FAILURES):
        writer.close()


def _sent(writer: Any, message: bytes) -> bool:
    """Send a message; False where the server reads no more: it has refused the request, and its answer says why."""
    try:
        writer.write_metadata(message)
    except _FAILURES:
        return False
    return True


@contextmanager
def _translated(address: str = "", *, tls: bool = False) -> Iterator[None]:
    """Raise errors of Flight as those of rem_arrow."""
    try:
        yield
    except flight.FlightUnauthenticatedError as error:
        raise InputError(_first_line(error)) from None
    except flight.FlightUnavailableError as error:
        raise _unavailable(address or "the address", _first_line(error), tls=tls) from error
    except _FAILURES as error:
        raise ExecuteError(f"the call to the server failed: {_first_line(error)}") from error


def _unavailable(address: str, reason: str, *, tls: bool) -> ExecuteError | InputError:
    """Return the error of a server that was not reached, or is not the one that is meant."""
    untrusted = re.search(r"certificate verify failed: ([\w -]+)", reason)
    if untrusted is not None:
        return InputError(
            f"the certificate of the server at {address} is not trusted: {untrusted[1]}; give certificate= the PEM "
            "file of who signed it"
        )
    if "is not in peer certificate" in reason:
        return InputError(f"the certificate of the server at {address} is for another host; connect by its name there")
    if "wrong version number" in reason:
        return InputError(f"the server at {address} has no TLS; write rem:// instead of rems://")
    closed = "; if it has TLS, write rems:// instead of rem://" if "Socket closed" in reason and not tls else ""
    return ExecuteError(f"no server answers at {address}: {reason}{closed}")


def _first_line(error: Exception) -> str:
    text = str(error).partition(" gRPC client debug context")[0].splitlines()
    return text[0].removesuffix(". Detail: Unauthenticated.") if text else type(error).__name__
