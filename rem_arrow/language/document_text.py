"""Documents as texts: files of Markdown, text, HTML, PDF and Word, and texts themselves, with what they say of
themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rem_arrow.base.datatypes import Json
from rem_arrow.base.errors import InputError
from rem_arrow.language.converted import Converted
from rem_arrow.language.document_files import read_bytes
from rem_arrow.language.docx_text import markdown_of_docx
from rem_arrow.language.front_matter import front_matter
from rem_arrow.language.html_text import markdown_of_html
from rem_arrow.language.pdf_text import markdown_of_pdf

_MARKDOWN = (".md", ".markdown", ".mdx")
_CONVERTERS: Mapping[str, Callable[[bytes, str], Converted]] = {
    ".html": markdown_of_html,
    ".htm": markdown_of_html,
    ".pdf": markdown_of_pdf,
    ".docx": markdown_of_docx,
}


@dataclass(frozen=True, slots=True)
class DocumentText:
    """The text of a document.

    Attributes:
        start: where the text begins that is to be found; before it is front matter.
        markdown: whether headings and fences are read.
        title, description, tags, others: what it says of itself; the others are by name.
    """

    text: str
    start: int
    markdown: bool
    title: str | None
    description: str | None
    tags: list[str]
    others: dict[str, Json]


def read_document(path: Path, *, markdown: bool | None, with_front_matter: bool) -> DocumentText:
    """Return the text of a file, by its ending; that of a text file without a byte order mark, and with its line ends.
    Raises InputError."""
    suffix = path.suffix.lower()
    convert, data = _CONVERTERS.get(suffix), read_bytes(path)
    if convert is not None:
        made = convert(data, str(path))
        return _described(made.text, 0, True if markdown is None else markdown, {"title": made.title, **made.about})
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not UTF-8 at byte {error.start}; decode it, and give the text and a uri"
        ) from error
    is_markdown = suffix in _MARKDOWN if markdown is None else markdown
    return given_document(text, str(path), markdown=is_markdown, with_front_matter=with_front_matter)


def given_document(text: str, name: str, *, markdown: bool, with_front_matter: bool) -> DocumentText:
    """Return a text with what its front matter says. Raises InputError.

    Args:
        name: names the text in errors.
    """
    matter = front_matter(text, name) if markdown and with_front_matter else None
    return _described(text, 0 if matter is None else matter.end, markdown, {} if matter is None else matter.values)


def _described(text: str, start: int, markdown: bool, values: Mapping[str, Json]) -> DocumentText:
    """Return a text with its title, description and tags; a value of another kind is one of the others."""
    others = dict(values)
    title, description = (_scalar_text(others, key) for key in ("title", "description"))
    return DocumentText(text, start, markdown, title, description, _tags(others), others)


def _scalar_text(values: dict[str, Json], key: str) -> str | None:
    value = values.get(key)
    if isinstance(value, (list, dict)):
        return None
    values.pop(key, None)
    return None if value is None else str(value).strip() or None


def _tags(values: dict[str, Json]) -> list[str]:
    """Return the tags: a list of scalars, or a text with commas."""
    tags = values.get("tags")
    items = tags.split(",") if isinstance(tags, str) else tags if isinstance(tags, list) else [tags]
    if any(isinstance(tag, (list, dict)) for tag in items):
        return []
    values.pop("tags", None)
    return [text for tag in items if tag is not None and (text := str(tag).strip())]
