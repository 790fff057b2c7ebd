"""Arguments and results of verbs as messages: JSON, and frames beside it as Arrow IPC streams.

    None, bool, int, finite float, str, list       as in JSON
    dict with texts as keys                        as in JSON, unless a key begins with "$"
    anything else                                  {"$kind": content}, by the tables below
    frame, series, array                           {"$frame": n, ...}: the n-th frame of the message

The frames of a message are bytes; a large one is several streams of the same columns, one after another. What comes in
may be anything: what is no message raises InputError.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from io import BytesIO
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from pydantic import BaseModel

from rem_arrow.base.errors import InputError, UnsupportedError
from rem_arrow.face.verbs import as_frame
from rem_arrow.face.wire_records import RECORDS, fields_of, predicate_of, record_of
from rem_arrow.model.predicates import Predicate

Json: TypeAlias = Any
# What both sides speak: its name and version.
PROTOCOL = b"rem-arrow call 1"
# The message behind the last row of a stream that a client sends: rows that end without it are not whole.
END = b"end"
# The rows of one stream of a frame, about 8 MB for 16 columns of numbers.
PIECE_ROWS = 65_536
_DEPTH_MAX = 100


class Frames:
    """The frames of a message that is written, each in pieces."""

    def __init__(self) -> None:
        self.frames: list[pl.DataFrame] = []

    def add(self, frame: pl.DataFrame) -> int:
        """Take a frame along; return its place."""
        self.frames.append(frame)
        return len(self.frames) - 1

    def counts(self) -> list[int]:
        """Return the number of pieces of each frame."""
        return [max(1, -(-frame.height // PIECE_ROWS)) for frame in self.frames]

    def pieces(self) -> Iterable[bytes]:
        """Yield the frames, piece by piece."""
        for frame in self.frames:
            yield from pieces_of(frame)


def pieces_of(frame: pl.DataFrame) -> Iterable[bytes]:
    """Yield a frame, piece by piece; one piece of a frame without rows."""
    for start in range(0, max(1, frame.height), PIECE_ROWS):
        buffer = BytesIO()
        frame.slice(start, PIECE_ROWS).write_ipc_stream(buffer)
        yield buffer.getvalue()


def read_frames(counts: Sequence[int], pieces: Iterable[bytes]) -> list[pl.DataFrame]:
    """Return the frames of a message. Raises InputError."""
    source = iter(pieces)
    frames = []
    for count in counts:
        parts = [_read_frame(piece) for _, piece in zip(range(count), source, strict=False)]
        if len(parts) != count or not count:
            raise InputError("the message ended before its frames did")
        try:
            frames.append(parts[0] if count == 1 else pl.concat(parts, rechunk=False))
        except pl.exceptions.PolarsError as error:
            raise InputError("the pieces of a frame have different columns") from error
    return frames


def _read_frame(piece: bytes) -> pl.DataFrame:
    try:
        return pl.read_ipc_stream(BytesIO(piece))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        raise InputError("a frame in the message is no stream of Arrow IPC") from error


# --- writing


def encoded(value: object, frames: Frames) -> Json:
    """Return a value as JSON, its frames put aside. Raises InputError for one that has no form here."""
    record = record_of(value)
    if record is not None:
        return {"$record": [record[0], encoded(record[1], frames)]}
    match value:
        case Enum():
            return encoded(value.value, frames)
        case None | bool() | str():
            return value
        case int():
            return int(value)
        case float() if math.isfinite(value):
            return float(value)
        case dict():
            return _encoded_dict(value, frames)
        case pl.DataFrame():
            return {"$frame": frames.add(value)}
        case pl.LazyFrame():
            return {"$frame": frames.add(value.collect())}
        case pl.Series():
            return {"$series": frames.add(value.to_frame(value.name))}
        case np.ndarray():
            return _encoded_array(value, frames)
        case np.generic():
            return encoded(value.item(), frames)
        case Predicate():
            name, content = fields_of(value)
            return {"$predicate": [name, encoded(content, frames)]}
        case BaseModel():
            return encoded(value.model_dump(exclude_unset=True), frames)
        case Mapping():
            return _encoded_dict(dict(value), frames)
    return _encoded_other(value, frames)


def _encoded_other(value: object, frames: Frames) -> Json:
    for kind, (of, write, _) in _KINDS.items():
        if isinstance(value, of):
            return {f"${kind}": write(value)}
    if type(value) is list:
        return [encoded(v, frames) for v in value]
    if isinstance(value, tuple):
        return {"$tuple": [encoded(v, frames) for v in value]}
    is_arrow = hasattr(value, "__arrow_c_stream__") or hasattr(value, "__arrow_c_array__")
    if is_arrow or (type(value).__module__.split(".")[0] == "pandas" and type(value).__name__ == "DataFrame"):
        return encoded(as_frame("frame", value), frames)
    if isinstance(value, Iterable):
        return [encoded(v, frames) for v in value]
    raise InputError(f"a {type(value).__name__} does not travel to a served database; give plain values or frames")


def _encoded_dict(value: dict[Any, object], frames: Frames) -> Json:
    if all(isinstance(key, str) and not key.startswith("$") for key in value):
        return {str(key): encoded(v, frames) for key, v in value.items()}
    return {"$dict": [[encoded(key, frames), encoded(v, frames)] for key, v in value.items()]}


def _encoded_array(value: np.ndarray[Any, Any], frames: Frames) -> Json:
    try:
        series = pl.Series("", np.ascontiguousarray(value.reshape(-1)))
    except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
        raise InputError(f"an array of {value.dtype} does not travel to a served database") from error
    return {"$array": [frames.add(series.to_frame()), list(value.shape)]}


# --- reading


def decoded(value: Json, frames: Sequence[pl.DataFrame], *, paths: bool = False) -> Any:
    """Return what `encoded` was given. Raises InputError for what it does not write.

    Args:
        paths: a path is one; else it raises InputError.
    """
    return _Reader(frames, paths).value(value, _DEPTH_MAX)


class _Reader:
    def __init__(self, frames: Sequence[pl.DataFrame], paths: bool) -> None:
        self._frames, self._paths = frames, paths

    def value(self, value: Json, depth: int) -> Any:
        """Return one value."""
        if depth == 0:
            raise InputError(f"the message nests values deeper than {_DEPTH_MAX}")
        match value:
            case list():
                return [self.value(v, depth - 1) for v in value]
            case dict():
                marked = [key for key in value if key.startswith("$")]
                if not marked:
                    return {key: self.value(v, depth - 1) for key, v in value.items()}
                if len(value) != 1:
                    raise InputError("the message has a value of two kinds")
                try:
                    return self._of_kind(marked[0][1:], value[marked[0]], depth - 1)
                except (TypeError, ValueError, KeyError, IndexError, ArithmeticError, AttributeError) as error:
                    raise InputError(f"the message has a {marked[0][:20]} that is none") from error
            case _:
                return value

    def _of_kind(self, kind: str, content: Json, depth: int) -> Any:
        match kind:
            case "frame":
                return self._frame(content)
            case "series":
                return self._frame(content).to_series()
            case "array":
                place, shape = content
                return self._frame(place).to_series().to_numpy().reshape([int(n) for n in shape])
            case "tuple":
                return tuple(self.value(content, depth))
            case "dict":
                return {self.value(k, depth): self.value(v, depth) for k, v in content}
            case "predicate":
                return predicate_of(content[0], self.value(content[1], depth))
            case "record":
                return _record(content[0], self.value(content[1], depth))
            case "path" if not self._paths:
                raise InputError("a path names a file of the server's machine, and only a token for admin may give one")
        read = _KINDS[kind][2]
        return read(content)

    def _frame(self, place: int) -> pl.DataFrame:
        if not isinstance(place, int) or not 0 <= place < len(self._frames):
            raise InputError("the message names a frame that it does not hold")
        return self._frames[place]


def _record(name: str, content: Any) -> Any:
    """Return a result of its class. Raises UnsupportedError for a class that this side does not have."""
    if name not in RECORDS:
        raise UnsupportedError(f"the server answers with a {name:.80}, which this version does not know")
    return RECORDS[name].read(content)


def _datetime(value: dt.datetime) -> Json:
    zone = getattr(value.tzinfo, "key", None)
    return [value.isoformat(), zone]


def _read_datetime(content: Json) -> dt.datetime:
    text, zone = content
    moment = dt.datetime.fromisoformat(text)
    return moment if zone is None else moment.astimezone(ZoneInfo(zone))


_Kind: TypeAlias = "tuple[type, Callable[[Any], Json], Callable[[Json], Any]]"
# What JSON lacks: the class, how it is written, how it is read.
_KINDS: dict[str, _Kind] = {
    "float": (float, repr, float),
    "datetime": (dt.datetime, _datetime, _read_datetime),
    "date": (dt.date, dt.date.isoformat, dt.date.fromisoformat),
    "time": (dt.time, dt.time.isoformat, dt.time.fromisoformat),
    "duration": (dt.timedelta, lambda d: [d.days, d.seconds, d.microseconds], lambda c: dt.timedelta(*c)),
    "decimal": (Decimal, str, Decimal),
    "uuid": (UUID, str, UUID),
    "bytes": (
        (bytes, bytearray, memoryview),  # type: ignore[dict-item]
        lambda b: base64.b64encode(bytes(b)).decode(),
        lambda text: base64.b64decode(text, validate=True),
    ),
    "path": (Path, str, Path),
}


# --- messages


def as_message(content: Mapping[str, Json]) -> bytes:
    """Return the JSON of a message as bytes. Raises InputError for half a surrogate pair in a text."""
    try:
        return json.dumps(content, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError("a text holds half a surrogate pair, which is no text") from error


def read_message(data: bytes) -> dict[str, Json]:
    """Return the JSON of a message. Raises InputError."""
    try:
        message = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError("the message is no JSON") from error
    if not isinstance(message, dict):
        raise InputError("the message is no JSON object")
    return message
