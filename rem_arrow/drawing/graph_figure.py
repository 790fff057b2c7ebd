"""The drawing of a graph: of what a traversal or a query of paths returned, or of edges.

Walks stand in layers from left to right, by distance from their start. Other graphs are laid out by forces, and the
size of a node grows with the number of its edges. Colours show the group of a node, lines the type of an edge. No label
covers another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from rem_arrow.base.errors import InputError
from rem_arrow.drawing import layout as laid
from rem_arrow.drawing.edge_paths import BOX_HEIGHT, GAP, ROW, Point, between_boxes, between_discs, shifts
from rem_arrow.drawing.figure import (
    COLOURS,
    FAINT,
    INK,
    LINE,
    OTHER,
    Drawing,
    canvas,
    colours_of,
    patches,
    plain,
    shortened,
    text_widths,
)
from rem_arrow.drawing.network import Edge, Network, network

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Layout = Literal["auto", "layers", "force"]

NODES_MAX = 120
_LABEL_CHARS, _SIZE, _EDGE = 36, 8.0, 0.4
_STYLES: tuple[object, ...] = ("solid", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 1.5, 1.5, 1.5)))
_RADIUS_MIN, _RADIUS_MAX = 0.05, 0.2


def draw_graph(
    frame: pl.DataFrame,
    *,
    title: str = "",
    labels: Mapping[str, str] | None = None,
    groups: Mapping[str, str] | None = None,
    direction: Literal["out", "in", "both"] = "out",
    layout: Layout = "auto",
    nodes_max: int = NODES_MAX,
) -> Drawing:
    """Draw what a traversal, a query of paths or a query of edges returned; needs the extra `plot`.

    Args:
        frame: with the columns id and parent_id (as of `traverse_edges`), or path (as of `all_paths`), or src and dst
            (as of `edges`).
        title: above the drawing.
        labels: by id, the text at a node instead of its id.
        groups: by id, the group that gives a node its colour; default is its table, where the frame has several.
        direction: that of the traversal, so that arrows show the direction of the edges. With "both" there are none:
            the frame of a traversal does not say it, and `Database.draw_graph` knows it.
        layout: "layers" by distance from the start, or "force"; "auto" chooses layers for traversals.
        nodes_max: the most nodes; more are refused, since nobody could read them.

    Returns:
        A `Drawing`, which shows itself in a notebook; `save` writes PNG, SVG or PDF.

    Raises:
        InputError: the frame has no edges, no nodes or too many, or another argument does not fit.
        UnsupportedError: the extra `plot` is not installed.

    Example:
        >>> reached = db.traverse_edges("ada", depth=2)
        >>> rem.draw_graph(reached, title="What Ada reaches").save("reached.png")
    """
    graph = network(frame)
    if direction == "both" and not graph.walked:
        direction = "out"
    return drawn(
        graph, title=title, labels=labels, groups=groups, direction=direction, layout=layout, nodes_max=nodes_max
    )


def drawn(
    graph: Network,
    *,
    title: str,
    labels: Mapping[str, str] | None,
    groups: Mapping[str, str] | None,
    direction: str,
    layout: str,
    nodes_max: int,
) -> Drawing:
    """Draw a graph; the arguments are those of `draw_graph`."""
    if not graph.nodes or len(graph.nodes) > nodes_max:
        raise InputError(
            f"the frame has {len(graph.nodes)} nodes, and a drawing takes 1 to {nodes_max}; filter it, or raise "
            "nodes_max"
        )
    if direction not in ("out", "in", "both") or layout not in ("auto", "layers", "force"):
        raise InputError(
            f"direction is 'out', 'in' or 'both', and layout 'auto', 'layers' or 'force'; got {direction!r} and "
            f"{layout!r}"
        )
    if groups is None:
        groups = graph.tables if len(set(graph.tables.values())) > 1 else {}
    shown = [_cut((labels or {}).get(node, node)) for node in graph.nodes]
    fill, legend = _colouring(graph, groups)
    kinds = list(dict.fromkeys(edge.kind for edge in graph.drawn if edge.kind))
    picture = _Picture(graph, shown, fill, direction, kinds, title, legend)
    return picture.layers() if layout == "layers" or (layout == "auto" and graph.walked) else picture.force()


def _colouring(graph: Network, groups: Mapping[str, str]) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the colour of each node, and the legend: names with their colours."""
    if not groups:
        return [COLOURS[0]] * len(graph.nodes), []
    colours = colours_of([groups[n] for n in graph.nodes if n in groups])
    fill = [colours.get(groups[n], OTHER) if n in groups else OTHER for n in graph.nodes]
    return fill, _legend_of(colours, [n for n in graph.nodes if n not in groups], graph.starts)


