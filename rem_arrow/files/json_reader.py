"""JSON files as rows: objects one after the other, each on its line or over several, or one array of them.

Files whose lines hold objects of the same types are read by Polars, and checked by pyarrow, which tells every kind of
value apart. All others are read value by value, which is slower, and finds one type for each key over all records
(`json_types`), or says in which line and under which key a value is that cannot be kept.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from io import FileIO
from typing import TYPE_CHECKING, cast

import polars as pl
import pyarrow as pa

from rem_arrow.base.errors import InputError
from rem_arrow.base.lazy_module import LazyModule
from rem_arrow.base.read_options import ReadOptions
from rem_arrow.files.json_types import Value, check_kept, frames_of, unique
from rem_arrow.files.meanings import Meanings, of_types
from rem_arrow.files.streams import byte_stream
from rem_arrow.files.text_types import ColumnType

if TYPE_CHECKING:
    from pyarrow import json as arrow_json
else:
    arrow_json = LazyModule("pyarrow.json")

_BLOCK_BYTES = 1 << 24
_LEVELS_MAX = 200
_SPACE = re.compile(r"[ \t\r\n]*")
# What DuckDB makes of texts in JSON.
_TEXT_KINDS = ("date", "time", "timestamp", "timestamptz")


def json_frames(
    files: Sequence[tuple[FileIO, str]], options: ReadOptions, types: Mapping[str, pl.DataType]
) -> tuple[list[pl.DataFrame], Meanings]:
    """Return the rows of JSON files, of each as a frame, with one type for each key over all of them, and which texts
    are JSON. Texts of dates and times become these, except in columns of `types` that are texts. Raises InputError."""
    texts = [(_bytes(file, name, options), name) for file, name in files]
    frames = [_plain(data) if options.records else None for data, _ in texts]
    plain = [frame for frame in frames if frame is not None]
    if len(plain) < len(frames) or any(frame.schema != plain[0].schema for frame in plain):
        values, meant = _by_value(texts, options)
        return _with_times(values, types), of_types(meant)
    return _with_times(plain, types), {}


def json_texts(file: FileIO, name: str, options: ReadOptions) -> list[str]:
    """Return the text of each value of a JSON file; of each in an array when that is all it holds. Raises
    InputError."""
    text = _bytes(file, name, options).decode()
    values = list(_texts(text, name, 0, ""))
    if len(values) == 1 and values[0].startswith("["):
        return list(_texts(values[0], name, 1, ",]"))
    return values


def _texts(text: str, name: str, start: int, between: str) -> Iterator[str]:
    """Yield the values from a place on as they are written, with marks between them or none."""
    decoder = json.JSONDecoder()
    place = _skip(text, start)
    while place < len(text) and text[place] != between[-1:]:
        try:
            _, end = decoder.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{name} cannot be read: this is no JSON: {_shown(text[place:])}") from error
        yield text[place:end]
        place = _skip(text, end)
        if between and text[place] == between[0]:
            place = _skip(text, place + 1)


def _bytes(file: FileIO, name: str, options: ReadOptions) -> bytes:
    with byte_stream(file, name, options.compression) as stream:
        return _in_utf8(stream.read(), name, options.encoding)


def _in_utf8(data: bytes, name: str, encoding: str) -> bytes:
    try:
        text = data.decode("utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError(
            f"{name}, line {line}: this is no text in {encoding}; name its encoding, such as encoding = 'latin-1'"
        ) from error
    except LookupError as error:
        raise InputError(f"there is no encoding {encoding!r}; name one such as utf-8, latin-1 or utf-16") from error
    return text.encode()


# --- lines of one type


def _plain(data: bytes) -> pl.DataFrame | None:
    """Return the rows of a file whose lines hold objects of the same types; None for every other file."""
    if not data.lstrip().startswith(b"{"):
        return None
    try:
        frame = pl.read_ndjson(io.BytesIO(data), infer_schema_length=None)
        schema = pa.schema([(n, _arrow_type(t)) for n, t in frame.schema.items()])
        checked = arrow_json.read_json(
            io.BytesIO(data),
            read_options=arrow_json.ReadOptions(block_size=_BLOCK_BYTES),
            parse_options=arrow_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error"),
        )
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, pa.ArrowException, KeyError):
        return None
    same = len({n.casefold() for n in frame.columns}) == frame.width
    return _in_order(frame, data) if same and checked.num_rows == frame.height else None


def _in_order(frame: pl.DataFrame, data: bytes) -> pl.DataFrame:
    """Return a frame with its columns in the order in which the keys first come with a value; Polars 2.1 has a key of a
    later line beside its neighbour there."""
    line = data.lstrip().split(b"\n", maxsplit=1)[0]
    first = json.loads(line) if line.rstrip().endswith(b"}") else {}
    later = [n for n in frame.columns if n not in first]
    if len(later) in (0, frame.width):
        return frame
    rows = {n: frame[n].is_not_null().arg_max() if frame[n].null_count() < frame.height else None for n in later}
    return frame.select([*first, *sorted(later, key=lambda n: (rows[n] is None, rows[n] or 0))])


def _arrow_type(dtype: pl.DataType) -> pa.DataType:
    """Return the type by which pyarrow checks a column. Raises KeyError for one that it does not read."""
    match dtype:
        case pl.List():
            return pa.list_(_arrow_type(cast(pl.DataType, dtype.inner)))
        case pl.Struct() if dtype.fields:
            if len({f.name.casefold() for f in dtype.fields}) < len(dtype.fields):
                raise KeyError(dtype)
            return pa.struct([(f.name, _arrow_type(cast(pl.DataType, f.dtype))) for f in dtype.fields])
        case _:
            return _ARROW_TYPES[type(dtype).__name__]


_ARROW_TYPES = {
    "Boolean": pa.bool_(),
    "Int64": pa.int64(),
    "Float64": pa.float64(),
    "String": pa.string(),
    "Null": pa.null(),
}


# --- any values


def _by_value(
    texts: Sequence[tuple[bytes, str]], options: ReadOptions
) -> tuple[list[pl.DataFrame], dict[str, pl.DataType]]:
    files = [(name, list(_values(data.decode(), name))) for data, name in texts]
    are_records = options.records and any(isinstance(v, dict) for _, values in files for _, v in values)
    records = list[list[dict[str, Value]]]()
    for name, values in files:
        records.append([])
        for line, value in values:
            check_kept(value, f"{name}, line {line}")
            if are_records and value is not None and not isinstance(value, dict):
                raise InputError(
                    f"{name}, line {line}: a record is an object in braces, and this is {_shown(value)}. Mend it, or "
                    "read every value as one column by records = false"
                )
            record = value if isinstance(value, dict) else {}
            records[-1].append(record if are_records else {"json": value})
    return frames_of(records)


def _values(text: str, name: str) -> Iterator[tuple[int, Value]]:
    """Yield the values of a file with their lines; those of an array when that is all it holds."""
    decoder = json.JSONDecoder(object_pairs_hook=unique)
    place, line, counted = _skip(text, 0), 1, 0
    values: list[tuple[int, Value]] = []
    while place < len(text):
        line, counted = line + text.count("\n", counted, place), place
        try:
            value, place = decoder.raw_decode(text, place)
        except json.JSONDecodeError as error:
            at = line + text.count("\n", counted, error.pos)
            raise InputError(
                f"{name}, line {at} cannot be read: this is no JSON: {error.msg}: {_shown(text[error.pos :])}"
            ) from error
        except KeyError as error:
            raise InputError(f"{name}, line {line}: the key {error} comes twice in one object; rename one") from error
        except RecursionError as error:
            raise InputError(f"{name}, line {line} cannot be read: the value is nested too deeply") from error
        except ValueError as error:
            raise InputError(f"{name}, line {line}: a number has too many digits; write it as a text") from error
        values.append((line, value))
        place = _skip(text, place)
    if len(values) == 1 and isinstance(values[0][1], list):
        yield from ((values[0][0], v) for v in values[0][1])
    else:
        yield from values


def _skip(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    assert found is not None, "it matches no space too"
    return found.end()


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:60]}..."


# --- dates and times


def _with_times(frames: list[pl.DataFrame], types: Mapping[str, pl.DataType]) -> list[pl.DataFrame]:
    """Return frames in which a column of texts that are all dates, times or timestamps holds these."""
    schema = {n: t for frame in frames for n, t in frame.schema.items()}
    columns = {}
    for name, dtype in schema.items():
        texts = [frame[name] for frame in frames if name in frame.columns]
        if dtype != pl.String or isinstance(types.get(name), pl.String) or any((t == "").any() for t in texts):
            continue
        kind = ColumnType()
        for text in texts:
            kind.observe(text)
        if kind.result.kind in _TEXT_KINDS and kind.result.order == "YMD":
            columns[name] = kind.result.read(pl.col(name)).alias(name)
    return [frame.with_columns(columns[n] for n in frame.columns if n in columns) for frame in frames]
