"""SET and RESET: settings of a handle, and its variables. What means nothing here is refused, with a way out."""

from __future__ import annotations

import re
from dataclasses import replace

import polars as pl

from rem_arrow.base.datatypes import instance
from rem_arrow.base.errors import BindError, UnsupportedError, suggest
from rem_arrow.base.session_state import SETTINGS, SessionState, Setting
from rem_arrow.engine.instance import Instance
from rem_arrow.engine.run import Limits
from rem_arrow.plan.nodes import Call, Expr, Literal
from rem_arrow.plan.zones import zone_named
from rem_arrow.running.memory_size import memory_bytes, shown_size
from rem_arrow.sql.statement.session_kinds import SetSetting, SetVariable
from rem_arrow.sql.statement.statement_names import Name, Tree
from rem_arrow.statements.environment import Context, Result, status

_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(us|ms|s|min|h|d)?\s*", re.IGNORECASE)
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
# Values that mean what holds in any case, by the setting.
_SAME = {"default_order": ("asc", "ascending"), "default_null_order": ("nulls_last", "nulls last", "last")}


def initial(instance: Instance, database: str) -> SessionState:
    """Return the settings of a handle that has set nothing."""
    settings = instance.store.settings
    values = {
        "timezone": "UTC",
        "memory_limit": shown_size(settings.memory_bytes),
        "statement_timeout": "0",
        "threads": str(settings.threads),
        "default_order": "asc",
        "default_null_order": "nulls_last",
        "access_mode": "read_only" if instance.store.read_only else "read_write",
        "temp_directory": str(instance.store.path / "scratch"),
    }
    return SessionState(database, values=tuple(values.items()))


def set_setting(context: Context, statement: SetSetting) -> Result:
    """Run a SET or RESET."""
    name = statement.name
    setting = SETTINGS.get(name.text.casefold())
    if setting is None:
        raise BindError(
            f"there is no setting {name.text}",
            context.text,
            name.start,
            name.end,
            hint=suggest(name.text, sorted({s.name for s in SETTINGS.values()}), "Settings"),
        )
    handle, folded = context.instance, setting.name.casefold()
    given = statement.value
    value = given if given is None or isinstance(given, str) else str(value_of(context, given))
    shown = dict(initial(handle, "").values)[folded] if value is None else _applied(context, name, setting, value)
    if value is None and folded == "memory_limit":
        handle.limits = Limits(handle.limits.timeout_s, handle.store.settings.memory_bytes)
    if value is None and folded == "statement_timeout":
        handle.limits = Limits(None, handle.limits.memory_bytes)
    values = {**dict(handle.session.values), folded: shown}
    handle.session = replace(handle.session, values=tuple(values.items()))
    return status(f"{setting.name} is {shown}")


def set_variable(context: Context, statement: SetVariable) -> Result:
    """Run a SET VARIABLE or RESET VARIABLE."""
    name, session = statement.name.text.casefold(), context.instance.session
    variables = {n: v for n, v in session.variables.items() if n != name}
    if statement.value is not None:
        variables[name] = _kept(context, statement.name, _row(context, statement.value))
    context.instance.session = replace(session, variables=variables, revision=session.revision + 1)
    return status(f"the variable {statement.name.text} is {'reset' if statement.value is None else 'set'}")


def _kept(context: Context, name: Name, row: pl.DataFrame) -> Expr:
    """Return the value of a variable as it stands in a plan."""
    value, dtype = row.row(0)[0], row.dtypes[0]
    if isinstance(dtype, pl.List) and value is not None and not dtype.inner.is_nested():  # type: ignore[union-attr]
        items = tuple(Literal(item, instance(dtype.inner)) for item in value)
        return Call("list_value", items, dtype)
    if dtype.is_nested() and value is not None:
        raise UnsupportedError("a variable holds one value, or a list of values", context.text, name.start, name.end)
    return Literal(value, dtype)


def value_of(context: Context, query: Tree) -> object:
    """Return the value of a query of one value."""
    return _row(context, query).row(0)[0]


def _row(context: Context, query: Tree) -> pl.DataFrame:
    snapshot = context.snapshot()
    return context.rows(context.bound(query, snapshot), snapshot)


def _applied(context: Context, name: Name, setting: Setting, value: str) -> str:
    """Let a setting have a value; return it as it is shown. Raises UnsupportedError where it can have no other."""
    handle = context.instance
    match setting.name:
        case "TimeZone":
            zone = zone_named(value)
            if zone is None:
                raise BindError(f"'{value}' is not a time zone", context.text, name.start, name.end)
            return zone
        case "memory_limit":
            size = memory_bytes(value)
            handle.limits = Limits(handle.limits.timeout_s, size)
            return shown_size(size)
        case "statement_timeout":
            seconds = _seconds(context, name, value)
            handle.limits = Limits(seconds or None, handle.limits.memory_bytes)
            return value
    now = handle.session.setting(setting.name) or ""
    if value.casefold() == now.casefold() or value.casefold() in _SAME.get(setting.name, ()):
        return now
    raise UnsupportedError(f"{setting.name} cannot be set: {setting.refused}", context.text, name.start, name.end)


def _seconds(context: Context, name: Name, value: str) -> float:
    """Return a duration; a number without a unit is milliseconds, as in PostgreSQL."""
    read = _DURATION.fullmatch(value)
    if read is None:
        raise BindError(
            f"'{value}' is no duration; write '5s', '2min' or milliseconds", context.text, name.start, name.end
        )
    return float(read[1]) * _SECONDS[(read[2] or "ms").lower()]
