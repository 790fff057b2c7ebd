"""Text for a terminal. Values of rows, names and messages of others may hold characters that a terminal obeys: they
could colour, move or hide what stands on it, set its title, or answer for the user."""

from __future__ import annotations

import re

# Controls of ASCII and Latin-1 but tab and line feed, marks that turn the direction of text, and halves of surrogates.
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """Return a text with the characters that a terminal obeys written as `\\x1b` or `\\u202e`; lines and tabs stay."""
    return _OBEYED.sub(lambda hit: _written(ord(hit[0])), text)


def _written(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
