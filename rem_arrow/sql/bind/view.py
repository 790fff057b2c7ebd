"""Views: the SELECT of a CREATE VIEW, expanded where a statement names it.

A view is kept as text and bound anew at each use, like a CTE that sees no other. Positions in it mean nothing in the
text of the statement, so errors point at the view's name.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from rem_arrow.base.errors import BindError, TextError
from rem_arrow.plan.nodes import Query
from rem_arrow.sql.text.parser import parse
from rem_arrow.sql.text.position import moved, position
from rem_arrow.sql.text.unread import check_read


class Views:
    """Expands the views of one statement; knows which it is inside of."""

    def __init__(self, text: str, bind: Callable[[exp.Expression, str], Query]) -> None:
        self._text, self._bind = text, bind
        self._inside: list[str] = []

    def query(self, name: str, view: str, schema: str, tree: exp.Expression) -> Query:
        """Return the bound SELECT of a view of that full name, in a schema. Raises BindError for one that reads itself,
        or that no longer fits its tables."""
        folded = name.casefold()
        if folded in self._inside:
            raise BindError(
                f'the view "{name}" reads itself: {" -> ".join([*self._inside, folded])}', self._text, *position(tree)
            )
        self._inside.append(folded)
        try:
            body = moved(parse(view), view)
            query = self._bind(body, schema)
            check_read(body, self._text)
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
        return query
