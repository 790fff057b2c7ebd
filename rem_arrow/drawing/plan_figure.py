"""The drawing of a query plan: as a tree of boxes, and the time and rows of its steps as bars."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from rem_arrow.base.errors import InputError
from rem_arrow.drawing.figure import (
    COLOURS,
    FAINT,
    FILL,
    INK,
    LINE,
    Drawing,
    canvas,
    counted,
    gradient,
    plain,
    shortened,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STEPS_MAX = 150
# Inches. A line of text at 8 points is as wide as 42 characters at most, and its box a little wider.
_BOX, _GAP_X, _GAP_Y, _LINE, _HEAD, _EDGE = 3.1, 0.3, 0.32, 0.155, 0.27, 0.35
_LINE_CHARS, _LINES_MAX = 46, 3
_LABELS, _BARS, _ROW = 5.0, 2.3, 0.27
_LABEL_CHARS = 62


class Step(Protocol):
    """A step of a plan; its inputs follow it, one deeper."""

    @property
    def depth(self) -> int: ...
    @property
    def text(self) -> str: ...
    @property
    def note(self) -> str: ...
    @property
    def rows(self) -> int | None: ...
    @property
    def ms(self) -> float | None: ...


@dataclass(slots=True)
class _Merged:
    depth: int
    text: str
    note: str
    rows: int | None
    ms: float | None


def draw_plan(steps: Sequence[Step], title: str = "") -> Drawing:
    """Draw the steps as boxes, each below the one that reads it. If the plan was run, warm colours mark slow steps, and
    the thickness of lines grows with the number of rows."""
    _check(steps)
    steps = _merged(steps)
    lines = [_wrapped(step.text) for step in steps]
    heights = [_HEAD + _LINE * len(wrapped) + 0.1 for wrapped in lines]
    xs, parents = _columns(steps), _parents(steps)
    levels = [
        max(h for h, s in zip(heights, steps, strict=True) if s.depth == d)
        for d in range(max(s.depth for s in steps) + 1)
    ]
    longest = max((s.ms or 0.0 for s in steps), default=0.0)
    ran = any(s.ms is not None for s in steps)
    top = _EDGE + (0.35 if title else 0.0) + (0.3 if ran else 0.0)
    tops = [top + sum(levels[:d]) + d * _GAP_Y for d in range(len(levels))]
    width = 2 * _EDGE + _BOX + (_BOX + _GAP_X) * max(xs)
    figure, axes = canvas(max(width, 4.6), tops[-1] + levels[-1] + _EDGE, title)
    if ran:
        _legend(axes, top - 0.35, longest)
    for place, step in enumerate(steps):
        left, upper = _EDGE + xs[place] * (_BOX + _GAP_X), tops[step.depth]
        _box(axes, left, upper, heights[place], step, lines[place], longest)
        parent = parents[place]
        if parent is not None:
            start = _EDGE + xs[parent] * (_BOX + _GAP_X) + _BOX / 2
            below = tops[step.depth - 1] + heights[parent]
            _link(axes, (left + _BOX / 2, upper), (start, below), step.rows)
    return Drawing(figure)


def draw_profile(steps: Sequence[Step], title: str = "") -> Drawing:
    """Draw each step's own time and its rows (on a logarithmic scale) as bars, in the order of the plan."""
    _check(steps)
    top = _EDGE + (0.35 if title else 0.0) + 0.2
    figure, axes = canvas(_LABELS + 2 * (_BARS + 0.9), top + _ROW * len(steps) + 0.3, title)
    longest = max((s.ms or 0.0 for s in steps), default=0.0) or 1.0
    most = math.log10(max((s.rows or 0 for s in steps), default=0) + 1) or 1.0
    seconds, rows = _LABELS, _LABELS + _BARS + 0.9
    for left, name in ((seconds, "own time"), (rows, "rows, logarithmic")):
        axes.text(left, top - 0.15, name, fontsize=8.5, color=FAINT, va="center")
    for place, step in enumerate(steps):
        middle = top + _ROW * (place + 0.5)
        if place % 2:
            axes.fill_between(
                (0, _LABELS + 2 * (_BARS + 0.9)), middle - _ROW / 2, middle + _ROW / 2, color="#f6f7f9", linewidth=0
            )
        indent = min(step.depth, 24)
        kind, _, rest = plain(step.text).partition(" ")
        label = shortened(f"{kind} {rest}", _LABEL_CHARS - round(1.3 * indent))
        axes.text(0.2 + 0.11 * indent, middle, label, fontsize=8, color=INK, va="center", clip_on=True)
        if step.ms is not None:
            _bar(axes, seconds, middle, step.ms / longest, COLOURS[1], f"{step.ms:,.1f} ms")
        if step.rows is not None:
            _bar(axes, rows, middle, math.log10(step.rows + 1) / most, COLOURS[4], counted(step.rows))
    return Drawing(figure)


def _check(steps: Sequence[Step]) -> None:
    if len(steps) > STEPS_MAX:
        raise InputError(
            f"the plan has {len(steps)} steps, and at most {STEPS_MAX} can be read in a drawing; print it, or take "
            "its to_frame()"
        )


