"""The one client of OpenAI's service and of servers with its protocol: settings, timeouts, bounded retries, and errors
as LanguageError.

In: a request as a function of the `openai` client. Out: its result, or LanguageError. Responses 429 and 5xx, timeouts
and broken connections are retried, up to `Retries.attempts_max` requests in all. The wait doubles with each, and is
randomised so that many clients do not retry at the same time; a Retry-After of the server is followed up to a bound.
Other responses 4xx are final. No text of an error, its cause or its traceback contains the key. The first request
imports the library and reads the environment.
"""

from __future__ import annotations

import math
import os
import random
import re
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from rem_arrow.base.errors import InputError, LanguageError
from rem_arrow.base.telemetry import logger, span

if TYPE_CHECKING:
    from openai import APIStatusError, OpenAI

T = TypeVar("T")

_BASE_URL = "https://api.openai.com/v1"
_NO_KEY = "none"
_TIMEOUT_S = 60.0
_MESSAGE_CHARS_MAX = 300
# What OpenAI's keys look like, whole or masked: its own error texts quote them.
_KEY_LIKE = re.compile(r"\bsk-[\w*.-]+|(?<=Bearer )[^\s'\"]+")


@dataclass(frozen=True, slots=True)
class Retries:
    """When a request is retried. Waits are in seconds.

    Attributes:
        attempts_max: requests in all, at least 1.
        wait_s: the longest wait before the second request; it doubles with each further one.
        wait_max_s: the longest wait before any request.
        retry_after_max_s: a longer Retry-After of the server ends the retries.
    """

    attempts_max: int = 5
    wait_s: float = 0.5
    wait_max_s: float = 20.0
    retry_after_max_s: float = 60.0

    def wait_before(self, attempt: int, retry_after_s: float | None) -> float | None:
        """Return the wait after that many failed attempts; None if there is no further one."""
        if attempt >= self.attempts_max:
            return None
        longest = min(self.wait_max_s, self.wait_s * 2.0 ** (attempt - 1))
        if retry_after_s is None:
            return longest * random.uniform(0.5, 1.0)
        # Somewhat later than requested, never earlier.
        return None if retry_after_s > self.retry_after_max_s else retry_after_s + longest * random.uniform(0.0, 0.5)


@dataclass(frozen=True, slots=True)
class _Settings:
    base_url: str = field(repr=False)
    api_key: str = field(repr=False)
    timeout_s: float


