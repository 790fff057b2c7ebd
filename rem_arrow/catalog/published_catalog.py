"""The catalog of a publication: its manifest says what the names mean, and rows are elsewhere."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING, NoReturn, cast

import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.access.vector_columns import searchable
from rem_arrow.base.errors import UnsupportedError
from rem_arrow.base.session_state import SessionState
from rem_arrow.base.source import (
    NO_SKIPS,
    ColumnStatistics,
    IndexCall,
    Metric,
    Reranker,
    ScanReport,
    Skips,
    TableSource,
    VectorSpec,
)
from rem_arrow.catalog.snapshot import Snapshot
from rem_arrow.publish.publication import Publication, PublishedTable
from rem_arrow.storage.kv import KV
from rem_arrow.storage.version import TableVersion, Version, names_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from rem_arrow.access.indexes import Indexes


class PublishedSource:
    """A published table as a leaf of a plan. Its rows are elsewhere: what asks for them raises UnsupportedError."""

    def __init__(self, published: PublishedTable) -> None:
        self.published, self.table = published, published.table

    @property
    def schema(self) -> pl.Schema:
        return self.table.polars_schema()

    @property
    def hidden(self) -> pl.Schema:
        return pl.Schema({n: t for n, t in self.published.schema.items() if n not in self.schema})

    @property
    def vectors(self) -> Mapping[str, VectorSpec]:
        return searchable(self.table, rows=self.published.rows)

    @property
    def indexed(self) -> frozenset[str]:
        return frozenset()

    def search(
        self,
        column: str,
        queries: npt.NDArray[np.float32],
        metric: Metric,
        k: int,
        allowed: npt.NDArray[np.int64] | None,
    ) -> pl.DataFrame:
        self._refuse()

    def search_text(
        self, column: str, query: str, k: int | None, allowed: npt.NDArray[np.int64] | None
    ) -> pl.DataFrame:
        self._refuse()

    def texts(self, columns: tuple[str, ...], rowids: list[int]) -> list[str]:
        self._refuse()

    def row_count(self) -> int:
        return self.published.rows

    def statistics(self, column: str) -> ColumnStatistics | None:
        known = self.published.distinct.get(column)
        return None if known is None else ColumnStatistics(None, None, known[1], known[0], self.published.rows)

    def scan(
        self,
        columns: list[str],
        report: ScanReport,
        skips: Skips = NO_SKIPS,
        coded: frozenset[str] = frozenset(),
        fixed: frozenset[str] = frozenset(),
        *,
        bytes_max: float = inf,
    ) -> pl.LazyFrame:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise UnsupportedError(
            f"this part of the statement is computed here, from the rows of {self.table.name}; give the database to "
            "rem.distributed, as database="
        )


class PublishedSnapshot(Snapshot):
    """The catalog of one statement over a publication."""

    def __init__(self, publication: Publication, *, now: dt.datetime | None = None) -> None:
        tables = {t.table.number: TableVersion(t.table, ()) for t in publication.tables}
        tables |= {e.number: TableVersion(e, ()) for e in publication.entries}
        # Nothing here reads a store.
        version = Version(cast(KV, None), publication.commit, tables, names_of(tables))
        super().__init__(Access(cast("Indexes", None), version), session=SessionState(), now=now)
        self.publication = publication

    def source(self, name: str) -> TableSource | None:
        published = self.publication.find(name)
        return super().source(name) if published is None else PublishedSource(published)

    def rows(self, name: str) -> int:
        published = self.publication.find(name)
        return 0 if published is None else published.rows

    def reranker(self, name: str) -> Reranker:
        raise UnsupportedError(
            f"the reranker {name} orders rows of a database; give it to rem.distributed, as database="
        )

    def index(self, function: str, call: IndexCall) -> pl.DataFrame:
        raise UnsupportedError(
            f"{function.upper()} is answered by an index of a database; give it to rem.distributed, as database="
        )

    def parts(self, names: Sequence[str]) -> list[object]:
        return [self.publication.find(name) for name in names]
