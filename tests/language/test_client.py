"""Requests to a real server on loopback that is busy, broken, slow, gone or not what it should be; the key is in no
text."""

from __future__ import annotations

import gc
import logging
import socket
import time
import traceback
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from functools import partial
from types import SimpleNamespace

import pytest

from rem_arrow.base.errors import InputError, LanguageError
from rem_arrow.language import client
from rem_arrow.language.client import OpenAIClient, Retries
from tests.embed.server import KEY, dropped, raw, silent, status, usual
from tests.patience import PATIENCE_S, join, started, until

THREE = Retries(attempts_max=3)


class Asked:
    """A client whose waits are noted and not waited."""

    def __init__(self, url, **settings):
        self.waits = []
        self.client = OpenAIClient(
            **{"base_url": url, "api_key": KEY, "timeout_s": PATIENCE_S, "retries": THREE, **settings},
            sleep=self.waits.append,
        )

    def __call__(self, texts=("ab",)):
        answer = self.client.request("openai:m", lambda c: c.embeddings.create(model="m", input=list(texts)))
        return [item.embedding for item in answer.data]

    def failure(self):
        with pytest.raises(LanguageError) as caught:
            self()
        told = "".join(traceback.format_exception(caught.value))
        assert KEY not in told and KEY not in repr(caught.value) and "0123456789" not in told
        return str(caught.value)


@pytest.fixture
def ask(server):
    return Asked(server.url)


def test_a_request_carries_the_key_and_asks_for_base64(server, ask):
    """What goes over the wire is what OpenAI documents."""
    assert ask() == [[97.0, 98.0, 1.0, 1.0]]
    assert server.keys == [f"Bearer {KEY}"]
    assert server.requests == [{"input": ["ab"], "model": "m", "encoding_format": "base64"}]


@pytest.mark.parametrize("answer", [status(429), status(500), status(502), status(503), status(599), dropped])
def test_what_passes_is_tried_again(server, ask, answer):
    """Too many requests, a broken server and a broken connection are met by another attempt."""
    server.script = [answer, answer]
    assert len(ask()) == 1
    assert len(server.requests) == 3 and len(ask.waits) == 2


def test_a_time_out_is_tried_again(server):
    """A server that does not answer is asked again; the second request has all the time that it needs."""
    from openai import Timeout

    ask = Asked(server.url)
    server.script = [lambda handler, body: (silent if body["input"] == ["first"] else usual)(handler, body)] * 2
    attempts = iter([("first", 0.05), ("second", PATIENCE_S)])

    def call(service):
        text, read_s = next(attempts)
        patient = service.with_options(timeout=Timeout(PATIENCE_S, read=read_s))
        return patient.embeddings.create(model="m", input=[text])

    assert len(ask.client.request("openai:m", call).data) == 1 and len(ask.waits) == 1
    until(lambda: sorted(server.inputs()) == [["first"], ["second"]], "both requests came")


@pytest.mark.parametrize("code", [400, 401, 403, 404, 408, 409, 413, 422])
def test_other_refusals_are_final(server, ask, code):
    """The same request would be refused again."""
    server.script = [status(code)] * 3
    ask.failure()
    assert len(server.requests) == 1 and not ask.waits


def test_attempts_are_bounded(server, ask):
    """After the last attempt the error says how many there were."""
    server.script = [status(503, "overloaded")] * 9
    assert ask.failure() == f"openai:m at {server.url} failed, after 3 attempts (503: overloaded); try again later"
    assert len(server.requests) == 3


def test_waits_double_up_to_a_bound_and_are_random(server):
    """Each wait is between half and the whole of its bound."""
    ask = Asked(server.url, retries=Retries(attempts_max=6, wait_s=1.0, wait_max_s=4.0))
    server.script = [status(500)] * 6
    ask.failure()
    assert len(ask.waits) == 5 and len(set(ask.waits)) > 1
    assert all(bound / 2 <= wait <= bound for wait, bound in zip(ask.waits, [1, 2, 4, 4, 4], strict=True))


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"Retry-After": "7"}, 7, 7.3),
        ({"Retry-After-Ms": "1500", "Retry-After": "9"}, 1.5, 1.8),
        ({"Retry-After": "-3"}, 0, 0.3),
    ],
)
def test_retry_after_is_honoured(server, ask, headers, least, most):
    """The wait is what the server asks for, and a little at random."""
    server.script = [status(429, headers=headers)]
    ask()
    assert len(ask.waits) == 1 and least <= ask.waits[0] <= most


def test_retry_after_may_be_a_date(server, ask, monkeypatch):
    """HTTP allows a date."""
    now = datetime(2026, 6, 15, 12, tzinfo=timezone.utc)
    monkeypatch.setattr(client, "time", SimpleNamespace(time=now.timestamp))
    date = format_datetime(now + timedelta(seconds=30), usegmt=True)
    server.script = [status(503, headers={"Retry-After": date})]
    ask()
    assert 30 <= ask.waits[0] <= 31