class _Picture:
    """A graph, and what is shown of it."""

    def __init__(
        self,
        graph: Network,
        labels: Sequence[str],
        fill: Sequence[str],
        direction: str,
        kinds: Sequence[str],
        title: str,
        legend: Sequence[tuple[str, str]],
    ) -> None:
        self._graph, self._labels, self._fill, self._title, self._legend = graph, labels, fill, title, legend
        self._direction, self._kinds = direction, kinds
        # Starts are bold.
        pairs = zip(
            graph.nodes, text_widths(labels, size=_SIZE), text_widths(labels, size=_SIZE, bold=True), strict=True
        )
        self._widths = [bold if node in graph.starts else normal for node, normal, bold in pairs]
        entries = [*(name for name, _ in legend), *(kinds if len(kinds) > 1 else ())]
        self._entry_widths = [w + 0.55 for w in text_widths(entries, size=_SIZE)] if entries else []

    def layers(self) -> Drawing:
        """Draw nodes as boxes in columns."""
        graph = self._graph
        cells = laid.layers(graph.nodes, [(e.src, e.dst) for e in graph.edges], graph.starts)
        columns = max(column for column, _ in cells.values()) + 1
        widest = [
            max((w for n, w in zip(graph.nodes, self._widths, strict=True) if cells[n][0] == c), default=0.3) + 0.24
            for c in range(columns)
        ]
        lefts = [_EDGE + sum(widest[:c]) + c * GAP for c in range(columns)]
        height = max(row for _, row in cells.values()) * ROW + BOX_HEIGHT
        beside = GAP / 2 if any(cells[e.src][0] == cells[e.dst][0] for e in graph.drawn) else 0.0
        axes, drawing, top = self._canvas(lefts[-1] + widest[-1] + beside + _EDGE, height)
        boxes = {
            node: (lefts[cells[node][0]], top + cells[node][1] * ROW, width + 0.24)
            for node, width in zip(graph.nodes, self._widths, strict=True)
        }
        for edge, shift in zip(graph.drawn, shifts(graph.drawn), strict=True):
            same = cells[edge.src][0] == cells[edge.dst][0]
            self._arrow(axes, edge, between_boxes(boxes[edge.src], boxes[edge.dst], shift, same=same))
        for node, label, colour in zip(graph.nodes, self._labels, self._fill, strict=True):
            left, upper, width = boxes[node]
            strong = node in graph.starts
            shape = patches().FancyBboxPatch(
                (left + 0.05, upper + 0.05),
                width - 0.1,
                BOX_HEIGHT - 0.1,
                boxstyle="round,pad=0.05,rounding_size=0.08",
            )
            shape.set(facecolor=_tinted(colour), edgecolor=colour, linewidth=2.2 if strong else 1.1)
            axes.add_patch(shape)
            axes.text(
                left + width / 2,
                upper + BOX_HEIGHT / 2,
                plain(label),
                fontsize=_SIZE,
                color=INK,
                ha="center",
                va="center",
                fontweight="bold" if strong else "normal",
            )
        return drawing

    def force(self) -> Drawing:
        """Draw nodes as discs with their labels below."""
        graph = self._graph
        number = {node: place for place, node in enumerate(graph.nodes)}
        ends = np.array(
            [(number[e.src], number[e.dst]) for e in graph.drawn if e.src != e.dst], dtype=np.int64
        ).reshape(-1, 2)
        degree = np.bincount(ends.ravel(), minlength=len(graph.nodes)).astype(np.float64)
        radius = _RADIUS_MIN + (_RADIUS_MAX - _RADIUS_MIN) * np.sqrt(degree / max(1.0, degree.max()))
        # The middle of a disc and its label: the box that no other may cover.
        sizes = np.stack([np.maximum(np.array(self._widths), 2 * radius) + 0.12, 2 * radius + 0.22], axis=1)
        spread = float(np.sqrt((sizes[:, 0] * (sizes[:, 1] + 0.3)).mean()))
        places = laid.without_overlaps(laid.forces(len(graph.nodes), ends) * np.array([1.25, 0.9]) * spread, sizes)
        corner = (places - sizes / 2).min(axis=0)
        places = places - corner
        extent = (places + sizes / 2).max(axis=0)
        axes, drawing, top = self._canvas(float(extent[0]) + 2 * _EDGE, float(extent[1]))
        centres = [(float(x) + _EDGE, float(y) + top - 0.08) for x, y in places]
        discs = list(zip(centres, radius.tolist(), self._widths, strict=True))
        for edge, shift in zip(graph.drawn, shifts(graph.drawn), strict=True):
            self._arrow(axes, edge, between_discs(discs[number[edge.src]], discs[number[edge.dst]], shift))
        for (x, y), r, label, colour in zip(centres, radius, self._labels, self._fill, strict=True):
            axes.add_patch(
                patches().Circle((x, y), float(r), facecolor=colour, edgecolor="white", linewidth=0.8, zorder=3)
            )
            box = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.6}
            axes.text(
                x, y + r + 0.1, plain(label), fontsize=_SIZE, color=INK, ha="center", va="center", zorder=4, bbox=box
            )
        return drawing

    def _canvas(self, width: float, height: float) -> tuple[Axes, Drawing, float]:
        """Return a plane with title and legend, and where the graph begins."""
        widest = max(
            [
                width,
                text_widths([self._title], size=12, bold=True)[0] + 0.5 if self._title else 0.0,
                4.0,
                *(w + 2 * _EDGE for w in self._entry_widths),
            ]
        )
        lines, right = 0 if not self._entry_widths else 1, _EDGE
        places: list[Point] = []
        top = 0.62 if self._title else _EDGE / 2
        for entry in self._entry_widths:
            if right + entry > widest - _EDGE / 2 and right > _EDGE:
                lines, right = lines + 1, _EDGE
            places.append((right, top + 0.22 * (lines - 1) + 0.1))
            right += entry
        begin = top + 0.22 * lines + 0.25
        figure, axes = canvas(widest, begin + height + _EDGE, self._title)
        for (name, colour), (x, y) in zip(self._legend, places, strict=False):
            axes.fill_between((x, x + 0.2), y - 0.06, y + 0.06, facecolor=colour, linewidth=0)
            axes.text(x + 0.27, y, plain(name), fontsize=_SIZE, color=FAINT, va="center")
        for kind, (x, y) in zip(self._kinds, places[len(self._legend) :], strict=False):
            axes.plot((x - 0.05, x + 0.22), (y, y), color=LINE, linewidth=1.4, linestyle=self._style(kind))
            axes.text(x + 0.27, y, plain(kind), fontsize=_SIZE, color=FAINT, va="center")
        return axes, Drawing(figure), begin

    def _style(self, kind: str) -> object:
        return _STYLES[self._kinds.index(kind) % len(_STYLES)] if kind in self._kinds else _STYLES[0]

    def _arrow(self, axes: Axes, edge: Edge, points: Sequence[Point]) -> None:
        from matplotlib.path import Path

        ordered = points if self._direction != "in" else points[::-1]
        curve = {2: Path.LINETO, 3: Path.CURVE3, 4: Path.CURVE4}[len(points)]
        codes = [Path.MOVETO, *([curve] * (len(points) - 1))]
        head = "-" if self._direction == "both" else "-|>"
        crowded = len(self._graph.drawn) > 60
        arrow = patches().FancyArrowPatch(
            path=Path(ordered, codes),
            arrowstyle=head,
            mutation_scale=7 if crowded else 9,
            linewidth=0.7 if crowded else 1.1,
        )
        arrow.set(color=LINE, alpha=0.55 if crowded else 0.9, linestyle=self._style(edge.kind), zorder=1)
        axes.add_patch(arrow)


def _legend_of(colours: Mapping[str, str], ungrouped: Sequence[str], starts: Sequence[str]) -> list[tuple[str, str]]:
    named = [(shortened(name, 24), colour) for name, colour in colours.items() if colour != OTHER]
    if len(named) < len(colours) or ungrouped:
        named.append(("start" if len(named) == len(colours) and set(ungrouped) <= set(starts) else "others", OTHER))
    return named


def _cut(label: str) -> str:
    """Return a label of bounded length; ids that begin alike often differ at their end, so the middle goes."""
    return (
        label
        if len(label) <= _LABEL_CHARS
        else f"{label[: _LABEL_CHARS // 3]}…{label[1 + _LABEL_CHARS // 3 - _LABEL_CHARS :]}"
    )


def _tinted(colour: str) -> str:
    """Return a light shade of a colour, on which dark text is read."""
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(255 - (255 - p) * 0.18):02x}" for p in parts)
