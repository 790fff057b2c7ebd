"""A text that is being written, as pieces: what the parser reads, and also texts, names and comments that have no end
yet, which the parser refuses.

The pieces of a finished text are the tokens that SQLGlot finds, but for operators, of which each character is a piece.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

from rem_arrow.base.quoting import unquoted

PieceKind: TypeAlias = Literal["comment", "text", "name", "word", "number", "parameter", "symbol"]


class Piece(NamedTuple):
    """A piece of a text.

    Attributes:
        stop: the place after its last character.
        is_open: its end is missing: of a text, a name in quotes, or a comment.
    """

    kind: PieceKind
    start: int
    stop: int
    text: str
    is_open: bool = False

    @property
    def upper(self) -> str:
        """A word or symbol in capitals; of all others nothing."""
        return self.text.upper() if self.kind in ("word", "symbol") else ""

    @property
    def name(self) -> str:
        """What a word or a name in quotes names."""
        if self.kind == "word":
            return self.text
        return unquoted(self.text[1 : None if self.is_open else -1])


_PIECE = re.compile(
    r"""
      (?P<line>--[^\n]*)
    | (?P<comment>/\*)
    | (?P<text>(?:[eE]'[^'\\]*(?:(?:''|\\.)[^'\\]*)*|'[^']*(?:''[^']*)*)(?:(?P<text_end>')|\\?\Z))
    | (?P<heredoc>\$(?:[^\W\d]\w*)?\$)
    | (?P<name>"[^"]*(?:""[^"]*)*(?:(?P<name_end>")|\Z))
    | (?P<parameter>\$\w+|\?)
    | (?P<number>\d[\d_]*(?:\.\d*)?(?:[eE][+-]?\d*)?|\.\d+)
    | (?P<word>[^\W\d][\w$]*)
    | (?P<symbol>\S)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_MARK = re.compile(r"/\*|\*/")


def pieces(text: str, place: int = 0) -> Iterator[Piece]:
    """Yield the pieces of a text from a place on, in order; what is between them is white space."""
    while (hit := _PIECE.search(text, place)) is not None:
        piece = _piece(text, hit)
        yield piece
        place = piece.stop


def _piece(text: str, hit: re.Match[str]) -> Piece:
    kind, start, stop = hit.lastgroup, hit.start(), hit.end()
    match kind:
        case "line":
            # It may go on.
            return Piece("comment", start, stop, hit[0], stop == len(text))
        case "comment":
            stop, is_open = _comment_end(text, stop)
            return Piece("comment", start, stop, text[start:stop], is_open)
        case "heredoc":
            end = text.find(hit[0], stop)
            stop = len(text) if end < 0 else end + len(hit[0])
            return Piece("text", start, stop, text[start:stop], end < 0)
        case "text" | "name":
            return Piece(kind, start, stop, hit[0], hit[f"{kind}_end"] is None)
        case "number" | "parameter" | "word":
            return Piece(kind, start, stop, hit[0])
        case _:
            return Piece("symbol", start, stop, hit[0])


def _comment_end(text: str, place: int) -> tuple[int, bool]:
    """Return where a comment ends, in which others may stand, and whether its end is missing."""
    depth = 1
    for mark in _COMMENT_MARK.finditer(text, place):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return mark.end(), False
    return len(text), True


class WrittenStatement(NamedTuple):
    """Where a statement is, its semicolon left out, where what follows it begins, and whether it has a semicolon."""

    start: int
    stop: int
    after: int
    is_ended: bool


def statement_at(text: str, place: int) -> WrittenStatement | None:
    """Return the first statement from a place on; None where only comments and semicolons are."""
    first, last = None, place
    for piece in pieces(text, place):
        if piece.upper == ";" and first is not None:
            return WrittenStatement(first, last, piece.stop, True)
        if piece.upper != ";" and (piece.kind != "comment" or first is not None):
            first, last = piece.start if first is None else first, piece.stop
    return None if first is None else WrittenStatement(first, last, len(text), False)
