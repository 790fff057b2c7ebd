"""The logical types whose values are texts: JSON, UUID, and texts that compare by a collation.

Polars has no such types. It sees a String, in memory and in files; what the texts mean is known by the types of our own
schemas and plans alone. Each is a subclass of `pl.String` that Polars takes for it wherever it is given a type, and
that equals itself only: `Json() != pl.String()`, while `isinstance(Json(), pl.String)`. So the schema of a frame says
String where the schema of a table, or of a plan, says JSON.

A value of JSON is a valid document, as it was written. A value of UUID is its canonical form, in lower case, which
orders as the number does. A value of a collated type is any text.
"""

from __future__ import annotations

from typing import Any, ClassVar, TypeGuard

import polars as pl
from polars.datatypes import DataTypeClass


class TextType(pl.String):
    """A text with a meaning of its own; `name` is that of SQL."""

    name: ClassVar[str] = ""

    @classmethod
    def base_type(cls) -> Any:
        return pl.String

    def __eq__(self, other: object) -> bool:  # type: ignore[override]
        if isinstance(other, DataTypeClass):
            return issubclass(type(self), other)
        return type(other) is type(self)

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        return self.name


# Polars reads a type by the qualified name of its class.
class Json(TextType):
    __qualname__ = "String"
    name = "JSON"


class Uuid(TextType):
    __qualname__ = "String"
    name = "UUID"


class Collated(TextType):
    """VARCHAR with a collation: how its values compare, not what they are. `collation` has its parts in order."""

    __qualname__ = "String"
    name = "VARCHAR"

    def __init__(self, collation: str) -> None:
        assert collation, "a text without a collation is a plain String"
        self.collation = collation

    def __eq__(self, other: object) -> bool:  # type: ignore[override]
        if isinstance(other, DataTypeClass):
            return issubclass(type(self), other)
        return isinstance(other, Collated) and other.collation == self.collation

    def __hash__(self) -> int:
        return hash((Collated, self.collation))


JSON, UUID = Json(), Uuid()


def is_json(dtype: pl.DataType) -> bool:
    return isinstance(dtype, Json)


def is_uuid(dtype: pl.DataType) -> bool:
    return isinstance(dtype, Uuid)


def is_collated(dtype: pl.DataType) -> TypeGuard[Collated]:
    return isinstance(dtype, Collated)


def is_checked(dtype: pl.DataType) -> bool:
    """Say whether a type is one of texts that not every text is a value of."""
    return isinstance(dtype, (Json, Uuid))
