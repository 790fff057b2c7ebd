"""What the engine reads from: stored tables, a user's frames, and later search hits and graph paths, all of one
kind."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

import polars as pl

from rem_arrow.base.errors import ExecuteError
from rem_arrow.base.macro import MacroKind, Overload
from rem_arrow.base.read_options import ReadOptions
from rem_arrow.base.schema import Table
from rem_arrow.base.session_state import SessionState

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


Rowids: TypeAlias = "npt.NDArray[np.int64]"
Metric: TypeAlias = Literal["cosine", "inner_product", "l2"]
# How a search ranks: by a metric of vectors, or by the words of a text.
Ranking: TypeAlias = Literal["cosine", "inner_product", "l2", "bm25"]
# The column of a source that numbers its rows. No column of a user can have this name.
ROWID = "\x00#"


@dataclass(frozen=True, slots=True)
class ColumnRange:
    """Rows outside of `low <= column <= high` are not wanted; a source may use it to skip, and need not.

    The bounds are Python values of the column's type; None is no bound. A NULL is outside of every range.
    """

    column: str
    low: object = None
    high: object = None

    @property
    def is_point(self) -> bool:
        return self.low is not None and self.low == self.high


@dataclass(frozen=True, eq=False, slots=True)
class KeySet:
    """Rows whose `column` is none of these values are not wanted, nor is a NULL; a source may leave them out, and need
    not.

    `present[v - low]` says of the integer `v` whether it is one of them; a date counts its days from 1970-01-01. The
    first and the last place are False, and stand for all that lies beyond.
    """

    column: str
    low: int
    present: npt.NDArray[np.bool_]

    def __post_init__(self) -> None:
        assert not self.present[0] and not self.present[-1], "no value stands at the ends"


@dataclass(frozen=True, slots=True)
class TextKeys:
    """Rows whose `column` is none of these texts are not wanted, nor is a NULL; a source may leave them out, and need
    not. They are few, and differ."""

    column: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Skips:
    """What a scan may leave out: rows outside of one of `ranges`, of one of `keys`, or of `texts`."""

    ranges: tuple[ColumnRange, ...] = ()
    keys: tuple[KeySet, ...] = ()
    texts: TextKeys | None = None


NO_SKIPS = Skips()


@dataclass(frozen=True, slots=True)
class ColumnStatistics:
    """What is known of a column: bounds (None when unknown), NULLs, and an estimate of the distinct values.

    Attributes:
        rows: of the table.
        common: the most common values, with estimates of their rows.
    """

    low: object
    high: object
    null_count: int
    distinct: int
    rows: int
    common: tuple[tuple[object, float], ...] = ()


@dataclass(frozen=True, slots=True)
class VectorSpec:
    """A column that can be searched.

    Attributes:
        provider: what embeds a text for it; "" when nothing does.
        words: the columns whose texts are embedded, which are ranked by words too.
        is_hybrid: a search for a text that names no ranking fuses both.
    """

    dimension: int
    provider: str = ""
    words: tuple[str, ...] = ()
    is_hybrid: bool = False


class Reranker(Protocol):
    """Orders rows by their texts."""

    def scores(self, query: str, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return a finite number for each text, the greatest for the best. Raises LanguageError."""


@dataclass(slots=True)
class ScanReport:
    """What a scan did; filled in by the source: rows that it gave or may give, before the filters of the plan; whether
    its frame reads less where there are filters."""

    rows: int = 0
    takes_filters: bool = False
    segments_read: int = 0
    segments_skipped: int = 0
    index: str = ""


class TableSource(Protocol):
    """A leaf of a plan."""

    @property
    def schema(self) -> pl.Schema:
        """The columns and types, in order."""

    @property
    def hidden(self) -> pl.Schema:
        """Columns that can be read by name and are not part of `*`: ROWID, embeddings."""

    @property
    def vectors(self) -> Mapping[str, VectorSpec]:
        """The columns that can be searched by vector."""

    @property
    def indexed(self) -> frozenset[str]:
        """The columns whose rows of one value are found without reading the others."""

    def search(
        self,
        column: str,
        queries: npt.NDArray[np.float32],
        metric: Metric,
        k: int,
        allowed: npt.NDArray[np.int64] | None,
    ) -> pl.DataFrame:
        """Return the k nearest rows for each query, shape (n, dimension), best first: query (its place), rowid, score;
        with `allowed` (rowids, ascending) among these only. Ties go by rowid."""

    def search_text(
        self, column: str, query: str, k: int | None, allowed: npt.NDArray[np.int64] | None
    ) -> pl.DataFrame:
        """Return the k best rows for the words of a query, as `search` does; without k all that hold one of them."""

    def texts(self, columns: tuple[str, ...], rowids: list[int]) -> list[str]:
        """Return the texts of these rows, which live, in these columns: those of a row one a line."""

    def row_count(self) -> int:
        """The number of rows, exact or a close upper bound."""

    def statistics(self, column: str) -> ColumnStatistics | None:
        """What is known of a column over all rows, or None."""

    def scan(
        self,
        columns: list[str],
        report: ScanReport,
        skips: Skips = NO_SKIPS,
        coded: frozenset[str] = frozenset(),
        fixed: frozenset[str] = frozenset(),
        *,
        bytes_max: float = inf,
    ) -> pl.LazyFrame | pl.DataFrame:
        """Return a frame of `columns`, in that order, holding at least every row that `skips` does not leave out; a
        DataFrame of its own where the rows are few and in memory.

        Args:
            coded: text columns that may come as categories, where the source has them so.
            fixed: decimal columns that must come as 64-bit integers, without their scale; their statistics say that
                they fit.
            bytes_max: what takes more memory is read while the frame is computed, part by part.
        """


