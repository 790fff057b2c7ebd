"""HTML as Markdown, by lxml (the extra `documents`): headings, paragraphs, lists, tables and code.

A page with one `main`, or one element of that role, is what stands in it, else its body; scripts, styles, controls,
menus (`nav`) and what is hidden are no text. Links and pictures are their texts. A page is read as a stream of tags,
and no tree is made: pages of strangers are nested as deeply as these like, and a tree takes the square of the depth.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping

from rem_arrow.base.datatypes import Json
from rem_arrow.base.errors import InputError
from rem_arrow.language.converted import Converted, escaped, missing, with_title

BYTES_MAX = 1 << 25
_CHARSET_BYTES = 1024
_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]+)""", re.IGNORECASE)
# The labels that the standard takes for Windows' own encoding.
_WINDOWS = ("ascii", "iso8859-1")
_BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_LEVELS = {f"h{level}": level for level in range(1, 7)}
_NO_TEXT = frozenset(
    (
        "script",
        "style",
        "noscript",
        "template",
        "title",
        "svg",
        "math",
        "nav",
        "iframe",
        "object",
        "embed",
        "audio",
        "video",
        "canvas",
        "select",
        "button",
        "input",
        "textarea",
        "dialog",
    )
)
_BLOCKS = frozenset(
    (
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "caption",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "header",
        "hgroup",
        "hr",
        "html",
        "legend",
        "main",
        "ol",
        "p",
        "section",
        "summary",
        "table",
        "tbody",
        "tfoot",
        "thead",
        "ul",
    )
)
_META = {"description": "description", "author": "author", "keywords": "tags", "date": "date", "dcterms.date": "date"}
# In an open paragraph: where a line ends, and where a cell begins. Unicode keeps both for uses within a program.
_LINE_END, _CELL = "\ufdd0", "\ufdd1"
_NO_MARKS = str.maketrans("", "", _LINE_END + _CELL)
_PIECE = 1 << 16
_DEPTH_MAX = 10_000
_INDENT_MAX = 8
# Of a tag, apart from what stands in quotes.
_TAG_MAX = 2_048
_LONG_TAG = re.compile(r"""<[A-Za-z](?:[^"'>]+|"[^"]*"|'[^']*')*+""")
_QUOTED = re.compile(r""""[^"]*"|'[^']*'""")
_SPACES = re.compile(r"[ \t\r\n\f]+")
_BLANKS = re.compile(r"\n{3,}")


def markdown_of_html(data: bytes | str, name: str) -> Converted:
    """Return a page as Markdown. Raises InputError for one that is too large or not in its encoding, and
    UnsupportedError without lxml.

    Args:
        name: names the page in errors.
    """
    try:
        from lxml import etree
    except ImportError as error:
        raise missing("lxml", "HTML") from error
    if len(data) > BYTES_MAX:
        raise InputError(
            f"{name} has {len(data):,} bytes, and an HTML page at most {BYTES_MAX:,}; split it, or give its text"
        )
    text = data if isinstance(data, str) else _decoded(data, name)
    _check_tags(text, name)
    page = _Page(name)
    # The first byte is one that ends no page: of an empty one lxml makes an error.
    parser = etree.HTMLParser(target=page, encoding="utf-8", no_network=True)
    try:
        parser.feed(b" ")
        for start in range(0, len(text), _PIECE):
            parser.feed(text[start : start + _PIECE].encode("utf-8", "replace"))
        parser.close()
    except etree.LxmlError as error:
        raise InputError(f"{name} cannot be read as HTML: {error}") from error
    body = page.text()
    first = re.search(r"^# (.+)$", body, re.MULTILINE)
    title = _spaced("".join(page.title)) or (first[1] if first else "")
    return Converted(with_title(body, title or None), title or None, page.about)


def _check_tags(text: str, name: str) -> None:
    """Raise InputError for a tag with thousands of attributes: reading it takes the square of their number."""
    for tag in _LONG_TAG.finditer(text):
        if len(_QUOTED.sub("", tag[0])) > _TAG_MAX:
            raise InputError(
                f"{name} has a tag of over {_TAG_MAX:,} characters at {tag.start():,}, and is no page to read"
            )


def _decoded(data: bytes, name: str) -> str:
    """Return the text of a page: in the encoding of its mark, else the one that it declares, else UTF-8."""
    for mark, encoding in _BOMS.items():
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    declared = _CHARSET.search(data[:_CHARSET_BYTES])
    label = "utf-8" if declared is None else declared[1].decode("ascii")
    try:
        codec = codecs.lookup(label).name
        if codec in _WINDOWS:
            return data.decode("cp1252", "replace")
        # A page that was read as ASCII up to here is in no encoding of two bytes, whatever it says.
        return data.decode("utf-8" if codec.startswith("utf-16") else codec)
    except LookupError as error:
        raise InputError(
            f"{name} declares the encoding {label!r}, which is not known; decode it, and give the text"
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name} is not {label} at byte {error.start}; declare its encoding in a meta element, or decode it, and "
            "give the text"
        ) from error


def _spaced(text: str) -> str:
    return _SPACES.sub(" ", text).strip()


