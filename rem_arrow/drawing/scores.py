"""The drawing of a column of numbers as bars: the scores of a search, or any column."""

from __future__ import annotations

import math

import polars as pl

from rem_arrow.base.errors import InputError, suggest
from rem_arrow.drawing.figure import COLOURS, FAINT, INK, LINE, Drawing, canvas, plain, shortened, text_widths

ROWS_MAX = 40
_SCORES, _LABELS = ("_score", "score"), ("name", "id", "title", "text", "label")
_BARS, _ROW, _EDGE, _LABEL_CHARS = 4.2, 0.28, 0.3, 60


def draw_scores(
    frame: pl.DataFrame,
    *,
    score: str | None = None,
    label: str | None = None,
    title: str = "",
    rows_max: int = ROWS_MAX,
) -> Drawing:
    """Draw a column of numbers as bars, one for each row, in their order; needs the extra `plot`.

    Args:
        frame: rows, such as those of a search.
        score: the column of numbers; default is `_score`, else `score`, else the last column of numbers.
        label: the column that names the rows; default is name, id, title, text or label, else the first column of
            texts.
        title: above the drawing.
        rows_max: the most bars; more rows are left out, and the drawing says how many.

    Returns:
        A `Drawing`, which shows itself in a notebook; `save` writes PNG, SVG or PDF.

    Raises:
        InputError: there is no such column, or no row with a number.
        UnsupportedError: the extra `plot` is not installed.

    Example:
        >>> rem.draw_scores(db.search("issues", "password"), label="title").save("scores.png")
    """
    if not isinstance(frame, pl.DataFrame):
        raise InputError(f"draw_scores takes a Polars DataFrame, not {type(frame).__name__}")
    numbers = [n for n, t in frame.schema.items() if t.is_numeric()]
    texts = [n for n, t in frame.schema.items() if t == pl.String]
    value = _chosen(score, _SCORES, numbers[::-1], frame, "numbers")
    name = _chosen(label, _LABELS, texts, frame, "texts")
    rows = frame.select(
        pl.col(name).cast(pl.String).fill_null("").alias("label"), pl.col(value).cast(pl.Float64).alias("value")
    ).filter(pl.col("value").is_finite())
    if not rows.height:
        raise InputError(f"no row has a number in {value!r}; a drawing needs at least one")
    return _bars(rows.head(rows_max), value, title, left_out=max(0, rows.height - rows_max))


def _bars(rows: pl.DataFrame, name: str, title: str, *, left_out: int) -> Drawing:
    """Draw the column `value` of rows as bars beside their column `label`."""
    labels, values = [shortened(" ".join(t.split()), _LABEL_CHARS) for t in rows["label"]], rows["value"].to_list()
    low, high = min(0.0, *values), max(0.0, *values)
    scale = _BARS / ((high - low) or 1.0)
    left = _EDGE + max(text_widths(labels, size=8)) + 0.15
    zero, top = left - low * scale, 0.55 + (0.35 if title else 0.0)
    height = top + _ROW * rows.height + 0.3 + (0.25 if left_out else 0.0)
    title_width = text_widths([title], size=12, bold=True)[0] + 0.5 if title else 0.0
    figure, axes = canvas(max(title_width, left + _BARS + 0.9), height, title)
    axes.text(left, top - 0.18, plain(name), fontsize=8.5, color=FAINT, va="center")
    for place, (text, number) in enumerate(zip(labels, values, strict=True)):
        middle, end = top + _ROW * (place + 0.5), zero + number * scale
        axes.text(left - 0.1, middle, plain(text), fontsize=8, color=INK, ha="right", va="center")
        axes.fill_between(sorted((zero, end)), middle - 0.085, middle + 0.085, color=COLOURS[0], linewidth=0)
        axes.text(max(zero, end) + 0.06, middle, _number(number), fontsize=8, color=INK, va="center")
    axes.plot((zero, zero), (top, top + _ROW * rows.height), color=LINE, linewidth=0.8)
    if left_out:
        axes.text(left, height - 0.25, f"{left_out:,} more rows are not drawn", fontsize=8, color=FAINT, va="center")
    return Drawing(figure)


def _chosen(name: str | None, preferred: tuple[str, ...], fitting: list[str], frame: pl.DataFrame, what: str) -> str:
    if name is not None and name not in frame.columns:
        raise InputError(f"no column {name!r} in the frame. {suggest(name, frame.columns, 'Columns')}")
    column = name or next((n for n in (*preferred, *fitting) if n in frame.columns), None)
    if column is None:
        raise InputError(f"the frame has no column of {what} to draw; columns: {', '.join(frame.columns)}")
    if what == "numbers" and not frame.schema[column].is_numeric():
        raise InputError(f"the column {column!r} holds {frame.schema[column]}, but scores are numbers")
    return column


def _number(value: float) -> str:
    return (
        f"{value:,.0f}"
        if value == math.floor(value) and abs(value) >= 2
        else f"{value:,.3g}"
        if abs(value) < 1e5
        else f"{value:,.0f}"
    )
