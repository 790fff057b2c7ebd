"""The SELECT of a CREATE VIEW as text: a view is kept as the user wrote it."""

from __future__ import annotations

from sqlglot import exp

from rem_arrow.sql.text.parser import tokens
from rem_arrow.sql.text.position import position
from rem_arrow.sql.text.spaces import place_after, spaced


def view_text(text: str, name: exp.Expression) -> str:
    """Return what stands after AS in the CREATE VIEW that names `name`, up to its semicolon."""
    _, end = position(name)
    text, added = spaced(text)
    after = place_after(end or 0, added)
    depth, start, stop = 0, None, len(text)
    for token in tokens(text):
        if token.start < after:
            continue
        kind = token.token_type.name
        depth += (kind == "L_PAREN") - (kind == "R_PAREN")
        if start is None and kind == "ALIAS" and depth == 0:
            start = token.end + 1
        elif start is not None and kind == "SEMICOLON":
            stop = token.start
            break
    assert start is not None, "a CREATE VIEW that was parsed has an AS"
    return text[start:stop].strip()
