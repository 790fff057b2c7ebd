"""The time zone of a session, made part of the plan: where SQL asks for the date, the clock or the text of an instant,
or makes an instant of them, it means those of the zone.

A plan is bound as if the zone was UTC. Applied once, before the rules; for UTC there is nothing to do.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from zoneinfo import ZoneInfo

import polars as pl

from rem_arrow.plan import functions, types
from rem_arrow.plan.nodes import Call, Case, Cast, Expr, Literal, Relation
from rem_arrow.plan.statement_time import LOCAL, NOW
from rem_arrow.plan.walk import rebuild_expr, substitute_all
from rem_arrow.plan.zones import UNZONED

_STAMP, _INSTANT, _TEXT = pl.Datetime("us"), pl.Datetime("us", "UTC"), pl.String()
_INT = pl.Int64()
# Parts that are those of the instant, wherever it is.
_OF_INSTANT = ("epoch", "timezone_offset", "timezone_hour", "timezone_minute")
_LOCAL = frozenset(
    {
        *(part for part in functions.DATE_PARTS if part not in _OF_INSTANT),
        *("age", "date_diff", "date_part", "date_sub", "date_trunc", "dayname", "days_in_month", "last_day"),
        "monthname",
    }
)
_OFFSET = r"(?:[zZ]|UTC|[+-]\d{2}(?::?\d{2}){0,2}|[A-Za-z]+/[A-Za-z_/+\-0-9]+)$"
_HAS_OFFSET = re.compile(r":\d[\d.]*\s*" + _OFFSET)


def in_zone(plan: Relation, zone: str) -> Relation:
    """Return the plan for a session in a time zone."""
    return plan if zone in ("UTC", "Etc/UTC") else substitute_all(plan, lambda expr: _localized(expr, zone))


def _localized(expr: Expr, zone: str) -> Expr:
    """Return the expression, and all that it holds, for the zone."""
    expr = rebuild_expr(expr, lambda inner: _localized(inner, zone))
    match expr:
        case Literal(value=dt.datetime() as value) if value.tzinfo is UNZONED:
            return Literal(_instant(value.replace(tzinfo=None), ZoneInfo(zone)), expr.dtype)
        case Cast():
            return _cast(expr, zone)
        case Call() if expr == LOCAL:
            return _timezone(NOW, zone, _STAMP)
        case Call(function="make_timestamptz") if len(expr.args) == 6:
            return replace(expr, args=(*expr.args, Literal(zone, _TEXT)))
        case Call(function="timezone_offset", args=(operand,)) if _is_instant(operand):
            return _offset(operand, zone)
        case Call(function="strftime", args=(operand, pattern)) if _is_instant(operand):
            return Call("@zoned_strftime", (Literal(zone, _TEXT), operand, pattern), _TEXT)
        case Call(function="timezone_hour", args=(operand,)) if _is_instant(operand):
            return _integer("//", _offset(operand, zone), 3600)
        case Call(function="timezone_minute", args=(operand,)) if _is_instant(operand):
            return _integer("%", _integer("//", _offset(operand, zone), 60), 60)
        case Call() if expr.function in _LOCAL or (expr.function == "add_interval" and not _is_short(expr.args[1])):
            return _call(expr, zone)
        case _:
            return expr


def _cast(expr: Cast, zone: str) -> Expr:
    operand, to_instant = expr.operand, _has_zone(expr.dtype)
    if _is_instant(operand) and not to_instant:
        if types.is_text(expr.dtype):
            return Call("@zoned_text", (Literal(zone, _TEXT), operand), _TEXT)
        if types.is_temporal(expr.dtype):
            return replace(expr, operand=_timezone(operand, zone, _STAMP))
    if not to_instant or _is_instant(operand):
        return expr
    if isinstance(operand.dtype, (pl.Date, pl.Datetime)):
        return _timezone(Cast(operand, _STAMP), zone, expr.dtype)
    if not types.is_text(operand.dtype):
        return expr
    local = _timezone(Cast(operand, _STAMP, expr.safe), zone, expr.dtype)
    if isinstance(operand, Literal):
        return expr if _HAS_OFFSET.search(str(operand.value).strip()) else local
    offset = Call("regexp_matches", (operand, Literal(rf":\d[\d.]*\s*{_OFFSET}", _TEXT)), pl.Boolean())
    return Case(((offset, expr),), local, expr.dtype)


def _call(expr: Call, zone: str) -> Expr:
    """Return a call with the local times of instants, and an instant where it gives one."""
    if not any(_is_instant(a) for a in expr.args):
        return expr
    args = tuple(_timezone(a, zone, _STAMP) if _is_instant(a) else a for a in expr.args)
    if not _has_zone(expr.dtype):
        return replace(expr, args=args)
    return _timezone(replace(expr, args=args, dtype=_STAMP), zone, expr.dtype)


def _timezone(operand: Expr, zone: str, dtype: pl.DataType) -> Expr:
    return Call("timezone", (Literal(zone, _TEXT), operand), dtype)


def _offset(operand: Expr, zone: str) -> Expr:
    """Return how many seconds the zone is ahead at an instant."""
    local, instant = (Call("epoch_us", (x,), _INT) for x in (_timezone(operand, zone, _STAMP), operand))
    return _integer("//", Call("-", (local, instant), _INT), 1_000_000)


def _integer(operator: str, operand: Expr, number: int) -> Expr:
    return Call(operator, (operand, Literal(number, _INT)), _INT)


def _is_instant(expr: Expr) -> bool:
    return _has_zone(expr.dtype)


def _has_zone(dtype: pl.DataType) -> bool:
    return isinstance(dtype, pl.Datetime) and dtype.time_zone is not None


def _is_short(interval: Expr) -> bool:
    """Say whether an interval is a constant without months and days: it moves the instant, not the clock."""
    match interval:
        case Call(function="calendar_interval", args=(Literal(value=0), Literal(value=0), *_)):
            return True
        case _:
            return isinstance(interval.dtype, pl.Duration)


def _instant(local: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """Return the instant of a local time: the later of two, and moved forward where there is none."""
    early, late = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    is_twice = (early.utcoffset() or dt.timedelta()) > (late.utcoffset() or dt.timedelta())
    return (late if is_twice else early).astimezone(dt.timezone.utc)
