"""DOCX as Markdown, by lxml (the extra `documents`): headings by their styles, paragraphs, lists, tables and notes.

All text that a reader of the document sees is taken, in content controls, text boxes and tracked insertions too; what
was deleted or moved away is not. A document is an archive: what it holds is counted before any of it is read, and its
XML is read as a stream, without entities and at most 256 levels deep. Element names are those of ECMA-376, part 1,
section 17.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from rem_arrow.base.datatypes import Json
from rem_arrow.base.errors import InputError
from rem_arrow.language.converted import Converted, escaped, missing, with_title

XML_BYTES_MAX = 1 << 24
_PARTS_MAX = 10_000
_MAIN = "/officeDocument"
_ABOUT = {"creator": "author", "subject": "description", "keywords": "tags", "created": "date"}
_NAMED_HEADING = re.compile(r"heading ?([1-9])", re.IGNORECASE)
_LEVELS_MAX = 6
_STYLES_MAX = 20
# Text that is shown elsewhere, or no longer.
_NOT_SHOWN = ("del", "moveFrom", "Fallback", "instrText")
_MARKS = {"tab": " ", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": " "}


def markdown_of_docx(data: bytes, name: str) -> Converted:
    """Return a document of Word as Markdown. Raises InputError for one that is damaged or too large, and
    UnsupportedError without lxml.

    Args:
        name: names the file in errors.
    """
    try:
        from lxml import etree
    except ImportError as error:
        raise missing("lxml", "DOCX") from error
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            _check_size(archive, len(data), name)
            names = set(archive.namelist())
            main = _main_part(archive, names)
            folder = main.rpartition("/")[0]
            styles = _styles(archive, f"{folder}/styles.xml") if f"{folder}/styles.xml" in names else {}
            body = _Body(styles)
            text = body.read(archive, main)
            for notes in (f"{folder}/footnotes.xml", f"{folder}/endnotes.xml"):
                text += _Body(styles).read(archive, notes) if notes in names else ""
            about = _core(archive) if "docProps/core.xml" in names else {}
    except (zipfile.BadZipFile, zlib.error, KeyError, OSError, ValueError, RuntimeError, EOFError) as error:
        raise InputError(f"{name} cannot be read as DOCX: {error}") from error
    except etree.LxmlError as error:
        raise InputError(f"{name} cannot be read as DOCX: its XML is not sound: {str(error)[:200]}") from error
    title = str(about.pop("title", "")) or next(iter(body.headings), "")
    return Converted(with_title(text.strip("\n") + "\n", title or None), title or None, about)


def _check_size(archive: zipfile.ZipFile, size: int, name: str) -> None:
    """Raise InputError for an archive that holds more than a document does; a part is read to the size that the
    archive says, no further."""
    parts = archive.infolist()
    xml = sum(part.file_size for part in parts if part.filename.lower().endswith((".xml", ".rels")))
    if len(parts) > _PARTS_MAX or xml > XML_BYTES_MAX:
        raise InputError(
            f"{name} has {size:,} bytes, and holds {len(parts):,} parts and {xml:,} bytes of XML; a document has at "
            f"most {_PARTS_MAX:,} parts and {XML_BYTES_MAX:,} bytes. Split it, or give its text"
        )


def _events(archive: zipfile.ZipFile, part: str) -> Iterator[tuple[str, Any, str]]:
    """Yield the begin and the end of each element of a part, with its name. An element is forgotten at its end."""
    from lxml import etree

    with archive.open(part) as file:
        events = etree.iterparse(
            file,
            events=("start", "end"),
            resolve_entities=False,
            no_network=True,
            remove_comments=True,
            remove_pis=True,
        )
        for event, element in events:
            yield event, element, str(element.tag).rpartition("}")[2]
            if event == "end":
                element.clear(keep_tail=False)
                while element.getprevious() is not None:
                    del element.getparent()[0]


def _value(element: Any, name: str = "val") -> str:
    """Return an attribute of an element, of whichever namespace."""
    return next((str(v) for k, v in element.items() if str(k).rpartition("}")[2] == name), "")


def _main_part(archive: zipfile.ZipFile, names: set[str]) -> str:
    """Return the part with the text. Raises ValueError where there is none."""
    if "_rels/.rels" in names:
        for event, element, tag in _events(archive, "_rels/.rels"):
            target = _value(element, "Target").lstrip("/")
            if event == "end" and tag == "Relationship" and _value(element, "Type").endswith(_MAIN) and target in names:
                return target
    raise ValueError("the archive has no document")


def _core(archive: zipfile.ZipFile) -> dict[str, Json]:
    """Return what a document says of itself."""
    events = _events(archive, "docProps/core.xml")
    values = {tag: " ".join((e.text or "").split()) for event, e, tag in events if event == "end"}
    about: dict[str, Json] = {new: values[old] for old, new in _ABOUT.items() if values.get(old)}
    if "tags" in about:
        about["tags"] = [tag.strip() for tag in re.split("[,;]", values["keywords"]) if tag.strip()]
    if "date" in about:
        about["date"] = values["created"].partition("T")[0]
    return about | ({"title": values["title"]} if values.get("title") else {})


def _styles(archive: zipfile.ZipFile, part: str) -> dict[str, int]:
    """Return the levels of the styles that are headings: by name, by outline level, or by the style they build on."""
    own: dict[str, int] = {}
    bases: dict[str, str] = {}
    style = ""
    for event, element, tag in _events(archive, part):
        if event == "start" and tag == "style":
            style = _value(element, "styleId")
        elif event == "end" and tag == "name":
            heading = _NAMED_HEADING.fullmatch(_value(element))
            level = int(heading[1]) if heading else 1 if _value(element).lower() == "title" else None
            own |= {} if level is None else {style: level}
        elif event == "end" and tag == "outlineLvl" and _value(element).isdigit() and int(_value(element)) < 9:
            own.setdefault(style, int(_value(element)) + 1)
        elif event == "end" and tag == "basedOn":
            bases[style] = _value(element)
    levels: dict[str, int] = {}
    for name in {*own, *bases}:
        at = name
        for _ in range(_STYLES_MAX):
            if at in own or at not in bases:
                break
            at = bases[at]
        if at in own:
            levels[name] = min(own[at], _LEVELS_MAX)
    return levels


class _Body:
    """Writes one part of a document: the open paragraphs, innermost last, and the open rows of tables."""

    def __init__(self, styles: dict[str, int]) -> None:
        self.headings: list[str] = []
        self._styles = styles
        self._parts: list[str] = []
        self._texts: list[list[str]] = []
        self._levels: list[tuple[int | None, int | None]] = []
        self._rows: list[list[list[str]]] = []
        self._hidden = 0

    def read(self, archive: zipfile.ZipFile, part: str) -> str:
        for event, element, tag in _events(archive, part):
            if tag in _NOT_SHOWN:
                self._hidden += 1 if event == "start" else -1
            elif self._hidden:
                continue
            elif event == "start":
                self._start(tag)
            else:
                self._end(element, tag)
        return "".join(self._parts)

    def _start(self, tag: str) -> None:
        if tag == "p":
            self._texts.append([])
            self._levels.append((None, None))
        elif tag == "tr":
            self._rows.append([])
        elif tag == "tc" and self._rows:
            self._rows[-1].append([])

    def _end(self, element: Any, tag: str) -> None:
        if tag == "p" and self._texts:
            self._paragraph("".join(self._texts.pop()), *self._levels.pop())
        elif tag == "tr" and self._rows:
            cells = [" ".join(cell).replace("|", "\\|") for cell in self._rows.pop()]
            self._put(f"| {' | '.join(cells)} |\n" if any(cells) else "")
        elif tag == "tbl":
            self._put("\n")
        elif self._texts and tag == "t":
            self._texts[-1].append(element.text or "")
        elif self._texts and tag in _MARKS:
            self._texts[-1].append(_MARKS[tag])
        elif self._texts and tag in ("footnoteReference", "endnoteReference"):
            self._texts[-1].append(f"[^{_value(element, 'id')}]")
        elif self._texts and tag in ("footnoteRef", "endnoteRef"):
            self._texts[-1].append("[^]: ")
        elif self._levels and tag == "pStyle":
            self._levels[-1] = (self._level(_value(element)), self._levels[-1][1])
        elif self._levels and tag == "outlineLvl" and _value(element).isdigit() and int(_value(element)) < 9:
            self._levels[-1] = (min(int(_value(element)) + 1, _LEVELS_MAX), self._levels[-1][1])
        elif self._levels and tag == "ilvl" and _value(element).isdigit():
            self._levels[-1] = (self._levels[-1][0], min(int(_value(element)), 8))

    def _level(self, style: str) -> int | None:
        """Return the level of a style; one that the document does not describe is meant by its id."""
        named = _NAMED_HEADING.fullmatch(style)
        return self._styles.get(style, min(int(named[1]), _LEVELS_MAX) if named else None)

    def _paragraph(self, text: str, level: int | None, item: int | None) -> None:
        lines = [" ".join(line.split()) for line in text.split("\n")]
        text = "\n".join(line for line in lines if line)
        if not text:
            return
        if level is not None and not self._rows:
            title = text.replace("\n", " ")
            self.headings.append(title)
            self._put(f"\n{'#' * level} {title}\n\n")
        elif item is not None and not self._rows:
            self._put(f"{'  ' * item}- {text}\n")
        elif self._rows and self._rows[-1]:
            self._rows[-1][-1].append(text.replace("\n", " "))
        else:
            self._put(f"{escaped(text)}\n\n")

    def _put(self, text: str) -> None:
        if self._rows and self._rows[-1]:
            self._rows[-1][-1].append(text.strip())
        else:
            self._parts.append(text)
