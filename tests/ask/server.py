"""A server on loopback that speaks the wire formats of responses and of chat completions, and answers what the test
tells it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.loopback import Answer, Handler, State, served, silent, status

__all__ = ["Server", "says", "serving", "silent", "status"]


@dataclass
class Server(State):
    """What the test sets and sees: the requests that came, with their paths."""

    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def said(self, place: int) -> str:
        """All that the model was told in one request."""
        return json.dumps(self.requests[place][1], ensure_ascii=False)


class _Handler(Handler):
    state: Server

    def answer(self, body: dict[str, Any]) -> None:
        self.state.requests.append((self.path, body))
        assert self.state.script, "more requests than the test has answers for"
        self.state.script.pop(0)(self, body)


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


@contextmanager
def serving() -> Iterator[Server]:
    """A server that runs while the test does."""
    with served(Server(), _Handler) as state:
        yield state
