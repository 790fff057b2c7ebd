"""A served database from its beginning to its end: its address, its doors, and what other processes are told of it."""

from __future__ import annotations

import ipaddress
import signal
import ssl
import threading
from contextlib import ExitStack
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa

from rem_arrow.base import checks
from rem_arrow.base.errors import ConflictError, InputError, UnsupportedError
from rem_arrow.base.telemetry import logger
from rem_arrow.face.database import Database
from rem_arrow.face.folders import SERVING
from rem_arrow.running.file_lock import locked
from rem_arrow.serve.access_tokens import Tokens, new_token, read_tokens, token_of
from rem_arrow.serve.flight_server import FlightDoor
from rem_arrow.serve.limits import ServeLimits
from rem_arrow.serve.service import Service

if TYPE_CHECKING:
    from rem_arrow.serve.page_server import PageDoor

# How long the transport may take to end once nothing runs.
_SHUTDOWN_S = 5.0
_log = logger("serve")


class Server:
    """A database that is served, made by `start_server`; as a context manager it closes itself and the database.

    Attributes:
        address: what clients connect to, such as "rem://127.0.0.1:4711"; drivers of Flight SQL take
            "grpc://127.0.0.1:4711", or with TLS "grpc+tls://".
        token: an admin's, made for this server where no file of tokens was given; else None.
        page: the address of the explorer page, for a browser; None without one.
    """

    def __init__(
        self, service: Service, door: FlightDoor, page: PageDoor | None, address: str, token: str | None
    ) -> None:
        self._service, self._door, self._page = service, door, page
        self.address, self.token = address, token
        self.page = None if page is None else page.address
        self._announced = _announce(service.database, address)
        self._is_closed = threading.Event()

    def close(self, timeout_s: float = 10.0) -> None:
        """Take no more requests, finish those that run, stop the rest, and close the database; a second call does
        nothing.

        Args:
            timeout_s: the longest wait for requests that run, in seconds.

        Example:
            >>> server = rem.start_server(db)
            >>> server.close()
            >>> db.closed
            True
        """
        if self._is_closed.is_set():
            return
        self._is_closed.set()
        self._service.close(timeout_s)
        if self._page is not None:
            self._page.close()
        if self._announced is not None:
            (self._service.database.path / SERVING).unlink(missing_ok=True)
            self._announced.close()
        # A client that does not read what it asked for may hold the transport for as long as it likes.
        ending = threading.Thread(target=self._door.shutdown, name="rem-serve-end", daemon=True)
        ending.start()
        ending.join(_SHUTDOWN_S)

    def wait(self) -> None:
        """Serve until the process is told to end, by SIGTERM or SIGINT, and close. For the main thread.

        Example:
            >>> rem.start_server(db).wait()  # doctest: +SKIP
        """
        told = threading.Event()

        def end(number: int, frame: FrameType | None) -> None:
            told.set()

        before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            told.wait()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            self.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<rem_arrow.Server {self.address}{' (closed)' if self._is_closed.is_set() else ''}>"


