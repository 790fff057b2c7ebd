"""`t AT (VERSION => n)` and `t AT (TIMESTAMP => ts)`: which older version of a table is meant."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from zoneinfo import ZoneInfo

from sqlglot import exp

from rem_arrow.sql.bind.binder import StatementContext


def asked_version(
    context: StatementContext, tree: exp.HistoricalData, value_of: Callable[[exp.Expression], object]
) -> int | str | dt.datetime:
    """Return the number, the tag or the time of a version. Raises BindError."""
    place, kind, expression = str(tree.this).upper(), str(tree.args["kind"]).upper(), tree.expression
    if place != "AT" or kind not in ("VERSION", "TIMESTAMP"):
        raise context.unsupported(
            f"{place} {kind} is not supported; write AT (VERSION => ..) or AT (TIMESTAMP => ..)", expression
        )
    value = value_of(expression)
    if kind == "VERSION":
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            raise context.error(f"a version is a number or a tag, not {value!r}", expression)
        return value
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            raise context.error(f"{value!r} is no time; write it as '2026-01-31 12:00:00'", expression) from None
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        value = dt.datetime.combine(value, dt.time())
    if not isinstance(value, dt.datetime):
        raise context.error(f"AT (TIMESTAMP => ..) takes a time, not {value!r}", expression)
    zone = ZoneInfo(context.catalog.session.setting("timezone") or "UTC")
    return value if value.tzinfo is not None else value.replace(tzinfo=zone)


def number_of(tree: exp.HistoricalData) -> int | None:
    """Return the version that stands in the text as a number: it is the same whenever the statement runs."""
    value = tree.expression
    is_number = isinstance(value, exp.Literal) and not value.is_string and str(value.this).isdigit()
    return int(value.this) if is_number and str(tree.args["kind"]).upper() == "VERSION" else None
