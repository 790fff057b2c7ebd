"""The check of everything that is stored, for `verify`: one row for each damaged value, table by table.

What is derived from the rows (key indexes, and the files of vector and full-text indexes) is checked too: damage there
is listed under its table, and made good from the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

import polars as pl

from rem_arrow.access.indexes import Indexes
from rem_arrow.access.key_indexes import physical
from rem_arrow.base.constraints import Constraint
from rem_arrow.base.errors import ConstraintError, CorruptionError
from rem_arrow.base.schema import Table
from rem_arrow.index import entries
from rem_arrow.running.progress import progress_bar
from rem_arrow.storage import history_notes, keys, log_file, recovery, tail
from rem_arrow.storage.segment import Segment
from rem_arrow.storage.store import Store
from rem_arrow.storage.version import PartView, TableVersion, Version
from rem_arrow.write.key_checks import check_distinct
from rem_arrow.write.references import check_partners
from rem_arrow.write.rewriting import live_rows

SCHEMA = {"table": pl.String, "segment": pl.Int64, "column": pl.String, "page": pl.Int64, "problem": pl.String}
# Where damage belongs to no segment.
NO_SEGMENT = -1
_SHARED = (keys.CATALOG, "ids", "keys", "index")

Advance: TypeAlias = Callable[[int], None]
# table, segment, column, page, problem.
Damage: TypeAlias = "tuple[str, int, str | None, int | None, str]"


def verify(store: Store, indexes: Indexes, version: Version, *, progress: bool | None = False) -> pl.DataFrame:
    """Read and check everything. Returns one row for each damaged value: table, segment, column, page, problem."""
    sound = [tv for tv in version.tables.values() if tv.damage is None]
    with progress_bar("verifying", sum(len(tv.parts) for tv in sound) + len(_SHARED), progress) as advance:
        return pl.DataFrame(list(_damages(store, indexes, version, advance)), schema=SCHEMA, orient="row")


def _damages(store: Store, indexes: Indexes, version: Version, advance: Advance) -> Iterator[Damage]:
    yield from _logs(store)
    pages_damaged = False
    for tv in version.tables.values():
        for damage in _table(store, tv, advance):
            pages_damaged = pages_damaged or damage[3] is not None
            yield damage
        yield from ((tv.table.name, NO_SEGMENT, name, None, problem) for name, problem in indexes.damages(tv.table))
        if tv.damage is None:
            problems = _keys(store, indexes, version, tv)
            yield from ((tv.table.name, NO_SEGMENT, name, None, problem) for name, problem in problems)
    yield from _older_versions(store)
    # What no manifest names is damaged alone where no page is.
    for family in _SHARED if pages_damaged else (*_SHARED, "pages"):
        yield from ((f"({family})", NO_SEGMENT, None, None, why) for why in _unreadable(store, family, b""))
        advance(1)
    if store.kv.damage is not None:
        yield "(files)", NO_SEGMENT, None, None, store.kv.damage


def _logs(store: Store) -> Iterator[Damage]:
    try:
        log_file.check_logs(store.path, whole=True)
    except CorruptionError as error:
        yield "(logs)", NO_SEGMENT, None, None, str(error)


def _table(store: Store, tv: TableVersion, advance: Advance) -> Iterator[Damage]:
    table = tv.table
    if tv.damage is not None:
        yield table.name, NO_SEGMENT, None, None, tv.damage
    columns = {f.number: f.name for f in table.fields}
    for segment in _segments(store, tv):
        yield from (
            (table.name, segment.number, columns.get(c, "(rowid)"), page, problem)
            for c, page, problem in segment.damages()
        )
        advance(1)
    prefix = keys.table_prefix(table.number)
    yield from _tail(store, table)
    for family in ("manifest", "dead"):
        yield from ((table.name, NO_SEGMENT, None, None, why) for why in _unreadable(store, family, prefix))


def _older_versions(store: Store) -> Iterator[Damage]:
    """Yield the damages of parts that only older versions have."""
    try:
        names = history_notes.names(store.kv)
        for key, value in recovery.retained(store.kv, "manifest"):
            table, part = keys.living(keys.split_part(key)[0]), keys.split_part(key)[1]
            name = f"{names.get(table, table)} (older versions)"
            for _, page, problem in Segment(store.kv, store.cache, table, part, value, table_name=name).damages():
                yield name, part, None, page, problem
        for key, value in recovery.retained(store.kv, "tail"):
            table, part, base = keys.split_tail(key)
            if not tail.is_sound(value):
                yield f"{names.get(keys.living(table), table)} (older versions)", part, None, base, "a write is damaged"
    except CorruptionError as error:
        yield "(older versions)", NO_SEGMENT, None, None, str(error)


def _keys(store: Store, indexes: Indexes, version: Version, tv: TableVersion) -> Iterator[tuple[str, str]]:
    """Yield the keys and references that rows break, or whose index lacks rows, by the first of their columns, and what
    is wrong."""
    for key in (c for c in tv.table.constraints if c.has_entries):
        fields = [tv.table.field(c) for c in key.columns]
        try:
            frames = list(live_rows(tv, fields))
            if frames and key.is_key:
                check_distinct(tv.table, key, pl.concat(frames))
            elif frames:
                check_partners(version, tv.table, key, pl.concat(frames))
            segments = [view for view in tv.parts if isinstance(view.part, Segment)]
            lacking = sum(_lacking(store, indexes, tv, view, key) for view in segments)
        except ConstraintError as error:
            yield key.columns[0], str(error)
        except CorruptionError:
            # It is listed where it lies.
            continue
        else:
            if lacking:
                what = f"{lacking:,} rows have no entry in the index of {key.text}"
                yield key.columns[0], f"{what}; DROP CONSTRAINT {key.name} and ADD it again to write them anew"


def _lacking(store: Store, indexes: Indexes, tv: TableVersion, view: PartView, key: Constraint) -> int:
    """Return how many live rows of a segment have no entry of a key."""
    mask, rowids = view.live_mask(), view.part.rowid_array(view.length)
    frame = view.part.frame([tv.table.field(c) for c in key.columns], view.length, keep=False)
    if mask is not None:
        frame, rowids = frame.filter(pl.Series(mask)), rowids[mask]
    columns = [physical(frame[c]).to_list() for c in key.columns]
    prefixes = indexes.keys.row_index(tv.table).prefixes(key, columns)
    wanted = [p + entries.rowid_value(r) for p, r in zip(prefixes, rowids.tolist(), strict=True) if p is not None]
    return store.kv.get_many("index", wanted).count(None)


def _segments(store: Store, tv: TableVersion) -> Iterable[Segment]:
    """Return the segments of a table; of a damaged one those whose manifest can be read."""
    if tv.damage is None:
        return [view.part for view in tv.parts if isinstance(view.part, Segment)]
    segments = []
    try:
        for key, value in store.kv.scan("manifest", keys.table_prefix(tv.table.number)):
            table, number = keys.split_part(key)
            segments.append(Segment(store.kv, store.cache, table, number, value, table_name=tv.table.name))
    except CorruptionError:
        # It is listed as what keeps the table from being read.
        return segments
    return segments


def _tail(store: Store, table: Table) -> Iterator[Damage]:
    try:
        for key, value in store.kv.scan("tail", keys.table_prefix(table.number)):
            _, part, base = keys.split_tail(key)
            try:
                tail.decode(value, table.fields)
            except CorruptionError as error:
                yield table.name, part, None, base, str(error)
    except CorruptionError as error:
        yield table.name, NO_SEGMENT, None, None, str(error)


def _unreadable(store: Store, family: str, prefix: bytes) -> Iterator[str]:
    try:
        for _ in store.kv.scan(family, prefix):
            pass
    except CorruptionError as error:
        yield str(error)
