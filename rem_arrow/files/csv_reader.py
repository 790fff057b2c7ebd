"""CSV files as rows. The first pass finds the dialect and the type of each column over all rows, as texts; the second
reads the texts in these types. Small files are kept between the two, large ones are read twice, piece by piece.

Blank lines are no rows, except in a file of one column, where they are NULLs. A row with another number of values, a
quote that is never closed, text after a quoted value and a byte that is no text of the encoding are errors that name
the row.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import FileIO
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, cast

import polars as pl
import pyarrow as pa

from rem_arrow.base.errors import InputError
from rem_arrow.base.lazy_module import LazyModule
from rem_arrow.base.read_options import ReadOptions
from rem_arrow.files import csv_quotes
from rem_arrow.files.csv_dialect import Dialect, sniffed, unique_names, usual_separator
from rem_arrow.files.file_rows import FileRows, in_memory, streamed
from rem_arrow.files.given_types import given_type
from rem_arrow.files.streams import byte_stream, without_comments
from rem_arrow.files.text_types import TEXT, ColumnType, TextType

if TYPE_CHECKING:
    from pyarrow import csv as arrow_csv
else:
    arrow_csv = LazyModule("pyarrow.csv")

_SAMPLE_BYTES = 1 << 19
_BLOCK_BYTES = 1 << 22
_BLOCK_BYTES_MAX = 1 << 30
# The texts of files up to this size are kept between the passes.
_KEPT_BYTES = 1 << 27
_SHOWN_MAX = 60
_UTF8 = ("utf-8", "utf8")


class _BadRow(NamedTuple):
    number: int | None
    expected: int
    actual: int
    text: str


@dataclass(frozen=True, slots=True)
class CsvFile:
    """One CSV, with its dialect."""

    file: FileIO
    name: str
    options: ReadOptions
    dialect: Dialect

    @property
    def names(self) -> tuple[str, ...]:
        return self.dialect.names

    def check_quotes(self) -> None:
        """Raise InputError for text that follows a quoted value, which would run into it, and a quote that is never
        closed, which would take the rest of the file."""
        separator, quote, escape = self.dialect.separator, self.dialect.quote, self.dialect.escape
        if not quote.isascii() or not quote:
            return
        with self._stream() as stream:
            if escape in ("", quote) and csv_quotes.are_regular(stream, separator, quote):
                return
        with self._stream() as stream:
            found = csv_quotes.misplaced(stream, separator, quote, escape)
        if found is not None:
            raise InputError(
                f"{self.name}, line {found[0]}: {found[1]}. Mend the line, or name what quotes values by quote, '' for "
                "nothing, and what stands before a quote inside of one by escape"
            )

    def texts(self) -> Iterator[pl.DataFrame]:
        """Yield the rows as texts, in pieces. Raises InputError."""
        block, start = _BLOCK_BYTES, 0
        while True:
            seen = 0
            try:
                for frame in self._texts(block):
                    if seen + frame.height > start:
                        yield frame.slice(max(0, start - seen))
                    seen += frame.height
                return
            except pa.ArrowInvalid as error:
                # A value that is longer than a block: begin again with larger ones, after the rows that went out.
                if "straddling" not in str(error) or block >= _BLOCK_BYTES_MAX:
                    raise InputError(f"{self.name} cannot be read: {str(error)[:400]}") from error
                block, start = block * 16, max(seen, start)

    def _texts(self, block: int) -> Iterator[pl.DataFrame]:
        names, bad = [str(i) for i in range(len(self.names))], list[_BadRow]()

        def invalid(row: arrow_csv.InvalidRow) -> str:
            bad.append(_BadRow(row.number, row.expected_columns, row.actual_columns, row.text))
            return "skip"

        try:
            reader = arrow_csv.open_csv(
                cast(Any, self._stream()),
                read_options=arrow_csv.ReadOptions(
                    use_threads=False,
                    block_size=block,
                    column_names=names,
                    skip_rows=self.dialect.header_lines + (0 if self.dialect.comment else self.options.skip_rows),
                ),
                parse_options=arrow_csv.ParseOptions(
                    delimiter=self.dialect.separator,
                    quote_char=self.dialect.quote or False,
                    escape_char=self.dialect.escape if self.dialect.escape not in ("", self.dialect.quote) else False,
                    newlines_in_values=True,
                    ignore_empty_lines=len(names) > 1,
                    invalid_row_handler=invalid,
                ),
                convert_options=arrow_csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    strings_can_be_null=True,
                    null_values=list(self.options.null_values or ("",)),
                    quoted_strings_can_be_null=self._quoted_nulls(),
                    include_columns=names,
                ),
            )
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            if "skip initial" in str(error) or "Empty CSV" in str(error):
                return
            if _is_no_text(error):
                raise self._no_text(error) from error
            raise
        while (batch := self._next(reader)) is not None:
            self._check_rows(bad)
            frame = cast(pl.DataFrame, pl.from_arrow(pa.Table.from_batches([batch])))
            yield frame.rename(dict(zip(names, self.names, strict=True)))
        self._check_rows(bad)

    def _quoted_nulls(self) -> bool:
        allowed = self.options.allow_quoted_nulls
        return bool(self.options.null_values) if allowed is None else allowed

    def _next(self, reader: Any) -> pa.RecordBatch | None:
        try:
            batch: pa.RecordBatch = reader.read_next_batch()
        except StopIteration:
            return None
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            if _is_no_text(error):
                raise self._no_text(error) from error
            raise
        return batch

    def _no_text(self, error: Exception) -> InputError:
        return InputError(
            f"{self.name} is no text in {self.options.encoding}: {str(error)[:200]}. Name its encoding, such as "
            "encoding = 'latin-1' or 'utf-16'"
        )

    def _check_rows(self, bad: list[_BadRow]) -> None:
        """Raise InputError for the first of the rows that have another number of values."""
        if not bad or self.options.ignore_errors:
            return
        row = bad[0]
        place = "a row" if row.number is None else f"row {row.number + self.options.skip_rows}"
        raise InputError(
            f"{self.name}: {place} has {row.actual} values, and the file has {row.expected} columns: "
            f"{_short(row.text)}. Mend the row, name the separator and the quote, pass over lines before the names by "
            "skip_rows, or leave such rows out by ignore_errors"
        )

    def _stream(self) -> BinaryIO:
        stream = _text_stream(self.file, self.name, self.options)
        comment, quote = self.dialect.comment, self.dialect.quote
        return without_comments(stream, comment, quote, self.options.skip_rows) if comment else stream


def _is_no_text(error: Exception) -> bool:
    return isinstance(error, UnicodeDecodeError) or "UTF8" in str(error)


def open_csv(file: FileIO, name: str, options: ReadOptions, default_separator: str) -> CsvFile:
    """Return a CSV with its dialect. Raises InputError."""
    try:
        with _text_stream(file, name, options) as stream:
            sample = stream.read(_SAMPLE_BYTES)
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is no text in {options.encoding}: {error}. Name its encoding by encoding") from error
    whole = len(sample) < _SAMPLE_BYTES
    text = sample.decode("utf-8", "replace").removeprefix("\ufeff")
    lines = io.StringIO(text, newline="").readlines()[options.skip_rows :]
    if not whole and len(lines) > 1:
        lines.pop()
    dialect = sniffed(
        lines,
        separator=options.separator,
        quote=options.quote,
        escape=options.escape,
        comment=options.comment,
        header=options.header,
        default=default_separator,
    )
    if any("\ufffd" in n for n in dialect.names):
        _check_names(sample, options.skip_rows + dialect.header_lines, name)
    _check_even(lines, dialect, name, options)
    if options.names:
        names = (*options.names, *dialect.names[len(options.names) :])
        if dialect.names and len(options.names) > len(dialect.names):
            raise InputError(f"{name} has {len(dialect.names)} columns, and {len(options.names)} names are given")
        dialect = replace(dialect, names=unique_names(list(names)))
    return CsvFile(file, name, options, dialect if dialect.names else replace(dialect, names=("column0",)))


def _check_names(sample: bytes, lines: int, name: str) -> None:
    """Raise InputError for names in bytes that are no text."""
    try:
        b"".join(sample.splitlines(keepends=True)[:lines]).decode()
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name} is no text in utf-8: the names of its columns: {error}. Name its encoding, such as encoding = "
            "'latin-1' or 'utf-16'"
        ) from error


def _check_even(lines: Sequence[str], dialect: Dialect, name: str, options: ReadOptions) -> None:
    """Raise InputError for lines that would be one column, and that another separator parts unevenly."""
    other = usual_separator(lines, dialect) if options.separator is None and len(dialect.names) == 1 else None
    if other is not None:
        raise InputError(
            f"{name}: its lines have different numbers of values, whatever separates them, and {other!r} parts "
            "most of them. Name the separator, what quotes values by quote and what begins comments by comment, or "
            "pass over lines before the names by skip_rows"
        )


def csv_rows(files: Sequence[CsvFile], types: Mapping[str, pl.DataType]) -> list[FileRows]:
    """Return the rows of CSVs, of each with its own columns; those in `types` in these types, the others in those that
    all their texts in all files have. Raises InputError."""
    options = files[0].options
    marks = (options.thousands, options.decimal_separator)
    formats = {"date_format": options.date_format, "timestamp_format": options.timestamp_format}
    names = dict.fromkeys(n for file in files for n in file.names)
    read = {n: given_type(types[n], n, marks=marks, **formats) for n in names if n in types}
    given, kept = frozenset(read), list[list[pl.DataFrame] | None]()
    observed = {n: ColumnType(marks, _formats(options)) for n in names if n not in given}
    for file in files:
        kept.append(_observe(file, {} if options.all_varchar else observed))
    read |= {n: column.result for n, column in observed.items()}
    return [
        _rows(file, texts, {n: read[n] for n in file.names}, given) for file, texts in zip(files, kept, strict=True)
    ]


def _formats(options: ReadOptions) -> list[TextType]:
    """Return the formats of dates and timestamps that were given."""
    zone = "UTC" if "%z" in options.timestamp_format else None
    both = ((pl.Date(), options.date_format), (pl.Datetime("us", zone), options.timestamp_format))
    return [TextType(dtype, "format", text) for dtype, text in both if text]


def _observe(file: CsvFile, columns: Mapping[str, ColumnType]) -> list[pl.DataFrame] | None:
    """Look at all texts of the columns; return the texts if they are few."""
    kept: list[pl.DataFrame] | None = []
    kept_bytes = 0
    file.check_quotes()
    for frame in file.texts():
        for name in file.names:
            if name in columns:
                # An empty text is one where others stand for NULL.
                if file.options.null_values and (frame[name] == "").any():
                    columns[name].be_text()
                columns[name].observe(frame[name])
        kept_bytes += int(frame.estimated_size())
        kept = [*kept, frame] if kept is not None and kept_bytes <= _KEPT_BYTES else None
        if kept is None and not columns:
            break
    return kept


def _rows(
    file: CsvFile, texts: list[pl.DataFrame] | None, types: Mapping[str, TextType], given: frozenset[str]
) -> FileRows:
    schema = pl.Schema({n: t.dtype for n, t in types.items()})
    if texts is None:
        return streamed(schema, lambda _: _typed(file, file.texts(), types, given))
    typed = [*_typed(file, iter(texts), types, given)]
    return in_memory(pl.concat(typed) if typed else pl.DataFrame(schema=schema))


def _typed(
    file: CsvFile, texts: Iterator[pl.DataFrame], types: Mapping[str, TextType], given: frozenset[str]
) -> Iterator[pl.DataFrame]:
    before = 0
    for frame in texts:
        typed = frame.with_columns(
            t.read(pl.when(pl.col(n) != "").then(pl.col(n))).alias(n) for n, t in types.items() if t != TEXT
        )
        wrong = pl.repeat(False, frame.height, eager=True)
        for name in given:
            if types[name] == TEXT:
                continue
            failed = typed[name].is_null() & frame[name].is_not_null() & (frame[name] != "")
            if failed.any() and not file.options.ignore_errors:
                row = int(failed.arg_max() or 0)
                raise InputError(
                    f'{file.name}, row {before + row + 1}, column "{name}": {_short(frame[name][row])} is no '
                    f"{types[name].name}. Give the column another type by dtypes (types in SQL), name what stands for "
                    "NULL by null_values (nullstr), or leave such rows out by ignore_errors"
                )
            wrong |= failed
        before += frame.height
        yield typed.filter(~wrong) if wrong.any() else typed


def _text_stream(file: FileIO, name: str, options: ReadOptions) -> BinaryIO:
    """Return the bytes of a file in UTF-8."""
    stream = byte_stream(file, name, options.compression)
    if options.encoding.lower() in _UTF8:
        return stream
    try:
        codec = codecs.lookup(options.encoding)
    except LookupError as error:
        raise InputError(
            f"there is no encoding {options.encoding!r}; name one such as utf-8, latin-1 or utf-16"
        ) from error
    return cast(BinaryIO, codecs.EncodedFile(stream, "utf-8", codec.name))


def _short(text: str) -> str:
    return repr(text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}...")
