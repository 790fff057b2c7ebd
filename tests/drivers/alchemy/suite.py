"""SQLAlchemy's own tests of dialects; `test_alchemy_suite.py` runs them in a process of their own."""

from sqlalchemy.testing.suite import *  # noqa: F403
