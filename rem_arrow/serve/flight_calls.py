"""Calls of verbs over Arrow Flight: one DoExchange a call.

    client   the request, JSON; the pieces of its frames; for `load` the pieces of its rows, and `END`
    server   the answer, JSON; the pieces of its frames; for `reader` a stream of record batches

Requests, answers and pieces are messages of metadata alone, see `face/wire_values.py`. An answer has a `value` or an
`error`; an error that comes behind the first batches is one more message.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

import polars as pl

from rem_arrow.base.errors import InputError, RemError
from rem_arrow.face import wire_errors
from rem_arrow.face.wire_values import END, Frames, as_message, decoded, encoded, read_frames, read_message
from rem_arrow.interop.readers import Input
from rem_arrow.serve.access_tokens import Grant
from rem_arrow.serve.limits import ServeLimits
from rem_arrow.serve.service import Call, Service

if TYPE_CHECKING:
    from pyarrow import flight

    from rem_arrow.serve.statement_runs import IsGone

_FRAMES_MAX, _PIECES_MAX = 1_000, 1_000_000


def answer(
    service: Service,
    grant: Grant,
    reader: flight.MetadataRecordBatchReader,
    writer: flight.MetadataRecordBatchWriter,
    is_gone: IsGone,
) -> None:
    """Read one request, run it, and write the answer."""
    try:
        call = _request(reader, service.limits, paths=grant.allows("admin"))
        if call.verb == "reader":
            _stream(service, grant, call, writer, is_gone)
            return
        result, session = service.call(grant, call, is_gone)
        frames = Frames()
        message = {"value": encoded(result, frames), "frames": frames.counts(), "session": session}
        writer.write_metadata(as_message(message))
        for piece in frames.pieces():
            writer.write_metadata(piece)
    except RemError as error:
        writer.write_metadata(as_message({"error": wire_errors.written(error)}))


def _stream(
    service: Service,
    grant: Grant,
    call: Call,
    writer: flight.MetadataRecordBatchWriter,
    is_gone: IsGone,
) -> None:
    with service.stream(grant, call.verb, is_gone, service.reader(grant, call)) as stream:
        writer.write_metadata(as_message({"value": None, "frames": [], "session": call.session}))
        writer.begin(stream.schema)
        while (batch := stream.next()) is not None:
            writer.write_batch(batch)


def _request(reader: flight.MetadataRecordBatchReader, limits: ServeLimits, *, paths: bool) -> Call:
    """Return the call that a client asks for. Raises InputError."""
    messages = _messages(reader, limits)
    request = read_message(next(messages, b""))
    counts = request.get("frames")
    if not isinstance(counts, list) or not all(type(n) is int and n > 0 for n in counts):
        raise InputError("the request does not say how many frames it has")
    if len(counts) > _FRAMES_MAX or sum(counts) > _PIECES_MAX:
        raise InputError(f"a request has at most {_FRAMES_MAX:,} frames")
    frames = read_frames(counts, messages)
    arguments = decoded(request.get("arguments"), frames, paths=paths)
    verb = request.get("verb")
    if not isinstance(arguments, dict) or not isinstance(verb, str):
        raise InputError("a request has a verb, and arguments by name")
    if verb == "load":
        if arguments.get("data") is not None:
            raise InputError("load sends its rows as a stream")
        arguments["data"] = _rows(reader, limits)
    names = [request.get(name) for name in ("transaction", "session")]
    if not all(name is None or isinstance(name, str) for name in names):
        raise InputError("a transaction and a session are named by texts")
    return Call(verb, arguments, *names)


def _messages(reader: flight.MetadataRecordBatchReader, limits: ServeLimits) -> Iterator[bytes]:
    """Yield the messages of a request as they are needed. Raises InputError for more than a request may hold."""
    size = 0
    while True:
        try:
            message = reader.read_chunk().app_metadata
        except StopIteration:
            return
        if message is None:
            raise InputError("the request has rows where a message stands")
        size += message.size
        limits.check_bytes(size)
        yield message.to_pybytes()


def _rows(reader: flight.MetadataRecordBatchReader, limits: ServeLimits) -> Input:
    """Return the rows that follow a request, read as they are needed. Raises InputError."""

    def pieces() -> Iterator[pl.DataFrame]:
        while True:
            # Each piece may be as large as a request.
            piece = next(_messages(reader, limits), None)
            if piece is None:
                raise InputError("the rows ended before they were whole; nothing was stored")
            if piece == END:
                return
            yield from read_frames([1], [piece])

    rows = pieces()
    first = next(rows, pl.DataFrame())
    return Input(first.schema, None, chain([first], rows))
