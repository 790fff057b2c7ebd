"""The bytes of every key in RocksDB. All integers are big-endian, so that byte order is number order.

family    key                                              value
catalog   "format"                                         b"rem_arrow 1"
          "database"                                       16 random bytes
          "commit"                                         u64, the newest commit
          "tables"                                         u64, the next table number
          "table" table:u16                                JSON, schema.Table
          "rowid" table:u16                                u64, rowids below it may have been given out
          "part" table:u16                                 u64, part numbers below it may have been given out
          "sequence" table:u16                             the next number of a sequence, as a decimal text
          "history", "tag", "when", "past", "was"          older states that are kept, see history.py
tail      table:u16 part:u32 base:u32                      one write, see tail.py
manifest  table:u16 part:u32                               JSON, see segment.py
          ff ff table:u32                                  a copy of the table's description, see copies.py
pages     table:u16 part:u32 column:u16 page:u16           one page, see codec.py
          table:u16 part:u32 ff ff ff ff                   a copy of the segment's manifest, see copies.py
dead      table:u16 part:u32 commit:u64                    u32 offsets that this commit killed, little-endian
          (tail, manifest, dead under a table number with the highest bit set: parts that kept states alone name)
ids, keys, index                                           see rem_arrow/index/entries.py
"""

from __future__ import annotations

import struct

FAMILIES = ("default", "tail", "manifest", "pages", "dead", "ids", "keys", "index")
CATALOG = "default"
FORMAT_NUMBER = 1
FORMAT = b"rem_arrow %d" % FORMAT_NUMBER
ROWID_MAX = (1 << 47) - 1
# Set in the number of a table under which the parts lie that only older states have.
_RETAINED = 1 << 15
TABLE_MAX = _RETAINED - 2
NO_TABLE = 0xFFFF

U64 = struct.Struct(">Q")
_TABLE = struct.Struct(">H")
_PART = struct.Struct(">HI")
_TAIL = struct.Struct(">HII")
_PAGE = struct.Struct(">HIHH")
_DEAD = struct.Struct(">HIQ")


def table_key(prefix: bytes, table: int) -> bytes:
    return prefix + _TABLE.pack(table)


def table_prefix(table: int) -> bytes:
    return _TABLE.pack(table)


def retained(table: int) -> int:
    """Return the number under which parts of a table lie on that it has no more."""
    return table | _RETAINED


def living(number: int) -> int:
    """Return the table of which parts lie on under a number."""
    return number & ~_RETAINED


RETAINED_LOW, RETAINED_HIGH = table_prefix(retained(0)), table_prefix(NO_TABLE)


def part_key(table: int, part: int) -> bytes:
    return _PART.pack(table, part)


def split_part(key: bytes) -> tuple[int, int]:
    table, part = _PART.unpack_from(key)
    return int(table), int(part)


def tail_key(table: int, part: int, base: int) -> bytes:
    return _TAIL.pack(table, part, base)


def split_tail(key: bytes) -> tuple[int, int, int]:
    table, part, base = _TAIL.unpack(key)
    return int(table), int(part), int(base)


def page_key(table: int, part: int, column: int, page: int) -> bytes:
    return _PAGE.pack(table, part, column, page)


def manifest_copy_key(table: int, part: int) -> bytes:
    return _PAGE.pack(table, part, 0xFFFF, 0xFFFF)


def split_page(key: bytes) -> tuple[int, int, int, int]:
    table, part, column, page = _PAGE.unpack(key)
    return int(table), int(part), int(column), int(page)


def split_dead(key: bytes) -> tuple[int, int, int]:
    table, part, commit = _DEAD.unpack(key)
    return int(table), int(part), int(commit)


def dead_key(table: int, part: int, commit: int) -> bytes:
    return _DEAD.pack(table, part, commit)


def after(prefix: bytes) -> bytes | None:
    """Return the smallest key behind every key that starts with `prefix`; None when there is none."""
    stripped = prefix.rstrip(b"\xff")
    return stripped[:-1] + bytes([stripped[-1] + 1]) if stripped else None
