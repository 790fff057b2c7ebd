"""The nodes of a query's plan in rem_arrow that take longest, by their own time."""

from __future__ import annotations

import re

import rem_arrow as rem

_NODE = re.compile(r"^\s*(?P<what>.*?)  \[.*?(?P<ms>[\d.]+) ms.*\]$")
_NODE_CHARS_MAX = 46


def slowest(db: rem.Database, text: str, *, count: int = 2) -> str:
    """Return the nodes that take longest, with the milliseconds of each, the longest first."""
    nodes: list[tuple[float, str]] = []
    for line in db.explain(text, analyze=True).splitlines():
        hit = _NODE.match(line)
        if hit is not None:
            nodes.append((float(hit["ms"]), hit["what"][:_NODE_CHARS_MAX].strip()))
    # EXPLAIN shows a node that the plan uses several times at each of its places.
    nodes = sorted(dict.fromkeys(nodes), reverse=True)[:count]
    return "; ".join(f"{what} {ms:.0f}" for ms, what in nodes)
