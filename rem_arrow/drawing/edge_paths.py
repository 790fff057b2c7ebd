"""Where the line of an edge runs: 2 points of a straight one, 3 or 4 of a Bezier curve.

Boxes are (left, top, width) and all of one height; discs have their label below. `shift` tells apart edges between the
same two nodes: 0 for a single one, else steps of 1 around 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

import numpy as np

from rem_arrow.drawing.network import Edge

Point = tuple[float, float]
Box = tuple[float, float, float]

BOX_HEIGHT, ROW, GAP = 0.26, 0.36, 0.85
_BESIDE, _LOOP = 0.07, 0.3
_LABEL_BELOW, _LABEL_HALF = 0.1, 0.085


def shifts(edges: Sequence[Edge]) -> list[float]:
    """Return the shift of each edge; of edges that run against each other each keeps to one side."""
    same: dict[frozenset[str], list[int]] = {}
    for place, edge in enumerate(edges):
        same.setdefault(frozenset((edge.src, edge.dst)), []).append(place)
    found = [0.0] * len(edges)
    for places in same.values():
        first = edges[places[0]].src
        for number, place in zip(count(), places, strict=False):
            shift = number - (len(places) - 1) / 2
            found[place] = shift if edges[place].src == first else -shift
    return found


def between_boxes(src: Box, dst: Box, shift: float, *, same: bool) -> list[Point]:
    """Return the line from the right side of a box to the left side of the next; back the other way, and within a
    column straight or in an arc; from a box to itself in a loop."""
    down = BOX_HEIGHT / 2
    if src == dst:
        right, middle, out = src[0] + src[2], src[1] + down, _LOOP * (1 + 0.4 * abs(shift))
        return [
            (right, middle - _BESIDE),
            (right + out, middle - 2.5 * _BESIDE),
            (right + out, middle + 2.5 * _BESIDE),
            (right, middle + _BESIDE),
        ]
    forward, beside = dst[0] > src[0], shift * _BESIDE
    if same and abs(dst[1] - src[1]) < 1.5 * ROW:
        below, x = dst[1] > src[1], src[0] + min(src[2], dst[2]) / 2 + 2 * beside * (1 if dst[1] > src[1] else -1)
        return [(x, src[1] + BOX_HEIGHT * below), (x, dst[1] + BOX_HEIGHT * (not below))]
    # Seen from either end, an edge and the one against it keep to sides of their own.
    beside = beside if forward or (same and dst[1] > src[1]) else -beside
    start = (src[0] + src[2] if forward or same else src[0], src[1] + down + beside)
    end = (dst[0] + dst[2] if same or not forward else dst[0], dst[1] + down + beside)
    bend = (0.5 + 0.15 * shift) * GAP if same else max(0.5 * GAP, abs(end[0] - start[0]) * 0.45)
    first = (start[0] + (bend if forward or same else -bend), start[1])
    second = (end[0] + (-bend if forward else bend), end[1])
    return [start, first, second, end]


def between_discs(src: tuple[Point, float, float], dst: tuple[Point, float, float], shift: float) -> list[Point]:
    """Return the line from one disc to another, each as centre, radius and width of its label, which it does not cross;
    from a disc to itself in a loop above."""
    (a, ra, _), (b, _, _) = src, dst
    if a == b:
        out = ra + _LOOP * (1 + 0.4 * abs(shift))
        return [(a[0] - 0.6 * ra, a[1] - 0.8 * ra), (a[0] - out, a[1] - out), (a[0] + out, a[1] - out),
                (a[0] + 0.6 * ra, a[1] - 0.8 * ra)]  # fmt: skip
    start, end = _left(src, b), _left(dst, a)
    if not shift:
        return [start, end]
    length = max(1e-6, float(np.hypot(end[0] - start[0], end[1] - start[1])))
    side = shift * min(0.5, 0.25 * length)
    middle = (
        (start[0] + end[0]) / 2 - (end[1] - start[1]) / length * side,
        (start[1] + end[1]) / 2 + (end[0] - start[0]) / length * side,
    )
    return [_left(src, middle), middle, _left(dst, middle)]


def _left(disc: tuple[Point, float, float], towards: Point) -> Point:
    """Return where the way from the centre of a disc leaves the disc and its label."""
    (x, y), radius, width = disc
    dx, dy = towards[0] - x, towards[1] - y
    length = max(1e-6, float(np.hypot(dx, dy)))
    share = radius / length
    top, bottom = radius + _LABEL_BELOW - _LABEL_HALF, radius + _LABEL_BELOW + _LABEL_HALF
    # Below the disc the way may lead through the label, a box around (x, y + radius + _LABEL_BELOW).
    if dy > 0 and abs(dx) * top / dy <= width / 2:
        share = min(bottom / dy, width / 2 / abs(dx) if dx else np.inf)
    return x + dx * min(share, 0.9), y + dy * min(share, 0.9)
