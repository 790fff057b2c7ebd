"""Texts as bytes: what Python calls a text may hold halves of surrogate pairs, which are no characters and have no
bytes."""

from __future__ import annotations

from rem_arrow.base.errors import InputError


def encoded(text: str, what: str = "a text") -> bytes:
    """Return a text in UTF-8. Raises InputError for half of a surrogate pair; `what` names the text."""
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"{what} holds half of a surrogate pair at character {error.start}, which is no character; leave it out, "
            'or replace it by text.encode(errors="replace").decode()'
        ) from error