@pytest.mark.parametrize("text", ["soon", "nan", "", "Thu, 99 Foo 2026 00:00:00 GMT"])
def test_retry_after_that_is_none_is_passed_over(server, ask, text):
    """The usual wait is taken then."""
    server.script = [status(429, headers={"Retry-After": text})]
    ask()
    assert 0.25 <= ask.waits[0] <= 0.5


def test_retry_after_beyond_the_bound_ends_it(server, ask):
    """Asking earlier than the server wants is of no use; the user is told when."""
    server.script = [status(429, "slow down", {"Retry-After": "3600"})]
    assert (
        ask.failure()
        == f"openai:m at {server.url} had too many requests, at the first attempt (429: slow down); try again in 3600 "
        "s, as the service asks"
    )
    assert not ask.waits


def test_an_account_without_credit_is_not_asked_again(server, ask):
    """OpenAI says 429 for that too."""
    server.script = [status(429, "You exceeded your current quota", error_code="insufficient_quota")]
    assert (
        ask.failure()
        == f"openai:m at {server.url} has no credit left (429: You exceeded your current quota); check the account's "
        "plan and billing"
    )


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (
            status(401, f"Incorrect API key provided: {KEY}."),
            "refused the key (401: Incorrect API key provided: ***.); check OPENAI_API_KEY, and what the key is "
            "allowed",
        ),
        (
            status(401, "Incorrect API key provided: sk-test-********cret"),
            "refused the key (401: Incorrect API key provided: ***); check OPENAI_API_KEY, and what the key is allowed",
        ),
        (status(400, "x" * 280 + KEY), "refused the request (400: " + "x" * 280 + "***); change what is asked for"),
        (
            status(403, "no access"),
            "refused the key (403: no access); check OPENAI_API_KEY, and what the key is allowed",
        ),
        (
            status(404, "no model m"),
            "does not know the model or the address (404: no model m); check the model's name and OPENAI_BASE_URL",
        ),
        (
            status(400, "too\nlong " * 200),
            "refused the request (400: " + ("too long " * 34)[:300] + "...); change what is asked for",
        ),
        (raw("", 400), "refused the request (400: no text); change what is asked for"),
        (
            raw(f"<html>{KEY}</html>", 418, "text/html"),
            "refused the request (418: <html>***</html>); change what is asked for",
        ),
        (status(429), "had too many requests, after 3 attempts (429: no); try again later"),
    ],
)
def test_refusals_say_what_to_do_and_hide_the_key(server, ask, answer, text):
    """The service's own words, without what looks like a key, and what would help."""
    server.script = [answer] * 3
    assert ask.failure() == f"openai:m at {server.url} {text}"


@pytest.mark.parametrize(
    "answer",
    [
        raw("{"),
        raw(""),
        raw("null"),
        raw("[]"),
        raw('{"data": 3}'),
        raw('{"data": [null]}'),
        raw("<html>hello</html>", content_type="text/html"),
        raw(b"\xff\xfe\x00"),
        raw('{"object": "list", "data": []}'),
    ],
)
def test_answers_that_are_none_are_told(server, ask, answer):
    """Whatever a server sends, the user reads an error of ours; it is not asked again."""
    server.script = [answer] * 3
    text = ask.failure()
    assert text.startswith(f"openai:m at {server.url} gave an answer that cannot be read (")
    assert text.endswith("check that OPENAI_BASE_URL names a service of OpenAI's protocol")
    assert len(server.requests) == 1


def test_silence_is_told(server):
    """The timeout and its variable are named."""
    server.script = [silent] * 3
    ask = Asked(server.url, timeout_s=0.05)
    assert (
        ask.failure()
        == f"openai:m at {server.url} did not answer within 0.05 s, after 3 attempts; try again later, or raise "
        "REM_ARROW_OPENAI_TIMEOUT_S"
    )


