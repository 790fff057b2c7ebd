"""SQLGlot's data types to Polars types."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

import polars as pl
from sqlglot import exp
from sqlglot.errors import SqlglotError

from rem_arrow.base.datatypes import mapped
from rem_arrow.base.errors import BindError, InputError, UnsupportedError
from rem_arrow.base.logical_types import JSON, UUID
from rem_arrow.base.schema import is_pattern
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan import types
from rem_arrow.sql.text.position import position
from rem_arrow.sql.text.rendered import rendered

_TYPES: dict[str, pl.DataType] = {
    "BOOLEAN": pl.Boolean(),
    "TINYINT": pl.Int8(),
    "SMALLINT": pl.Int16(),
    "INT": pl.Int32(),
    "BIGINT": pl.Int64(),
    "INT128": pl.Int128(),
    "UTINYINT": pl.UInt8(),
    "USMALLINT": pl.UInt16(),
    "UINT": pl.UInt32(),
    "UBIGINT": pl.UInt64(),
    "UINT128": pl.UInt128(),
    "DOUBLE": pl.Float64(),
    "VARCHAR": pl.String(),
    "CHAR": pl.String(),
    "NCHAR": pl.String(),
    "NVARCHAR": pl.String(),
    "TEXT": pl.String(),
    "UUID": UUID,
    "JSON": JSON,
    "VARBINARY": pl.Binary(),
    "BINARY": pl.Binary(),
    "BLOB": pl.Binary(),
    "DATE": pl.Date(),
    "TIME": pl.Time(),
    "TIMESTAMP": pl.Datetime("us"),
    "DATETIME": pl.Datetime("us"),
    "TIMESTAMPNTZ": pl.Datetime("us"),
    "TIMESTAMP_MS": pl.Datetime("ms"),
    "TIMESTAMP_NS": pl.Datetime("ns"),
    "TIMESTAMPTZ": pl.Datetime("us", "UTC"),
    "TIMESTAMP_S": pl.Datetime("us"),
    "INTERVAL": types.CALENDAR,
}

_OTHER_NAMES: dict[str, pl.DataType] = {
    "uint8": pl.UInt8(),
    "uint16": pl.UInt16(),
    "uint32": pl.UInt32(),
    "uint64": pl.UInt64(),
    "uint128": pl.UInt128(),
    "float16": pl.Float16(),
    "bytes": pl.Binary(),
}

_SHORT_NAMES = ("INTEGER", "STRING", "REAL", "BOOL", "LONG", "SHORT", "NUMERIC", "HUGEINT", "UHUGEINT", "BYTEA")
_DECIMAL_DEFAULT = (18, 3)
DECIMAL_DIGITS_MAX = 38


# Returns the type that CREATE TYPE gave a name, or None.
Named: TypeAlias = Callable[[str], pl.DataType | None]


@dataclass(frozen=True, slots=True)
class _Types:
    """What the type of a tree depends on: the statement, for errors, and the types with names."""

    text: str
    named: Named

    def of(self, tree: exp.DataType) -> pl.DataType:
        name = tree.this.name if hasattr(tree.this, "name") else str(tree.this)
        parsed = _PARSERS.get(name)
        dtype = parsed(tree, self) if parsed is not None else _TYPES.get(name)
        if dtype is None:
            raise UnsupportedError(f"the type {rendered(tree)} is not supported", self.text, *position(tree))
        return dtype


class NamedType(pl.DataType):
    """The name of a type in a statement, which the catalog is asked for when it runs: see `known`."""

    def __init__(self, name: str) -> None:
        self.type_name = name

    def __eq__(self, other: object) -> bool:  # type: ignore[override]
        return isinstance(other, NamedType) and other.type_name == self.type_name

    def __hash__(self) -> int:
        return hash(self.type_name)


def polars_type(tree: exp.DataType, text: str, named: Named = NamedType) -> pl.DataType:
    """Return the Polars type of a SQL type. Raises UnsupportedError."""
    return _Types(text, named).of(tree)


def known(dtype: pl.DataType, text: str, named: Named) -> pl.DataType:
    """Return a type with what its names stand for. Raises UnsupportedError for one that is unknown."""

    def found(leaf: pl.DataType) -> pl.DataType:
        if not isinstance(leaf, NamedType):
            return leaf
        stands_for = named(leaf.type_name)
        if stands_for is None:
            raise UnsupportedError(f"the type {leaf.type_name} is not supported", text)
        return stands_for

    return mapped(dtype, found)


def is_type_name(name: str) -> bool:
    """Say whether a name is that of a type that every database has."""
    upper = name.upper()
    return upper in _TYPES or upper in _PARSERS or name.lower() in _OTHER_NAMES or upper in _SHORT_NAMES


def named_type(name: str, named: Named = lambda _: None) -> pl.DataType:
    """Return the Polars type of the name of a SQL type. Raises InputError."""
    try:
        return polars_type(exp.DataType.build(name, dialect="duckdb", udt=True), name, named)
    except (SqlglotError, UnsupportedError, BindError) as error:
        raise InputError(f"there is no type {name!r}; name one as in SQL, such as VARCHAR or DECIMAL(10, 2)") from error


def column_type(tree: exp.DataType, text: str) -> pl.DataType:
    """Return the Polars type of a column that a statement defines. Raises UnsupportedError."""
    if any("TIMESTAMP_S" in str(part.this) for part in tree.find_all(exp.DataType)):
        raise UnsupportedError("a column of TIMESTAMP_S is not supported; take TIMESTAMP", text, *position(tree))
    return polars_type(tree, text)


def _decimal(tree: exp.DataType, around: _Types) -> pl.DataType | None:
    digits = [p.this.name for p in tree.expressions]
    if len(digits) > 2 or not all(d.isascii() and d.isdigit() for d in digits):
        return None
    precision, scale = (*map(int, digits), 0)[:2] if digits else _DECIMAL_DEFAULT
    fits = 0 < precision <= DECIMAL_DIGITS_MAX and 0 <= scale <= precision
    return pl.Decimal(precision, scale) if fits else None


def _float(tree: exp.DataType, around: _Types) -> pl.DataType | None:
    """FLOAT, and FLOAT(n) for n binary digits."""
    if not tree.expressions:
        return pl.Float32()
    digits = tree.expressions[0].name
    if not digits.isdigit() or not 0 < int(digits) < 54:
        return None
    return pl.Float32() if int(digits) < 25 else pl.Float64()


def _list(tree: exp.DataType, around: _Types) -> pl.DataType | None:
    """T[] and, with a size, T[n]."""
    if not tree.expressions:
        return None
    inner, sizes = around.of(tree.expressions[0]), tree.args.get("values") or ()
    return pl.Array(inner, int(sizes[0].name)) if sizes and sizes[0].name.isdigit() else pl.List(inner)


def _struct(tree: exp.DataType, around: _Types) -> pl.DataType | None:
    fields = {
        (part.name if isinstance(part, exp.ColumnDef) else str(i)): around.of(_field_type(part, around))
        for i, part in enumerate(tree.expressions, 1)
    }
    pattern = next((name for name in fields if is_pattern(name)), None)
    if pattern is not None:
        raise UnsupportedError(
            f"the field name {pattern!r} is a pattern of names to Polars; rename it", around.text, *position(tree)
        )
    return nested.struct_of(fields) if fields else None


def _field_type(part: exp.Expression, around: _Types) -> exp.DataType:
    kind = part.args.get("kind") if isinstance(part, exp.ColumnDef) else part
    if not isinstance(kind, exp.DataType):
        raise BindError("a field of a STRUCT is a name and a type", around.text, *position(part))
    return kind


def _map(tree: exp.DataType, around: _Types) -> pl.DataType | None:
    if len(tree.expressions) != 2:
        return None
    key, value = (around.of(part) for part in tree.expressions)
    return nested.map_of(key, value)


def _enum(tree: exp.DataType, around: _Types) -> pl.DataType | None:
    values = [e.name for e in tree.expressions]
    if len(set(values)) < len(values):
        twice = next(v for i, v in enumerate(values) if v in values[:i])
        raise BindError(f"the ENUM has the value {twice!r} twice", around.text, *position(tree))
    return pl.Enum(values) if values else None


def _user_defined(tree: exp.DataType, around: _Types) -> pl.DataType | None:
    """A type of CREATE TYPE, or a name of DuckDB that SQLGlot takes for the user's own."""
    name = str(tree.args.get("kind"))
    return _OTHER_NAMES.get(name.lower()) or around.named(name)


