"""The server on loopback, and no settings of the developer's own."""

from __future__ import annotations

import pytest

from tests.embed.server import serving


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch):
    for name in (
        "OPENAI_BASE_URL",
        "OPENAI_API_KEY",
        "REM_ARROW_OPENAI_TIMEOUT_S",
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server():
    with serving() as state:
        yield state
