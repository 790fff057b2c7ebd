"""Registers the dialect, and marks the tests that fail."""

import pytest
from sqlalchemy.dialects import registry

from tests.drivers.alchemy.off import FAILING, FAILING_SERVED

for name in ("rem", "rem.rem_arrow"):
    registry.register(name, "tests.drivers.alchemy.dialect", "SuiteDialect")
pytest.register_assert_rewrite("sqlalchemy.testing.assertions")

from sqlalchemy.testing.plugin.pytestplugin import *  # noqa: E402, F403


@pytest.hookimpl(specname="pytest_collection_modifyitems", trylast=True)
def pytest_mark_failing(items):
    """A test of `FAILING` has to fail."""
    served = any("@" in address for address in items[0].config.getoption("dburi") or ())
    for item in items:
        test, _, parameters = item.name.partition("[")
        for (of_class, name, first), reason in (FAILING_SERVED if served else FAILING).items():
            if item.cls.__name__.partition("_rem")[0] == of_class and test == name and parameters.startswith(first):
                item.add_marker(pytest.mark.xfail(strict=True, reason=reason))
