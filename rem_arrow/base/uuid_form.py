"""The canonical form of a UUID: 32 small hexadecimal digits in groups of 8, 4, 4, 4 and 12."""

from __future__ import annotations

import re

CANONICAL = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
# A hyphen may stand after any two digits, and braces around all.
_LOOSE = re.compile(r"(\{)?((?:[0-9a-fA-F]{2}-?){15}[0-9a-fA-F]{2})(?(1)\})")


def canonical(text: str) -> str | None:
    """Return the canonical form of a UUID as DuckDB reads it; None for a text that is none."""
    hit = _LOOSE.fullmatch(text)
    if hit is None:
        return None
    digits = hit[2].replace("-", "").lower()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
