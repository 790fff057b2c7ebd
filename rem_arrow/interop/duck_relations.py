"""Relations of DuckDB with their integers of 128 bits: it writes those of 39 digits to Arrow as other numbers.

They are read as texts, wherever in a type they stand, and become the numbers that they are.
"""

from __future__ import annotations

import re
from typing import Any, TypeGuard

import polars as pl
import pyarrow as pa

from rem_arrow.base.datatypes import instance
from rem_arrow.base.quoting import identifier
from rem_arrow.files.arrow_columns import empty_frame, frame_of

# Integers of 128 bits in the name of a type; a name of a field stands before a type.
_WIDE, _SIGNED, _UNSIGNED = (re.compile(rf"\b{name}(?=[\[,)]|$)") for name in ("U?HUGEINT", "HUGEINT", "UHUGEINT"))
_NONE = re.compile("(?!)")
# Types whose parts are not cast: they are read as one text.
_WHOLE = ("UNION(", "ENUM(")


def is_relation(data: object) -> TypeGuard[Any]:
    """Say whether an object is a relation of DuckDB."""
    return type(data).__name__ == "DuckDBPyRelation"


def of_relation(relation: Any, where: str) -> pl.DataFrame:
    """Return the rows of a relation. Raises InputError, which names the columns that cannot be taken."""
    kinds = [(str(n), str(t)) for n, t in zip(relation.columns, relation.types, strict=True)]
    if not any(_WIDE.search(kind) for _, kind in kinds):
        return frame_of(_read(relation), where)

    def projected(source: Any, digits: re.Pattern[str]) -> pa.Table:
        items = [f"{_item(identifier(name), kind, digits)} AS {identifier(name)}" for name, kind in kinds]
        return _read(source.project(", ".join(items)))

    none = relation.limit(0)
    plain, signed, unsigned = (
        empty_frame(projected(none, digits).schema, where).schema for digits in (_NONE, _SIGNED, _UNSIGNED)
    )
    schema = pl.Schema({n: _of_digits(t, signed[n], unsigned[n]) for n, t in plain.items()})
    return frame_of(projected(relation, _WIDE), where).cast(schema)


def _read(relation: Any) -> pa.Table:
    return pa.RecordBatchReader.from_stream(relation).read_all()


def _item(column: str, kind: str, digits: re.Pattern[str]) -> str:
    """Return the expression that reads a column of a type, the integers that `digits` names as texts."""
    if kind.startswith(_WHOLE):
        return f"{column}::VARCHAR" if _WIDE.search(kind) else column
    return f"CAST({column} AS {digits.sub('VARCHAR', kind)})" if digits.search(kind) else column


def _of_digits(plain: pl.DataType, signed: pl.DataType, unsigned: pl.DataType) -> pl.DataType:
    """Return the type whose parts are integers of 128 bits where these were read as texts."""
    match plain, signed, unsigned:
        case pl.List(), pl.List(), pl.List():
            return pl.List(_of_digits(*(instance(t.inner) for t in (plain, signed, unsigned))))
        case pl.Array(), pl.Array(), pl.Array():
            return pl.Array(_of_digits(*(instance(t.inner) for t in (plain, signed, unsigned))), plain.size)
        case pl.Struct(), pl.Struct(), pl.Struct():
            fields = zip(plain.fields, signed.fields, unsigned.fields, strict=True)
            return pl.Struct([pl.Field(f[0].name, _of_digits(*(instance(p.dtype) for p in f))) for f in fields])
        case _:
            return plain if plain == signed == unsigned else pl.UInt128() if plain == signed else pl.Int128()
