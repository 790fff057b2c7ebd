"""SQLGlot's DuckDB dialect, which logs nothing of what is parsed here."""

from __future__ import annotations

import logging
from contextvars import ContextVar
from functools import cache

from sqlglot import Dialect
from sqlglot.errors import SqlglotError

# SQLGlot logs the text of a statement that it does not know, and a statement may hold secrets; what we parse raises.
parsing: ContextVar[bool] = ContextVar("parsing", default=False)

# What SQLGlot's parser raises for texts that it does not expect.
PARSER_ERRORS = (
    SqlglotError, RecursionError, ValueError, AttributeError, LookupError, TypeError, AssertionError, ArithmeticError
)  # fmt: skip


@cache
def dialect() -> Dialect:
    """Return the dialect, made at the first call: SQLGlot reads a module of some size for it."""
    logging.getLogger("sqlglot").addFilter(lambda _: not parsing.get())
    return Dialect.get_or_raise("duckdb")
