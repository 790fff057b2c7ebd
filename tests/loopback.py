"""A server on loopback that answers what the test tells it: the base of those that speak a service's wire format."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

Answer = Callable[["Handler", dict[str, Any]], None]


@dataclass
class State:
    """What the test sets and sees: where the server is, and the answers that it has yet to give, in their order."""

    url: str = ""
    script: list[Answer] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)


S = TypeVar("S", bound=State)


class Handler(BaseHTTPRequestHandler):
    state: Any

    def do_POST(self) -> None:
        self.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def answer(self, body: dict[str, Any]) -> None:
        """Note a request, and answer it."""
        raise NotImplementedError

    def send(self, status: int, text: str | bytes, headers: dict[str, str] | None = None) -> None:
        data = text.encode() if isinstance(text, str) else text
        self.send_response(status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(data)),
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed."""


def status(
    code: int, message: str = "no", headers: dict[str, str] | None = None, error_code: str | None = None
) -> Answer:
    """An answer with an error of OpenAI's form."""
    error = {"message": message, "type": "x", "param": None, "code": error_code}
    return lambda handler, body: handler.send(code, json.dumps({"error": error}), headers)


def silent(handler: Handler, body: dict[str, Any]) -> None:
    """No answer until the test is over."""
    handler.state.closing.wait()
    handler.close_connection = True


@contextmanager
def served(state: S, handler: type[Handler]) -> Iterator[S]:
    """Run a server while the test does."""
    # With the default queue of 5, threads that come at once would wait a second for the kernel's second try.
    kind = type("Queued", (ThreadingHTTPServer,), {"request_queue_size": 64, "daemon_threads": True})
    http = kind(("127.0.0.1", 0), type("Bound", (handler,), {"state": state}))
    state.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        state.closing.set()
        http.shutdown()
        thread.join()
        http.server_close()
