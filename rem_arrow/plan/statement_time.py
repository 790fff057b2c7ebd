"""The time that is now: one for a statement, in a transaction one for the transaction.

It is a parameter, so that a plan that is kept does not keep the time, and no rule can compute it twice. Whoever runs a
plan gives its value with `with_time`. Dates and times of day are those of the
session: of UTC, until `optimize.local_time` puts another zone in the place of LOCAL.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import polars as pl

from rem_arrow.plan.nodes import Call, Cast, Expr, Literal, Parameter

# No parameter of a user can have this name.
NOW = Parameter("now()", pl.Datetime("us", "UTC"))
LOCAL = Call("timezone", (Literal("UTC", pl.String()), NOW), pl.Datetime("us"))
TODAY = Cast(LOCAL, pl.Date())
_TIME = Cast(LOCAL, pl.Time())

# What each function of no arguments gives.
BY_NAME: dict[str, Expr] = {
    **dict.fromkeys(("now", "current_timestamp", "get_current_timestamp", "transaction_timestamp"), NOW),
    **dict.fromkeys(("today", "current_date"), TODAY),
    **dict.fromkeys(("localtimestamp", "current_localtimestamp"), LOCAL),
    **dict.fromkeys(("current_time", "get_current_time", "localtime", "current_localtime"), _TIME),
}


def with_time(values: Mapping[str, object], now: dt.datetime) -> Mapping[str, object]:
    """Return the values of the parameters with the time."""
    return {**values, NOW.name: now}
