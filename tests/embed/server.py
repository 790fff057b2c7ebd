"""A small server on loopback that speaks the wire format of OpenAI's embeddings, and misbehaves as it is told."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.loopback import Answer, Handler, State, served, silent, status

__all__ = ["KEY", "Server", "changed", "dropped", "raw", "serving", "silent", "status", "usual", "vector"]

KEY = "sk-test-0123456789-secret"


def vector(text: str, dimension: int) -> list[float]:
    """The vector of a text: its characters' codes, padded with ones."""
    return [float(ord(c)) for c in text[:dimension]] + [1.0] * (dimension - len(text[:dimension]))


@dataclass
class Server(State):
    """What the test sets and sees: answers are given before the usual one; the requests that came, and their keys."""

    dimension: int = 4
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)

    def inputs(self) -> list[list[str]]:
        return [r["input"] for r in self.requests]


class _Handler(Handler):
    state: Server

    def answer(self, body: dict[str, Any]) -> None:
        self.state.requests.append(body)
        self.state.keys.append(self.headers["Authorization"])
        (self.state.script.pop(0) if self.state.script else usual)(self, body)


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


def raw(text: str | bytes, code: int = 200, content_type: str = "application/json") -> Answer:
    return lambda handler, body: handler.send(code, text, {"Content-Type": content_type})


def dropped(handler: Handler, body: dict[str, Any]) -> None:
    """The connection is closed without an answer."""
    handler.close_connection = True


@contextmanager
def serving() -> Iterator[Server]:
    """A server that runs while the test does."""
    with served(Server(), _Handler) as state:
        yield state
