"""What a reader of documents makes of a file: text with Markdown headings, and what the file says of itself."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from rem_arrow.base.datatypes import Json
from rem_arrow.base.errors import UnsupportedError

_MARKS = re.compile(r"^([ \t]*)(#{1,6}(?=[ \t]|$)|`{3,}|~{3,})", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Converted:
    """A document as Markdown.

    Attributes:
        title: None where the file names none.
        about: description, author, tags and the like, by name.
    """

    text: str
    title: str | None = None
    about: dict[str, Json] = field(default_factory=dict)


def escaped(text: str) -> str:
    """Return a text in which no line reads as a heading or a fence of Markdown."""
    return _MARKS.sub(r"\1\\\2", text)


def with_title(text: str, title: str | None) -> str:
    """Return a text under its title, unless it has a heading of the first level."""
    return text if title is None or re.search(r"^# ", text, re.MULTILINE) else f"# {title}\n\n{text}"


def missing(package: str, form: str) -> UnsupportedError:
    """Return the error for a package that reads a form of documents and is not installed."""
    return UnsupportedError(f"{form} files need {package}: pip install 'rem_arrow[documents]'")
