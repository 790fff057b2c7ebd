"""Repair of a damaged database that nobody has open: what is sound goes into a new store, and that into the folder.

    memory.rem/repair.tmp/      links to the files, and the new store, while a repair runs
    memory.rem/damaged/TIME/    the files that were there before; nothing of them is deleted

A repair that is killed has changed nothing, or is finished by the next one: the file `repair.tmp/ready` is written when
the new store is whole, and names the folder for the old files.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import datetime, timezone
from itertools import islice
from pathlib import Path
from typing import cast

import polars as pl
from pydantic_core import from_json

from rem_arrow.access.indexes import damaged_files
from rem_arrow.access.key_indexes import FAMILIES, KeyIndexes
from rem_arrow.base.datatypes import Json
from rem_arrow.base.errors import CorruptionError, InputError
from rem_arrow.base.real_files import check_real_files
from rem_arrow.base.schema import Table
from rem_arrow.running.file_sync import sync_file
from rem_arrow.running.progress import progress_bar
from rem_arrow.storage import copies, history_notes, keys, last_commit, recovery
from rem_arrow.storage.cache import ColumnCache
from rem_arrow.storage.claims import locked
from rem_arrow.storage.kv import KV, Op
from rem_arrow.storage.salvage import Source
from rem_arrow.storage.segment import Segment
from rem_arrow.write.salvaged_table import Loss, SalvagedTable, Stored

SCHEMA = {"table": pl.String, "segment": pl.Int64, "rows": pl.Int64, "commits": pl.String, "problem": pl.String}
WORK, ASIDE = "repair.tmp", "damaged"
_READY, _PUT_ASIDE = "ready", "put-aside"
# What stays where it is: other databases, what earlier repairs put aside, and the files of indexes.
_OTHERS = (ASIDE, "tenants")
_STAYS = (*_OTHERS, WORK, "vectors", "texts")
# Numbers that lost rows and segments may have had are not given out again.
_ROWIDS_SKIPPED, _PARTS_SKIPPED = 1 << 20, 1 << 10


def repair(folder: Path, *, dry_run: bool = False, progress: bool | None = False) -> pl.DataFrame:
    """Save what is sound of a damaged database. Returns a row for each damage: table, segment, rows, commits, problem.

    Raises:
        InputError: the folder holds no database, or one of another format, or links that lead out of it.
        ConflictError: somebody has it open for writing.
    """
    if not any(folder.glob("MANIFEST-*")) and not any(folder.glob("*.sst")) and not (folder / WORK / _READY).is_file():
        raise InputError(f"{folder} holds no database to repair")
    check_real_files(folder, apart_from=_OTHERS)
    with locked(folder):
        work = folder / WORK
        if (work / _READY).is_file():
            _exchange(folder, work)
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        try:
            with closing(Source(folder, work)) as source, progress_bar("repairing, tables", None, progress) as advance:
                salvage = _Salvage(folder, source)
                losses = salvage.losses()
                if losses and not dry_run:
                    for _ in salvage.written(work / "new"):
                        advance(1)
                    salvage.put_aside_indexes(_aside(work))
            if losses and not dry_run:
                _exchange(folder, work)
        finally:
            if not (work / _READY).is_file():
                shutil.rmtree(work, ignore_errors=True)
    return pl.DataFrame(losses, schema=SCHEMA, orient="row")


class _Salvage:
    """What was read of a damaged database, and the writing of a new one."""

    def __init__(self, folder: Path, source: Source) -> None:
        self._folder, self._source = folder, source
        self._catalog, self._catalog_gaps = source.entries(keys.CATALOG)
        recovery.check_format_of(folder, self._catalog.get(b"format"), lost=bool(self._catalog_gaps))
        families = {family: source.entries(family) for family in ("manifest", "tail", "dead")}
        manifests, tails, dead = rows = [entries for entries, _ in families.values()]
        stored = Stored(source.kv, manifests, tails, dead, {f: gaps for f, (_, gaps) in families.items()})
        self._losses: list[Loss] = []
        described = dict(self._described(manifests))
        self.tables = [SalvagedTable(stored, table) for table in described.values()]
        stored_tables = {keys.split_part(key)[0] for family in rows for key in family}
        for number in stored_tables - {*described, keys.NO_TABLE}:
            if self._catalog_gaps and number == keys.living(number):
                self._losses.append(Loss(f"table {number}", None, None, None, "its description is lost"))
        self._drop_vectors_of_lost_rows()
        self._index_files = list(damaged_files(folder, self._catalog))

    def losses(self) -> list[Loss]:
        """Return all that is damaged."""
        problems = [*self._source.problems, *self._source.page_problems()]
        files = [Loss(f"({p.place})", None, None, p.commits, p.problem) for p in problems]
        catalog = [Loss("(catalog)", None, None, None, gap.problem) for gap in self._catalog_gaps]
        older = [Loss("(older versions)", None, None, None, "are let go of") for _ in islice(self._older(), 1)]
        known = last_commit.read(self._folder)
        try:
            if known is not None:
                known.check(self._folder, self._commit())
        except CorruptionError as error:
            files.append(Loss(f"({last_commit.NAME})", None, None, f"after {self._commit()}", str(error)))
        derived = [
            Loss(f"({family})", None, 0, None, f"made anew: {gap.problem}")
            for family in (*FAMILIES, "pages")
            for gap in self._source.gaps(family)
        ]
        indexes = [
            Loss(f"({path.parent.name})", None, 0, None, f"made anew from the rows: {problem}")
            for _, path, problem in self._index_files
        ]
        of_rows = [loss for table in self.tables for loss in table.losses]
        # What was read lies in a scratch folder under the name that it has in the database's.
        scratch = re.compile(re.escape(str(self._folder / WORK)) + r"/[a-z-]+")
        found = (*files, *catalog, *self._losses, *of_rows, *derived, *indexes)
        return [
            loss._replace(problem=scratch.sub(str(self._folder), loss.problem))
            for loss in (*found, *(older if found else ()))
        ]

    def _older(self) -> Iterator[bytes]:
        """Yield the keys that tell of older versions."""
        return (key for key in self._catalog if key.startswith(history_notes.OF_STATES))

    def _drop_vectors_of_lost_rows(self) -> None:
        by_number = {salvaged.table.number: salvaged for salvaged in self.tables}
        for salvaged in self.tables:
            for embedding in salvaged.table.embeddings:
                vectors = by_number.get(embedding.table)
                if vectors is not None:
                    vectors.keep_only(salvaged.live_rowids(), of=salvaged.table.name)

    def _described(self, manifests: Mapping[bytes, bytes]) -> Iterator[tuple[int, Table]]:
        """Yield the tables that are described, where the catalog is damaged also by a copy among the manifests."""
        described = {key: value for key, value in self._catalog.items() if recovery.is_description_key(key)}
        for key, copy in manifests.items() if self._catalog_gaps else ():
            owner, number = keys.split_part(key)
            if owner == keys.NO_TABLE:
                with suppress(CorruptionError):
                    described.setdefault(keys.table_key(b"table", number), copies.original(copy))
        for key, value in sorted(described.items()):
            try:
                table = Table.from_json(cast("dict[str, Json]", from_json(value)))
            except (ValueError, KeyError, TypeError, AssertionError) as error:
                self._losses.append(Loss("(catalog)", None, None, None, f"description {key[5:].hex()}: {error}"))
                continue
            yield table.number, table

    # --- writing

    def written(self, path: Path) -> Iterator[None]:
        """Write the new store, a table at a time."""
        path.mkdir()
        commit = self._commit()
        with closing(KV(path, "write")) as target, ThreadPoolExecutor(2) as executor:
            target.write(self._catalog_ops(commit))
            for table in self.tables:
                table.write(target, commit, executor)
                _index(target, table.table)
                yield
            for family in keys.FAMILIES:
                target.flush(family)

    def _commit(self) -> int:
        """Return the number of the newest commit that is known."""
        dead = self._source.entries("dead")[0]
        stored = self._catalog.get(b"commit")
        known = [keys.split_dead(key)[2] for key in dead] + ([] if stored is None else [_number(stored)])
        return max(known, default=0)

    def _catalog_ops(self, commit: int) -> Iterator[Op]:
        damaged = {entry for entry, _, _ in self._index_files}
        for key, value in self._catalog.items():
            left_out = recovery.is_description_key(key) or key.startswith(history_notes.OF_STATES)
            if key not in damaged and not left_out:
                yield keys.CATALOG, key, value
        for table in self.tables:
            number = table.table.number
            yield from recovery.description_ops(number, table.table)
            yield self._counter(keys.table_key(b"rowid", number), table.rowid_high + _ROWIDS_SKIPPED, table)
            yield self._counter(keys.table_key(b"part", number), table.part_high + _PARTS_SKIPPED, table)
        yield keys.CATALOG, b"format", keys.FORMAT
        if b"database" not in self._catalog:
            yield keys.CATALOG, b"database", os.urandom(16)
        numbers = [table.table.number for table in self.tables]
        stored = self._catalog.get(b"tables")
        next_table = max(numbers, default=0) + (1 if stored is not None else _PARTS_SKIPPED)
        yield keys.CATALOG, b"tables", keys.U64.pack(max(next_table, 0 if stored is None else _number(stored)))
        yield keys.CATALOG, b"commit", keys.U64.pack(commit)

    def _counter(self, key: bytes, beyond: int, table: SalvagedTable) -> Op:
        """Return a counter: as it was, or beyond all that may have been given out."""
        stored = self._catalog.get(key)
        known = 0 if stored is None else _number(stored)
        return keys.CATALOG, key, keys.U64.pack(max(known, beyond) if known == 0 or table.losses else known)

    def put_aside_indexes(self, aside: str) -> None:
        """Move the damaged files of indexes away, and say that the new store is whole."""
        for _, path, _ in self._index_files:
            if path.exists():
                target = self._folder / ASIDE / aside / path.parent.name
                target.mkdir(parents=True, exist_ok=True)
                path.rename(target / path.name)
        _write_synced(self._folder / WORK / _READY, aside)


def _number(stored: bytes) -> int:
    return int(keys.U64.unpack(stored)[0])


def _index(target: KV, table: Table) -> None:
    """Give the rows of a table's segments their entries in the key indexes."""
    indexes = KeyIndexes()
    places = indexes.row_index(table).columns
    version = recovery.table_version(target, ColumnCache(64 << 20), table)
    for view in version.parts if places else ():
        if isinstance(view.part, Segment):
            frame = view.part.frame([table.fields[p] for p in places], view.length)
            rowids, mask = view.part.rowid_array(view.length), view.live_mask()
            live = frame if mask is None else frame.filter(pl.Series(mask))
            indexes.write(target, table, live, (rowids if mask is None else rowids[mask]).tolist())
    for family in FAMILIES:
        target.flush(family)


