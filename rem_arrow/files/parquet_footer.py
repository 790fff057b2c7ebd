"""The footer of a Parquet file, before a library looks at it: whether any column is encrypted.

pyarrow 26 ends the whole process when it is asked for what such a column holds. The footer is a struct FileMetaData in
Thrift's compact protocol, then its length in four bytes, then PAR1. A column chunk is encrypted if it has the field
`crypto_metadata`:

    FileMetaData.row_groups [4]: list of RowGroup.columns [1]: list of ColumnChunk.crypto_metadata [8]

Source: https://github.com/apache/parquet-format, parquet.thrift; Thrift's compact protocol.
"""

from __future__ import annotations

import os
from io import FileIO

_PATH = (4, 1, 8)
_LEVELS_MAX = 64
# Kinds of the compact protocol.
_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT, _UUID = 1, 2, 3, 7, 8, 9, 10, 11, 12, 13


def has_encrypted_columns(file: FileIO) -> bool:
    """Say whether any column of an open file is encrypted; False for a file whose footer is encrypted or is none."""
    size = os.fstat(file.fileno()).st_size
    tail = os.pread(file.fileno(), 8, max(0, size - 8))
    length = int.from_bytes(tail[:4], "little")
    if tail[4:] != b"PAR1" or length > size - 8:
        return False
    try:
        return _Footer(os.pread(file.fileno(), length, size - 8 - length)).struct(_PATH, 0)
    except (IndexError, ValueError):
        return False


class _Footer:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def struct(self, path: tuple[int, ...], level: int) -> bool:
        """Pass over a struct; say whether it has the field at the end of a path of fields. Raises IndexError and
        ValueError for what is no struct."""
        if level > _LEVELS_MAX:
            raise ValueError("nested too deeply")
        field, holds = 0, False
        while head := self._byte():
            # The difference from the field before, or 0 and the number of the field.
            field = field + (head >> 4) if head >> 4 else _signed(self._number())
            inner = path[1:] if path and field == path[0] else ()
            holds |= bool(path) and field == path[0] and not inner
            if head & 15 not in (_TRUE, _FALSE):
                holds |= self._value(head & 15, inner, level)
        return holds

    def _value(self, kind: int, path: tuple[int, ...], level: int) -> bool:
        if kind == _STRUCT:
            return self.struct(path, level + 1)
        if kind in (_LIST, _SET):
            return self._items(path, level)
        if kind == _MAP:
            count = self._number()
            kinds = self._byte() if count else 0
            for _ in range(count):
                self._value(kinds >> 4, (), level + 1)
                self._value(kinds & 15, (), level + 1)
        elif kind == _BINARY:
            self._skip(self._number())
        elif kind in (_DOUBLE, _UUID):
            self._skip(8 if kind == _DOUBLE else 16)
        elif kind in (_TRUE, _FALSE, _BYTE):
            self._skip(1)
        else:
            self._number()
        return False

    def _items(self, path: tuple[int, ...], level: int) -> bool:
        head = self._byte()
        count = self._number() if head >> 4 == 15 else head >> 4
        found = [self._value(head & 15, path, level + 1) for _ in range(count)]
        return any(found)

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _skip(self, size: int) -> None:
        self._at += size
        if self._at > len(self._data):
            raise IndexError(self._at)

    def _number(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7


def _signed(zigzag: int) -> int:
    return (zigzag >> 1) ^ -(zigzag & 1)
