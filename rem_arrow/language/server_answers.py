"""Answers of servers that speak OpenAI's protocol, as they really come: one tolerant reader for all interfaces.

The body of `responses`, of `chat/completions`, or of neither, becomes texts, tokens, and what the server says beside: a
refusal, a reason why it stopped, an error in its own words. Objects of JSON are found in the texts wherever they stand:
in a fence, behind prose or <think>, in content parts, in a second message, as arguments of a tool call.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

_THOUGHT = re.compile(r"<(think|thinking|reasoning)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_OBJECTS_MAX, _TEXT_CHARS_MAX, _STARTS_MAX = 20, 1_000_000, 200
_CUT_OFF = ("length", "max_output_tokens", "max_tokens", "model_length")
_FILTERED = ("content_filter", "safety", "prohibited_content", "recitation")


@dataclass(slots=True)
class ServerAnswer:
    """What a body says.

    Attributes:
        texts: what the language model said, in order.
        thoughts: what it said to itself; servers put answers there too.
        refusal: the words in which it refuses.
        reason: why it stopped, as the server calls it.
        error: the server's words where the body is an error; None where it is none.
        tokens: of request and answer; 0 if they are not counted.
    """

    texts: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    refusal: str = ""
    reason: str = ""
    error: str | None = None
    tokens: int = 0

    @property
    def text(self) -> str:
        """Return all that was said."""
        return "\n".join(self.texts)

    @property
    def is_cut_off(self) -> bool:
        return self.reason in _CUT_OFF

    @property
    def is_filtered(self) -> bool:
        return self.reason in _FILTERED

    def objects(self) -> list[dict[str, Any]]:
        """Return the JSON objects in the texts, those said aloud first."""
        plain = [_THOUGHT.sub("", text) for text in self.texts]
        thoughts = [m.group() for text in self.texts for m in _THOUGHT.finditer(text)] + self.thoughts
        return list(islice((found for text in (*plain, *thoughts) for found in _objects(text)), _OBJECTS_MAX))


def read_answer(body: object) -> ServerAnswer:
    """Return what the body of an answer says, whatever it is."""
    answer = ServerAnswer()
    if not isinstance(body, dict):
        answer.error = f"the answer is no JSON object: {_shown(body)}"
        return answer
    answer.tokens = _tokens(body.get("usage"))
    outputs, choices = _list(body.get("output")), _list(body.get("choices"))
    for item in outputs:
        _read_item(item, answer)
    for choice in choices:
        _read_choice(choice, answer)
    if not answer.texts and isinstance(body.get("output_text"), str):
        answer.texts.append(body["output_text"])
    details = body.get("incomplete_details")
    if isinstance(details, dict) and isinstance(details.get("reason"), str):
        answer.reason = details["reason"]
    said = answer.texts or answer.thoughts or answer.refusal or answer.reason
    if body.get("error") or (not said and not outputs and not choices and (body.get("message") or body.get("detail"))):
        answer.error = _error(body)
    elif body.get("status") in ("failed", "cancelled"):
        answer.error = f"its status is {body['status']}"
    return answer


def _read_item(item: Any, answer: ServerAnswer) -> None:
    if not isinstance(item, dict):
        return
    kind = str(item.get("type") or "message")
    if kind == "reasoning":
        answer.thoughts += [*_parts(item.get("content"), answer), *_parts(item.get("summary"), answer)]
    elif kind.endswith("call"):
        answer.texts += _arguments(item)
    else:
        answer.texts += _parts(item.get("content"), answer)


def _read_choice(choice: Any, answer: ServerAnswer) -> None:
    if not isinstance(choice, dict):
        return
    answer.reason = str(choice.get("finish_reason") or answer.reason)
    message = choice.get("message") or choice.get("delta")
    if not isinstance(message, dict):
        answer.texts += _parts(choice.get("text"), answer)
        return
    answer.texts += _parts(message.get("content"), answer)
    if isinstance(message.get("refusal"), str):
        answer.refusal = answer.refusal or message["refusal"]
    for call in (*_list(message.get("tool_calls")), {"function": message.get("function_call")}):
        answer.texts += _arguments(call.get("function")) if isinstance(call, dict) else []
    if isinstance(message.get("parsed"), dict):
        answer.texts.append(json.dumps(message["parsed"]))
    for name in ("reasoning_content", "reasoning"):
        answer.thoughts += _parts(message.get(name), answer)


def _parts(content: Any, answer: ServerAnswer) -> list[str]:
    """Return the texts of a content: a text, or parts of it."""
    if isinstance(content, str):
        return [content] if content else []
    if isinstance(content, dict):
        content = [content]
    texts: list[str] = []
    for part in _list(content):
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict) and isinstance(part.get("refusal"), str):
            answer.refusal = answer.refusal or part["refusal"]
        elif isinstance(part, dict):
            text = part.get("text", part.get("content"))
            texts += [text] if isinstance(text, str) else _parts(text, answer) if isinstance(text, list) else []
            texts += [json.dumps(part["json"])] if isinstance(part.get("json"), dict) else []
    # Parts of one text may be cut anywhere.
    return ["".join(texts)] if texts else []


def _arguments(call: Any) -> list[str]:
    """Return the arguments of a call of a tool, as text."""
    arguments = call.get("arguments", call.get("input")) if isinstance(call, dict) else None
    if isinstance(arguments, dict):
        return [json.dumps(arguments)]
    return [arguments] if isinstance(arguments, str) and arguments else []


def _tokens(usage: Any) -> int:
    if not isinstance(usage, dict):
        return 0
    halves = (("input_tokens", "prompt_tokens"), ("output_tokens", "completion_tokens"))
    return _count(usage, "total_tokens") or sum(_count(usage, *names) for names in halves)


def _count(usage: dict[str, Any], *names: str) -> int:
    for name in names:
        value = usage.get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e15:
            return int(value)
    return 0


def _error(body: dict[str, Any]) -> str:
    """Return the server's words."""
    error = body.get("error") or body
    if isinstance(error, dict):
        error = error.get("message") or error.get("detail") or error.get("code") or error
    return _shown(error)


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return " ".join(text.split())[:300] or "nothing"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects in a text that do not lie in one another."""
    text, decoder, start = text[:_TEXT_CHARS_MAX], json.JSONDecoder(strict=False), 0
    for _ in range(_STARTS_MAX):
        start = text.find("{", start)
        if start < 0:
            return
        try:
            value, stop = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            start += 1
            continue
        start = stop
        if isinstance(value, dict):
            yield value