def _merged(steps: Sequence[Step]) -> list[_Merged]:
    """Return the steps with each run of projections as one; most of them give names only."""
    merged: list[_Merged] = []
    above: list[tuple[int, _Merged]] = []
    for step in steps:
        while above and above[-1][0] >= step.depth:
            above.pop()
        parent = above[-1][1] if above else None
        if parent is not None and parent.text.startswith("Project ") and step.text.startswith("Project "):
            parent.ms = None if parent.ms is None else parent.ms + (step.ms or 0.0)
            above.append((step.depth, parent))
            continue
        merged.append(_Merged(0 if parent is None else parent.depth + 1, step.text, step.note, step.rows, step.ms))
        above.append((step.depth, merged[-1]))
    return merged


def _wrapped(text: str) -> list[str]:
    """Return what follows the first word on a few lines."""
    rest = " ".join(text.split()).partition(" ")[2]
    lines = textwrap.wrap(rest, _LINE_CHARS)
    return (
        lines
        if len(lines) <= _LINES_MAX
        else [*lines[: _LINES_MAX - 1], shortened(" ".join(lines[_LINES_MAX - 1 :]), _LINE_CHARS)]
    )


def _parents(steps: Sequence[Step]) -> list[int | None]:
    above: dict[int, int] = {}
    parents: list[int | None] = []
    for place, step in enumerate(steps):
        parents.append(above.get(step.depth - 1) if step.depth else None)
        above[step.depth] = place
    return parents


def _columns(steps: Sequence[Step]) -> list[float]:
    """Return where each box stands, in boxes from the left: a step without inputs beside the one before, any other over
    the middle of its inputs."""
    inputs: dict[int, list[int]] = {}
    for place, parent in enumerate(_parents(steps)):
        if parent is not None:
            inputs.setdefault(parent, []).append(place)
    columns, taken = [0.0] * len(steps), 0
    for place in range(len(steps) - 1, -1, -1):
        if place in inputs:
            columns[place] = sum(columns[i] for i in inputs[place]) / len(inputs[place])
        else:
            columns[place] = float(taken)
            taken += 1
    # They were counted from the last step on, that is from the right.
    return [taken - 1 - c for c in columns]


def _box(
    axes: Axes, left: float, upper: float, height: float, step: Step, lines: Sequence[str], longest: float
) -> None:
    fill = FILL if step.ms is None else gradient(step.ms / longest if longest else 0.0)
    axes.fill(
        (left, left + _BOX, left + _BOX, left),
        (upper, upper, upper + height, upper + height),
        facecolor=fill,
        edgecolor=LINE,
        linewidth=0.8,
    )
    axes.text(
        left + 0.1,
        upper + _HEAD / 2 + 0.02,
        step.text.split(maxsplit=1)[0],
        fontsize=9.5,
        fontweight="bold",
        color=INK,
        va="center",
    )
    remark = _remark(step)
    axes.text(left + _BOX - 0.1, upper + _HEAD / 2 + 0.02, remark, fontsize=8, color=INK, va="center", ha="right")
    for place, line in enumerate(lines):
        axes.text(
            left + 0.1,
            upper + _HEAD + _LINE * (place + 0.5),
            plain(line),
            fontsize=7.6,
            color=INK,
            va="center",
            family="DejaVu Sans",
        )


def _remark(step: Step) -> str:
    if step.ms is None or step.rows is None:
        return shortened(plain(step.note), 30)
    return f"{counted(step.rows)} rows, {step.ms:,.1f} ms"


def _link(axes: Axes, below: tuple[float, float], above: tuple[float, float], rows: int | None) -> None:
    (x, y), (to_x, to_y) = below, above
    middle = y - _GAP_Y / 2
    thickness = 1.2 if rows is None else 0.8 + 0.7 * math.log10(rows + 1)
    axes.plot(
        (x, x, to_x, to_x),
        (y, middle, middle, to_y),
        color=LINE,
        linewidth=thickness,
        solid_joinstyle="round",
        zorder=0.5,
    )


def _legend(axes: Axes, middle: float, longest: float) -> None:
    """Explain the colours, and the thickness of the lines."""
    for place in range(40):
        axes.fill_between(
            (_EDGE + 0.72 + 0.02 * place, _EDGE + 0.74 + 0.02 * place),
            middle - 0.07,
            middle + 0.07,
            color=gradient(place / 39),
            linewidth=0,
        )
    axes.text(_EDGE, middle, "own time: 0", fontsize=8, color=FAINT, va="center")
    axes.text(_EDGE + 1.58, middle, f"{longest:,.1f} ms; lines: rows", fontsize=8, color=FAINT, va="center")


def _bar(axes: Axes, left: float, middle: float, share: float, colour: str, label: str) -> None:
    right = left + _BARS * share
    axes.fill_between((left, right), middle - 0.08, middle + 0.08, color=colour, linewidth=0)
    axes.text(right + 0.06, middle, label, fontsize=8, color=INK, va="center")
