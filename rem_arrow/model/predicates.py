"""Conditions as objects: `Eq("status", "open") & ~In("owner", ["bob"])`, for find, search and walks.

A predicate turns into a condition in SQL and its parameters: names are quoted and values never enter the text. It means
what the SQL means, three-valued: on a column that is NULL everything but IsNull is neither true nor false, and keeps no
row, and its Not keeps none either.
"""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Iterable
from decimal import Decimal
from uuid import UUID

from rem_arrow import checks
from rem_arrow.errors import InputError
from rem_arrow.quoting import identifier

_VALUES = (str, bool, int, float, Decimal, bytes, UUID, dt.date, dt.time, dt.timedelta)
Values = dict[str, object]
Value = object
OPTIONS_MAX = 10_000


class Predicate(ABC):
    """A condition on the columns of a table; `&`, `|` and `~` join conditions."""

    @abstractmethod
    def write(self, values: Values) -> str:
        """Return the condition in SQL, and put its parameters into `values`."""

    @abstractmethod
    def columns(self) -> frozenset[str]:
        """Return the names of the columns that the condition reads."""

    def __and__(self, other: Predicate) -> Predicate:
        return And(self, other)

    def __or__(self, other: Predicate) -> Predicate:
        return Or(self, other)

    def __invert__(self) -> Predicate:
        return Not(self)

    def __bool__(self) -> bool:
        raise InputError("a predicate has no truth value in Python; join predicates by &, | and ~, not by and, or, not")


class _OfColumn(Predicate):
    """A condition on one column."""

    def __init__(self, column: str) -> None:
        self.column = checks.text(column, f"the column of {type(self).__name__}")

    def columns(self) -> frozenset[str]:
        return frozenset((self.column,))


class _WithValue(_OfColumn):
    """A condition on one column and one value; `form` says it in SQL."""

    form: str

    def __init__(self, column: str, value: Value) -> None:
        super().__init__(column)
        self.value = _checked(self, value)

    def write(self, values: Values) -> str:
        return self.form.format(column=identifier(self.column), value=_parameter(values, self.value))


class Eq(_WithValue):
    """The column equals the value."""

    form = "{column} = {value}"


class Ne(_WithValue):
    """The column differs from the value; NULL does not."""

    form = "{column} <> {value}"


class Gt(_WithValue):
    """The column is greater than the value."""

    form = "{column} > {value}"


class Ge(_WithValue):
    """The column is at least the value."""

    form = "{column} >= {value}"


class Lt(_WithValue):
    """The column is less than the value."""

    form = "{column} < {value}"


class Le(_WithValue):
    """The column is at most the value."""

    form = "{column} <= {value}"


class Contains(_WithValue):
    """The text contains the value as a part, or the list as an element."""

    form = "contains({column}, {value})"


class StartsWith(_WithValue):
    """The text begins with the value."""

    form = "starts_with({column}, {value})"


class EndsWith(_WithValue):
    """The text ends with the value."""

    form = "ends_with({column}, {value})"


class Between(_OfColumn):
    """The column is from `low` to `high`, both included."""

    def __init__(self, column: str, low: Value, high: Value) -> None:
        super().__init__(column)
        self.low, self.high = _checked(self, low), _checked(self, high)

    def write(self, values: Values) -> str:
        return f"{identifier(self.column)} BETWEEN {_parameter(values, self.low)} AND {_parameter(values, self.high)}"


class In(_OfColumn):
    """The column equals one of the values; of none, nothing does."""

    def __init__(self, column: str, options: Iterable[Value]) -> None:
        super().__init__(column)
        if isinstance(options, (str, bytes)) or not isinstance(options, Iterable):
            raise InputError(f"In takes a list of values, not {options!r}")
        self.options = tuple(_checked(self, o) for o in options)
        if len(self.options) > OPTIONS_MAX:
            raise InputError(
                f"In takes at most {OPTIONS_MAX:,} values, not {len(self.options):,}; join with a frame by sql(..., "
                "frames=...) instead"
            )

    def write(self, values: Values) -> str:
        return (
            f"{identifier(self.column)} IN ({', '.join(_parameter(values, o) for o in self.options)})"
            if self.options
            else "FALSE"
        )


class IsNull(_OfColumn):
    """The column is NULL."""

    def write(self, values: Values) -> str:
        return f"{identifier(self.column)} IS NULL"


class _Joined(Predicate):
    """Conditions joined by a word; of none, what `empty` says."""

    word: str
    empty: str

    def __init__(self, *parts: Predicate) -> None:
        self.parts = tuple(_predicate(self, p) for p in parts)

    def write(self, values: Values) -> str:
        return f" {self.word} ".join(f"({p.write(values)})" for p in self.parts) if self.parts else self.empty

    def columns(self) -> frozenset[str]:
        return frozenset[str]().union(*(p.columns() for p in self.parts))


class And(_Joined):
    """All conditions hold."""

    word, empty = "AND", "TRUE"


class Or(_Joined):
    """At least one condition holds."""

    word, empty = "OR", "FALSE"


class Not(Predicate):
    """The condition does not hold."""

    def __init__(self, part: Predicate) -> None:
        self.part = _predicate(self, part)

    def write(self, values: Values) -> str:
        return f"NOT ({self.part.write(values)})"

    def columns(self) -> frozenset[str]:
        return self.part.columns()


def _parameter(values: Values, value: Value) -> str:
    name = f"where_{len(values)}"
    values[name] = value
    return f"${name}"


def _checked(predicate: Predicate, value: Value) -> Value:
    name = type(predicate).__name__
    if value is None:
        raise InputError(f"nothing equals NULL, and {name} takes no None; ask IsNull(column), or ~IsNull(column)")
    if not isinstance(value, _VALUES):
        raise InputError(f"{name} compares with a text, a number, a time or bytes, not {value!r}")
    return value


def _predicate(joined: Predicate, part: object) -> Predicate:
    if not isinstance(part, Predicate):
        raise InputError(f"{type(joined).__name__} joins predicates, such as Eq('status', 'open'); not {part!r}")
    return part
