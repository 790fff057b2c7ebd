"""Rows that go with another one when it is deleted or purged:

    of a session     its messages, and the moments that an edge says to be derived from the session or one of these
    of a document    its chunks, in `resources` too

An owner need not exist any more, or yet: what belongs to its id goes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from rem_arrow.access.access import Access
from rem_arrow.base.datatypes import Json
from rem_arrow.base.schema import Table
from rem_arrow.storage.version import Place, TableVersion
from rem_arrow.write import edges

SESSIONS, MESSAGES, MOMENTS, DOCUMENTS = "sessions", "messages", "moments", "resources"
DERIVED = "derived_from"
PlainRow: TypeAlias = Callable[[Table, Place], tuple[Json, ...]]


def chunk_id(uri: str, ordinal: int) -> str:
    """Return the id of a chunk of a document."""
    return f"{uri}#{ordinal}"


def with_owned(
    access: Access, plain_row: PlainRow, tv: TableVersion, ids: Sequence[str]
) -> list[tuple[TableVersion, list[str]]]:
    """Return these ids of a table, each once, and then by table the ids of the rows that go with them."""
    named = list(dict.fromkeys(ids))
    groups = [(tv, named)]
    match tv.table.name:
        case name if name == SESSIONS:
            parts = access.version.find(MESSAGES)
            messages = (
                [] if parts is None else [str(r[0]) for r in _by_value(access, plain_row, parts, "session_id", ids)]
            )
            moments = _derived(access, plain_row, {*((SESSIONS, i) for i in named), *((MESSAGES, i) for i in messages)})
            groups += [(access.table(t), i) for t, i in ((MESSAGES, messages), (MOMENTS, moments)) if i]
        case name if name == DOCUMENTS:
            uri, ordinal = (tv.table.names.index(n) for n in ("uri", "ordinal"))
            rows = _by_value(access, plain_row, tv, "uri", ids)
            chunks = {str(r[0]) for r in rows if r[0] == chunk_id(str(r[uri]), int(str(r[ordinal])))}
            groups.append((tv, sorted(chunks - set(named))))
        case _:
            pass
    return groups


def _by_value(
    access: Access, plain_row: PlainRow, tv: TableVersion, column: str, values: Sequence[str]
) -> Iterator[tuple[Json, ...]]:
    """Yield the rows, deleted or not, that have one of some values in an indexed column."""
    place_of, wanted = tv.table.names.index(column), set(values)
    rowids = {
        rowid
        for value in wanted
        for rowid in access.by_value(tv, tv.table.field(column), value, limit=sys.maxsize - 1) or ()
    }
    for rowid in sorted(rowids):
        place = tv.place(rowid)
        row = None if place is None else plain_row(tv.table, place)
        if row is not None and row[place_of] in wanted:
            yield row


def _derived(access: Access, plain_row: PlainRow, sources: set[tuple[str, str]]) -> list[str]:
    """Return the ids of the moments that are derived from entities."""
    rows = _by_value(access, plain_row, access.table(edges.NAME), "dst", sorted({id_ for _, id_ in sources}))
    found = (r[1] for r in rows if r[0] == MOMENTS and r[4] == DERIVED and (r[2], r[3]) in sources)
    return list(dict.fromkeys(str(id_) for id_ in found))
