"""A small server on loopback that speaks the wire format of OpenAI's embeddings, and misbehaves as it is told."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np

Answer = Callable[["Handler", dict[str, Any]], None]
KEY = "sk-test-0123456789-secret"


def vector(text: str, dimension: int) -> list[float]:
    """The vector of a text: its characters' codes, padded with ones."""
    return [float(ord(c)) for c in text[:dimension]] + [1.0] * (dimension - len(text[:dimension]))


@dataclass
class Server:
    """What the test sets and sees: answers to give before the usual one, and the requests that came."""

    url: str = ""
    dimension: int = 4
    script: list[Answer] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def inputs(self) -> list[list[str]]:
        return [r["input"] for r in self.requests]


class Handler(BaseHTTPRequestHandler):
    state: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.state.requests.append(body)
        self.state.keys.append(self.headers["Authorization"])
        (self.state.script.pop(0) if self.state.script else usual)(self, body)

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


def items_of(handler: Handler, body: dict[str, Any]) -> list[dict[str, Any]]:
    """The right items of an answer, in base64 when that was asked for."""
    dimension = body.get("dimensions", handler.state.dimension)
    vectors = [vector(t, dimension) for t in body["input"]]
    if body.get("encoding_format") == "base64":
        found: list[Any] = [base64.b64encode(np.array(v, dtype="<f4").tobytes()).decode() for v in vectors]
    else:
        found = list(vectors)
    return [{"object": "embedding", "index": i, "embedding": v} for i, v in enumerate(found)]


def usual(handler: Handler, body: dict[str, Any]) -> None:
    changed(lambda items: items)(handler, body)


def changed(change: Callable[[list[dict[str, Any]]], Any]) -> Answer:
    """An answer whose items are changed before they are sent."""

    def answer(handler: Handler, body: dict[str, Any]) -> None:
        data = change(items_of(handler, body))
        handler.send(
            200,
            json.dumps(
                {
                    "object": "list",
                    "data": data,
                    "model": body["model"],
                    "usage": {"prompt_tokens": 1, "total_tokens": 1},
                }
            ),
        )

    return answer


def status(
    code: int, message: str = "no", headers: dict[str, str] | None = None, error_code: str | None = None
) -> Answer:
    """An answer with an error of OpenAI's form."""
    return lambda handler, body: handler.send(
        code, json.dumps({"error": {"message": message, "type": "x", "param": None, "code": error_code}}), headers
    )


def raw(text: str | bytes, code: int = 200, content_type: str = "application/json") -> Answer:
    return lambda handler, body: handler.send(code, text, {"Content-Type": content_type})


def silent(handler: Handler, body: dict[str, Any]) -> None:
    """No answer until the test is over."""
    handler.state.closing.wait()
    handler.close_connection = True


def dropped(handler: Handler, body: dict[str, Any]) -> None:
    """The connection is closed without an answer."""
    handler.close_connection = True


@contextmanager
def serving() -> Iterator[Server]:
    """A server that runs while the test does."""
    state = Server()
    # With the default queue of 5, threads that come at once would wait a second for the kernel's second try.
    kind = type("Queued", (ThreadingHTTPServer,), {"request_queue_size": 64, "daemon_threads": True})
    http = kind(("127.0.0.1", 0), type("Bound", (Handler,), {"state": state}))
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
