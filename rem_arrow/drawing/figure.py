"""Figures of matplotlib that a notebook shows and that can be saved; colours; the widths of texts.

The figures are made without pyplot: no window, no state, and from any thread. Sizes are in inches, at 100 dots an inch.
The colours are those of Okabe and Ito, which people with any colour vision tell apart, and for quantities cividis.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, cast

from rem_arrow.base.errors import InputError, UnsupportedError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 100
INK, FAINT, LINE, FILL = "#222222", "#666666", "#8a8f98", "#eef1f5"
# Okabe & Ito 2008, without black and yellow, which do not show as areas beside text; then grey for all others.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C6BB1")
OTHER = "#9a9a9a"
_SUFFIXES = (".png", ".svg", ".pdf")
_MINUS = 1e-9


class Drawing:
    """A picture, made by `draw_graph`, `draw_scores`, `Plan.show` and `Plan.profile`; a notebook shows it.

    Attributes:
        figure: the matplotlib Figure, for further changes.
    """

    def __init__(self, figure: Figure) -> None:
        self.figure = figure

    def save(self, path: str | Path) -> None:
        """Write the picture to a file.

        Args:
            path: its suffix says the format: .png, .svg or .pdf.

        Raises:
            InputError: the suffix is another one, or the file cannot be written.

        Example:
            >>> rem.draw_graph(db.traverse_edges("ada")).save("reached.svg")
        """
        target = Path(path)
        if target.suffix not in _SUFFIXES:
            raise InputError(f"a drawing is saved as {', '.join(_SUFFIXES)}, not {target.name!r}")
        try:
            self.figure.savefig(target, dpi=DPI, facecolor="white")
        except OSError as error:
            raise InputError(f"cannot write {target}: {error.strerror or error}") from error

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.figure.savefig(buffer, format="png", dpi=DPI, facecolor="white")
        return buffer.getvalue()

    def __repr__(self) -> str:
        width, height = self.figure.get_size_inches()
        return f"<rem_arrow drawing, {width * DPI:.0f} x {height * DPI:.0f}; save('picture.png') writes it>"


def canvas(width: float, height: float, title: str = "") -> tuple[Figure, Axes]:
    """Return a figure of that size with one empty plane, whose units are inches from the upper left corner.

    Raises UnsupportedError without matplotlib.
    """
    figure = new_figure(width, height)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    if title:
        axes.text(0.2, 0.3, plain(title), fontsize=12, fontweight="bold", color=INK, va="center")
    return figure, axes


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure. Raises UnsupportedError without matplotlib."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise UnsupportedError("drawing needs matplotlib: pip install 'rem_arrow[plot]'") from error
    figure = Figure(figsize=(width, height), dpi=DPI)
    FigureCanvasAgg(figure)
    return figure


def patches() -> ModuleType:
    """Return the shapes of matplotlib. REQUIRES: a figure was made."""
    from matplotlib import patches as shapes

    return cast(ModuleType, shapes)


def text_widths(texts: Sequence[str], *, size: float, bold: bool = False) -> list[float]:
    """Return how wide each text is when it is drawn, in inches."""
    figure = new_figure(1, 1)
    renderer = figure.canvas.get_renderer()
    drawn = figure.text(0, 0, "", fontsize=size, fontweight="bold" if bold else "normal")
    widths = []
    for text in texts:
        drawn.set_text(plain(text) or " ")
        widths.append(float(drawn.get_window_extent(renderer).width) / DPI)
    return widths


def plain(text: str) -> str:
    """Return a text on one line that can be drawn: no formulas, no control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split()).replace("$", r"\$")


def shortened(text: str, characters: int) -> str:
    """Return a text of at most so many characters."""
    return text if len(text) <= characters else text[: characters - 1].rstrip() + "…"


def counted(number: float) -> str:
    """Return a number of rows as a label: 950, 1.2 K, 3.4 M."""
    for size, unit in ((1e9, " G"), (1e6, " M"), (1e4, " K")):
        if number >= size:
            scaled = number / (1e3 if unit == " K" else size)
            return f"{scaled:.0f}{unit}" if scaled >= 100 - _MINUS else f"{scaled:.1f}{unit}"
    return f"{number:,.0f}"


def colours_of(groups: Sequence[str]) -> dict[str, str]:
    """Return a colour for each group, the most frequent first; when there are no more colours, grey."""
    counts: dict[str, int] = {}
    for group in groups:
        counts[group] = counts.get(group, 0) + 1
    ranked = sorted(counts, key=lambda group: (-counts[group], group))
    return {group: COLOURS[place] if place < len(COLOURS) else OTHER for place, group in enumerate(ranked)}


def gradient(share: float) -> str:
    """Return a colour between the lightest and a dark blue, by a share from 0 to 1; dark text stays readable on it."""
    low, high = (0xEE, 0xF1, 0xF5), (0xF2, 0xA9, 0x3B)
    share = min(1.0, max(0.0, share))
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(low, high, strict=True))