CALL = "\x00call"


@dataclass(frozen=True, slots=True)
class IndexCall:
    """One call of a function in FROM that an index answers (`plan.index_functions`).

    Attributes:
        inputs: the texts of each input in their order, NULLs too; of one that was left out none.
        options: every option by name, in its type; those that were not given have their defaults.
        columns: which columns are wanted, at least one.
        relations: the values of each relation that was given by name, without NULLs.
        deadline: when, on the monotonic clock, the statement has used up its time; None is never.
        calls: many calls in one: for each input, the number of the call that each of its texts is of. The rows then
            have that number in a further column, CALL.
    """

    inputs: tuple[pl.Series, ...]
    options: Mapping[str, object]
    columns: tuple[str, ...]
    relations: Mapping[str, pl.Series] = field(default_factory=dict)
    deadline: float | None = None
    calls: tuple[pl.Series, ...] = ()

    def check_time(self) -> None:
        """Raise ExecuteError when the time of the statement is used up."""
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise ExecuteError("the statement ran longer than its time and was stopped while an index was searched")


@dataclass(frozen=True, slots=True)
class FileRequest:
    """Files that a statement reads.

    Attributes:
        names: of files, or patterns of names.
        format: csv, json, parquet, arrow or excel; "text" and "blob" are one row for each file, "glob" their names.
    """

    names: tuple[str, ...]
    format: str
    options: ReadOptions


class Catalog(Protocol):
    """Names to sources, at one version of the database."""

    def open_files(self, request: FileRequest) -> tuple[str, TableSource]:
        """Return files as one source, and the name by which it is found while the statement runs. Raises InputError
        where files may not be read, or cannot be."""

    def open_past(
        self, parts: Sequence[str], which: int | str | dt.datetime, *, always: bool
    ) -> tuple[str, TableSource] | None:
        """Return a table of an older version, by its number, tag or time, and the name by which it is found while the
        statement runs, or `always`; None where that version has none of that name. Raises InputError where it is not
        kept."""

    @property
    def session(self) -> SessionState:
        """What the handle has set."""

    def resolve(self, parts: Sequence[str], within: str | None = None) -> str | None:
        """Return the full name, which the other methods take, of the table or view that a name in up to three parts
        means in the schema `within`, by default in those of the session; None if there is none. Raises BindError for
        a schema that does not exist."""

    def table(self, name: str) -> Table | None:
        """Return the description of a table or view by its full name; None if it is none of the database's."""

    def index(self, function: str, call: IndexCall) -> pl.DataFrame:
        """Return the rows of a function that an index answers: at least the wanted columns, under their names."""

    def source(self, name: str) -> TableSource | None:
        """Return the table of that name, compared without case, or None."""

    def reranker(self, name: str) -> Reranker:
        """Return the reranker of a name. Raises InputError if there is none."""

    def filtered(self, source: str, key: object, compute: Callable[[], Rowids]) -> Rowids:
        """Return the rowids that a filter, known by `key`, leaves of a table: those that were computed before, if all
        rows of the table are the same."""

    def entity_table(self, name: str) -> str | None:
        """Return the name of the table of entities that is called so, as edges have it, or None."""

    def info(self, parts: Sequence[str]) -> str | None:
        """Return the full name of the view of the columns of a table or view; None if there is none of that name."""

    @property
    def has_macros(self) -> bool:
        """Whether there is any macro."""

    def sequence(self, parts: Sequence[str]) -> int | None:
        """Return the number in the catalog of the sequence that a name in up to three parts means, or None."""

    def macro(self, kind: MacroKind, parts: Sequence[str]) -> tuple[Overload, ...]:
        """Return the overloads of the macro that a name in up to three parts means; none if there is none."""

    def schema_of(self, name: str) -> str:
        """Return the schema of what has this full name."""

    def view(self, name: str) -> str | None:
        """Return the SELECT of the view of that name, or None."""

    def named_type(self, name: str) -> pl.DataType | None:
        """Return the type that CREATE TYPE gave that name, compared without case, or None."""

    def table_names(self) -> list[str]:
        """All names, for messages."""
