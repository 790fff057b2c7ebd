"""Open files of others as streams of bytes: each reader has its own place in the file, and what was compressed is
decompressed within bounds."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from io import FileIO
from typing import BinaryIO, cast

import pyarrow as pa

from rem_arrow.base.errors import InputError
from rem_arrow.files.expansion import COMPRESSED, expanded_bytes_max

# What `compression` may be called, and the codecs of Arrow.
CODECS = {"gzip": "gzip", "gz": "gzip", "zstd": "zstd", "zst": "zstd", "bz2": "bz2", "bzip2": "bz2", "lz4": "lz4"}
_CHUNK = 1 << 20


class _Place(io.RawIOBase):
    """A reader of an open file with a place of its own; the file's is not moved."""

    def __init__(self, file: FileIO) -> None:
        self._file, self._offset = file, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._offset, os.SEEK_END: os.fstat(self._file.fileno()).st_size}[whence]
        self._offset = base + offset
        return self._offset

    def tell(self) -> int:
        return self._offset

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast(bytearray, buffer))
        data = os.pread(self._file.fileno(), len(view), self._offset)
        view[: len(data)] = data
        self._offset += len(data)
        return len(data)


class _Bounded(io.RawIOBase):
    """What a compressed file holds. Raises InputError where it is far more than the file."""

    def __init__(self, source: object, name: str, size: int) -> None:
        self._source, self._name, self._left, self._size = source, name, expanded_bytes_max(size), size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast(bytearray, buffer))
        try:
            data = cast(pa.NativeFile, self._source).read(len(view))
        except (OSError, pa.ArrowException) as error:
            raise InputError(f"{self._name} cannot be decompressed: {error}") from error
        view[: len(data)] = data
        self._left -= len(data)
        if self._left < 0:
            raise InputError(
                f"{self._name} has {self._size:,} bytes, and far more once it is decompressed; if it is what it should "
                "be, decompress it first"
            )
        return len(data)


def place_of(file: FileIO) -> io.BufferedReader:
    """Return a reader of an open file that starts at its beginning, and does not move the file."""
    return io.BufferedReader(_Place(file), _CHUNK)


def byte_stream(file: FileIO, name: str, compression: str) -> BinaryIO:
    """Return the bytes of an open file from its beginning, decompressed. Raises InputError.

    Args:
        name: names the file in errors.
        compression: "auto" by its first bytes, "none", or one of CODECS.
    """
    if compression == "auto":
        head = os.pread(file.fileno(), 8, 0)
        compression = next((codec for mark, codec in COMPRESSED.items() if head.startswith(mark)), "none")
    if compression == "none":
        return place_of(file)
    codec = CODECS.get(compression)
    if codec is None:
        raise InputError(f"{name} is compressed by {compression}, which is not read; decompress it first")
    raw = pa.PythonFile(place_of(file), mode="r")
    source = pa.CompressedInputStream(raw, codec)
    return io.BufferedReader(_Bounded(source, name, os.fstat(file.fileno()).st_size), _CHUNK)


class _Lines(io.RawIOBase):
    """Lines one after the other."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines, self._rest = lines, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast(bytearray, buffer))
        data = self._rest or next(self._lines, b"")
        self._rest = data[len(view) :]
        data = data[: len(view)]
        view[: len(data)] = data
        return len(data)


def without_comments(stream: BinaryIO, mark: str, quote: str, skip_rows: int) -> BinaryIO:
    """Return a stream of texts without its first lines, and without those that `mark` begins outside of quotes."""

    def lines() -> Iterator[bytes]:
        inside = False
        for number, line in enumerate(iter(stream.readline, b"")):
            if number < skip_rows or (not inside and line.lstrip(b" ").startswith(mark.encode())):
                continue
            inside ^= bool(quote) and line.count(quote.encode()) % 2 == 1
            yield line

    return io.BufferedReader(_Lines(lines()), _CHUNK)
