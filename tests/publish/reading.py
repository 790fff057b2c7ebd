"""What a reader of a publication sees, by the manifest and the Parquet files alone."""

from __future__ import annotations

import numpy as np
import polars as pl

from rem_arrow.base.source import ROWID
from rem_arrow.publish.publication import Publication, read_publication
from rem_arrow.publish.published_types import decoded, published_name
from rem_arrow.publish.target import Target


def publication(path) -> Publication:
    page = read_publication(Target(path))
    assert page is not None
    return page


def published_rows(path, table: str) -> pl.DataFrame:
    """The rows of a table as a reader has them, in our types, without the rowids."""
    target, entry = Target(path), publication(path).find(table)
    assert entry is not None
    frames = []
    for file in entry.files:
        rows = pl.read_parquet(target.read(f"{entry.folder}/{file.path}"))
        assert rows.height == file.rows
        alive = np.ones(rows.height, dtype=bool)
        alive[list(file.dead)] = False
        frames.append(rows.filter(alive))
    columns = {n: t for n, t in entry.schema.items() if n != ROWID}
    if not frames:
        return pl.DataFrame(schema=columns)
    together = pl.concat(frames)
    return pl.DataFrame([decoded(together[published_name(n)], t).alias(n) for n, t in columns.items()])
