"""Checks a publication: every file that the manifest names is there, whole, and in the log of its table."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from rem_arrow.base.errors import InputError
from rem_arrow.publish.delta_log import LOG, commits_after, delta_log_name
from rem_arrow.publish.publication import PublishedTable, read_publication
from rem_arrow.publish.published_types import published, published_name
from rem_arrow.publish.target import Target


def publication_damages(target: Target) -> pl.DataFrame:
    """Return what is damaged in a publication: table, path, damage. Raises InputError if there is none at the
    address."""
    publication = read_publication(target)
    if publication is None:
        raise InputError(f"{target.address} holds no publication; db.publish makes one")
    rows = [(t.table.name, path, damage) for t in publication.tables for path, damage in _damages(target, t)]
    return pl.DataFrame(rows, schema={"table": pl.String, "path": pl.String, "damage": pl.String}, orient="row")


def _damages(target: Target, table: PublishedTable) -> Iterator[tuple[str, str]]:
    expected = {published_name(n): published(t) for n, t in table.schema.items()}
    for file in table.files:
        path = f"{table.folder}/{file.path}"
        data = target.read(path)
        if data is None:
            yield path, "the file is missing"
        elif len(data) != file.bytes or zlib.crc32(data) != file.crc32:
            yield path, f"{len(data)} bytes with the checksum {zlib.crc32(data)} where others belong"
        else:
            try:
                meta = pq.ParquetFile(pa.BufferReader(data)).metadata
            except (pa.ArrowException, OSError) as error:
                yield path, f"it is no Parquet file: {error}"
                continue
            if meta.num_rows != file.rows or meta.num_columns < len(expected):
                yield path, f"{meta.num_rows} rows where {file.rows} belong"
    texts = []
    for version in range(table.delta_version + 1):
        path = f"{table.folder}/{LOG}/{delta_log_name(version)}"
        data = target.read(path)
        if data is None:
            yield path, "the file is missing"
            return
        texts.append(data.decode(errors="replace"))
    try:
        logged = set(commits_after(texts, {}).values())
    except (ValueError, KeyError, TypeError) as error:
        yield f"{table.folder}/{LOG}", f"the log cannot be read: {error}"
        return
    if logged != {f.logged for f in table.files}:
        yield f"{table.folder}/{LOG}", "the log names other files than the manifest"
