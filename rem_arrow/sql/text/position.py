"""Where a tree stands in the text of its statement."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from rem_arrow.base.errors import BindError, UnsupportedError


def position(tree: exp.Expression) -> tuple[int | None, int | None]:
    """Return where a tree stands in the text: from its first to its last token that knows its place."""
    starts, ends = [], []
    for node in tree.walk():
        if "start" in node.meta:
            starts.append(node.meta["start"])
            ends.append(node.meta["end"] + 1)
    return (min(starts), max(ends)) if starts else (None, None)


@dataclass(frozen=True, slots=True)
class Place:
    """A tree in a text, which an error points at; without a tree the text alone."""

    text: str
    tree: exp.Expression | None = None

    def error(self, message: str, hint: str = "") -> BindError:
        return BindError(message, self.text, *self._position(), hint=hint)

    def unsupported(self, message: str, hint: str = "") -> UnsupportedError:
        return UnsupportedError(message, self.text, *self._position(), hint=hint)

    def _position(self) -> tuple[int | None, int | None]:
        return (None, None) if self.tree is None else position(self.tree)