class _Page:
    """Writes what it is told of a page as Markdown: lxml calls `start`, `data` and `end`.

    `_line` is what the open paragraph holds so far, with marks where a line of it ends and where a cell of a table
    begins; `_depth` counts open elements, `_skipped` is that of one whose text is none; `_mains` are the main parts as
    spans of `_parts`, and `_open_mains` those that have not ended, by their depth and place.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self.title: list[str] = []
        self.about: dict[str, Json] = {}
        self._parts: list[str] = []
        self._line: list[str] = []
        self._lists: list[int | None] = []
        self._mains: list[tuple[int, int]] = []
        self._open_mains: list[tuple[int, int]] = []
        self._cells = self._pre = self._depth = self._skipped = 0
        self._in_title = False

    def text(self) -> str:
        """Return the Markdown."""
        self._break()
        start, stop = self._mains[0] if len(self._mains) == 1 else (0, len(self._parts))
        return _BLANKS.sub("\n\n", "".join(self._parts[start:stop])).strip("\n") + "\n"

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise InputError(f"{self._name} nests its elements over {_DEPTH_MAX:,} levels, and is no page to read")
        if self._skipped:
            return
        if tag == "meta":
            self._note(attributes)
        if tag in _NO_TEXT or "hidden" in attributes or attributes.get("aria-hidden") == "true":
            self._edge(tag)
            self._skipped = self._depth
            self._in_title = tag == "title" and not self.title
        elif self._pre:
            self._pre += tag == "pre"
            self._line.append("\n" if tag == "br" else "")
        elif tag == "br":
            self._line.append(_LINE_END)
        elif tag == "img":
            self._line.append(attributes.get("alt") or "")
        elif tag == "pre":
            self._break(blank=False)
            self._pre = 1
        elif tag in ("td", "th"):
            self._cells += 1
            self._line.append(_CELL)
        elif tag == "li":
            self._break(blank=False)
            self._parts.append(self._bullet())
        elif tag in ("ul", "ol"):
            self._break(blank=not self._lists)
            self._lists.append(1 if tag == "ol" else None)
        else:
            self._edge(tag)
        if (tag == "main" or attributes.get("role") == "main") and not self._skipped:
            self._break()
            self._open_mains.append((self._depth, len(self._mains)))
            self._mains.append((len(self._parts), len(self._parts)))

    def data(self, text: str) -> None:
        if self._in_title:
            self.title.append(text)
        elif not self._skipped:
            self._line.append(text.translate(_NO_MARKS))

    def end(self, tag: str) -> None:
        depth, self._depth = self._depth, self._depth - 1
        if self._skipped:
            if self._skipped == depth:
                self._skipped, self._in_title = 0, False
            return
        if self._pre:
            self._pre -= tag == "pre"
            if not self._pre:
                self._fence()
        elif tag in _LEVELS:
            title = _spaced("".join(self._line).replace(_LINE_END, " ").replace(_CELL, " "))
            self._line = []
            self._parts.append(f"\n\n{'#' * _LEVELS[tag]} {title}\n\n" if title else "")
        elif tag in ("ul", "ol"):
            self._break(blank=False)
            self._lists.pop()
            self._parts.append("" if self._lists else "\n")
        elif tag in ("td", "th"):
            self._cells -= 1
        elif tag == "li":
            self._break(blank=False)
        else:
            self._edge(tag)
        if self._open_mains and self._open_mains[-1][0] == depth:
            self._break()
            _, place = self._open_mains.pop()
            self._mains[place] = (self._mains[place][0], len(self._parts))

    def close(self) -> None:
        """lxml asks for it."""

    def _note(self, attributes: Mapping[str, str]) -> None:
        """Note what a meta element says of the page."""
        key, value = _META.get((attributes.get("name") or "").lower()), _spaced(attributes.get("content") or "")
        if key is not None and value and key not in self.about:
            self.about[key] = [t.strip() for t in value.split(",") if t.strip()] if key == "tags" else value

    def _edge(self, tag: str) -> None:
        """Begin or end a paragraph where an element of this name begins or ends; in a cell only a space."""
        if tag in _LEVELS or tag == "table":
            self._break()
        elif tag == "tr":
            self._break(blank=False)
        elif tag in _BLOCKS and self._cells:
            self._line.append(" ")
        elif tag in _BLOCKS:
            self._break(blank=not self._lists)

    def _break(self, *, blank: bool = True) -> None:
        """End the open paragraph, or row of a table."""
        lines = [_spaced(line) for line in "".join(self._line).split(_LINE_END)]
        self._line = []
        text = escaped("\n".join(line for line in lines if line.strip(_CELL + " ")))
        if _CELL in text:
            cells = [_spaced(cell) for cell in text.replace("|", "\\|").split(_CELL)]
            text = f"{cells[0]}| {' | '.join(cells[1:])} |"
        if text:
            self._parts.append(text + ("\n\n" if blank else "\n"))

    def _fence(self) -> None:
        code = "".join(self._line).strip("\n")
        self._line = []
        if code.strip():
            fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", code)), default=0))
            self._parts.append(f"\n{fence}\n{code}\n{fence}\n\n")

    def _bullet(self) -> str:
        number = self._lists[-1] if self._lists else None
        indent = "  " * (min(len(self._lists), _INDENT_MAX) - 1)
        if number is None:
            return f"{indent}- "
        self._lists[-1] = number + 1
        return f"{indent}{number}. "
