"""The types that are given to columns of texts, and how the texts are read in them."""

from __future__ import annotations

import polars as pl

from rem_arrow.base.datatypes import sql_name
from rem_arrow.base.errors import InputError
from rem_arrow.files.text_types import TEXT, Marks, TextType


def given_type(dtype: pl.DataType, column: str, *, marks: Marks, date_format: str, timestamp_format: str) -> TextType:
    """Return how the texts of a column are read in a type. Raises InputError for a type that texts are not read in."""
    match dtype:
        case pl.String():
            return TEXT
        case pl.Boolean():
            return TextType(dtype, "bit")
        case pl.Date():
            return TextType(dtype, "format", date_format) if date_format else TextType(dtype, "date")
        case pl.Datetime() if timestamp_format:
            return TextType(dtype, "format", timestamp_format)
        case pl.Datetime():
            return TextType(dtype, "moment")
        case pl.Time():
            return TextType(dtype, "time")
        case pl.Categorical() | pl.Enum():
            return TextType(dtype, "member")
        case _ if dtype.is_numeric():
            return TextType(dtype, "cast", marks=marks)
        case _:
            raise InputError(
                f'texts are not read as {sql_name(dtype)}, the type of "{column}"; read the column as VARCHAR, and '
                "convert it in SQL"
            )
