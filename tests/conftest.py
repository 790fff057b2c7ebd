"""What holds for all tests: none depends on how fast the machine is, and all try less where long tests do not run."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from tests import effort


def pytest_configure(config: pytest.Config) -> None:
    """Settle how much is tried: tests read it when they are imported."""
    effort.brief = config.getoption("markexpr") == "not long"
    # With the profile that is loaded as its parent: in CI hypothesis loads one of its own.
    settings.register_profile(
        "any_machine",
        settings(),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        max_examples=effort.examples(settings().max_examples),
    )
    settings.load_profile("any_machine")
