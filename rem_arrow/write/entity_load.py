"""Bulk loading of entities: validate rows, assign ids, replace existing rows. Many new rows go to segments directly."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, compress
from typing import Any, NamedTuple

import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.base.errors import InputError
from rem_arrow.index import entries
from rem_arrow.model.fields import parsed_json
from rem_arrow.model.records import NewRows, Records
from rem_arrow.storage import values
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.store import Store
from rem_arrow.storage.version import TableVersion
from rem_arrow.write import loader
from rem_arrow.write.writer import Writer

_FEW_ROWS = 64


class EntityLoad:
    """One load into one table, computed from one version. REQUIRES: the store's lock for its whole life.

    Args:
        conflicts: whether transactions may be open, so that they must see which ids are new.
    """

    def __init__(
        self, store: Store, writer: Writer, records: Records, access: Access, tv: TableVersion, *, conflicts: bool
    ) -> None:
        self._conflicts = conflicts
        self._store, self._writer, self._records = store, writer, records
        self._access, self._tv, self._had_rows = access, tv, access.has_had_rows(tv)
        self._seen: set[str] = set()
        self._changes = Changes()
        self._replaced = 0

    def run(self, pieces: Iterable[pl.DataFrame], advance: Callable[[int], None]) -> tuple[Changes, int]:
        """Read and check all pieces. Returns the changes, and the number of rows."""
        pieces = iter(pieces)
        first = list(_take(pieces, loader.DIRECT_ROWS_MIN))
        if sum(p.height for p in first) < loader.DIRECT_ROWS_MIN:
            if not first:
                return self._changes, 0
            return self._small(first[0] if len(first) == 1 else pl.concat(first), advance)
        table, changes = self._tv.table, self._changes
        frames = (self._fresh_frame(piece) for piece in chain(first, pieces))
        manifests, count = loader.write_segments(
            self._store,
            table,
            frames,
            first_rowid=lambda n: self._store.reserve_rowids(table.number, n),
            progress=advance,
        )
        changes.manifests += manifests
        changes.loaded[table.number] = [self._seen]
        return changes, count + self._replaced

    def _small(self, piece: pl.DataFrame, advance: Callable[[int], None]) -> tuple[Changes, int]:
        """Add rows by the tail."""
        vectors = self._vectors(piece)
        if vectors.width or piece.height <= _FEW_ROWS:
            rows = self._validated(piece.drop(vectors.columns))
            changes, ids = self._writer.insert(self._access, self._tv, rows, _by_place(vectors))
            advance(len(ids))
            return changes, len(ids)
        table, changes, frame = self._tv.table, self._changes, self._fresh_frame(piece)
        first = self._store.reserve_rowids(table.number, frame.height) if frame.height else 0
        changes.append(table.number, loader.frame_append(frame, first))
        changes.loaded[table.number] = [self._seen]
        advance(piece.height)
        return changes, piece.height

    def _validated(self, piece: pl.DataFrame) -> NewRows:
        rows = piece.to_dicts()
        for field in self._tv.table.fields:
            if field.encoding == "json" and field.name in piece.columns:
                for row in rows:
                    row[field.name] = parsed_json(row[field.name])
        # A frame cannot leave a value out: where a field takes no NULL, NULL says that the row has none.
        left_out = [
            f.name
            for f in self._tv.table.fields
            if not f.nullable and f.name in piece.columns and piece[f.name].null_count()
        ]
        for row in rows if left_out else ():
            for name in left_out:
                if row[name] is None:
                    del row[name]
        return self._records.new_rows(rows)

    def _checked(self, piece: pl.DataFrame) -> _Checked:
        """Return rows as they are stored: validated by columns where the model allows it, else row by row."""
        columns, created = self._records.columns, self._tv.table.field("created_at").dtype
        if "created_at" not in piece.columns or piece["created_at"].dtype == created:
            declared = columns.whole(piece)
            if declared is not None:
                times = piece["created_at"] if "created_at" in piece.columns else _none(piece.height, created)
                return _Checked(columns.ids(piece), declared, times)
        rows = self._validated(piece)
        fields = self._records.declared
        found: list[Any] = list(zip(*rows.declared, strict=True)) if rows.declared else [()] * len(fields)
        plain = [values.column(f.name, c, f.dtype) for f, c in zip(fields, found, strict=True)]
        times = values.column("created_at", rows.created, created)
        return _Checked(rows.ids, pl.DataFrame(plain) if plain else pl.DataFrame(height=len(rows.ids)), times)

    def _fresh_frame(self, piece: pl.DataFrame) -> pl.DataFrame:
        """Return the rows of a piece whose ids are new, as a frame of the table; replace the others."""
        vectors = self._vectors(piece)
        bare = piece.drop(vectors.columns)
        rows = self._checked(bare)
        ids = [i for i in rows.ids if i is not None]
        if len(set(ids)) < len(ids) or not self._seen.isdisjoint(ids):
            before = set(self._seen)
            again = next(i for i in ids if i in before or before.add(i))  # type: ignore[func-returns-value]
            raise InputError(
                f"the id {again!r} comes more than once in the data for {self._tv.table.name}; nothing was stored"
            )
        self._seen.update(ids)
        existing = self._existing(ids)
        if existing:
            exists = pl.Series([i in existing for i in rows.ids], dtype=pl.Boolean)
            replaced = self._validated(bare.filter(exists))
            changes, _ = self._writer.insert(
                self._access, self._tv, replaced, _by_place(_vectors_where(vectors, exists))
            )
            self._changes.merge(changes)
            self._replaced += len(replaced.ids)
            rows, vectors = rows.where(~exists), _vectors_where(vectors, ~exists)
        if self._conflicts:
            number = self._tv.table.number
            self._changes.ids.update((number, entries.id_key(number, [i])) for i in rows.ids if i is not None)
        return self._frame(rows).with_columns(vectors.get_columns())

    def _vectors(self, piece: pl.DataFrame) -> pl.DataFrame:
        """Return the embeddings among the columns of the rows."""
        table = self._tv.table
        return pl.DataFrame(
            [
                loader.fitted_vectors(piece[e.column], e, table.name)
                for e in table.embeddings
                if e.column in piece.columns
            ]
        )

    def _existing(self, ids: list[str]) -> set[str]:
        """Return the ids among these that have a rowid, also those whose rows were purged."""
        if not self._had_rows or not ids:
            return set()
        rowids = self._access.rowids(self._tv, ids)
        return {i for i, r in zip(ids, rowids, strict=True) if r is not None}

    def _frame(self, rows: _Checked) -> pl.DataFrame:
        table = self._tv.table
        fresh_ids = iter(self._writer.make_ids(rows.ids.count(None)))
        ids = pl.Series("id", [next(fresh_ids) if i is None else i for i in rows.ids], dtype=pl.String)
        now = values.column("modified_at", [time.time_ns() // 1_000], table.field("modified_at").dtype)
        system = {
            "id": ids,
            "created_at": rows.created.fill_null(now[0]).alias("created_at"),
            "modified_at": now.new_from_index(0, len(ids)),
            "deleted_at": _none(len(ids), table.field("deleted_at").dtype).alias("deleted_at"),
        }
        frame = pl.DataFrame([system[f.name] if f.name in system else rows.declared[f.name] for f in table.fields])
        for column in frame.get_columns():
            loader.check_size(column, f"{table.name}.{column.name}")
        return frame


class _Checked(NamedTuple):
    """Validated rows, column by column.

    Attributes:
        ids: None where an id is to be generated.
        declared: the declared columns as they are stored.
        created: `created_at`, NULL where the row has none.
    """

    ids: list[str | None]
    declared: pl.DataFrame
    created: pl.Series

    def where(self, keep: pl.Series) -> _Checked:
        """Return some of the rows."""
        declared = self.declared.filter(keep) if self.declared.width else pl.DataFrame(height=int(keep.sum()))
        return _Checked(list(compress(self.ids, keep.to_list())), declared, self.created.filter(keep))


def _none(rows: int, dtype: pl.DataType) -> pl.Series:
    return pl.Series([None], dtype=dtype).new_from_index(0, rows)


def _vectors_where(vectors: pl.DataFrame, keep: pl.Series) -> pl.DataFrame:
    return vectors.filter(keep) if vectors.width else vectors


def _by_place(vectors: pl.DataFrame) -> dict[str, dict[int, Any]]:
    """Return, by column, the vector of each row that has one."""
    by_column = {
        name: {i: v for i, v in enumerate(vectors[name].to_list()) if v is not None} for name in vectors.columns
    }
    return {name: by_place for name, by_place in by_column.items() if by_place}


def _take(pieces: Iterator[pl.DataFrame], rows: int) -> Iterator[pl.DataFrame]:
    """Yield pieces until there are `rows` rows."""
    while rows > 0:
        piece = next(pieces, None)
        if piece is None:
            return
        yield piece
        rows -= piece.height
