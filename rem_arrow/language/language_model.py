"""A language model that answers in a schema, at a server of OpenAI's protocol: by `responses`, by `chat/completions`,
or by the latter without a schema, which then stands in the prompt.

Servers differ in what they lack, and in how they say so: by a status, by an error in a good answer, or by an answer
that takes no heed of the schema. Then the next interface is asked, and what answered is remembered for the server.

An answer that does not match the schema, or was cut off, is not an error here: the reply describes the problem in
words, so that the language model can be asked to correct it. A server that fails or refuses the key raises
LanguageError, as for every request (client.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from pydantic import BaseModel, ValidationError

from rem_arrow.language.client import AnswerError, OpenAIClient
from rem_arrow.language.server_answers import ServerAnswer, read_answer

if TYPE_CHECKING:
    from openai import APIStatusError, OpenAI

M = TypeVar("M", bound=BaseModel)
Body: TypeAlias = "dict[str, Any]"
# The statuses of a server that lacks an interface or an option: not those of a key or of too many requests.
_LACKING = (400, 403, 404, 405, 406, 415, 422)
_PROBLEM_CHARS_MAX = 600


@dataclass(frozen=True, slots=True)
class Turn:
    """One text of a conversation; role is "user" or "assistant"."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Reply(Generic[M]):
    """An answer of a language model.

    Attributes:
        value: the answer read by the schema; None if it does not match.
        text: the answer as received.
        tokens: of request and answer, as the server counts them; 0 if it does not.
        problem: why there is no value, in words for the language model.
        refusal: the text in which the language model refuses to answer; else empty.
    """

    value: M | None
    text: str
    tokens: int
    problem: str = ""
    refusal: str = ""


class LanguageModel:
    """A language model at a server that speaks OpenAI's protocol, for `Database.ask(model=...)`; threads may share it.

    Args:
        name: as the server knows it.
        client: a client with settings of its own; default is one with those of the environment (OPENAI_BASE_URL,
            OPENAI_API_KEY).
    """

    def __init__(self, name: str, client: OpenAIClient | None = None) -> None:
        self.name = name
        self._client = client or OpenAIClient()
        self._ways: tuple[_Way, ...] = _WAYS
        self._answered: set[str] = set()

    def answer(self, instructions: str, turns: Sequence[Turn], schema: type[M]) -> Reply[M]:
        """Return the next turn of a conversation as `schema`.

        Raises:
            InputError: settings are missing or malformed.
            LanguageError: the server cannot be reached, failed, or refused.
        """
        return self._client.request(
            f"model:{self.name}", lambda client: self._request(client, instructions, turns, schema)
        )

    def _request(self, client: OpenAI, instructions: str, turns: Sequence[Turn], schema: type[M]) -> Reply[M]:
        from openai import APIStatusError

        tokens, failure = 0, None
        for place, way in enumerate(self._ways):
            last = place == len(self._ways) - 1
            try:
                body = client.post(way.path, body=way.body(self.name, instructions, turns, schema), cast_to=object)
            except APIStatusError as error:
                if last or not self._is_lacking(way, error):
                    raise
                failure = error
                continue
            said = read_answer(body)
            tokens += said.tokens
            if said.is_filtered:
                raise AnswerError("stopped the answer by its content filter; ask otherwise, or another language model")
            if not last and (said.error is not None or _takes_no_heed(said)):
                continue
            if said.error is not None:
                raise AnswerError(f"answered with an error: {said.error}") from failure
            if not (said.texts or said.thoughts or said.refusal or said.reason):
                raise AnswerError("gave no answer; try again, or ask another language model") from failure
            self._ways = self._ways[place:]
            self._answered.add(way.name)
            return replace(_reply(said, schema), tokens=tokens)
        raise AssertionError("the last interface answers or raises")

    def _is_lacking(self, way: _Way, error: APIStatusError) -> bool:
        """Say whether an error means that the server lacks an interface, or an option of the request. What has answered
        before fails for another reason."""
        if way.name in self._answered:
            return False
        return error.status_code in _LACKING or error.status_code >= 500


def _takes_no_heed(said: ServerAnswer) -> bool:
    """Say whether an answer has nothing of a schema: no JSON, not even a part of it."""
    return not (said.refusal or said.is_cut_off or any("{" in text for text in (*said.texts, *said.thoughts)))


def _reply(said: ServerAnswer, schema: type[M]) -> Reply[M]:
    text, problem = said.text or "\n".join(said.thoughts), "there was no answer"
    objects = said.objects()
    for found in objects:
        try:
            return Reply(schema.model_validate(found), text, 0)
        except ValidationError as error:
            problem = _problem(error)
    if said.refusal:
        return Reply(None, text, 0, refusal=said.refusal)
    if said.is_cut_off:
        problem = f"the answer was cut off ({said.reason}); give a shorter one"
    elif text and not objects:
        problem = "the answer is not JSON of the schema: it holds no JSON object"
    return Reply(None, text, 0, problem)


def _problem(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"]))
    return f"the answer is not JSON of the schema: {(place + ': ') if place else ''}{first['msg']}"[:_PROBLEM_CHARS_MAX]


# --- interfaces


@dataclass(frozen=True, slots=True)
class _Way:
    """An interface: its address, and the body of a request."""

    name: str
    path: str
    body: Callable[[str, str, Sequence[Turn], type[BaseModel]], Body]


def _responses(model: str, instructions: str, turns: Sequence[Turn], schema: type[BaseModel]) -> Body:
    return {
        "model": model,
        "instructions": instructions,
        "input": _said(turns),
        "text": {"format": {"type": "json_schema", **_strict(schema)}},
    }


def _chat(model: str, instructions: str, turns: Sequence[Turn], schema: type[BaseModel]) -> Body:
    return {
        "model": model,
        "messages": [{"role": "system", "content": instructions}, *_said(turns)],
        "response_format": {"type": "json_schema", "json_schema": _strict(schema)},
    }


def _plain_chat(model: str, instructions: str, turns: Sequence[Turn], schema: type[BaseModel]) -> Body:
    told = json.dumps(schema.model_json_schema())
    prompt = f"{instructions}\n\nAnswer with one JSON object of this schema, and nothing else:\n{told}"
    return {"model": model, "messages": [{"role": "system", "content": prompt}, *_said(turns)]}


_WAYS = (
    _Way("responses", "/responses", _responses),
    _Way("chat", "/chat/completions", _chat),
    _Way("plain chat", "/chat/completions", _plain_chat),
)


def _said(turns: Sequence[Turn]) -> list[Mapping[str, str]]:
    return [{"role": t.role, "content": t.text} for t in turns]


def _strict(schema: type[BaseModel]) -> Body:
    """Return a schema as strict mode takes it. REQUIRES: it has no defaults, and forbids what it does not name."""
    return {"name": schema.__name__, "schema": schema.model_json_schema(), "strict": True}
