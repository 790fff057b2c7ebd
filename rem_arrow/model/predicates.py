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

from rem_arrow.base import checks
from rem_arrow.base.errors import InputError
from rem_arrow.base.python_values import plain_value
from rem_arrow.base.quoting import identifier

_VALUES = (str, bool, int, float, Decimal, bytes, UUID, dt.date, dt.time, dt.timedelta)
Values = dict[str, object]
Value = object
OPTIONS_MAX = 10_000


class Predicate(ABC):
    """A condition on the columns of a table; `&`, `|` and `~` join conditions.

    `find`, `search` and the traversals take one. It means what the SQL means, three-valued: on a NULL every predicate
    but `IsNull` is unknown, and so is its `Not`, and a row is kept only where the condition is true. Names are quoted,
    and values become parameters.

    A predicate takes the name of a column and values: texts, numbers, bools, dates, times, UUIDs or bytes. None is
    refused with an InputError, since nothing equals NULL: ask `IsNull(column)`.
    """

    @abstractmethod
    def write(self, values: Values) -> str:
        """Return the condition in SQL, and put its parameters into `values`.

        Args:
            values: the parameters so far, by name; new ones are added.

        Returns:
            The text of the condition.

        Example:
            >>> values = {}
            >>> rem.Eq("status", "open").write(values), values
            ('"status" = $where_0', {'where_0': 'open'})
        """

    @abstractmethod
    def columns(self) -> frozenset[str]:
        """Return the names of the columns that the condition reads.

        Returns:
            The names, as they were given.

        Example:
            >>> sorted((rem.Eq("status", "open") & rem.IsNull("deleted_at")).columns())
            ['deleted_at', 'status']
        """

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
    """The column equals the value.

    Example:
        >>> db.find("issues", rem.Eq("status", "closed"))["id"].to_list()
        ['cache']
    """

    form = "{column} = {value}"


class Ne(_WithValue):
    """The column differs from the value.

    Example:
        >>> db.find("issues", rem.Ne("status", "closed"))["id"].to_list()
        ['login', 'docs']
    """

    form = "{column} <> {value}"


class Gt(_WithValue):
    """The column is greater than the value.

    Example:
        >>> db.find("issues", rem.Gt("priority", 2))["id"].to_list()
        ['login']
    """

    form = "{column} > {value}"


class Ge(_WithValue):
    """The column is greater than or equal to the value.

    Example:
        >>> db.find("issues", rem.Ge("priority", 5))["id"].to_list()
        ['login']
    """

    form = "{column} >= {value}"


class Lt(_WithValue):
    """The column is less than the value.

    Example:
        >>> db.find("sales", rem.Lt("amount", 4))["region"].to_list()
        ['north']
    """

    form = "{column} < {value}"


class Le(_WithValue):
    """The column is less than or equal to the value.

    Example:
        >>> db.find("sales", rem.Le("amount", 4)).height
        2
    """

    form = "{column} <= {value}"


class Contains(_WithValue):
    """The text contains the value, or the list has it as an element.

    Example:
        >>> db.find("issues", rem.Contains("title", "password"))["id"].to_list()
        ['login']
        >>> db.find("moments", rem.Contains("participants", "ada"))["id"].to_list()
        ['review']
    """

    form = "contains({column}, {value})"


class StartsWith(_WithValue):
    """The text begins with the value.

    Example:
        >>> db.find("issues", rem.StartsWith("title", "Cache"))["id"].to_list()
        ['cache']
    """

    form = "starts_with({column}, {value})"


class EndsWith(_WithValue):
    """The text ends with the value.

    Example:
        >>> db.find("issues", rem.EndsWith("title", "API"))["id"].to_list()
        ['docs']
    """

    form = "ends_with({column}, {value})"


class Between(_OfColumn):
    """The column is between two values, both included.

    Example:
        >>> db.find("sales", rem.Between("amount", 4, 5))["amount"].to_list()
        [4, 5]
    """

    def __init__(self, column: str, low: Value, high: Value) -> None:
        super().__init__(column)
        self.low, self.high = _checked(self, low), _checked(self, high)

    def write(self, values: Values) -> str:
        return f"{identifier(self.column)} BETWEEN {_parameter(values, self.low)} AND {_parameter(values, self.high)}"


class In(_OfColumn):
    """The column equals one of a list of at most 10,000 values; of an empty list, no row is kept.

    Example:
        >>> db.find("issues", rem.In("code", ["TAP-1", "TAP-3"]))["id"].to_list()
        ['login', 'cache']
    """

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
    """The column is NULL.

    Example:
        >>> db.find("moments", rem.IsNull("ends_at"))["id"].to_list()
        ['review']
    """

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
    """All the conditions hold; `a & b` is the same. Of none, every row is kept.

    Example:
        >>> db.find("issues", rem.And(rem.Eq("status", "open"), rem.Gt("priority", 2)))["id"].to_list()
        ['login']
    """

    word, empty = "AND", "TRUE"


class Or(_Joined):
    """At least one of the conditions holds; `a | b` is the same. Of none, no row is kept.

    Example:
        >>> db.find("issues", rem.Eq("status", "closed") | rem.Gt("priority", 2))["id"].to_list()
        ['login', 'cache']
    """

    word, empty = "OR", "FALSE"


class Not(Predicate):
    """The condition does not hold; `~a` is the same.

    Example:
        >>> db.find("issues", ~rem.Eq("status", "open"))["id"].to_list()
        ['cache']
    """

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
    value = value if isinstance(value, (list, tuple, dict)) else plain_value(value, f"the value of {name}")
    if value is None:
        raise InputError(f"nothing equals NULL, and {name} takes no None; ask IsNull(column), or ~IsNull(column)")
    if not isinstance(value, _VALUES):
        raise InputError(f"{name} compares with a text, a number, a time or bytes, not {value!r}")
    return value


def _predicate(joined: Predicate, part: object) -> Predicate:
    if not isinstance(part, Predicate):
        raise InputError(f"{type(joined).__name__} joins predicates, such as Eq('status', 'open'); not {part!r}")
    return part