def _aside(work: Path) -> str:
    """Return the name of a new folder for the old files."""
    stamp = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H%M%SZ")
    taken = [p.name for p in (work.parent / ASIDE).glob(f"{stamp}*")]
    return stamp if not taken else f"{stamp}-{len(taken)}"


def _exchange(folder: Path, work: Path) -> None:
    """Put the old files aside and the new ones in their place. Without CURRENT the folder is no database: it goes first
    and comes last."""
    aside = folder / ASIDE / (work / _READY).read_text(encoding="utf-8").strip()
    aside.mkdir(parents=True, exist_ok=True)
    new = work / "new"
    if not (work / _PUT_ASIDE).is_file():
        old = [p for p in folder.iterdir() if p.name not in _STAYS]
        _move(sorted(old, key=lambda p: p.name != "CURRENT"), aside)
        _write_synced(work / _PUT_ASIDE, "")
    if new.is_dir():
        _move(sorted(new.iterdir(), key=lambda p: p.name == "CURRENT"), folder)
    shutil.rmtree(work)


def _move(paths: Iterable[Path], target: Path) -> None:
    for path in paths:
        if path.name != "LOCK":
            path.rename(target / path.name)
    sync_file(target)


def _write_synced(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    sync_file(path)
    sync_file(path.parent)
