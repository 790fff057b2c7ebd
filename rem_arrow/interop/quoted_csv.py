"""A CSV whose quotes are asked for: around all values of some columns, or with a mark of their own before those inside.

Polars quotes where it must, or everywhere. Here the values are quoted first, and written as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from rem_arrow.base.errors import InputError, suggest

_NO_VALUE = "\x00"


@dataclass(frozen=True, slots=True)
class Quoting:
    """How values are quoted: what separates them, what quotes one, what stands before a quote inside of one, and the
    columns of which each value is quoted."""

    separator: str
    quote: str
    escape: str
    forced: tuple[str, ...]

    def quoted(self, texts: pl.Series, *, always: bool) -> pl.Series:
        """Return texts in quotes, where they need them or `always`."""
        alike = self.escape == self.quote
        inner = texts if alike else texts.str.replace_all(self.escape, self.escape * 2, literal=True)
        inner = inner.str.replace_all(self.quote, self.escape + self.quote, literal=True)
        whole = (self.quote + inner + self.quote).alias(texts.name)
        if always:
            return whole
        marks = [self.separator, self.quote, "\n", "\r"]
        return whole.zip_with(texts.str.contains_any(marks) | (texts == ""), texts)


def write_quoted(frame: pl.DataFrame, target: Any, quoting: Quoting, options: dict[str, Any]) -> None:
    """Write a frame whose columns a CSV can hold; `options` are those of Polars' `write_csv`. Raises InputError for a
    column to be quoted that is none."""
    known = {name.casefold() for name in frame.columns}
    forced = known if quoting.forced == ("*",) else {name.casefold() for name in quoting.forced}
    for name in forced - known:
        raise InputError(f'force_quote: no column "{name}". {suggest(name, frame.columns, "Columns")}')
    columns = [
        quoting.quoted(_texts(column, options), always=column.name.casefold() in forced)
        for column in frame.get_columns()
    ]
    if options["include_header"]:
        heads = [quoting.quoted(pl.Series([n]), always=n.casefold() in forced)[0] for n in frame.columns]
        target.write((quoting.separator.join(heads) + "\n").encode())
    plain = {n: options[n] for n in ("separator", "null_value")}
    pl.DataFrame(columns).write_csv(target, include_header=False, quote_style="never", **plain)


def _texts(column: pl.Series, options: dict[str, Any]) -> pl.Series:
    """Return the values as a CSV has them."""
    if column.dtype == pl.String:
        return column
    form = {n: options[n] for n in ("date_format", "datetime_format")}
    written = column.to_frame().write_csv(include_header=False, quote_style="never", null_value=_NO_VALUE, **form)
    texts = pl.Series(column.name, written.split("\n")[:-1], dtype=pl.String)
    return texts.set(texts == _NO_VALUE, None)
