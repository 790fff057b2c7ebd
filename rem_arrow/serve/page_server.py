"""The explorer page as a server: a socket, and a thread that answers on it."""

from __future__ import annotations

import logging
import socket
import threading
from pathlib import Path

import uvicorn

from rem_arrow.base.errors import InputError
from rem_arrow.serve.page_app import page_app
from rem_arrow.serve.service import Service

_CONNECTIONS_MAX = 1_000
_KEEP_ALIVE_S, _END_S = 30, 2


class PageDoor:
    """Serves the page over HTTP; begins with its creation. Nothing of a request is logged.

    Args:
        port: 0 is one that is free.
        certificate, key: files of TLS, as PEM.

    Attributes:
        address: of the page, for a browser.

    Raises:
        InputError: the address cannot be listened at.
    """

    def __init__(
        self, service: Service, host: str, port: int, certificate: str | Path | None, key: str | Path | None
    ) -> None:
        listening = _socket(host, port)
        # Without handlers of its own it would print what goes wrong in the requests of others.
        logging.getLogger("uvicorn").addHandler(logging.NullHandler())
        config = uvicorn.Config(
            page_app(service, host),
            http="h11",
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=_CONNECTIONS_MAX,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=_END_S,
            ssl_certfile=certificate,
            ssl_keyfile=None if key is None else str(key),
        )
        try:
            config.load()
        except OSError as error:
            listening.close()
            raise InputError(f"the files of TLS cannot be used: {error}") from error
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listening]}, name="rem-page", daemon=True
        )
        self._thread.start()
        name = f"[{host}]" if ":" in host else host
        self.address = f"http{'' if certificate is None else 's'}://{name}:{listening.getsockname()[1]}/"

    def close(self) -> None:
        """Take no more requests, and end those that run."""
        self._server.should_exit = True
        self._thread.join(2 * _END_S)
        self._server.force_exit = True


def _socket(host: str, port: int) -> socket.socket:
    """Return a socket that listens. Raises InputError."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        raise InputError(f"cannot listen at {host}:{port} for the page: {error.strerror or error}") from error
