"""A space after each parameter that has none: `$1,$2` and `$a,$b,$a` are read as quoted by dollars otherwise, and the
`?::` of `?::INTEGER` as one mark.

SQLGlot 30.30 takes `$1,$` for the opening of a text that ends at the next `$1,$`. Places are mapped to the text of the
user.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right

# What is passed over: texts, names, comments, and texts quoted by dollars; then a parameter right before something
# else.
_PARAMETER = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/|\$(\w*)\$.*?\$\1\$|(?P<parameter>\$\w+(?=[^\s\w$])|\?(?=::))""",
    re.DOTALL,
)


def spaced(text: str) -> tuple[str, list[int]]:
    """Return the text with the spaces, and the places in `text` before which they were put, ascending."""
    if text.count("$") < 2 and "?::" not in text:
        return text, []
    added = [hit.end() for hit in _PARAMETER.finditer(text) if hit["parameter"]]
    parts = [text[a:b] for a, b in zip([0, *added], [*added, len(text)], strict=True)]
    return " ".join(parts), added


def place_before(place: int | None, added: list[int]) -> int | None:
    """Return where a place of the spaced text is in the user's text."""
    return None if place is None else place - bisect_left([a + i for i, a in enumerate(added)], place)


def place_after(place: int, added: list[int]) -> int:
    """Return where a place of the user's text is in the spaced text."""
    return place + bisect_right(added, place)
