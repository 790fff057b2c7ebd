"""SQLGlot's data types to Polars types."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
from sqlglot import exp

from rem_arrow.base.errors import BindError, UnsupportedError
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan import types
from rem_arrow.sql.text.position import position

_T = exp.DataType.Type

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
    "FLOAT": pl.Float32(),
    "DOUBLE": pl.Float64(),
    "VARCHAR": pl.String(),
    "CHAR": pl.String(),
    "NCHAR": pl.String(),
    "NVARCHAR": pl.String(),
    "TEXT": pl.String(),
    "UUID": pl.String(),
    "JSON": pl.String(),
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

# Names of DuckDB that SQLGlot takes for the user's own.
_OTHER_NAMES: dict[str, pl.DataType] = {
    "uint8": pl.UInt8(),
    "uint16": pl.UInt16(),
    "uint32": pl.UInt32(),
    "uint64": pl.UInt64(),
    "uint128": pl.UInt128(),
    "float16": pl.Float16(),
    "bytes": pl.Binary(),
}

_DECIMAL_DEFAULT = (18, 3)
DECIMAL_DIGITS_MAX = 38


def polars_type(tree: exp.DataType, text: str) -> pl.DataType:
    """Return the Polars type of a SQL type. Raises UnsupportedError."""
    name = tree.this.name if hasattr(tree.this, "name") else str(tree.this)
    if name == "DECIMAL":
        given = [p.this.name for p in tree.expressions]
        known = len(given) <= 2 and all(g.isascii() and g.isdigit() for g in given)
        precision, scale = (*map(int, given), 0)[:2] if given and known else _DECIMAL_DEFAULT
        if known and 0 < precision <= DECIMAL_DIGITS_MAX and 0 <= scale <= precision:
            return pl.Decimal(precision, scale)
    elif name in ("LIST", "ARRAY") and tree.expressions:
        inner = polars_type(tree.expressions[0], text)
        sizes = tree.args.get("values") or ()
        return pl.Array(inner, int(sizes[0].name)) if sizes and sizes[0].name.isdigit() else pl.List(inner)
    elif name == "STRUCT" and tree.expressions:
        fields = {
            (p.name if isinstance(p, exp.ColumnDef) else str(i)): polars_type(_kind(p, text), text)
            for i, p in enumerate(tree.expressions, 1)
        }
        return nested.struct_of(fields)
    elif name == "MAP" and len(tree.expressions) == 2:
        return nested.map_of(*(polars_type(p, text) for p in tree.expressions))
    elif name == "USERDEFINED" and str(tree.args.get("kind")).lower() in _OTHER_NAMES:
        return _OTHER_NAMES[str(tree.args["kind"]).lower()]
    elif name == "ENUM" and tree.expressions:
        return pl.Enum([e.name for e in tree.expressions])
    elif name == "FLOAT" and tree.expressions:
        # FLOAT(n) asks for n binary digits.
        digits = tree.expressions[0].name
        if digits.isdigit() and 0 < int(digits) < 54:
            return pl.Float32() if int(digits) < 25 else pl.Float64()
    elif name in _TYPES:
        return _TYPES[name]
    raise UnsupportedError(f"the type {tree.sql('duckdb')} is not supported", text, *position(tree))


def _kind(part: exp.Expression, text: str) -> exp.DataType:
    kind = part.args.get("kind") if isinstance(part, exp.ColumnDef) else part
    if not isinstance(kind, exp.DataType):
        raise BindError("a field of a STRUCT is a name and a type", text, *position(part))
    return kind


def literal_number(text: str) -> tuple[object, pl.DataType]:
    """Return the value and type of a number in the text: the narrowest of INTEGER, BIGINT, HUGEINT; DECIMAL; DOUBLE."""
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
    for dtype, width in ((pl.Int32(), 31), (pl.Int64(), 63), (pl.Int128(), 127)):
        if value < 1 << width:
            return value, dtype
    return float(text), pl.Float64()
