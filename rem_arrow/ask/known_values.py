"""What is known of the values of a column: which they are, in the forms in which questions name them."""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass, field

import polars as pl

from rem_arrow.ask import english
from rem_arrow.base.schema import Field

# Rows that are read for values; the most different values that a column may have of which questions name the kinds, a
# column of lists, and a column of names.
SAMPLE_ROWS, VALUES_MAX, ITEMS_MAX, NAMES_MAX = 20_000, 300, 3_000, 20_000
_VALUE_CHARS_MAX, _NAME_CHARS_MAX, _NAME_WORDS_MAX = 40, 80, 9
_WORDS_MAX = 60_000


@dataclass(frozen=True, slots=True)
class ColumnValues:
    """The values of a column.

    Attributes:
        kinds: by their normal forms, where they are few: those that classify rows.
        phrases: the values of each normal form, where they are short, however many there are.
        present: the different values themselves, for the comparison with those of other columns.
        texts: the words of its texts, where these are long.
        low, high: of numbers.
        is_unique: whether no two rows share one, and none lacks it.
        has_nulls: whether some rows have none.
        words_mean: of the texts, how many words one has.
    """

    kinds: dict[str, str] = field(default_factory=dict)
    phrases: dict[str, tuple[str, ...]] = field(default_factory=dict)
    present: frozenset[Hashable] = frozenset()
    texts: frozenset[str] = frozenset()
    low: float | None = None
    high: float | None = None
    distinct: int = 0
    is_unique: bool = False
    has_nulls: bool = False
    words_mean: float = 0.0


NO_VALUES = ColumnValues()


def may_have_values(f: Field) -> bool:
    """Return whether values of a column are read."""
    inner = f.dtype.inner if isinstance(f.dtype, pl.List) else f.dtype
    is_text = isinstance(inner, (pl.String, pl.Enum, pl.Categorical))
    return (
        f.encoding != "json"
        and f.name not in ("created_at", "modified_at", "deleted_at")
        and (is_text or f.dtype.is_numeric() or isinstance(f.dtype, (pl.Boolean, pl.Date, pl.Datetime)))
    )


def values_of(column: pl.Series, *, is_key: bool) -> ColumnValues:
    """Return what is known of a column's values by a sample of its rows."""
    items = column.drop_nulls()
    has_nulls = len(items) < len(column)
    if column.dtype.is_numeric():
        return _numbers(items, has_nulls=has_nulls)
    if isinstance(column.dtype, (pl.Boolean, pl.Date, pl.Datetime)):
        return ColumnValues(distinct=items.n_unique(), has_nulls=has_nulls)
    is_list = isinstance(column.dtype, pl.List)
    if is_list:
        items = items.explode().drop_nulls()
    texts = items.cast(pl.String)
    distinct = texts.unique(maintain_order=True)
    if not len(distinct):
        return ColumnValues(has_nulls=has_nulls)
    kinds = {} if is_key else _kinds(distinct, len(items), is_list=is_list)
    lengths = distinct.str.len_chars()
    is_long = float(lengths.mean() or 0) > _NAME_CHARS_MAX  # type: ignore[arg-type]
    short = distinct.filter(lengths <= _NAME_CHARS_MAX) if not is_long else distinct.clear()
    phrases: dict[str, tuple[str, ...]] = {}
    for value in short.head(NAMES_MAX).to_list():
        if value and value.count(" ") < _NAME_WORDS_MAX:
            phrase = normal(value)
            phrases[phrase] = (*phrases.get(phrase, ()), value)
    words = distinct if not is_list and not is_key and float(lengths.mean() or 0) > 12 else distinct.clear()  # type: ignore[arg-type]
    return ColumnValues(
        kinds,
        phrases,
        frozenset(short.head(NAMES_MAX).to_list()),
        _words_in(words),
        distinct=len(distinct),
        is_unique=len(distinct) == len(items) and not has_nulls and not is_list,
        has_nulls=has_nulls,
        words_mean=1.0 + float(distinct.str.count_matches(" ").mean() or 0),  # type: ignore[arg-type]
    )


def _numbers(items: pl.Series, *, has_nulls: bool) -> ColumnValues:
    if not len(items):
        return ColumnValues(has_nulls=has_nulls)
    distinct = items.unique()
    present = frozenset(distinct.head(NAMES_MAX).to_list()) if items.dtype.is_integer() else frozenset()
    low, high = items.min(), items.max()
    assert low is not None and high is not None, "there are items"
    return ColumnValues(
        present=present,
        low=float(low),  # type: ignore[arg-type]
        high=float(high),  # type: ignore[arg-type]
        distinct=len(distinct),
        is_unique=len(distinct) == len(items) and not has_nulls,
        has_nulls=has_nulls,
    )


def _kinds(distinct: pl.Series, count: int, *, is_list: bool) -> dict[str, str]:
    """Return the values that classify rows; none where they are many."""
    if len(distinct) > (ITEMS_MAX if is_list else VALUES_MAX):
        return {}
    # Names and titles are not kinds: where most rows differ, values do not classify.
    if not is_list and len(distinct) > max(20, 0.5 * count):
        return {}
    return {normal(v): v for v in distinct.to_list() if v and len(v) <= _VALUE_CHARS_MAX}


def _words_in(texts: pl.Series) -> frozenset[str]:
    """Return the stems of the words of texts."""
    if not len(texts):
        return frozenset()
    words = texts.str.to_lowercase().str.extract_all(r"[\p{L}\p{N}]+").explode().unique().drop_nulls().head(_WORDS_MAX)
    return frozenset(english.stem(w) for w in words.to_list())


def normal(text: str) -> str:
    """Return the normal form of a phrase: singular words without case and punctuation. "In_Progress" and "in progress"
    have the same."""
    return " ".join(
        english.singular(w.strip("."))
        for w in re.findall(r"[\w+#.]+", text.replace("_", " ").replace("-", " ").casefold())
        if w.strip(".")
    )
