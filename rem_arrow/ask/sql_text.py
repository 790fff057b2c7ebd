"""Names and values as SQL."""

from __future__ import annotations

import re
from datetime import datetime

import polars as pl


def quoted(text: str) -> str:
    """Return a text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def named(name: str) -> str:
    """Return a name as SQL, quoted where it must be."""
    return (
        name
        if re.fullmatch(r"[a-z_][a-z0-9_]*", name) and name not in _KEYWORDS
        else '"' + name.replace('"', '""') + '"'
    )


_KEYWORD_LIST = (
    "table order group select from where limit offset by having join on using union all distinct end "
    "case when then else and or not in is null like as with to desc asc"
)
_KEYWORDS = frozenset(_KEYWORD_LIST.split())


def moment(at: datetime, dtype: pl.DataType) -> str:
    """Return a time as a literal of a column's type."""
    if isinstance(dtype, pl.Date):
        return f"DATE '{at:%Y-%m-%d}'"
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is None:
        return f"TIMESTAMP '{at:%Y-%m-%d %H:%M:%S}'"
    return f"TIMESTAMPTZ '{at:%Y-%m-%d %H:%M:%S}+00'"
