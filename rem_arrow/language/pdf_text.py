"""PDF as Markdown, by PDFium (pypdfium2, the extra `documents`): the lines of each page, and headings.

Headings are the lines that the outline names, each on its page. Without an outline they are short lines in letters
larger than most of the text, the largest first. A word that a hyphen parts at the end of a line is one again. PDFium
does one thing at a time in a process.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from rem_arrow.base.datatypes import Json
from rem_arrow.base.errors import InputError
from rem_arrow.language.converted import Converted, escaped, missing, with_title

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

PAGES_MAX = 20_000
CHARACTERS_MAX = 1 << 26
_OUTLINE_MAX = 20_000
_HEADING_CHARACTERS_MAX = 200
_LEVELS_MAX = 6
# A heading is at least so much higher than most lines.
_LARGER = 1.12
_ABOUT = {"Author": "author", "Subject": "description", "Keywords": "tags", "CreationDate": "date"}
_DATE = re.compile(r"(?:D:)?(\d{4})(\d{2})(\d{2})")
_HYPHENS = "\x02\ufffe\xad"
_LEFT_OUT = dict.fromkeys([*range(9), *range(14, 32), 127, *map(ord, _HYPHENS)])
_one_at_a_time = threading.Lock()


class _Line(NamedTuple):
    """A line of a page: its text, and the height of its letters in points."""

    page: int
    text: str
    height: float


def markdown_of_pdf(data: bytes, name: str) -> Converted:
    """Return a PDF as Markdown. Raises InputError for one that is damaged, encrypted, without text or too large, and
    UnsupportedError without pypdfium2.

    Args:
        name: names the file in errors.
    """
    try:
        import pypdfium2
    except ImportError as error:
        raise missing("pypdfium2", "PDF") from error
    with _one_at_a_time:
        try:
            with pypdfium2.PdfDocument(data) as pdf:
                if len(pdf) > PAGES_MAX:
                    raise InputError(f"{name} has {len(pdf):,} pages, and a document at most {PAGES_MAX:,}; split it")
                lines = list(_lines(pdf, name))
                levels = _outlined(pdf, lines) or _by_height(lines)
                about, pages, title = _about(pdf), len(pdf), _spaced(pdf.get_metadata_value("Title"))
        except pypdfium2.PdfiumError as error:
            reason = "it is encrypted, give its text" if "assword" in str(error) else str(error)
            raise InputError(f"{name} cannot be read as a PDF: {reason}") from error
    if not lines:
        raise InputError(
            f"{name} has {pages:,} pages and no text: they are pictures; recognise their text (OCR), and give that"
        )
    title = title or _on_the_first_page(lines)
    return Converted(with_title(_text(lines, levels), title or None), title or None, {**about, "pages": pages})


def _lines(pdf: PdfDocument, name: str) -> Iterator[_Line]:
    count = 0
    for number in range(len(pdf)):
        page = pdf[number]
        text = page.get_textpage()
        count += text.count_chars()
        if count > CHARACTERS_MAX:
            raise InputError(f"{name} has over {CHARACTERS_MAX:,} characters; split it")
        yield from _page_lines(text, number)
        text.close()
        page.close()


def _page_lines(page: Any, number: int) -> Iterator[_Line]:
    from pypdfium2 import raw

    characters, places = list[str](), list[int]()
    for place in range(page.count_chars() + 1):
        code = raw.FPDFText_GetUnicode(page, place) if place < page.count_chars() else 10
        if code == 10:
            text = "".join(characters).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            spaced = _spaced(text)
            if spaced:
                hyphen = _HYPHENS[0] if text.rstrip()[-1] in _HYPHENS else ""
                yield _Line(number, spaced + hyphen, _height(page, places))
            characters, places = [], []
        elif code not in (0, 13):
            characters.append(chr(code) if code < 0x110000 else "\ufffd")
            places.append(place)


def _height(page: Any, places: list[int]) -> float:
    """Return the height of a letter in the middle of a line, to half a point."""
    from pypdfium2 import PdfiumError

    try:
        _, bottom, _, top = page.get_charbox(places[len(places) // 2], loose=True)
    except PdfiumError:
        return 0.0
    return round(2 * abs(float(top) - float(bottom))) / 2


# --- headings


def _outlined(pdf: PdfDocument, lines: list[_Line]) -> dict[int, int]:
    """Return the levels of the lines that the outline names, by place."""
    places: dict[tuple[int, str], int] = {}
    for place, line in reversed(list(enumerate(lines))):
        places[line.page, _key(line.text)] = place
    levels: dict[int, int] = {}
    for count, mark in enumerate(pdf.get_toc(max_depth=_LEVELS_MAX)):
        if count == _OUTLINE_MAX:
            break
        target = mark.get_dest()
        page = None if target is None else target.get_index()
        at = None if page is None else places.get((page, _key(mark.get_title())))
        if at is not None:
            levels[at] = mark.level + 1
    return levels


def _by_height(lines: list[_Line]) -> dict[int, int]:
    """Return the levels of the lines that are higher than most of the text, by place."""
    large = _large(lines)
    ranks = {height: rank for rank, height in enumerate(sorted(set(large.values()), reverse=True), 1)}
    return {place: min(ranks[height], _LEVELS_MAX) for place, height in large.items()}


def _large(lines: list[_Line]) -> dict[int, float]:
    """Return the heights of the short lines that are higher than most of the text, by place."""
    heights = Counter[float]()
    for line in lines:
        heights[line.height] += len(line.text)
    usual = heights.most_common(1)[0][0] if heights else 0.0
    return {
        place: line.height
        for place, line in enumerate(lines)
        if line.height > usual * _LARGER
        and len(line.text) <= _HEADING_CHARACTERS_MAX
        and any(c.isalpha() for c in line.text)
    }


def _on_the_first_page(lines: list[_Line]) -> str:
    """Return the line in the largest letters of the first page with text; "" where none is larger than most."""
    first = {place: height for place, height in _large(lines).items() if lines[place].page == lines[0].page}
    largest = max(first.values(), default=0.0)
    return next((lines[place].text for place, height in first.items() if height == largest), "")


def _key(text: str) -> str:
    """Return a title without spaces, numbers before it and leaders of dots."""
    return re.sub(r"^[\d.]+|[\s.\u2026]+", "", text.casefold())


# --- text


def _text(lines: list[_Line], levels: dict[int, int]) -> str:
    parts: list[str] = []
    page, heading, before = 0, -1, 0
    for place, line in enumerate(lines):
        text = line.text
        level = levels.get(place)
        if level is not None and heading == place - 1 and before == level and line.page == page:
            # A heading of several lines.
            parts[-1] = f"{parts[-1].rstrip()} {text.rstrip(_HYPHENS)}\n\n"
        elif level is not None:
            parts.append(f"\n{'#' * level} {text.rstrip(_HYPHENS)}\n\n")
        else:
            start = "\n" if line.page != page and parts else ""
            parts.append(start + (text[:-1] if text[-1] in _HYPHENS else escaped(text) + "\n"))
        heading, before = (place, level) if level is not None else (heading, before)
        page = line.page
    return "".join(parts).strip("\n") + "\n"


def _about(pdf: PdfDocument) -> dict[str, Json]:
    about: dict[str, Json] = {}
    for key, name in _ABOUT.items():
        value = _spaced(pdf.get_metadata_value(key))
        if not value:
            continue
        if name == "tags":
            about[name] = [tag.strip() for tag in re.split("[,;]", value) if tag.strip()]
        elif name == "date":
            day = _DATE.match(value)
            about[name] = value if day is None else "-".join(day.groups())
        else:
            about[name] = value
    return about


def _spaced(text: str) -> str:
    return " ".join(text.translate(_LEFT_OUT).split())
