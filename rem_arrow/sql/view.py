"""Views: the SELECT of a CREATE VIEW as text, and its expansion where a statement names it.

A view is kept as text and bound anew at each use, like a CTE that sees no other. Positions in it mean nothing in the
text of the statement, so errors point at the view's name.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from rem_arrow.errors import BindError, TextError
from rem_arrow.plan.nodes import Query
from rem_arrow.sql.parse import parse, position, tokens
from rem_arrow.sql.spacing import place_after, spaced


class Views:
    """Expands the views of one statement; knows which it is inside of."""

    def __init__(self, text: str, bind: Callable[[exp.Expression], Query]) -> None:
        self._text, self._bind = text, bind
        self._inside: list[str] = []

    def query(self, name: str, view: str, tree: exp.Expression) -> Query:
        """Return the bound SELECT of a view. Raises BindError for one that reads itself, or that no longer fits its
        tables."""
        folded = name.casefold()
        if folded in self._inside:
            raise BindError(
                f'the view "{name}" reads itself: {" -> ".join([*self._inside, folded])}', self._text, *position(tree)
            )
        self._inside.append(folded)
        try:
            return self._bind(_without_places(parse(view)))
        except TextError as error:
            if error.start is not None or "the view " in error.message:
                raise
            raise type(error)(
                f'the view "{name}" does not work any more: {error.message}',
                self._text,
                *position(tree),
                hint=error.hint,
            ) from error
        finally:
            self._inside.pop()


def view_text(text: str, name: exp.Expression) -> str:
    """Return what stands behind AS in the CREATE VIEW that names `name`, up to its semicolon."""
    _, end = position(name)
    text, added = spaced(text)
    behind = place_after(end or 0, added)
    depth, start, stop = 0, None, len(text)
    for token in tokens(text):
        if token.start < behind:
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


def _without_places(tree: exp.Expression) -> exp.Expression:
    for node in tree.walk():
        node.meta.pop("start", None)
        node.meta.pop("end", None)
    return tree
