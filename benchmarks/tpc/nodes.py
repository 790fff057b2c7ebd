"""Where a query of ours spends its time: the nodes of its plan that take longest, each run by itself."""

from __future__ import annotations

import re

import rem_arrow as rem

_NODE = re.compile(r"^\s*(?P<what>.*?)  \[.*?(?P<ms>[\d.]+) ms.*\]$")
_SHOWN_CHARS = 46


def slowest(db: rem.Database, text: str, *, count: int = 2) -> str:
    """Return the nodes that take longest, with the milliseconds of each, the longest first."""
    found: list[tuple[float, str]] = []
    for line in db.explain(text, analyze=True).splitlines():
        hit = _NODE.match(line)
        if hit is not None:
            found.append((float(hit["ms"]), hit["what"][:_SHOWN_CHARS].strip()))
    # A node that several queries share is shown at each of its places.
    found = sorted(dict.fromkeys(found), reverse=True)[:count]
    return "; ".join(f"{what} {ms:.0f}" for ms, what in found)
