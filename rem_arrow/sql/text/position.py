"""Where a tree stands in the text of its statement."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from rem_arrow.base.errors import BindError, UnsupportedError

_WRITTEN = "written"


def position(tree: exp.Expression) -> tuple[int | None, int | None]:
    """Return where a tree stands in the text: from its first to its last token that knows its place."""
    starts, ends = [], []
    for node in tree.walk():
        if "start" in node.meta:
            starts.append(node.meta["start"])
            ends.append(node.meta["end"] + 1)
    return (min(starts), max(ends)) if starts else (None, None)


def written_name(text: str, call: exp.Expression) -> str | None:
    """Return the name of a function as it is written, for SQLGlot has several names for some; None where nobody
    wrote it."""
    if isinstance(call, exp.Anonymous):
        return str(call.name)
    written = call.meta.get(_WRITTEN)
    if written is None and "start" in call.meta:
        written = text[call.meta["start"] : call.meta["end"] + 1].strip('"')
    return None if written is None else str(written)


def moved(tree: exp.Expression, text: str, start: int | None = None, end: int | None = None) -> exp.Expression:
    """Return the tree of another text as part of a statement: all of it stands where the statement names it, or nowhere
    where that has no place."""
    for node in tree.walk():
        if isinstance(node, exp.Func) and "start" in node.meta:
            node.meta[_WRITTEN] = written_name(text, node)
        node.meta.pop("start", None)
        node.meta.pop("end", None)
        if start is not None and end is not None and isinstance(node, (exp.Identifier, exp.Func)):
            node.meta["start"], node.meta["end"] = start, end - 1
    return tree


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