# The types that take parameters, or that SQLGlot does not know by their names; None is one that is not supported.
_PARSERS: dict[str, Callable[[exp.DataType, _Types], pl.DataType | None]] = {
    "DECIMAL": _decimal,
    "FLOAT": _float,
    "LIST": _list,
    "ARRAY": _list,
    "STRUCT": _struct,
    "MAP": _map,
    "ENUM": _enum,
    "USERDEFINED": _user_defined,
}


def literal_number(text: str) -> tuple[object, pl.DataType]:
    """Return the value and type of a number in the text: the narrowest of INTEGER, BIGINT, HUGEINT,
    UHUGEINT; DECIMAL; DOUBLE. Raises ValueError."""
    if "e" in text.lower():
        return float(text), pl.Float64()
    if "." in text:
        # A zero before the point is a digit too.
        scale = len(text) - text.index(".") - 1
        precision = max(len(text) - 1, 1)
        if precision > DECIMAL_DIGITS_MAX:
            return float(text), pl.Float64()
        return Decimal(text), pl.Decimal(precision, scale)
    value = int(text)
    for dtype, width in ((pl.Int32(), 31), (pl.Int64(), 63), (pl.Int128(), 127), (pl.UInt128(), 128)):
        if value < 1 << width:
            return value, dtype
    raise ValueError(f"{text} has more than 128 bits; write {text}.0 for a DOUBLE")