def test_nobody_there_is_told():
    """A refused connection is tried again, and then told."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/v1"
    ask = Asked(url)
    text = ask.failure()
    assert text.startswith(f"openai:m at {url} cannot be reached, after 3 attempts (") and "refused" in text
    assert text.endswith("check the network and OPENAI_BASE_URL")


def test_the_cause_is_kept_when_it_holds_no_key(server, ask):
    """A traceback shows what the library said, unless the server put the key there."""
    server.script = [status(400, "plain"), status(400, f"your key is {KEY}")]
    for has_cause in (True, False):
        with pytest.raises(LanguageError) as caught:
            ask()
        assert (caught.value.__cause__ is not None) is has_cause and caught.value.__context__ is None


def test_user_and_password_of_the_address_are_hidden(server):
    """An address may hold a secret as well."""
    ask = Asked(server.url.replace("//", "//someone:passw0rd@") + "?token=1")
    server.script = [status(400, "passw0rd")]
    text = ask.failure()
    assert "passw0rd" not in text and "someone" not in text and "token" not in text and server.url in text


def test_a_key_of_any_form_is_hidden(server):
    """A key of another service is known by its value, also where the text is cut in the middle of it."""
    ask = Asked(server.url, api_key="gw_0123456789_abcdef")
    server.script = [status(400, "x" * 290 + "gw_0123456789_abcdef"), status(401, "gw_0123456789_abcdef?")]
    assert "gw_" not in ask.failure() and "gw_" not in ask.failure()


def test_nothing_is_logged_with_the_key(server, ask, caplog):
    """Even at the lowest level."""
    caplog.set_level(logging.DEBUG)
    server.script = [status(500)]
    ask()
    assert KEY not in caplog.text


# --- settings


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        (
            {"api_key": None, "base_url": None},
            "there is no key for OpenAI; set OPENAI_API_KEY, or give api_key; embedder 'hash' needs none",
        ),
        (
            {"api_key": "sk-a\nb"},
            "the key for OpenAI holds a character that no key has (a space, a line break, a letter outside ASCII); "
            "see api_key and OPENAI_API_KEY",
        ),
        (
            {"api_key": "sk-é"},
            "the key for OpenAI holds a character that no key has (a space, a line break, a letter outside ASCII); "
            "see api_key and OPENAI_API_KEY",
        ),
        (
            {"timeout_s": 0},
            "the timeout of OpenAI's service is a number of seconds above 0, not 0; see timeout_s and "
            "REM_ARROW_OPENAI_TIMEOUT_S",
        ),
        (
            {"timeout_s": float("nan")},
            "the timeout of OpenAI's service is a number of seconds above 0, not nan; see timeout_s and "
            "REM_ARROW_OPENAI_TIMEOUT_S",
        ),
        *[
            (
                {"base_url": url},
                f"the address of OpenAI's service is http(s)://host/path{f', not {url!r}' if '//' in url else ''}; see "
                "base_url and OPENAI_BASE_URL",
            )
            for url in (
                "api.openai.com",
                "ftp://host/v1",
                "http://",
                "http://host:99999/v1",
                "http://ho st/v1",
                "http://[::1/v1",
            )
        ],
    ],
)
def test_settings_are_checked(settings, text):
    """A malformed setting is the user's to mend, and is told with its name."""
    client = OpenAIClient(**{"base_url": "http://127.0.0.1:1/v1", "api_key": KEY, **settings})
    with pytest.raises(InputError) as caught:
        client.request("openai:m", lambda c: None)
    assert str(caught.value) == text


def test_settings_come_from_the_environment(server, monkeypatch):
    """The three variables are read by the first request."""
    client = OpenAIClient(retries=Retries(attempts_max=1))
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.setenv("OPENAI_API_KEY", f" {KEY}\n")
    monkeypatch.setenv("REM_ARROW_OPENAI_TIMEOUT_S", "0.4")
    server.script = [silent]
    with pytest.raises(LanguageError, match=r"did not answer within 0\.4 s, at the first attempt"):
        client.request("openai:m", lambda c: c.embeddings.create(model="m", input=["a"]))
    until(lambda: server.keys == [f"Bearer {KEY}"], "the request came")
    monkeypatch.setenv("REM_ARROW_OPENAI_TIMEOUT_S", "soon")
    with pytest.raises(InputError, match="above 0, not 'soon'"):
        OpenAIClient().request("openai:m", lambda c: None)


def test_a_server_of_ones_own_needs_no_key(server):
    """Local servers take any key."""
    client = OpenAIClient(base_url=server.url)
    client.request("openai:m", lambda c: c.embeddings.create(model="m", input=["a"]))
    assert server.keys == ["Bearer none"]


def test_a_closed_client_opens_again(server, ask):
    """Closing frees the connections, and does not end the client."""
    ask()
    ask.client.close()
    ask.client.close()
    assert len(ask()) == 1
    ask.client.close()
    gc.collect()


def test_threads_share_a_client(server, ask):
    """Requests of many threads get their own answers."""
    found = {}

    def run(n):
        found[n] = ask([f"{n}"])

    join(started(*(partial(run, n) for n in range(8))))
    assert found == {n: [[float(ord(str(n))), 1.0, 1.0, 1.0]] for n in range(8)}


def test_the_default_waits_really(server):
    """Without a stand-in the time passes."""
    client = OpenAIClient(base_url=server.url, retries=Retries(wait_s=0.1))
    server.script = [status(500)]
    start = time.monotonic()
    client.request("openai:m", lambda c: c.embeddings.create(model="m", input=["a"]))
    assert 0.05 <= time.monotonic() - start < PATIENCE_S
