"""A server on loopback that speaks the wire formats of responses and of chat completions, and answers what the test
tells it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[["Handler", dict[str, Any]], None]


@dataclass
class Server:
    """What the test sets and sees: answers in their order, and the requests that came, with their paths."""

    url: str = ""
    script: list[Answer] = field(default_factory=list)
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def said(self, place: int) -> str:
        """All that the model was told in one request."""
        return json.dumps(self.requests[place][1], ensure_ascii=False)


class Handler(BaseHTTPRequestHandler):
    state: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.state.requests.append((self.path, body))
        assert self.state.script, "more requests than the test has answers for"
        self.state.script.pop(0)(self, body)

    def send(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
        data = text.encode()
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


def says(text: str | dict[str, Any], *, refusal: str = "", incomplete: str = "") -> Answer:
    """A good answer with that text, in the format of the address that was asked."""
    content = text if isinstance(text, str) else json.dumps(text)

    def answer(handler: Handler, body: dict[str, Any]) -> None:
        if handler.path.endswith("/responses"):
            part = (
                {"type": "refusal", "refusal": refusal}
                if refusal
                else {"type": "output_text", "text": content, "annotations": []}
            )
            message = {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [part]}
            usage = {
                "input_tokens": 10,
                "output_tokens": 5,
                "total_tokens": 15,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens_details": {"reasoning_tokens": 0},
            }
            found = {
                "id": "r",
                "object": "response",
                "created_at": 0,
                "model": body["model"],
                "output": [message],
                "parallel_tool_calls": False,
                "tool_choice": "auto",
                "tools": [],
            }
            found |= {
                "status": "incomplete" if incomplete else "completed",
                "incomplete_details": {"reason": incomplete} if incomplete else None,
                "usage": usage,
            }
        else:
            message = {"role": "assistant", "content": None if refusal else content, "refusal": refusal or None}
            choice = {"index": 0, "message": message, "finish_reason": "length" if incomplete else "stop"}
            found = {
                "id": "c",
                "object": "chat.completion",
                "created": 0,
                "model": body["model"],
                "choices": [choice],
                "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
            }
        handler.send(200, json.dumps(found))

    return answer


def status(code: int, message: str = "no", headers: dict[str, str] | None = None) -> Answer:
    return lambda handler, body: handler.send(
        code, json.dumps({"error": {"message": message, "type": "x", "param": None, "code": None}}), headers
    )


def silent(handler: Handler, body: dict[str, Any]) -> None:
    """No answer until the test is over."""
    handler.state.closing.wait()
    handler.close_connection = True


@contextmanager
def serving() -> Iterator[Server]:
    state = Server()
    http = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"state": state}))
    http.daemon_threads = True
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
