"""A language model that answers in a schema, through the openai client: by `responses.parse`, or `chat.completions` for
servers that lack it.

An answer that does not match the schema, or was cut off, is not an error here: the reply describes the problem in
words, so that the language model can be asked to correct it. A server that fails or refuses the key raises
LanguageError, as for every request (client.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from rem_arrow.language.client import OpenAIClient

if TYPE_CHECKING:
    from openai import OpenAI

M = TypeVar("M", bound=BaseModel)
# The statuses of a server that lacks an address, or an option of the request.
_UNKNOWN_ADDRESS, _BAD_REQUEST = (404, 405, 501), (400, 422)
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
        self._ways = [_by_responses, _by_chat, _by_plain_chat]

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

        while True:
            way = self._ways[0]
            try:
                return way(client, self.name, instructions, turns, schema)
            except APIStatusError as error:
                lacking = (
                    error.status_code in _UNKNOWN_ADDRESS
                    if way is _by_responses
                    else error.status_code in _BAD_REQUEST and way is _by_chat
                )
                if not lacking:
                    raise
                # A server that lacks an interface once will not be asked for it again.
                self._ways = self._ways[1:]


def _by_responses(client: OpenAI, model: str, instructions: str, turns: Sequence[Turn], schema: type[M]) -> Reply[M]:
    messages: Any = [{"role": t.role, "content": t.text} for t in turns]
    try:
        response = client.responses.parse(model=model, instructions=instructions, input=messages, text_format=schema)
    except ValidationError as error:
        return Reply(None, "", 0, _problem(error))
    tokens = response.usage.total_tokens if response.usage is not None else 0
    refusal = next(
        (c.refusal for item in response.output if item.type == "message" for c in item.content if c.type == "refusal"),
        "",
    )
    if response.output_parsed is None:
        reason = response.incomplete_details.reason if response.incomplete_details is not None else None
        return Reply(None, response.output_text, tokens, _cut_off(reason) if not refusal else "", refusal)
    return Reply(response.output_parsed, response.output_text, tokens)


def _by_chat(client: OpenAI, model: str, instructions: str, turns: Sequence[Turn], schema: type[M]) -> Reply[M]:
    from openai import LengthFinishReasonError

    try:
        completion = client.chat.completions.parse(
            model=model, messages=_messages(instructions, turns), response_format=schema
        )
    except ValidationError as error:
        return Reply(None, "", 0, _problem(error))
    except LengthFinishReasonError:
        return Reply(None, "", 0, _cut_off("max_output_tokens"))
    message = completion.choices[0].message
    tokens = completion.usage.total_tokens if completion.usage is not None else 0
    if message.parsed is None:
        return Reply(
            None, message.content or "", tokens, "" if message.refusal else "there was no answer", message.refusal or ""
        )
    return Reply(message.parsed, message.content or "", tokens)


def _by_plain_chat(client: OpenAI, model: str, instructions: str, turns: Sequence[Turn], schema: type[M]) -> Reply[M]:
    """For servers without schemas: the prompt contains the schema, and the answer is searched for JSON."""
    prompt = (
        f"{instructions}\n\nAnswer with one JSON object of this schema, and nothing else:\n{schema.model_json_schema()}"
    )
    completion = client.chat.completions.create(model=model, messages=_messages(prompt, turns))
    text = completion.choices[0].message.content or ""
    tokens = completion.usage.total_tokens if completion.usage is not None else 0
    try:
        return Reply(schema.model_validate_json(text[text.find("{") : text.rfind("}") + 1]), text, tokens)
    except ValidationError as error:
        cut = completion.choices[0].finish_reason == "length"
        return Reply(None, text, tokens, _cut_off("max_output_tokens") if cut else _problem(error))


def _messages(instructions: str, turns: Sequence[Turn]) -> Any:
    return [{"role": "system", "content": instructions}, *({"role": t.role, "content": t.text} for t in turns)]


def _problem(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"]))
    return f"the answer is not JSON of the schema: {(place + ': ') if place else ''}{first['msg']}"[:_PROBLEM_CHARS_MAX]


def _cut_off(reason: str | None) -> str:
    return f"the answer was cut off ({reason}); give a shorter one" if reason else "there was no answer"
