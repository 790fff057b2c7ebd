"""The SQL types of random columns, and the values they take, written as SQL.

A kind is a type; a family is what expressions of several kinds have in common. Tame values are small, so that deep
expressions over them have results and not errors; wild ones are the extremes of the type. Both hold duplicates.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A type of columns: its SQL name, its family, and literals of its values."""

    type: str
    family: str
    tame: tuple[str, ...]
    wild: tuple[str, ...] = ()


def _integer(name: str, low: int, high: int) -> Kind:
    small = ("0", "1", "2", "3", "7", "7", "1") + (("-1", "-5") if low < 0 else ())
    return Kind(name, "int", small, (str(low), str(high), str(high - 1), str(high // 2)))


_TEXTS = ("''", "'a'", "'a'", "'b'", "'ab'", "'A'", "'a%b'", "'a_b'", "'  x '", "'1'", "'Ünï'", "'日本'")
_MOMENTS = (
    "2020-01-01 00:00:00",
    "2020-02-29 23:59:59",
    "2019-12-31 12:30:00.5",
    "2021-03-28 01:30:00.123456",
    "2020-01-01 00:00:00",
)

KINDS: dict[str, Kind] = {
    "bool": Kind("BOOLEAN", "bool", ("true", "false")),
    "i8": _integer("TINYINT", -128, 127),
    "i16": _integer("SMALLINT", -(2**15), 2**15 - 1),
    "i32": _integer("INTEGER", -(2**31), 2**31 - 1),
    "i64": _integer("BIGINT", -(2**63), 2**63 - 1),
    "i128": _integer("HUGEINT", -(2**127) + 1, 2**127 - 1),
    "u8": _integer("UTINYINT", 0, 255),
    "u16": _integer("USMALLINT", 0, 2**16 - 1),
    "u32": _integer("UINTEGER", 0, 2**32 - 1),
    "u64": _integer("UBIGINT", 0, 2**64 - 1),
    "d9": Kind(
        "DECIMAL(9,2)", "dec", ("0.00", "1.25", "-3.50", "2.00", "1.25", "0.10"), ("9999999.99", "-9999999.99", "0.01")
    ),
    "d18": Kind(
        "DECIMAL(18,4)",
        "dec",
        ("0.0000", "1.2500", "-3.5001", "7.0000"),
        ("99999999999999.9999", "-99999999999999.9999"),
    ),
    "d38": Kind("DECIMAL(38,6)", "dec", ("0", "1.5", "-2.000001", "3"), ("99999999999999999999999999999999.999999",)),
    "f32": Kind(
        "FLOAT", "flt", ("0.0", "1.5", "-2.5", "0.25", "3.0"), ("'NaN'", "'Infinity'", "'-Infinity'", "-0.0", "1e30")
    ),
    "f64": Kind(
        "DOUBLE",
        "flt",
        ("0.0", "1.5", "-2.5", "0.5", "1.5", "3.0"),
        ("'NaN'", "'Infinity'", "'-Infinity'", "-0.0", "1e300", "1e-300"),
    ),
    "text": Kind(
        "VARCHAR",
        "text",
        _TEXTS,
        ("'%'", "'e\u0301'", "'👩‍👧'", "'NULL'", "'it''s'", "repeat('x', 40)", "'2020-01-01'", "' 12'", "'\\'"),
    ),
    "date": Kind(
        "DATE",
        "date",
        ("DATE '2020-01-01'", "DATE '2020-02-29'", "DATE '2019-12-31'", "DATE '2020-01-01'"),
        ("DATE '1970-01-01'", "DATE '1900-03-01'", "DATE '2999-12-31'"),
    ),
    "ts": Kind(
        "TIMESTAMP",
        "ts",
        tuple(f"TIMESTAMP '{m}'" for m in _MOMENTS),
        ("TIMESTAMP '1969-12-31 23:59:59.999999'", "TIMESTAMP '2500-01-01 00:00:00'"),
    ),
    "tz": Kind(
        "TIMESTAMPTZ",
        "tz",
        tuple(f"TIMESTAMPTZ '{m}+00'" for m in _MOMENTS),
        ("TIMESTAMPTZ '1969-12-31 23:59:59.999999+05:30'",),
    ),
    "time": Kind(
        "TIME", "time", ("TIME '00:00:00'", "TIME '12:30:00.5'", "TIME '23:59:59'"), ("TIME '23:59:59.999999'",)
    ),
    "iv": Kind(
        "INTERVAL",
        "iv",
        ("INTERVAL 1 DAY", "INTERVAL 1 MONTH", "INTERVAL 90 MINUTE", "INTERVAL 30 DAY", "INTERVAL 0 DAY"),
        ("INTERVAL '-1 month 3 days'", "INTERVAL 13 MONTH"),
    ),
    "blob": Kind("BLOB", "blob", ("'ab'::BLOB", "''::BLOB", "'\\x00\\xFF'::BLOB", "'a'::BLOB")),
    "li": Kind("INTEGER[]", "li", ("[1, 2]", "[]", "[NULL]", "[3, NULL, 1]", "[1, 2]", "[2, 1, 2]")),
    "ls": Kind("VARCHAR[]", "ls", ("['a', 'b']", "[]", "[NULL]", "['b', NULL, '']", "['a', 'b']")),
    "st": Kind(
        "STRUCT(a INTEGER, b VARCHAR)",
        "st",
        ("{'a': 1, 'b': 'x'}", "{'a': NULL, 'b': 'y'}", "{'a': 1, 'b': NULL}", "{'a': 1, 'b': 'x'}"),
    ),
}
NUMBERS = ("int", "dec", "flt")
FAMILIES = ("bool", "int", "dec", "flt", "text", "date", "ts", "tz", "time", "iv", "blob", "li", "ls", "st")
# Families whose values have an order that ORDER BY, MIN and < may use.
ORDERED = ("bool", "int", "dec", "flt", "text", "date", "ts", "tz", "time", "blob", "li", "ls", "st")
# A literal's type is stated, or else it follows from its text: 7 is INTEGER, 1.25 is DECIMAL(3,2).
_TYPED = {"flt": "DOUBLE", "li": "INTEGER[]", "ls": "VARCHAR[]"}


def literal(family: str, pick: str) -> str:
    """Return the literal as an operand of the family."""
    kind = _TYPED.get(family)
    return f"({pick}::{kind})" if kind and not pick.startswith("-") else f"(({pick})::{kind})" if kind else pick


def of_family(family: str) -> list[str]:
    return [name for name, kind in KINDS.items() if kind.family == family]
