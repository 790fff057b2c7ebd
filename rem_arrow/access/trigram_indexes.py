"""The trigrams of the names in every part of every table, in memory: built at the first search, and extended with the
rows.

A row is named by its id, by the fields that LOOKUP searches, and by the fields in IDENTIFIERS. A segment never changes,
so neither does its index. The new rows of a run are indexed as a piece of their own, and pieces of similar size are
merged. An index covers dead row versions too: the caller drops rows that are not live in its version. Ids that are
UUIDs are left out, because nobody misspells one.
"""

from __future__ import annotations

import threading
import time
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from rem_arrow.datatypes import instance
from rem_arrow.index.trigrams import Trigrams, index_texts
from rem_arrow.schema import Field, Table
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
    """The index of the rows `start` to `stop` of one field; `offsets` gives the row of each text."""

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

    def similar(self, view: PartView, field: Field, query: frozenset[str], threshold: float) -> tuple[Offsets, Scores]:
        """Return the rows of a part with a text of at least the similarity `threshold`, dead rows included, and the
        similarities; a row may come several times."""
        rows: list[Offsets] = []
        scores: list[Scores] = []
        for piece in self._up_to(view, field):
            for index in piece.indexes:
                places, likeness = index.similar(query, threshold)
                offsets = piece.offsets[places]
                visible = offsets < view.length
                rows.append(offsets[visible])
                scores.append(likeness[visible])
        return (np.concatenate(rows), np.concatenate(scores)) if rows else (np.empty(0, dtype=np.int64), np.empty(0))

    def _up_to(self, view: PartView, field: Field) -> tuple[_Piece, ...]:
        """Return the pieces that hold at least the rows of the view."""
        cached = self._pieces.get(view.part, {}).get(field.number, ())
        if (cached[-1].stop if cached else 0) >= view.length:
            return cached
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
        """Return the number of indexed texts, the bytes of the indexes in memory, and the seconds to build them."""
        with self._lock:
            pieces = [p for by_field in self._pieces.values() for some in by_field.values() for p in some]
        size = sum(p.offsets.nbytes + sum(i.bytes for i in p.indexes) for p in pieces)
        return {"texts": sum(len(p.offsets) for p in pieces), "bytes": size, "build_s": round(self._build_s, 3)}


def _indexed(view: PartView, field: Field, start: int) -> _Piece:
    column = view.part.frame([field], view.length).to_series().slice(start)
    frame = pl.DataFrame({"text": column, "offset": pl.int_range(start, view.length, dtype=pl.Int64, eager=True)})
    if isinstance(field.dtype, pl.List):
        frame = frame.explode("text")
    present = pl.col("text").is_not_null() & (pl.col("text") != "")
    frame = frame.filter(present & ~pl.col("text").str.contains(_UUID) if field.name == "id" else present)
    return _Piece(start, view.length, frame["offset"].to_numpy(), index_texts(frame["text"]))
