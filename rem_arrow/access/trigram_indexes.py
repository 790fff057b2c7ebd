"""The trigrams of the names in every part of every table, in memory: made when someone first asks, and grown with the
rows.

What names a row: its id, what LOOKUP finds it by, and the fields in IDENTIFIERS. A segment never changes, so neither
does its index; of a run the rows that came since are indexed beside the others, and pieces of similar size are merged.
An index tells what every row version says, dead ones too: who asks leaves out what is not live in his version. Ids that
are UUIDs are left out: nobody misspells one.
"""

from __future__ import annotations

import threading
import time
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from rem_arrow.base.datatypes import instance
from rem_arrow.base.schema import Field, Table
from rem_arrow.index.trigrams import NOTHING, Matches, Queries, Trigrams, index_texts
from rem_arrow.storage.segment import Segment
from rem_arrow.storage.tail import Run
from rem_arrow.storage.version import PartView

if TYPE_CHECKING:
    import numpy.typing as npt

    Offsets = npt.NDArray[np.int64]
    Scores = npt.NDArray[np.float64]

IDENTIFIERS = frozenset(
    [
        "name",
        "full_name",
        "display_name",
        "first_name",
        "last_name",
        "title",
        "label",
        "alias",
        "nickname",
        "username",
        "user_name",
        "login",
        "handle",
        "email",
        "code",
        "key",
        "slug",
        "symbol",
        "path",
        "file",
        "filename",
        "uri",
        "url",
        "sku",
        "number",
    ]
)
_UUID = r"^[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}$"


def named_fields(table: Table) -> list[Field]:
    """Return the fields that name a row of an entity table, most important first."""
    names = dict.fromkeys(
        [
            *table.key,
            *table.name_fields,
            *(f.name for f in table.fields if f.name.casefold() in IDENTIFIERS and _is_text(f)),
        ]
    )
    return [table.field(n) for n in names]


def _is_text(field: Field) -> bool:
    dtype = field.dtype
    return field.encoding == "plain" and (
        isinstance(dtype, pl.String) or (isinstance(dtype, pl.List) and instance(dtype.inner) == pl.String())
    )


@dataclass(frozen=True, eq=False, slots=True)
class _Piece:
    """The index of the rows `start` to `stop` of one field; `offsets` are the rows of the texts."""

    start: int
    stop: int
    offsets: Offsets
    indexes: list[Trigrams]


class TrigramIndexes:
    """The indexes of one store. Safe in many threads."""

    def __init__(self) -> None:
        self._pieces: weakref.WeakKeyDictionary[Segment | Run, dict[int, tuple[_Piece, ...]]] = (
            weakref.WeakKeyDictionary()
        )
        self._lock = threading.Lock()
        self._build_s = 0.0

    def similar(self, view: PartView, field: Field, queries: Queries, thresholds: Scores) -> Matches:
        """Return the rows of a part, dead ones too, one of whose texts is at least so similar to a query as its
        threshold says; a row may come several times. They ascend by query and, where a row has one text, by row."""
        parts = [NOTHING]
        for piece in self._up_to(view, field):
            for index in piece.indexes:
                found = index.similar(queries, thresholds)
                offsets = piece.offsets[found.place]
                seen = offsets < view.length
                parts.append(Matches(found.query[seen], offsets[seen], found.score[seen]))
        whole = [p for p in parts if len(p.query)] or [NOTHING]
        if len(whole) == 1:
            return whole[0]
        query, place, score = map(np.concatenate, zip(*whole, strict=True))
        order = np.argsort(query, kind="stable")
        return Matches(query[order], place[order], score[order])

    def _up_to(self, view: PartView, field: Field) -> tuple[_Piece, ...]:
        """Return the pieces that hold at least the rows of the view."""
        indexed = self._pieces.get(view.part, {}).get(field.number, ())
        if (indexed[-1].stop if indexed else 0) >= view.length:
            return indexed
        with self._lock:
            by_field = self._pieces.setdefault(view.part, {})
            pieces = list(by_field.get(field.number, ()))
            start = pieces[-1].stop if pieces else 0
            if start >= view.length:
                return tuple(pieces)
            while pieces and pieces[-1].stop - pieces[-1].start <= 2 * (view.length - start):
                start = pieces.pop().start
            began = time.perf_counter()
            pieces.append(_indexed(view, field, start))
            self._build_s += time.perf_counter() - began
            by_field[field.number] = tuple(pieces)
            return by_field[field.number]

    def stats(self) -> dict[str, float]:
        """Return how many texts are indexed, the bytes that this takes in memory, and the seconds that it took."""
        with self._lock:
            pieces = [p for by_field in self._pieces.values() for some in by_field.values() for p in some]
        size = sum(p.offsets.nbytes + sum(i.bytes for i in p.indexes) for p in pieces)
        return {"texts": sum(len(p.offsets) for p in pieces), "bytes": size, "build_s": round(self._build_s, 3)}


def _indexed(view: PartView, field: Field, start: int) -> _Piece:
    column = view.part.frame([field], view.length).to_series().slice(start)
    frame = pl.DataFrame({"text": column, "offset": pl.int_range(start, view.length, dtype=pl.Int64, eager=True)})
    if isinstance(field.dtype, pl.List):
        frame = frame.explode("text")
    written = pl.col("text").is_not_null() & (pl.col("text") != "")
    frame = frame.filter(written & ~pl.col("text").str.contains(_UUID) if field.name == "id" else written)
    return _Piece(start, view.length, frame["offset"].to_numpy(), index_texts(frame["text"]))
