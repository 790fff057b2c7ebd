"""A docstring as data: its sentence, its sections, its examples.

One sentence.

More of it.

Args: / Returns: / Raises: / Source: / Attributes: / Example:
    name: what it is, indented; further lines by four more.
"""

from __future__ import annotations

import doctest
import inspect
import re
from dataclasses import dataclass

SECTIONS = ("Attributes", "Args", "Returns", "Raises", "Source", "Example")
_HEAD = re.compile(rf"^({'|'.join(SECTIONS)}):$", re.M)


@dataclass(frozen=True, slots=True)
class Docstring:
    """A docstring: its sentence, the paragraphs behind it, and the text of each section."""

    sentence: str
    body: str
    sections: dict[str, str]

    def entries(self, section: str) -> dict[str, str]:
        """Return the entries `name: text` of a section, such as its arguments; `a, b: text` is two."""
        parts = re.split(r"^([\w, ]+): ", self.sections.get(section, ""), flags=re.M)
        return {
            name.strip(): " ".join(text.split())
            for names, text in zip(parts[1::2], parts[2::2], strict=True)
            for name in names.split(",")
        }

    def examples(self) -> list[doctest.Example]:
        """Return the examples."""
        return doctest.DocTestParser().get_examples(self.sections.get("Example", ""))


def read(documented: object) -> Docstring:
    """Return the docstring of a function, class or property."""
    text = inspect.getdoc(documented) or ""
    parts = _HEAD.split(text)
    sentence, _, body = parts[0].strip().partition("\n\n")
    sections = {name: inspect.cleandoc(content) for name, content in zip(parts[1::2], parts[2::2], strict=True)}
    return Docstring(" ".join(sentence.split()), body.strip(), sections)
