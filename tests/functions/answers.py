"""What rem_arrow and DuckDB answer to one call, and how the answers differ."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import NamedTuple

import duckdb

import rem_arrow as rem
from tests.functions.calls import Made, column
from tests.functions.values import VALUES
from tests.sql.compare import cell

# What DuckDB's client says of a TIMESTAMPTZ that it cannot give as an object: then it is compared without its zone.
_NO_ZONES = "Required module 'pytz'"


class Difference(NamedTuple):
    """Which kind of difference it is, and both answers."""

    kind: str
    detail: str


class Pair:
    """Both engines with the same tables: `v` holds a column of each type, `v0` none of its rows, `v1` one row, `vn` one
    of NULLs."""

    def __init__(self) -> None:
        self.db = rem.connect(background=False)
        self.oracle = duckdb.connect()
        self.oracle.execute("SET timezone = 'UTC'")
        names = ", ".join(["n", *map(column, VALUES)])
        for name, rows in {"v": range(max(map(len, VALUES.values())) + 1), "v1": range(1, 2)}.items():
            values = ", ".join(f"({', '.join([str(n), *_row(n)])})" for n in rows)
            for run in (self.oracle.execute, self.db.sql):
                run(f"CREATE TABLE {name} AS SELECT * FROM (VALUES {values}) r({names})")
        for run in (self.oracle.execute, self.db.sql):
            run("CREATE TABLE v0 AS SELECT * FROM v WHERE n < 0")
            run("CREATE TABLE vn AS SELECT * FROM v WHERE n = 0")

    def __enter__(self) -> Pair:
        return self

    def __exit__(self, *_: object) -> None:
        self.db.close()
        self.oracle.close()

    def difference(self, call: Made) -> Difference | None:
        """Return how the two answers to a call differ: in whether they are errors, in type, in values."""
        text = f"SELECT {call.text} AS r, typeof({call.text}) AS t FROM {call.source}"
        if call.kind not in ("aggregate",):
            text += " ORDER BY n"
        try:
            theirs = self.oracle.execute(text).fetchall()
        except (UnicodeDecodeError, RuntimeError):
            # DuckDB's client has no object for the answer: half a character, or nanoseconds of a zone.
            return None
        except duckdb.Error as error:
            if _NO_ZONES in str(error):
                return self.difference(call._replace(text=f"({call.text})::TIMESTAMP"))
            theirs, refused = None, str(error).splitlines()[0]
        try:
            ours = self.db.sql(text).rows()
        except rem.RemError as error:
            message = str(error).splitlines()[0]
            return None if theirs is None else Difference("refused here", f"refused here: {message} | DuckDB {theirs}")
        except BaseException as error:  # noqa: BLE001 - what is no error of the database is a defect, and shown as such
            return Difference("crash", f"{type(error).__name__}: {error}")
        if theirs is None:
            return Difference("answered here", f"{ours} | DuckDB {refused}")
        if [r[1] for r in ours] != [r[1] for r in theirs]:
            return Difference("type", f"{ours[0]} | DuckDB {theirs[0]}")
        left, right = _plain(r[0] for r in ours), _plain(r[0] for r in theirs)
        return (
            None if left == right else Difference("value", f"{[r[0] for r in ours]} | DuckDB {[r[0] for r in theirs]}")
        )


def _row(n: int) -> list[str]:
    """The values of row `n`; those of row 0 are NULL."""
    return [values[(n - 1) % len(values)] if n else "NULL" for values in VALUES.values()]


def comparable(rows: Iterable[Iterable[object]]) -> list[list[object]]:
    """Return rows as values that are equal where both engines mean the same."""
    return [_plain(row) for row in rows]


def _plain(values: Iterable[object]) -> list[object]:
    return [cell(_value(v)) for v in values]


def _value(value: object) -> object:
    """Return a value of either client in one form: maps as pairs, intervals as time, UUIDs as text."""
    match value:
        case {
            "interval_months": int() as months,
            "interval_days": int() as days,
            "interval_microseconds": int() as rest,
        }:
            return dt.timedelta(days=30 * months + days, microseconds=rest)
        case {"key": list() as keys, "value": list() as values} if len(value) == 2 and len(keys) == len(values):
            return tuple((_value(k), _value(v)) for k, v in zip(keys, values, strict=True))
        case dict() if list(value) == [str(i + 1) for i in range(len(value))]:
            return tuple(map(_value, value.values()))
        case dict():
            return tuple((_value(k), _value(v)) for k, v in value.items())
        case list() if value and all(isinstance(v, dict) and set(v) == {"key", "value"} for v in value):
            return tuple((_value(v["key"]), _value(v["value"])) for v in value)
        case list() | tuple():
            return tuple(map(_value, value))
        case uuid.UUID():
            return str(value)
        case dt.datetime() if value.tzinfo is not None:
            return value.astimezone(dt.timezone.utc)
    return value
