"""The errors of rem_arrow: one base, nine kinds.

Every error that a user can cause or meet is a `RemError`. Its text says what is wrong in the user's own words, where,
and what would work. Errors in a query text carry the position and show the line with a caret under it.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_NAMES_SHOWN_MAX = 12
_CHARS_MAX, _LINE_CHARS_MAX = 4_000, 400


class RemError(Exception):
    """Base of all errors raised by rem_arrow. Its text quotes values that do not fit; a long one is cut in the
    middle."""

    def __init__(self, message: str = "") -> None:
        super().__init__(_cut(message))


class TextError(RemError):
    """An error at a place in a query text.

    Args:
        message: what is wrong, one line.
        text: the query text as the user wrote it.
        start: offset of the first wrong character in `text`, 0-based; None when the place is not known.
        end: offset behind the last wrong character.
        hint: what would work, one line.
    """

    def __init__(
        self, message: str, text: str | None = None, start: int | None = None, end: int | None = None, *, hint: str = ""
    ) -> None:
        super().__init__(message)
        self.message, self.text, self.start, self.end, self.hint = _cut(message), text, start, end, _cut(hint)

    def __str__(self) -> str:
        lines = [self.message]
        if self.text is not None and self.start is not None:
            lines += _caret(self.text, self.start, self.end)
        if self.hint:
            lines.append(self.hint)
        return "\n".join(lines)


class ParseError(TextError):
    """The text is not a statement in SQL."""


class BindError(TextError):
    """A name or a type in the text does not fit the database."""


class UnsupportedError(TextError):
    """The text is understood, but this version does not run it."""


class InputError(RemError):
    """Data or an argument from outside does not fit; nothing was stored."""


class ConstraintError(InputError):
    """A row breaks a constraint of its table: a key, a CHECK or NOT NULL; nothing was stored."""


class ExecuteError(RemError):
    """A statement failed while it ran: an overflow, the time or memory limit, a full disk."""


class CorruptionError(RemError):
    """Bytes on disk are damaged; the text says which table, segment and column."""


class ConflictError(RemError):
    """Another writer changed the same rows first; nothing was stored. Run the transaction again."""


class LanguageError(RemError):
    """A language model or an embedder failed, or a question could not be turned into a query."""


def _cut(text: str) -> str:
    half = _CHARS_MAX // 2
    return text if len(text) <= _CHARS_MAX else f"{text[:half]} … {text[-half:]}"


def _caret(text: str, start: int, end: int | None) -> list[str]:
    """Return the line of `text` that holds `start`, and a line of carets under it."""
    start = min(max(start, 0), len(text))
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", start)
    line = text[line_start : line_end if line_end >= 0 else len(text)]
    prefix = f"line {text.count(chr(10), 0, start) + 1}: "
    column = start - line_start
    if len(line) > _LINE_CHARS_MAX:
        first = max(0, column - _LINE_CHARS_MAX // 2)
        line, column, prefix = line[first : first + _LINE_CHARS_MAX], column - first, f"{prefix}{'…' if first else ''}"
    width = max(1, min((end if end is not None else start + 1) - start, len(line) - column))
    lead = "".join("\t" if c == "\t" else " " for c in line[:column])
    return [prefix + line, " " * len(prefix) + lead + "^" * width]


def suggest(name: str, known: Iterable[str], what: str) -> str:
    """Return a hint of the form `Did you mean price? Columns: name, price, stock.`"""
    names = list(dict.fromkeys(known))
    folded = {n.casefold(): n for n in names}
    close = get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.6)
    shown = ", ".join(names[:_NAMES_SHOWN_MAX]) + (", ..." if len(names) > _NAMES_SHOWN_MAX else "")
    listing = f"{what}: {shown}." if names else f"{what}: none."
    return f"Did you mean {folded[close[0]]}? {listing}" if close else listing