def start_server(
    database: Database,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    page_port: int | None = None,
    token_file: str | Path | None = None,
    tls_certificate: str | Path | None = None,
    tls_key: str | Path | None = None,
    request_bytes: int = 256 << 20,
    rows_max: int | None = None,
    timeout_s: float | None = 300.0,
    memory_bytes: int | None = None,
) -> Server:
    """Serve an open database to other processes, until the server is closed.

    Clients are `connect("rem://host:port", token=...)`, and drivers of Arrow Flight SQL with the extra `server`. What
    they may do is said by their token: read, write, or admin, who also reads and writes files of this machine by verbs.
    Give `connect` the argument `files="none"` unless the SQL of clients may touch files.

    Args:
        database: an open database; the server closes it.
        host: the address to listen at; one that is not of loopback needs `token_file`.
        port: 0 is one that is free.
        page_port: the port of the explorer page, with the extra `server`; None is no page.
        token_file: lines of a name, a scope (read, write, admin) and a token or its hash; without it one token for an
            admin is made.
        tls_certificate, tls_key: files of the certificate chain and the private key, as PEM.
        request_bytes: the most that a request may hold at once.
        rows_max: the most rows of an answer; None is no limit.
        timeout_s: the longest that a statement runs, in seconds; None is no limit.
        memory_bytes: the memory limit of a statement; default is that of the database.

    Returns:
        A `Server`.

    Raises:
        InputError: the address cannot be listened at, is not of loopback and there is no file of tokens, or a file
            cannot be read.
        ConflictError: the database is served already.
        UnsupportedError: a page without starlette and uvicorn.

    Example:
        >>> with rem.start_server(db) as server, rem.connect(server.address, token=server.token) as remote:
        ...     remote.sql("SELECT COUNT(*) FROM issues").item()
        3
    """
    checks.whole(port, "port", least=0, most=65_535)
    certificates = _certificates(tls_certificate, tls_key)
    if token_file is None and not _is_loopback(host):
        raise InputError(f"{host} is reached from other machines; give a token_file, and TLS by tls_certificate")
    token = new_token() if token_file is None else None
    tokens = read_tokens(Path(token_file)) if token_file is not None else Tokens([token_of(str(token), "own", "admin")])
    limits = ServeLimits(
        request_bytes=checks.whole(request_bytes, "request_bytes", least=1 << 16),
        rows_max=None if rows_max is None else checks.whole(rows_max, "rows_max"),
        timeout_s=None if timeout_s is None else checks.number(timeout_s, "timeout_s", within=(0.001, 1e9)),
        memory_bytes=None if memory_bytes is None else checks.whole(memory_bytes, "memory_bytes", least=1 << 20),
    )
    service = Service(database, tokens, limits)
    name = f"[{host}]" if ":" in host else host
    with ExitStack() as opened:
        opened.callback(service.stop)
        page = None if page_port is None else _page(service, host, page_port, tls_certificate, tls_key)
        if page is not None:
            opened.callback(page.close)
        try:
            door = FlightDoor(service, f"grpc{'' if certificates is None else '+tls'}://{name}:{port}", certificates)
        except (OSError, ValueError, pa.ArrowException) as error:
            raise InputError(f"cannot listen at {name}:{port}: {str(error).splitlines()[0]}") from error
        opened.callback(door.shutdown)
        address = f"rem{'' if certificates is None else 's'}://{name}:{door.port}"
        server = Server(service, door, page, address, token)
        opened.pop_all()
    if certificates is None and not _is_loopback(host):
        _log.warning("%s is served without TLS: tokens and rows cross the network in the clear", address)
    _log.info("serving %s at %s", database.path, address)
    return server


def _page(service: Service, host: str, port: int, certificate: str | Path | None, key: str | Path | None) -> PageDoor:
    """Return the door of the explorer page. Raises InputError, or UnsupportedError without the extra `server`."""
    checks.whole(port, "page_port", least=0, most=65_535)
    try:
        from rem_arrow.serve.page_server import PageDoor
    except ImportError as error:
        raise UnsupportedError(
            "the explorer page needs starlette and uvicorn: pip install 'rem_arrow[server]'"
        ) from error
    return PageDoor(service, host, port, certificate, key)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _certificates(certificate: str | Path | None, key: str | Path | None) -> tuple[bytes, bytes] | None:
    """Return the certificate chain and its key. Raises InputError."""
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise InputError("TLS needs both tls_certificate and tls_key")
    try:
        files = Path(certificate).read_bytes(), Path(key).read_bytes()
        # A key with a password would ask for it.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=lambda: b"")
        return files
    except (ssl.SSLError, ValueError) as error:
        raise InputError(f"{certificate} and {key} are no certificate as PEM and its key without a password") from error
    except OSError as error:
        raise InputError(f"a file of TLS cannot be read: {error.filename}: {error.strerror or error}") from error


def _announce(database: Database, address: str) -> BinaryIO | None:
    """Tell other processes where the folder of a database is served, for as long as the file is open; nothing of one
    that is open for reading. Raises ConflictError where it is served already."""
    if database._instance.store.read_only:
        return None
    path = database.path / SERVING
    file = locked(path)
    if file is None:
        raise ConflictError(f"{database.path} is served already")
    file.truncate(0)
    file.write(address.encode())
    file.flush()
    return file
