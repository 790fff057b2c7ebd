"""One query on both engines: what differs, by kind, or None.

Kinds of findings: `rows` (the multisets differ), `order` (the rows do, in an ordered query), `refused` (DuckDB has
rows,
rem_arrow a RemError that is not of the run), `fails` (an error at run time), `accepts` (DuckDB refuses the text,
rem_arrow has rows),
`lenient` (DuckDB fails at run time, rem_arrow has rows, and nothing else explains it) and `foreign` (not a RemError).

Allowed differences, all named here:
- `evaluation`: a value out of range, a failed cast or a division by zero fails in one engine alone, in a query that
  has more than
  items over a table with rows: which rows and branches are computed before a filter, a CASE or a LIMIT is not said by
  SQL.
- `infinite`: sums with infinities of both signs, which DuckDB refuses for DOUBLE arithmetic out of range.
- `large`: a query that DuckDB does not finish within seconds.
- `part of NULL`: a part of a constant NULL time is DOUBLE in DuckDB, of any other BIGINT; so functions of integers
  refuse it.
- `client`: the value has no Python object in DuckDB's client (a year beyond 9999).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import duckdb

import rem_arrow as rem
from rem_arrow.optimize import optimizer
from rem_arrow.optimize.decorrelate import decorrelate
from tests.fuzz.tables import Table
from tests.sql.compare import multiset, rows

_RUNTIME = (duckdb.OutOfRangeException, duckdb.ConversionException, duckdb.InvalidInputException)
_REFUSED = (
    duckdb.BinderException,
    duckdb.ParserException,
    duckdb.CatalogException,
    duckdb.NotImplementedException,
    duckdb.SyntaxException,
)
# What only failing values explain: the errors of evaluation.
_EVALUATION = re.compile(
    r"out of range|division by zero|cannot be cast|cast|conversion|overflow|Polars|value", re.IGNORECASE
)
_NULL_TIME = re.compile(r"NULL(::| AS )(DATE|TIME|INTERVAL)")
_LOOSE = 1e-6
# The text of a float to its last digit, which two libraries compute differently.
_DIGITS = re.compile(r"-?[0-9]+[.][0-9]{12,}(e[+-]?[0-9]+)?")
# A query that takes DuckDB longer joins too many rows to tell anything.
_ORACLE_S = 5


@dataclass(frozen=True)
class Finding:
    kind: str
    text: str
    detail: str

    @property
    def cause(self) -> str:
        """What two findings of one cause share: the kind, and of an error the beginning without names and numbers."""
        if self.kind not in ("refused", "fails", "accepts", "lenient", "foreign"):
            return self.kind
        return self.kind + re.sub(r"\"[^\"]*\"|'[^']*'|[0-9]+|a[0-9]+[.]\w+", "", self.detail.splitlines()[0])[:60]


@dataclass
class Pair:
    """The same tables in both engines. `skipped` counts the allowed differences by name."""

    db: rem.Database
    oracle: duckdb.DuckDBPyConnection
    skipped: dict[str, int] = field(default_factory=dict)

    def create(self, tables: list[Table], *, sealed: bool) -> None:
        self.oracle.execute("SET timezone = 'UTC'")
        for text in (s for t in tables for s in t.statements()):
            self.oracle.execute(text)
            self.db.sql(text)
        if sealed:
            self.db.compact()

    def allowed(self, name: str) -> None:
        self.skipped[name] = self.skipped.get(name, 0) + 1

    def compare(self, text: str, *, ordered: bool = False, simple: bool = False) -> Finding | None:
        """Run `text` on both; `simple` says that every expression is computed for every row, so that errors must
        agree."""
        expected, failure = self._expected(text)
        if expected is None and failure is None:
            return None
        try:
            actual = self.db.sql(text).rows()
        except rem.RemError as error:
            return self._refusal(text, error, failure, rows=len(expected or ()), simple=simple)
        except Exception as error:  # noqa: BLE001 - this is what a fuzzer looks for
            return Finding("foreign", text, f"{type(error).__name__}: {error}")
        if failure is not None:
            return self._leniency(text, failure, actual, simple=simple)
        assert expected is not None
        kind = difference(actual, expected, ordered=ordered)
        return Finding(kind, text, f"rem_arrow {_short(actual)}\nDuckDB    {_short(expected)}") if kind else None

    def _expected(self, text: str) -> tuple[list[tuple[object, ...]] | None, duckdb.Error | None]:
        clock = threading.Timer(_ORACLE_S, self.oracle.interrupt)
        clock.start()
        try:
            return self.oracle.execute(text).fetchall(), None
        except duckdb.InterruptException:
            self.allowed("large")
            return None, None
        except duckdb.Error as error:
            return None, error
        except (OverflowError, ValueError):
            self.allowed("client")
            return None, None
        finally:
            clock.cancel()

    def _refusal(
        self, text: str, error: rem.RemError, failure: duckdb.Error | None, *, rows: int, simple: bool
    ) -> Finding | None:
        if failure is not None:
            return None
        runtime = isinstance(error, rem.ExecuteError)
        simple = simple and rows > 0
        if runtime and not simple and _EVALUATION.search(str(error)) and "Polars failed" not in str(error):
            return self.allowed("evaluation")
        return Finding("fails" if runtime else "refused", text, str(error))

    def _leniency(
        self, text: str, failure: duckdb.Error, actual: list[tuple[object, ...]], *, simple: bool
    ) -> Finding | None:
        if isinstance(failure, duckdb.BinderException) and "DOUBLE" in str(failure) and _NULL_TIME.search(text):
            return self.allowed("part of NULL")
        if isinstance(failure, _REFUSED):
            return Finding("accepts", text, f"{failure}\nrem_arrow {_short(actual)}")
        if isinstance(failure, duckdb.InternalException):
            return self.allowed("DuckDB's bug")
        if not simple or not actual:
            return self.allowed("evaluation")
        return Finding("lenient", text, f"{failure}\nrem_arrow {_short(actual)}")

    def without_rules(self, text: str) -> list[tuple[object, ...]]:
        """Return the rows of the plan that only the rules made without which it cannot run."""
        kept = optimizer.RULES
        optimizer.RULES = (decorrelate,)
        try:
            # A plan is cached by its text.
            return self.db.sql(text + " -- no rules").rows()
        finally:
            optimizer.RULES = kept

    def rules(self, text: str, *, ordered: bool = False) -> Finding | None:
        """Compare the plan of all rules with that of none."""
        try:
            optimized = self.db.sql(text).rows()
            plain = self.without_rules(text)
        except rem.RemError:
            return None
        except Exception as error:  # noqa: BLE001 - this is what a fuzzer looks for
            return Finding("foreign", text, f"{type(error).__name__}: {error}")
        kind = difference(optimized, plain, ordered=ordered)
        return Finding("rules", text, f"optimized {_short(optimized)}\nplain     {_short(plain)}") if kind else None


def difference(actual: list[tuple[object, ...]], expected: list[tuple[object, ...]], *, ordered: bool) -> str:
    """Return how rows differ: "rows", "order", or "" where they do not."""
    if multiset(actual) != multiset(expected) and not _close(rows(actual), rows(expected)):
        return "rows"
    if ordered and rows(actual) != rows(expected) and not _near(rows(actual), rows(expected)):
        return "order"
    return ""


def _close(actual: Sequence[tuple[object, ...]], expected: Sequence[tuple[object, ...]]) -> bool:
    """Say whether rows are the same but for the rounding of floats."""
    return len(actual) == len(expected) and _near(sorted(actual, key=repr), sorted(expected, key=repr))


def _near(a: object, b: object) -> bool:
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(_near(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return a == b or abs(a - b) <= _LOOSE * max(abs(a), abs(b)) or max(abs(a), abs(b)) < 1e-12
    if isinstance(a, str) and isinstance(b, str) and _DIGITS.fullmatch(a) and _DIGITS.fullmatch(b):
        return _near(float(a), float(b))
    return a == b


def _short(found: object) -> str:
    text = repr(found)
    return text if len(text) < 1500 else text[:1500] + "..."