class OpenAIClient:
    """A client of OpenAI's service or of a server with its protocol. Threads may share it.

    Args:
        base_url: the address of the service; default is OPENAI_BASE_URL, else OpenAI's own.
        api_key: default is OPENAI_API_KEY. A server that is not OpenAI's needs none.
        timeout_s: the time limit of one request; default is REM_ARROW_OPENAI_TIMEOUT_S, else 60.
        sleep: waits that many seconds.
    """

    def __init__(
        self,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout_s: float | None = None,
        retries: Retries = Retries(),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._arguments = base_url, api_key, timeout_s
        self._retries, self._sleep = retries, sleep
        self._lock = threading.Lock()
        self._open: tuple[OpenAI, _Settings] | None = None

    def request(self, who: str, call: Callable[[OpenAI], T]) -> T:
        """Return the result of `call`.

        Args:
            who: the caller in error texts, such as "openai:text-embedding-3-small".
            call: sends one request; may be called several times.

        Raises:
            InputError: the address, the key or the timeout is missing or malformed.
            LanguageError: the service failed, refused, or gave a response that cannot be read.
        """
        client, settings = self._opened()
        attempt, log = 0, logger("language")
        while True:
            attempt += 1
            try:
                with span("language", {"service": who, "attempt": attempt}):
                    answer = call(client)
                log.debug("%s answered, attempt %d", who, attempt)
                return answer
            except _foreign_errors() as error:
                failure = error
            wait_s = self._retries.wait_before(attempt, _retry_after_s(failure)) if _is_passing(failure) else None
            if wait_s is None:
                break
            status = getattr(failure, "status_code", None) or type(failure).__name__
            log.warning("%s failed (%s), attempt %d, again in %.1f s", who, status, attempt, wait_s)
            self._sleep(wait_s)
        log.error("%s failed (%s) after %d attempts", who, type(failure).__name__, attempt)
        text = _hidden(f"{who} at {_place(settings.base_url)} {_explanation(failure, attempt, settings)}", settings)
        trace = "".join(traceback.format_exception(failure))
        raise LanguageError(text) from (failure if _hidden(trace, settings) == trace else None)

    def close(self) -> None:
        """Close the connections; the next request opens new ones."""
        with self._lock:
            opened, self._open = self._open, None
        if opened is not None:
            opened[0].close()

    def _opened(self) -> tuple[OpenAI, _Settings]:
        with self._lock:
            if self._open is None:
                from openai import OpenAI

                settings = _settings(*self._arguments)
                # The library's own retries are off: their number and waits are those of `Retries`.
                client = OpenAI(
                    base_url=settings.base_url, api_key=settings.api_key, timeout=settings.timeout_s, max_retries=0
                )
                self._open = client, settings
            return self._open


def _settings(base_url: str | None, api_key: str | None, timeout_s: float | None) -> _Settings:
    """Return the settings from arguments and environment. Raises InputError, which never shows the key."""
    address = (base_url or os.environ.get("OPENAI_BASE_URL") or _BASE_URL).strip()
    key = (api_key or os.environ.get("OPENAI_API_KEY") or "").strip()
    if not _is_address(address):
        # What has no scheme may be anything, also a key in the wrong place.
        shown = f", not {without_keys(_place(address))!r}" if "://" in address else ""
        raise InputError(
            f"the address of OpenAI's service is http(s)://host/path{shown}; see base_url and OPENAI_BASE_URL"
        )
    if not key and urlsplit(address).hostname == urlsplit(_BASE_URL).hostname:
        raise InputError("there is no key for OpenAI; set OPENAI_API_KEY, or give api_key; embedder 'hash' needs none")
    if not all("!" <= c <= "~" for c in key):
        raise InputError(
            "the key for OpenAI holds a character that no key has (a space, a line break, a letter outside ASCII); "
            "see api_key and OPENAI_API_KEY"
        )
    return _Settings(address, key or _NO_KEY, _timeout_s(timeout_s))


def _timeout_s(timeout_s: float | None) -> float:
    text: object = timeout_s if timeout_s is not None else os.environ.get("REM_ARROW_OPENAI_TIMEOUT_S") or _TIMEOUT_S
    try:
        seconds = float(text)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise InputError(
            f"the timeout of OpenAI's service is a number of seconds above 0, not {text!r}; see timeout_s and "
            "REM_ARROW_OPENAI_TIMEOUT_S"
        )
    return seconds


def _is_address(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and (parts.port is None or parts.port > 0)
            and address.isprintable()
            and " " not in address
        )
    except ValueError:
        return False


def _place(address: str) -> str:
    """Return an address without user, password and query. A password may hold any mark: all before the last @ goes."""
    return re.sub(r"(?s)(?<=//).*@|[?#].*", "", address)


# --- errors


class AnswerError(ValueError):
    """What a service did by an answer that came well, as the rest of a sentence."""


def _foreign_errors() -> tuple[type[Exception], ...]:
    """Return the errors that a request may raise: the library's, and those of reading a malformed response."""
    from openai import OpenAIError

    return (
        OpenAIError,
        OSError,
        ValueError,
        TypeError,
        AttributeError,
        LookupError,
        ArithmeticError,
        RuntimeError,
        AssertionError,
    )


def _is_passing(failure: Exception) -> bool:
    """Return whether the same request may succeed later, so that a retry makes sense."""
    from openai import APIConnectionError, APIStatusError

    if isinstance(failure, APIStatusError):
        # A service answers 429 also for an account without credit, and that does not pass.
        return failure.status_code >= 500 or (failure.status_code == 429 and failure.code != "insufficient_quota")
    return isinstance(failure, APIConnectionError)


def _retry_after_s(failure: Exception) -> float | None:
    """Return the seconds in the server's Retry-After, None without one."""
    from openai import APIStatusError

    if not isinstance(failure, APIStatusError):
        return None
    headers = failure.response.headers
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        text = headers.get(name)
        if text is None:
            continue
        try:
            seconds = float(text) * unit_s
        except ValueError:
            try:
                seconds = parsedate_to_datetime(text).timestamp() - time.time()
            except (ValueError, OverflowError):
                continue
        if not math.isnan(seconds):
            return max(0.0, seconds)
    return None


def _explanation(failure: Exception, attempts: int, settings: _Settings) -> str:
    """Return what the service did and what the user can do, as the rest of a sentence."""
    from openai import APIConnectionError, APIStatusError, APITimeoutError

    tried = f"after {attempts} attempts" if attempts > 1 else "at the first attempt"
    if isinstance(failure, APITimeoutError):
        return (
            f"did not answer within {settings.timeout_s:g} s, {tried}; try again later, or raise "
            "REM_ARROW_OPENAI_TIMEOUT_S"
        )
    if isinstance(failure, APIConnectionError):
        return (
            f"cannot be reached, {tried} ({_shortened(str(failure.__cause__ or failure), settings)}); check the "
            "network and OPENAI_BASE_URL"
        )
    if isinstance(failure, APIStatusError):
        return _refusal(failure, tried, settings)
    if isinstance(failure, AnswerError):
        return _shortened(str(failure), settings)
    return (
        f"gave an answer that cannot be read ({type(failure).__name__}: {_shortened(str(failure), settings)}); "
        "check that OPENAI_BASE_URL names a service of OpenAI's protocol"
    )


def _refusal(failure: APIStatusError, tried: str, settings: _Settings) -> str:
    status = failure.status_code
    body = failure.body
    message = body.get("message") if isinstance(body, dict) else body
    detail = f"({status}: {_shortened(message if isinstance(message, str) else str(failure), settings) or 'no text'})"
    if status in (401, 403):
        return f"refused the key {detail}; check OPENAI_API_KEY, and what the key is allowed"
    if status == 404:
        return f"does not know the model or the address {detail}; check the model's name and OPENAI_BASE_URL"
    if status == 429 and failure.code == "insufficient_quota":
        return f"has no credit left {detail}; check the account's plan and billing"
    if status == 429:
        wait_s = _retry_after_s(failure)
        wait = "later" if wait_s is None else f"in {wait_s:.0f} s, as the service asks"
        return f"had too many requests, {tried} {detail}; try again {wait}"
    if status >= 500:
        return f"failed, {tried} {detail}; try again later"
    return f"refused the request {detail}; change what is asked for"


def _shortened(text: str, settings: _Settings) -> str:
    """Return a message of the service in one line, without secrets. Secrets are replaced before the cut: half a key
    would not be recognised."""
    line = " ".join(_hidden(text, settings).split())
    return line if len(line) <= _MESSAGE_CHARS_MAX else line[:_MESSAGE_CHARS_MAX] + "..."


def _hidden(text: str, settings: _Settings) -> str:
    """Return a text without the key, the password and the query of the address, and anything that looks like a key."""
    parts = urlsplit(settings.base_url)
    text = text.replace(settings.base_url, _place(settings.base_url))
    for secret in (settings.api_key, parts.password, parts.username, parts.query):
        # Shorter ones are placeholders for servers that accept any key; replacing them would spoil the text.
        if secret and len(secret) > 3 and secret != _NO_KEY:
            text = text.replace(secret, "***")
    return without_keys(text)


def without_keys(text: str) -> str:
    """Return a text without anything that looks like a key."""
    return _KEY_LIKE.sub("***", text)
