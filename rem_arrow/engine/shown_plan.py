"""A plan that can be looked at: as text, as a tree in a notebook, as a drawing, as a table of its steps."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import polars as pl

from rem_arrow.base.errors import InputError
from rem_arrow.drawing.figure import Drawing
from rem_arrow.drawing.plan_figure import draw_plan, draw_profile
from rem_arrow.plan.explain import Step, as_text

_BAR_PX = 90
_TEXT_MAX = 220
_OPEN_STEPS_MAX = 60


class Plan(str):
    """The plan of a query: a str of one step a line, its inputs indented below it, made by `Database.explain`.

    In a notebook it folds as a tree.

    Attributes:
        steps: the steps, in the order of the lines.
    """

    steps: tuple[Step, ...]

    def __new__(cls, steps: Sequence[Step]) -> Plan:
        """Return the plan of steps that are given."""
        made = super().__new__(cls, as_text(steps))
        made.steps = tuple(steps)
        return made

    def __reduce__(self) -> tuple[type[Plan], tuple[tuple[Step, ...]]]:
        return Plan, (self.steps,)

    def __repr__(self) -> str:
        return str(self)

    def show(self, title: str = "") -> Drawing:
        """Draw the plan as a tree, the result at the top; needs the extra `plot`.

        Args:
            title: above the drawing.

        Returns:
            A `Drawing`.

        Raises:
            UnsupportedError: matplotlib is not installed.

        Example:
            >>> db.explain("SELECT * FROM sales").show().save("plan.png")
        """
        return draw_plan(self.steps, title)

    def profile(self, title: str = "") -> Drawing:
        """Draw the time and the rows of each step as bars; needs the extra `plot`.

        Args:
            title: above the drawing.

        Returns:
            A `Drawing`.

        Raises:
            InputError: the plan was made without `analyze=True`.
            UnsupportedError: matplotlib is not installed.

        Example:
            >>> db.explain("SELECT * FROM sales", analyze=True).profile().save("profile.png")
        """
        if all(step.ms is None for step in self.steps):
            raise InputError("this plan was not run, so its steps have no times; explain with analyze=True")
        return draw_profile(self.steps, title)

    def to_frame(self) -> pl.DataFrame:
        """Return a row for each step of the plan.

        Returns:
            `depth` Int64, `step` String, `note` String, `rows` Int64, `ms` Float64, `estimate` Int64, the rows that
            were expected; the last three are NULL without `analyze`.

        Example:
            >>> db.explain("SELECT region FROM sales").to_frame().select("depth", "step").rows()
            [(0, 'Project sales.region AS region'), (1, 'Scan sales (region)')]
        """
        schema = {"depth": pl.Int64, "step": pl.String, "note": pl.String, "rows": pl.Int64}
        schema |= {"ms": pl.Float64, "estimate": pl.Int64}
        return pl.DataFrame(list(self.steps), schema=schema, orient="row")

    def _repr_html_(self) -> str:
        most_ms = max((s.ms or 0.0 for s in self.steps), default=0.0)
        parts, open_depths = [], list[int]()
        for place, step in enumerate(self.steps):
            while open_depths and open_depths[-1] >= step.depth:
                open_depths.pop()
                parts.append("</details>")
            line = _line(step, most_ms)
            margin = "margin-left:1.1em;" if step.depth else ""
            if place + 1 < len(self.steps) and self.steps[place + 1].depth > step.depth:
                shown = " open" if place < _OPEN_STEPS_MAX else ""
                parts.append(
                    f"<details{shown} style='{margin}border-left:1px solid #ccd'><summary "
                    f"style='cursor:pointer'>{line}</summary>"
                )
                open_depths.append(step.depth)
            else:
                parts.append(f"<div style='{margin}padding-left:1.1em;border-left:1px solid #ccd'>{line}</div>")
        return (
            "<div style='font-family:monospace;font-size:12px;line-height:1.7;text-align:left;max-width:1000px'>"
            + "".join(parts)
            + "</details>" * len(open_depths)
            + "</div>"
        )


def _line(step: Step, most_ms: float) -> str:
    kind, _, rest = " ".join("".join(c if c.isprintable() else " " for c in step.text).split()).partition(" ")
    cut = rest if len(rest) <= _TEXT_MAX else rest[:_TEXT_MAX] + " …"
    text = f"<b>{escape(kind)}</b> <span title='{escape(rest, quote=True)}'>{escape(cut)}</span>"
    if step.ms is None:
        return text + (f" <span style='color:#777'>[{escape(step.note)}]</span>" if step.note else "")
    # The longest bar is the step that took longest.
    width = round(_BAR_PX * step.ms / most_ms) if most_ms else 0
    bar = (
        f"<span style='display:inline-block;width:{_BAR_PX}px'><span "
        f"style='display:inline-block;width:{width}px;height:.7em;background:#E69F00'></span></span>"
    )
    numbers = f"<span style='display:inline-block;width:7em;text-align:right'>{step.ms:,.1f} ms</span>"
    count = "" if step.rows is None else f"{step.rows:,} rows"
    rows = f"<span style='display:inline-block;width:9em;text-align:right'>{count}</span>"
    # To the right, so that the bars of all depths stand below each other.
    return (
        f"<span style='float:right;padding-left:1em' title='{escape(step.note, quote=True)}'>{rows}{numbers} "
        f"&nbsp;{bar}</span>{text}"
    )
